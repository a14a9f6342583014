/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU page lists.
 *
 * Most requests are for one page.  Each CPU keeps some free ones to itself: they cost no
 * lock, and the page freed last, whose bytes are still in this CPU's cache, is handed out
 * first.  Only when the list runs empty or too long does the CPU visit the zone, and moves
 * a batch.  So a steady pair of alloc_page() and __free_page() must not touch the buddy at
 * all, which its counters of blocks taken and put show.
 */
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/preempt.h>

#include "experiment.h"

#define CHAPTER CHAPTER_PCP

#define DEPTH 3

EXPERIMENT(pcp_lifo, "pcp.lifo", "the page that this CPU freed last is handed out first")
{
	struct page *freed[DEPTH], *again[DEPTH];
	unsigned int n = 0;

	preempt_disable(); /* so that it stays the same CPU: no sleeping flags below */
	for (unsigned int i = 0; i < DEPTH; i++)
		freed[i] = alloc_page(GFP_NOWAIT);
	for (unsigned int i = 0; i < DEPTH; i++)
		if (freed[i])
			__free_page(freed[i]);
	for (unsigned int i = 0; i < DEPTH; i++)
		again[i] = alloc_page(GFP_NOWAIT);
	preempt_enable();

	for (unsigned int i = 0; i < DEPTH; i++) {
		n += expect(x, again[i] && again[i] == freed[DEPTH - 1 - i],
			    "page %u: freed %p, got %p", i, freed[DEPTH - 1 - i],
			    again[i]);
		if (again[i])
			__free_page(again[i]);
	}
	evidence(x, "%u of %u pages came back in reverse order of freeing", n, DEPTH);
}

#define PAIRS 500

/* What the buddy and the lists before it count, at one moment. */
struct traffic {
	struct zone_info zone;
	struct pcp_info pcp;
};

static void count_traffic(enum zone_type type, struct traffic *t)
{
	zone_info(type, &t->zone);
	pcp_info(&t->pcp);
}

/* Allocates and frees one page at a time; how often there was none. */
static unsigned int steady_pairs(void)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < PAIRS; i++) {
		struct page *page = alloc_page(GFP_NOWAIT);

		if (page)
			__free_page(page);
		else
			failed++;
	}
	return failed;
}

EXPERIMENT(pcp_steady, "pcp.steady",
	   "alloc_page and __free_page in turn never reach the buddy allocator")
{
	unsigned long visits, blocks;
	struct traffic before, after;
	unsigned int failed;
	enum zone_type type;
	u64 start, end;
	struct page *page;

	preempt_disable();
	page = alloc_page(GFP_NOWAIT); /* fills the list */
	if (!expect(x, page, "no page")) {
		preempt_enable();
		return;
	}
	type = page_zonenum(page);
	__free_page(page);
	count_traffic(type, &before);
	start = ktime_get_ns();
	failed = steady_pairs();
	end = ktime_get_ns();
	count_traffic(type, &after);
	preempt_enable();

	visits = after.pcp.refills - before.pcp.refills + after.pcp.drains -
		 before.pcp.drains;
	blocks =
		after.zone.takes - before.zone.takes + after.zone.puts - before.zone.puts;
	expect(x, !failed, "%u times no page", failed);
	expect(x, !visits, "%lu refills and drains", visits);
	expect(x, !blocks, "%lu blocks taken from the buddy or put back", blocks);
	evidence(x, "%u pairs, %lu visits to the buddy, %lu ns a pair", PAIRS, visits,
		 (end - start) / PAIRS);
}
