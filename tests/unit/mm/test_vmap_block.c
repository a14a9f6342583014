/* SPDX-License-Identifier: MIT */
/* vm_map_ram: blocks of addresses that each CPU cuts small mappings from. */
#include <linux/atomic.h>
#include <linux/fault-inject.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/slab_info.h"
#include "mm/vmap_internal.h"
#include "vmap_test.h"

#define BLOCK_PAGES 511U /* of addresses; each mapping takes one more than its pages */
#define MAX_SMALL   64U

static struct page *pages[200];

static int set_up(void **state)
{
	vmap_set_up(state);
	assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL, ARRAY_SIZE(pages), pages),
			 ARRAY_SIZE(pages));
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		*(unsigned long *)page_address(pages[i]) = i;
	return 0;
}

/* A block that serves no mapping is no leak. */
static int tear_down(void **state)
{
	vm_unmap_aliases();
	free_pages_bulk_array(ARRAY_SIZE(pages), pages);
	return vmap_tear_down(state);
}

#define block_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static struct vmalloc_stats get_stats(void)
{
	struct vmalloc_stats stats;

	vmalloc_get_stats(&stats);
	return stats;
}

/* Each mapped page is the one asked for, and behind them is a guard. */
static void check_mapping(const char *p, unsigned int from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(*(const unsigned long *)(p + i * PAGE_SIZE), from + i);
	assert_true(platform_probe_faults((unsigned long)p + count * PAGE_SIZE));
}

static void pages_appear_side_by_side(void **state)
{
	static const unsigned int counts[] = { 1, 2, 3, 63, 64, 65, 200 };
	char *p[ARRAY_SIZE(counts)];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		p[i] = vm_map_ram(pages, counts[i], -1);
		assert_true(is_vmalloc_addr(p[i]));
		check_mapping(p[i], 0, counts[i]);
		vmap_check();
	}
	assert_int_equal(get_stats().nr_blocks, 1);
	assert_int_equal(get_stats().nr_block_maps, 5);
	assert_int_equal(live_areas(), 3);
	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		vm_unmap_ram(p[i], counts[i]);
		assert_true(platform_probe_faults((unsigned long)p[i]));
		vmap_check();
	}
	/* The pages stayed the caller's. */
	assert_int_equal(*(unsigned long *)page_address(pages[7]), 7);
}

/* No page of a block is used twice, and a full block is retired with its last mapping. */
static void a_block_serves_once(void **state)
{
	unsigned long last = 0, base = 0;
	unsigned int in_first = 0;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		unsigned long p = (unsigned long)vm_map_ram(pages, 4, -1);

		base = base ? base : p;
		assert_true(p > last);
		in_first += p < base + PMD_SIZE;
		last = p;
		vm_unmap_ram((void *)p, 4);
	}
	assert_int_equal(in_first, BLOCK_PAGES / 5);
	assert_int_equal(get_stats().nr_blocks, 1);
	assert_int_equal(get_stats().nr_lazy, 1);
	assert_int_equal(host_events.tlb_flushes, 0);
	vmap_check();
}

/* A block with a mapping lives on when it is closed; the flush reaches into it. */
static void a_mapping_keeps_its_block(void **state)
{
	char *kept = vm_map_ram(pages + 9, 2, -1);

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		vm_unmap_ram(vm_map_ram(pages, MAX_SMALL, -1), MAX_SMALL);
	assert_int_equal(get_stats().nr_blocks, 2);
	vm_unmap_aliases();
	assert_int_equal(get_stats().nr_blocks, 1);
	assert_in_range(host_events.tlb_flushes, 1, 2);
	check_mapping(kept, 9, 2);
	vmap_check();
	host_log_clear();
	vm_unmap_aliases();
	assert_int_equal(host_events.tlb_flushes, 0);
	vm_unmap_ram(kept, 2);
	assert_int_equal(get_stats().nr_blocks, 0);
	assert_int_equal(get_stats().nr_lazy, 1);
}

/* No area is retired, and yet there is something to flush: once. */
static void a_flush_reaches_into_living_blocks(void **state)
{
	char *kept = vm_map_ram(pages, 2, -1);

	(void)state;
	vm_unmap_aliases();
	assert_int_equal(host_events.tlb_flushes, 0);
	vm_unmap_ram(vm_map_ram(pages, 2, -1), 2);
	vm_unmap_aliases();
	assert_int_equal(host_events.tlb_flushes, 1);
	vm_unmap_aliases();
	assert_int_equal(host_events.tlb_flushes, 1);
	vm_unmap_ram(kept, 2);
}

static long pages_free(void)
{
	vm_unmap_aliases();
	drain_all_pages();
	return (long)nr_free_pages();
}

/* Many blocks come and go, or are not finished, and none leaves anything behind. */
static void blocks_leave_nothing_behind(void **state)
{
	struct fault_attr attr = { .probability = 100, .interval = 2, .times = { -1 } };
	long before;

	(void)state;
	vm_unmap_ram(vm_map_ram(pages, 1, -1), 1);
	before = pages_free();
	for (unsigned int i = 0; i < 300; i++) {
		vm_unmap_ram(vm_map_ram(pages, 1, -1), 1);
		vm_unmap_aliases();
	}
	assert_in_range(before - pages_free() + 8, 0, 16);
	failslab_set(&attr, NULL);
	for (unsigned int i = 0; i < 300; i++)
		assert_null(vm_map_ram(pages, 1, -1));
	failslab_set(NULL, NULL);
	assert_in_range(before - pages_free() + 8, 0, 16);
}

static void an_unused_block_goes_with_a_flush(void **state)
{
	(void)state;
	vm_unmap_ram(vm_map_ram(pages, 1, -1), 1);
	assert_int_equal(get_stats().nr_blocks, 1);
	assert_int_equal(live_areas(), 1);
	vm_unmap_aliases();
	assert_int_equal(get_stats().nr_blocks, 0);
	assert_int_equal(host_events.tlb_flushes, 1);
	/* What this CPU remembers has gone stale: it gets a new one. */
	vm_unmap_ram(vm_map_ram(pages, 1, -1), 1);
	assert_int_equal(get_stats().nr_blocks, 1);
}

static void wrong_unmaps_are_reported_and_change_nothing(void **state)
{
	char *p = vm_map_ram(pages, 4, -1), *large = vm_map_ram(pages, 100, -1), *v;

	(void)state;
	v = vmalloc(PAGE_SIZE);
	vm_unmap_ram(p, 3);
	expect_reports(1, "no mapping of 3 pages");
	vm_unmap_ram(p + PAGE_SIZE, 3);
	expect_reports(1, "no mapping");
	vm_unmap_ram(p + 1, 4);
	expect_reports(1, "no mapping");
	vm_unmap_ram(p + 5 * PAGE_SIZE, 4);
	expect_reports(1, "no mapping");
	vm_unmap_ram(p + PMD_SIZE - PAGE_SIZE, 1);
	expect_reports(1, "no mapping");
	vm_unmap_ram(NULL, 1);
	expect_reports(1, "no mapping");
	vm_unmap_ram(v, 1);
	expect_reports(1, "no mapping");
	vm_unmap_ram(v, 65);
	expect_reports(1, "is for vfree");
	vm_unmap_ram(large, 101);
	expect_reports(1, "no mapping of 101 pages");
	vm_unmap_ram(large, 4);
	expect_reports(1, "no mapping of 4 pages");
	vm_unmap_ram((void *)((unsigned long)p & PMD_MASK), 65);
	expect_reports(1, "is for vm_unmap_ram");
	vfree(p);
	expect_reports(1, "is for vm_unmap_ram");
	assert_int_equal(get_stats().nr_bad_frees, 12);
	check_mapping(p, 0, 4);
	check_mapping(large, 0, 100);
	vmap_check();
	vm_unmap_ram(p, 4);
	vm_unmap_ram(p, 4);
	expect_reports(1, "no mapping");
	vm_unmap_ram(large, 100);
	vfree(v);
}

static void requests_that_make_no_sense(void **state)
{
	(void)state;
	assert_null(vm_map_ram(pages, 0, -1));
	assert_null(vm_map_ram(pages, ~0U, -1));
	assert_int_equal(get_stats().nr_failed, 2);
	preempt_disable();
	assert_null(vm_map_ram(pages, 1, -1));
	preempt_enable();
	assert_int_equal(host_events.violations, 1);
	host_log_clear();
}

static void mapping_may_fail(void **state)
{
	char *p = vm_map_ram(pages, 1, -1);

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		host_fail_nth_map(1);
		assert_null(vm_map_ram(pages, 2, -1));
		assert_int_equal(get_stats().nr_block_maps, 1);
		vmap_check();
	}
	host_fail_nth_map(1);
	assert_null(vm_map_ram(pages, 100, -1));
	vm_unmap_ram(p, 1);
	/* A new block whose first mapping fails. */
	vm_unmap_aliases();
	host_fail_nth_map(1);
	assert_null(vm_map_ram(pages, 2, -1));
	assert_int_equal(get_stats().nr_block_maps, 0);
}

static void descriptors_may_be_missing(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 2; n++) {
		struct fault_attr attr = { .probability = 100,
					   .interval = n,
					   .times = { 1 } };

		failslab_set(&attr, NULL);
		assert_null(vm_map_ram(pages, 1, -1));
		failslab_set(NULL, NULL);
		assert_int_equal(atomic_long_read(&attr.failed), 1);
		assert_int_equal(live_areas(), 0);
		vmap_check();
	}
}

#define SLOTS 60

static void random_calls_follow_the_model(void **state)
{
	struct {
		char *p;
		unsigned int from, count;
	} slots[SLOTS] = { 0 };

	(void)state;
	srand(5);
	for (unsigned int step = 0; step < 5000; step++) {
		unsigned int i = (unsigned int)rand() % SLOTS;

		if (slots[i].p) {
			check_mapping(slots[i].p, slots[i].from, slots[i].count);
			vm_unmap_ram(slots[i].p, slots[i].count);
			slots[i].p = NULL;
		} else {
			slots[i].from = (unsigned int)rand() % 100;
			slots[i].count =
				1 + (unsigned int)rand() % (rand() % 9 ? 12 : 100);
			slots[i].p =
				vm_map_ram(pages + slots[i].from, slots[i].count, -1);
			assert_non_null(slots[i].p);
		}
		if (rand() % 100 == 0)
			vm_unmap_aliases();
		if (step % 16 == 0)
			vmap_check();
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		if (slots[i].p)
			vm_unmap_ram(slots[i].p, slots[i].count);
	assert_int_equal(get_stats().nr_block_maps, 0);
}

/* Mappings on their way from one CPU to another; all of 3 pages. */
static void *exchange[16];

static void cross_map(void *arg)
{
	unsigned int seed = 99 + arch_cpu_id();

	(void)arg;
	for (unsigned int step = 0; step < 3000; step++) {
		unsigned long *p = vm_map_ram(pages + 5, 3, -1);

		p = xchg(&exchange[rand_r(&seed) % ARRAY_SIZE(exchange)], (void *)p);
		if (!p)
			continue;
		if (p[0] != 5 || p[2 * PAGE_SIZE / sizeof(*p)] != 7)
			panic("mapping %p shows other pages", (void *)p);
		vm_unmap_ram(p, 3);
		if (step % 256 == 0 && vmalloc_verify())
			panic("%s", host_log());
		if (step % 500 == 0)
			vm_unmap_aliases();
	}
}

static void cpus_unmap_what_others_map(void **state)
{
	(void)state;
	host_run_on_cpus(4, cross_map, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(exchange); i++) {
		if (exchange[i])
			vm_unmap_ram(exchange[i], 3);
		exchange[i] = NULL;
	}
}

static void verify_finds_damage(void **state)
{
	char *p = vm_map_ram(pages, 4, -1);

	(void)state;
	host_log_clear();
	assert_int_equal(platform_map_pages((unsigned long)p + 4 * PAGE_SIZE, pages, 1,
					    PAGE_KERNEL, GFP_KERNEL),
			 0);
	assert_int_equal(vmalloc_verify(), -EINVAL);
	assert_true(host_log_has("guard page mapped"));
	platform_unmap((unsigned long)p + 4 * PAGE_SIZE, PAGE_SIZE);
	platform_unmap((unsigned long)p + PAGE_SIZE, PAGE_SIZE);
	assert_int_equal(vmalloc_verify(), -EINVAL);
	assert_true(host_log_has("page of a block not mapped"));
	vm_unmap_ram(p, 4);
	host_log_clear();
}

static void blocks_are_shown(void **state)
{
	char *p = vm_map_ram(pages, 4, -1), line[VMALLOCINFO_LINE];
	unsigned long cursor = 0;

	(void)state;
	assert_true(vmallocinfo_show(&cursor, line, sizeof(line)));
	assert_non_null(strstr(line, " 2097152 "));
	assert_non_null(strstr(line, " vm_map_ram\n"));
	assert_false(vmallocinfo_show(&cursor, line, sizeof(line)));
	vm_unmap_ram(p, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		block_test(pages_appear_side_by_side),
		block_test(a_block_serves_once),
		block_test(a_mapping_keeps_its_block),
		block_test(a_flush_reaches_into_living_blocks),
		block_test(blocks_leave_nothing_behind),
		block_test(an_unused_block_goes_with_a_flush),
		block_test(wrong_unmaps_are_reported_and_change_nothing),
		block_test(requests_that_make_no_sense),
		block_test(mapping_may_fail),
		block_test(descriptors_may_be_missing),
		block_test(random_calls_follow_the_model),
		block_test(cpus_unmap_what_others_map),
		block_test(verify_finds_damage),
		block_test(blocks_are_shown),
	};

	return cmocka_run_group_tests_name("vmap_block", tests, NULL, NULL);
}
