/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: memory that caches hold on to is given back when it is needed.
 *
 * A cache registers a shrinker, two functions: how much is there, and free some of it.
 * They are called by a request that finds no memory and may sleep (direct reclaim), or
 * ahead of need by a thread (kswapd) that is woken when a zone falls below its low
 * watermark and works until one is above its high one.  Requests that may not sleep profit
 * from that thread alone.
 *
 * Witnesses: what the cache was asked, and the counts of both kinds of reclaim.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/shrinker.h>

#include "experiment.h"
#include "pressure.h"

#define CHAPTER CHAPTER_RECLAIM

#define LARDER 200 /* pages */

EXPERIMENT(
	reclaim_shrinker, "reclaim.shrinker",
	"a request that may sleep gets what a cache gives back, one that may not does not")
{
	struct reclaim_info before, after;
	unsigned int atomic, got;
	struct larder larder;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	larder_open(x, &larder, LARDER, 0);
	press(&held, 0);
	reclaim_get_info(&before);
	atomic = take_pages_quietly(&held, 0, 1);
	expect(x, !atomic && !larder.visits, "%u visits for one that may not sleep",
	       larder.visits);
	got = take_pages_quietly(&held, __GFP_DIRECT_RECLAIM, LARDER / 2);
	reclaim_get_info(&after);
	expect(x, got == LARDER / 2, "%u of %u pages", got, LARDER / 2);
	expect(x, larder.visits > 0, "nobody asked the cache");
	evidence(x, "%u pages for requests that may sleep, none for others", got);
	evidence(x, "%u visits of the cache freed %lu of its %u pages", larder.visits,
		 LARDER - larder.nr, LARDER);
	evidence(x, "%lu direct reclaims", after.direct - before.direct);
	expect(x, after.direct > before.direct, "no direct reclaim was counted");
	larder_close(&larder);
	relieve(&held);
}

#define PATIENCE_MS 10000 /* only a failure takes that long */

/* Zones are above their high watermark for ordinary requests: one is enough. */
static bool is_balanced(void)
{
	for (unsigned int z = 0; z <= ZONE_NORMAL; z++) {
		struct zone_info info;

		zone_info((enum zone_type)z, &info);
		if (info.managed &&
		    info.free - info.free_cma >
			    info.watermark[WMARK_HIGH] + info.lowmem_reserve[ZONE_NORMAL])
			return true;
	}
	return false;
}

/* Pages from where ordinary requests stop to the high watermark, in all zones. */
static unsigned int high_minus_min(void)
{
	unsigned long pages = 0;

	for (unsigned int z = 0; z <= ZONE_NORMAL; z++) {
		struct zone_info info;

		zone_info((enum zone_type)z, &info);
		pages += info.watermark[WMARK_HIGH] - info.watermark[WMARK_MIN];
	}
	return (unsigned int)pages;
}

/* Enough is free, and the thread's turn is over, for then it counts it. */
static bool is_done(unsigned long turns)
{
	struct reclaim_info info;

	reclaim_get_info(&info);
	return is_balanced() && info.background > turns;
}

EXPERIMENT(reclaim_background, "reclaim.background",
	   "below `low` a thread is woken that frees memory up to `high`, for all")
{
	unsigned int size = 2 * high_minus_min() + LARDER, ms = 0, first, got;
	struct reclaim_info before, after;
	struct larder larder;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	larder_open(x, &larder, size, 0);
	press(&held, 0);
	reclaim_get_info(&before);
	expect(x, !is_balanced(), "memory is not short");
	/* It may not sleep, and it may not touch the reserve: all it can do is call.  (With one
	 * CPU the thread may be done before the call returns.) */
	first = take_pages_quietly(&held, GFP_NOWAIT, 1);
	while (!is_done(before.background) && ms++ < PATIENCE_MS)
		msleep(1);
	expect(x, is_balanced(), "still below high after %u ms", ms);
	got = take_pages_quietly(&held, GFP_NOWAIT, LARDER / 4);
	reclaim_get_info(&after);
	expect(x, !first || after.background > before.background,
	       "it got a page at once");
	expect(x, got == LARDER / 4, "%u of %u pages then", got, LARDER / 4);
	expect(x, !larder.visits && larder.others, "visits: own %u, of others %u",
	       larder.visits, larder.others);
	expect(x, after.direct == before.direct, "%lu direct reclaims",
	       after.direct - before.direct);
	expect(x, after.background > before.background, "the thread did not work");
	evidence(x, "GFP_NOWAIT at min: %u pages, and the thread freed %lu of %u", first,
		 size - larder.nr, size);
	evidence(x, "after which it got %u of %u", got, LARDER / 4);
	larder_close(&larder);
	relieve(&held);
}
