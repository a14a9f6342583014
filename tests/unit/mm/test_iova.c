/* SPDX-License-Identifier: MIT */
/* I/O addresses: the tree, the magazines in front of it, and several CPUs, against a map of
 * who has each page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/errno.h>
#include <linux/iova.h>
#include <linux/log2.h>
#include <linux/page_debug.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/slab_info.h"
#include "tests/host/host.h"

#define FIRST 16UL
#define END   1024UL
#define LIVE  300U

static struct iova_domain domain;
static struct grant {
	unsigned long pfn, size; /* as asked for; size 0: none */
} live[LIVE];
static bool taken[END + 64]; /* the model */

static int set_up(void **state)
{
	(void)state;
	host_mm_init(64UL << 20);
	memset(live, 0, sizeof(live));
	memset(taken, 0, sizeof(taken));
	for (unsigned long i = 0; i < FIRST; i++)
		taken[i] = true;
	for (unsigned long i = END; i < ARRAY_SIZE(taken); i++)
		taken[i] = true;
	init_iova_domain(&domain, FIRST, END);
	assert_int_equal(iova_domain_init_rcaches(&domain), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct iova_stats stats;

	(void)state;
	iova_get_stats(&domain, &stats);
	assert_int_equal(iova_verify(&domain), 0);
	put_iova_domain(&domain);
	assert_int_equal(domain.tree.count, 0);
	if (host_events.warnings || host_events.violations)
		fail_msg("unexpected: %s", host_log());
	host_mm_reset();
	return 0;
}

static unsigned long rounded(unsigned long size)
{
	return size <= 32 ? roundup_pow_of_two(size) : size;
}

static bool all_free(unsigned long pfn, unsigned long size)
{
	for (unsigned long i = pfn; i < pfn + size; i++)
		if (taken[i])
			return false;
	return true;
}

static void mark(unsigned long pfn, unsigned long size, bool value)
{
	for (unsigned long i = pfn; i < pfn + size; i++) {
		assert_true(taken[i] != value);
		taken[i] = value;
	}
}

/* The highest place that the model has; 0: none. */
static unsigned long model_place(unsigned long size, unsigned long align,
				 unsigned long limit)
{
	for (unsigned long pfn = END; pfn-- > FIRST;)
		if (pfn % align == 0 && pfn + size - 1 <= limit && all_free(pfn, size))
			return pfn;
	return 0;
}

static void check(void)
{
	struct iova_stats stats;

	assert_int_equal(iova_verify(&domain), 0);
	iova_get_stats(&domain, &stats);
	assert_int_equal(stats.ranges, domain.tree.count);
}

/* A range from the magazines or the tree: aligned, below the limit, nobody else's; none only
 * if the model has none either. */
static void alloc_one(unsigned int slot, unsigned long size, unsigned long limit)
{
	unsigned long whole = rounded(size), align = roundup_pow_of_two(size);
	unsigned long pfn = alloc_iova_fast(&domain, size, limit, true);

	if (!pfn) {
		assert_int_equal(model_place(whole, align, limit), 0);
		return;
	}
	assert_true(pfn >= FIRST && pfn + whole - 1 <= limit);
	assert_int_equal(pfn % align, 0);
	assert_true(all_free(pfn, whole));
	assert_true(iova_in_use(&domain, pfn));
	mark(pfn, whole, true);
	live[slot] = (struct grant){ pfn, size };
}

static void free_one(unsigned int slot)
{
	mark(live[slot].pfn, rounded(live[slot].size), false);
	free_iova_fast(&domain, live[slot].pfn, live[slot].size);
	live[slot].size = 0;
}

static void free_all(void)
{
	for (unsigned int i = 0; i < LIVE; i++)
		if (live[i].size)
			free_one(i);
}

static void random_sizes_and_limits_follow_the_model(void **state)
{
	(void)state;
	srand(4);
	for (int step = 0; step < 20000; step++) {
		unsigned int slot = (unsigned int)rand() % LIVE;
		unsigned long size = rand() % 4 ? 1UL << rand() % 4
						: 1 + (unsigned long)rand() % 70;
		unsigned long limit = rand() % 3 ? END - 1 : (unsigned long)rand() % END;

		if (live[slot].size)
			free_one(slot);
		else
			alloc_one(slot, size, limit);
		if (rand() % 400 == 0)
			iova_drain(&domain);
		if (step % 16 == 0)
			check();
	}
	free_all();
	iova_drain(&domain);
	check();
	assert_int_equal(domain.tree.count, 0);
}

/* Without magazines in between, the place is the model's to the page. */
static void the_tree_gives_the_highest_place(void **state)
{
	(void)state;
	srand(5);
	for (int step = 0; step < 6000; step++) {
		unsigned int slot = (unsigned int)rand() % LIVE;
		unsigned long size = 1 + (unsigned long)rand() % 20;
		bool aligned = rand() % 2;
		unsigned long limit = (unsigned long)rand() % END;
		unsigned long want;
		struct iova *iova;

		if (live[slot].size) {
			mark(live[slot].pfn, live[slot].size, false);
			free_iova(&domain, live[slot].pfn + live[slot].size / 2);
			live[slot].size = 0;
			continue;
		}
		want = model_place(size, aligned ? roundup_pow_of_two(size) : 1, limit);
		iova = alloc_iova(&domain, size, limit, aligned);
		assert_int_equal(iova ? iova->range.start : 0, want);
		if (!iova)
			continue;
		mark(want, size, true);
		live[slot] = (struct grant){ want, size };
		check();
	}
	for (unsigned int i = 0; i < LIVE; i++)
		if (live[i].size)
			free_iova(&domain, live[i].pfn);
}

static void what_was_freed_comes_back_from_the_magazine(void **state)
{
	struct iova_stats stats;
	unsigned long pfn = alloc_iova_fast(&domain, 3, END - 1, true);

	(void)state;
	assert_int_equal(pfn, END - 4);
	free_iova_fast(&domain, pfn, 3);
	iova_get_stats(&domain, &stats);
	assert_int_equal(stats.cached, 1);
	assert_int_equal(stats.ranges, 1);
	assert_int_equal(alloc_iova_fast(&domain, 4, END - 1, true), pfn);
	iova_get_stats(&domain, &stats);
	assert_int_equal(stats.fast, 1);
	assert_int_equal(stats.slow, 1);
	assert_int_equal(stats.cached, 0);
	free_iova_fast(&domain, pfn, 4);
	/* One that lies too high for this device is left for others. */
	assert_int_equal(alloc_iova_fast(&domain, 4, END - 2, true), END - 8);
	free_iova_fast(&domain, END - 8, 4);
}

/* More than two magazines and the depot hold, and all of it back. */
static void magazines_and_depot_take_everything(void **state)
{
	struct iova_domain big;
	struct iova_stats stats;
	unsigned int n = (MAX_GLOBAL_MAGS + 5) * IOVA_MAG_SIZE;
	unsigned long *pfn = malloc(n * sizeof(*pfn));

	(void)state;
	init_iova_domain(&big, 1, 1UL << 20);
	assert_int_equal(iova_domain_init_rcaches(&big), 0);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < n; i++) {
			pfn[i] = alloc_iova_fast(&big, 1, (1UL << 20) - 1, true);
			assert_int_not_equal(pfn[i], 0);
		}
		for (unsigned int i = 0; i < n; i++)
			free_iova_fast(&big, pfn[i], 1);
		assert_int_equal(iova_verify(&big), 0);
	}
	iova_get_stats(&big, &stats);
	assert_in_range(stats.cached, MAX_GLOBAL_MAGS * IOVA_MAG_SIZE,
			(MAX_GLOBAL_MAGS + 2) * IOVA_MAG_SIZE);
	assert_int_equal(stats.cached, stats.ranges);
	assert_true(stats.fast >= stats.cached);
	iova_drain_all();
	iova_get_stats(&big, &stats);
	assert_int_equal(stats.cached, 0);
	assert_int_equal(stats.ranges, 0);
	assert_true(stats.drains > 0);
	put_iova_domain(&big);
	free(pfn);
}

/* Ranges of one page in magazines must not keep a large one from being had. */
static void cached_ranges_do_not_exhaust_the_space(void **state)
{
	unsigned long pfn[END];
	unsigned int n = 0;

	(void)state;
	while ((pfn[n] = alloc_iova_fast(&domain, 1, END - 1, true)))
		n++;
	assert_int_equal(n, END - FIRST);
	for (unsigned int i = 0; i < n; i++)
		free_iova_fast(&domain, pfn[i], 1);
	assert_int_equal(alloc_iova_fast(&domain, 512, END - 1, false), 0);
	assert_int_equal(alloc_iova_fast(&domain, 512, END - 1, true), 512);
	free_iova_fast(&domain, 512, 512);
	check();
}

static void reserved_pages_are_given_to_nobody(void **state)
{
	struct iova_stats stats;
	struct iova *iova = alloc_iova(&domain, 4, 103, true);

	(void)state;
	assert_int_equal(iova->range.start, 100);
	assert_int_equal(reserve_iova(&domain, 90, 110), 0);
	assert_int_equal(reserve_iova(&domain, 95, 120), 0);
	assert_int_equal(reserve_iova(&domain, 0, 3), 0);
	assert_int_equal(reserve_iova(&domain, END - 2, ~0UL), 0);
	assert_int_equal(reserve_iova(&domain, END + 5, END + 9), 0);
	check();
	iova_get_stats(&domain, &stats);
	assert_int_equal(stats.reserved, 4);
	for (unsigned long pfn = 90; pfn <= 120; pfn++)
		assert_true(iova_in_use(&domain, pfn));
	assert_false(iova_in_use(&domain, 89));
	assert_false(iova_in_use(&domain, 121));
	free_iova(&domain, 100);
	assert_int_equal(alloc_iova_fast(&domain, 1, END - 1, true), END - 3);
	free_iova_fast(&domain, END - 3, 1);
	/* And they cannot be freed by mistake. */
	free_iova(&domain, 90);
	iova_get_stats(&domain, &stats);
	assert_int_equal(stats.bad_frees, 1);
	assert_int_equal(stats.reserved, 4);
	assert_int_equal(host_events.errors, 1);
}

static void nonsense_is_refused_and_reported(void **state)
{
	unsigned long pfn = alloc_iova_fast(&domain, 40, END - 1, true);
	struct iova_stats stats;

	(void)state;
	assert_int_equal(alloc_iova_fast(&domain, 0, END - 1, true), 0);
	assert_int_equal(alloc_iova_fast(&domain, ~0UL, END - 1, true), 0);
	assert_int_equal(alloc_iova_fast(&domain, 1, ~0UL, true), 0);
	assert_int_equal(alloc_iova_fast(&domain, 1, 0, true), 0);
	assert_int_equal(alloc_iova_fast(&domain, 1, FIRST - 1, true), 0);
	assert_null(alloc_iova(&domain, 0, END - 1, true));
	assert_null(alloc_iova(&domain, END, END - 1, false));
	free_iova_fast(&domain, pfn, 41);
	free_iova_fast(&domain, pfn + 1, 40);
	free_iova(&domain, FIRST);
	iova_get_stats(&domain, &stats);
	assert_int_equal(stats.bad_frees, 3);
	assert_int_equal(host_events.errors, 3);
	assert_int_equal(stats.failed, 7);
	free_iova_fast(&domain, pfn, 40);
}

/* Without memory for a node there is no range; without memory for a magazine a freed range
 * goes into the tree. */
static void without_memory(void **state)
{
	struct fault_attr all_fail = { .probability = 100,
				       .interval = 1,
				       .times = ATOMIC_INIT(-1) };
	unsigned long pfn = alloc_iova_fast(&domain, 1, END - 1, true);
	struct iova_stats stats;

	(void)state;
	failslab_set(&all_fail, NULL);
	assert_int_equal(alloc_iova_fast(&domain, 1, END - 1, true), 0);
	assert_int_equal(reserve_iova(&domain, 100, 110), -ENOMEM);
	free_iova_fast(&domain, pfn, 1);
	iova_get_stats(&domain, &stats);
	assert_int_equal(stats.cached, 0);
	assert_int_equal(stats.ranges, 0);
	failslab_set(NULL, NULL);
	check();
	/* A domain without magazines at all. */
	{
		struct iova_domain bare;

		init_iova_domain(&bare, 1, 100);
		assert_int_equal(alloc_iova_fast(&bare, 2, 99, true), 98);
		free_iova_fast(&bare, 98, 2);
		assert_int_equal(iova_verify(&bare), 0);
		put_iova_domain(&bare);
	}
}

static void failures_on_purpose(void **state)
{
	(void)state;
	assert_int_equal(fail_iova_setup("nonsense"), -EINVAL);
	assert_int_equal(fail_iova_setup("1,100,0,2"), 0);
	assert_int_equal(alloc_iova_fast(&domain, 1, END - 1, true), 0);
	assert_null(alloc_iova(&domain, 1, END - 1, false));
	alloc_one(0, 1, END - 1);
	free_one(0);
}

/* --- several CPUs -------------------------------------------------------------------------- */

#define CPUS	  4U
#define SMP_PAGES 4096UL
#define SMP_LIVE  64U

static struct iova_domain shared;
static unsigned int owner[SMP_PAGES];
static unsigned int collisions;

static void take(unsigned long pfn, unsigned long size, unsigned int me)
{
	for (unsigned long i = pfn; i < pfn + size; i++)
		if (__atomic_exchange_n(&owner[i], me, __ATOMIC_SEQ_CST))
			__atomic_fetch_add(&collisions, 1, __ATOMIC_SEQ_CST);
}

static void let_go(unsigned long pfn, unsigned long size, unsigned int me)
{
	for (unsigned long i = pfn; i < pfn + size; i++)
		if (__atomic_exchange_n(&owner[i], 0, __ATOMIC_SEQ_CST) != me)
			__atomic_fetch_add(&collisions, 1, __ATOMIC_SEQ_CST);
}

static void alloc_and_free(void *arg)
{
	unsigned int me = arch_cpu_id() + 1, seed = me;
	struct grant mine[SMP_LIVE] = { 0 };

	(void)arg;
	for (unsigned int i = 0; i < 20000; i++) {
		struct grant *g = &mine[(unsigned int)rand_r(&seed) % SMP_LIVE];

		if (g->size) {
			let_go(g->pfn, g->size, me);
			free_iova_fast(&shared, g->pfn, g->size);
			g->size = 0;
		} else {
			g->size = 1UL << (unsigned int)rand_r(&seed) % 6;
			g->pfn = alloc_iova_fast(&shared, g->size, SMP_PAGES - 1, true);
			if (g->pfn)
				take(g->pfn, g->size, me);
			else
				g->size = 0;
		}
		if (rand_r(&seed) % 2000 == 0)
			iova_drain(&shared);
	}
	for (unsigned int i = 0; i < SMP_LIVE; i++)
		if (mine[i].size) {
			let_go(mine[i].pfn, mine[i].size, me);
			free_iova_fast(&shared, mine[i].pfn, mine[i].size);
		}
}

static void several_cpus_never_get_the_same_page(void **state)
{
	(void)state;
	collisions = 0;
	init_iova_domain(&shared, 1, SMP_PAGES);
	assert_int_equal(iova_domain_init_rcaches(&shared), 0);
	host_run_on_cpus(CPUS, alloc_and_free, NULL);
	assert_int_equal(collisions, 0);
	assert_int_equal(iova_verify(&shared), 0);
	iova_drain(&shared);
	assert_int_equal(shared.tree.count, 0);
	put_iova_domain(&shared);
}

/* The self-check sees what is wrong. */
static void faults_are_found(void **state)
{
	unsigned long pfn = alloc_iova_fast(&domain, 1, END - 1, true);

	(void)state;
	domain.counts.pages++;
	assert_int_equal(iova_verify(&domain), -EINVAL);
	assert_true(host_log_has("iova: wrong counts"));
	domain.counts.pages--;
	/* A range freed twice is in a magazine twice. */
	free_iova_fast(&domain, pfn, 1);
	free_iova_fast(&domain, pfn, 1);
	assert_int_equal(iova_verify(&domain), -EINVAL);
	assert_true(host_log_has("holds a range twice"));
	assert_int_equal(alloc_iova_fast(&domain, 1, END - 1, true), pfn);
	free_iova(&domain, pfn);
	assert_int_equal(iova_verify(&domain), -EINVAL);
	assert_true(host_log_has("holds what is no range"));
	iova_drain(&domain);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(random_sizes_and_limits_follow_the_model),
		test(the_tree_gives_the_highest_place),
		test(what_was_freed_comes_back_from_the_magazine),
		test(magazines_and_depot_take_everything),
		test(cached_ranges_do_not_exhaust_the_space),
		test(reserved_pages_are_given_to_nobody),
		test(nonsense_is_refused_and_reported),
		test(without_memory),
		test(failures_on_purpose),
		test(several_cpus_never_get_the_same_page),
		test(faults_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
