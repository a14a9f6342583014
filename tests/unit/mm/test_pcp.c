/* SPDX-License-Identifier: MIT */
/* Per-CPU page lists: order of reuse, visits to the buddy, draining, other CPUs. */
#include <linux/smp.h>
#include "page_test.h"
#include "mm/pcp.h"
#include "mm/zone.h"

#define LARGE	   9 /* the order of a large page */
#define LARGE_HIGH 4 /* blocks of it that a CPU of set_up_large() keeps */

static int set_up(void **state)
{
	(void)state;
	host_set_possible_cpus(8);
	pages_start(512 * MIB);
	return 0;
}

/* A machine whose CPUs keep large pages, too. */
static int set_up_large(void **state)
{
	(void)state;
	host_set_possible_cpus(2);
	pages_start(GIB);
	return 0;
}

static unsigned long buddy_traffic(void)
{
	struct zone_info info;
	unsigned long n = 0;

	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		zone_info(z, &info);
		n += info.takes + info.puts;
	}
	return n;
}

static void the_page_freed_last_comes_first(void **state)
{
	struct page *pages[8];

	(void)state;
	for (unsigned int order = 0; order < 4; order++) {
		for (unsigned int i = 0; i < 4; i++)
			pages[i] = alloc_pages(GFP_KERNEL, order);
		for (unsigned int i = 0; i < 4; i++)
			__free_pages(pages[i], order);
		for (unsigned int i = 4; i-- > 0;)
			assert_ptr_equal(alloc_pages(GFP_KERNEL, order), pages[i]);
		pages_check();
	}
}

static void steady_use_never_visits_the_buddy(void **state)
{
	struct pcp_info before, after;
	unsigned long traffic;

	(void)state;
	for (unsigned int order = 0; order < 4; order++) {
		__free_pages(alloc_pages(GFP_KERNEL, order), order);
		pcp_info(&before);
		traffic = buddy_traffic();
		for (unsigned int i = 0; i < 1000; i++)
			__free_pages(alloc_pages(GFP_KERNEL, order), order);
		pcp_info(&after);
		assert_int_equal(buddy_traffic(), traffic);
		assert_int_equal(after.allocs - before.allocs, 1000);
		assert_int_equal(after.frees - before.frees, 1000);
		assert_int_equal(after.refills + after.drains,
				 before.refills + before.drains);
	}
}

static void free_singly(unsigned int n, struct page **pages)
{
	for (unsigned int i = 0; i < n; i++)
		__free_page(pages[i]);
}

static void visits_move_batches(void **state)
{
	static struct page *pages[1000];
	struct pcp_info before, middle, after;

	(void)state;
	pcp_info(&before);
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = alloc_page(GFP_KERNEL);
	pcp_info(&middle);
	assert_in_range(middle.refills - before.refills, 1000 / 156, 1000 / 8);
	free_singly(ARRAY_SIZE(pages), pages);
	pcp_info(&after);
	assert_in_range(after.drains - middle.drains, 1000 / 64, 1000 / 8);
	assert_in_range(after.pages, 1, 512);
	pages_check();
	drain_local_pages();
	pcp_info(&after);
	assert_int_equal(after.pages, 0);
	assert_int_equal(after.allocs - before.allocs, 1000);
	assert_int_equal(after.frees - before.frees, 1000);
	pages_check();
}

static void a_refill_hands_out_ascending_pages(void **state)
{
	struct page *first = alloc_pages(GFP_KERNEL, 0), *page = first;

	(void)state;
	/* The small blocks at the edges of memory go first; then runs come. */
	for (unsigned int i = 0; i < 200; i++)
		page = alloc_page(GFP_KERNEL);
	for (unsigned int i = 0; i < 8; i++) {
		struct page *next = alloc_page(GFP_KERNEL);

		if (page_to_pfn(next) % 16)
			assert_ptr_equal(next, page + 1);
		page = next;
	}
}

static void cold_requests_leave_the_lists_alone(void **state)
{
	struct page *warm = alloc_page(GFP_KERNEL), *cold;

	(void)state;
	__free_page(warm);
	cold = alloc_page(GFP_KERNEL | __GFP_COLD);
	assert_ptr_not_equal(cold, warm);
	assert_ptr_equal(alloc_page(GFP_KERNEL), warm);
	pages_check();
}

static void small_zones_keep_little(void **state)
{
	static struct page *pages[200];
	struct zone_info info;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		assert_non_null(pages[i] = alloc_page(GFP_KERNEL | GFP_DMA));
	free_singly(ARRAY_SIZE(pages), pages);
	zone_info(ZONE_DMA, &info);
	assert_in_range(info.pcp, 1, 4);
	pages_check();
}

/* --- large pages --- */

static void large_pages_come_back_without_the_buddy(void **state)
{
	struct page *first = alloc_pages(GFP_KERNEL, LARGE), *second;
	struct pcp_info before, after;
	unsigned long traffic;

	(void)state;
	second = alloc_pages(GFP_KERNEL, LARGE);
	__free_pages(first, LARGE);
	__free_pages(second, LARGE);
	pages_check();
	pcp_info(&before);
	traffic = buddy_traffic();
	for (unsigned int i = 0; i < 100; i++) {
		assert_ptr_equal(alloc_pages(GFP_KERNEL, LARGE), second);
		assert_ptr_equal(alloc_pages(GFP_KERNEL, LARGE), first);
		assert_int_equal(page_order(first), LARGE);
		__free_pages(first, LARGE);
		__free_pages(second, LARGE);
	}
	pcp_info(&after);
	assert_int_equal(buddy_traffic(), traffic);
	assert_int_equal(after.allocs - before.allocs, 200);
	assert_int_equal(after.frees - before.frees, 200);
	assert_int_equal(after.pages, 2 << LARGE);
	pages_check();
}

static void few_large_pages_are_kept_the_warmest(void **state)
{
	struct free_counts before = free_counts(), after;
	struct page *pages[3 * LARGE_HIGH];
	struct pcp_info info;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = alloc_pages(GFP_KERNEL, LARGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
		__free_pages(pages[i], LARGE);
		pcp_info(&info);
		assert_int_equal(info.pages, min(i + 1, LARGE_HIGH + 0U) << LARGE);
		pages_check();
	}
	for (unsigned int i = ARRAY_SIZE(pages); i-- > 2 * LARGE_HIGH;)
		assert_ptr_equal(alloc_pages(GFP_KERNEL, LARGE), pages[i]);
	for (unsigned int i = 2 * LARGE_HIGH; i < ARRAY_SIZE(pages); i++)
		__free_pages(pages[i], LARGE);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

static void orders_between_are_not_kept(void **state)
{
	struct pcp_info before, after;

	(void)state;
	pcp_info(&before);
	for (unsigned int order = 4; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		if (order == LARGE) {
			__free_pages(page, order);
			drain_local_pages();
			pcp_info(&before);
			continue;
		}
		__free_pages(page, order);
		pcp_info(&after);
		assert_memory_equal(&after, &before, sizeof(after));
		pages_check();
	}
}

static void full_stacks_leave_each_other_alone(void **state)
{
	static struct page *pages[PCP_ORDERS][200];
	unsigned long held = 0;
	struct pcp_info info;

	(void)state;
	for (unsigned int order = 0; order < PCP_ORDERS; order++)
		for (unsigned int i = 0; i < pcp_room(order) + 1; i++)
			pages[order][i] = alloc_pages(GFP_KERNEL, order);
	drain_local_pages();
	for (unsigned int order = 0; order < PCP_ORDERS; order++) {
		for (unsigned int i = 0; i < pcp_room(order); i++)
			__free_pages(pages[order][i], order);
		held += (unsigned long)pcp_room(order) << order;
	}
	pages_check();
	pcp_info(&info);
	assert_int_equal(info.pages, held);
	for (unsigned int order = 0; order < PCP_ORDERS; order++) {
		for (unsigned int i = pcp_room(order); i-- > 0;)
			assert_ptr_equal(alloc_pages(GFP_KERNEL, order), pages[order][i]);
		pages_check();
	}
}

/* However many CPUs there are and whatever they do. */
static void large_pages_held_back_are_a_small_part(void **state)
{
	static const unsigned int cpus[] = { 1, 2, 3, 8, 64 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cpus); i++)
		for (size_t size = 32 * MIB; size <= 2 * GIB; size *= 2) {
			unsigned long managed;

			host_set_possible_cpus(cpus[i]);
			pages_start(size);
			for (unsigned int zone = 0; zone < MAX_NR_ZONES; zone++) {
				struct pcp *pcp = &cpu_pcps[0].pcp[pcp_class(zone, 0)];
				unsigned long high =
					(unsigned long)(pcp->stack[LARGE].limit -
							pcp_bottom(pcp, LARGE));

				managed = zones[zone].managed;
				assert_in_range((high << LARGE) * cpus[i], 0,
						managed / 32);
			}
		}
}

static void a_request_that_cannot_wait_has_what_its_cpu_holds(void **state)
{
	struct page *held = alloc_pages(GFP_KERNEL, LARGE), *list;

	(void)state;
	take_all(GFP_KERNEL | __GFP_MEMALLOC, 0, &list);
	__free_pages(held, LARGE);
	assert_ptr_equal(alloc_pages(GFP_ATOMIC, LARGE), held);
	assert_null(alloc_pages(GFP_ATOMIC | __GFP_NOWARN, LARGE));
	__free_pages(held, LARGE);
	give_all(list, 0);
	pages_check();
}

/* --- other CPUs --- */

static void the_last_large_page_is_found_on_another_cpu(void **state)
{
	struct page *last = alloc_pages(GFP_KERNEL, LARGE), *list;
	struct pcp_info info;

	(void)state;
	take_all(GFP_KERNEL | __GFP_MEMALLOC, 0, &list);
	host_cpu_offline();
	host_cpu_online(1);
	__free_pages(last, LARGE);
	host_cpu_offline();
	host_cpu_online(0);
	pcp_info(&info);
	assert_int_equal(info.pages, 1 << LARGE);
	assert_ptr_equal(alloc_pages(GFP_KERNEL | __GFP_MEMALLOC, LARGE), last);
	__free_pages(last, LARGE);
	give_all(list, 0);
	pages_check();
}

static struct page *handed[4][64];

static void take_on_each_cpu(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 64; i++)
		handed[smp_processor_id()][i] = alloc_page(GFP_KERNEL);
}

static void give_pages_of_the_next_cpu(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 64; i++)
		__free_page(handed[(smp_processor_id() + 1) % 4][i]);
}

static void pages_may_be_freed_on_another_cpu(void **state)
{
	struct free_counts before = free_counts(), after;
	struct pcp_info start, info;

	(void)state;
	pcp_info(&start);
	host_run_on_cpus(4, take_on_each_cpu, NULL);
	pages_check();
	host_run_on_cpus(4, give_pages_of_the_next_cpu, NULL);
	pages_check();
	pcp_info(&info);
	assert_in_range(info.pages, 4 * 32, 4 * 512);
	assert_int_equal(info.allocs - start.allocs, 4 * 64);
	assert_int_equal(info.frees - start.frees, 4 * 64);
	after = free_counts(); /* drains CPUs whose threads have ended, too */
	assert_counts_equal(&after, &before);
	pages_check();
}

static struct {
	unsigned int done;
	bool stop;
} busy;

static void allocate_until_told(void *unused)
{
	(void)unused;
	if (smp_processor_id() == 0) {
		while (__atomic_load_n(&busy.done, __ATOMIC_RELAXED) < 5000)
			drain_all_pages();
		__atomic_store_n(&busy.stop, true, __ATOMIC_RELEASE);
		return;
	}
	while (!__atomic_load_n(&busy.stop, __ATOMIC_ACQUIRE)) {
		struct page *a = alloc_page(GFP_KERNEL), *b = alloc_pages(GFP_KERNEL, 2);

		assert_non_null(a);
		assert_non_null(b);
		__free_page(a);
		__free_pages(b, 2);
		__atomic_fetch_add(&busy.done, 1, __ATOMIC_RELAXED);
	}
}

static void draining_busy_cpus_loses_nothing(void **state)
{
	struct free_counts before = free_counts(), after;

	(void)state;
	busy.stop = false;
	busy.done = 0;
	host_run_on_cpus(3, allocate_until_told, NULL);
	pages_check();
	after = free_counts();
	assert_counts_equal(&after, &before);
	assert_int_equal(page_alloc_bad_count(), 0);
}

/* When memory is gone, what other CPUs hold is collected. */
static void the_last_page_is_found_on_another_cpu(void **state)
{
	struct page *list, *more;
	struct pcp_info info;

	(void)state;
	take_all(GFP_KERNEL, 0, &list);
	pcp_info(&info);
	handed[0][0] = list;
	host_cpu_offline();
	host_cpu_online(1);
	list = list->mapping;
	__free_page(handed[0][0]);
	host_cpu_offline();
	host_cpu_online(0);
	pcp_info(&info);
	assert_int_equal(info.pages, 1);
	more = alloc_page(GFP_KERNEL);
	(void)more;
	pcp_info(&info);
	assert_int_equal(info.pages, 0);
	give_all(list, 0);
	pages_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_page_freed_last_comes_first, set_up),
		cmocka_unit_test_setup(steady_use_never_visits_the_buddy, set_up),
		cmocka_unit_test_setup(visits_move_batches, set_up),
		cmocka_unit_test_setup(a_refill_hands_out_ascending_pages, set_up),
		cmocka_unit_test_setup(cold_requests_leave_the_lists_alone, set_up),
		cmocka_unit_test_setup(small_zones_keep_little, set_up),
		cmocka_unit_test_setup(large_pages_come_back_without_the_buddy,
				       set_up_large),
		cmocka_unit_test_setup(few_large_pages_are_kept_the_warmest,
				       set_up_large),
		cmocka_unit_test_setup(orders_between_are_not_kept, set_up_large),
		cmocka_unit_test_setup(full_stacks_leave_each_other_alone, set_up_large),
		cmocka_unit_test(large_pages_held_back_are_a_small_part),
		cmocka_unit_test_setup(a_request_that_cannot_wait_has_what_its_cpu_holds,
				       set_up_large),
		cmocka_unit_test_setup(the_last_large_page_is_found_on_another_cpu,
				       set_up_large),
		cmocka_unit_test_setup(pages_may_be_freed_on_another_cpu, set_up),
		cmocka_unit_test_setup(draining_busy_cpus_loses_nothing, set_up),
		cmocka_unit_test_setup(the_last_page_is_found_on_another_cpu, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
