/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: memory that caches hold is taken back through their shrinkers, by the request
 * that needs it (direct) or ahead of need by a thread of its own (background, "kswapd").
 *
 * How much is asked follows Linux: of what a shrinker says it has, the part
 * 4 / (seeks * 2^priority), where priority falls from 12 to 0 while that does not suffice;
 * what was asked for but not done (too little for a call, or forbidden to this request) is
 * remembered and added the next time.  So large caches give first, and a little; small
 * ones pay in batches; only under heavy pressure is everything asked for.
 *
 * Shrinkers sleep, so no lock is held while one runs: it is pinned, and whoever
 * unregisters it waits for the pin.  A thread inside is marked PF_MEMALLOC; its own
 * requests do not reclaim, so nothing here runs inside itself.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "mm/oom.h"
#include "mm/page_alloc.h"
#include "mm/reclaim.h"
#include "mm/trace.h"
#include "mm/zone.h"

#define DEF_PRIORITY   12
#define SHRINK_BATCH   128UL
#define ENOUGH_OBJECTS 32UL /* one direct reclaim frees */
#define MAX_FAILURES   16 /* of the background thread; then it is not woken any more */

static struct {
	spinlock_t lock; /* guards the list and each shrinker's pins and dying */
	struct list_head list;
	struct wait_queue_head unpinned;
} shrinkers = { .list = LIST_HEAD_INIT(shrinkers.list),
		.unpinned = __WAIT_QUEUE_HEAD_INITIALIZER(shrinkers.unpinned) };

static struct {
	unsigned int wanted; /* bit n: for requests whose best zone is n; atomic */
	unsigned int failures; /* sessions that freed nothing, one after another */
	unsigned int threads; /* in kswapd_run(); atomic */
	bool stop; /* kswapd_stop() was called; atomic */
	struct wait_queue_head wait;
} background = { .wait = __WAIT_QUEUE_HEAD_INITIALIZER(background.wait) };

static struct reclaim_info counts; /* atomic */

#define COUNT(what, n) ((void)__atomic_fetch_add(&counts.what, n, __ATOMIC_RELAXED))

void reclaim_reset(void)
{
	spin_lock_init(&shrinkers.lock);
	INIT_LIST_HEAD(&shrinkers.list);
	init_waitqueue_head(&shrinkers.unpinned);
	background.wanted = background.failures = background.threads = 0;
	background.stop = false;
	init_waitqueue_head(&background.wait);
	counts = (struct reclaim_info){ 0 };
}

void reclaim_get_info(struct reclaim_info *info)
{
	*info = counts;
	info->waits = memory_waits(&info->woken);
	info->oom = oom_count();
}

/* --- the register ------------------------------------------------------------------------ */

int register_shrinker(struct shrinker *shrinker, const char *name)
{
	unsigned long flags;

	if (!shrinker->count_objects || !shrinker->scan_objects)
		return -EINVAL;
	shrinker->name = name;
	shrinker->pins = 0;
	shrinker->dying = false;
	shrinker->nr_deferred = 0;
	spin_lock_irqsave(&shrinkers.lock, flags);
	list_add_tail(&shrinker->list, &shrinkers.list);
	spin_unlock_irqrestore(&shrinkers.lock, flags);
	WRITE_ONCE(background.failures, 0);
	return 0;
}

/* Takes it off the list unless somebody is at it; then nobody new begins. */
static bool try_unregister(struct shrinker *shrinker)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&shrinkers.lock, flags);
	shrinker->dying = true;
	done = !shrinker->pins;
	if (done)
		list_del_init(&shrinker->list);
	spin_unlock_irqrestore(&shrinkers.lock, flags);
	return done;
}

void unregister_shrinker(struct shrinker *shrinker)
{
	might_sleep();
	wait_event(shrinkers.unpinned, try_unregister(shrinker));
}

/* The first one after `last` (NULL: of all) that lives, pinned; NULL at the end.  The last
 * one is let go. */
static struct shrinker *next_shrinker(struct shrinker *last)
{
	struct list_head *at = last ? &last->list : &shrinkers.list;
	struct shrinker *next = NULL;
	unsigned long flags;
	bool awaited = false;

	spin_lock_irqsave(&shrinkers.lock, flags);
	for (at = at->next; !next && at != &shrinkers.list; at = at->next)
		if (!list_entry(at, struct shrinker, list)->dying)
			next = list_entry(at, struct shrinker, list);
	if (next)
		next->pins++;
	if (last)
		awaited = --last->pins == 0 && last->dying;
	spin_unlock_irqrestore(&shrinkers.lock, flags);
	if (awaited)
		wake_up_all(&shrinkers.unpinned);
	return next;
}

/* --- shrinking --------------------------------------------------------------------------- */

struct shrunk {
	unsigned long had, freed; /* objects */
};

static unsigned long count_objects(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long n = shrinker->count_objects(shrinker, sc);

	return n == SHRINK_EMPTY ? 0 : n;
}

/* The part of n objects that this much pressure asks for. */
static unsigned long pressure(const struct shrinker *shrinker, unsigned long n,
			      unsigned int priority)
{
	return shrinker->seeks ? (n >> priority) * 4 / (unsigned int)shrinker->seeks
			       : DIV_ROUND_UP(n, 2);
}

/* Old debts alone never empty a cache at once. */
static unsigned long wanted(unsigned long had, unsigned long asked,
			    unsigned long deferred)
{
	unsigned long most = asked < had / 4 ? had / 2 : 2 * had;

	return min(deferred + asked, most);
}

static void shrink_one(struct shrinker *shrinker, gfp_t gfp, unsigned int priority,
		       struct shrunk *sum)
{
	struct shrink_control sc = { .gfp_mask = gfp };
	unsigned long batch = shrinker->batch ? (unsigned long)shrinker->batch
					      : SHRINK_BATCH;
	unsigned long had = count_objects(shrinker, &sc), deferred, asked, want, done = 0;

	if (!had)
		return;
	sum->had += had;
	deferred = xchg(&shrinker->nr_deferred, 0);
	asked = pressure(shrinker, had, priority);
	want = wanted(had, asked, deferred);
	while (want >= batch || want >= had) {
		unsigned long freed;

		sc.nr_to_scan = sc.nr_scanned = min(batch, want);
		freed = shrinker->scan_objects(shrinker, &sc);
		if (freed == SHRINK_STOP)
			break;
		sum->freed += freed;
		sc.nr_scanned = max(sc.nr_scanned, 1UL);
		done += sc.nr_scanned;
		want -= min(want, sc.nr_scanned);
		cond_resched();
	}
	deferred += asked;
	deferred -= min(deferred, done);
	deferred = min(deferred, 2 * had);
	__atomic_fetch_add(&shrinker->nr_deferred, deferred, __ATOMIC_RELAXED);
}

static struct shrunk shrink_all(gfp_t gfp, unsigned int priority)
{
	unsigned int saved = memalloc_noreclaim_save();
	struct shrinker *shrinker = NULL;
	struct shrunk sum = { 0 };

	while ((shrinker = next_shrinker(shrinker)))
		shrink_one(shrinker, gfp, priority, &sum);
	memalloc_noreclaim_restore(saved);
	return sum;
}

unsigned long reclaimable_objects(void)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	unsigned int saved = memalloc_noreclaim_save();
	struct shrinker *shrinker = NULL;
	unsigned long sum = 0;

	while ((shrinker = next_shrinker(shrinker)))
		sum += count_objects(shrinker, &sc);
	memalloc_noreclaim_restore(saved);
	return sum;
}

unsigned long si_mem_available(void)
{
	return nr_free_pages() + reclaimable_objects();
}

unsigned long reclaim_direct(gfp_t gfp)
{
	unsigned long freed = 0;

	for (unsigned int priority = DEF_PRIORITY + 1;
	     priority-- && freed < ENOUGH_OBJECTS;) {
		struct shrunk got = shrink_all(gfp, priority);

		freed += got.freed;
		if (!got.had)
			break;
	}
	if (freed) {
		COUNT(direct, 1);
		COUNT(direct_freed, freed);
		WRITE_ONCE(background.failures, 0);
	}
	return freed;
}

/* --- the background thread --------------------------------------------------------------- */

void kswapd_wake(enum zone_type highest)
{
	unsigned int bit = 1U << highest;

	if (READ_ONCE(background.failures) >= MAX_FAILURES ||
	    READ_ONCE(background.wanted) & bit)
		return;
	__atomic_fetch_or(&background.wanted, bit, __ATOMIC_SEQ_CST);
	wake_up(&background.wait);
}

void kswapd_stop(void)
{
	__atomic_store_n(&background.stop, true, __ATOMIC_SEQ_CST);
	wake_up(&background.wait);
}

/* Is there a zone above its high watermark for requests whose best zone is `highest`? */
static bool is_balanced(enum zone_type highest)
{
	for (unsigned int z = 0; z <= highest; z++) {
		const struct zone *zone = &zones[z];

		if (zone->managed &&
		    zone_watermark_ok(zone, 0, zone->watermark[WMARK_HIGH], highest, 0))
			return true;
	}
	return false;
}

/* Objects freed. */
static unsigned long balance(enum zone_type highest)
{
	unsigned long freed = 0;

	for (unsigned int priority = DEF_PRIORITY + 1;
	     priority-- && !is_balanced(highest);) {
		struct shrunk got = shrink_all(GFP_KERNEL, priority);

		freed += got.freed;
		drain_local_pages();
		if (!got.had)
			break;
	}
	return freed;
}

unsigned long kswapd_sessions(void)
{
	return READ_ONCE(counts.background);
}

/* Woken, or in the middle of it: `wanted` is cleared when a session is over, unless it was
 * set again. */
bool kswapd_is_at_work(void)
{
	return READ_ONCE(background.threads) && READ_ONCE(background.wanted);
}

/* Works as `wanted` says. */
static void run_session(unsigned int wanted)
{
	unsigned long freed = balance((enum zone_type)ilog2(wanted));

	if (freed)
		WRITE_ONCE(background.failures, 0);
	else
		__atomic_fetch_add(&background.failures, 1, __ATOMIC_RELAXED);
	COUNT(background, 1);
	COUNT(background_freed, freed);
}

bool kswapd_run(void)
{
	unsigned int wanted;

	__atomic_fetch_add(&background.threads, 1, __ATOMIC_SEQ_CST);
	if (!READ_ONCE(background.wanted))
		trace_rare(TRACE_KSWAPD_SLEEP, 0, 0, 0, 0, 0, 0);
	wait_event(background.wait,
		   READ_ONCE(background.wanted) || READ_ONCE(background.stop));
	wanted = READ_ONCE(background.wanted);
	if (wanted) {
		trace_rare(TRACE_KSWAPD_WAKE, 0, 0, (u64)ilog2(wanted), 0, 0, 0);
		run_session(wanted);
		__atomic_fetch_and(&background.wanted, ~wanted, __ATOMIC_SEQ_CST);
	} else {
		__atomic_store_n(&background.stop, false, __ATOMIC_SEQ_CST);
	}
	__atomic_fetch_sub(&background.threads, 1, __ATOMIC_SEQ_CST);
	return wanted;
}
