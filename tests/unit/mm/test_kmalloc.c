/* SPDX-License-Identifier: MIT */
/* kmalloc: classes, whole pages, zones, resizing. */
#include <linux/sprintf.h>
#include "slab_test.h"

static const unsigned int classes[] = { 8,   16,  32,	64,   96,   128, 192,
					256, 512, 1024, 2048, 4096, 8192 };

static void each_size_gets_the_smallest_class(void **state)
{
	unsigned int class = 0;

	(void)state;
	for (unsigned int size = 1; size <= KMALLOC_MAX_CACHE_SIZE; size++) {
		void *p = kmalloc(size, GFP_KERNEL);

		class += size > classes[class];
		assert_int_equal(kmalloc_index(size), class);
		assert_int_equal(ksize(p), classes[class]);
		assert_true(size <= 8 || ksize(p) < 2UL * size);
		kfree(p);
	}
}

static void constant_sizes_use_the_same_caches(void **state)
{
	void *p[] = { kmalloc(8, GFP_KERNEL),	 kmalloc(9, GFP_KERNEL),
		      kmalloc(65, GFP_KERNEL),	 kmalloc(192, GFP_KERNEL),
		      kmalloc(4096, GFP_KERNEL), kmalloc(4097, GFP_KERNEL) };
	static const unsigned int size[] = { 8, 16, 96, 192, 4096, 8192 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
		assert_int_equal(ksize(p[i]), size[i]);
		kfree(p[i]);
	}
}

static void powers_of_two_are_aligned_to_themselves(void **state)
{
	(void)state;
	for (size_t size = 8; size <= KMALLOC_MAX_SIZE; size *= 2) {
		void *p = kmalloc(size, GFP_KERNEL), *q = kmalloc(size, GFP_KERNEL);

		assert_non_null(p);
		assert_true(IS_ALIGNED((unsigned long)p, size));
		assert_true(IS_ALIGNED((unsigned long)q, size));
		kfree(p);
		kfree(q);
	}
}

static void whole_pages_above_the_classes(void **state)
{
	static const size_t sizes[] = {
		8193, 12288, 20000, 65536, 65537, 1 << 20, 4 << 20
	};
	unsigned long before = pages_at_rest();

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = kmalloc(sizes[i], GFP_KERNEL);
		struct page *page = virt_to_page(p);

		assert_non_null(p);
		assert_int_equal(ksize(p), PAGE_SIZE << get_order(sizes[i]));
		assert_int_equal(compound_order(page), get_order(sizes[i]));
		memset(p, 0xff, sizes[i]);
		kfree(p);
		p = kzalloc(sizes[i], GFP_KERNEL);
		assert_null(memchr_inv(p, 0, sizes[i]));
		kfree(p);
		assert_int_equal(pages_at_rest(), before);
	}
}

static void limits(void **state)
{
	volatile size_t max = KMALLOC_MAX_SIZE, huge = (size_t)-1; /* no constants */

	(void)state;
	assert_null(kmalloc(max + 1, GFP_KERNEL));
	assert_null(kmalloc(huge, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kmalloc_array(huge / 2, 3, GFP_KERNEL));
	assert_null(kcalloc(huge >> 30, huge >> 30, GFP_KERNEL));
	assert_ptr_equal(kmalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	assert_int_equal(ksize(ZERO_SIZE_PTR), 0);
	assert_int_equal(ksize(NULL), 0);
	kfree(ZERO_SIZE_PTR);
	kfree(NULL);
}

static void zeroed_when_asked(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(classes); i++) {
		u8 *p = kmalloc(classes[i], GFP_KERNEL);

		memset(p, 0xee, classes[i]);
		kfree(p);
		p = kmalloc(classes[i], GFP_KERNEL); /* the same, and not cleared */
		assert_int_equal(p[classes[i] - 1], 0xee);
		kfree(p);
		p = kcalloc(classes[i] / 8, 8, GFP_KERNEL);
		assert_null(memchr_inv(p, 0, classes[i]));
		kfree(p);
	}
}

static void dma_memory_lies_below_16_mib(void **state)
{
	static const size_t sizes[] = { 8, 100, 8192, 65536 };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = kmalloc(sizes[i], GFP_KERNEL | __GFP_DMA);
		void *q = kzalloc(sizes[i], GFP_ATOMIC | GFP_DMA);

		assert_true(virt_to_phys(p) + sizes[i] <= 16 << 20);
		assert_true(virt_to_phys(q) + sizes[i] <= 16 << 20);
		assert_null(memchr_inv(q, 0, sizes[i]));
		kfree(p);
		kfree(q);
	}
	assert_int_equal(info_of(find_cache("dma-kmalloc-128")).active_objs, 0);
	fail_objects(find_cache("kmem_cache"), 1, 1);
	assert_null(kmalloc(1000, GFP_KERNEL | __GFP_DMA)); /* no cache, no memory */
	slab_check();
	slab_set_up(state); /* the caches stay */
}

static void resizing_keeps_contents(void **state)
{
	u8 *p = NULL, *q;

	(void)state;
	for (size_t size = 1; size <= 100000; size = size * 3 / 2 + 1) {
		size_t old = ksize(p);

		q = krealloc(p, size, GFP_KERNEL);
		assert_non_null(q);
		assert_true(ksize(q) >= size);
		if (old)
			assert_null(memchr_inv(q, 0x42, old));
		memset(q, 0x42, ksize(q));
		p = q;
	}
	q = krealloc(p, 10, GFP_KERNEL);
	assert_ptr_equal(q, p); /* shrinking keeps the place */
	fail_pages(1, -1);
	assert_null(krealloc(p, 2 << 20, GFP_KERNEL | __GFP_NOWARN));
	fail_nothing();
	assert_int_equal(p[0], 0x42); /* and it is still ours */
	assert_ptr_equal(krealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	p = krealloc(ZERO_SIZE_PTR, 10, GFP_KERNEL);
	kfree(p);
}

static void copies_of_memory_and_strings(void **state)
{
	char *s = kstrdup("pagevisor", GFP_KERNEL), *t;

	(void)state;
	assert_string_equal(s, "pagevisor");
	t = kmemdup(s, 10, GFP_KERNEL);
	assert_string_equal(t, "pagevisor");
	kfree(t);
	t = kstrndup(s, 4, GFP_KERNEL);
	assert_string_equal(t, "page");
	kfree(t);
	t = kstrndup(s, 400, GFP_KERNEL);
	assert_string_equal(t, "pagevisor");
	kfree(t);
	kfree(s);
	assert_null(kstrdup(NULL, GFP_KERNEL));
	assert_null(kstrndup(NULL, 4, GFP_KERNEL));
	fail_objects(NULL, 1, -1);
	assert_null(kstrdup("x", GFP_KERNEL));
	assert_null(kmemdup("x", 1, GFP_KERNEL));
	fail_nothing();
}

static void call_sites_are_charged(void **state)
{
	struct slab_object_info obj;
	void *p;

	host_boot_begin(64 << 20);
	assert_int_equal(slab_debug_setup("U,kmalloc-64"), 0);
	mm_init();
	gfp_allow_sleep();
	p = __kmalloc_track_caller(50, GFP_KERNEL, 0x1234);
	slab_object_info(p, &obj);
	assert_int_equal(obj.alloc_site, 0x1234);
	kfree(p);
	p = kmalloc(50, GFP_KERNEL);
	slab_object_info(p, &obj);
	assert_true(obj.alloc_site - (unsigned long)call_sites_are_charged < 1000);
	kfree(p);
	p = kstrdup("a string of more than thirty-two bytes, so", GFP_KERNEL);
	slab_object_info(p, &obj);
	assert_true(obj.alloc_site - (unsigned long)call_sites_are_charged < 1000);
	kfree(p);
	slab_set_up(state);
}

static void sleeping_requests_in_atomic_context_are_refused(void **state)
{
	volatile size_t size = 20000;

	(void)state;
	preempt_disable();
	assert_null(kmalloc(64, GFP_KERNEL));
	expect_violations(1);
	assert_null(kmalloc(size, GFP_KERNEL));
	expect_violations(1);
	preempt_enable();
}

/* --- random sizes ---------------------------------------------------------------------- */

#define SLOTS 200
#define STEPS 20000

static struct {
	u8 *p;
	size_t size;
	u8 fill;
} slots[SLOTS];

/* Mostly small, sometimes up to 64 KiB. */
static size_t random_size(void)
{
	unsigned int bits = random_below(14) ? random_below(13) : random_below(17);

	return 1 + random_below(1U << bits);
}

static void slot_check(unsigned int i)
{
	assert_null(memchr_inv(slots[i].p, slots[i].fill, slots[i].size));
}

static void slot_fill(unsigned int i, void *p, size_t size)
{
	slots[i].p = p;
	slots[i].size = size;
	slots[i].fill = (u8)random_below(256);
	memset(p, slots[i].fill, size);
}

static void slot_step(unsigned int i)
{
	size_t size = random_size();
	u8 *p;

	if (!slots[i].p) {
		p = random_below(2) ? kmalloc(size, GFP_KERNEL)
				    : kzalloc(size, GFP_NOWAIT);
		if (p)
			slot_fill(i, p, size);
	} else if (random_below(3)) {
		slot_check(i);
		kfree(slots[i].p);
		slots[i].p = NULL;
	} else {
		slot_check(i);
		p = krealloc(slots[i].p, size, GFP_KERNEL);
		if (p) {
			assert_null(
				memchr_inv(p, slots[i].fill, min(size, slots[i].size)));
			slot_fill(i, p, size);
		}
	}
}

static void random_sizes(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	for (unsigned int i = 0; i < STEPS; i++) {
		if (i == STEPS / 2)
			fail_pages(5, -1);
		slot_step(random_below(SLOTS));
		if (i % 100 == 0)
			slab_check();
	}
	fail_nothing();
	for (unsigned int i = 0; i < SLOTS; i++)
		if (slots[i].p) {
			slot_check(i);
			kfree(slots[i].p);
		}
	host_log_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(each_size_gets_the_smallest_class),
		slab_test(constant_sizes_use_the_same_caches),
		slab_test(powers_of_two_are_aligned_to_themselves),
		slab_test(whole_pages_above_the_classes),
		slab_test(limits),
		slab_test(zeroed_when_asked),
		slab_test(dma_memory_lies_below_16_mib),
		slab_test(resizing_keeps_contents),
		slab_test(copies_of_memory_and_strings),
		slab_test(call_sites_are_charged),
		slab_test(sleeping_requests_in_atomic_context_are_refused),
		slab_test(random_sizes),
	};

	return cmocka_run_group_tests_name("kmalloc", tests, NULL, NULL);
}
