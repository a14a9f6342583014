/* SPDX-License-Identifier: MIT */
/* What is in the vmalloc range: for reports, and for the check of the whole. */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sprintf.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "mm/vmap_area.h"
#include "mm/vmap_block.h"
#include "mm/vmap_internal.h"

/* Of a large area only so many pages are checked, evenly spread: the lock is held. */
#define VERIFY_MAX_PAGES 1024

static unsigned long shown_flags(const struct vm_area *area)
{
	unsigned long kind = area->kind == VM_BLOCK ? VM_RAM : area->kind;

	return area->state == VM_LIVE ? kind | area->flags : 0;
}

bool vmalloc_info_next(unsigned long *cursor, struct vmalloc_info *info)
{
	unsigned long flags = vmap_lock();
	const struct range *range = range_tree_above(&vmap_space.tree, *cursor);

	if (range) {
		const struct vm_area *area = container_of(range, struct vm_area, range);

		*info = (struct vmalloc_info){
			.addr = range->start,
			.size = range->end - range->start,
			.nr_pages = area->nr_pages,
			.nr_huge = area->nr_huge,
			.phys_addr = area->phys_addr,
			.flags = shown_flags(area),
			.caller = area->caller,
		};
		*cursor = range->end;
	}
	vmap_unlock(flags);
	return range;
}

/* What an area is, in /proc/vmallocinfo's words. */
static const char *kind_name(unsigned long flags)
{
	if (flags & VM_ALLOC)
		return flags & VM_USERMAP ? " vmalloc user" : " vmalloc";
	if (flags & VM_RAM)
		return " vm_map_ram";
	if (flags & VM_IOREMAP)
		return " ioremap";
	return flags & VM_MAP ? " vmap" : " unpurged vm_area";
}

bool vmallocinfo_show(unsigned long *cursor, char *buf, size_t size)
{
	struct vmalloc_info info;
	size_t len;

	if (!vmalloc_info_next(cursor, &info))
		return false;
	len = (size_t)scnprintf(buf, size, "0x%016lx-0x%016lx %7lu", info.addr,
				info.addr + info.size, info.size);
	if (info.flags)
		len += (size_t)scnprintf(buf + len, size - len, " %pS",
					 (void *)info.caller);
	if (info.flags && info.nr_pages)
		len += (size_t)scnprintf(buf + len, size - len, " pages=%lu",
					 info.nr_pages);
	if (info.flags & VM_IOREMAP)
		len += (size_t)scnprintf(buf + len, size - len, " phys=0x%016llx",
					 (unsigned long long)info.phys_addr);
	len += (size_t)scnprintf(buf + len, size - len, "%s", kind_name(info.flags));
	if (info.flags && info.nr_huge)
		len += (size_t)scnprintf(buf + len, size - len, " huge=%lu",
					 info.nr_huge);
	scnprintf(buf + len, size - len, "\n");
	return true;
}

void vmalloc_get_stats(struct vmalloc_stats *stats)
{
	unsigned long flags = vmap_lock();

	*stats = vmap_space.stats;
	vmap_unlock(flags);
	vmap_blocks_count(&stats->nr_blocks, &stats->nr_block_maps);
}

/* Where page i of a live area must lead, or PHYS_ADDR_MAX for "anywhere": only the caller
 * of vmap knows. */
static phys_addr_t expected(const struct vm_area *area, unsigned long i)
{
	if (area->kind == VM_ALLOC)
		return page_to_phys(vm_area_page(area, i));
	if (area->kind == VM_IOREMAP)
		return area->phys_addr + PFN_PHYS(i);
	return PHYS_ADDR_MAX;
}

static const char *live_fault(const struct vm_area *area)
{
	unsigned long nr = vm_area_size(area) >> PAGE_SHIFT;
	unsigned long step = DIV_ROUND_UP(nr, VERIFY_MAX_PAGES);

	if (area->kind == VM_BLOCK)
		return vmap_block_fault(area->block);
	if (area->kind != VM_IOREMAP && area->nr_pages != nr)
		return "page count differs from the size";
	if (vm_area_huge_pages(area) > nr)
		return "more blocks than pages";
	for (unsigned long i = 0; i < nr; i += step) {
		unsigned long va = vm_area_start(area) + (i << PAGE_SHIFT);
		phys_addr_t is = platform_translate(va), want = expected(area, i);

		if (is == PHYS_ADDR_MAX)
			return "page not mapped";
		if (want != PHYS_ADDR_MAX && is != want)
			return "mapped to another page";
	}
	return NULL;
}

static const char *unmapped_fault(const struct vm_area *area)
{
	unsigned long nr = vm_area_size(area) >> PAGE_SHIFT;
	unsigned long step = DIV_ROUND_UP(nr, VERIFY_MAX_PAGES);

	for (unsigned long i = 0; i < nr; i += step)
		if (platform_translate(vm_area_start(area) + (i << PAGE_SHIFT)) !=
		    PHYS_ADDR_MAX)
			return "freed, yet mapped";
	return NULL;
}

static const char *area_fault(const struct vm_area *area)
{
	if (!PAGE_ALIGNED(area->range.start) || !PAGE_ALIGNED(area->range.end) ||
	    area->range.end - area->range.start < 2 * PAGE_SIZE)
		return "bad bounds";
	if (platform_translate(area->range.end - PAGE_SIZE) != PHYS_ADDR_MAX)
		return "guard page mapped";
	if (area->state == VM_LIVE)
		return live_fault(area);
	if (area->state == VM_LAZY || area->state == VM_SPARE)
		return unmapped_fault(area);
	return NULL;
}

/* Counts one area into what the statistics should be. */
static void tally(struct vmalloc_stats *sum, const struct vm_area *area)
{
	if (area->state != VM_LAZY && area->state != VM_SPARE)
		sum->nr_areas++;
	if (area->kind != VM_ALLOC)
		return;
	if (area->state == VM_BUILDING || area->state == VM_LIVE)
		sum->nr_pages += vm_area_size(area) >> PAGE_SHIFT;
	if (area->state == VM_LIVE)
		sum->nr_huge += area->nr_huge;
}

/* The retired areas, by their list: what no purge has taken. */
static const char *tally_lazy(struct vmalloc_stats *sum)
{
	for (const struct vm_area *area = vmap_space.lazy; area; area = area->next) {
		if (area->state != VM_LAZY)
			return "area in use on the lazy list";
		if (++sum->nr_lazy > vmap_space.stats.nr_lazy)
			return "more lazy areas than counted";
		sum->lazy_pages += (area->range.end - area->range.start) >> PAGE_SHIFT;
	}
	return NULL;
}

/* The areas kept for reuse, by their lists. */
static const char *tally_spare(struct vmalloc_stats *sum, unsigned long nr)
{
	const struct vm_area *area;

	for (area = vmap_space.spare[nr]; area; area = area->next) {
		if (area->state != VM_SPARE || vm_area_size(area) >> PAGE_SHIFT != nr)
			return "area on the wrong list of spare ones";
		if (++sum->nr_spare > vmap_space.stats.nr_spare)
			return "more spare areas than counted";
	}
	if (!vmap_space.spare[nr] != !(vmap_space.spare_sizes & SIZE_BIT(nr)))
		return "wrong mark for a list of spare areas";
	return NULL;
}

static const char *tally_lists(struct vmalloc_stats *sum)
{
	const char *fault = tally_lazy(sum);

	for (unsigned long nr = 1; !fault && nr <= VM_OWN_PAGES; nr++)
		fault = tally_spare(sum, nr);
	return fault;
}

static const char *space_fault(unsigned long *where)
{
	const char *fault = range_tree_fault(&vmap_space.tree);
	struct vmalloc_stats sum = { 0 };
	const struct range *range;

	if (fault)
		return fault;
	range_tree_for_each(range, &vmap_space.tree)
	{
		const struct vm_area *area = container_of(range, struct vm_area, range);

		*where = range->start;
		fault = area_fault(area);
		if (fault)
			return fault;
		tally(&sum, area);
	}
	*where = 0;
	fault = tally_lists(&sum);
	if (fault)
		return fault;
	if (!vmap_space.purging &&
	    sum.nr_areas + sum.nr_lazy + sum.nr_spare != vmap_space.tree.count)
		return "an area neither in use nor on a list";
	if (sum.nr_areas != vmap_space.stats.nr_areas ||
	    sum.nr_pages != vmap_space.stats.nr_pages ||
	    sum.nr_huge != vmap_space.stats.nr_huge ||
	    sum.nr_lazy != vmap_space.stats.nr_lazy ||
	    sum.nr_spare != vmap_space.stats.nr_spare ||
	    sum.lazy_pages != vmap_space.stats.lazy_pages)
		return "the statistics do not add up";
	return NULL;
}

int vmalloc_verify(void)
{
	unsigned long flags = vmap_lock(), where = 0;
	const char *fault = space_fault(&where);

	vmap_unlock(flags);
	if (!fault)
		return 0;
	pr_err("vmalloc_verify: %s (area at %lx)\n", fault, where);
	return -EINVAL;
}
