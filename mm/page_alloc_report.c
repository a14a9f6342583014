/* SPDX-License-Identifier: MIT */
/* What the page allocator prints about calls: failures, refusals, bad pages. */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include "mm/page_alloc.h"

/* Linux's DEFAULT_RATELIMIT: ten reports in five seconds. */
#define REPORT_INTERVAL (5 * HZ)
#define REPORT_BURST	10

static atomic_long_t bad_calls, failures;

static struct {
	spinlock_t lock; /* guards the next two */
	unsigned long begin; /* of the interval, in jiffies */
	unsigned int printed; /* in it */
	unsigned long missed; /* since the last one was printed; atomic */
} limit;

void report_reset(void)
{
	atomic_long_set(&bad_calls, 0);
	atomic_long_set(&failures, 0);
	limit.begin = limit.missed = 0;
	limit.printed = 0;
	spin_lock_init(&limit.lock);
}

unsigned long page_alloc_bad_count(void)
{
	return (unsigned long)atomic_long_read(&bad_calls);
}

unsigned long page_alloc_failures(void)
{
	return (unsigned long)atomic_long_read(&failures);
}

/* --- failures --------------------------------------------------------------------------- */

/* As Linux's ___ratelimit(): in each interval so many are printed in full. */
static bool may_print(void)
{
	unsigned long flags, now = jiffies;
	bool may;

	spin_lock_irqsave(&limit.lock, flags);
	if (now - limit.begin >= REPORT_INTERVAL) {
		limit.begin = now;
		limit.printed = 0;
	}
	may = limit.printed < REPORT_BURST;
	limit.printed += may;
	limit.missed += !may;
	spin_unlock_irqrestore(&limit.lock, flags);
	return may;
}

/* How many reports were left out before this one, once. */
static void tell_missed(void)
{
	unsigned long missed = __atomic_exchange_n(&limit.missed, 0, __ATOMIC_RELAXED);

	if (missed)
		pr_warn("page allocator: %lu reports left out\n", missed);
}

void report_alloc_failure(const struct alloc_request *req)
{
	char names[GFP_NAMES_MAX];

	atomic_long_inc(&failures);
	if (!may_print())
		return;
	tell_missed();
	pr_warn("%s: page allocation failure: order:%u, mode:%#x(%s), nodemask=(null), "
		"from %pS\n",
		task_name(current), req->order, req->gfp,
		gfp_names(req->gfp, names, sizeof(names)), (void *)req->caller);
	dump_stack();
	show_mem();
}

void report_bad_request(const struct alloc_request *req, const char *why)
{
	char names[GFP_NAMES_MAX];

	if (req->gfp & __GFP_NOWARN)
		return;
	atomic_long_inc(&bad_calls);
	if (!may_print())
		return;
	tell_missed();
	pr_warn("BUG: alloc_pages: order %u, %s: %s, from %pS\n", req->order,
		gfp_names(req->gfp, names, sizeof(names)), why, (void *)req->caller);
	dump_stack();
}

/* --- bad pages -------------------------------------------------------------------------- */

void report_bad_page(const struct page *page, const char *why, unsigned long caller)
{
	atomic_long_inc(&bad_calls);
	if (page)
		pr_err("BUG: bad page %#lx: %s, by %pS; flags %#x order %u count %d\n",
		       page_to_pfn(page), why, (void *)caller, page->flags,
		       page_order(page), atomic_read(&page->_refcount));
	else
		pr_err("BUG: %s, by %pS\n", why, (void *)caller);
	dump_stack();
	if (page)
		dump_page_owner(page);
}
