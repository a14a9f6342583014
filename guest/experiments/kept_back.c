/* SPDX-License-Identifier: MIT */
/* RAM that mem= kept back: see kept_back.h. */
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/pgtable.h>

#include "kept_back.h"

size_t kept_back_range(phys_addr_t *phys)
{
	const struct memblock_region *region;
	size_t size = 0;

	for_each_kept_back_region (region) {
		phys_addr_t start = ALIGN(region->base, PMD_SIZE);
		phys_addr_t end = ALIGN_DOWN(region->base + region->size, PMD_SIZE);

		if (start >= end)
			continue;
		size = min(end - start, (phys_addr_t)SZ_1M * 16);
		*phys = end - size;
	}
	return size && !memblock_is_region_reserved(*phys, size) ? size : 0;
}
