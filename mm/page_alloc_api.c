/* SPDX-License-Identifier: MIT */
/* The page allocator by address and by exact size. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include "mm/page_alloc.h"
#include "mm/page_debug.h"

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages_from(gfp & ~__GFP_HIGHMEM, order, _RET_IP_);

	return page ? (unsigned long)page_to_virt(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	struct page *page =
		alloc_pages_from((gfp & ~__GFP_HIGHMEM) | __GFP_ZERO, 0, _RET_IP_);

	return page ? (unsigned long)page_to_virt(page) : 0;
}

static void free_at(unsigned long addr, unsigned int order, unsigned long caller)
{
	if (unlikely(!virt_addr_valid((void *)addr) || offset_in_page(addr))) {
		report_bad_page(NULL, "free_pages: not the address of a page", caller);
		return;
	}
	free_pages_from(virt_to_page(addr), order, caller);
}

void free_pages(unsigned long addr, unsigned int order)
{
	if (addr)
		free_at(addr, order, _RET_IP_);
}

void split_page(struct page *page, unsigned int order)
{
	if (WARN_ON(READ_ONCE(page->state) != STATE_LIVE(order)))
		return;
	for (unsigned long i = 0; i < 1UL << order; i++)
		page[i].state = STATE_LIVE(0);
	if (unlikely(page_alloc_hooks))
		page_debug_split(page, order);
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned long pages = PFN_UP(size);
	unsigned int order = get_order(size);
	struct page *page;

	if (WARN_ON_ONCE(gfp & (__GFP_COMP | __GFP_HIGHMEM)))
		gfp &= ~(__GFP_COMP | __GFP_HIGHMEM);
	if (!size)
		return NULL;
	page = alloc_pages_from(gfp, order, _RET_IP_);
	if (!page)
		return NULL;
	split_page(page, order);
	for (unsigned long i = pages; i < 1UL << order; i++)
		__free_page(page + i);
	return page_to_virt(page);
}

void free_pages_exact(void *virt, size_t size)
{
	for (unsigned long i = 0; virt && i < PFN_UP(size); i++)
		free_at((unsigned long)virt + (i << PAGE_SHIFT), 0, _RET_IP_);
}
