/* SPDX-License-Identifier: MIT */
/*
 * Boot memory: two sorted tables of address ranges, "memory" (there is RAM) and "reserved"
 * (it is taken).  Free is what is in the first and not in the second.  Ranges of a table
 * neither overlap nor touch, so that adding one either changes the table in place (by
 * merging) or needs exactly one slot more, and removing one needs at most one more: a full
 * table is noticed before anything changes.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/sprintf.h>
#include "mm/memblock.h"
#include "mm/reset.h"

struct memblock memblock = {
	.memory.name = "memory",
	.reserved.name = "reserved",
	.kept_back.name = "kept back",
};

unsigned long max_pfn;

void memblock_reset(void)
{
	memblock = (struct memblock){ .memory.name = "memory",
				      .reserved.name = "reserved",
				      .kept_back.name = "kept back" };
	max_pfn = 0;
}

static phys_addr_t region_end(const struct memblock_region *region)
{
	return region->base + region->size;
}

/* The first region that ends above addr; cnt when there is none. */
static unsigned long first_ending_above(const struct memblock_type *type,
					phys_addr_t addr)
{
	unsigned long low = 0, high = type->cnt;

	while (low < high) {
		unsigned long mid = low + (high - low) / 2;

		if (region_end(&type->regions[mid]) > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* Opens (by > 0) or closes (by < 0) a gap in front of region `at`. */
static void shift_regions(struct memblock_type *type, unsigned long at, long by)
{
	if (by > 0)
		for (unsigned long i = type->cnt; i-- > at;)
			type->regions[i + (unsigned long)by] = type->regions[i];
	else if (by < 0)
		for (unsigned long i = at; i < type->cnt; i++)
			type->regions[i - (unsigned long)-by] = type->regions[i];
	type->cnt = (unsigned long)((long)type->cnt + by);
}

static bool wraps(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end;

	return __builtin_add_overflow(base, size, &end);
}

/* Does one region hold all of [base, base + size)? */
static bool holds(const struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	unsigned long i = first_ending_above(type, base);

	return !wraps(base, size) && i < type->cnt && type->regions[i].base <= base &&
	       region_end(&type->regions[i]) >= base + size;
}

static int add_range(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = base + size;
	unsigned long first, last;

	if (!size)
		return 0;
	if (wraps(base, size))
		return -EINVAL;
	if (memblock.closed)
		return -EBUSY;
	/* [first, last) overlap or touch the new range. */
	first = base ? first_ending_above(type, base - 1) : 0;
	for (last = first; last < type->cnt && type->regions[last].base <= end; last++)
		;
	if (first == last) {
		if (type->cnt == MEMBLOCK_MAX_REGIONS)
			return -ENOSPC;
		shift_regions(type, first, 1);
	} else {
		base = min(base, type->regions[first].base);
		end = max(end, region_end(&type->regions[last - 1]));
		shift_regions(type, last, -(long)(last - first - 1));
	}
	type->regions[first] = (struct memblock_region){ base, end - base };
	return 0;
}

static int remove_range(struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	struct memblock_region keep[2];
	unsigned long first, last, kept = 0;
	phys_addr_t end = base + size;

	if (!size)
		return 0;
	if (wraps(base, size))
		return -EINVAL;
	if (memblock.closed)
		return -EBUSY;
	/* [first, last) overlap the range; what sticks out on either side stays. */
	first = first_ending_above(type, base);
	for (last = first; last < type->cnt && type->regions[last].base < end; last++)
		;
	if (first == last)
		return 0;
	if (type->regions[first].base < base)
		keep[kept++] =
			(struct memblock_region){ type->regions[first].base,
						  base - type->regions[first].base };
	if (region_end(&type->regions[last - 1]) > end)
		keep[kept++] = (struct memblock_region){
			end, region_end(&type->regions[last - 1]) - end
		};
	if (type->cnt - (last - first) + kept > MEMBLOCK_MAX_REGIONS)
		return -ENOSPC;
	shift_regions(type, last, (long)kept - (long)(last - first));
	for (unsigned long i = 0; i < kept; i++)
		type->regions[first + i] = keep[i];
	return 0;
}

static void memory_changed(void)
{
	max_pfn = PFN_DOWN(memblock_end_of_DRAM());
}

int memblock_add(phys_addr_t base, phys_addr_t size)
{
	int err = add_range(&memblock.memory, base, size);

	memory_changed();
	return err;
}

int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	int err = remove_range(&memblock.memory, base, size);

	memory_changed();
	return err;
}

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	return add_range(&memblock.reserved, base, size);
}

int memblock_unreserve(phys_addr_t base, phys_addr_t size)
{
	return remove_range(&memblock.reserved, base, size);
}

int memblock_release_late(phys_addr_t base, phys_addr_t size)
{
	bool closed = memblock.closed;
	int err = -EINVAL;

	if (holds(&memblock.memory, base, size) &&
	    holds(&memblock.reserved, base, size)) {
		memblock.closed = false;
		err = memblock_unreserve(base, size);
		memblock.closed = closed;
	}
	return err;
}

/* All memory from cut on.  There is room: it has no more regions than memory had. */
static void keep_back(phys_addr_t cut)
{
	const struct memblock_region *region;

	for_each_mem_region (region) {
		phys_addr_t start = max(region->base, cut);

		if (start < region_end(region))
			add_range(&memblock.kept_back, start, region_end(region) - start);
	}
	memblock_remove(cut, MEMBLOCK_ALLOC_ANYWHERE - cut);
}

void memblock_mem_limit_remove_map(phys_addr_t limit)
{
	phys_addr_t left = limit;
	const struct memblock_region *region;

	for_each_mem_region (region) {
		if (left < region->size) {
			keep_back(region->base + left);
			return;
		}
		left -= region->size;
	}
}

static phys_addr_t total_size(const struct memblock_type *type)
{
	phys_addr_t size = 0;

	for (unsigned long i = 0; i < type->cnt; i++)
		size += type->regions[i].size;
	return size;
}

phys_addr_t memblock_phys_mem_size(void)
{
	return total_size(&memblock.memory);
}

phys_addr_t memblock_reserved_size(void)
{
	return total_size(&memblock.reserved);
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return memblock.memory.cnt ? memblock.memory.regions[0].base : 0;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	unsigned long cnt = memblock.memory.cnt;

	return cnt ? region_end(&memblock.memory.regions[cnt - 1]) : 0;
}

bool memblock_overlaps_region(const struct memblock_type *type, phys_addr_t base,
			      phys_addr_t size)
{
	unsigned long i = first_ending_above(type, base);
	phys_addr_t end = wraps(base, size) ? MEMBLOCK_ALLOC_ANYWHERE : base + size;

	return i < type->cnt && type->regions[i].base < end;
}

bool memblock_is_memory(phys_addr_t addr)
{
	return holds(&memblock.memory, addr, 1);
}

bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size)
{
	return holds(&memblock.memory, base, size);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return holds(&memblock.reserved, addr, 1);
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return memblock_overlaps_region(&memblock.reserved, base, size);
}

/*
 * The first free range that ends above *cursor: the part of a memory region between two
 * reserved ones.  The cursor moves to its end.
 */
bool memblock_next_free(phys_addr_t *cursor, phys_addr_t *start, phys_addr_t *end)
{
	const struct memblock_type *memory = &memblock.memory;
	const struct memblock_type *taken = &memblock.reserved;
	unsigned long m = first_ending_above(memory, *cursor);
	phys_addr_t from = *cursor;

	while (m < memory->cnt) {
		unsigned long r;

		from = max(from, memory->regions[m].base);
		r = first_ending_above(taken, from);
		if (r == taken->cnt || taken->regions[r].base > from) {
			*start = from;
			*end = region_end(&memory->regions[m]);
			if (r < taken->cnt)
				*end = min(*end, taken->regions[r].base);
			*cursor = *end;
			return true;
		}
		from = region_end(&taken->regions[r]);
		m = first_ending_above(memory, from);
	}
	return false;
}

static void dump_type(const struct memblock_type *type)
{
	pr_info("memblock: %s: %lu regions\n", type->name, type->cnt);
	for (unsigned long i = 0; i < type->cnt; i++)
		pr_info("memblock:  [%#014lx-%#014lx] %#lx bytes\n",
			(unsigned long)type->regions[i].base,
			(unsigned long)region_end(&type->regions[i]) - 1,
			(unsigned long)type->regions[i].size);
}

void memblock_dump_all(void)
{
	dump_type(&memblock.memory);
	dump_type(&memblock.reserved);
	dump_type(&memblock.kept_back);
}

static int verify_type(const struct memblock_type *type, char *buf, size_t size)
{
	if (type->cnt > MEMBLOCK_MAX_REGIONS) {
		scnprintf(buf, size, "%s: %lu regions, more than there can be",
			  type->name, type->cnt);
		return -EINVAL;
	}
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *region = &type->regions[i];
		const char *fault = NULL;

		if (!region->size || wraps(region->base, region->size))
			fault = "is empty or wraps";
		else if (i && region->base <= region_end(region - 1))
			fault = "overlaps or touches the one before";
		if (fault) {
			scnprintf(buf, size, "%s: region %lu at %#lx %s", type->name, i,
				  (unsigned long)region->base, fault);
			return -EINVAL;
		}
	}
	return 0;
}

int memblock_verify(char *buf, size_t size)
{
	int err = verify_type(&memblock.memory, buf, size);

	if (!err)
		err = verify_type(&memblock.reserved, buf, size);
	return err ? err : verify_type(&memblock.kept_back, buf, size);
}
