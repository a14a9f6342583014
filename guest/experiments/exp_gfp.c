/* SPDX-License-Identifier: MIT */
/*
 * One experiment for each flag of a memory request: what it promises, and what it does not.
 *
 * The flags say three things.  Where: which zones will do.  How hard: may the caller sleep
 * and free memory itself (__GFP_DIRECT_RECLAIM), wake the thread that does
 * (__GFP_KSWAPD_RECLAIM), start I/O, enter file systems, touch the reserve, be refused.
 * And what: cleared, compound, not from the cache.  GFP_KERNEL and its kin are the usual
 * combinations.
 *
 * Witnesses: memory that is down to the minimum, so that only the flag decides; a cache
 * that notes who came to shrink it, and with which flags; the allocator's own counts.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>

#include <guest/context.h>
#include <mm/reclaim.h>

#include "experiment.h"
#include "pressure.h"

#define CHAPTER CHAPTER_GFP

#define LARDER	 64 /* pages */
#define QUIET(f) ((f) | __GFP_NOWARN)

/* Whether a request for one page succeeds; the page is given back. */
static bool can_have(gfp_t gfp)
{
	struct page *page = alloc_page(QUIET(gfp));

	if (page)
		__free_page(page);
	return page;
}

static struct reclaim_info reclaim_now(void)
{
	struct reclaim_info info;

	reclaim_get_info(&info);
	return info;
}

/* The zone of a page had with these flags; MAX_NR_ZONES without one. */
static enum zone_type zone_of(gfp_t gfp)
{
	struct page *page = alloc_page(QUIET(gfp));
	enum zone_type zone = page ? page_zonenum(page) : MAX_NR_ZONES;

	if (page)
		__free_page(page);
	return zone;
}

/* --- may it sleep? ---------------------------------------------------------------------- */

/* A sleeping request with preemption off is caught; NULL, though memory is there. */
static void must_be_caught(struct trial *x, gfp_t gfp, const char *name)
{
	bool got;

	context_violations_expect(1);
	preempt_disable();
	got = can_have(gfp);
	preempt_enable();
	expect(x, !context_violations_outstanding(), "%s was not caught", name);
	expect(x, !got, "%s was served in atomic context", name);
}

/* With memory at its minimum and a cache that would give some: has this thread shrunk it,
 * and with which flags?  The background thread is left out, or it would be faster. */
static bool ask_larder(struct trial *x, struct larder *larder, gfp_t gfp, gfp_t needs)
{
	LIST_HEAD(held);
	bool got;

	larder_open(x, larder, LARDER, needs);
	press(&held, 0);
	got = can_have(gfp & ~__GFP_KSWAPD_RECLAIM);
	larder_close(larder);
	relieve(&held);
	return got;
}

EXPERIMENT(
	gfp_kernel, "gfp.kernel",
	"GFP_KERNEL may sleep: it frees memory for itself, and is caught where it may not")
{
	struct larder larder;
	bool got;

	if (too_much_memory(x))
		return;
	got = ask_larder(x, &larder, GFP_KERNEL, 0);
	expect(x, got, "no page, with %u in a cache", LARDER);
	expect(x, larder.visits, "it did not shrink the cache itself");
	must_be_caught(x, GFP_KERNEL, "GFP_KERNEL");
	evidence(x, "memory at its minimum: %u visits of a cache, then a page",
		 larder.visits);
	evidence(x, "with preemption off: NULL, and a report");
}

EXPERIMENT(gfp_user, "gfp.user",
	   "GFP_USER is GFP_KERNEL with a hint: the same zones, and it sleeps")
{
	struct larder larder;
	bool got;

	if (too_much_memory(x))
		return;
	got = ask_larder(x, &larder, GFP_USER, 0);
	expect(x, GFP_USER == (GFP_KERNEL | __GFP_HARDWALL), "other flags: %#x",
	       GFP_USER);
	expect(x, got && larder.visits, "page: %d, visits %u", got, larder.visits);
	expect(x, zone_of(GFP_USER) == zone_of(GFP_KERNEL), "other zones");
	must_be_caught(x, GFP_USER, "GFP_USER");
	evidence(x, "__GFP_HARDWALL more; zone %s as GFP_KERNEL, %u visits of a cache",
		 zone_name(zone_of(GFP_USER)), larder.visits);
}

#define SOME 16

EXPERIMENT(
	gfp_atomic, "gfp.atomic",
	"GFP_ATOMIC works with interrupts off, never shrinks, and has part of the reserve")
{
	struct larder larder;
	unsigned int got, ordinary;
	unsigned long flags;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	larder_open(x, &larder, LARDER, 0);
	press(&held, 0);
	local_irq_save(flags);
	ordinary = take_pages_quietly(&held, 0, SOME);
	got = take_pages_quietly(&held, GFP_ATOMIC & ~__GFP_KSWAPD_RECLAIM, SOME);
	local_irq_restore(flags);
	expect(x, got == SOME, "%u of %u pages", got, SOME);
	expect(x, !ordinary, "%u pages without the flag", ordinary);
	expect(x, !larder.visits, "%u visits of a cache", larder.visits);
	larder_close(&larder);
	relieve(&held);
	evidence(x,
		 "interrupts off, memory at its minimum: %u of %u pages, others got %u",
		 got, SOME, ordinary);
}

EXPERIMENT(
	gfp_nowait, "gfp.nowait",
	"GFP_NOWAIT neither sleeps nor has the reserve: it calls the thread, and fails")
{
	struct reclaim_info before, after;
	unsigned int ms = 0;
	LIST_HEAD(held);
	bool got;

	if (too_much_memory(x))
		return;
	press(&held, 0);
	before = reclaim_now();
	preempt_disable();
	got = can_have(GFP_NOWAIT);
	preempt_enable();
	do {
		msleep(1);
		after = reclaim_now();
	} while (after.background == before.background && ms++ < 200);
	relieve(&held);
	expect(x, !got, "it got a page of the reserve");
	expect(x, after.background > before.background, "the thread was not woken");
	expect(x, after.direct == before.direct, "it reclaimed itself");
	evidence(x,
		 "preemption off, memory at its minimum: NULL, and the thread was woken");
}

/* What GFP_NOFS and GFP_NOIO have in common: they shrink, but not everything. */
static void check_scope(struct trial *x, gfp_t gfp, gfp_t forbidden, const char *name)
{
	struct larder larder;
	bool got;

	while (reclaim_direct(GFP_KERNEL))
		; /* what others could give */
	got = ask_larder(x, &larder, gfp | __GFP_NORETRY, forbidden);
	expect(x, !got, "%s got a page of the cache", name);
	expect(x, larder.visits, "%s did not try to shrink", name);
	expect(x, !(larder.seen & forbidden), "%s shrank with %#x", name, larder.seen);
	evidence(x, "%s: %u visits of the cache, all refused, then NULL", name,
		 larder.visits);
}

EXPERIMENT(gfp_nofs, "gfp.nofs",
	   "GFP_NOFS never enters a shrinker that may take a file system's locks")
{
	unsigned int saved;

	if (too_much_memory(x))
		return;
	check_scope(x, GFP_NOFS, __GFP_FS, "GFP_NOFS");
	saved = memalloc_nofs_save();
	check_scope(x, GFP_KERNEL, __GFP_FS, "GFP_KERNEL in a nofs scope");
	memalloc_nofs_restore(saved);
}

EXPERIMENT(gfp_noio, "gfp.noio", "GFP_NOIO never enters a shrinker that would start I/O")
{
	unsigned int saved;

	if (too_much_memory(x))
		return;
	check_scope(x, GFP_NOIO, __GFP_IO, "GFP_NOIO");
	saved = memalloc_noio_save();
	check_scope(x, GFP_KERNEL, __GFP_IO, "GFP_KERNEL in a noio scope");
	memalloc_noio_restore(saved);
}

/* --- where? ----------------------------------------------------------------------------- */

/* The highest byte of some blocks that were had with these flags. */
static phys_addr_t highest_byte(gfp_t gfp)
{
	phys_addr_t top = 0;
	struct page *page;
	LIST_HEAD(held);

	take_pages_quietly(&held, gfp, SOME);
	list_for_each_entry (page, &held, lru)
		top = max(top, page_to_phys(page) + PAGE_SIZE - 1);
	relieve(&held);
	return top;
}

EXPERIMENT(gfp_dma, "gfp.dma", "__GFP_DMA: below 16 MiB, always")
{
	phys_addr_t top = highest_byte(GFP_KERNEL | __GFP_DMA);

	expect(x, top && top < 16UL << 20, "%#lx", top);
	expect(x, zone_of(GFP_ATOMIC | GFP_DMA) == ZONE_DMA, "GFP_ATOMIC | GFP_DMA");
	evidence(x, "%u pages up to %#lx; GFP_KERNEL alone up to %#lx", SOME, top,
		 highest_byte(GFP_KERNEL));
}

EXPERIMENT(gfp_dma32, "gfp.dma32", "__GFP_DMA32: below 4 GiB, always")
{
	phys_addr_t top = highest_byte(GFP_KERNEL | __GFP_DMA32);

	expect(x, top && top < 4UL << 30, "%#lx", top);
	evidence(x, "%u pages up to %#lx; RAM ends at %#lx", SOME, top,
		 PFN_PHYS(max_pfn) - 1);
}

EXPERIMENT(gfp_highmem, "gfp.highmem",
	   "__GFP_HIGHMEM allows high memory, but does not ask for it")
{
	enum zone_type zone = zone_of(GFP_KERNEL | __GFP_HIGHMEM);
	enum zone_type want = totalhigh_pages() ? ZONE_HIGHMEM : zone_of(GFP_KERNEL);
	unsigned long low;

	expect(x, zone == want, "zone %s", zone_name(zone));
	low = __get_free_page(GFP_KERNEL | __GFP_HIGHMEM);
	expect(x, low && virt_addr_valid((void *)low), "no direct-map address: %#lx",
	       low);
	free_page(low);
	evidence(x, "%lu pages of high memory: zone %s", totalhigh_pages(),
		 zone_name(zone));
	evidence(x, "__get_free_page() drops the flag: its answer is an address");
}

EXPERIMENT(gfp_highuser, "gfp.highuser",
	   "GFP_HIGHUSER: for a process, high memory first, and it may sleep")
{
	enum zone_type zone = zone_of(GFP_HIGHUSER);
	enum zone_type want = totalhigh_pages() ? ZONE_HIGHMEM : zone_of(GFP_USER);

	expect(x, GFP_HIGHUSER == (GFP_USER | __GFP_HIGHMEM), "%#x", GFP_HIGHUSER);
	expect(x, zone == want, "zone %s", zone_name(zone));
	must_be_caught(x, GFP_HIGHUSER, "GFP_HIGHUSER");
	evidence(x, "zone %s; with preemption off: NULL, and a report", zone_name(zone));
}

/* --- how hard? -------------------------------------------------------------------------- */

EXPERIMENT(gfp_high, "gfp.high",
	   "__GFP_HIGH may use half of what is kept for emergencies")
{
	unsigned long min = 0, half = 0, left = 0;
	unsigned int plain, high;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	press(&held, 0);
	plain = take_pages_quietly(&held, 0, SOME);
	high = take_pages_quietly(&held, __GFP_HIGH, SOME);
	press(&held, __GFP_HIGH);
	for (unsigned int z = 0; z <= ZONE_NORMAL; z++) {
		struct zone_info info;

		zone_info((enum zone_type)z, &info);
		if (info.managed <= info.lowmem_reserve[ZONE_NORMAL])
			continue; /* it keeps everything for its own */
		min += info.watermark[WMARK_MIN];
		half += info.watermark[WMARK_MIN] / 2;
		left += info.free - min(info.free, info.lowmem_reserve[ZONE_NORMAL]);
	}
	relieve(&held);
	expect(x, !plain && high == SOME, "%u pages without it, %u with it", plain, high);
	expect(x, left >= half, "it left %lu pages of %lu", left, min);
	evidence(x, "at the minimum: %u pages without it, %u with it", plain, high);
	evidence(x, "it stops with %lu of %lu pages left", left, min);
}

EXPERIMENT(gfp_nomemalloc, "gfp.nomemalloc",
	   "__GFP_NOMEMALLOC keeps even who frees memory off the reserve")
{
	unsigned int saved, with, without;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	press(&held, 0);
	saved = memalloc_noreclaim_save();
	without = take_pages_quietly(&held, __GFP_NOMEMALLOC, SOME);
	with = take_pages_quietly(&held, 0, SOME);
	memalloc_noreclaim_restore(saved);
	without += take_pages_quietly(&held, __GFP_MEMALLOC | __GFP_NOMEMALLOC, SOME);
	relieve(&held);
	expect(x, with == SOME, "PF_MEMALLOC got %u of %u pages", with, SOME);
	expect(x, !without, "%u pages in spite of it", without);
	evidence(x, "at the minimum a thread that frees memory got %u pages, with it %u",
		 with, without);
}

EXPERIMENT(gfp_nowarn, "gfp.nowarn", "a failure is reported, with __GFP_NOWARN it is not")
{
	unsigned long before, quiet, loud;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	press(&held, 0);
	before = page_alloc_failures();
	expect(x, !alloc_pages(__GFP_NOWARN, 3), "there is memory");
	quiet = page_alloc_failures() - before;
	printk("# gfp.nowarn: the report that follows is provoked\n");
	expect(x, !alloc_pages(__GFP_HARDWALL, 3), "there is memory");
	loud = page_alloc_failures() - before - quiet;
	relieve(&held);
	expect(x, !quiet && loud == 1, "%lu reports with it, %lu without", quiet, loud);
	evidence(x, "two failures, %lu report", quiet + loud);
}

/* Direct reclaims that one failing request makes, of a cache that always claims to have
 * freed something. */
static unsigned long attempts(struct trial *x, gfp_t gfp, unsigned int order)
{
	struct reclaim_info before, after;
	struct larder larder;
	struct page *page;
	LIST_HEAD(held);

	while (reclaim_direct(GFP_KERNEL))
		; /* what others could give would be memory */
	larder_open(x, &larder, 0, 0);
	press(&held, 0);
	larder.claims = 64;
	before = reclaim_now();
	page = alloc_pages(QUIET(gfp) & ~__GFP_KSWAPD_RECLAIM, order);
	after = reclaim_now();
	larder_close(&larder);
	relieve(&held);
	if (!expect(x, !page, "order %u was there", order))
		__free_pages(page, order);
	return after.direct - before.direct;
}

EXPERIMENT(gfp_noretry, "gfp.noretry", "__GFP_NORETRY reclaims once and gives up")
{
	unsigned long once;

	if (too_much_memory(x))
		return;
	once = attempts(x, GFP_KERNEL | __GFP_NORETRY, 0);
	expect(x, once == 1, "%lu attempts", once);
	evidence(x, "%lu attempt for a page that never comes", once);
}

EXPERIMENT(
	gfp_retry_mayfail, "gfp.retry-mayfail",
	"__GFP_RETRY_MAYFAIL (__GFP_REPEAT) tries hard for a large block, and may fail")
{
	unsigned long hard, plain;

	if (too_much_memory(x))
		return;
	plain = attempts(x, GFP_KERNEL, 4);
	hard = attempts(x, GFP_KERNEL | __GFP_RETRY_MAYFAIL, 4);
	expect(x, __GFP_REPEAT == __GFP_RETRY_MAYFAIL, "the old name differs");
	expect(x, plain == 1 && hard > 8, "%lu and %lu attempts", plain, hard);
	evidence(x, "64 KiB: %lu attempt, with it %lu, then NULL", plain, hard);
}

/* Gives memory back after a while. */
struct giver {
	struct list_head held;
	unsigned long waits; /* sleeps of requests, before */
};

static int give_later(void *data)
{
	struct giver *giver = data;

	while (reclaim_now().waits == giver->waits && !kthread_should_stop())
		msleep(1);
	relieve(&giver->held);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

EXPERIMENT(gfp_nofail, "gfp.nofail",
	   "__GFP_NOFAIL sleeps until there is memory, however long that takes")
{
	struct giver giver = { .held = LIST_HEAD_INIT(giver.held) };
	struct task_struct *task;
	struct page *page;
	LIST_HEAD(rest);

	if (too_much_memory(x))
		return;
	task = kthread_create(give_later, &giver, "giver");
	if (!expect(x, !IS_ERR(task), "no thread"))
		return;
	giver.waits = reclaim_now().waits;
	press(&giver.held, 0);
	press(&rest, __GFP_MEMALLOC);
	wake_up_process(task);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	evidence(x, "with no page left it slept %lu times",
		 reclaim_now().waits - giver.waits);
	expect(x, page, "it failed");
	expect(x, reclaim_now().waits > giver.waits, "it did not sleep");
	kthread_stop(task);
	relieve(&rest);
	if (page)
		__free_page(page);
	evidence(x, "another thread freed memory, and it got its page");
}

/* --- what? ------------------------------------------------------------------------------ */

static unsigned long words_not_zero(struct page *page)
{
	const u64 *word = kmap_local_page(page), *end = word + PAGE_SIZE / sizeof(u64);
	unsigned long n = 0;

	for (const u64 *at = word; at < end; at++)
		n += *at != 0;
	kunmap_local(word);
	return n;
}

EXPERIMENT(gfp_zero, "gfp.zero",
	   "__GFP_ZERO: every byte is zero; without it nothing is said")
{
	struct page *page = alloc_pages(GFP_HIGHUSER, 1), *again, *dirty;
	unsigned long wrong = 0, stale = 0;

	if (!expect(x, page, "no memory"))
		return;
	memset_page(page, 0, 0x5a, PAGE_SIZE);
	memset_page(page + 1, 0, 0x5a, PAGE_SIZE);
	__free_pages(page, 1);
	dirty = alloc_pages(GFP_HIGHUSER, 1);
	if (dirty == page)
		stale = words_not_zero(dirty);
	if (dirty)
		__free_pages(dirty, 1);
	again = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 1);
	if (!expect(x, again, "no memory"))
		return;
	wrong = words_not_zero(again) + words_not_zero(again + 1);
	expect(x, !wrong, "%lu words are not zero", wrong);
	__free_pages(again, 1);
	evidence(x, "8 KiB that were dirty: %lu words not zero", wrong);
	evidence(x, "without it the first page still had %lu old words", stale);
}

EXPERIMENT(gfp_cold, "gfp.cold", "__GFP_COLD leaves the pages that are warm in the cache")
{
	struct page *freed, *cold, *warm;

	preempt_disable();
	freed = alloc_page(GFP_NOWAIT);
	if (freed)
		__free_page(freed);
	cold = alloc_page(GFP_NOWAIT | __GFP_COLD);
	warm = alloc_page(GFP_NOWAIT);
	preempt_enable();
	expect(x, freed && cold && warm, "no memory");
	expect(x, cold != freed, "it took the page that was freed last");
	expect(x, warm == freed, "an ordinary request did not");
	evidence(x, "freed frame %#lx; with it %#lx, without %#lx", page_to_pfn(freed),
		 page_to_pfn(cold), page_to_pfn(warm));
	if (cold)
		__free_page(cold);
	if (warm)
		__free_page(warm);
}

EXPERIMENT(gfp_comp, "gfp.comp",
	   "__GFP_COMP: a block is one unit, and any page leads to it")
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	struct page *plain = alloc_pages(GFP_KERNEL, 3);
	unsigned int heads = 0;

	if (expect(x, page && plain, "no memory")) {
		for (unsigned int i = 0; i < 8; i++)
			heads += compound_head(page + i) == page;
		expect(x, heads == 8, "%u of 8 pages lead to the head", heads);
		expect(x, page_size(page) == 8 * PAGE_SIZE && PageTail(page + 5),
		       "it has %zu bytes", page_size(page));
		expect(x, !PageCompound(plain), "an ordinary block is compound, too");
		get_page(page + 5);
		__free_pages(page, 3);
		expect(x, page_count(page) == 1, "%d references", page_count(page));
		put_page(page + 2);
		page = NULL;
		evidence(x, "8 of 8 pages lead to the head, which counts the references");
		evidence(x, "put_page() of a tail freed all 32 KiB");
	}
	if (page)
		__free_pages(page, 3);
	if (plain)
		__free_pages(plain, 3);
}

/* --- what may not be --------------------------------------------------------------------- */

EXPERIMENT(gfp_forbidden, "gfp.forbidden",
	   "combinations that contradict themselves are reported, not obeyed in silence")
{
	static const struct {
		gfp_t gfp;
		unsigned int order;
		bool served;
	} cases[] = {
		{ GFP_KERNEL | __GFP_DMA | __GFP_HIGHMEM, 0, false },
		{ GFP_KERNEL | __GFP_DMA | __GFP_DMA32, 0, false },
		{ GFP_KERNEL | __GFP_DMA32 | __GFP_HIGHMEM, 0, false },
		{ GFP_KERNEL | __GFP_MOVABLE | __GFP_RECLAIMABLE, 0, false },
		{ GFP_NOWAIT | __GFP_NOFAIL, 0, true },
		{ GFP_KERNEL | __GFP_NOFAIL, 2, true },
		{ GFP_KERNEL | __GFP_ATOMIC, 5, true },
	};
	unsigned long before = page_alloc_bad_count();

	provoke(x, ARRAY_SIZE(cases));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct page *page = alloc_pages(cases[i].gfp, cases[i].order);

		expect(x, cases[i].served == (page != NULL), "case %u: %p", i, page);
		expect(x, page_alloc_bad_count() == before + i + 1,
		       "case %u was not reported", i);
		if (page)
			__free_pages(page, cases[i].order);
	}
	evidence(x, "%lu of %zu reported; zones that exclude each other get nothing",
		 page_alloc_bad_count() - before, ARRAY_SIZE(cases));
}
