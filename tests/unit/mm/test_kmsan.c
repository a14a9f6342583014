/* SPDX-License-Identifier: MIT */
/* Memory that nobody wrote to is noticed when it is read by a checked reader, once, with
 * the call that allocated it. */
#include <linux/dma-mapping.h>
#include <linux/kmsan-checks.h>
#include <linux/scatterlist.h>
#include <linux/vmalloc.h>
#include "slab_test.h"

static struct kmem_cache *s;

static struct kmsan_report report(void)
{
	struct kmsan_report last;

	kmsan_last_report(&last);
	return last;
}

/* So many reports since the last call. */
static unsigned long reports_before;
static void expect_reports(unsigned long n)
{
	assert_int_equal(report().count - reports_before, n);
	assert_int_equal(host_events.errors != 0, n != 0);
	reports_before = report().count;
	host_log_clear();
}

static int kmsan_set_up(void **state)
{
	slab_set_up(state);
	reports_before = 0;
	kmsan_set(true);
	s = kmem_cache_create("fresh", 64, 0, 0, NULL);
	return 0;
}

static int kmsan_tear_down(void **state)
{
	expect_reports(0);
	assert_int_equal(kmem_cache_destroy(s), 0);
	kmsan_set(false);
	return slab_tear_down(state);
}

#define kmsan_test(f) cmocka_unit_test_setup_teardown(f, kmsan_set_up, kmsan_tear_down)

static noinline u8 *culprit(void)
{
	u8 *p = kmem_cache_alloc(s, GFP_KERNEL);

	barrier();
	return p;
}

static noinline void reader(const void *p, size_t size)
{
	kmsan_check_memory(p, size);
	barrier();
}

static bool inside(unsigned long ip, const void *function)
{
	return ip - (unsigned long)function < 100;
}

static void an_object_that_was_never_written(void **state)
{
	u8 *p = culprit();

	(void)state;
	reader(p, 64);
	assert_ptr_equal(report().address, p);
	assert_true(inside(report().ip, reader));
	assert_true(inside(report().created_at, culprit));
	assert_true(host_log_has("BUG: KMSAN: uninit-value in"));
	assert_true(host_log_has("Bytes 0-63 of 64 are uninitialized"));
	assert_true(host_log_has("Uninit was created at:"));
	expect_reports(1);
	reader(p, 64); /* once */
	assert_null(memchr_inv(p, 0, 64));
	kmem_cache_free(s, p);
}

static void a_gap_between_what_was_written(void **state)
{
	u8 *p = culprit();

	(void)state;
	memset(p, 1, 16);
	memset(p + 32, 1, 32);
	reader(p, 16);
	reader(p + 32, 32);
	reader(p + 15, 8); /* no whole word of the gap */
	expect_reports(0);
	reader(p, 64);
	assert_true(host_log_has("Bytes 16-31 of 64 are uninitialized"));
	expect_reports(1);
	kmem_cache_free(s, p);
}

static void cleared_and_constructed_memory_counts_as_written(void **state)
{
	u8 *p = kmem_cache_zalloc(s, GFP_KERNEL);
	unsigned long page = get_zeroed_page(GFP_KERNEL);

	(void)state;
	reader(p, 64);
	reader((void *)page, PAGE_SIZE);
	kmem_cache_free(s, p);
	free_page(page);
}

static void an_object_used_again_is_fresh_again(void **state)
{
	u8 *p = culprit();

	(void)state;
	memset(p, 1, 64);
	reader(p, 64);
	kmem_cache_free(s, p);
	assert_ptr_equal(culprit(), p);
	reader(p, 64);
	expect_reports(1);
	kmem_cache_free(s, p);
}

static void pages_of_every_kind(void **state)
{
	void *pages = (void *)__get_free_pages(GFP_KERNEL, 3);
	void *area = vmalloc(3 * PAGE_SIZE), *large = kmalloc(50000, GFP_KERNEL);

	(void)state;
	memset(pages, 1, 8 * PAGE_SIZE - 8);
	reader(pages, 8 * PAGE_SIZE);
	expect_reports(1);
	reader(area, 3 * PAGE_SIZE);
	expect_reports(1);
	reader(large, 50000);
	expect_reports(1);
	free_pages((unsigned long)pages, 3);
	vfree(area);
	vm_unmap_aliases();
	kfree(large);
}

static void a_range_can_be_marked(void **state)
{
	u8 *p = culprit();

	(void)state;
	kmsan_unpoison_memory(p, 64);
	reader(p, 64);
	kmsan_poison_memory(p + 9, 30, 0);
	assert_int_equal(p[15], 0);
	reader(p, 64);
	assert_true(host_log_has("Bytes 16-31 of 64"));
	expect_reports(1);
	kmem_cache_free(s, p);
}

/* --- devices --------------------------------------------------------------------------- */

static noinline dma_addr_t map(struct device *dev, void *p, size_t size,
			       enum dma_data_direction dir)
{
	dma_addr_t handle = dma_map_single(dev, p, size, dir);

	barrier();
	return handle;
}

static struct device a_device(void)
{
	static u64 mask = DMA_BIT_MASK(32);

	return (struct device){ .name = "device", .dma_mask = &mask };
}

static void what_a_device_reads_is_checked(void **state)
{
	struct device dev = a_device();
	dma_addr_t handle;
	u8 *p = culprit();

	(void)state;
	handle = map(&dev, p, 64, DMA_FROM_DEVICE);
	dma_unmap_single(&dev, handle, 64, DMA_FROM_DEVICE);
	expect_reports(0);
	handle = map(&dev, p, 64, DMA_TO_DEVICE);
	dma_unmap_single(&dev, handle, 64, DMA_TO_DEVICE);
	assert_true(inside(report().ip, map));
	assert_true(inside(report().created_at, culprit));
	expect_reports(1);
	handle = map(&dev, p, 64, DMA_BIDIRECTIONAL);
	dma_unmap_single(&dev, handle, 64, DMA_BIDIRECTIONAL);
	kmem_cache_free(s, p);
}

static void each_entry_of_a_list_is_checked(void **state)
{
	struct device dev = a_device();
	u8 *p = culprit(), *q = culprit();
	struct scatterlist sg[2];

	(void)state;
	memset(p, 1, 64);
	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], p, 64);
	sg_set_buf(&sg[1], q, 64);
	assert_int_equal(dma_map_sg(&dev, sg, 2, DMA_TO_DEVICE), 2);
	dma_unmap_sg(&dev, sg, 2, DMA_TO_DEVICE);
	assert_ptr_equal(report().address, q);
	expect_reports(1);
	kmem_cache_free(s, p);
	kmem_cache_free(s, q);
}

/* --- the option ------------------------------------------------------------------------ */

static void the_boot_option_covers_kmalloc(void **state)
{
	u8 *p;

	assert_int_equal(kmsan_setup("maybe"), -EINVAL);
	assert_int_equal(kmsan_setup(NULL), -EINVAL);
	host_boot_begin(64 << 20);
	assert_int_equal(kmsan_setup("on"), 0);
	mm_init();
	gfp_allow_sleep();
	reports_before = 0;
	host_log_clear();
	p = kmalloc(100, GFP_KERNEL);
	reader(p, 100);
	assert_int_not_equal(report().created_at, 0);
	expect_reports(1);
	kfree(p);
	slab_check();
	kmsan_set_up(state);
}

static void off_means_off(void **state)
{
	u8 *p = culprit();

	(void)state;
	kmsan_set(false);
	reader(p, 64);
	kmsan_set(true);
	kmem_cache_free(s, p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kmsan_test(an_object_that_was_never_written),
		kmsan_test(a_gap_between_what_was_written),
		kmsan_test(cleared_and_constructed_memory_counts_as_written),
		kmsan_test(an_object_used_again_is_fresh_again),
		kmsan_test(pages_of_every_kind),
		kmsan_test(a_range_can_be_marked),
		kmsan_test(what_a_device_reads_is_checked),
		kmsan_test(each_entry_of_a_list_is_checked),
		kmsan_test(the_boot_option_covers_kmalloc),
		kmsan_test(off_means_off),
	};

	return cmocka_run_group_tests_name("kmsan", tests, NULL, NULL);
}
