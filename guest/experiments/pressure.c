/* SPDX-License-Identifier: MIT */
/* Scarce memory: see pressure.h. */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "pressure.h"
#include "witness.h"

/* The flags by which a request would sleep or wake the background thread. */
#define SIDE_EFFECTS (__GFP_RECLAIM | __GFP_IO | __GFP_FS)

void hold_block(struct list_head *held, struct page *page, unsigned int order)
{
	set_page_private(page, order);
	list_add(&page->lru, held);
}

bool take_block(struct list_head *held, gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	if (page)
		hold_block(held, page, order);
	return page;
}

unsigned int take_pages_quietly(struct list_head *held, gfp_t gfp, unsigned int n)
{
	unsigned int got = 0;

	while (got < n && take_block(held, gfp | __GFP_NOWARN, 0))
		got++;
	return got;
}

static unsigned long take_all(struct list_head *held, gfp_t gfp)
{
	unsigned long pages = 0;

	for (unsigned int order = MAX_ORDER + 1; order--;)
		while (take_block(held, gfp, order))
			pages += 1UL << order;
	return pages;
}

unsigned long press(struct list_head *held, gfp_t gfp)
{
	unsigned long taken, pages = 0;

	gfp = (gfp & ~SIDE_EFFECTS) | __GFP_NOWARN;
	/* What a CPU's list still holds when its zone is at the mark counts once it is back. */
	do {
		drain_all_pages();
		taken = take_all(held, gfp);
		pages += taken;
	} while (taken);
	return pages;
}

void relieve(struct list_head *held)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, held, lru)
		__free_pages(page, (unsigned int)page_private(page));
	INIT_LIST_HEAD(held);
}

#define FEW_PAGES (1UL << 18) /* 1 GiB: 256 of the largest blocks */

bool too_much_memory(struct trial *x)
{
	if (!machine_is_slow() || totalram_pages() <= FEW_PAGES)
		return false;
	skip(x, "more than 1 GiB to take, an instruction at a time");
	return true;
}

/* --- the larder ----------------------------------------------------------------------- */

static unsigned long larder_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	const struct larder *l = container_of(shrinker, struct larder, shrinker);

	(void)sc;
	return READ_ONCE(l->nr) + READ_ONCE(l->claims);
}

static struct page *larder_get(struct larder *l)
{
	struct page *page;

	spin_lock(&l->lock);
	page = list_first_entry_or_null(&l->pages, struct page, lru);
	if (page) {
		list_del(&page->lru);
		l->nr--;
	}
	spin_unlock(&l->lock);
	return page;
}

static void note_visit(struct larder *l, gfp_t gfp)
{
	if (current != READ_ONCE(l->watched)) {
		l->others++;
		return;
	}
	l->visits++;
	l->seen |= gfp;
}

static unsigned long larder_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct larder *l = container_of(shrinker, struct larder, shrinker);
	unsigned long freed = 0;
	struct page *page;

	note_visit(l, sc->gfp_mask);
	if ((sc->gfp_mask & l->needs) != l->needs)
		return SHRINK_STOP;
	if (l->claims)
		return sc->nr_to_scan;
	while (freed < sc->nr_to_scan && (page = larder_get(l))) {
		__free_page(page);
		freed++;
	}
	return freed;
}

void larder_open(struct trial *x, struct larder *l, unsigned int pages, gfp_t needs)
{
	*l = (struct larder){ .shrinker = { .count_objects = larder_count,
					    .scan_objects = larder_scan,
					    .batch = 16 },
			      .needs = needs,
			      .watched = current };
	spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->pages);
	for (unsigned int i = 0; i < pages; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!expect(x, page, "page %u of the larder: none", i))
			break;
		list_add(&page->lru, &l->pages);
		l->nr++;
	}
	register_shrinker(&l->shrinker, "larder");
}

void larder_close(struct larder *l)
{
	struct page *page;

	unregister_shrinker(&l->shrinker);
	while ((page = larder_get(l)))
		__free_page(page);
}
