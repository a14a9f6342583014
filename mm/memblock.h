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
/* Memory just taken, by its direct-map address, zeroed; NULL for base 0. */
void *memblock_cleared(phys_addr_t base, phys_addr_t size);

#endif
