/* SPDX-License-Identifier: MIT */
/*
 * vmalloc and vmap: single pages mapped side by side.
 *
 * An area is made in steps (descriptor and addresses, list of pages, pages, mapping), then
 * published.  When a step fails, destroy() undoes the earlier ones; it also serves vfree.
 * It takes whatever exists, so each way out is the same code.
 *
 * Pages go back to the page allocator as soon as they are unmapped, before the flush: only
 * someone who uses an area after freeing it could reach them through a stale TLB entry.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "mm/vmap_area.h"

/* Ends a VM_ALLOC area, with as many pages as it has got, mapped or not. */
static void destroy(struct vm_area *area)
{
	vm_area_unmap(area);
	free_pages_bulk_array(area->nr_pages, area->pages);
	if (area->pages != area->own_pages)
		kvfree(area->pages);
	vm_area_retire(area);
}

/* A list for nr pages, for an area without room for it.  0 or -ENOMEM. */
static int make_list(struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	if (!area->pages)
		area->pages = kvmalloc_array(nr, sizeof(struct page *), vm_meta_gfp(gfp));
	return area->pages ? 0 : -ENOMEM;
}

/* 0, or -ENOMEM; the pages there are, are counted in nr_pages either way. */
static int fill_list(struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	while (area->nr_pages < nr) {
		struct page **rest = area->pages + area->nr_pages;
		unsigned long got = alloc_pages_bulk_fill(gfp | __GFP_NOWARN,
							  nr - area->nr_pages, rest);

		/* A single page may be had by waiting where many at once are not. */
		if (!got) {
			*rest = alloc_page(gfp);
			if (!*rest)
				return -ENOMEM;
			got = 1;
		}
		area->nr_pages += got;
	}
	return 0;
}

static int build(struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	int err = make_list(area, nr, gfp);

	if (!err)
		err = fill_list(area, nr, gfp);
	if (!err)
		err = platform_map_pages(vm_area_start(area), area->pages, nr,
					 PAGE_KERNEL, vm_meta_gfp(gfp));
	return err;
}

static void *report_failure(unsigned long size, gfp_t gfp, const char *why)
{
	if (!(gfp & __GFP_NOWARN))
		pr_warn("vmalloc: %lu bytes: %s\n", size, why);
	return vm_failed();
}

void *vmalloc_from(unsigned long size, gfp_t gfp, unsigned long caller)
{
	unsigned long nr = PFN_DOWN(size) + (offset_in_page(size) != 0);
	struct vm_area *area;

	if (!vm_may_create("vmalloc"))
		return vm_failed();
	if (!nr || nr > totalram_pages())
		return report_failure(size, gfp, nr ? "more than all memory" : "no size");
	area = vm_area_create(nr, VM_ALLOC, gfp, caller);
	if (!area)
		return report_failure(size, gfp, "no addresses or no descriptor");
	if (build(area, nr, gfp)) {
		destroy(area);
		return report_failure(size, gfp, "out of memory");
	}
	return vm_area_publish(area);
}

void *vmalloc(unsigned long size)
{
	return vmalloc_from(size, GFP_KERNEL, _RET_IP_);
}

void *vzalloc(unsigned long size)
{
	return vmalloc_from(size, GFP_KERNEL | __GFP_ZERO, _RET_IP_);
}

void *vmalloc_32(unsigned long size)
{
	return vmalloc_from(size, GFP_KERNEL | GFP_DMA32, _RET_IP_);
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return vmalloc_from(size, gfp, _RET_IP_);
}

void vfree(const void *addr)
{
	struct vm_area *area;

	if (!addr)
		return;
	area = vm_area_take(addr, VM_ALLOC, "vfree", _RET_IP_);
	if (area)
		destroy(area);
}

void *vmap(struct page *const *pages, unsigned int count, unsigned long flags,
	   pgprot_t prot)
{
	struct vm_area *area;

	if (!vm_may_create("vmap"))
		return vm_failed();
	if (!count || count > totalram_pages() || WARN_ON(flags & ~VM_MAP))
		return vm_failed();
	area = vm_area_create(count, VM_MAP, GFP_KERNEL, _RET_IP_);
	if (!area)
		return vm_failed();
	if (platform_map_pages(vm_area_start(area), pages, count, prot, GFP_KERNEL)) {
		vm_area_retire(area);
		return vm_failed();
	}
	area->nr_pages = count;
	return vm_area_publish(area);
}

void vunmap(const void *addr)
{
	struct vm_area *area;

	if (!addr)
		return;
	area = vm_area_take(addr, VM_MAP, "vunmap", _RET_IP_);
	if (!area)
		return;
	vm_area_unmap(area);
	vm_area_retire(area);
}

unsigned long vmalloc_to_pfn(const void *addr)
{
	phys_addr_t phys = PHYS_ADDR_MAX;

	if (is_vmalloc_addr(addr))
		phys = platform_translate((unsigned long)addr);
	return phys == PHYS_ADDR_MAX ? ~0UL : PHYS_PFN(phys);
}

struct page *vmalloc_to_page(const void *addr)
{
	unsigned long pfn = vmalloc_to_pfn(addr);

	return pfn != ~0UL && pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}
