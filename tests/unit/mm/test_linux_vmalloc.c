/* SPDX-License-Identifier: MIT */
/*
 * The cases of Linux's lib/test_vmalloc.c, under their names.  There a case is a loop that
 * is timed and must not fail; here each also checks bytes and the whole state.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/string.h>
#include "vmap_test.h"

#define LOOPS 200

/* One turn: memory that can be written from end to end. */
static void use_and_free(char *p, unsigned long size)
{
	assert_non_null(p);
	p[0] = 1;
	p[size - 1] = 2;
	assert_int_equal(p[0] + p[size - 1], size > 1 ? 3 : 4);
	vfree(p);
}

static void fix_size_alloc_test(void **state)
{
	static const unsigned long pages[] = { 1, 4, 16, 64, 512, 700 };

	(void)state;
	for (unsigned int i = 0; i < LOOPS; i++) {
		unsigned long size = pages[i % ARRAY_SIZE(pages)] * PAGE_SIZE;

		use_and_free(i & 1 ? vmalloc_huge(size, GFP_KERNEL) : vmalloc(size),
			     size);
	}
	vmap_check();
}

/* Holes of exactly the size that is asked for, between areas that stay. */
static void full_fit_alloc_test(void **state)
{
	static char *kept[2000], *hole[2000];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		kept[i] = vmalloc(PAGE_SIZE);
		hole[i] = vmalloc(PAGE_SIZE);
		assert_true(kept[i] && hole[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(hole); i++)
		vfree(hole[i]);
	vm_unmap_aliases();
	for (unsigned int i = 0; i < LOOPS; i++) {
		char *p = vmalloc(PAGE_SIZE);

		assert_true(p > kept[0] && p < kept[ARRAY_SIZE(kept) - 1]);
		use_and_free(p, PAGE_SIZE);
	}
	vmap_check();
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++)
		vfree(kept[i]);
}

static void long_busy_list_alloc_test(void **state)
{
	static char *busy[8000];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(busy); i++)
		assert_non_null(busy[i] = vmalloc(PAGE_SIZE));
	for (unsigned int i = 0; i < LOOPS; i++) {
		use_and_free(vmalloc(100 * PAGE_SIZE), 100 * PAGE_SIZE);
		use_and_free(vmalloc(PAGE_SIZE), PAGE_SIZE);
	}
	vmap_check();
	for (unsigned int i = 0; i < ARRAY_SIZE(busy); i++)
		vfree(busy[i]);
}

static void random_size_alloc_test(void **state)
{
	(void)state;
	srand(1);
	for (unsigned int i = 0; i < LOOPS; i++) {
		unsigned long size = (1 + (unsigned long)rand() % 100) * PAGE_SIZE;

		use_and_free(vmalloc(size), size);
	}
	vmap_check();
}

static void aligned_turn(unsigned long size, unsigned long align)
{
	char *p = __vmalloc_node(size, align, GFP_KERNEL | __GFP_ZERO, 0,
				 __builtin_return_address(0));

	assert_non_null(p);
	assert_true(IS_ALIGNED((unsigned long)p, align));
	assert_null(memchr_inv(p, 0, size));
	use_and_free(p, size);
}

static void fix_align_alloc_test(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LOOPS; i++)
		aligned_turn(5 * PAGE_SIZE, 8 * PAGE_SIZE);
	vmap_check();
}

static void random_size_align_alloc_test(void **state)
{
	(void)state;
	srand(2);
	for (unsigned int i = 0; i < LOOPS; i++) {
		unsigned long align = 1UL << (rand() % 23);

		aligned_turn(ALIGN(PAGE_SIZE, align), align);
	}
	vmap_check();
}

/* Every alignment a word can hold: what the range has no room for must fail cleanly. */
static void align_shift_alloc_test(void **state)
{
	(void)state;
	for (unsigned int shift = 0; shift < 64; shift++) {
		char *p = __vmalloc_node(PAGE_SIZE, 1UL << shift,
					 GFP_KERNEL | __GFP_NOWARN, 0, NULL);

		if (p)
			assert_true(IS_ALIGNED((unsigned long)p, 1UL << shift));
		else
			assert_true(1UL << shift > VMALLOC_END - VMALLOC_START ||
				    ALIGN(VMALLOC_START, 1UL << shift) >= VMALLOC_END);
		vmap_check();
		vfree(p);
	}
}

static void vm_map_ram_test(void **state)
{
	static const unsigned int counts[] = { 1, 7, 64, 100 };
	struct page *pages[100];

	(void)state;
	assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL, ARRAY_SIZE(pages), pages),
			 ARRAY_SIZE(pages));
	for (unsigned int i = 0; i < LOOPS; i++) {
		unsigned int n = counts[i % ARRAY_SIZE(counts)];
		char *p = vm_map_ram(pages, n, -1);

		assert_non_null(p);
		p[0] = (char)i;
		assert_int_equal(*(char *)page_address(pages[0]), (char)i);
		vm_unmap_ram(p, n);
	}
	vm_unmap_aliases();
	free_pages_bulk_array(ARRAY_SIZE(pages), pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vmap_test(fix_size_alloc_test),
		vmap_test(full_fit_alloc_test),
		vmap_test(long_busy_list_alloc_test),
		vmap_test(random_size_alloc_test),
		vmap_test(fix_align_alloc_test),
		vmap_test(random_size_align_alloc_test),
		vmap_test(align_shift_alloc_test),
		vmap_test(vm_map_ram_test),
	};

	return cmocka_run_group_tests_name("linux_vmalloc", tests, NULL, NULL);
}
