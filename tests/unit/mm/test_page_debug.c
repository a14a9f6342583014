/* SPDX-License-Identifier: MIT */
/* Poison, page_owner, stored call chains, failures on purpose. */
#include <linux/sprintf.h>
#include <linux/stackdepot.h>
#include "page_test.h"

static void start_with(int (*setup)(const char *arg))
{
	host_boot_begin(64 * MIB);
	assert_int_equal(setup("on"), 0);
	mm_init();
	gfp_allow_sleep();
	drain_all_pages();
	pages_check();
}

static int poison_on(void **state)
{
	(void)state;
	start_with(page_poison_setup);
	return 0;
}

static int owner_on(void **state)
{
	(void)state;
	start_with(page_owner_setup);
	return 0;
}

static void options_are_checked(void **state)
{
	static int (*const setups[])(const char *) = { page_poison_setup,
						       page_owner_setup };

	(void)state;
	host_mm_reset();
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(setups[i]("off"), 0);
		assert_int_equal(setups[i]("1"), 0);
		assert_int_equal(setups[i]("0"), 0);
		assert_int_equal(setups[i]("yes please"), -EINVAL);
		assert_int_equal(setups[i](""), -EINVAL);
		assert_int_equal(setups[i](NULL), -EINVAL);
	}
}

static void free_pages_hold_poison(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);
		u8 *p = page_address(page);

		memset(p, 0x11, PAGE_SIZE << order);
		__free_pages(page, order);
		assert_null(memchr_inv(p, 0xaa, PAGE_SIZE << order));
		pages_check();
	}
	assert_int_equal(page_alloc_bad_count(), 0);
}

static void a_write_to_a_free_page_is_found_when_it_is_handed_out(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2), *again;
	u8 *p = page_address(page);
	char text[64];

	(void)state;
	__free_pages(page, 2);
	p[2 * PAGE_SIZE + 77] = 0x42;
	again = alloc_pages(GFP_KERNEL, 2);
	assert_ptr_equal(again, page);
	assert_int_equal(page_alloc_bad_count(), 1);
	assert_true(host_log_has("written to while it was free"));
	snprintf(text, sizeof(text), "byte 0x4d of page %#lx is 0x42",
		 page_to_pfn(page) + 2);
	assert_true(host_log_has(text));
	/* Reported once; the page is good again. */
	__free_pages(again, 2);
	assert_ptr_equal(alloc_pages(GFP_KERNEL, 2), page);
	assert_int_equal(page_alloc_bad_count(), 1);
	pages_check();
}

static void poison_survives_splitting_and_joining(void **state)
{
	struct page *list, *page = alloc_pages(GFP_KERNEL, 10);

	(void)state;
	__free_pages(page, 10);
	for (unsigned int i = 0; i < 200; i++)
		alloc_pages(GFP_KERNEL, i % 4);
	take_all(GFP_KERNEL | __GFP_ZERO, 0, &list);
	for (page = list; page; page = page->mapping)
		assert_null(memchr_inv(page_address(page), 0, PAGE_SIZE));
	give_all(list, 0);
	take_all(GFP_KERNEL, 7, &list);
	give_all(list, 7);
	assert_int_equal(page_alloc_bad_count(), 0);
	pages_check();
}

static void pages_know_their_owner(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);
	struct page_owner_info info;
	const unsigned long *pcs;

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		assert_true(page_owner_get(page + i, &info));
		assert_int_equal(info.order, 3);
		assert_int_equal(info.gfp, GFP_KERNEL | __GFP_ZERO);
		assert_int_equal(info.cpu, 0);
		assert_int_equal(info.free_stack, 0);
		assert_in_range(stack_depot_fetch(info.alloc_stack, &pcs), 2, 8);
	}
	__free_pages(page, 3);
	assert_true(page_owner_get(page, &info));
	assert_true(info.free_stack != 0 && info.free_stack != info.alloc_stack);
	assert_false(page_owner_get(pfn_to_page(20 * MIB / PAGE_SIZE), &info));
	/* The neighbour of a single page is not that page's. */
	for (unsigned int i = 0; i < 4; i++) {
		page = alloc_page(GFP_KERNEL | GFP_DMA | __GFP_COLD);
		if (!(page_to_pfn(page) & 1))
			assert_false(page_owner_get(page + 1, &info));
	}
	assert_false(page_owner_get(pfn_to_page(max_pfn), &info));
}

static void a_double_free_names_all_three_call_chains(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	__free_page(page);
	__free_page(page);
	assert_true(host_log_has("double free"));
	assert_true(
		host_log_has("page_owner: order 0, GFP_KERNEL, on CPU 0, allocated by"));
	assert_true(host_log_has("page_owner: freed by"));
}

/* --- two CPUs free one page -------------------------------------------------------------- */

#define RACES 3000

static struct page *raced[RACES];
static unsigned int arrived;

/* Both get to each page at the same instant, as nearly as that can be had. */
static void free_all_at_once(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < RACES; i++) {
		__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < 2 * (i + 1))
			;
		__free_page(raced[i]);
	}
}

static void one_of_two_who_free_a_page_at_once_is_found(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RACES; i++)
		raced[i] = alloc_page(GFP_KERNEL);
	arrived = 0;
	host_run_on_cpus(2, free_all_at_once, NULL);
	assert_int_equal(page_alloc_bad_count(), RACES);
	drain_all_pages();
	pages_check();
}

static void split_pages_keep_their_owner(void **state)
{
	void *p = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
	struct page_owner_info info, first;

	(void)state;
	assert_true(page_owner_get(virt_to_page(p), &first));
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(page_owner_get(virt_to_page(p) + i, &info));
		assert_int_equal(info.order, 0);
		assert_int_equal(info.alloc_stack, first.alloc_stack);
	}
	free_pages_exact(p, 3 * PAGE_SIZE);
	pages_check();
}

static depot_stack_handle_t noinline save_from_elsewhere(void)
{
	depot_stack_handle_t handle = stack_depot_save_here();

	barrier();
	return handle;
}

static void call_chains_are_stored_once(void **state)
{
	depot_stack_handle_t handles[4];
	const unsigned long *pcs = NULL;

	(void)state;
	for (volatile unsigned int i = 0; i < 3; i++) /* one call, not three */
		handles[i] = save_from_elsewhere();
	handles[3] = stack_depot_save_here();
	assert_true(handles[0] != 0);
	assert_int_equal(handles[0], handles[1]);
	assert_int_equal(handles[0], handles[2]);
	assert_int_not_equal(handles[0], handles[3]);
	assert_int_equal(stack_depot_init(), 0);
	assert_int_equal(stack_depot_fetch(0, &pcs), 0);
	assert_int_equal(stack_depot_fetch(~0U, &pcs), 0);
	assert_null(pcs);
	host_log_clear();
	stack_depot_print(handles[0]);
	assert_true(host_log_has("test_page_debug+0x"));
}

static void without_the_option_nothing_is_stored(void **state)
{
	struct page_owner_info info;

	(void)state;
	pages_start(32 * MIB);
	assert_int_equal(stack_depot_save_here(), 0);
	assert_false(page_owner_get(alloc_page(GFP_KERNEL), &info));
}

static void no_memory_for_the_records_switches_owner_off(void **state)
{
	(void)state;
	host_set_possible_cpus(2);
	host_boot_begin(32 * MIB);
	page_owner_setup("on");
	memblock_reserve(64 * 1024, 32 * MIB - 320 * 1024);
	mm_init();
	gfp_allow_sleep();
	assert_true(host_log_has("page_owner: no memory"));
	__free_page(alloc_page(GFP_KERNEL));
	pages_check();
	host_set_possible_cpus(8);
}

/* --- failures on purpose --- */

static void attributes_are_parsed_as_linux_does(void **state)
{
	static const char *const bad[] = { "",
					   "1",
					   "1,2,3",
					   "1,2,3,4,5",
					   "a,1,1,1",
					   "1,101,0,1",
					   "-1,50,0,1",
					   "1,50,0,-2",
					   "1,50,0,",
					   "1,50,0,1x",
					   "99999999999,1,1,1",
					   "1,1,1,99999999999999999999" };
	struct fault_attr attr = { .interval = 77 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(setup_fault_attr(&attr, bad[i]), -EINVAL);
		assert_int_equal(attr.interval, 77);
	}
	assert_int_equal(setup_fault_attr(&attr, NULL), -EINVAL);
	assert_int_equal(setup_fault_attr(&attr, "3,50,10,-1"), 0);
	assert_int_equal(attr.interval, 3);
	assert_int_equal(attr.probability, 50);
	assert_int_equal(atomic_read(&attr.space), 10);
	assert_int_equal(atomic_read(&attr.times), -1);
}

static unsigned int failures(const char *arg, unsigned int calls, ssize_t size)
{
	struct fault_attr attr;
	unsigned int failed = 0;

	assert_int_equal(setup_fault_attr(&attr, arg), 0);
	for (unsigned int i = 0; i < calls; i++)
		failed += should_fail(&attr, size);
	assert_int_equal(atomic_long_read(&attr.failed), failed);
	assert_int_equal(atomic_long_read(&attr.count), calls);
	return failed;
}

static void each_attribute_works(void **state)
{
	(void)state;
	assert_int_equal(failures("1,0,0,-1", 1000, 1), 0);
	assert_int_equal(failures("1,100,0,-1", 1000, 1), 1000);
	assert_int_equal(failures("0,100,0,-1", 1000, 1), 1000);
	assert_int_equal(failures("10,100,0,-1", 1000, 1), 100);
	assert_int_equal(failures("10,100,0,7", 1000, 1), 7);
	assert_int_equal(failures("1,100,0,0", 1000, 1), 0);
	assert_int_equal(failures("1,100,100,-1", 1000, 1), 901);
	assert_int_equal(failures("1,100,100,-1", 1000, 10), 991);
	assert_in_range(failures("1,25,0,-1", 10000, 1), 2300, 2700);
}

static void allocations_fail_from_the_command_line(void **state)
{
	unsigned int failed = 0;

	(void)state;
	assert_int_equal(fail_page_alloc_setup("nonsense"), -EINVAL);
	host_boot_begin(32 * MIB);
	assert_int_equal(fail_page_alloc_setup("5,100,0,10"), 0);
	mm_init();
	gfp_allow_sleep();
	for (unsigned int i = 0; i < 100; i++)
		failed += !alloc_page(GFP_KERNEL | __GFP_NOWARN);
	assert_int_equal(failed, 10);
	pages_check();
	fail_page_alloc_set(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test_setup(free_pages_hold_poison, poison_on),
		cmocka_unit_test_setup(
			a_write_to_a_free_page_is_found_when_it_is_handed_out, poison_on),
		cmocka_unit_test_setup(poison_survives_splitting_and_joining, poison_on),
		cmocka_unit_test_setup(pages_know_their_owner, owner_on),
		cmocka_unit_test_setup(a_double_free_names_all_three_call_chains,
				       owner_on),
		cmocka_unit_test_setup(one_of_two_who_free_a_page_at_once_is_found,
				       poison_on),
		cmocka_unit_test_setup(split_pages_keep_their_owner, owner_on),
		cmocka_unit_test_setup(call_chains_are_stored_once, owner_on),
		cmocka_unit_test(without_the_option_nothing_is_stored),
		cmocka_unit_test(no_memory_for_the_records_switches_owner_off),
		cmocka_unit_test(attributes_are_parsed_as_linux_does),
		cmocka_unit_test(each_attribute_works),
		cmocka_unit_test(allocations_fail_from_the_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
