/* SPDX-License-Identifier: MIT */
/*
 * The areas of an address space, in a tree by address (mm/range_tree.h).  An area's ends
 * stand in vma (for drivers) and in range (for the tree); area_place() sets both.
 */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "mm.h"

struct area *area_create(struct mm_struct *mm, unsigned long flags)
{
	struct area *area = kzalloc(sizeof(*area), GFP_KERNEL);

	if (area) {
		area->vma.vm_mm = mm;
		area->vma.vm_flags = flags;
	}
	return area;
}

void area_free(struct area *area)
{
	if (area->shared)
		shared_put(area->shared);
	if (area->vma.vm_file)
		file_put(area->vma.vm_file);
	kfree(area);
}

static int area_place(struct mm_struct *mm, struct area *area, unsigned long start,
		      unsigned long end)
{
	int err;

	area->vma.vm_start = area->range.start = start;
	area->vma.vm_end = area->range.end = end;
	err = range_tree_insert(&mm->areas, &area->range);
	if (!err)
		mm->usage.total += (end - start) / PAGE_SIZE;
	return err;
}

static void area_take(struct mm_struct *mm, struct area *area)
{
	range_tree_remove(&mm->areas, &area->range);
	mm->usage.total -= (area->vma.vm_end - area->vma.vm_start) / PAGE_SIZE;
}

int area_insert(struct mm_struct *mm, struct area *area, unsigned long start,
		unsigned long end)
{
	return area_place(mm, area, start, end);
}

void area_remove(struct mm_struct *mm, struct area *area)
{
	area_take(mm, area);
	area_free(area);
}

void area_resize(struct mm_struct *mm, struct area *area, unsigned long start,
		 unsigned long end)
{
	area_take(mm, area);
	/* The place was the area's or free: it cannot be taken. */
	WARN_ON(area_place(mm, area, start, end));
}

struct area *area_twin(const struct area *area)
{
	struct area *twin = area_create(area->vma.vm_mm, area->vma.vm_flags);

	if (!twin)
		return NULL;
	twin->vma = area->vma;
	twin->shared = area->shared;
	if (twin->shared)
		shared_get(twin->shared);
	if (twin->vma.vm_file)
		file_get(twin->vma.vm_file);
	return twin;
}

int area_split(struct mm_struct *mm, unsigned long addr)
{
	struct area *area = area_find(mm, addr), *upper;
	unsigned long end;

	if (!area || area->vma.vm_start == addr)
		return 0;
	upper = area_twin(area);
	if (!upper)
		return -ENOMEM;
	end = area->vma.vm_end;
	upper->vma.vm_pgoff += (addr - area->vma.vm_start) / PAGE_SIZE;
	area_resize(mm, area, area->vma.vm_start, addr);
	WARN_ON(area_place(mm, upper, addr, end));
	return 0;
}

static bool alike(const struct area *low, const struct area *high)
{
	unsigned long pages = (low->vma.vm_end - low->vma.vm_start) / PAGE_SIZE;

	if (low->vma.vm_end != high->vma.vm_start ||
	    low->vma.vm_flags != high->vma.vm_flags || low->shared != high->shared ||
	    low->vma.vm_file != high->vma.vm_file || low->vma.vm_flags & VM_GROWSDOWN)
		return false;
	/* What stands behind them must go on, too. */
	return (!low->shared && !low->vma.vm_file) ||
	       low->vma.vm_pgoff + pages == high->vma.vm_pgoff;
}

void area_merge(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct range *r = range_tree_above(&mm->areas, start ? start - 1 : 0);

	while (r && r != &mm->areas.tail && r->next != &mm->areas.tail &&
	       r->start <= end) {
		struct area *low = area_of(r), *high = area_of(r->next);
		unsigned long top = high->vma.vm_end;

		if (!alike(low, high)) {
			r = r->next;
			continue;
		}
		area_remove(mm, high);
		area_resize(mm, low, low->vma.vm_start, top);
	}
}

/*
 * From the top downwards, as Linux lays mappings out: the tree itself would give the lowest
 * gap.  Neighbours are joined, so there are few to pass.
 */
unsigned long area_gap(struct mm_struct *mm, unsigned long size)
{
	unsigned long top = MMAP_TOP;

	for (struct range *r = mm->areas.tail.prev;; r = r->prev) {
		if (r->end < top && top - r->end >= size)
			return top - size;
		if (r == &mm->areas.head)
			return 0;
		top = min(top, r->start);
	}
}
