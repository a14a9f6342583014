/* SPDX-License-Identifier: MIT */
/*
 * What a request does when all zones are below their low watermark.  In this order:
 *
 *   everyone		wakes the background reclaim; takes down to the minimum
 *   urgent ones	part of the minimum (__GFP_HIGH a half, __GFP_ATOMIC a quarter of the
 *			rest, PF_MEMALLOC and __GFP_MEMALLOC all)
 *   who may sleep	collects what CPUs hold; for more than a page, moves others aside
 *			(compaction); frees memory through the shrinkers; waits for
 *			the background thread while there is something that only it can free;
 *			in the end asks the OOM notifiers and killer
 *   __GFP_NOFAIL	all over again
 *
 * A thread that sleeps here is woken by the next block that goes back to its zone: while
 * there are sleepers, HOOK_WAIT keeps frees off the fast path.
 */
#include <linux/compaction.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/wait.h>
#include "mm/oom.h"
#include "mm/page_alloc.h"
#include "mm/reclaim.h"
#include "mm/trace.h"
#include "mm/zone.h"

/* A round without progress makes a request this much more tired; one in which the background
 * thread was busy all the time, only by 1.  It gives up when it is exhausted. */
#define IDLE_ROUND 10
#define EXHAUSTED  (16 * IDLE_ROUND)
/* __GFP_NOFAIL sleeps so many times, one tick each, while nobody in the whole system gives
 * anything back; then the system is dead, and it is better to say so. */
#define NOFAIL_PATIENCE 1000

static struct {
	spinlock_t lock; /* guards waiters and the change of HOOK_WAIT with it */
	unsigned int waiters;
	unsigned long came_free; /* blocks, while there were waiters; atomic */
	unsigned long waits,
		woken; /* sleeps, since boot, and those that a free ended; atomic */
	struct wait_queue_head wait;
} memory = { .wait = __WAIT_QUEUE_HEAD_INITIALIZER(memory.wait) };

void retry_reset(void)
{
	memory.waiters = 0;
	memory.came_free = memory.waits = memory.woken = 0;
	spin_lock_init(&memory.lock);
	init_waitqueue_head(&memory.wait);
}

unsigned long memory_waits(unsigned long *woken)
{
	*woken = READ_ONCE(memory.woken);
	return READ_ONCE(memory.waits);
}

/* --- waiting ---------------------------------------------------------------------------- */

void memory_came_free(void)
{
	__atomic_fetch_add(&memory.came_free, 1, __ATOMIC_RELEASE);
	wake_up(&memory.wait);
}

static void count_waiter(int change)
{
	unsigned long flags;

	spin_lock_irqsave(&memory.lock, flags);
	memory.waiters += (unsigned int)change;
	page_alloc_hook(HOOK_WAIT, memory.waiters);
	spin_unlock_irqrestore(&memory.lock, flags);
}

/* Sleeps until a block comes free, for one tick at most.  True when one did. */
static bool wait_for_memory(void)
{
	unsigned long seen = READ_ONCE(memory.came_free);

	count_waiter(1);
	__atomic_fetch_add(&memory.waits, 1, __ATOMIC_RELAXED);
	wait_event_timeout(memory.wait, READ_ONCE(memory.came_free) != seen, 1);
	count_waiter(-1);
	if (READ_ONCE(memory.came_free) == seen)
		return false;
	__atomic_fetch_add(&memory.woken, 1, __ATOMIC_RELAXED);
	return true;
}

/* --- one request ------------------------------------------------------------------------ */

/* How it has gone so far. */
struct effort {
	unsigned int tired; /* of rounds without progress, one after another */
	unsigned int silent; /* sleeps in which nobody freed anything */
	unsigned long freed; /* objects, in this round */
	enum compact_priority compaction; /* how much of it, in this round */
};

static unsigned int reserve_flags(gfp_t gfp)
{
	unsigned int flags = 0;

	if (gfp & __GFP_HIGH)
		flags |= ALLOC_HIGH;
	if (gfp & __GFP_NOMEMALLOC)
		return flags;
	if (gfp & __GFP_ATOMIC)
		flags |= ALLOC_HARDER;
	if ((gfp & __GFP_MEMALLOC) || (memalloc_flags() & PF_MEMALLOC))
		flags |= ALLOC_NO_WATERMARKS;
	return flags;
}

/* Is another round worth it?  While there is progress; and while there is something that
 * the background thread may free, for a few rounds. */
static bool may_retry(const struct alloc_request *req, struct effort *effort)
{
	unsigned long sessions;

	if (req->gfp & __GFP_NORETRY)
		return false;
	if (req->order > COSTLY_ORDER && !(req->gfp & __GFP_RETRY_MAYFAIL))
		return false;
	if (effort->freed) {
		effort->tired = req->order > COSTLY_ORDER ? effort->tired + IDLE_ROUND
							  : 0;
		return effort->tired < EXHAUSTED;
	}
	if (effort->tired >= EXHAUSTED || !reclaimable_objects())
		return false;
	sessions = kswapd_sessions();
	wait_for_memory();
	effort->tired +=
		kswapd_sessions() == sessions && kswapd_is_at_work() ? 1 : IDLE_ROUND;
	return true;
}

/* The end of those that may not simply fail.  True when somebody gives, or gave, memory. */
static bool may_oom(const struct alloc_request *req)
{
	if (!(req->gfp & __GFP_FS) || (req->gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL)))
		return false;
	/* Nobody is ended for a block that there may never be, or for a few low pages. */
	if (req->order > COSTLY_ORDER || req->zone < ZONE_NORMAL)
		return false;
	if (!out_of_memory(req->gfp, req->order))
		return false;
	wait_for_memory();
	return true;
}

static void nofail_wait(struct alloc_request *req, struct effort *effort)
{
	req->alloc_flags |= ALLOC_HARDER;
	if (wait_for_memory() || effort->freed)
		effort->silent = 0;
	else if (++effort->silent > NOFAIL_PATIENCE)
		panic("out of memory: __GFP_NOFAIL, order %u, and nothing comes free",
		      req->order);
}

static void wake_background(const struct alloc_request *req)
{
	if (req->gfp & __GFP_KSWAPD_RECLAIM)
		kswapd_wake(req->zone);
}

/* Where free memory is in pieces too small for the request: joins some. */
static struct page *take_compacted(const struct alloc_request *req,
				   enum compact_priority prio)
{
	if (!req->order ||
	    try_to_compact_pages(req->gfp, req->order, prio) != COMPACT_SUCCESS)
		return NULL;
	return take_pages(req, WMARK_MIN);
}

/* The caller may sleep. */
static struct page *take_with_reclaim(struct alloc_request *req)
{
	struct effort effort = { .compaction = COMPACT_PRIO_SYNC_LIGHT };

	for (;;) {
		struct page *page;

		drain_all_pages();
		page = take_pages(req, WMARK_MIN);
		if (!page)
			page = take_compacted(req, COMPACT_PRIO_ASYNC);
		if (page)
			return page;
		trace_rare(TRACE_DIRECT_RECLAIM_BEGIN, req->caller, req->order, req->gfp,
			   0, 0, 0);
		effort.freed = reclaim_direct(req->gfp);
		trace_rare(TRACE_DIRECT_RECLAIM_END, req->caller, effort.freed, 0, 0, 0,
			   0);
		if (effort.freed)
			page = take_pages(req, WMARK_MIN);
		if (!page && !(req->gfp & __GFP_NORETRY))
			page = take_compacted(req, effort.compaction);
		if (page)
			return page;
		effort.compaction = COMPACT_PRIO_SYNC_FULL;
		wake_background(req);
		if (may_retry(req, &effort) || may_oom(req))
			continue;
		/* Who gave memory may have ended after the last look, and nobody is left. */
		if (!(req->gfp & __GFP_NOFAIL))
			return take_pages(req, WMARK_MIN);
		nofail_wait(req, &effort);
	}
}

struct page *take_below_low(struct alloc_request *req)
{
	struct page *page;

	wake_background(req);
	req->gfp = current_gfp_context(req->gfp);
	req->alloc_flags = reserve_flags(req->gfp);
	page = take_pages(req, WMARK_MIN);
	if (page || !(req->gfp & __GFP_DIRECT_RECLAIM))
		return page;
	/* Who is freeing memory already cannot wait for itself. */
	if (memalloc_flags() & PF_MEMALLOC) {
		if (req->gfp & __GFP_NOFAIL)
			report_bad_request(req, "__GFP_NOFAIL inside of reclaim");
		return NULL;
	}
	return take_with_reclaim(req);
}
