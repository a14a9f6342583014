/* SPDX-License-Identifier: MIT */
/* vmalloc when something fails half-way, is called wrongly, or has been damaged. */
#include <linux/io.h>
#include <linux/page_debug.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/range_tree.h"
#include "mm/slab_info.h"
#include "mm/vmap_area.h"
#include "mm/vmap_internal.h"
#include "vmap_test.h"

/* --- undo ---------------------------------------------------------------------------- */

static int shrink(struct kmem_cache *cache, void *arg)
{
	(void)arg;
	kmem_cache_shrink(cache);
	return 0;
}

/* Free pages with no cache holding any back. */
static long pages_free(void)
{
	vm_unmap_aliases();
	kmem_cache_for_each(shrink, NULL);
	drain_all_pages();
	return (long)nr_free_pages();
}

/* Each attempt is made so often that what one loses stands out from what the slab
 * allocator keeps for itself. */
#define ATTEMPTS 16

static void check_no_loss(long before)
{
	assert_int_equal(live_areas(), 0);
	assert_in_range(before - pages_free() + ATTEMPTS / 2, 0, ATTEMPTS);
}

/* Page after page is the first that cannot be had, until none is missing. */
static void any_page_may_be_missing(void **state)
{
	static const unsigned long sizes[] = { 5, 64, 70, 600 };

	(void)state;
	for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
		long before = pages_free();
		int pages = 0;
		void *p = NULL;

		while (!p) {
			for (unsigned int i = 0; i < ATTEMPTS && !p; i++) {
				p = alloc_with_pages(__vmalloc, sizes[s] * PAGE_SIZE,
						     pages);
				vmap_check();
			}
			if (!p)
				check_no_loss(before);
			pages += 1 + pages / 8;
		}
		assert_true(pages > (int)sizes[s]);
		vfree(p);
		check_no_loss(before);
	}
}

static void mapping_may_fail(void **state)
{
	unsigned long page = __get_free_page(GFP_KERNEL);
	struct page *pages[] = { virt_to_page(page) };
	long before = pages_free();

	(void)state;
	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		host_fail_nth_map(1);
		assert_null(vmalloc(7 * PAGE_SIZE));
		host_fail_nth_map(1);
		assert_null(vmalloc(100 * PAGE_SIZE));
		host_fail_nth_map(1);
		assert_null(vmap(pages, 1, VM_MAP, PAGE_KERNEL));
		host_fail_nth_map(1);
		assert_null(ioremap(1ULL << 40, PAGE_SIZE));
		vmap_check();
	}
	check_no_loss(before);
	free_page(page);
}

/* Of the objects asked for from now on, the n-th is missing. */
static void *vmalloc_without_object(unsigned long size, unsigned long n)
{
	struct fault_attr attr = { .probability = 100, .interval = n, .times = { 1 } };
	void *p;

	failslab_set(&attr, NULL);
	p = __vmalloc(size, GFP_KERNEL | __GFP_NOWARN);
	failslab_set(NULL, NULL);
	assert_int_equal(atomic_long_read(&attr.failed), 1);
	return p;
}

static void descriptors_may_be_missing(void **state)
{
	long before = pages_free();

	(void)state;
	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		/* The area, the list of pages. */
		assert_null(vmalloc_without_object(100 * PAGE_SIZE, 1));
		vmap_check();
		assert_null(vmalloc_without_object(100 * PAGE_SIZE, 2));
		vmap_check();
	}
	check_no_loss(before);
}

/* A list of pages too long for kmalloc at the moment is an area of its own. */
static void the_list_of_pages_may_be_vmalloced(void **state)
{
	void *p;

	(void)state;
	for (unsigned int failing = 1; failing <= 2; failing++) {
		host_fail_nth_map(failing);
		assert_null(vmalloc_without_object(600 * PAGE_SIZE, 2));
		assert_int_equal(live_areas(), 0);
		vmap_check();
	}
	p = vmalloc_without_object(600 * PAGE_SIZE, 2);
	assert_non_null(p);
	assert_int_equal(live_areas(), 2);
	vmap_check();
	vfree(p);
}

/* When the range is full, a flush makes room of what was freed; then it is full. */
static void the_range_may_be_full(void **state)
{
	void *p[4];

	(void)state;
	range_tree_init(&vmap_space.tree, VMALLOC_START, VMALLOC_START + 8 * PAGE_SIZE);
	for (unsigned int i = 0; i < 4; i++)
		p[i] = vmalloc(PAGE_SIZE);
	assert_non_null(p[3]);
	assert_null(vmalloc(PAGE_SIZE));
	vfree(p[1]);
	vfree(p[2]);
	assert_int_equal(host_events.tlb_flushes, 0);
	p[1] = vmalloc(3 * PAGE_SIZE);
	assert_int_equal(host_events.tlb_flushes, 1);
	assert_non_null(p[1]);
	assert_null(vmalloc(1));
	vmap_check();
	vfree(p[0]);
	vfree(p[1]);
	vfree(p[3]);
}

static void sizes_that_make_no_sense(void **state)
{
	unsigned long all = totalram_pages() * PAGE_SIZE;
	volatile unsigned long huge = ~0UL; /* or the compiler objects */
	struct vmalloc_stats stats;
	struct page *page = virt_to_page(__va(0));

	(void)state;
	assert_null(vmalloc(0));
	assert_null(vmalloc(all + 1));
	assert_null(vmalloc(huge));
	assert_null(vmalloc(huge - PAGE_SIZE));
	assert_null(vmap(&page, 0, VM_MAP, PAGE_KERNEL));
	assert_null(vmap(&page, ~0U, VM_MAP, PAGE_KERNEL));
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_failed, 6);
	assert_int_equal(stats.nr_areas + stats.nr_lazy, 0);
}

static struct vm_area *area_at(void *addr)
{
	struct range *range = range_tree_find(&vmap_space.tree, (unsigned long)addr);

	return container_of(range, struct vm_area, range);
}

/* --- wrong calls --------------------------------------------------------------------- */

static void bad_frees_are_reported_and_change_nothing(void **state)
{
	unsigned char *a = vmalloc(4 * PAGE_SIZE), *b;
	struct page *page = vmalloc_to_page(a);
	struct vmalloc_stats stats;
	int on_stack;

	(void)state;
	b = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	write_pattern(a, 4 * PAGE_SIZE, 1);
	host_log_clear();
	vfree(NULL);
	vunmap(NULL);
	iounmap(NULL);
	assert_int_equal(host_events.warnings, 0);
	vfree(a + PAGE_SIZE);
	expect_reports(1, "is not the start of the area");
	vfree(a + 1);
	expect_reports(1, "is not the start of the area");
	vfree(a + 4 * PAGE_SIZE);
	expect_reports(1, "is not the start of the area");
	vfree((void *)VMALLOC_END);
	expect_reports(1, "no area at");
	vfree(&on_stack);
	expect_reports(1, "no area at");
	vfree(page_address(page));
	expect_reports(1, "no area at");
	vunmap(a);
	expect_reports(1, "is for vfree");
	vfree(b);
	expect_reports(1, "is for vunmap");
	iounmap(b);
	expect_reports(1, "is for vunmap");
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_bad_frees, 9);
	vmap_check();
	check_pattern(a, 4 * PAGE_SIZE, 1);
	vunmap(b);
	vfree(a);
}

static void a_second_free_is_told_from_the_first(void **state)
{
	void *a = vmalloc(PAGE_SIZE);

	(void)state;
	vfree(a);
	assert_in_range(area_at(a)->freed_by,
			(unsigned long)a_second_free_is_told_from_the_first,
			(unsigned long)a_second_free_is_told_from_the_first + 4096);
	host_log_clear();
	vfree(a);
	expect_reports(1, "was freed already, by");
	vm_unmap_aliases();
	vfree(a);
	expect_reports(1, "no area at");
}

static void creation_is_refused_in_atomic_context(void **state)
{
	unsigned char *a = vmalloc(PAGE_SIZE);
	struct page *page = vmalloc_to_page(a);

	(void)state;
	preempt_disable();
	assert_null(vmalloc(PAGE_SIZE));
	assert_null(vzalloc(PAGE_SIZE));
	assert_null(vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	assert_null(ioremap(1ULL << 40, PAGE_SIZE));
	vm_unmap_aliases();
	preempt_enable();
	assert_int_equal(host_events.violations, 5);
	assert_true(host_log_has("vmalloc"));
	host_log_clear();
	assert_int_equal(live_areas(), 1);
	vfree(a);
}

/* In an interrupt, frees only pile up; the next one outside flushes. */
static void freeing_works_in_an_interrupt(void **state)
{
	void *p[600];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = vmalloc(PAGE_SIZE);
	host_irq_enter();
	for (unsigned int i = 1; i < ARRAY_SIZE(p); i++)
		vfree(p[i]);
	host_irq_exit();
	assert_int_equal(host_events.tlb_flushes, 0);
	assert_int_equal(host_events.violations, 0);
	vmap_check();
	vfree(p[0]);
	assert_int_equal(host_events.tlb_flushes, 1);
}

/* --- damage -------------------------------------------------------------------------- */

static void expect_fault(const char *what)
{
	host_log_clear();
	assert_int_equal(vmalloc_verify(), -EINVAL);
	if (!host_log_has(what))
		fail_msg("no \"%s\" in: %s", what, host_log());
	host_log_clear();
}

static void verify_finds_damage(void **state)
{
	void *a = vmalloc(2 * PAGE_SIZE), *b = vmalloc(PAGE_SIZE);
	struct vm_area *area = area_at(a);
	struct page *page = vmalloc_to_page(b), *saved = area->pages[1];

	(void)state;
	area->pages[1] = page;
	expect_fault("mapped to another page");
	area->pages[1] = saved;
	area->nr_pages++;
	expect_fault("page count differs");
	area->nr_pages--;
	area->range.end += PAGE_SIZE;
	expect_fault("ranges overlap");
	area->range.end -= PAGE_SIZE;
	assert_int_equal(platform_map_pages((unsigned long)a + 2 * PAGE_SIZE, &page, 1,
					    PAGE_KERNEL, GFP_KERNEL),
			 0);
	expect_fault("guard page mapped");
	platform_unmap((unsigned long)a + 2 * PAGE_SIZE, PAGE_SIZE);
	vmap_space.stats.nr_pages++;
	expect_fault("do not add up");
	vmap_space.stats.nr_pages--;
	platform_unmap((unsigned long)a + PAGE_SIZE, PAGE_SIZE);
	expect_fault("page not mapped");
	vfree(a);
	assert_int_equal(
		platform_map_pages((unsigned long)a, &page, 1, PAGE_KERNEL, GFP_KERNEL),
		0);
	expect_fault("freed, yet mapped");
	platform_unmap((unsigned long)a, PAGE_SIZE);
	area->state = VM_BUILDING;
	expect_fault("area in use on the lazy list");
	area->state = VM_LAZY;
	vmap_space.lazy = NULL;
	expect_fault("neither in use nor on a list");
	vmap_space.lazy = area;
	vmap_space.spare[1] = area;
	expect_fault("on the wrong list of spare ones");
	vmap_space.spare[1] = NULL;
	vmap_space.spare_sizes ^= SIZE_BIT(7);
	expect_fault("wrong mark for a list of spare");
	vmap_space.spare_sizes ^= SIZE_BIT(7);
	vfree(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vmap_test(any_page_may_be_missing),
		vmap_test(mapping_may_fail),
		vmap_test(descriptors_may_be_missing),
		vmap_test(the_list_of_pages_may_be_vmalloced),
		vmap_test(the_range_may_be_full),
		vmap_test(sizes_that_make_no_sense),
		vmap_test(bad_frees_are_reported_and_change_nothing),
		vmap_test(a_second_free_is_told_from_the_first),
		vmap_test(creation_is_refused_in_atomic_context),
		vmap_test(freeing_works_in_an_interrupt),
		vmap_test(verify_finds_damage),
	};

	return cmocka_run_group_tests_name("vmalloc_errors", tests, NULL, NULL);
}
