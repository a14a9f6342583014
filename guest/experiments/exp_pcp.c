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

EXPERIMENT(pcp_steady, "pcp.steady",
	   "alloc_page and __free_page in turn never reach the buddy allocator")
{
	struct zone_info zone_before, zone_after;
	struct pcp_info before, after;
	struct page *page;
	enum zone_type type;
	u64 start, end;

	preempt_disable();
	page = alloc_page(GFP_NOWAIT); /* fills the list */
	if (!expect(x, page, "no page")) {
		preempt_enable();
		return;
	}
	type = page_zonenum(page);
	__free_page(page);
	zone_info(type, &zone_before);
	pcp_info(&before);
	start = ktime_get_ns();
	for (unsigned int i = 0; i < PAIRS; i++)
		__free_page(alloc_page(GFP_NOWAIT));
	end = ktime_get_ns();
	pcp_info(&after);
	zone_info(type, &zone_after);
	preempt_enable();

	expect(x, after.refills == before.refills && after.drains == before.drains,
	       "%lu refills, %lu drains", after.refills - before.refills,
	       after.drains - before.drains);
	expect(x,
	       zone_after.takes == zone_before.takes &&
		       zone_after.puts == zone_before.puts,
	       "%lu blocks taken from the buddy, %lu put back",
	       zone_after.takes - zone_before.takes, zone_after.puts - zone_before.puts);
	evidence(x, "%u pairs, 0 visits to the buddy, %lu ns a pair", PAIRS,
		 (end - start) / PAIRS);
}
