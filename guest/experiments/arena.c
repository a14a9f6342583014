/* SPDX-License-Identifier: MIT */
/* A few large blocks as all the free memory there is: see arena.h. */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "arena.h"
#include "pressure.h"

/* Free blocks of smaller orders are left for others. */
#define SMALLEST 3U

/* Whatever the watermarks say, and without a word when there is none. */
#define GFP_TAKE (__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN)

static bool is_usual(const struct arena *a, const struct page *block)
{
	return page_zonenum(block) != ZONE_DMA && !PageHighMem(block) &&
	       get_pageblock_migratetype(block) != MIGRATE_CMA &&
	       (!a->nr || page_zonenum(block) == page_zonenum(a->block[0]));
}

bool arena_make(struct arena *a, unsigned int n,
		bool (*suits)(struct page *block, void *arg), void *arg)
{
	struct page *page;

	a->nr = 0;
	INIT_LIST_HEAD(&a->held);
	drain_all_pages();
	while ((page = alloc_pages(GFP_TAKE, MAX_ORDER))) {
		if (a->nr < n && is_usual(a, page) && (!suits || suits(page, arg)))
			a->block[a->nr++] = page;
		else
			hold_block(&a->held, page, MAX_ORDER);
	}
	for (unsigned int order = MAX_ORDER; order-- > SMALLEST;)
		while (take_block(&a->held, GFP_TAKE, order))
			continue;
	for (unsigned int i = 0; i < a->nr; i++)
		__free_pages(a->block[i], MAX_ORDER);
	if (a->nr == n)
		return true;
	arena_end(a);
	return false;
}

void arena_narrow(struct arena *a)
{
	drain_all_pages();
	while (take_block(&a->held, GFP_TAKE, MAX_ORDER))
		continue;
}

void arena_end(struct arena *a)
{
	relieve(&a->held);
	a->nr = 0;
}

bool arena_has(const struct arena *a, phys_addr_t pa)
{
	for (unsigned int i = 0; i < a->nr; i++)
		if (pa - page_to_phys(a->block[i]) < MAX_ORDER_SIZE)
			return true;
	return false;
}
