/* SPDX-License-Identifier: MIT */
/* vmalloc, vmap and their addresses: what they promise when all goes well. */
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/vmap_internal.h"
#include "vmap_test.h"

static const unsigned long sizes[] = {
	1,
	8,
	PAGE_SIZE - 1,
	PAGE_SIZE,
	PAGE_SIZE + 1,
	4 * PAGE_SIZE,
	64 * PAGE_SIZE,
	65 * PAGE_SIZE,
	600 * PAGE_SIZE + 5,
};

/* The CPU's view through the area and through each page's own address agree. */
static void bytes_appear_in_the_pages(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
		unsigned char *p = vmalloc(sizes[s]);

		assert_non_null(p);
		assert_true(is_vmalloc_addr(p));
		assert_true(PAGE_ALIGNED(p));
		write_pattern(p, sizes[s], s);
		for (unsigned long i = 0; i < sizes[s]; i += 61) {
			struct page *page = vmalloc_to_page(p + i);
			unsigned char *direct = page_address(page);

			assert_int_equal(direct[offset_in_page(i)], p[i]);
			assert_int_equal(vmalloc_to_pfn(p + i), page_to_pfn(page));
		}
		vmap_check();
		vfree(p);
		vmap_check();
	}
}

static void all_pages_differ(void **state)
{
	unsigned char *p = vmalloc(300 * PAGE_SIZE);

	(void)state;
	for (unsigned long i = 0; i < 300; i++)
		for (unsigned long j = 0; j < i; j++)
			assert_ptr_not_equal(vmalloc_to_page(p + i * PAGE_SIZE),
					     vmalloc_to_page(p + j * PAGE_SIZE));
	vfree(p);
}

static void vzalloc_is_zero_where_it_was_dirty(void **state)
{
	unsigned char *p = vmalloc(1000 * PAGE_SIZE);

	(void)state;
	memset(p, 0x5a, 1000 * PAGE_SIZE);
	vfree(p);
	p = vzalloc(1000 * PAGE_SIZE);
	assert_null(memchr_inv(p, 0, 1000 * PAGE_SIZE));
	vfree(p);
}

static void the_page_after_an_area_faults(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
		unsigned long size = PAGE_ALIGN(sizes[s]);
		unsigned long a = (unsigned long)vmalloc(size);
		unsigned long b = (unsigned long)vmalloc(size);

		assert_false(platform_probe_faults(a));
		assert_false(platform_probe_faults(a + size - 1));
		assert_true(platform_probe_faults(a + size));
		assert_true(platform_probe_faults(a + size + PAGE_SIZE - 1));
		assert_true(b >= a + size + PAGE_SIZE || a >= b + size + PAGE_SIZE);
		vfree((void *)a);
		vfree((void *)b);
	}
}

static void a_freed_area_faults_at_once(void **state)
{
	unsigned long p = (unsigned long)vmalloc(3 * PAGE_SIZE);

	(void)state;
	vfree((void *)p);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(platform_probe_faults(p + i * PAGE_SIZE));
	assert_null(vmalloc_to_page((void *)p));
}

/* Many areas share one flush, and no address comes back before it. */
static void addresses_wait_for_a_flush(void **state)
{
	unsigned long freed[100];
	struct vmalloc_stats stats;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(freed); i++) {
		freed[i] = (unsigned long)vmalloc(PAGE_SIZE);
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(freed[i], freed[j]);
		vfree((void *)freed[i]);
	}
	assert_int_equal(host_events.tlb_flushes, 0);
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_lazy, ARRAY_SIZE(freed));
	assert_int_equal(stats.lazy_pages, 2 * ARRAY_SIZE(freed));

	vm_unmap_aliases();
	assert_int_equal(host_events.tlb_flushes, 1);
	assert_true(host_events.flushed_pages >= 2 * ARRAY_SIZE(freed) - 1);
	assert_int_equal((unsigned long)vmalloc(PAGE_SIZE), freed[0]);
	vfree((void *)freed[0]);
}

static void a_flush_comes_when_enough_is_freed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2000; i++)
		vfree(vmalloc(PAGE_SIZE));
	assert_in_range(host_events.tlb_flushes, 2, 20);
	host_log_clear();
	/* 48 MiB of address space: few areas, many pages. */
	for (unsigned int i = 0; i < 3; i++)
		vfree(vmalloc(16UL << 20));
	assert_in_range(host_events.tlb_flushes, 1, 3);
}

static noinline void *made_elsewhere(unsigned long size)
{
	void *p = vmalloc(size);

	barrier(); /* no tail call: the return address is here */
	return p;
}

/* After a flush, areas serve the next requests of their size without touching the tree. */
static void flushed_areas_are_reused_by_size(void **state)
{
	struct vmalloc_info info = { 0 };
	struct vmalloc_stats stats;
	unsigned long spare, cursor;
	void *p[300];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = made_elsewhere((1 + i % 3) * PAGE_SIZE);
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		vfree(p[i]);
	assert_int_equal(host_events.tlb_flushes, 1);
	vmalloc_get_stats(&stats);
	spare = stats.nr_spare;
	assert_in_range(spare, 200, ARRAY_SIZE(p));
	vmap_check();
	for (unsigned int i = 0; i < 60; i++) {
		unsigned long size = (1 + i % 3) * PAGE_SIZE;

		p[i] = vmalloc(size);
		assert_true(platform_probe_faults((unsigned long)p[i] + size));
		vmalloc_get_stats(&stats);
		assert_int_equal(stats.nr_spare, --spare);
		vmap_check();
	}
	cursor = (unsigned long)p[0];
	assert_true(vmalloc_info_next(&cursor, &info));
	assert_in_range(info.caller, (unsigned long)flushed_areas_are_reused_by_size,
			(unsigned long)flushed_areas_are_reused_by_size + 4096);
	/* A size nobody had before is a new area. */
	p[60] = vmalloc(4 * PAGE_SIZE);
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_spare, spare);
	vm_unmap_aliases();
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_spare, 0);
	for (unsigned int i = 0; i <= 60; i++)
		vfree(p[i]);
}

static unsigned long spares(unsigned int pages)
{
	unsigned long n = 0;

	for (const struct vm_area *area = vmap_space.spare[pages]; area;
	     area = area->next)
		n++;
	return n;
}

/* So much address space is freed that a flush is due. */
static void flush_lazy(void)
{
	vfree(vmalloc(33UL << 20));
}

/* n areas are freed and flushed. */
static void free_many(unsigned int pages, unsigned int n)
{
	void *p[600];

	for (unsigned int i = 0; i < n; i++)
		p[i] = vmalloc(pages * PAGE_SIZE);
	for (unsigned int i = 0; i < n; i++)
		vfree(p[i]);
	flush_lazy();
}

/* Only areas with a list of pages are kept, and only so many of them. */
static void few_areas_are_kept(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct vmalloc_stats stats;

	(void)state;
	for (unsigned int i = 0; i < 256; i++)
		vunmap(vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	assert_int_equal(host_events.tlb_flushes, 1);
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_spare, 0);
	free_many(1, 600);
	assert_int_equal(spares(1), 256);
	vmap_check();
	__free_page(page);
}

/* Sizes that come later drive out earlier ones, all alike. */
static void the_kept_sizes_change(void **state)
{
	(void)state;
	for (unsigned int pages = 1; pages <= 4; pages++)
		free_many(pages, 300);
	assert_int_equal(spares(4), 256);
	vm_unmap_aliases();
	for (unsigned int pages = 1; pages <= 3; pages++) {
		free_many(pages, 80);
		vmap_check();
	}
	free_many(64, 16);
	free_many(5, 80);
	for (unsigned int pages = 1; pages <= 3; pages++)
		assert_in_range(spares(pages), 56, 68);
	assert_in_range(spares(64), 0, 4);
	assert_int_equal(spares(5), 80);
	vmap_check();
}

static void nothing_freed_needs_no_flush(void **state)
{
	(void)state;
	vm_unmap_aliases();
	assert_int_equal(host_events.tlb_flushes, 0);
}

static void vmalloc_32_stays_below_4_gib(void **state)
{
	unsigned char *p;

	(void)state;
	host_mm_init(5UL << 30);
	p = vmalloc(PAGE_SIZE);
	assert_true(vmalloc_to_pfn(p) >= MAX_DMA32_PFN);
	vfree(p);
	p = vmalloc_32(64 * PAGE_SIZE);
	for (unsigned long i = 0; i < 64; i++)
		assert_true(vmalloc_to_pfn(p + i * PAGE_SIZE) < MAX_DMA32_PFN);
	vfree(p);
}

static void half_of_ram_in_one_piece(void **state)
{
	unsigned long size = totalram_pages() / 2 * PAGE_SIZE;
	unsigned char *p = vmalloc(size);

	(void)state;
	assert_non_null(p);
	write_pattern(p, size, 9);
	check_pattern(p, size, 9);
	vmap_check();
	vfree(p);
}

static void vmap_shows_the_same_pages_again(void **state)
{
	unsigned char *a = vmalloc(8 * PAGE_SIZE), *b;
	struct page *pages[8];

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		pages[7 - i] = vmalloc_to_page(a + i * PAGE_SIZE);
	b = vmap(pages, 8, VM_MAP, PAGE_KERNEL);
	vmap_check();
	assert_true(platform_probe_faults((unsigned long)b + 8 * PAGE_SIZE));
	for (unsigned int i = 0; i < 8; i++) {
		b[i * PAGE_SIZE + i] = (unsigned char)(i + 1);
		assert_int_equal(a[(7 - i) * PAGE_SIZE + i], i + 1);
	}
	vunmap(b);
	/* The pages stayed the caller's. */
	assert_true(platform_probe_faults((unsigned long)b));
	a[0] = 1;
	vmap_check();
	vfree(a);
}

static void areas_are_described(void **state)
{
	void *a = vmalloc(3 * PAGE_SIZE), *b = vmalloc(1);
	struct page *page = vmalloc_to_page(b);
	void *c = vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO);
	struct vmalloc_info info;
	unsigned long cursor = 0, seen = 0;
	const void *addr[] = { a, b, c };
	const unsigned long pages[] = { 3, 1, 1 };
	const unsigned long flags[] = { VM_ALLOC, VM_ALLOC, VM_MAP };

	(void)state;
	for (; seen < 3 && vmalloc_info_next(&cursor, &info); seen++) {
		assert_int_equal(info.addr, (unsigned long)addr[seen]);
		assert_int_equal(info.size, (pages[seen] + 1) * PAGE_SIZE);
		assert_int_equal(info.nr_pages, pages[seen]);
		assert_int_equal(info.flags, flags[seen]);
		assert_in_range(info.caller, (unsigned long)areas_are_described,
				(unsigned long)areas_are_described + 4096);
	}
	assert_int_equal(seen, 3);
	assert_false(vmalloc_info_next(&cursor, &info));
	vfree(a);
	cursor = 0;
	assert_true(vmalloc_info_next(&cursor, &info));
	assert_int_equal(info.flags, 0);
	vunmap(c);
	vfree(b);
}

static void kvmalloc_takes_what_there_is(void **state)
{
	void *small = kvmalloc(100, GFP_KERNEL), *large;
	volatile size_t huge = 1UL << 33; /* or the compiler sees the overflow */

	(void)state;
	assert_non_null(small);
	assert_false(is_vmalloc_addr(small));
	large = kvmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL);
	memset(large, 0x5a, KMALLOC_MAX_SIZE + 1);
	kvfree(large);
	large = kvzalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL);
	assert_true(is_vmalloc_addr(large));
	assert_null(memchr_inv(large, 0, KMALLOC_MAX_SIZE + 1));
	assert_null(kvmalloc_array(huge, huge, GFP_KERNEL));
	assert_null(kvmalloc(KMALLOC_MAX_SIZE + 1, GFP_ATOMIC));
	kvfree(small);
	kvfree(large);
	kvfree(NULL);
}

static void kvmalloc_charges_its_caller(void **state)
{
	size_t size = KMALLOC_MAX_SIZE + 1;
	void *p[] = { kvmalloc(size, GFP_KERNEL), kvzalloc(size, GFP_KERNEL),
		      kvmalloc_array(size, 1, GFP_KERNEL),
		      kvcalloc(1, size, GFP_KERNEL) };
	struct vmalloc_info info = { 0 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
		unsigned long cursor = (unsigned long)p[i];

		assert_true(vmalloc_info_next(&cursor, &info));
		assert_in_range(info.caller, (unsigned long)kvmalloc_charges_its_caller,
				(unsigned long)kvmalloc_charges_its_caller + 4096);
		kvfree(p[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vmap_test(bytes_appear_in_the_pages),
		vmap_test(all_pages_differ),
		vmap_test(vzalloc_is_zero_where_it_was_dirty),
		vmap_test(the_page_after_an_area_faults),
		vmap_test(a_freed_area_faults_at_once),
		vmap_test(addresses_wait_for_a_flush),
		vmap_test(a_flush_comes_when_enough_is_freed),
		vmap_test(flushed_areas_are_reused_by_size),
		vmap_test(few_areas_are_kept),
		vmap_test(the_kept_sizes_change),
		vmap_test(nothing_freed_needs_no_flush),
		vmap_test(vmalloc_32_stays_below_4_gib),
		vmap_test(half_of_ram_in_one_piece),
		vmap_test(vmap_shows_the_same_pages_again),
		vmap_test(areas_are_described),
		vmap_test(kvmalloc_takes_what_there_is),
		vmap_test(kvmalloc_charges_its_caller),
	};

	return cmocka_run_group_tests_name("vmalloc", tests, NULL, NULL);
}
