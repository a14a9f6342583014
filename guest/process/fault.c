/* SPDX-License-Identifier: MIT */
/*
 * Page faults of processes: the moment at which memory that was only promised is given.
 *
 *	nothing mapped, read	  private anonymous memory: the common zero page
 *	nothing mapped, write	  a zeroed frame
 *	mapped read-only, write	  a frame that others have, too: a copy; one that only we
 *				  have left: made writable
 *	below a stack		  the stack grows, to its limit
 *
 * Everything else is not permitted.
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <asm/pagetable.h>
#include <mm/platform.h>

#include "mm.h"

/* What all reads of untouched anonymous memory see; part of the kernel image. */
static const char zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);

/* The stack whose lowest page lies above addr, if it may grow down to it. */
static struct area *grow_stack(struct mm_struct *mm, unsigned long addr)
{
	struct range *r = range_tree_above(&mm->areas, addr);
	struct area *area = r && r != &mm->areas.tail ? area_of(r) : NULL;

	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	if (!area || !(area->vma.vm_flags & VM_GROWSDOWN) ||
	    area->vma.vm_end - addr > STACK_MAX)
		return NULL;
	area_resize(mm, area, addr, area->vma.vm_end);
	return area;
}

/* A zeroed frame of one's own in place of nothing or of the zero page. */
static int give_zeroed(struct mm_struct *mm, struct area *area, unsigned long addr,
		       u64 *entry)
{
	struct page *page = user_page_alloc(GFP_HIGHUSER_MOVABLE);

	if (!page)
		return -ENOMEM;
	pt_set(mm, addr, entry, pt_entry(page_to_phys(page), area->vma.vm_flags, true));
	frame_settle(page, mm, addr);
	mm->usage.rss++;
	mm->usage.zeroed++;
	return 0;
}

static int give_shared(struct mm_struct *mm, struct area *area, unsigned long addr,
		       u64 *entry)
{
	unsigned long index =
		area->vma.vm_pgoff + (addr - area->vma.vm_start) / PAGE_SIZE;
	struct page *page = shared_page(area->shared, index);

	if (!page)
		return -ENOMEM;
	pt_set(mm, addr, entry, pt_entry(page_to_phys(page), area->vma.vm_flags, true));
	mm->usage.rss++;
	return 0;
}

static int give_first(struct mm_struct *mm, struct area *area, unsigned long addr,
		      u64 *entry, bool write)
{
	if (area->shared)
		return give_shared(mm, area, addr, entry);
	if (area_is_drivers(area))
		return -EFAULT;
	if (write)
		return give_zeroed(mm, area, addr, entry);
	pt_set(mm, addr, entry,
	       pt_entry(image_phys(zero_page), area->vma.vm_flags, false) | PTE_SPECIAL);
	mm->usage.zero_page++;
	return 0;
}

/* A write to a private frame that is mapped read-only. */
static int make_writable(struct mm_struct *mm, struct area *area, unsigned long addr,
			 u64 *entry)
{
	struct page *old = pte_page(*entry), *page = old;

	if (*entry & PTE_SPECIAL)
		return give_zeroed(mm, area, addr, entry);
	/* A settled frame is ours alone, too: somebody else may hold it, but not map it. */
	if (frame_is_settled(old) || page_count(old) == 1) {
		mm->usage.reused++;
	} else {
		page = user_page_alloc(GFP_HIGHUSER_MOVABLE);
		if (!page)
			return -ENOMEM;
		copy_highpage(page, old);
		mm->usage.copied++;
	}
	pt_set(mm, addr, entry, pt_entry(page_to_phys(page), area->vma.vm_flags, true));
	frame_settle(page, mm, addr);
	if (page != old)
		user_page_put(old);
	return 0;
}

/* As the page tables have it: what can be written or executed can be read. */
static bool permitted(const struct area *area, unsigned long access)
{
	if (access == VM_READ)
		access = VM_READ | VM_WRITE | VM_EXEC;
	return area->vma.vm_flags & access;
}

static int resolve(struct mm_struct *mm, unsigned long addr, unsigned long access)
{
	struct area *area = area_find(mm, addr);
	u64 *entry;

	if (!area)
		area = grow_stack(mm, addr);
	if (!area || !permitted(area, access))
		return -EFAULT;
	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	entry = pt_get(mm, addr);
	if (!entry)
		return -ENOMEM;
	if (!pte_mapped(*entry))
		return give_first(mm, area, addr, entry, access == VM_WRITE);
	if (access == VM_WRITE && !(*entry & PTE_WRITE))
		return make_writable(mm, area, addr, entry);
	/* Resolved meanwhile, or an entry that this CPU had kept. */
	pt_set(mm, addr, entry, *entry);
	return 0;
}

int mm_fault(struct mm_struct *mm, unsigned long addr, unsigned long access)
{
	int err;

	mutex_lock(&mm->lock);
	err = resolve(mm, addr, access);
	if (!err)
		mm->usage.faults++;
	mutex_unlock(&mm->lock);
	return err;
}
