/* SPDX-License-Identifier: MIT */
/* Where high memory begins: the option highmem=. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sprintf.h>
#include "mm/highmem.h"
#include "mm/reset.h"
#include "mm/zone.h"

static phys_addr_t wanted; /* bytes */

void highmem_reset(void)
{
	wanted = 0;
	zones_set_highmem(~0UL);
	kmap_reset();
}

int highmem_setup(const char *arg)
{
	unsigned long long size;
	char *end;

	if (!arg || !*arg)
		return -EINVAL;
	size = memparse(arg, &end);
	if (*end)
		return -EINVAL;
	wanted = size;
	return 0;
}

phys_addr_t highmem_start(void)
{
	return highmem_pfn == ~0UL ? ~(phys_addr_t)0 : PFN_PHYS(highmem_pfn);
}

/* The address below which there are `bytes` bytes of RAM; less than all of it. */
static phys_addr_t end_of_first(phys_addr_t bytes)
{
	const struct memblock_region *region;

	for_each_mem_region (region) {
		if (bytes <= region->size)
			return region->base + bytes;
		bytes -= region->size;
	}
	return memblock_end_of_DRAM();
}

void highmem_place(void)
{
	phys_addr_t all = memblock_phys_mem_size(), low, start;

	if (!wanted)
		return;
	low = wanted < all ? all - wanted : 0;
	if (low < LOWMEM_LEAST) {
		low = LOWMEM_LEAST;
		pr_warn("highmem=: %lu MiB of RAM stay low memory\n", LOWMEM_LEAST >> 20);
	}
	start = ALIGN(end_of_first(low), MAX_ORDER_SIZE);
	if (low >= all || start >= memblock_end_of_DRAM()) {
		pr_warn("highmem=: no RAM is left for it\n");
		return;
	}
	zones_set_highmem(PHYS_PFN(start));
	memblock_set_current_limit(start);
}
