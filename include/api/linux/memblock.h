/* SPDX-License-Identifier: MIT */
/*
 * Boot memory (include/linux/memblock.h): which RAM there is, which of it is taken.
 * Everything here is for the boot CPU before mm_init(); only the queries stay valid after.
 */
#ifndef _LINUX_MEMBLOCK_H
#define _LINUX_MEMBLOCK_H

#include <linux/types.h>
#include <linux/pfn.h>

#define MEMBLOCK_MAX_REGIONS 128

#define MEMBLOCK_LOW_LIMIT	  0
#define MEMBLOCK_ALLOC_ANYWHERE	  (~(phys_addr_t)0)
#define MEMBLOCK_ALLOC_ACCESSIBLE 0

/* [base, base + size), size > 0. */
struct memblock_region {
	phys_addr_t base;
	phys_addr_t size;
};

/* Sorted by base; neither overlapping nor touching: neighbours are merged. */
struct memblock_type {
	const char *name;
	unsigned long cnt;
	struct memblock_region regions[MEMBLOCK_MAX_REGIONS];
};

struct memblock {
	bool bottom_up; /* allocate from low addresses up; default: top down */
	bool closed; /* mm_init() has taken the free memory: nothing changes any more */
	phys_addr_t current_limit; /* top of what is mapped; 0 = no limit */
	struct memblock_type memory;
	struct memblock_type reserved;
	struct memblock_type kept_back; /* RAM that mem= took out of memory */
};
extern struct memblock memblock;

/* 0; -ENOSPC when the table is full, -EINVAL when [base, base + size) wraps, -EBUSY after
 * mm_init().  Nothing has changed then.  Size 0 is no error and does nothing; overlap with what
 * is there is fine. */
int memblock_add(phys_addr_t base, phys_addr_t size);
int memblock_remove(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int memblock_phys_free(phys_addr_t base, phys_addr_t size);
/* The same by direct-map address.  Both clear what is given back where RAM was delivered
 * zeroed (platform_ram_is_zeroed), so that free memory stays so. */
void memblock_free(void *ptr, size_t size);

/* Physical memory in [start, end); end 0 = MEMBLOCK_ALLOC_ACCESSIBLE.  0 on failure.
 * align is a power of two; contents undefined. */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end);
phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align);
/* Zeroed memory by direct-map address, or NULL.  align 0 = a cache line. */
void *memblock_alloc(phys_addr_t size, phys_addr_t align);
void *memblock_alloc_raw(phys_addr_t size, phys_addr_t align);
void *memblock_alloc_low(phys_addr_t size, phys_addr_t align);
/* At or above min_addr where possible, else anywhere. */
void *memblock_alloc_from(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr);

/* Cuts memory at the top so that limit bytes of RAM remain: the mem= option.  What is cut
 * off belongs to nobody: no struct page, no direct map; ioremap() and memremap() reach it. */
void memblock_mem_limit_remove_map(phys_addr_t limit);
void memblock_set_current_limit(phys_addr_t limit);
void memblock_set_bottom_up(bool enable);

/* One more than the highest frame of RAM. */
extern unsigned long max_pfn;
phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);
phys_addr_t memblock_start_of_DRAM(void);
phys_addr_t memblock_end_of_DRAM(void);
bool memblock_is_memory(phys_addr_t addr);
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);
bool memblock_is_reserved(phys_addr_t addr);
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size);
bool memblock_overlaps_region(const struct memblock_type *type, phys_addr_t base,
			      phys_addr_t size);

/* The next range of memory that is not reserved, at or after *cursor (0 to begin); false
 * at the end.  The ranges come in ascending order. */
bool memblock_next_free(phys_addr_t *cursor, phys_addr_t *start, phys_addr_t *end);
#define for_each_free_mem_range(cursor, start, end) \
	for ((cursor) = 0; memblock_next_free(&(cursor), &(start), &(end));)

#define for_each_mem_region(region)              \
	for ((region) = memblock.memory.regions; \
	     (region) < memblock.memory.regions + memblock.memory.cnt; (region)++)
#define for_each_kept_back_region(region)           \
	for ((region) = memblock.kept_back.regions; \
	     (region) < memblock.kept_back.regions + memblock.kept_back.cnt; (region)++)
#define for_each_reserved_mem_region(region)       \
	for ((region) = memblock.reserved.regions; \
	     (region) < memblock.reserved.regions + memblock.reserved.cnt; (region)++)

/* Prints all tables. */
void memblock_dump_all(void);
/* 0, or -EINVAL with the first violation described in buf. */
int memblock_verify(char *buf, size_t size);

#endif
