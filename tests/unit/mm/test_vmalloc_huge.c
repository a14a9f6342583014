/* SPDX-License-Identifier: MIT */
/* Large pages in the vmalloc range: vmalloc_huge and ioremap. */
#include <linux/fault-inject.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/page_debug.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include "mm/slab_info.h"
#include "mm/vmap_internal.h"
#include "vmap_test.h"

#define REGISTERS 0xd0000000UL

static struct vmalloc_stats get_stats(void)
{
	struct vmalloc_stats stats;

	vmalloc_get_stats(&stats);
	return stats;
}

/* How many pages of the area are mapped by entries of 2 MiB. */
static unsigned long large_pages(const char *p, unsigned long size)
{
	unsigned long n = 0;

	for (unsigned long at = 0; at < size; at += PAGE_SIZE)
		n += platform_mapping_size((unsigned long)p + at) == PMD_SIZE;
	return n;
}

static void blocks_come_first_pages_follow(void **state)
{
	static const unsigned long sizes[] = {
		PMD_SIZE,
		PMD_SIZE + 1,
		3 * PMD_SIZE + 5 * PAGE_SIZE,
		8 * PMD_SIZE - PAGE_SIZE,
	};

	(void)state;
	for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
		unsigned long blocks = sizes[s] / PMD_SIZE, size = PAGE_ALIGN(sizes[s]);
		unsigned char *p = vmalloc_huge(sizes[s], GFP_KERNEL);

		assert_true(IS_ALIGNED((unsigned long)p, PMD_SIZE));
		assert_int_equal(get_stats().nr_huge, blocks);
		assert_int_equal(get_stats().nr_pages, size / PAGE_SIZE);
		assert_int_equal(large_pages((char *)p, size), blocks * HUGE_PAGES);
		assert_true(platform_probe_faults((unsigned long)p + size));
		write_pattern(p, size, s);
		for (unsigned long at = 0; at < size; at += PAGE_SIZE * 7)
			assert_int_equal(p[at], *(unsigned char *)page_address(
							vmalloc_to_page(p + at)));
		check_pattern(p, size, s);
		vmap_check();
		vfree(p);
		assert_true(platform_probe_faults((unsigned long)p));
		assert_int_equal(get_stats().nr_huge, 0);
		vmap_check();
	}
}

static void below_a_large_page_all_is_as_usual(void **state)
{
	char *p = vmalloc_huge(PMD_SIZE - PAGE_SIZE, GFP_KERNEL);
	char *q = vmalloc(4 * PMD_SIZE), *r = vmalloc_user(4 * PMD_SIZE);

	(void)state;
	assert_int_equal(get_stats().nr_huge, 0);
	assert_int_equal(large_pages(p, PMD_SIZE - PAGE_SIZE), 0);
	assert_int_equal(large_pages(q, 4 * PMD_SIZE), 0);
	assert_int_equal(large_pages(r, 4 * PMD_SIZE), 0);
	vfree(p);
	vfree(q);
	vfree(r);
}

static void large_pages_need_no_page_table(void **state)
{
	unsigned long before = platform_pagetable_pages();
	void *p = vmalloc_huge(4 * PMD_SIZE, GFP_KERNEL), *q;

	(void)state;
	assert_int_equal(platform_pagetable_pages(), before);
	q = vmalloc(4 * PMD_SIZE);
	assert_in_range(platform_pagetable_pages(), before + 4, before + 5);
	vfree(q);
	vfree(p);
}

/* Addresses change hands between small and large pages; tables that are in the way go. */
static void small_and_large_take_turns(void **state)
{
	unsigned char *p;

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		p = i % 2 ? vmalloc_huge(3 * PMD_SIZE, GFP_KERNEL)
			  : vmalloc(3 * PMD_SIZE);
		assert_int_equal(large_pages((char *)p, 3 * PMD_SIZE),
				 i % 2 ? 3 * HUGE_PAGES : 0);
		write_pattern(p, 3 * PMD_SIZE, i);
		check_pattern(p, 3 * PMD_SIZE, i);
		vmap_check();
		vfree(p);
		vm_unmap_aliases();
	}
}

static void zeroed_where_it_was_dirty(void **state)
{
	unsigned long size = 3 * PMD_SIZE + PAGE_SIZE;
	unsigned char *p = vmalloc_huge(size, GFP_KERNEL);

	(void)state;
	memset(p, 0x5a, size);
	vfree(p);
	p = vmalloc_huge(size, GFP_KERNEL | __GFP_ZERO);
	assert_null(memchr_inv(p, 0, size));
	vfree(p);
}

/* All free memory is broken into blocks that are too small: pages do as well. */
static void fragmented_memory_gives_pages(void **state)
{
	unsigned long got = 0, max = totalram_pages();
	struct page **held = calloc(max, sizeof(struct page *));
	unsigned char *p;

	(void)state;
	while (got < max && (held[got] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		got++;
	/* One page of each 256 stays. */
	for (unsigned long i = 0; i < got; i++)
		if (page_to_pfn(held[i]) % 256) {
			__free_page(held[i]);
			held[i] = NULL;
		}
	drain_all_pages();
	p = vmalloc_huge(3 * PMD_SIZE, GFP_KERNEL);
	assert_non_null(p);
	assert_int_equal(get_stats().nr_huge, 0);
	assert_int_equal(large_pages((char *)p, 3 * PMD_SIZE), 0);
	write_pattern(p, 3 * PMD_SIZE, 1);
	check_pattern(p, 3 * PMD_SIZE, 1);
	vmap_check();
	vfree(p);
	for (unsigned long i = 0; i < got; i++)
		if (held[i])
			__free_page(held[i]);
	free(held);
}

/* Whatever allocation is the first to fail, all that was taken comes back. */
static void any_allocation_may_fail(void **state)
{
	unsigned long size = 4 * PMD_SIZE + 9 * PAGE_SIZE, before;
	void *p = NULL;

	(void)state;
	vm_unmap_aliases();
	drain_all_pages();
	before = nr_free_pages();
	for (int pages = 0; !p; pages += 1 + pages / 8) {
		p = alloc_with_pages(vmalloc_huge, size, pages);
		vmap_check();
		if (p)
			break;
		assert_int_equal(live_areas(), 0);
		assert_int_equal(get_stats().nr_pages, 0);
		vm_unmap_aliases();
		drain_all_pages();
		/* Only slabs may have grown; a loss would add up. */
		assert_in_range(before - nr_free_pages(), 0, 16);
	}
	vfree(p);
}

/* Blocks are there, and the list of them is not. */
static void the_list_may_be_missing(void **state)
{
	unsigned long before;

	(void)state;
	vfree(vmalloc_huge(4 * PMD_SIZE, GFP_KERNEL));
	vm_unmap_aliases();
	drain_all_pages();
	before = nr_free_pages();
	for (unsigned int i = 0; i < 10; i++) {
		struct fault_attr attr = { .probability = 100,
					   .interval = 2,
					   .times = { 1 } };

		failslab_set(&attr, NULL);
		assert_null(vmalloc_huge(4 * PMD_SIZE, GFP_KERNEL | __GFP_NOWARN));
		failslab_set(NULL, NULL);
		vmap_check();
		vm_unmap_aliases();
		drain_all_pages();
		assert_in_range(before - nr_free_pages(), 0, 16);
	}
}

/* The first block, the second, and the single pages behind them. */
static void any_mapping_may_fail(void **state)
{
	unsigned long size = 2 * PMD_SIZE + 9 * PAGE_SIZE, before;

	(void)state;
	vfree(vmalloc_huge(size, GFP_KERNEL));
	vm_unmap_aliases();
	drain_all_pages();
	before = nr_free_pages();
	for (unsigned int n = 1; n <= 3; n++) {
		host_fail_nth_map(n);
		assert_null(vmalloc_huge(size, GFP_KERNEL | __GFP_NOWARN));
		assert_int_equal(get_stats().nr_pages, 0);
		vmap_check();
		vm_unmap_aliases();
		drain_all_pages();
		assert_in_range(before - nr_free_pages(), 0, 8);
	}
	host_fail_nth_map(0);
}

static void the_address_is_aligned_as_asked(void **state)
{
	static const unsigned long aligns[] = { 1,	   8,
						PAGE_SIZE, 4 * PAGE_SIZE,
						PMD_SIZE,  1UL << 30 };
	void *p[ARRAY_SIZE(aligns)];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(aligns); i++) {
		p[i] = __vmalloc_node(5 * PAGE_SIZE, aligns[i], GFP_KERNEL, -1, NULL);
		assert_true(IS_ALIGNED((unsigned long)p[i], max(aligns[i], PAGE_SIZE)));
		vmap_check();
	}
	assert_null(__vmalloc_node(PAGE_SIZE, 3, GFP_KERNEL, -1, NULL));
	assert_null(__vmalloc_node(PAGE_SIZE, 0, GFP_KERNEL, -1, NULL));
	assert_null(__vmalloc_node(PAGE_SIZE, 1UL << 63, GFP_KERNEL, -1, NULL));
	for (unsigned int i = 0; i < ARRAY_SIZE(aligns); i++)
		vfree(p[i]);
}

static void registers_may_have_large_pages(void **state)
{
	unsigned char __iomem *io;
	unsigned char *direct = __va(REGISTERS);

	(void)state;
	host_add_ram(REGISTERS, 4 * PMD_SIZE);
	vfree(vmalloc(PAGE_SIZE)); /* or the range would begin with an aligned address */
	io = ioremap(REGISTERS, 3 * PMD_SIZE + PAGE_SIZE);
	assert_int_equal(large_pages((char *)io, 3 * PMD_SIZE + PAGE_SIZE),
			 3 * HUGE_PAGES);
	writeb(7, io + 2 * PMD_SIZE + 5);
	assert_int_equal(direct[2 * PMD_SIZE + 5], 7);
	vmap_check();
	iounmap(io);
	/* Not where the physical address does not begin with one. */
	io = ioremap(REGISTERS + PAGE_SIZE, 2 * PMD_SIZE);
	assert_int_equal(large_pages((char *)io, 2 * PMD_SIZE), 0);
	writeb(8, io + PMD_SIZE);
	assert_int_equal(direct[PMD_SIZE + PAGE_SIZE], 8);
	vmap_check();
	iounmap(io);
}

static void blocks_are_shown(void **state)
{
	void *p = vmalloc_huge(2 * PMD_SIZE + PAGE_SIZE, GFP_KERNEL);
	char line[VMALLOCINFO_LINE], want[64];
	unsigned long cursor = 0;

	(void)state;
	assert_true(vmallocinfo_show(&cursor, line, sizeof(line)));
	snprintf(want, sizeof(want), "0x%016lx-0x%016lx %7lu ", (unsigned long)p,
		 (unsigned long)p + 2 * PMD_SIZE + 2 * PAGE_SIZE,
		 2 * PMD_SIZE + 2 * PAGE_SIZE);
	assert_memory_equal(line, want, strlen(want));
	assert_non_null(strstr(line, " pages=1025 vmalloc huge=2\n"));
	vfree(p);
	cursor = 0;
	assert_true(vmallocinfo_show(&cursor, line, sizeof(line)));
	assert_non_null(strstr(line, " unpurged vm_area\n"));
}

static void a_failure_is_reported_in_full(void **state)
{
	struct page *page;
	LIST_HEAD(held);

	(void)state;
	while (nr_free_pages() >= 4 * HUGE_PAGES) {
		page = alloc_pages(GFP_KERNEL, 6);
		list_add(&page->lru, &held);
	}
	host_log_clear();
	assert_null(vmalloc(5 * PMD_SIZE));
	assert_true(host_log_has("vmalloc error: size 10485760, more than the memory "
				 "available, mode:"));
	assert_true(host_log_has("(GFP_KERNEL), from "));
	assert_true(host_log_has("DMA32"));
	host_log_clear();
	assert_null(__vmalloc(5 * PMD_SIZE, GFP_KERNEL | __GFP_NOWARN));
	assert_string_equal(host_log(), "");
	/* Nothing was taken: what is free can still be had. */
	assert_true(nr_free_pages() > 3 * HUGE_PAGES);
	while (!list_empty(&held)) {
		page = list_first_entry(&held, struct page, lru);
		list_del(&page->lru);
		__free_pages(page, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vmap_test(blocks_come_first_pages_follow),
		vmap_test(below_a_large_page_all_is_as_usual),
		vmap_test(large_pages_need_no_page_table),
		vmap_test(small_and_large_take_turns),
		vmap_test(zeroed_where_it_was_dirty),
		vmap_test(fragmented_memory_gives_pages),
		vmap_test(any_allocation_may_fail),
		vmap_test(the_list_may_be_missing),
		vmap_test(any_mapping_may_fail),
		vmap_test(the_address_is_aligned_as_asked),
		vmap_test(registers_may_have_large_pages),
		vmap_test(blocks_are_shown),
		vmap_test(a_failure_is_reported_in_full),
	};

	return cmocka_run_group_tests_name("vmalloc_huge", tests, NULL, NULL);
}
