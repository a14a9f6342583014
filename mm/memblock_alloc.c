/* SPDX-License-Identifier: MIT */
/*
 * Taking boot memory: the highest free range that fits (or the lowest, bottom_up), moved
 * to the reserved table.  Top down keeps the DMA zone free, and what is taken together
 * lies together, so that few 4 MiB blocks are broken.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "mm/memblock.h"
#include "mm/platform.h"

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

void memblock_set_bottom_up(bool enable)
{
	memblock.bottom_up = enable;
}

/* The reserved region that overlaps [base, base + size): the highest one, or NULL. */
static const struct memblock_region *highest_taken(phys_addr_t base, phys_addr_t size)
{
	const struct memblock_type *taken = &memblock.reserved;

	for (unsigned long i = taken->cnt; i-- > 0;) {
		const struct memblock_region *region = &taken->regions[i];

		if (region->base + region->size <= base)
			return NULL;
		if (region->base < base + size)
			return region;
	}
	return NULL;
}

/* The highest aligned place in [low, high), or 0. */
static phys_addr_t find_top_down(phys_addr_t low, phys_addr_t high, phys_addr_t size,
				 phys_addr_t align)
{
	while (high >= low && high - low >= size) {
		phys_addr_t base = ALIGN_DOWN(high - size, align);
		const struct memblock_region *taken;

		if (base < low)
			return 0;
		taken = highest_taken(base, size);
		if (!taken)
			return base;
		high = taken->base;
	}
	return 0;
}

/* The lowest aligned place in [low, high), or 0. */
static phys_addr_t find_bottom_up(phys_addr_t low, phys_addr_t high, phys_addr_t size,
				  phys_addr_t align)
{
	phys_addr_t base = ALIGN(low, align);

	while (base >= low && base <= high && high - base >= size) {
		const struct memblock_region *taken = highest_taken(base, size);

		if (!taken)
			return base;
		base = ALIGN(taken->base + taken->size, align);
	}
	return 0;
}

static phys_addr_t find_in_region(const struct memblock_region *region, phys_addr_t size,
				  phys_addr_t align, phys_addr_t start, phys_addr_t end)
{
	phys_addr_t low = max(region->base, start);
	phys_addr_t high = min(region->base + region->size, end);

	/* Address 0 would read as failure: page 0 is never given out. */
	low = max(low, (phys_addr_t)PAGE_SIZE);

	return memblock.bottom_up ? find_bottom_up(low, high, size, align)
				  : find_top_down(low, high, size, align);
}

phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end)
{
	const struct memblock_type *memory = &memblock.memory;
	phys_addr_t limit = memblock.current_limit ? memblock.current_limit
						   : MEMBLOCK_ALLOC_ANYWHERE;
	phys_addr_t base = 0;

	if (!align)
		align = SMP_CACHE_BYTES;
	if (!size || !is_power_of_2(align))
		return 0;
	if (end == MEMBLOCK_ALLOC_ACCESSIBLE)
		end = limit;
	for (unsigned long i = 0; i < memory->cnt && !base; i++) {
		unsigned long n = memblock.bottom_up ? i : memory->cnt - 1 - i;

		base = find_in_region(&memory->regions[n], size, align, start, end);
	}
	if (!base || memblock_reserve(base, size))
		return 0;
	return base;
}

phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_phys_alloc_range(size, align, MEMBLOCK_LOW_LIMIT,
					 MEMBLOCK_ALLOC_ACCESSIBLE);
}

static void *to_virt(phys_addr_t base)
{
	return base ? __va(base) : NULL;
}

static void *cleared(phys_addr_t base, phys_addr_t size)
{
	void *p = to_virt(base);

	if (p && !platform_ram_is_zeroed())
		memset(p, 0, size);
	return p;
}

void *memblock_alloc_raw(phys_addr_t size, phys_addr_t align)
{
	return to_virt(memblock_phys_alloc(size, align));
}

void *memblock_alloc(phys_addr_t size, phys_addr_t align)
{
	return cleared(memblock_phys_alloc(size, align), size);
}

void *memblock_alloc_low(phys_addr_t size, phys_addr_t align)
{
	phys_addr_t end = PFN_PHYS(MAX_DMA32_PFN);

	if (memblock.current_limit)
		end = min(end, memblock.current_limit);
	return cleared(memblock_phys_alloc_range(size, align, 0, end), size);
}

void *memblock_alloc_between(phys_addr_t size, phys_addr_t align, phys_addr_t low,
			     phys_addr_t high)
{
	phys_addr_t base = memblock_phys_alloc_range(size, align, low, high);

	if (!base && low)
		base = memblock_phys_alloc_range(size, align, 0, high);
	return cleared(base, size);
}

void *memblock_alloc_from(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr)
{
	return memblock_alloc_between(size, align, min_addr, MEMBLOCK_ALLOC_ACCESSIBLE);
}

int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	int err = memblock_unreserve(base, size);

	if (!err && platform_ram_is_zeroed() && memblock_is_region_memory(base, size))
		memset(__va(base), 0, size);
	return err;
}

void memblock_free(void *ptr, size_t size)
{
	if (ptr)
		memblock_phys_free(__pa(ptr), size);
}
