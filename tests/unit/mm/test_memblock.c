/* SPDX-License-Identifier: MIT */
/* Boot memory against a model: one byte for each unit of a small physical space. */
#include <linux/bootmem.h>
#include "page_test.h"

#define UNIT  4096UL
#define UNITS 600UL

static struct {
	u8 memory[UNITS], reserved[UNITS];
} model;

static int set_up(void **state)
{
	(void)state;
	host_mm_reset();
	memset(&model, 0, sizeof(model));
	return 0;
}

static void verify(void)
{
	char why[200];

	if (memblock_verify(why, sizeof(why)))
		fail_msg("memblock_verify: %s", why);
}

/* Runs of set units: what a table with merged neighbours must have. */
static unsigned long runs(const u8 *units)
{
	unsigned long n = 0;

	for (unsigned long i = 0; i < UNITS; i++)
		n += units[i] && (!i || !units[i - 1]);
	return n;
}

static void compare_free_ranges(void)
{
	phys_addr_t cursor, start, end, at = 0;

	for_each_free_mem_range (cursor, start, end) {
		assert_true(start < end);
		for (; at < start; at += UNIT)
			assert_false(model.memory[at / UNIT] &&
				     !model.reserved[at / UNIT]);
		for (; at < end; at += UNIT)
			assert_true(model.memory[at / UNIT] &&
				    !model.reserved[at / UNIT]);
	}
	for (; at < UNITS * UNIT; at += UNIT)
		assert_false(model.memory[at / UNIT] && !model.reserved[at / UNIT]);
}

static void compare(void)
{
	unsigned long memory = 0, reserved = 0;

	verify();
	for (unsigned long i = 0; i < UNITS; i++) {
		assert_int_equal(memblock_is_memory(i * UNIT), model.memory[i]);
		assert_int_equal(memblock_is_reserved(i * UNIT + UNIT - 1),
				 model.reserved[i]);
		memory += model.memory[i];
		reserved += model.reserved[i];
	}
	assert_int_equal(memblock.memory.cnt, runs(model.memory));
	assert_int_equal(memblock.reserved.cnt, runs(model.reserved));
	assert_int_equal(memblock_phys_mem_size(), memory * UNIT);
	assert_int_equal(memblock_reserved_size(), reserved * UNIT);
	compare_free_ranges();
}

static void random_operations_agree_with_the_model(void **state)
{
	int (*const ops[])(phys_addr_t, phys_addr_t) = { memblock_add, memblock_remove,
							 memblock_reserve,
							 memblock_phys_free };

	(void)state;
	host_set_ram_zeroed(false);
	dice_start(1);
	for (unsigned int step = 0; step < 4000; step++) {
		unsigned long at = dice(UNITS), n = dice(UNITS / 8);
		unsigned int op = dice(4);
		u8 *units = op < 2 ? model.memory : model.reserved;

		n = min(n, UNITS - at);
		if (ops[op](at * UNIT, n * UNIT) == 0)
			memset(units + at, !(op & 1), n);
		else
			assert_true(runs(units) >= MEMBLOCK_MAX_REGIONS - 1);
		compare();
	}
}

static void a_full_table_refuses_and_changes_nothing(void **state)
{
	struct memblock before;

	(void)state;
	for (unsigned long i = 0; i < MEMBLOCK_MAX_REGIONS; i++)
		assert_int_equal(memblock_add(i * 2 * MIB, MIB), 0);
	before = memblock;
	assert_int_equal(memblock_add(600 * MIB, MIB), -ENOSPC);
	/* A hole in the middle of a region needs a slot too. */
	assert_int_equal(memblock_remove(4096, 4096), -ENOSPC);
	assert_memory_equal(&memblock, &before, sizeof(before));
	/* Growing, merging and cutting ends need none. */
	assert_int_equal(memblock_add(MIB, 4096), 0);
	assert_int_equal(memblock_remove(0, 4096), 0);
	assert_int_equal(memblock_add(0, 64 * MIB), 0);
	assert_int_equal(memblock.memory.cnt, MEMBLOCK_MAX_REGIONS - 32);
	verify();
}

static void ranges_that_wrap_are_refused(void **state)
{
	(void)state;
	assert_int_equal(memblock_add(~0UL - 4095, 8192), -EINVAL);
	assert_int_equal(memblock_remove(1, ~0UL), -EINVAL);
	assert_int_equal(memblock_reserve(8192, ~0UL), -EINVAL);
	assert_int_equal(memblock_add(4096, 0), 0);
	assert_int_equal(memblock.memory.cnt + memblock.reserved.cnt, 0);
	assert_int_equal(memblock_add(~0UL - 4095, 4095), 0);
	assert_true(memblock_is_memory(~0UL - 1));
	assert_true(memblock_overlaps_region(&memblock.memory, ~0UL - 4095, ~0UL));
	assert_false(memblock_is_region_memory(~0UL - 4095, ~0UL));
	verify();
}

static void region_queries(void **state)
{
	(void)state;
	memblock_add(4 * MIB, 4 * MIB);
	assert_true(memblock_is_region_memory(4 * MIB, 4 * MIB));
	assert_false(memblock_is_region_memory(4 * MIB, 4 * MIB + 1));
	assert_false(memblock_is_region_memory(4 * MIB - 1, 2));
	assert_true(memblock_overlaps_region(&memblock.memory, 0, 4 * MIB + 1));
	assert_false(memblock_overlaps_region(&memblock.memory, 0, 4 * MIB));
	assert_int_equal(memblock_start_of_DRAM(), 4 * MIB);
	assert_int_equal(memblock_end_of_DRAM(), 8 * MIB);
	assert_int_equal(max_pfn, 8 * MIB / PAGE_SIZE);
	memblock_reserve(5 * MIB, 1);
	assert_true(memblock_is_region_reserved(5 * MIB, 4096));
	assert_false(memblock_is_region_reserved(5 * MIB + 1, 4096));
}

static bool model_free(unsigned long at, unsigned long n)
{
	for (unsigned long i = at; i < at + n; i++)
		if (i >= UNITS || !model.memory[i] || model.reserved[i])
			return false;
	return true;
}

/* Where memblock_phys_alloc_range must find n units: the extreme fit, by trying all. */
static unsigned long model_find(unsigned long n, unsigned long align, unsigned long low,
				unsigned long high, bool bottom_up)
{
	unsigned long best = 0;

	for (unsigned long at = max(low, 1UL); at + n <= high; at++) {
		if (at % align || !model_free(at, n))
			continue;
		best = at;
		if (bottom_up)
			break;
	}
	return best;
}

static void random_memory_map(void)
{
	for (unsigned int i = 0; i < 12; i++) {
		unsigned long at = dice(UNITS), n = dice(UNITS / 6);
		bool reserve = i >= 6;

		n = min(n, UNITS - at);
		assert_int_equal(
			(reserve ? memblock_reserve : memblock_add)(at * UNIT, n * UNIT),
			0);
		memset((reserve ? model.reserved : model.memory) + at, 1, n);
	}
}

static void allocations_are_the_extreme_fit(void **state)
{
	for (unsigned long round = 0; round < 60; round++) {
		set_up(state);
		dice_start(round);
		memblock_set_bottom_up(round & 1);
		random_memory_map();
		for (unsigned int i = 0; i < 40; i++) {
			unsigned long n = 1 + dice(20), align = 1UL << dice(5);
			unsigned long low = dice(UNITS), high = low + dice(UNITS);
			unsigned long want =
				model_find(n, align, low, min(high, UNITS), round & 1);
			phys_addr_t got = memblock_phys_alloc_range(
				n * UNIT, align * UNIT, low * UNIT, high * UNIT);

			if (high) /* 0 stands for "up to the limit" */
				assert_int_equal(got, want * UNIT);
			if (got)
				memset(model.reserved + got / UNIT, 1, n);
			compare();
		}
	}
}

static void limits_and_odd_requests(void **state)
{
	(void)state;
	host_add_ram(0, 64 * MIB);
	memblock_add(0, 64 * MIB);
	assert_int_equal(memblock_phys_alloc(0, 64), 0);
	assert_int_equal(memblock_phys_alloc(64, 3), 0);
	assert_int_equal(memblock_phys_alloc(65 * MIB, 64), 0);
	assert_int_equal(memblock_phys_alloc_range(MIB, 64, 32 * MIB, 32 * MIB + 4096),
			 0);
	memblock_set_current_limit(16 * MIB);
	assert_int_equal(memblock_phys_alloc(4096, 4096), 16 * MIB - 4096);
	memblock_set_current_limit(0);
	assert_int_equal(memblock_phys_alloc(100, 0) % 64, 0);
	/* Page 0 is never given out, or its address would read as failure. */
	assert_int_equal(memblock_phys_alloc_range(4096, 4096, 0, 4096), 0);
	assert_int_equal(memblock_phys_alloc_range(4096, 4096, 0, 8192), 4096);
	memblock_set_bottom_up(true);
	assert_int_equal(memblock_phys_alloc(4096, 4096), 8192);
}

static void alloc_is_zero_also_in_dirty_ram(void **state)
{
	u8 *p;

	(void)state;
	host_add_ram(0, 4 * MIB);
	memset(__va(0), 0x5a, 4 * MIB);
	memblock_add(0, 4 * MIB);
	host_set_ram_zeroed(false);
	p = memblock_alloc(3000, PAGE_SIZE);
	assert_non_null(p);
	assert_null(memchr_inv(p, 0, 3000));
	assert_int_equal(p[3000], 0x5a);
	p = memblock_alloc_raw(3000, 8);
	assert_null(memchr_inv(p, 0x5a, 3000));
	p = memblock_alloc_low(64, 64);
	assert_null(memchr_inv(p, 0, 64));
	assert_null(memblock_alloc(5 * MIB, 8));
}

static void memory_given_back_is_clean_where_ram_came_clean(void **state)
{
	u8 *p;

	(void)state;
	host_add_ram(0, 4 * MIB);
	memblock_add(0, 4 * MIB);
	p = alloc_bootmem(5000);
	memset(p, 0x5a, 5000);
	memblock_free(p, 5000);
	assert_null(memchr_inv(p, 0, 5000));
	assert_int_equal(memblock.reserved.cnt, 0);
	memblock_free(NULL, 100);
}

static void the_mem_option_cuts_the_top(void **state)
{
	(void)state;
	memblock_add(0, 640 * 1024);
	memblock_add(MIB, 63 * MIB);
	memblock_mem_limit_remove_map(32 * MIB);
	assert_int_equal(memblock_phys_mem_size(), 32 * MIB);
	assert_int_equal(memblock_end_of_DRAM(), 33 * MIB - 640 * 1024);
	memblock_mem_limit_remove_map(GIB);
	assert_int_equal(memblock_phys_mem_size(), 32 * MIB);
	memblock_mem_limit_remove_map(640 * 1024);
	assert_int_equal(memblock.memory.cnt, 1);
}

static void nothing_changes_after_mm_init(void **state)
{
	(void)state;
	host_mm_init(32 * MIB);
	assert_int_equal(memblock_add(GIB, MIB), -EBUSY);
	assert_int_equal(memblock_remove(0, MIB), -EBUSY);
	assert_int_equal(memblock_reserve(MIB, MIB), -EBUSY);
	assert_int_equal(memblock_phys_free(0, 4096), -EBUSY);
	assert_null(memblock_alloc(64, 64));
	assert_true(memblock_is_memory(MIB));
}

static void verify_sees_damage(void **state)
{
	char why[200];

	(void)state;
	memblock_add(0, MIB);
	memblock_add(2 * MIB, MIB);
	memblock.memory.regions[1].base = MIB;
	assert_int_equal(memblock_verify(why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "touches"));
	memblock.memory.regions[1].base = 2 * MIB;
	memblock.memory.regions[1].size = 0;
	assert_int_equal(memblock_verify(why, sizeof(why)), -EINVAL);
	memblock.memory.cnt = MEMBLOCK_MAX_REGIONS + 1;
	assert_int_equal(memblock_verify(why, sizeof(why)), -EINVAL);
}

static void the_dump_names_both_tables(void **state)
{
	(void)state;
	memblock_add(0, MIB);
	memblock_reserve(4096, 4096);
	memblock_dump_all();
	assert_true(host_log_has("memory: 1 regions"));
	assert_true(host_log_has("[0x000000001000-0x000000001fff] 0x1000 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(random_operations_agree_with_the_model, set_up),
		cmocka_unit_test_setup(a_full_table_refuses_and_changes_nothing, set_up),
		cmocka_unit_test_setup(ranges_that_wrap_are_refused, set_up),
		cmocka_unit_test_setup(region_queries, set_up),
		cmocka_unit_test_setup(allocations_are_the_extreme_fit, set_up),
		cmocka_unit_test_setup(limits_and_odd_requests, set_up),
		cmocka_unit_test_setup(alloc_is_zero_also_in_dirty_ram, set_up),
		cmocka_unit_test_setup(memory_given_back_is_clean_where_ram_came_clean,
				       set_up),
		cmocka_unit_test_setup(the_mem_option_cuts_the_top, set_up),
		cmocka_unit_test_setup(nothing_changes_after_mm_init, set_up),
		cmocka_unit_test_setup(verify_sees_damage, set_up),
		cmocka_unit_test_setup(the_dump_names_both_tables, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
