/* SPDX-License-Identifier: MIT */
/* Scatter lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "tests/host/host.h"

static int set_up(void **state)
{
	(void)state;
	host_mm_init(32UL << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(host_events.warnings, 0);
	host_mm_reset();
	return 0;
}

static void a_table_is_walked_to_its_mark(void **state)
{
	struct scatterlist sgl[5], *sg;
	int i;

	(void)state;
	sg_init_table(sgl, 5);
	assert_int_equal(sg_nents(sgl), 5);
	assert_ptr_equal(sg_last(sgl, 5), &sgl[4]);
	assert_true(sg_is_last(&sgl[4]));
	for_each_sg (sgl, sg, 5, i) {
		assert_ptr_equal(sg, &sgl[i]);
	}
	assert_int_equal(i, 5);
	assert_null(sg);
	sg_mark_end(&sgl[2]);
	assert_int_equal(sg_nents(sgl), 3);
	sg_unmark_end(&sgl[2]);
	assert_int_equal(sg_nents(sgl), 5);
}

static void an_entry_names_its_bytes(void **state)
{
	char *buf = kmalloc(300, GFP_KERNEL);
	struct scatterlist sg;

	(void)state;
	sg_init_one(&sg, buf + 7, 200);
	assert_ptr_equal(sg_virt(&sg), buf + 7);
	assert_int_equal(sg_phys(&sg), virt_to_phys(buf + 7));
	assert_ptr_equal(sg_page(&sg), virt_to_page(buf));
	assert_int_equal(sg.length, 200);
	/* Another page leaves the mark alone. */
	sg_set_page(&sg, virt_to_page(buf), 10, 20);
	assert_true(sg_is_last(&sg));
	assert_int_equal(sg.offset, 20);
	kfree(buf);
}

static void lengths_are_counted(void **state)
{
	struct scatterlist sgl[3];
	unsigned long page = get_zeroed_page(GFP_KERNEL);

	(void)state;
	sg_init_table(sgl, 3);
	for (unsigned int i = 0; i < 3; i++)
		sg_set_buf(&sgl[i], (void *)(page + i * 100UL), 100);
	assert_int_equal(sg_nents_for_len(sgl, 0), 0);
	assert_int_equal(sg_nents_for_len(sgl, 1), 1);
	assert_int_equal(sg_nents_for_len(sgl, 100), 1);
	assert_int_equal(sg_nents_for_len(sgl, 101), 2);
	assert_int_equal(sg_nents_for_len(sgl, 300), 3);
	assert_int_equal(sg_nents_for_len(sgl, 301), -EINVAL);
	free_page(page);
}

static void tables_of_any_length(void **state)
{
	static const unsigned int lengths[] = { 1, 2, 128, 129, 5000, 200000 };
	struct sg_table table;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		assert_int_equal(sg_alloc_table(&table, lengths[i], GFP_KERNEL), 0);
		assert_int_equal(table.orig_nents, lengths[i]);
		assert_int_equal(sg_nents(table.sgl), lengths[i]);
		sg_free_table(&table);
		assert_null(table.sgl);
		sg_free_table(&table);
	}
	assert_int_equal(sg_alloc_table(&table, 0, GFP_KERNEL), -EINVAL);
	assert_int_equal(sg_alloc_table(&table, 1U << 31, GFP_KERNEL | __GFP_NOWARN),
			 -ENOMEM);
	assert_null(table.sgl);
}

/* Each byte of the range is in exactly one entry, in order. */
static void check_cover(struct sg_table *table, struct page **pages, unsigned long offset,
			unsigned long size, unsigned int max_segment)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg (table->sgl, sg, table->orig_nents, i) {
		assert_in_range(sg->length, 1, max_segment);
		for (unsigned long b = 0; b < sg->length; b++, offset++, size--)
			assert_int_equal(sg_phys(sg) + b,
					 page_to_phys(pages[offset >> PAGE_SHIFT]) +
						 offset_in_page(offset));
	}
	assert_int_equal(size, 0);
}

static void pages_become_entries(void **state)
{
	struct page *block = alloc_pages(GFP_KERNEL, 4), *pages[10];
	struct sg_table table;

	(void)state;
	/* Runs of 3, 1, 4 and 2 pages. */
	for (unsigned int i = 0; i < 10; i++)
		pages[i] = block + (i < 3 ? i : i < 4 ? 15 : i < 8 ? i + 1 : i - 4);
	assert_int_equal(sg_alloc_table_from_pages(&table, pages, 10, 0, 10 * PAGE_SIZE,
						   GFP_KERNEL),
			 0);
	assert_int_equal(table.orig_nents, 4);
	check_cover(&table, pages, 0, 10 * PAGE_SIZE, 4 * PAGE_SIZE);
	sg_free_table(&table);

	for (unsigned int limit = 1; limit < 5; limit++)
		for (unsigned long offset = 0; offset < PAGE_SIZE; offset += 1365) {
			unsigned long size = 7 * PAGE_SIZE - offset - limit;

			assert_int_equal(sg_alloc_table_from_pages_segment(
						 &table, pages, 10, offset, size,
						 limit * PAGE_SIZE, GFP_KERNEL),
					 0);
			check_cover(&table, pages, offset, size, limit * PAGE_SIZE);
			sg_free_table(&table);
		}
	__free_pages(block, 4);
}

static void page_ranges_that_make_no_sense(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct sg_table t;

	(void)state;
#define segment(n, off, size, max) \
	sg_alloc_table_from_pages_segment(&t, &page, n, off, size, max, GFP_KERNEL)
	assert_int_equal(segment(0, 0, 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(1, 0, 0, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(1, 0, PAGE_SIZE + 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(1, 1, PAGE_SIZE, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(1, PAGE_SIZE, 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(1, 0, 1, 100), -EINVAL);
	assert_int_equal(segment(1, 0, 1, PAGE_SIZE + 1), -EINVAL);
	assert_int_equal(segment(1, 0, ~0UL, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(1, 0, 1, 0), -EINVAL);
	assert_int_equal(segment(2, PAGE_SIZE, 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(0, 1, 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(segment(1, 1, 0, PAGE_SIZE), -EINVAL);
	assert_null(t.sgl);
	__free_page(page);
}

static void a_vmalloc_buffer_is_refused(void **state)
{
	void *p = vmalloc(PAGE_SIZE);
	struct scatterlist sg;

	(void)state;
	sg_init_one(&sg, p, 10);
	assert_int_equal(host_events.warnings, 1);
	assert_null(sg_page(&sg));
	host_log_clear();
	vfree(p);
}

#define sg_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sg_test(a_table_is_walked_to_its_mark),
		sg_test(an_entry_names_its_bytes),
		sg_test(lengths_are_counted),
		sg_test(tables_of_any_length),
		sg_test(pages_become_entries),
		sg_test(page_ranges_that_make_no_sense),
		sg_test(a_vmalloc_buffer_is_refused),
	};

	return cmocka_run_group_tests_name("scatterlist", tests, NULL, NULL);
}
