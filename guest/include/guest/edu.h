/* SPDX-License-Identifier: MIT */
/*
 * edu, a teaching device whose DMA has 28 address bits (<abi/edu.h>): it copies up to 4 KiB
 * between memory and a buffer of its own, one command at a time.
 */
#ifndef GUEST_EDU_H
#define GUEST_EDU_H

#include <linux/types.h>
#include <abi/edu.h>

/* NULL: there is none. */
struct device *edu_device(void);

/*
 * len bytes between memory at the bus address and the device's buffer at offset.  0 when the
 * device says that it moved them; -EFAULT: it could not reach the memory; -EREMOTEIO: the
 * address was cut to its mask (QEMU's says neither); -EINVAL: outside the buffer; -ENODEV;
 * -ETIMEDOUT.  May sleep.
 */
int edu_read_memory(dma_addr_t from, unsigned int offset, size_t len);
int edu_write_memory(dma_addr_t to, unsigned int offset, size_t len);

/* The same for a buffer of the direct map, by the DMA API: edu_copy_in() to the device's
 * buffer, edu_copy_out() from it.  -EIO: it cannot be mapped. */
int edu_copy_in(const void *buf, unsigned int offset, size_t len);
int edu_copy_out(void *buf, unsigned int offset, size_t len);

/* n! modulo 2^32, as the device computes it.  -ENODEV, -ETIMEDOUT. */
int edu_factorial(u32 n, u32 *result);

#endif
