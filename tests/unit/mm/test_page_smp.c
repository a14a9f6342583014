/* SPDX-License-Identifier: MIT */
/* Many CPUs allocate and free across each other; nothing is lost or given out twice. */
#include <linux/smp.h>
#include "page_test.h"

#define CPUS   4
#define STEPS  15000
#define SHARED 64

static struct {
	struct page *slot[SHARED]; /* blocks passed from CPU to CPU by exchange */
	unsigned int wrong; /* blocks whose contents another owner changed */
} pool;

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	memset(&pool, 0, sizeof(pool));
	return 0;
}

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* First and last word of a block hold its own address while it is owned. */
static void sign(struct page *page)
{
	u64 *p = page_address(page);

	p[0] = (u64)page;
	p[(PAGE_SIZE << page_order(page)) / 8 - 1] = (u64)page;
}

static void check_and_free(struct page *page)
{
	unsigned int order = page_order(page);
	const u64 *p = page_address(page);

	if (p[0] != (u64)page || p[(PAGE_SIZE << order) / 8 - 1] != (u64)page)
		__atomic_fetch_add(&pool.wrong, 1, __ATOMIC_RELAXED);
	((u64 *)page_address(page))[0] = 0;
	__free_pages(page, order);
}

static void exchange_blocks(void *unused)
{
	unsigned int seed = smp_processor_id() * 77 + 1;

	(void)unused;
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int order = next(&seed) % 8 ? next(&seed) % 4 : next(&seed) % 8;
		struct page **slot = &pool.slot[next(&seed) % SHARED];
		struct page *page = NULL;

		if (next(&seed) % 3)
			page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
		if (page)
			sign(page);
		page = __atomic_exchange_n(slot, page, __ATOMIC_ACQ_REL);
		if (page)
			check_and_free(page);
		if (next(&seed) % 1024 == 0)
			drain_all_pages();
	}
}

static void blocks_move_between_cpus(void **state)
{
	struct free_counts before = free_counts(), after;

	(void)state;
	host_run_on_cpus(CPUS, exchange_blocks, NULL);
	pages_check();
	for (unsigned int i = 0; i < SHARED; i++)
		if (pool.slot[i])
			check_and_free(pool.slot[i]);
	assert_int_equal(pool.wrong, 0);
	assert_int_equal(page_alloc_bad_count(), 0);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

/* All CPUs want all memory at once: each page goes to one of them. */
static void exhaust_on_each_cpu(void *lists)
{
	struct page **list = (struct page **)lists + smp_processor_id();

	take_all(GFP_KERNEL, 0, list);
	for (struct page *page = *list; page; page = page->mapping)
		*(u64 *)page_address(page) = smp_processor_id() + 1;
}

static void memory_runs_out_on_all_cpus_at_once(void **state)
{
	struct free_counts before = free_counts(), after;
	struct page *lists[CPUS] = { NULL };
	unsigned long taken = 0;

	(void)state;
	host_run_on_cpus(CPUS, exhaust_on_each_cpu, lists);
	pages_check();
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		for (struct page *page = lists[cpu]; page; page = page->mapping) {
			assert_int_equal(*(u64 *)page_address(page), cpu + 1);
			taken++;
		}
	}
	after = free_counts();
	assert_int_equal(taken, before.free - after.free);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		give_all(lists[cpu], 0);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

/* References taken and dropped by all: the block goes with the last one, once. */
static void drop_references(void *data)
{
	struct page *page = data;

	for (unsigned int i = 0; i < 100; i++) {
		get_page(page);
		put_page(page + i % 8);
	}
	put_page(page);
}

static void the_last_reference_frees_once(void **state)
{
	struct free_counts before = free_counts(), after;

	(void)state;
	for (unsigned int round = 0; round < 100; round++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);

		for (unsigned int i = 1; i < CPUS; i++)
			get_page(page);
		host_run_on_cpus(CPUS, drop_references, page);
	}
	assert_int_equal(page_alloc_bad_count(), 0);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

static void debugging_works_on_all_cpus(void **state)
{
	(void)state;
	host_boot_begin(64 * MIB);
	page_poison_setup("on");
	page_owner_setup("on");
	fail_page_alloc_setup("50,100,0,-1");
	mm_init();
	gfp_allow_sleep();
	host_run_on_cpus(CPUS, exchange_blocks, NULL);
	fail_page_alloc_set(NULL);
	assert_int_equal(pool.wrong, 0);
	assert_int_equal(page_alloc_bad_count(), 0);
	pages_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(blocks_move_between_cpus, set_up),
		cmocka_unit_test_setup(memory_runs_out_on_all_cpus_at_once, set_up),
		cmocka_unit_test_setup(the_last_reference_frees_once, set_up),
		cmocka_unit_test_setup(debugging_works_on_all_cpus, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
