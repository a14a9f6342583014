/* SPDX-License-Identifier: MIT */
/*
 * Boot memory by the names of Linux 2.6 (include/linux/bootmem.h), over memblock: how code
 * got memory before there was a page allocator, and larger pieces than that ever gives.
 *
 * All return zeroed memory by its direct-map address.  While booting they panic when there
 * is none, but for the _nopanic forms; after mm_init() they are refused: reported, NULL.
 */
#ifndef _LINUX_BOOTMEM_H
#define _LINUX_BOOTMEM_H

#include <linux/memblock.h>
#include <linux/pfn.h>
#include <linux/types.h>

/* At or above physical address goal where possible, else anywhere. */
void *__alloc_bootmem(unsigned long size, unsigned long align, unsigned long goal);
void *__alloc_bootmem_nopanic(unsigned long size, unsigned long align,
			      unsigned long goal);
/* Below 4 GiB. */
void *__alloc_bootmem_low(unsigned long size, unsigned long align, unsigned long goal);
/* Gives [phys, phys + size) back.  After mm_init() whole pages go to the page allocator. */
void free_bootmem(unsigned long phys, unsigned long size);

#define BOOTMEM_LOW_LIMIT (16UL << 20) /* leave the DMA zone alone */

#define alloc_bootmem(size)		 __alloc_bootmem(size, SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT)
#define alloc_bootmem_align(size, align) __alloc_bootmem(size, align, BOOTMEM_LOW_LIMIT)
#define alloc_bootmem_nopanic(size) \
	__alloc_bootmem_nopanic(size, SMP_CACHE_BYTES, BOOTMEM_LOW_LIMIT)
#define alloc_bootmem_pages(size) __alloc_bootmem(size, PAGE_SIZE, BOOTMEM_LOW_LIMIT)
#define alloc_bootmem_pages_nopanic(size) \
	__alloc_bootmem_nopanic(size, PAGE_SIZE, BOOTMEM_LOW_LIMIT)
#define alloc_bootmem_low(size)	      __alloc_bootmem_low(size, SMP_CACHE_BYTES, 0)
#define alloc_bootmem_low_pages(size) __alloc_bootmem_low(size, PAGE_SIZE, 0)

/*
 * The option bootmem=SIZE: mm_init() takes that much in one piece by alloc_bootmem_pages,
 * before there is a page allocator, and it is never given away.  0, or -EINVAL.
 */
int bootmem_setup(const char *arg);
/* The piece, or NULL where there is none; *size its bytes. */
void *bootmem_kept(unsigned long *size);

#endif
