/* SPDX-License-Identifier: MIT */
/* Between the files of boot memory. */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include <linux/types.h>

/* Takes [base, base + size) out of the reserved table, as memblock_phys_free() but without
 * touching the memory. */
int memblock_unreserve(phys_addr_t base, phys_addr_t size);
/* The same after mm_init(), for a range that is RAM and reserved throughout; -EINVAL when
 * it is not, -ENOSPC. */
int memblock_release_late(phys_addr_t base, phys_addr_t size);
/* Zeroed, in [low, high) where possible, else anywhere below high; high 0: no limit. */
void *memblock_alloc_between(phys_addr_t size, phys_addr_t align, phys_addr_t low,
			     phys_addr_t high);

#endif
