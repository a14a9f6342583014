/* SPDX-License-Identifier: MIT */
/*
 * KFENCE.  The cases of Linux's mm/kfence/kfence_test.c under their names, each planted bug
 * reported exactly once with the calls that allocated and freed; then the pool itself.
 *
 * Every allocation of the test's cache leaves the fast path (consistency checks keep it
 * from having magazines), so that the sample which was asked for is the next object.
 */
#include <linux/errno.h>
#include <linux/kfence.h>
#include <linux/sprintf.h>
#include "slab_test.h"

#define SIZE 32

static struct kmem_cache *s;

static int kfence_set_up(void **state)
{
	slab_set_up(state);
	assert_int_equal(kfence_start(100), 0);
	s = kmem_cache_create("test", SIZE, 8, SLAB_CONSISTENCY_CHECKS, NULL);
	assert_non_null(s);
	return 0;
}

static int kfence_tear_down(void **state)
{
	assert_int_equal(kfence_verify(), 0);
	if (s)
		assert_int_equal(kmem_cache_destroy(s), 0);
	assert_int_equal(kfence_stop(), 0);
	return slab_tear_down(state);
}

#define kfence_test(f) cmocka_unit_test_setup_teardown(f, kfence_set_up, kfence_tear_down)

static struct kfence_stats stats(void)
{
	struct kfence_stats now;

	kfence_get_stats(&now);
	return now;
}

/* A guarded object at that edge of its page. */
enum edge { LEFT, RIGHT };
static noinline u8 *take_object(enum edge edge)
{
	u8 *p;

	for (;;) {
		kfence_sample_next();
		p = kmem_cache_alloc(s, GFP_KERNEL);
		assert_true(is_kfence_address(p));
		if ((edge == LEFT) == !offset_in_page(p))
			return p;
		kmem_cache_free(s, p);
	}
}

static noinline void put_object(void *p)
{
	kmem_cache_free(s, p);
	barrier();
}

/* cmocka puts its own handler in front of each test. */
static noinline u8 read_at(const volatile u8 *p)
{
	host_catch_faults(kfence_handle_page_fault);
	return *p;
}

static noinline void write_at(volatile u8 *p)
{
	host_catch_faults(kfence_handle_page_fault);
	*p = 42;
}

static bool inside(unsigned long ip, const void *function)
{
	return ip - (unsigned long)function < 200;
}

/* One report of this kind about this address, by code of this function. */
static void expect_report(enum kfence_error error, const void *addr, const void *function,
			  const char *text)
{
	assert_int_equal(stats().last, error);
	assert_int_equal(stats().last_address, (unsigned long)addr);
	assert_true(inside(stats().last_ip, function));
	assert_true(host_log_has(text));
	expect_bugs(1, "BUG: KFENCE: ");
}

/* --- the cases of kfence_test.c -------------------------------------------------------- */

static void test_out_of_bounds_read(void **state)
{
	u8 *p = take_object(LEFT);

	(void)state;
	read_at(p - 1);
	assert_true(host_log_has("(1B left of kfence-#"));
	assert_true(host_log_has("allocated by task"));
	expect_report(KFENCE_ERROR_OOB, p - 1, read_at,
		      "BUG: KFENCE: out-of-bounds read in");
	read_at(p - 1); /* reported once */
	expect_bugs(0, NULL);
	put_object(p);
	p = take_object(RIGHT);
	read_at(p + SIZE + 9);
	assert_true(host_log_has("(10B right of kfence-#"));
	expect_report(KFENCE_ERROR_OOB, p + SIZE + 9, read_at,
		      "Out-of-bounds read at 0x");
	put_object(p);
}

static void test_out_of_bounds_write(void **state)
{
	u8 *p = take_object(LEFT);

	(void)state;
	write_at(p - 1);
	expect_report(KFENCE_ERROR_OOB, p - 1, write_at,
		      "BUG: KFENCE: out-of-bounds write in");
	put_object(p);
}

static void test_use_after_free_read(void **state)
{
	u8 *p = take_object(RIGHT);
	struct slab_object_info info;

	(void)state;
	put_object(p);
	read_at(p);
	assert_true(host_log_has("allocated by task"));
	assert_true(host_log_has("freed by task"));
	assert_true(host_log_has("size=32, cache=test"));
	expect_report(KFENCE_ERROR_UAF, p, read_at,
		      "BUG: KFENCE: use-after-free read in");
	slab_object_info(p, &info);
	assert_false(info.allocated);
	assert_true(inside(info.alloc_site, take_object));
	assert_true(inside(info.free_site, put_object));
}

static void test_use_after_free_write(void **state)
{
	u8 *p = take_object(RIGHT);

	(void)state;
	put_object(p);
	write_at(p + 3);
	expect_report(KFENCE_ERROR_UAF, p + 3, write_at,
		      "BUG: KFENCE: use-after-free write in");
}

static void test_double_free(void **state)
{
	u8 *p = take_object(RIGHT);

	(void)state;
	put_object(p);
	put_object(p);
	assert_true(host_log_has("freed by task"));
	expect_report(KFENCE_ERROR_INVALID_FREE, p, put_object,
		      "BUG: KFENCE: invalid free in");
}

static void test_invalid_addr_free(void **state)
{
	u8 *p = take_object(RIGHT);

	(void)state;
	put_object(p + 1);
	expect_report(KFENCE_ERROR_INVALID_FREE, p + 1, put_object, "Invalid free of 0x");
	kfree(p - PAGE_SIZE); /* in a guard page */
	expect_bugs(1, "BUG: KFENCE: invalid free in");
	/* Of another cache.  None of these frees it, though the analyser thinks so. */
	kmem_cache_free(kmalloc_caches[3], p); /* NOLINT(clang-analyzer-unix.Malloc) */
	expect_bugs(1, "BUG: KFENCE: invalid free in");
	put_object(p);
}

static void test_corruption(void **state)
{
	u8 *p = take_object(LEFT);

	(void)state;
	write_at(p + SIZE);
	put_object(p);
	assert_true(host_log_has("[ 0x2a . . . "));
	expect_report(KFENCE_ERROR_CORRUPTION, p + SIZE, put_object,
		      "BUG: KFENCE: memory corruption in");
	p = take_object(RIGHT);
	write_at(p - 1);
	put_object(p);
	assert_true(host_log_has("[ 0x2a ]"));
	expect_report(KFENCE_ERROR_CORRUPTION, p - 1, put_object,
		      "Corrupted memory at 0x");
}

static void test_free_bulk(void **state)
{
	void *objs[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		objs[i] = i % 2 ? take_object(RIGHT) : kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free_bulk(s, 4, objs);
	for (int i = 0; i < 4; i++)
		objs[i] = i % 2 ? take_object(LEFT) : kmalloc(100, GFP_KERNEL);
	kfree_bulk(4, objs);
	assert_int_equal(stats().allocated, 0);
}

static void test_memcache_alloc_bulk(void **state)
{
	void *objs[10];
	unsigned int guarded = 0;

	(void)state;
	kfence_sample_next();
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_ATOMIC, 10, objs), 10);
	for (int i = 0; i < 10; i++)
		guarded += is_kfence_address(objs[i]);
	assert_int_equal(guarded, 1);
	kmem_cache_free_bulk(s, 10, objs);
}

/* A size that is not a multiple of the alignment leaves a gap before the guard page: what
 * is read there is not seen, what is written is. */
static void test_kmalloc_aligned_oob_read(void **state)
{
	u8 *p;

	(void)state;
	assert_int_equal(kmem_cache_destroy(s), 0);
	s = kmem_cache_create("test", 73, 8, SLAB_CONSISTENCY_CHECKS, NULL);
	p = take_object(RIGHT);
	read_at(p + 73);
	expect_bugs(0, NULL);
	read_at(p + 80);
	expect_report(KFENCE_ERROR_OOB, p + 80, read_at, "(8B right of kfence-#");
	put_object(p);
}

static void test_kmalloc_aligned_oob_write(void **state)
{
	u8 *p;

	(void)state;
	assert_int_equal(kmem_cache_destroy(s), 0);
	s = kmem_cache_create("test", 73, 8, SLAB_CONSISTENCY_CHECKS, NULL);
	p = take_object(RIGHT);
	write_at(p + 73);
	expect_bugs(0, NULL);
	put_object(p);
	expect_report(KFENCE_ERROR_CORRUPTION, p + 73, put_object, "memory corruption");
}

static void test_shrink_memcache(void **state)
{
	void *p = take_object(RIGHT);

	(void)state;
	kmem_cache_shrink(s);
	put_object(p);
}

static void construct(void *obj)
{
	memset(obj, 'x', SIZE);
}

static void test_memcache_ctor(void **state)
{
	u8 *p;

	(void)state;
	assert_int_equal(kmem_cache_destroy(s), 0);
	s = kmem_cache_create("test", SIZE, 8, SLAB_CONSISTENCY_CHECKS, construct);
	for (int i = 0; i < 2; i++) {
		p = take_object(i ? LEFT : RIGHT);
		assert_null(memchr_inv(p, 'x', SIZE));
		put_object(p);
	}
}

static void test_invalid_access(void **state)
{
	volatile u8 *guard = (u8 *)kfence_base;

	(void)state;
	read_at(guard + 10); /* no object was ever beside it */
	expect_report(KFENCE_ERROR_INVALID, (void *)(guard + 10), read_at,
		      "BUG: KFENCE: invalid read in");
	write_at(guard + KFENCE_POOL_SIZE - 3 * PAGE_SIZE); /* of an object never used */
	expect_bugs(1, "BUG: KFENCE: invalid write in");
}

static void test_gfpzero(void **state)
{
	u8 *first = take_object(RIGHT), *p;

	(void)state;
	memset(first, 'x', SIZE);
	put_object(first);
	do { /* until its page comes again, at that edge */
		kfence_sample_next();
		p = kmem_cache_zalloc(s, GFP_KERNEL);
		assert_true(is_kfence_address(p));
		assert_null(memchr_inv(p, 0, SIZE));
		put_object(p);
	} while (p != first);
}

static void test_krealloc(void **state)
{
	u8 *p = take_object(RIGHT), *q;

	(void)state;
	assert_int_equal(ksize(p), SIZE);
	for (int i = 0; i < SIZE; i++)
		p[i] = (u8)i;
	assert_ptr_equal(krealloc(p, 20, GFP_KERNEL), p);
	q = krealloc(p, 100, GFP_KERNEL);
	for (int i = 0; i < SIZE; i++)
		assert_int_equal(q[i], i);
	read_at(p); /* freed */
	expect_report(KFENCE_ERROR_UAF, p, read_at, "use-after-free");
	kfree(q);
}

/* --- the pool -------------------------------------------------------------------------- */

static void objects_can_be_mapped_for_devices(void **state)
{
	u8 *p = take_object(RIGHT);

	(void)state;
	assert_true(virt_addr_valid(p));
	assert_ptr_equal((u8 *)page_to_virt(virt_to_page(p)) + offset_in_page(p), p);
	put_object(p);
}

/* A report opens a page; it does not stay open. */
static void a_guard_is_closed_again(void **state)
{
	u8 *p = take_object(RIGHT), *q;

	(void)state;
	read_at(p + SIZE);
	expect_bugs(1, "out-of-bounds read");
	q = take_object(LEFT); /* of the next page: they share the guard */
	assert_int_equal((q - p) / (long)PAGE_SIZE, 1);
	read_at(p + SIZE);
	expect_bugs(1, "out-of-bounds read");
	put_object(q);
	read_at(p + SIZE);
	expect_bugs(1, "out-of-bounds read");
	put_object(p);
}

/* Of the objects not in use the one freed longest ago comes next. */
static void a_freed_object_rests(void **state)
{
	u8 *p = take_object(LEFT);

	(void)state;
	put_object(p);
	for (unsigned int i = 1; i < KFENCE_NUM_OBJECTS; i++) {
		u8 *q;

		kfence_sample_next();
		q = kmem_cache_alloc(s, GFP_KERNEL);
		assert_ptr_not_equal(q - offset_in_page(q), p); /* p begins its page */
		put_object(q);
	}
}

static void a_full_pool_lets_the_cache_serve(void **state)
{
	void *objs[KFENCE_NUM_OBJECTS], *p;

	(void)state;
	for (unsigned int i = 0; i < KFENCE_NUM_OBJECTS; i++)
		objs[i] = take_object(i % 2 ? RIGHT : LEFT);
	assert_int_equal(stats().allocated, KFENCE_NUM_OBJECTS);
	assert_int_equal(info_of(s).active_objs, KFENCE_NUM_OBJECTS);
	kfence_sample_next();
	p = kmem_cache_alloc(s, GFP_KERNEL);
	assert_false(is_kfence_address(p));
	assert_int_equal(stats().skipped, 1);
	kmem_cache_free(s, p);
	for (unsigned int i = 0; i < KFENCE_NUM_OBJECTS; i++)
		kmem_cache_free(s, objs[i]);
}

static void samples_come_at_intervals(void **state)
{
	unsigned int guarded = 0;

	(void)state;
	kfence_sample_next();
	for (int tick = 0; tick < 100; tick++) { /* a second: ten intervals */
		for (int i = 0; i < 5; i++) {
			void *p = kmem_cache_alloc(s, GFP_KERNEL);

			guarded += is_kfence_address(p);
			kmem_cache_free(s, p);
		}
		host_advance_jiffies(1);
	}
	assert_int_equal(guarded, 10);
}

static void what_cannot_be_guarded_is_left_alone(void **state)
{
	struct kmem_cache *large = kmem_cache_create("large", 5000, 0, 0, NULL);
	void *p;

	(void)state;
	kfence_sample_next();
	p = kmem_cache_alloc(large, GFP_KERNEL);
	assert_false(is_kfence_address(p));
	kmem_cache_free(large, p);
	assert_int_equal(kmem_cache_destroy(large), 0);
	large = kmem_cache_create("dma", 64, 0, SLAB_CACHE_DMA, NULL);
	p = kmem_cache_alloc(large, GFP_KERNEL);
	assert_false(is_kfence_address(p));
	kmem_cache_free(large, p);
	assert_int_equal(kmem_cache_destroy(large), 0);
	p = kmem_cache_alloc(s, GFP_KERNEL); /* the sample is still due */
	assert_true(is_kfence_address(p));
	kmem_cache_free(s, p);
}

/* A cache with magazines is sampled when one is refilled. */
static void caches_with_magazines_are_sampled(void **state)
{
	struct kmem_cache *fast = kmem_cache_create("fast", 64, 0, 0, NULL);
	unsigned int guarded = 0;
	void *objs[200];

	(void)state;
	kfence_sample_next();
	for (int i = 0; i < 200; i++) {
		objs[i] = kmem_cache_alloc(fast, GFP_KERNEL);
		guarded += is_kfence_address(objs[i]);
	}
	assert_int_equal(guarded, 1);
	kmem_cache_free_bulk(fast, 200, objs);
	assert_int_equal(kmem_cache_destroy(fast), 0);
}

static void a_busy_cache_names_its_guarded_object(void **state)
{
	u8 *p = take_object(RIGHT);

	(void)state;
	assert_int_equal(kmem_cache_destroy(s), -EBUSY);
	assert_true(host_log_has("(kfence-#"));
	assert_true(host_log_has("allocated by task"));
	expect_bugs(1, "Slab cache still has objects");
	assert_int_equal(kfence_stop(), -EBUSY);
	put_object(p);
	assert_int_equal(kmem_cache_destroy(s), 0);
	s = NULL;
	read_at(p); /* its cache is gone, its story is not */
	expect_bugs(1, "cache=<destroyed>");
}

static void starting_fails_without_a_trace(void **state)
{
	(void)state;
	assert_int_equal(kfence_start(100), -EBUSY);
	assert_int_equal(kfence_stop(), 0);
	assert_int_equal(kfence_stop(), 0);
	assert_int_equal(kfence_start(0), -EINVAL);
	fail_pages(1, -1); /* no memory for the books */
	assert_int_equal(kfence_start(100), -ENOMEM);
	fail_pages(2, 1); /* none for the pool */
	assert_int_equal(kfence_start(100), -ENOMEM);
	fail_nothing();
	host_fail_nth_map(1);
	assert_int_equal(kfence_start(100), -ENOMEM);
	assert_false(is_kfence_address((void *)PAGE_OFFSET));
	kmem_cache_free(s, kmem_cache_alloc(s, GFP_KERNEL));
	assert_int_equal(kfence_start(1), 0);
}

static void the_verifier_sees_damage_round_objects_in_use(void **state)
{
	u8 *p = take_object(LEFT);

	(void)state;
	write_at(p + 1000);
	assert_int_equal(kfence_verify(), -EINVAL);
	expect_bugs(1, "memory corruption");
	assert_int_equal(kfence_verify(), 0); /* mended */
	put_object(p);
}

/* Random use, some of it wrong, against a table of what is in use. */
static void random_operations_agree_with_a_model(void **state)
{
	struct {
		u8 *p;
		u8 fill;
	} mine[40] = { 0 };
	unsigned int held = 0;

	(void)state;
	for (unsigned int step = 0; step < 4000; step++) {
		unsigned int i = random_below(40);

		if (!mine[i].p) {
			mine[i].p = take_object(random_below(2) ? LEFT : RIGHT);
			mine[i].fill = (u8)step;
			memset(mine[i].p, mine[i].fill, SIZE);
			held++;
		} else {
			u8 *p = mine[i].p;

			assert_null(memchr_inv(p, mine[i].fill, SIZE));
			put_object(p);
			mine[i].p = NULL;
			held--;
			if (random_below(8) == 0) {
				random_below(2) ? (void)read_at(p) : put_object(p);
				expect_bugs(1, "BUG: KFENCE: ");
			}
		}
		assert_int_equal(stats().allocated, held);
		if (step % 64 == 0)
			assert_int_equal(kfence_verify(), 0);
	}
	for (int i = 0; i < 40; i++)
		if (mine[i].p)
			put_object(mine[i].p);
}

static void the_boot_option_is_a_number(void **state)
{
	(void)state;
	assert_int_equal(kfence_stop(), 0);
	assert_int_equal(kfence_setup("0"), 0);
	assert_int_equal(kfence_init(), 0);
	assert_false(is_kfence_address((u8 *)kfence_base - 1));
	assert_int_equal(kfence_setup("12x"), -EINVAL);
	assert_int_equal(kfence_setup(""), -EINVAL);
	assert_int_equal(kfence_setup(NULL), -EINVAL);
	assert_int_equal(kfence_setup("99999999999"), -EINVAL);
	assert_int_equal(kfence_setup("250"), 0);
	assert_int_equal(kfence_init(), 0);
	assert_int_equal(kfence_start(1), -EBUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kfence_test(test_out_of_bounds_read),
		kfence_test(test_out_of_bounds_write),
		kfence_test(test_use_after_free_read),
		kfence_test(test_use_after_free_write),
		kfence_test(test_double_free),
		kfence_test(test_invalid_addr_free),
		kfence_test(test_corruption),
		kfence_test(test_free_bulk),
		kfence_test(test_memcache_alloc_bulk),
		kfence_test(test_kmalloc_aligned_oob_read),
		kfence_test(test_kmalloc_aligned_oob_write),
		kfence_test(test_shrink_memcache),
		kfence_test(test_memcache_ctor),
		kfence_test(test_invalid_access),
		kfence_test(test_gfpzero),
		kfence_test(test_krealloc),
		kfence_test(objects_can_be_mapped_for_devices),
		kfence_test(a_guard_is_closed_again),
		kfence_test(a_freed_object_rests),
		kfence_test(a_full_pool_lets_the_cache_serve),
		kfence_test(samples_come_at_intervals),
		kfence_test(what_cannot_be_guarded_is_left_alone),
		kfence_test(caches_with_magazines_are_sampled),
		kfence_test(a_busy_cache_names_its_guarded_object),
		kfence_test(starting_fails_without_a_trace),
		kfence_test(the_verifier_sees_damage_round_objects_in_use),
		kfence_test(random_operations_agree_with_a_model),
		kfence_test(the_boot_option_is_a_number),
	};

	return cmocka_run_group_tests_name("kfence", tests, NULL, NULL);
}
