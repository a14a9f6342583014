/* SPDX-License-Identifier: MIT */
/* remap_vmalloc_range: pages of vmalloc_user() in an area of user addresses. */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/vma.h>
#include <linux/vmalloc.h>
#include "mm/vmap_area.h"
#include "mm/vmap_internal.h"

/* Does an area for users stand at addr, with pages [pgoff, pgoff + nr)? */
static bool may_be_shown(unsigned long addr, unsigned long pgoff, unsigned long nr)
{
	unsigned long flags = vmap_lock(), end;
	struct range *range = range_tree_find(&vmap_space.tree, addr);
	const struct vm_area *area;
	bool may = false;

	if (range) {
		area = container_of(range, struct vm_area, range);
		may = area->state == VM_LIVE && range->start == addr &&
		      area->flags & VM_USERMAP &&
		      !__builtin_add_overflow(pgoff, nr, &end) && end <= area->nr_pages;
	}
	vmap_unlock(flags);
	return may;
}

int remap_vmalloc_range_partial(struct vm_area_struct *vma, unsigned long uaddr,
				void *addr, unsigned long pgoff, unsigned long size)
{
	unsigned long nr = PFN_DOWN(PAGE_ALIGN(size)), end;
	char *from = (char *)addr + pgoff * PAGE_SIZE;
	int err = 0;

	if (!size || !PAGE_ALIGNED(uaddr) || uaddr < vma->vm_start ||
	    __builtin_add_overflow(uaddr, size, &end) || end > vma->vm_end ||
	    !may_be_shown((unsigned long)addr, pgoff, nr))
		return -EINVAL;
	for (unsigned long i = 0; i < nr && !err; i++)
		err = vm_insert_page(vma, uaddr + i * PAGE_SIZE,
				     vmalloc_to_page(from + i * PAGE_SIZE));
	return err;
}

int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff)
{
	return remap_vmalloc_range_partial(vma, vma->vm_start, addr, pgoff,
					   vma->vm_end - vma->vm_start);
}
