/* SPDX-License-Identifier: MIT */
/* Shrinkers, the background thread, waiting for memory, and the end of it. */
#include <linux/highmem.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include "page_test.h"
#include "mm/oom.h"
#include "mm/page_alloc.h"
#include "mm/reclaim.h"
#include "mm/slab_info.h"

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	return 0;
}

/* A cache of single pages under a lock, as a file system has them. */
struct store {
	struct shrinker shrinker;
	spinlock_t lock;
	struct page *pages; /* linked by mapping */
	unsigned long nr;
	bool needs_fs; /* its owner allocates under locks that shrinking takes */
	gfp_t wants; /* allocates with these flags while it shrinks */
	unsigned int scans, stops, depth, deepest; /* atomic: depth */
	unsigned long asked; /* sum of nr_to_scan */
};

static void store_put(struct store *store, struct page *page)
{
	spin_lock(&store->lock);
	page->mapping = store->pages;
	store->pages = page;
	store->nr++;
	spin_unlock(&store->lock);
}

static struct page *store_get(struct store *store)
{
	struct page *page;

	spin_lock(&store->lock);
	page = store->pages;
	if (page) {
		store->pages = page->mapping;
		store->nr--;
	}
	spin_unlock(&store->lock);
	return page;
}

static unsigned long store_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	const struct store *store = container_of(shrinker, struct store, shrinker);

	(void)sc;
	return READ_ONCE(store->nr) ? READ_ONCE(store->nr) : SHRINK_EMPTY;
}

static void allocate_inside(struct store *store)
{
	struct page *page = alloc_page(store->wants);

	if (page)
		__free_page(page);
}

static unsigned long store_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct store *store = container_of(shrinker, struct store, shrinker);
	unsigned long freed = 0;
	unsigned int depth;
	struct page *page;

	store->scans++;
	if (store->needs_fs && !(sc->gfp_mask & __GFP_FS)) {
		store->stops++;
		return SHRINK_STOP;
	}
	depth = __atomic_add_fetch(&store->depth, 1, __ATOMIC_SEQ_CST);
	store->deepest = max(store->deepest, depth);
	if (store->wants)
		allocate_inside(store);
	store->asked += sc->nr_to_scan;
	while (freed < sc->nr_to_scan && (page = store_get(store))) {
		__free_page(page);
		freed++;
	}
	__atomic_fetch_sub(&store->depth, 1, __ATOMIC_SEQ_CST);
	return freed;
}

static struct store store, second;

static void store_open(struct store *s, const char *name)
{
	*s = (struct store){ .shrinker = { .count_objects = store_count,
					   .scan_objects = store_scan,
					   .seeks = DEFAULT_SEEKS } };
	assert_int_equal(register_shrinker(&s->shrinker, name), 0);
}

/* Moves memory into the store until requests with these flags get none without reclaim. */
static void store_fill(struct store *s, gfp_t gfp)
{
	struct page *page;

	while ((page = alloc_page((gfp & ~__GFP_RECLAIM) | __GFP_NOWARN)))
		store_put(s, page);
}

static void store_close(struct store *s)
{
	struct page *page;

	unregister_shrinker(&s->shrinker);
	while ((page = store_get(s)))
		__free_page(page);
}

static struct reclaim_info info_now(void)
{
	struct reclaim_info info;

	reclaim_get_info(&info);
	return info;
}

/* --- shrinkers --- */

static void a_shrinker_needs_its_functions(void **state)
{
	struct shrinker incomplete = { .count_objects = store_count };

	(void)state;
	assert_int_equal(register_shrinker(&incomplete, "x"), -EINVAL);
}

static void memory_comes_back_from_the_store(void **state)
{
	struct page *list = NULL, *page;
	unsigned long held;

	(void)state;
	store_open(&store, "store");
	store_fill(&store, GFP_KERNEL);
	held = store.nr;
	for (unsigned long n = 0; n < held / 2; n++) {
		page = alloc_page(GFP_KERNEL);
		assert_non_null(page);
		page->mapping = list;
		list = page;
	}
	assert_true(store.nr < held);
	assert_true(store.nr > held / 4); /* not much more than needed */
	assert_true(info_now().direct > 0);
	assert_int_equal(info_now().direct_freed, held - store.nr);
	pages_check();
	give_all(list, 0);
	store_close(&store);
	pages_check();
}

static void pressure_is_spread_by_size(void **state)
{
	struct page *page;

	(void)state;
	store_open(&store, "large");
	store_open(&second, "small");
	for (unsigned int n = 0; n < 1000; n++)
		store_put(&second, alloc_page(GFP_KERNEL));
	store_fill(&store, GFP_KERNEL);
	for (unsigned int n = 0; n < 4000; n++) {
		page = alloc_page(GFP_KERNEL);
		assert_non_null(page);
		page->mapping = NULL;
		store_put(&store, page); /* used, and cached again */
	}
	assert_true(store.asked > 0 && second.asked > 0);
	assert_true(store.asked > 4 * second.asked);
	store_close(&store);
	store_close(&second);
	pages_check();
}

/* What may not be done now is remembered, and added when it may. */
static void what_nofs_left_is_done_later(void **state)
{
	unsigned long deferred;

	(void)state;
	store_open(&store, "file system");
	store.needs_fs = true;
	store_fill(&store, GFP_KERNEL);
	assert_int_equal(reclaim_direct(GFP_NOFS), 0);
	assert_true(store.stops > 0);
	assert_int_equal(store.asked, 0);
	deferred = store.shrinker.nr_deferred;
	assert_true(deferred > 0);
	assert_true(deferred <= 2 * store.nr);
	assert_true(reclaim_direct(GFP_KERNEL) > 0);
	assert_true(store.shrinker.nr_deferred < deferred);
	store_close(&store);
	pages_check();
}

static void nofs_requests_do_not_enter(gfp_t gfp, unsigned int nofs, unsigned int noio)
{
	unsigned int saved_nofs = nofs ? memalloc_nofs_save() : 0;
	unsigned int saved_noio = noio ? memalloc_noio_save() : 0;

	store.scans = store.stops = 0;
	assert_null(alloc_page(gfp | __GFP_NOWARN));
	assert_true(store.scans > 0);
	assert_int_equal(store.stops, store.scans);
	if (noio)
		memalloc_noio_restore(saved_noio);
	if (nofs)
		memalloc_nofs_restore(saved_nofs);
}

static void locks_of_the_caller_are_respected(void **state)
{
	unsigned int outer;

	(void)state;
	store_open(&store, "file system");
	store.needs_fs = true;
	store_fill(&store, GFP_KERNEL);
	nofs_requests_do_not_enter(GFP_NOFS, 0, 0);
	nofs_requests_do_not_enter(GFP_NOIO, 0, 0);
	nofs_requests_do_not_enter(GFP_KERNEL, 1, 0);
	nofs_requests_do_not_enter(GFP_KERNEL, 0, 1);
	nofs_requests_do_not_enter(GFP_KERNEL, 1, 1);
	/* Scopes nest: the inner end does not end the outer one. */
	outer = memalloc_nofs_save();
	memalloc_nofs_restore(memalloc_nofs_save());
	assert_int_equal(current_gfp_context(GFP_KERNEL), GFP_NOFS);
	assert_int_equal(current_gfp_context(GFP_ATOMIC), GFP_ATOMIC);
	memalloc_nofs_restore(outer);
	assert_int_equal(current_gfp_context(GFP_KERNEL), GFP_KERNEL);
	outer = memalloc_noio_save();
	assert_int_equal(current_gfp_context(GFP_KERNEL), GFP_NOIO);
	memalloc_noio_restore(outer);
	/* And then it is free to. */
	assert_non_null(alloc_page(GFP_KERNEL));
	store_close(&store);
	pages_check();
}

static void reclaim_is_never_inside_itself(void **state)
{
	(void)state;
	store_open(&store, "allocates");
	store.wants = GFP_KERNEL | __GFP_NOMEMALLOC | __GFP_NOWARN;
	store_fill(&store, GFP_KERNEL);
	for (unsigned int n = 0; n < 500; n++)
		assert_non_null(alloc_page(GFP_KERNEL));
	assert_int_equal(store.deepest, 1);
	assert_int_equal(memalloc_flags(), 0);
	store_close(&store);
	pages_check();
}

static void who_frees_has_the_reserve(void **state)
{
	unsigned int saved;
	struct page *list;

	(void)state;
	take_all(GFP_KERNEL, 0, &list);
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	saved = memalloc_noreclaim_save();
	assert_non_null(alloc_page(GFP_NOWAIT));
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOMEMALLOC | __GFP_NOWARN));
	host_irq_enter();
	assert_null(
		alloc_page(GFP_NOWAIT | __GFP_NOWARN)); /* the interrupt frees nothing */
	host_irq_exit();
	memalloc_noreclaim_restore(saved);
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	pages_check();
}

static void slabs_are_shrunk(void **state)
{
	enum { OBJECTS = 4000 };
	static void *objs[OBJECTS];
	struct kmem_cache *cache = kmem_cache_create("test", 1024, 0, 0, NULL);
	unsigned long before, after;
	struct page *list, *page;

	(void)state;
	for (unsigned int i = 0; i < OBJECTS; i++)
		objs[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned int i = 0; i < OBJECTS; i++)
		kmem_cache_free(cache, objs[i]);
	/* Without sleeping, what the cache keeps is out of reach; with it, it is not. */
	before = take_all(GFP_NOWAIT, 0, &list);
	after = take_all(GFP_KERNEL, 0, &page);
	assert_true(before > 0);
	assert_true(after > 100);
	assert_int_equal(reclaimable_objects(), 0);
	give_all(list, 0);
	give_all(page, 0);
	assert_int_equal(kmem_cache_destroy(cache), 0);
	pages_check();
}

/* Objects that were freed, but that this CPU and the depot keep ready. */
static void objects_kept_ready_are_shrunk(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("test", 2048, 0, 0, NULL);
	struct slabinfo info;
	void *objs[12];

	(void)state;
	while (reclaim_direct(GFP_KERNEL))
		;
	for (unsigned int i = 0; i < ARRAY_SIZE(objs); i++)
		objs[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned int i = 0; i < ARRAY_SIZE(objs); i++)
		kmem_cache_free(cache, objs[i]);
	get_slabinfo(cache, &info);
	assert_true(info.pages > 0);
	assert_true(reclaimable_objects() > 0);
	assert_true(reclaim_direct(GFP_KERNEL) >= info.pages);
	get_slabinfo(cache, &info);
	assert_int_equal(info.pages, 0);
	assert_int_equal(kmem_cache_destroy(cache), 0);
	pages_check();
}

/* --- leaving while somebody is inside --- */

static struct {
	unsigned int inside, let_go, gone; /* atomic */
} gate;

static unsigned long gate_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	(void)shrinker;
	(void)sc;
	return 1000;
}

static unsigned long gate_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	(void)shrinker;
	(void)sc;
	__atomic_store_n(&gate.inside, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&gate.let_go, __ATOMIC_SEQ_CST))
		cond_resched();
	assert_int_equal(__atomic_load_n(&gate.gone, __ATOMIC_SEQ_CST), 0);
	return SHRINK_STOP;
}

static struct shrinker gate_shrinker = { .count_objects = gate_count,
					 .scan_objects = gate_scan };

static void enter_and_leave(void *unused)
{
	(void)unused;
	if (smp_processor_id() == 1) {
		reclaim_direct(GFP_KERNEL);
		return;
	}
	while (!__atomic_load_n(&gate.inside, __ATOMIC_SEQ_CST))
		cond_resched();
	if (smp_processor_id() == 2) {
		unregister_shrinker(&gate_shrinker);
		__atomic_store_n(&gate.gone, 1, __ATOMIC_SEQ_CST);
		return;
	}
	for (unsigned int n = 0; n < 1000; n++)
		cond_resched();
	__atomic_store_n(&gate.let_go, 1, __ATOMIC_SEQ_CST);
}

static void unregister_waits_for_who_is_inside(void **state)
{
	(void)state;
	gate.inside = gate.let_go = gate.gone = 0;
	register_shrinker(&gate_shrinker, "gate");
	host_run_on_cpus(3, enter_and_leave, NULL);
	assert_int_equal(gate.gone, 1);
	assert_int_equal(reclaimable_objects(), 0);
}

/* --- the background thread --- */

static unsigned int done; /* workers; atomic */

/* One zone is enough for Linux. */
static bool above_high(void)
{
	struct zone_info info;
	bool above = false;

	for (unsigned int z = 0; z <= ZONE_NORMAL; z++) {
		zone_info(z, &info);
		above |= info.free >
			 info.watermark[WMARK_HIGH] + info.lowmem_reserve[ZONE_NORMAL];
	}
	return above;
}

/* Requests that may not sleep: all they can do is come again, while the background thread
 * on CPU 0 works for them. */
static void take_without_sleeping(void *unused)
{
	(void)unused;
	if (smp_processor_id() == 0) {
		while (kswapd_run())
			;
		return;
	}
	for (unsigned int n = 0; n < 3000;) {
		struct page *page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);

		if (page) {
			store_put(&store, page);
			n++;
		}
		cond_resched();
	}
	if (__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST) == 2)
		kswapd_stop();
}

static void the_background_thread_restores_the_high_watermark(void **state)
{
	struct page *page;

	(void)state;
	store_open(&store, "store");
	store_fill(&store, GFP_KERNEL);
	done = 0;
	host_run_on_cpus(3, take_without_sleeping, NULL);
	assert_true(info_now().background > 0);
	assert_true(info_now().background_freed > 0);
	assert_int_equal(info_now().direct, 0);
	pages_check();
	/* Once more, alone: from the very bottom. */
	while ((page = alloc_page(GFP_NOWAIT | __GFP_NOWARN)))
		store_put(&store, page);
	assert_false(above_high());
	kswapd_stop();
	assert_true(kswapd_run());
	assert_true(above_high());
	pages_check();
	store_close(&store);
	pages_check();
}

static void it_gives_up_when_nothing_helps(void **state)
{
	struct page *list;
	unsigned int sessions = 0;

	(void)state;
	take_all(GFP_NOWAIT, 0, &list);
	for (unsigned int n = 0; n < 40; n++) {
		assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
		kswapd_stop();
		while (kswapd_run())
			sessions++;
	}
	assert_int_equal(sessions, 16);
	/* A new shrinker is a new hope. */
	store_open(&store, "store");
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	kswapd_stop();
	assert_true(kswapd_run());
	assert_false(kswapd_run());
	give_all(list, 0);
	store_close(&store);
}

/* NOFS requests cannot shrink the store, but wait for the thread that can. */
static void take_nofs(void *unused)
{
	(void)unused;
	if (smp_processor_id() == 0) {
		while (kswapd_run())
			;
		return;
	}
	for (unsigned int n = 0; n < 400; n++) {
		struct page *page = alloc_page(GFP_NOFS);

		assert_non_null(page);
		store_put(&store, page);
	}
	if (__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST) == 2)
		kswapd_stop();
}

static void who_may_not_shrink_waits_for_who_may(void **state)
{
	(void)state;
	store_open(&store, "file system");
	store.needs_fs = true;
	store_fill(&store, GFP_KERNEL);
	done = 0;
	host_run_on_cpus(3, take_nofs, NULL);
	assert_true(info_now().background_freed > 0);
	store_close(&store);
	pages_check();
}

/* Several CPUs at random, all kinds of requests, little memory, and the thread. */
static void mixed_load(void *unused)
{
	unsigned int seed = smp_processor_id();

	(void)unused;
	if (seed == 0) {
		while (kswapd_run())
			;
		return;
	}
	for (unsigned int n = 0; n < 4000; n++) {
		static const gfp_t kinds[] = { GFP_KERNEL, GFP_NOWAIT, GFP_ATOMIC,
					       GFP_NOFS, GFP_KERNEL | __GFP_NOFAIL };
		struct page *page;

		seed = seed * 1103515245 + 12345;
		page = alloc_page(kinds[(seed >> 16) % 5] | __GFP_NOWARN);
		if (!page)
			continue;
		if (seed >> 24 & 1)
			store_put(&store, page);
		else
			__free_page(page);
	}
	if (__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST) == 3)
		kswapd_stop();
}

static void all_kinds_at_once(void **state)
{
	(void)state;
	store_open(&store, "store");
	store_fill(&store, GFP_KERNEL);
	done = 0;
	host_run_on_cpus(4, mixed_load, NULL);
	pages_check();
	store_close(&store);
	drain_all_pages();
	pages_check();
}

/* --- waiting --- */

enum { HUNGRY = 50 };

static struct page *given, *got;

/* A page for each sleep, while CPU 1 sleeps. */
static void wait_and_give(void *unused)
{
	(void)unused;
	if (smp_processor_id() == 1) {
		for (unsigned int n = 0; n < HUNGRY; n++) {
			struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);

			page->mapping = got;
			got = page;
		}
		__atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
		return;
	}
	while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST)) {
		struct page *next = given;

		if ((READ_ONCE(page_alloc_hooks) & HOOK_WAIT) && next) {
			given = next->mapping;
			__free_page(next);
		}
		cond_resched();
	}
}

static void nofail_sleeps_until_somebody_frees(void **state)
{
	struct page *reserve;

	(void)state;
	got = NULL;
	done = 0;
	take_all(GFP_KERNEL, 0, &given);
	take_all(GFP_KERNEL | __GFP_MEMALLOC, 0, &reserve);
	host_run_on_cpus(2, wait_and_give, NULL);
	assert_non_null(got);
	assert_true(info_now().waits > 0);
	assert_true(info_now().woken > 0);
	assert_int_equal(page_alloc_hooks, 0);
	pages_check();
	give_all(got, 0);
	give_all(given, 0);
	give_all(reserve, 0);
	pages_check();
}

/* --- the end --- */

static struct {
	unsigned int called[3];
	unsigned int calls;
	struct page *gift; /* of the second one */
	unsigned int kills;
	struct oom_control last;
} end;

static int give_nothing(struct notifier_block *nb, unsigned long action, void *data)
{
	(void)nb;
	(void)action;
	(void)data;
	end.called[end.calls++ % 3] = 1;
	return NOTIFY_DONE;
}

static int give_gift(struct notifier_block *nb, unsigned long action, void *data)
{
	unsigned long *freed = data;

	(void)nb;
	(void)action;
	end.called[end.calls++ % 3] = 2;
	while (end.gift) {
		struct page *next = end.gift->mapping;

		__free_page(end.gift);
		end.gift = next;
		++*freed;
	}
	return NOTIFY_OK;
}

static bool kill_nobody(const struct oom_control *oc)
{
	end.kills++;
	end.last = *oc;
	return false;
}

static struct page *victim;

static bool kill_victim(const struct oom_control *oc)
{
	bool killed = victim;

	(void)oc;
	end.kills++;
	give_all(victim, 0);
	victim = NULL;
	return killed;
}

static struct notifier_block low = { .notifier_call = give_nothing, .priority = -5 };
static struct notifier_block high = { .notifier_call = give_gift, .priority = 5 };

static void notifiers_are_asked_by_priority(void **state)
{
	struct page *list;

	(void)state;
	memset(&end, 0, sizeof(end));
	assert_int_equal(register_oom_notifier(&low), 0);
	assert_int_equal(register_oom_notifier(&high), 0);
	assert_int_equal(register_oom_notifier(&(struct notifier_block){ 0 }), -EINVAL);
	set_oom_killer(kill_nobody);
	take_all(GFP_KERNEL | __GFP_NORETRY, 0, &list);
	assert_int_equal(end.calls, 0); /* one that may fail easily asks nobody */
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	assert_int_equal(end.called[0], 2);
	assert_int_equal(end.called[1], 1);
	assert_int_equal(end.kills, 1);
	assert_int_equal(end.last.order, 0);
	assert_true(end.last.gfp_mask & __GFP_FS);
	assert_int_equal(oom_count(), 1);

	/* With a gift the request is served, and nobody is killed. */
	end.gift = list;
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_int_equal(end.kills, 1);
	assert_int_equal(unregister_oom_notifier(&low), 0);
	assert_int_equal(unregister_oom_notifier(&high), 0);
	assert_int_equal(unregister_oom_notifier(&high), -EINVAL);
	pages_check();
}

static void the_killer_makes_room(void **state)
{
	struct page *list;

	(void)state;
	memset(&end, 0, sizeof(end));
	take_all(GFP_KERNEL | __GFP_NORETRY, 0, &list);
	victim = list;
	set_oom_killer(kill_victim);
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_int_equal(end.kills, 1);
	assert_null(victim);
	pages_check();
}

static void nobody_is_killed_for_these(void **state)
{
	struct page *list, *dma;

	(void)state;
	memset(&end, 0, sizeof(end));
	take_all(GFP_KERNEL | __GFP_NORETRY, 0, &list);
	take_all(GFP_KERNEL | __GFP_DMA | __GFP_NORETRY, 0, &dma);
	set_oom_killer(kill_nobody);
	assert_null(alloc_page(GFP_NOFS | __GFP_NOWARN));
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	assert_null(alloc_page(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN));
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	assert_null(alloc_page(GFP_KERNEL | GFP_DMA | __GFP_NOWARN));
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4));
	assert_int_equal(end.kills, 0);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3));
	assert_int_equal(end.kills, 1);
	set_oom_killer(NULL);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	give_all(list, 0);
	give_all(dma, 0);
	pages_check();
}

static void available_is_free_and_reclaimable(void **state)
{
	(void)state;
	store_open(&store, "store");
	assert_int_equal(si_mem_available(), nr_free_pages() + reclaimable_objects());
	for (unsigned int n = 0; n < 100; n++)
		store_put(&store, alloc_page(GFP_KERNEL));
	assert_true(reclaimable_objects() >= 100);
	assert_int_equal(si_mem_available(), nr_free_pages() + reclaimable_objects());
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_shrinker_needs_its_functions, set_up),
		cmocka_unit_test_setup(memory_comes_back_from_the_store, set_up),
		cmocka_unit_test_setup(pressure_is_spread_by_size, set_up),
		cmocka_unit_test_setup(what_nofs_left_is_done_later, set_up),
		cmocka_unit_test_setup(locks_of_the_caller_are_respected, set_up),
		cmocka_unit_test_setup(reclaim_is_never_inside_itself, set_up),
		cmocka_unit_test_setup(who_frees_has_the_reserve, set_up),
		cmocka_unit_test_setup(slabs_are_shrunk, set_up),
		cmocka_unit_test_setup(objects_kept_ready_are_shrunk, set_up),
		cmocka_unit_test_setup(unregister_waits_for_who_is_inside, set_up),
		cmocka_unit_test_setup(the_background_thread_restores_the_high_watermark,
				       set_up),
		cmocka_unit_test_setup(it_gives_up_when_nothing_helps, set_up),
		cmocka_unit_test_setup(who_may_not_shrink_waits_for_who_may, set_up),
		cmocka_unit_test_setup(all_kinds_at_once, set_up),
		cmocka_unit_test_setup(nofail_sleeps_until_somebody_frees, set_up),
		cmocka_unit_test_setup(notifiers_are_asked_by_priority, set_up),
		cmocka_unit_test_setup(the_killer_makes_room, set_up),
		cmocka_unit_test_setup(nobody_is_killed_for_these, set_up),
		cmocka_unit_test_setup(available_is_free_and_reclaimable, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
