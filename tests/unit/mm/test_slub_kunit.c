/* SPDX-License-Identifier: MIT */
/*
 * The cases of Linux's lib/slub_kunit.c under their names: memory round objects and in free
 * ones is damaged, and the validation of the cache finds it, reports and repairs it.
 *
 * Linux counts a report and its repair as two errors; here they are one.
 */
#include "slab_test.h"

static struct kmem_cache *s;
static u8 *p;

static void start(const char *name, unsigned int size, slab_flags_t flags)
{
	s = kmem_cache_create(name, size, 0, flags, NULL);
	assert_non_null(s);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	assert_non_null(p);
}

/* One error of this kind; none the second time. */
static void validate(const char *text)
{
	assert_int_equal(kmem_cache_verify(s), -EINVAL);
	expect_bugs(1, text);
	assert_int_equal(kmem_cache_verify(s), 0);
	expect_bugs(0, NULL);
}

static void test_clobber_zone(void **state)
{
	(void)state;
	start("TestSlub_RZ_alloc", 64, SLAB_RED_ZONE);
	p[64] = 0x12;
	validate("BUG TestSlub_RZ_alloc: Redzone overwritten");
	kmem_cache_free(s, p);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* Where SLUB keeps the pointer to the next free object, there is nothing here to lead
 * astray: what is overwritten is poison, and all objects can still be had. */
static void test_next_pointer(void **state)
{
	void *all[200];
	unsigned int n;

	(void)state;
	start("TestSlub_next_ptr_free", 64, SLAB_POISON);
	n = info_of(s).objects_per_slab;
	kmem_cache_free(s, p);
	*(void **)(p + 32) = (void *)0x123456789abcUL;
	validate("BUG TestSlub_next_ptr_free: Poison overwritten");
	for (unsigned int i = 0; i < n; i++)
		all[i] = kmem_cache_alloc(s, GFP_KERNEL);
	assert_int_equal(info_of(s).slabs_full, 1);
	kmem_cache_free_bulk(s, n, all);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void test_first_word(void **state)
{
	(void)state;
	start("TestSlub_1th_word_free", 64, SLAB_POISON);
	kmem_cache_free(s, p);
	*p = 0x78;
	validate("First byte 0x78 instead of 0x6b");
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void test_clobber_50th_byte(void **state)
{
	(void)state;
	start("TestSlub_50th_word_free", 64, SLAB_POISON);
	kmem_cache_free(s, p);
	p[50] = 0x9a;
	validate("First byte 0x9a instead of 0x6b");
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void test_clobber_redzone_free(void **state)
{
	(void)state;
	start("TestSlub_RZ_free", 64, SLAB_RED_ZONE);
	kmem_cache_free(s, p);
	p[64] = 0xab;
	validate("BUG TestSlub_RZ_free: Redzone overwritten");
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* The zone of a kmalloc object begins where its class ends: how many bytes were asked for
 * is not kept. */
static void test_kmalloc_redzone_access(void **state)
{
	host_boot_begin(64 << 20);
	assert_int_equal(slab_debug_setup("ZU,kmalloc-32"), 0);
	mm_init();
	gfp_allow_sleep();
	p = kmalloc(18, GFP_KERNEL);
	s = find_cache("kmalloc-32");
	p[32] = 0xab;
	p[33] = 0xab;
	validate("BUG kmalloc-32: Redzone overwritten");
	kfree(p);
	slab_check();
	host_mm_init(64 << 20); /* what the tear-down compares with */
	slab_set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(test_clobber_zone),
		slab_test(test_next_pointer),
		slab_test(test_first_word),
		slab_test(test_clobber_50th_byte),
		slab_test(test_clobber_redzone_free),
		slab_test(test_kmalloc_redzone_access),
	};

	return cmocka_run_group_tests_name("slub_kunit", tests, NULL, NULL);
}
