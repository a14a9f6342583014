/* SPDX-License-Identifier: MIT */
/*
 * init_on_alloc= and init_on_free=: no memory is handed out with what its last owner left.
 * The cases of Linux's lib/test_meminit.c under their names, each with either option.
 */
#include <linux/vmalloc.h>
#include "slab_test.h"

#define GARBAGE 0x79

static int boot_with(int (*option)(const char *arg), void **state)
{
	(void)state;
	host_boot_begin(64 << 20);
	assert_int_equal(option("1"), 0);
	mm_init();
	gfp_allow_sleep();
	host_log_clear();
	return 0;
}

static int boot_init_on_alloc(void **state)
{
	return boot_with(init_on_alloc_setup, state);
}

static int boot_init_on_free(void **state)
{
	return boot_with(init_on_free_setup, state);
}

static int shut_down(void **state)
{
	(void)state;
	slab_check();
	assert_int_equal(host_events.errors, 0);
	assert_int_equal(host_events.warnings, 0);
	host_mm_reset();
	return 0;
}

static void fill_with_garbage(void *p, size_t size)
{
	assert_null(memchr_inv(p, 0, size));
	memset(p, GARBAGE, size);
}

/* Twice the same block, for it is on top of its list. */
static void do_alloc_pages_order(unsigned int order)
{
	for (int round = 0; round < 2; round++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		assert_non_null(page);
		fill_with_garbage(page_to_virt(page), PAGE_SIZE << order);
		__free_pages(page, order);
	}
}

static void test_pages(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		do_alloc_pages_order(order);
}

static void test_kvmalloc(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 1 << 20; size *= 2) {
		for (int round = 0; round < 2; round++) {
			void *p = kmalloc(size, GFP_KERNEL), *v = vmalloc(size);

			fill_with_garbage(p, size);
			fill_with_garbage(v, size);
			kfree(p);
			vfree(v);
		}
	}
}

#define CTOR_BYTES 4
static void construct(void *obj)
{
	memset(obj, 0x41, CTOR_BYTES);
}

/* One cache, in every combination of constructor and of zeroing at the call. */
static void do_kmem_cache_size(unsigned int size, bool ctor, bool zero)
{
	struct kmem_cache *s =
		kmem_cache_create("test_cache", size, 1, 0, ctor ? construct : NULL);

	for (int round = 0; round < 10; round++) {
		u8 *p = kmem_cache_alloc(s, zero ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL);

		assert_non_null(p);
		if (ctor)
			assert_null(memchr_inv(p, 0x41, CTOR_BYTES));
		else
			fill_with_garbage(p, size);
		kmem_cache_free(s, p);
	}
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void test_kmemcache(void **state)
{
	(void)state;
	for (unsigned int size = 8; size <= 4096; size *= 2) {
		do_kmem_cache_size(size, false, false);
		do_kmem_cache_size(size, false, true);
		do_kmem_cache_size(size, true, false);
	}
}

static void do_kmem_cache_size_bulk(void **state)
{
	struct kmem_cache *s = kmem_cache_create("test_cache", 300, 0, 0, NULL);
	void *objs[50];

	(void)state;
	for (int round = 0; round < 5; round++) {
		assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, 50, objs), 50);
		for (int i = 0; i < 50; i++)
			fill_with_garbage(objs[i], 300);
		kmem_cache_free_bulk(s, 50, objs);
	}
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void freed_memory_is_cleared_at_once(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u8 *object = kmalloc(64, GFP_KERNEL), *bytes = page_to_virt(page);

	(void)state;
	memset(object, GARBAGE, 64);
	memset(bytes, GARBAGE, PAGE_SIZE);
	kfree(object);
	__free_page(page);
	assert_null(memchr_inv(object, 0, 64)); /* NOLINT(clang-analyzer-unix.Malloc) */
	assert_null(memchr_inv(bytes, 0, PAGE_SIZE));
}

static void without_the_options_caches_have_magazines(void **state)
{
	host_boot_begin(64 << 20);
	assert_int_equal(init_on_alloc_setup("0"), 0);
	assert_int_equal(init_on_free_setup("off"), 0);
	assert_int_equal(init_on_free_setup("perhaps"), -EINVAL);
	assert_int_equal(init_on_free_setup(NULL), -EINVAL);
	mm_init();
	gfp_allow_sleep();
	assert_int_not_equal(info_of(find_cache("kmalloc-64")).magazine_size, 0);
	shut_down(state);
}

#define both(f)                                                            \
	cmocka_unit_test_setup_teardown(f, boot_init_on_alloc, shut_down), \
		cmocka_unit_test_setup_teardown(f, boot_init_on_free, shut_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both(test_pages),
		both(test_kvmalloc),
		both(test_kmemcache),
		both(do_kmem_cache_size_bulk),
		cmocka_unit_test_setup_teardown(freed_memory_is_cleared_at_once,
						boot_init_on_free, shut_down),
		cmocka_unit_test(without_the_options_caches_have_magazines),
	};

	return cmocka_run_group_tests_name("meminit", tests, NULL, NULL);
}
