/* SPDX-License-Identifier: MIT */
/*
 * The cases of Linux's tools/testing/memblock (basic_api, alloc_api, alloc_helpers_api, and of
 * alloc_nid_api those that are about a range, not about a node), under their names.  Adding and
 * removing are the same work on the table of memory and on that of what is reserved, so one body
 * serves both.
 */
#include <linux/errno.h>
#include "mm/memblock.h"
#include "page_test.h"

static int set_up(void **state)
{
	(void)state;
	host_mm_reset();
	return 0;
}

/* The table holds exactly these regions. */
static void check(const struct memblock_type *type, unsigned long n,
		  const struct memblock_region *want)
{
	phys_addr_t total = 0;
	char why[200];

	assert_int_equal(type->cnt, n);
	for (unsigned long i = 0; i < n; i++) {
		assert_int_equal(type->regions[i].base, want[i].base);
		assert_int_equal(type->regions[i].size, want[i].size);
		total += want[i].size;
	}
	assert_int_equal(type == &memblock.memory ? memblock_phys_mem_size()
						  : memblock_reserved_size(),
			 total);
	assert_int_equal(memblock_verify(why, sizeof(why)), 0);
}

#define CHECK(type, ...)                                                \
	do {                                                            \
		const struct memblock_region want_[] = { __VA_ARGS__ }; \
		check(type, sizeof(want_) / sizeof(want_[0]), want_);   \
	} while (0)

/* --- basic_api ----------------------------------------------------------------------- */

struct table {
	const struct memblock_type *type;
	int (*add)(phys_addr_t base, phys_addr_t size);
	int (*take)(phys_addr_t base, phys_addr_t size);
};

static const struct table memory = { &memblock.memory, memblock_add, memblock_remove };
/* memblock_phys_free clears what it gives back: only the table is of interest here. */
static const struct table reserved = { &memblock.reserved, memblock_reserve,
				       memblock_phys_free };

/* Defines memblock_A_WHAT and memblock_B_WHAT over one body. */
#define TWICE(a, b, what)                                     \
	static void body_##a##_##what(const struct table *t); \
	static void memblock_##a##_##what(void **state)       \
	{                                                     \
		(void)state;                                  \
		body_##a##_##what(&memory);                   \
	}                                                     \
	static void memblock_##b##_##what(void **state)       \
	{                                                     \
		(void)state;                                  \
		body_##a##_##what(&reserved);                 \
	}                                                     \
	static void body_##a##_##what(const struct table *t)

static void memblock_initialization_check(void **state)
{
	(void)state;
	assert_int_equal(memblock.memory.cnt, 0);
	assert_int_equal(memblock.reserved.cnt, 0);
	assert_string_equal(memblock.memory.name, "memory");
	assert_string_equal(memblock.reserved.name, "reserved");
	assert_false(memblock.bottom_up);
	assert_int_equal(memblock.current_limit, 0);
}

TWICE(add, reserve, simple_check)
{
	assert_int_equal(t->add(GIB, 4 * MIB), 0);
	CHECK(t->type, { GIB, 4 * MIB });
}

TWICE(add, reserve, disjoint_check)
{
	t->add(GIB, 8192);
	t->add(GIB + 32768, 16384);
	CHECK(t->type, { GIB, 8192 }, { GIB + 32768, 16384 });
}

/* The new region begins below the one that is there, and reaches into it. */
TWICE(add, reserve, overlap_top_check)
{
	t->add(512 * MIB, GIB);
	t->add(256 * MIB, 512 * MIB);
	CHECK(t->type, { 256 * MIB, GIB + 256 * MIB });
}

TWICE(add, reserve, overlap_bottom_check)
{
	t->add(128 * MIB, 512 * MIB);
	t->add(256 * MIB, GIB);
	CHECK(t->type, { 128 * MIB, GIB + 128 * MIB });
}

TWICE(add, reserve, within_check)
{
	t->add(8 * MIB, 32 * MIB);
	t->add(16 * MIB, MIB);
	CHECK(t->type, { 8 * MIB, 32 * MIB });
}

TWICE(add, reserve, twice_check)
{
	t->add(16 * MIB, 2 * MIB);
	t->add(16 * MIB, 2 * MIB);
	CHECK(t->type, { 16 * MIB, 2 * MIB });
}

TWICE(add, reserve, between_check)
{
	t->add(GIB, 8192);
	t->add(GIB + 16384, 8192);
	t->add(GIB + 8192, 8192);
	CHECK(t->type, { GIB, 24576 });
}

/* Linux cuts what passes the top of the address space; here it is refused. */
TWICE(add, reserve, near_max_check)
{
	assert_int_equal(t->add(~0UL - MIB, MIB), 0);
	CHECK(t->type, { ~0UL - MIB, MIB });
	assert_int_equal(t->add(~0UL - MIB, 2 * MIB), -EINVAL);
	CHECK(t->type, { ~0UL - MIB, MIB });
}

/* Linux's table grows; here a full one refuses. */
TWICE(add, reserve, many_check)
{
	for (unsigned long i = 0; i < MEMBLOCK_MAX_REGIONS; i++)
		assert_int_equal(t->add(i * 2 * MIB, MIB), 0);
	assert_int_equal(t->type->cnt, MEMBLOCK_MAX_REGIONS);
	assert_int_equal(t->add(GIB, MIB), -ENOSPC);
	assert_int_equal(t->add(MIB, MIB), 0);
	assert_int_equal(t->type->cnt, MEMBLOCK_MAX_REGIONS - 1);
}

TWICE(remove, free, simple_check)
{
	t->add(2 * GIB, 64 * MIB);
	t->add(GIB, MIB);
	assert_int_equal(t->take(2 * GIB, 64 * MIB), 0);
	CHECK(t->type, { GIB, MIB });
}

TWICE(remove, free, absent_check)
{
	t->add(512 * MIB, 4 * MIB);
	assert_int_equal(t->take(64 * MIB, GIB / 4), 0);
	CHECK(t->type, { 512 * MIB, 4 * MIB });
}

TWICE(remove, free, overlap_top_check)
{
	t->add(32 * MIB, 32 * MIB);
	t->take(16 * MIB, 32 * MIB);
	CHECK(t->type, { 48 * MIB, 16 * MIB });
}

TWICE(remove, free, overlap_bottom_check)
{
	t->add(2 * MIB, 64 * MIB);
	t->take(32 * MIB, 256 * MIB);
	CHECK(t->type, { 2 * MIB, 30 * MIB });
}

TWICE(remove, free, within_check)
{
	t->add(MIB, 4 * MIB);
	t->take(2 * MIB, MIB);
	CHECK(t->type, { MIB, MIB }, { 3 * MIB, 2 * MIB });
}

TWICE(remove, free, only_region_check)
{
	t->add(2 * MIB, 4 * MIB);
	t->take(2 * MIB, 4 * MIB);
	check(t->type, 0, NULL);
}

TWICE(remove, free, near_max_check)
{
	t->add(~0UL - 2 * MIB, 2 * MIB);
	assert_int_equal(t->take(~0UL - MIB, MIB), 0);
	CHECK(t->type, { ~0UL - 2 * MIB, MIB });
	assert_int_equal(t->take(~0UL - 2 * MIB, 4 * MIB), -EINVAL);
	CHECK(t->type, { ~0UL - 2 * MIB, MIB });
}

TWICE(remove, free, overlap_two_check)
{
	t->add(16 * MIB, 32 * MIB);
	t->add(64 * MIB, 64 * MIB);
	t->take(32 * MIB, 64 * MIB);
	CHECK(t->type, { 16 * MIB, 16 * MIB }, { 96 * MIB, 32 * MIB });
}

static void memblock_bottom_up_check(void **state)
{
	(void)state;
	memblock_set_bottom_up(true);
	assert_true(memblock.bottom_up);
	memblock_set_bottom_up(false);
	assert_false(memblock.bottom_up);
}

/* --- alloc_api ----------------------------------------------------------------------- */

/* A small machine: one piece of RAM, dirty. */
#define RAM  (4 * MIB)
#define SIZE (16 * 4096UL)
#define END  (RAM + SIZE)

static void start_ram(bool bottom_up)
{
	host_mm_reset();
	host_add_ram(RAM, SIZE);
	memset(__va(RAM), 0x5a, SIZE);
	host_set_ram_zeroed(false);
	memblock_add(RAM, SIZE);
	memblock_set_bottom_up(bottom_up);
}

/* size bytes came at phys, zeroed; or nothing, for 0. */
static void expect_at(const void *p, phys_addr_t phys, size_t size)
{
	if (!phys) {
		assert_null(p);
		return;
	}
	assert_ptr_equal(p, __va(phys));
	assert_null(memchr_inv(p, 0, size));
}

static void alloc_simple(bool bottom_up, phys_addr_t want)
{
	start_ram(bottom_up);
	expect_at(memblock_alloc(256, 64), want, 256);
	CHECK(&memblock.reserved, { want, 256 });
}

static void alloc_top_down_simple_check(void **state)
{
	(void)state;
	alloc_simple(false, END - 256);
}

static void alloc_bottom_up_simple_check(void **state)
{
	(void)state;
	alloc_simple(true, RAM);
}

/* The place next to what is reserved is not aligned: the pieces stay apart. */
static void alloc_top_down_disjoint_check(void **state)
{
	(void)state;
	start_ram(false);
	memblock_reserve(END - 4, 4);
	expect_at(memblock_alloc(16, 64), END - 64, 16);
	CHECK(&memblock.reserved, { END - 64, 16 }, { END - 4, 4 });
}

static void alloc_bottom_up_disjoint_check(void **state)
{
	(void)state;
	start_ram(true);
	memblock_reserve(RAM, 4);
	expect_at(memblock_alloc(16, 64), RAM + 64, 16);
	CHECK(&memblock.reserved, { RAM, 4 }, { RAM + 64, 16 });
}

/* What is reserved and what is given touch: one region. */
static void alloc_top_down_before_check(void **state)
{
	(void)state;
	start_ram(false);
	memblock_reserve(END - 4096, 4096);
	expect_at(memblock_alloc(4096, 64), END - 8192, 4096);
	CHECK(&memblock.reserved, { END - 8192, 8192 });
}

static void alloc_bottom_up_before_check(void **state)
{
	(void)state;
	start_ram(true);
	memblock_reserve(RAM + 4096, 4096);
	expect_at(memblock_alloc(4096, 64), RAM, 4096);
	CHECK(&memblock.reserved, { RAM, 8192 });
}

static void alloc_top_down_after_check(void **state)
{
	(void)state;
	start_ram(false);
	memblock_reserve(END - 8192, 4096);
	expect_at(memblock_alloc(4096, 64), END - 4096, 4096);
	CHECK(&memblock.reserved, { END - 8192, 8192 });
}

static void alloc_bottom_up_after_check(void **state)
{
	(void)state;
	start_ram(true);
	memblock_reserve(RAM, 4096);
	expect_at(memblock_alloc(4096, 64), RAM + 4096, 4096);
	CHECK(&memblock.reserved, { RAM, 8192 });
}

/* The first gap is too small. */
static void alloc_top_down_second_fit_check(void **state)
{
	(void)state;
	start_ram(false);
	memblock_reserve(END - 512, 512);
	memblock_reserve(END - 1536, 512);
	expect_at(memblock_alloc(1024, 64), END - 2560, 1024);
	CHECK(&memblock.reserved, { END - 2560, 1536 }, { END - 512, 512 });
}

static void alloc_bottom_up_second_fit_check(void **state)
{
	(void)state;
	start_ram(true);
	memblock_reserve(RAM, 512);
	memblock_reserve(RAM + 1024, 512);
	expect_at(memblock_alloc(1024, 64), RAM + 1536, 1024);
	CHECK(&memblock.reserved, { RAM, 512 }, { RAM + 1024, 1536 });
}

/* The cases that Linux calls generic: the same whichever way memory is searched. */
#define BOTH_WAYS(name)                         \
	static void name##_way(bool bottom_up); \
	static void name(void **state)          \
	{                                       \
		(void)state;                    \
		name##_way(false);              \
		name##_way(true);               \
	}                                       \
	static void name##_way(bool bottom_up)

BOTH_WAYS(alloc_in_between_generic_check)
{
	start_ram(bottom_up);
	memblock_reserve(RAM, 8192);
	memblock_reserve(RAM + 12288, SIZE - 12288);
	expect_at(memblock_alloc(4096, 64), RAM + 8192, 4096);
	CHECK(&memblock.reserved, { RAM, SIZE });
}

BOTH_WAYS(alloc_small_gaps_generic_check)
{
	start_ram(bottom_up);
	for (phys_addr_t at = RAM; at < END; at += 1024)
		memblock_reserve(at, 512);
	expect_at(memblock_alloc(1024, 64), 0, 0);
	assert_int_equal(memblock.reserved.cnt, SIZE / 1024);
}

BOTH_WAYS(alloc_all_reserved_generic_check)
{
	start_ram(bottom_up);
	memblock_reserve(RAM, SIZE);
	expect_at(memblock_alloc(256, 64), 0, 0);
	CHECK(&memblock.reserved, { RAM, SIZE });
}

BOTH_WAYS(alloc_no_space_generic_check)
{
	start_ram(bottom_up);
	memblock_reserve(RAM, SIZE - 256);
	expect_at(memblock_alloc(512, 64), 0, 0);
	CHECK(&memblock.reserved, { RAM, SIZE - 256 });
}

BOTH_WAYS(alloc_limited_space_generic_check)
{
	start_ram(bottom_up);
	memblock_reserve(RAM, SIZE - 256);
	expect_at(memblock_alloc(256, 64), END - 256, 256);
	CHECK(&memblock.reserved, { RAM, SIZE });
}

BOTH_WAYS(alloc_no_memory_generic_check)
{
	host_mm_reset();
	memblock_set_bottom_up(bottom_up);
	expect_at(memblock_alloc(1024, 64), 0, 0);
	check(&memblock.reserved, 0, NULL);
}

BOTH_WAYS(alloc_too_large_generic_check)
{
	start_ram(bottom_up);
	expect_at(memblock_alloc(SIZE + 2, 64), 0, 0);
	check(&memblock.reserved, 0, NULL);
}

/* --- alloc_helpers_api --------------------------------------------------------------- */

static void from(bool bottom_up, phys_addr_t min_addr, phys_addr_t want)
{
	start_ram(bottom_up);
	expect_at(memblock_alloc_from(64, 64, min_addr), want, 64);
	CHECK(&memblock.reserved, { want, 64 });
}

static void alloc_from_simple_generic_check(void **state)
{
	(void)state;
	from(false, END - 64, END - 64);
	from(true, END - 64, END - 64);
}

static void alloc_from_misaligned_generic_check(void **state)
{
	(void)state;
	from(false, END - 128 + 1, END - 64);
	from(true, END - 128 + 1, END - 64);
}

/* The lowest address is so high that nothing fits above it: it is given up. */
static void alloc_from_top_down_high_addr_check(void **state)
{
	(void)state;
	from(false, END - 32, END - 64);
}

static void alloc_from_bottom_up_high_addr_check(void **state)
{
	(void)state;
	from(true, END - 32, RAM);
}

static void alloc_from_top_down_no_space_above_check(void **state)
{
	(void)state;
	start_ram(false);
	memblock_reserve(END - 128, 128);
	expect_at(memblock_alloc_from(64, 64, END - 128), END - 192, 64);
	CHECK(&memblock.reserved, { END - 192, 192 });
}

static void alloc_from_bottom_up_no_space_above_check(void **state)
{
	(void)state;
	start_ram(true);
	memblock_reserve(END - 128, 128);
	expect_at(memblock_alloc_from(64, 64, END - 128), RAM, 64);
	CHECK(&memblock.reserved, { RAM, 64 }, { END - 128, 128 });
}

/* A lowest address below all RAM limits nothing. */
static void alloc_from_top_down_min_addr_cap_check(void **state)
{
	(void)state;
	from(false, RAM - SIZE, END - 64);
}

static void alloc_from_bottom_up_min_addr_cap_check(void **state)
{
	(void)state;
	from(true, RAM - SIZE, RAM);
}

/* --- alloc_nid_api: of one node, between two addresses -------------------------------------- */

#define LOW  (END - 4096)
#define HIGH (END - 1024)

/* From a new machine with up to two pieces reserved: size bytes of [low, high) come at want,
 * or nothing, for 0. */
static void between(bool bottom_up, const struct memblock_region taken[2],
		    phys_addr_t low, phys_addr_t high, size_t size, phys_addr_t want)
{
	phys_addr_t before;

	start_ram(bottom_up);
	for (unsigned int i = 0; i < 2; i++)
		memblock_reserve(taken[i].base, taken[i].size);
	before = memblock_reserved_size();
	expect_at(memblock_alloc_between(size, 64, low, high), want, size);
	assert_int_equal(memblock_reserved_size(), before + (want ? size : 0));
}

static const struct memblock_region nothing[2];

static void alloc_nid_top_down_simple_check(void **state)
{
	(void)state;
	between(false, nothing, LOW, HIGH, 128, HIGH - 128);
	CHECK(&memblock.reserved, { HIGH - 128, 128 });
}

static void alloc_nid_bottom_up_simple_check(void **state)
{
	(void)state;
	between(true, nothing, LOW, HIGH, 128, LOW);
	CHECK(&memblock.reserved, { LOW, 128 });
}

static void alloc_nid_top_down_end_misaligned_check(void **state)
{
	(void)state;
	between(false, nothing, LOW, HIGH + 2, 128, HIGH - 128);
}

static void alloc_nid_bottom_up_start_misaligned_check(void **state)
{
	(void)state;
	between(true, nothing, LOW + 2, HIGH, 128, LOW + 64);
}

BOTH_WAYS(alloc_nid_exact_address_generic_check)
{
	between(bottom_up, nothing, LOW, LOW + 1024, 1024, LOW);
}

/* Where it does not fit, the lower limit is given up, never the upper one. */
static void alloc_nid_top_down_narrow_range_check(void **state)
{
	(void)state;
	between(false, nothing, LOW, LOW + 64, 256, LOW + 64 - 256);
}

static void alloc_nid_bottom_up_narrow_range_check(void **state)
{
	(void)state;
	between(true, nothing, LOW, LOW + 64, 256, RAM);
}

BOTH_WAYS(alloc_nid_low_max_generic_check)
{
	between(bottom_up, nothing, RAM, RAM + 64, 1024, 0);
}

BOTH_WAYS(alloc_nid_min_reserved_generic_check)
{
	const struct memblock_region taken[2] = { { LOW - 128, 128 } };

	between(bottom_up, taken, LOW, LOW + 64, 64, LOW);
	CHECK(&memblock.reserved, { LOW - 128, 192 });
}

BOTH_WAYS(alloc_nid_max_reserved_generic_check)
{
	const struct memblock_region taken[2] = { { HIGH, 64 } };

	between(bottom_up, taken, HIGH - 128, HIGH, 128, HIGH - 128);
	CHECK(&memblock.reserved, { HIGH - 128, 192 });
}

/* Reserved on both sides of a gap of so many bytes, which ends at HIGH. */
#define AROUND(gap)                        \
	{                                  \
		{ HIGH - (gap)-128, 128 }, \
		{                          \
			HIGH, 64           \
		}                          \
	}

static void alloc_nid_top_down_reserved_with_space_check(void **state)
{
	const struct memblock_region taken[2] = AROUND(128);

	(void)state;
	between(false, taken, HIGH - 128, HIGH, 64, HIGH - 64);
	CHECK(&memblock.reserved, { HIGH - 256, 128 }, { HIGH - 64, 128 });
}

static void alloc_nid_bottom_up_reserved_with_space_check(void **state)
{
	const struct memblock_region taken[2] = AROUND(128);

	(void)state;
	between(true, taken, HIGH - 128, HIGH, 64, HIGH - 128);
	CHECK(&memblock.reserved, { HIGH - 256, 192 }, { HIGH, 64 });
}

BOTH_WAYS(alloc_nid_reserved_full_merge_generic_check)
{
	const struct memblock_region taken[2] = AROUND(64);

	between(bottom_up, taken, HIGH - 64, HIGH, 64, HIGH - 64);
	CHECK(&memblock.reserved, { HIGH - 192, 256 });
}

static void alloc_nid_top_down_reserved_no_space_check(void **state)
{
	const struct memblock_region taken[2] = AROUND(64);

	(void)state;
	between(false, taken, HIGH - 64, HIGH, 256, HIGH - 448);
	CHECK(&memblock.reserved, { HIGH - 448, 384 }, { HIGH, 64 });
}

static void alloc_nid_bottom_up_reserved_no_space_check(void **state)
{
	const struct memblock_region taken[2] = AROUND(64);

	(void)state;
	between(true, taken, HIGH - 64, HIGH, 256, RAM);
	CHECK(&memblock.reserved, { RAM, 256 }, { HIGH - 192, 128 }, { HIGH, 64 });
}

BOTH_WAYS(alloc_nid_reserved_all_generic_check)
{
	const struct memblock_region taken[2] = { { RAM, SIZE - 128 }, { END - 64, 64 } };

	between(bottom_up, taken, END - 128, END - 64, 256, 0);
}

/* Limits outside RAM limit nothing. */
static void alloc_nid_top_down_cap_max_check(void **state)
{
	(void)state;
	between(false, nothing, HIGH, END + 256, 256, END - 256);
}

static void alloc_nid_bottom_up_cap_max_check(void **state)
{
	(void)state;
	between(true, nothing, HIGH, END + 256, 256, HIGH);
}

static void alloc_nid_top_down_cap_min_check(void **state)
{
	(void)state;
	between(false, nothing, RAM - 256, END, 1024, END - 1024);
}

static void alloc_nid_bottom_up_cap_min_check(void **state)
{
	(void)state;
	between(true, nothing, RAM - 256, END - 256, 1024, RAM);
}

#define T(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(memblock_initialization_check),
		T(memblock_add_simple_check),
		T(memblock_add_disjoint_check),
		T(memblock_add_overlap_top_check),
		T(memblock_add_overlap_bottom_check),
		T(memblock_add_within_check),
		T(memblock_add_twice_check),
		T(memblock_add_between_check),
		T(memblock_add_near_max_check),
		T(memblock_add_many_check),
		T(memblock_reserve_simple_check),
		T(memblock_reserve_disjoint_check),
		T(memblock_reserve_overlap_top_check),
		T(memblock_reserve_overlap_bottom_check),
		T(memblock_reserve_within_check),
		T(memblock_reserve_twice_check),
		T(memblock_reserve_between_check),
		T(memblock_reserve_near_max_check),
		T(memblock_reserve_many_check),
		T(memblock_remove_simple_check),
		T(memblock_remove_absent_check),
		T(memblock_remove_overlap_top_check),
		T(memblock_remove_overlap_bottom_check),
		T(memblock_remove_within_check),
		T(memblock_remove_only_region_check),
		T(memblock_remove_near_max_check),
		T(memblock_remove_overlap_two_check),
		T(memblock_free_simple_check),
		T(memblock_free_absent_check),
		T(memblock_free_overlap_top_check),
		T(memblock_free_overlap_bottom_check),
		T(memblock_free_within_check),
		T(memblock_free_only_region_check),
		T(memblock_free_near_max_check),
		T(memblock_free_overlap_two_check),
		T(memblock_bottom_up_check),
		T(alloc_top_down_simple_check),
		T(alloc_top_down_disjoint_check),
		T(alloc_top_down_before_check),
		T(alloc_top_down_after_check),
		T(alloc_top_down_second_fit_check),
		T(alloc_bottom_up_simple_check),
		T(alloc_bottom_up_disjoint_check),
		T(alloc_bottom_up_before_check),
		T(alloc_bottom_up_after_check),
		T(alloc_bottom_up_second_fit_check),
		T(alloc_in_between_generic_check),
		T(alloc_small_gaps_generic_check),
		T(alloc_all_reserved_generic_check),
		T(alloc_no_space_generic_check),
		T(alloc_limited_space_generic_check),
		T(alloc_no_memory_generic_check),
		T(alloc_too_large_generic_check),
		T(alloc_from_simple_generic_check),
		T(alloc_from_misaligned_generic_check),
		T(alloc_from_top_down_high_addr_check),
		T(alloc_from_top_down_no_space_above_check),
		T(alloc_from_top_down_min_addr_cap_check),
		T(alloc_from_bottom_up_high_addr_check),
		T(alloc_from_bottom_up_no_space_above_check),
		T(alloc_from_bottom_up_min_addr_cap_check),
		T(alloc_nid_top_down_simple_check),
		T(alloc_nid_bottom_up_simple_check),
		T(alloc_nid_top_down_end_misaligned_check),
		T(alloc_nid_bottom_up_start_misaligned_check),
		T(alloc_nid_exact_address_generic_check),
		T(alloc_nid_top_down_narrow_range_check),
		T(alloc_nid_bottom_up_narrow_range_check),
		T(alloc_nid_low_max_generic_check),
		T(alloc_nid_min_reserved_generic_check),
		T(alloc_nid_max_reserved_generic_check),
		T(alloc_nid_top_down_reserved_with_space_check),
		T(alloc_nid_bottom_up_reserved_with_space_check),
		T(alloc_nid_reserved_full_merge_generic_check),
		T(alloc_nid_top_down_reserved_no_space_check),
		T(alloc_nid_bottom_up_reserved_no_space_check),
		T(alloc_nid_reserved_all_generic_check),
		T(alloc_nid_top_down_cap_max_check),
		T(alloc_nid_bottom_up_cap_max_check),
		T(alloc_nid_top_down_cap_min_check),
		T(alloc_nid_bottom_up_cap_min_check),
	};

	return cmocka_run_group_tests_name("linux_memblock", tests, NULL, NULL);
}
