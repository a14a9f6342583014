/* SPDX-License-Identifier: MIT */
/*
 * vmalloc and vmap: pages from anywhere mapped side by side.
 *
 * An area is made in steps (descriptor and addresses, blocks, list, pages, mapping), then
 * published.  When a step fails, destroy() undoes the earlier ones; it also serves vfree.
 * It takes whatever exists, so each way out is the same code.
 *
 * Where large pages are welcome, the area begins with blocks of PMD_SIZE, as many as can be
 * had without effort, and single pages follow: no block at all is the plain case, so there
 * is nothing to start over when blocks run out.
 *
 * Pages go back to the page allocator as soon as they are unmapped, before the flush: only
 * someone who uses an area after freeing it could reach them through a stale TLB entry.
 */
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "mm/vmap_area.h"

/* A request of so many pages is not begun when they cannot be there. */
#define LARGE_REQUEST (SZ_1M * 4 / PAGE_SIZE)

/* The blocks of an area, and the single pages behind them. */
static noinline void free_mixed(struct vm_area *area)
{
	for (unsigned int i = 0; i < area->nr_huge; i++)
		__free_pages(area->pages[i], PMD_ORDER);
	free_pages_bulk_array(area->nr_pages - vm_area_huge_pages(area),
			      area->pages + area->nr_huge);
}

/* Ends a VM_ALLOC area, with as many pages as it has got, mapped or not. */
static void destroy(struct vm_area *area)
{
	vm_area_unmap(area);
	if (unlikely(area->nr_huge))
		free_mixed(area);
	else
		free_pages_bulk_array(area->nr_pages, area->pages);
	if (area->pages != area->own_pages)
		kvfree(area->pages);
	vm_area_retire(area);
}

/* A list of nr entries, for an area without room for it.  0 or -ENOMEM. */
static int make_list(struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	if (!area->pages)
		area->pages = kvmalloc_array(nr, sizeof(struct page *), vm_meta_gfp(gfp));
	return area->pages ? 0 : -ENOMEM;
}

/* Blocks for the beginning of nr pages, as many as are free, linked by lru; how many. */
static unsigned int take_blocks(struct list_head *blocks, unsigned long nr, gfp_t gfp)
{
	unsigned int n = 0;

	gfp = (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN | __GFP_NORETRY;
	for (; nr >= HUGE_PAGES; nr -= HUGE_PAGES, n++) {
		struct page *page = alloc_pages(gfp, PMD_ORDER);

		if (!page)
			break;
		list_add_tail(&page->lru, blocks);
	}
	return n;
}

/* Gives the area its blocks and a list for them and for the pages to come. */
static noinline int begin_with_blocks(struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	LIST_HEAD(blocks);
	unsigned int n = take_blocks(&blocks, nr, gfp);
	int err = make_list(area, nr - n * (HUGE_PAGES - 1), gfp);
	struct page *page, *next;

	list_for_each_entry_safe (page, next, &blocks, lru) {
		if (err)
			__free_pages(page, PMD_ORDER);
		else
			area->pages[area->nr_huge++] = page;
	}
	area->nr_pages = vm_area_huge_pages(area);
	return err;
}

/* 0, or -ENOMEM; the pages there are, are counted in nr_pages either way. */
static int fill_list(struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	struct page **rest = area->pages + area->nr_huge;

	while (area->nr_pages < nr) {
		unsigned long got = alloc_pages_bulk_fill(gfp | __GFP_NOWARN,
							  nr - area->nr_pages, rest);

		/* A single page may be had by waiting where many at once are not. */
		if (!got) {
			*rest = alloc_page(gfp | __GFP_NOWARN);
			if (!*rest)
				return -ENOMEM;
			got = 1;
		}
		rest += got;
		area->nr_pages += got;
	}
	return 0;
}

/* Its blocks, and the single pages behind them. */
static noinline int map_mixed(const struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	unsigned long va = vm_area_start(area), single = nr - vm_area_huge_pages(area);
	int err = 0;

	for (unsigned int i = 0; i < area->nr_huge && !err; i++, va += PMD_SIZE)
		err = platform_map_phys(va, page_to_phys(area->pages[i]), PMD_SIZE,
					PAGE_KERNEL, gfp);
	if (!err && single)
		err = platform_map_pages(va, area->pages + area->nr_huge, single,
					 PAGE_KERNEL, gfp);
	return err;
}

static int build(struct vm_area *area, unsigned long nr, gfp_t gfp)
{
	int err;

	/* All that is needed of the pages is that they can be mapped. */
	if (!(gfp & GFP_ZONEMASK))
		gfp |= __GFP_HIGHMEM;
	if (unlikely(area->flags & VM_ALLOW_HUGE_VMAP))
		err = begin_with_blocks(area, nr, gfp);
	else
		err = make_list(area, nr, gfp);
	if (!err)
		err = fill_list(area, nr, gfp);
	if (err)
		return err;
	gfp = vm_meta_gfp(gfp);
	return unlikely(area->nr_huge)
		       ? map_mixed(area, nr, gfp)
		       : platform_map_pages(vm_area_start(area), area->pages, nr,
					    PAGE_KERNEL, gfp);
}

static noinline void *report_failure(unsigned long size, gfp_t gfp, const char *why,
				     unsigned long caller)
{
	char names[GFP_NAMES_MAX];

	if (!(gfp & __GFP_NOWARN)) {
		pr_warn("vmalloc error: size %lu, %s, mode:%#x(%s), from %pS\n", size,
			why, gfp, gfp_names(gfp, names, sizeof(names)), (void *)caller);
		dump_stack();
		show_buddyinfo();
	}
	return vm_failed();
}

/* Why nr pages cannot be had, seen before anything is tried, or NULL. */
static const char *hopeless(unsigned long nr)
{
	if (!nr)
		return "no size";
	/* What fails at its end has by then taken all there was from everyone else. */
	if (unlikely(nr >= LARGE_REQUEST) && nr > nr_free_pages() &&
	    nr > si_mem_available())
		return "more than the memory available";
	return NULL;
}

/* Fills a new area, or ends it. */
static __always_inline void *complete(struct vm_area *area, unsigned long nr,
				      unsigned long size, gfp_t gfp, unsigned long caller)
{
	if (!area)
		return report_failure(size, gfp, "no addresses or no descriptor", caller);
	if (build(area, nr, gfp)) {
		vm_area_abandon(area);
		destroy(area);
		return report_failure(size, gfp, "failed to allocate pages", caller);
	}
	return vm_area_publish(area);
}

void *vmalloc_from(unsigned long size, gfp_t gfp, unsigned long caller)
{
	unsigned long nr = PFN_DOWN(size) + (offset_in_page(size) != 0);
	const char *why;

	if (!vm_may_create("vmalloc"))
		return vm_failed();
	why = hopeless(nr);
	if (why)
		return report_failure(size, gfp, why, caller);
	return complete(vm_area_create(nr, VM_ALLOC, gfp, caller), nr, size, gfp, caller);
}

void *vmalloc_special(unsigned long size, unsigned long align, unsigned int flags,
		      gfp_t gfp, unsigned long caller)
{
	unsigned long nr = PFN_DOWN(size) + (offset_in_page(size) != 0);
	struct vm_area *area;
	const char *why;

	if (!vm_may_create("vmalloc"))
		return vm_failed();
	why = is_power_of_2(align) ? hopeless(nr) : "alignment is no power of two";
	if (why)
		return report_failure(size, gfp, why, caller);
	if (nr < HUGE_PAGES)
		flags &= ~(unsigned int)VM_ALLOW_HUGE_VMAP;
	if (flags & VM_ALLOW_HUGE_VMAP)
		align = max(align, PMD_SIZE);
	area = vm_area_create_aligned(nr, max(align, PAGE_SIZE), VM_ALLOC, gfp, caller);
	if (area)
		area->flags = flags;
	return complete(area, nr, size, gfp, caller);
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

void *vmalloc_node(unsigned long size, int node)
{
	(void)node;
	return vmalloc_from(size, GFP_KERNEL, _RET_IP_);
}

void *vzalloc_node(unsigned long size, int node)
{
	(void)node;
	return vmalloc_from(size, GFP_KERNEL | __GFP_ZERO, _RET_IP_);
}

void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node,
		     const void *caller)
{
	unsigned long pc = caller ? (unsigned long)caller : _RET_IP_;

	(void)node;
	return vmalloc_special(size, align, 0, gfp, pc);
}

void *vmalloc_huge(unsigned long size, gfp_t gfp)
{
	return vmalloc_special(size, PAGE_SIZE, VM_ALLOW_HUGE_VMAP, gfp, _RET_IP_);
}

/* Nothing of the kernel's may show. */
void *vmalloc_user(unsigned long size)
{
	return vmalloc_special(size, PAGE_SIZE, VM_USERMAP, GFP_KERNEL | __GFP_ZERO,
			       _RET_IP_);
}

void *vmalloc_32_user(unsigned long size)
{
	return vmalloc_special(size, PAGE_SIZE, VM_USERMAP,
			       GFP_KERNEL | GFP_DMA32 | __GFP_ZERO, _RET_IP_);
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
