/* SPDX-License-Identifier: MIT */
/*
 * Debugging.
 *
 * Each experiment plants one bug and expects it to be reported once, with the calls that
 * allocated and that freed the memory.  Boot options (slub_debug=, kfence.sample_interval=,
 * page_poison=, ...) switch the checks on for the whole system; here they are asked for by
 * the flags of a cache of the experiment's own, so that they run in any guest.
 *
 * Witnesses: the count of reports, and the allocator's records of the object.
 */
#include <linux/alloc_profile.h>
#include <linux/atomic.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/fault-inject.h>
#include <linux/gfp.h>
#include <linux/kfence.h>
#include <linux/kmsan-checks.h>
#include <linux/page_debug.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include <guest/dmacheck.h>
#include <mm/slab_info.h>

#include "experiment.h"

#define CHAPTER CHAPTER_DEBUG

#define SIZE 60
/* What slub_debug=FZPU asks for. */
#define ALL_CHECKS \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

static struct kmem_cache *cache; /* of the experiment that runs */

static noinline u8 *planted_alloc(void)
{
	u8 *p = kmem_cache_alloc(cache, GFP_KERNEL);

	barrier(); /* not a tail call: this function is the call site */
	return p;
}

static noinline void planted_free(void *p)
{
	kmem_cache_free(cache, p);
	barrier();
}

static void end(struct trial *x)
{
	int err = kmem_cache_destroy(cache);

	expect(x, !err, "destroying the cache: %d", err);
}

/* The cache, and an object of it in *p; false without. */
static bool begin(struct trial *x, slab_flags_t flags, u8 **p)
{
	cache = kmem_cache_create("exp-debug", SIZE, 8, flags, NULL);
	if (!expect(x, cache, "no cache"))
		return false;
	*p = planted_alloc();
	if (expect(x, *p, "no object"))
		return true;
	end(x);
	return false;
}

static bool names_function(unsigned long site, const char *function)
{
	char name[64];

	scnprintf(name, sizeof(name), "%ps", (void *)site);
	return !strcmp(name, function);
}

/* One bug was reported since `before`; the object's records name both functions. */
static void expect_report(struct trial *x, const void *obj, unsigned long before,
			  bool freed)
{
	unsigned long reports = slab_bug_count() - before;
	struct slab_object_info info;

	slab_object_info(obj, &info);
	expect(x, reports == 1, "%lu reports", reports);
	expect(x, names_function(info.alloc_site, "planted_alloc"), "allocated by %pS",
	       (void *)info.alloc_site);
	if (freed)
		expect(x, names_function(info.free_site, "planted_free"), "freed by %pS",
		       (void *)info.free_site);
	evidence(x, "reported %lu time, allocated in %ps", reports,
		 (void *)info.alloc_site);
	if (freed)
		evidence(x, "freed in %ps", (void *)info.free_site);
}

EXPERIMENT(debug_redzone, "debug.redzone",
	   "one byte past the end of an object is found when the object is freed")
{
	unsigned long before = slab_bug_count();
	u8 *p;

	if (!begin(x, SLAB_RED_ZONE | SLAB_STORE_USER, &p))
		return;
	provoke(x, 1);
	p[SIZE] = 1;
	planted_free(p);
	expect_report(x, p, before, true);
	end(x);
}

EXPERIMENT(debug_poison, "debug.poison",
	   "memory that is free or was never written holds a pattern")
{
	u8 *p, fresh, freed;

	if (!begin(x, SLAB_POISON, &p))
		return;
	fresh = p[7];
	memset(p, 0, SIZE);
	planted_free(p);
	freed = p[7];
	expect(x, fresh == 0x6b || kmsan_on, "fresh memory holds %#x", fresh);
	expect(x, freed == 0x6b, "freed memory holds %#x", freed);
	evidence(x, "fresh bytes read as %#x, freed ones as %#x", fresh, freed);
	end(x);
}

EXPERIMENT(debug_use_after_free, "debug.use-after-free",
	   "a write to a freed object is found when it is allocated again")
{
	unsigned long before = slab_bug_count();
	u8 *p, *again;

	if (!begin(x, SLAB_POISON | SLAB_STORE_USER, &p))
		return;
	planted_free(p);
	provoke(x, 1);
	p[20] = 1;
	again = planted_alloc();
	expect(x, again == p, "freed %p, got %p", p, again);
	expect_report(x, p, before, true);
	planted_free(again);
	end(x);
}

EXPERIMENT(debug_double_free, "debug.double-free",
	   "an object freed twice is reported, and freed once")
{
	unsigned long before = slab_bug_count();
	struct slabinfo info;
	u8 *p;

	if (!begin(x, SLAB_CONSISTENCY_CHECKS | SLAB_STORE_USER, &p))
		return;
	planted_free(p);
	provoke(x, 1);
	planted_free(p);
	expect_report(x, p, before, true);
	get_slabinfo(cache, &info);
	expect(x, !info.active_objs, "%lu objects in use", info.active_objs);
	end(x);
}

EXPERIMENT(debug_invalid_free, "debug.invalid-free",
	   "an address that is not the start of an object is not freed")
{
	unsigned long before = slab_bug_count();
	u8 *p;

	if (!begin(x, SLAB_CONSISTENCY_CHECKS | SLAB_STORE_USER, &p))
		return;
	provoke(x, 1);
	planted_free(p + 16);
	expect_report(x, p, before, false);
	planted_free(p);
	end(x);
}

EXPERIMENT(debug_leak, "debug.leak",
	   "a cache that is destroyed too early names who holds its objects")
{
	unsigned long before = slab_bug_count();
	u8 *p;
	int err;

	if (!begin(x, SLAB_STORE_USER, &p))
		return;
	provoke(x, 1);
	err = kmem_cache_destroy(cache);
	expect(x, err == -EBUSY, "destroying gave %d", err);
	expect_report(x, p, before, false);
	planted_free(p);
	end(x);
}

/* --- KFENCE ---------------------------------------------------------------------------- */

static noinline void planted_read(const volatile u8 *p)
{
	(void)*p;
	barrier();
}

/* A guarded object that ends where its page does. */
static u8 *guarded_alloc(void)
{
	for (;;) {
		u8 *p;

		kfence_sample_next();
		p = planted_alloc();
		if (!p || !is_kfence_address(p) || offset_in_page(p))
			return p;
		planted_free(p);
	}
}

static void expect_kfence(struct trial *x, enum kfence_error error, const void *addr)
{
	struct kfence_stats stats;

	kfence_get_stats(&stats);
	expect(x, stats.last == error && stats.last_address == (unsigned long)addr,
	       "report %d about %#lx instead of %d about %p", stats.last,
	       stats.last_address, error, addr);
	expect(x, names_function(stats.last_ip, "planted_read"), "charged to %pS",
	       (void *)stats.last_ip);
}

static void step_over_the_edge(struct trial *x, u8 *p)
{
	unsigned long before = slab_bug_count();

	planted_read(p + ALIGN(SIZE, 8));
	expect_kfence(x, KFENCE_ERROR_OOB, p + ALIGN(SIZE, 8));
	expect_report(x, p, before, false);
}

static void read_after_free(struct trial *x, u8 *p)
{
	unsigned long before = slab_bug_count();

	planted_read(p);
	planted_read(p); /* reported once */
	expect_kfence(x, KFENCE_ERROR_UAF, p);
	expect_report(x, p, before, true);
}

EXPERIMENT(debug_kfence, "debug.kfence",
	   "a sampled object faults when it is read past its end or after its free")
{
	int err = kfence_start(100), busy = err;
	u8 *first, *p;

	expect(x, !err || err == -EBUSY, "starting: %d", err);
	if ((err && err != -EBUSY) || !begin(x, SLAB_CONSISTENCY_CHECKS, &first))
		return;
	p = guarded_alloc();
	if (is_kfence_address(p)) {
		provoke(x, 2);
		step_over_the_edge(x, p);
		planted_free(p);
		read_after_free(x, p);
	} else {
		skip(x, "objects are watched already (slub_debug, kmsan)");
		planted_free(p);
	}
	planted_free(first);
	expect(x, !kfence_verify(), "the pool is broken");
	end(x);
	if (!busy) /* nobody wanted it before */
		expect(x, !kfence_stop(), "objects are left in the pool");
}

/* --- memory that nobody wrote to ------------------------------------------------------- */

static noinline void planted_map(struct device *dev, void *p)
{
	dma_addr_t handle = dma_map_single(dev, p, SIZE, DMA_TO_DEVICE);

	if (!dma_mapping_error(dev, handle))
		dma_unmap_single(dev, handle, SIZE, DMA_TO_DEVICE);
}

EXPERIMENT(debug_uninitialised, "debug.uninitialised",
	   "a device that is handed memory nobody wrote to is reported",
	   .needs = NEEDS_DMACHECK)
{
	struct kmsan_report before, after;
	bool was_on = kmsan_on;
	u8 *p = NULL;

	kmsan_last_report(&before);
	kmsan_set(true);
	if (!begin(x, 0, &p)) {
		kmsan_set(was_on);
		return;
	}
	memset(p, 1, 16);
	provoke(x, 1);
	planted_map(dmacheck_device(), p);
	planted_map(dmacheck_device(), p); /* reported once */
	planted_free(p);
	end(x);
	kmsan_set(was_on);
	kmsan_last_report(&after);
	expect(x, after.count - before.count == 1, "%lu reports",
	       after.count - before.count);
	expect(x, after.address == p + 16, "about %p instead of %p", after.address,
	       p + 16);
	expect(x, names_function(after.ip, "planted_map"), "read by %pS",
	       (void *)after.ip);
	expect(x, names_function(after.created_at, "planted_alloc"), "allocated by %pS",
	       (void *)after.created_at);
	evidence(x, "reported once, from byte 16 on, allocated in %ps, mapped in %ps",
		 (void *)after.created_at, (void *)after.ip);
}

/* --- who holds the memory -------------------------------------------------------------- */

#define PROFILED 10 /* objects */

static noinline struct page *planted_pages(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	barrier();
	return page;
}

static void expect_site(struct trial *x, const struct alloc_site_info *top,
			unsigned int n, const char *function, unsigned long bytes,
			unsigned long calls)
{
	unsigned int i = 0;

	while (i < n && !names_function(top[i].ip, function))
		i++;
	if (!expect(x, i < n, "%s is not among the first %u", function, n))
		return;
	expect(x, top[i].bytes == bytes && top[i].calls == calls,
	       "%s: %lu bytes in %lu allocations", function, top[i].bytes, top[i].calls);
	evidence(x, "%s holds %lu bytes in %lu", function, top[i].bytes, top[i].calls);
}

EXPERIMENT(debug_profile, "debug.profile",
	   "the profile says which calls hold how many bytes of pages and of objects")
{
	struct alloc_site_info top[8];
	bool before = alloc_profile_on();
	struct page *pages;
	u8 *objs[PROFILED];
	unsigned int n;

	alloc_profile_set(true);
	pages = planted_pages();
	if (begin(x, 0, &objs[0])) {
		for (unsigned int i = 1; i < PROFILED; i++)
			objs[i] = planted_alloc();
		n = alloc_profile_top(top, ARRAY_SIZE(top), ALLOC_BY_BYTES);
		expect_site(x, top, n, "planted_pages", 8 * PAGE_SIZE, 1);
		n = alloc_profile_top(top, ARRAY_SIZE(top), ALLOC_BY_CALLS);
		expect_site(x, top, n, "planted_alloc", SIZE * PROFILED, PROFILED);
		alloc_profile_print(4);
		for (unsigned int i = 0; i < PROFILED; i++)
			planted_free(objs[i]);
		end(x);
	}
	if (pages)
		__free_pages(pages, 3);
	alloc_profile_set(before);
}

/* --- failures on purpose --------------------------------------------------------------- */

#define TRIES 12
#define EACH  3 /* of them fails */

static void every_third_fails(struct fault_attr *attr)
{
	*attr = (struct fault_attr){ .probability = 100, .interval = EACH };
	atomic_set(&attr->times, -1);
}

EXPERIMENT(debug_failslab, "debug.failslab",
	   "allocations of objects fail as failslab= asks, and nothing leaks")
{
	static struct fault_attr attr;
	unsigned int failed = 0;
	u8 *p, *objs[TRIES];

	if (!begin(x, 0, &p))
		return;
	every_third_fails(&attr);
	failslab_set(&attr, cache);
	for (unsigned int i = 0; i < TRIES; i++) {
		objs[i] = planted_alloc();
		failed += !objs[i];
	}
	failslab_set(NULL, NULL);
	expect(x, failed == TRIES / EACH, "%u of %u failed", failed, TRIES);
	evidence(x, "%u of %u allocations failed, with an interval of %u", failed, TRIES,
		 EACH);
	for (unsigned int i = 0; i < TRIES; i++)
		planted_free(objs[i]);
	planted_free(p);
	end(x);
}

EXPERIMENT(debug_fail_page_alloc, "debug.fail-page-alloc",
	   "allocations of pages fail as fail_page_alloc= asks, and nothing leaks")
{
	static struct fault_attr attr;
	struct page *pages[TRIES];
	unsigned int failed = 0;

	every_third_fails(&attr);
	fail_page_alloc_set(&attr);
	for (unsigned int i = 0; i < TRIES; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_NOWARN);
		failed += !pages[i];
	}
	fail_page_alloc_set(NULL);
	expect(x, failed == TRIES / EACH, "%u of %u failed", failed, TRIES);
	evidence(x, "%u of %u allocations failed, with an interval of %u", failed, TRIES,
		 EACH);
	for (unsigned int i = 0; i < TRIES; i++)
		if (pages[i])
			__free_page(pages[i]);
}
