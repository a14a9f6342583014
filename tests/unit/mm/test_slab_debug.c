/* SPDX-License-Identifier: MIT */
/* Each wrong use of objects, planted once: it is reported once, and the run goes on. */
#include <linux/sprintf.h>
#include "slab_test.h"

#define ALL_CHECKS \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

/* A cache of 60-byte objects and one object of it. */
static struct kmem_cache *s;
static u8 *p;

static void start(slab_flags_t flags)
{
	s = kmem_cache_create("bugs", 60, 0, flags, NULL);
	assert_non_null(s);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	assert_non_null(p);
}

static void end(void)
{
	expect_bugs(0, NULL);
	slab_check();
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void correct_use_is_not_reported(void **state)
{
	void *objs[100];

	(void)state;
	for (slab_flags_t flags = 0; flags < 16; flags++) {
		slab_flags_t wanted = (flags & 1 ? SLAB_CONSISTENCY_CHECKS : 0) |
				      (flags & 2 ? SLAB_RED_ZONE : 0) |
				      (flags & 4 ? SLAB_POISON : 0) |
				      (flags & 8 ? SLAB_STORE_USER : 0);

		start(wanted);
		assert_int_equal(info_of(s).flags, wanted);
		for (int round = 0; round < 3; round++) {
			assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, 100, objs),
					 100);
			for (int i = 0; i < 100; i++)
				memset(objs[i], 0xff, 60);
			slab_check();
			kmem_cache_free_bulk(s, 100, objs);
			slab_check();
		}
		kmem_cache_free(s, p);
		end();
	}
}

/* --- guard bytes and poison ------------------------------------------------------------ */

static void writing_past_the_end_is_found_when_freed(void **state)
{
	(void)state;
	start(SLAB_RED_ZONE);
	p[60] = 0;
	kmem_cache_free(s, p);
	expect_bugs(1, "BUG bugs: Redzone overwritten");
	end();
}

static void writing_before_the_start_is_found_when_freed(void **state)
{
	(void)state;
	start(SLAB_RED_ZONE);
	p[-1] = 0;
	kmem_cache_free(s, p);
	expect_bugs(1, "BUG bugs: Left Redzone overwritten");
	end();
}

static void writing_past_the_end_is_found_by_the_verifier(void **state)
{
	(void)state;
	start(ALL_CHECKS);
	p[63] = 0;
	assert_int_equal(slab_verify_all(), -EINVAL);
	expect_bugs(1, "Redzone overwritten");
	assert_int_equal(slab_verify_all(), 0); /* repaired */
	kmem_cache_free(s, p);
	end();
}

static void writing_to_a_free_object_is_found_when_it_is_used_again(void **state)
{
	(void)state;
	start(SLAB_POISON | SLAB_STORE_USER);
	kmem_cache_free(s, p);
	p[17] = 0;
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), p);
	assert_true(host_log_has("First byte 0x0 instead of 0x6b"));
	assert_true(host_log_has("Allocated in"));
	assert_true(host_log_has("Freed in"));
	expect_bugs(1, "BUG bugs: Poison overwritten");
	kmem_cache_free(s, p);
	end();
}

static void the_last_byte_of_a_free_object_counts(void **state)
{
	(void)state;
	start(SLAB_POISON);
	kmem_cache_free(s, p);
	p[59] = 0x6b;
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), p);
	expect_bugs(1, "First byte 0x6b instead of 0xa5");
	kmem_cache_free(s, p);
	end();
}

static void padding_is_watched(void **state)
{
	(void)state;
	s = kmem_cache_create("bugs", 60, 256, SLAB_STORE_USER, NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	p[info_of(s).stride - 1] = 1; /* no red zone in front: the place starts with p */
	kmem_cache_free(s, p);
	expect_bugs(1, "BUG bugs: Object padding overwritten");
	end();
}

static void fresh_objects_are_poisoned(void **state)
{
	(void)state;
	start(SLAB_POISON);
	assert_null(memchr_inv(p, 0x6b, 59));
	assert_int_equal(p[59], 0xa5);
	kmem_cache_free(s, p);
	end();
}

static void construct(void *obj)
{
	memset(obj, 0x11, 60);
}

static void poison_leaves_constructed_objects_alone(void **state)
{
	(void)state;
	s = kmem_cache_create("bugs", 60, 0, ALL_CHECKS, construct);
	for (int round = 0; round < 2; round++) {
		p = kmem_cache_alloc(s, GFP_KERNEL);
		assert_null(memchr_inv(p, 0x11, 60));
		kmem_cache_free(s, p);
	}
	end();
}

/* --- wrong frees ----------------------------------------------------------------------- */

static void freeing_twice_is_refused(void **state)
{
	(void)state;
	start(ALL_CHECKS);
	kmem_cache_free(s, p);
	kmem_cache_free(s, p);
	assert_true(host_log_has("Freed in"));
	expect_bugs(1, "BUG bugs: Object already free");
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), p);
	assert_ptr_not_equal(kmem_cache_alloc(s, GFP_KERNEL), p);
	kmem_cache_free(s, p);
	expect_bugs(0, NULL);
	assert_int_equal(kmem_cache_destroy(s), -EBUSY);
	expect_bugs(1, "Slab cache still has objects");
	kmem_cache_free(s, p + info_of(s).stride);
	end();
}

static void freeing_inside_an_object_is_refused(void **state)
{
	(void)state;
	start(ALL_CHECKS);
	kmem_cache_free(s, p + 8);
	expect_bugs(1, "BUG bugs: Invalid object pointer");
	kfree(p - 8);
	expect_bugs(1, "BUG bugs: Invalid object pointer");
	kmem_cache_free(s, p);
	end();
}

static void freeing_to_another_cache_is_refused(void **state)
{
	struct kmem_cache *other = kmem_cache_create("other", 60, 0, 0, NULL);

	(void)state;
	start(0);
	kmem_cache_free(other, p);
	assert_true(host_log_has("the object is from bugs"));
	expect_bugs(1, "BUG other: Wrong slab cache");
	kmem_cache_free(s, p);
	assert_int_equal(kmem_cache_destroy(other), 0);
	end();
}

/* Both frees are the planted bug, so the analyser is right and hushed. */
static void refuse_free(unsigned long wild)
{
	kfree((void *)wild); /* NOLINT(clang-analyzer-unix.Malloc) */
	expect_bugs(1, "Object pointer in non-slab page");
	kmem_cache_free(s, (void *)wild); /* NOLINT(clang-analyzer-unix.Malloc) */
	expect_bugs(1, "Object pointer in non-slab page");
}

static void freeing_what_is_in_no_slab_is_refused(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);
	unsigned long pages = (unsigned long)page_address(page);
	unsigned long large = (unsigned long)kmalloc(20000, GFP_KERNEL);
	/* Not in RAM, a physical address, pages of others, and parts of a block of kmalloc's. */
	unsigned long wild[] = { (unsigned long)state, pages - PAGE_OFFSET, pages,
				 pages + PAGE_SIZE,    pages + 3,	    large + 1,
				 large + PAGE_SIZE };

	start(0);
	kfree(NULL);
	kfree(ZERO_SIZE_PTR);
	kmem_cache_free(s, NULL);
	expect_bugs(0, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(wild); i++)
		refuse_free(wild[i]);
	kfree((void *)large);
	refuse_free(large);
	__free_pages(page, 1);
	kmem_cache_free(s, p);
	end();
}

static void freeing_a_cache_is_refused(void **state)
{
	(void)state;
	start(0);
	kfree(s);
	expect_bugs(1, "BUG kmem_cache: Invalid object pointer");
	kmem_cache_free(s, p);
	end();
}

/* Without debugging a double free shows when the magazines go back to the slabs. */
static void draining_finds_a_double_free(void **state)
{
	(void)state;
	start(0);
	kmem_cache_free(s, p);
	kmem_cache_free(s, p);
	assert_int_equal(kmem_cache_verify(s), -EINVAL);
	assert_true(host_log_has("free twice"));
	host_log_clear();
	kmem_cache_shrink(s);
	expect_bugs(1, "BUG bugs: Object already free");
	end();
}

/* --- who, and destroying busy caches --------------------------------------------------- */

static noinline void *culprit(void)
{
	void *obj = kmem_cache_alloc(s, GFP_KERNEL);

	barrier(); /* not a tail call: the chain names this function */
	return obj;
}

/* Who called the call site is listed under it, by two leading spaces at least. */
static bool log_has_chain(void)
{
	const char *site = strstr(host_log(), "Allocated in");
	const char *next = site ? strchr(site, '\n') : NULL;

	return next && !strncmp(next, "\n    ", 5);
}

static int count_objects(const struct slab_object_info *obj, void *arg)
{
	unsigned int *n = arg;

	assert_ptr_equal(obj->cache, s);
	assert_true(obj->alloc_site >= (unsigned long)culprit &&
		    obj->alloc_site < (unsigned long)culprit + 100);
	++*n;
	return 0;
}

static void a_busy_cache_is_not_destroyed_and_names_its_objects(void **state)
{
	unsigned int n = 0;
	u8 *q;

	(void)state;
	start(SLAB_STORE_USER);
	kmem_cache_free(s, p);
	p = culprit();
	q = culprit();
	assert_int_equal(kmem_cache_for_each_object(s, count_objects, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(kmem_cache_destroy(s), -EBUSY);
	assert_true(host_log_has("Objects remaining on kmem_cache_destroy()"));
	assert_true(log_has_chain());
	expect_bugs(1, "kmem_cache_destroy bugs: Slab cache still has objects");
	kmem_cache_free(s, culprit()); /* it works on */
	kmem_cache_free(s, p);
	kmem_cache_free(s, q);
	end();
}

static void a_busy_cache_without_debugging_lists_addresses(void **state)
{
	char text[32];

	(void)state;
	start(0);
	assert_int_equal(kmem_cache_destroy(s), -EBUSY);
	scnprintf(text, sizeof(text), "Object %p", p);
	expect_bugs(1, text);
	kmem_cache_free(s, p);
	end();
}

static void both_ends_of_a_life_are_recorded(void **state)
{
	struct slab_object_info obj;

	(void)state;
	start(SLAB_STORE_USER);
	kmem_cache_free(s, p);
	p = culprit();
	slab_object_info(p + 20, &obj);
	assert_true(obj.allocated);
	assert_true(obj.alloc_site - (unsigned long)culprit < 100);
	kmem_cache_free(s, p);
	slab_object_info(p, &obj);
	assert_false(obj.allocated);
	assert_true(obj.free_site - (unsigned long)both_ends_of_a_life_are_recorded <
		    1000);
	end();
}

/* --- slub_debug= ----------------------------------------------------------------------- */

static slab_flags_t flags_of(const char *option, const char *cache)
{
	slab_flags_t flags;

	host_boot_begin(64 << 20);
	assert_int_equal(slab_debug_setup(option), 0);
	mm_init();
	gfp_allow_sleep();
	flags = info_of(find_cache(cache)).flags & ALL_CHECKS;
	slab_check();
	return flags;
}

static void the_boot_option_chooses_caches_and_checks(void **state)
{
	(void)state;
	assert_int_equal(flags_of(NULL, "kmalloc-64"), ALL_CHECKS);
	assert_int_equal(flags_of("", "kmalloc-8k"), ALL_CHECKS);
	assert_int_equal(flags_of("-", "kmalloc-64"), 0);
	assert_int_equal(flags_of("P", "kmalloc-64"), SLAB_POISON);
	assert_int_equal(flags_of("fz", "kmalloc-64"),
			 SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE);
	assert_int_equal(flags_of("U,kmalloc-64", "kmalloc-64"), SLAB_STORE_USER);
	assert_int_equal(flags_of("U,kmalloc-6", "kmalloc-64"), 0);
	assert_int_equal(flags_of("U,x,kmalloc-64", "kmalloc-64"), SLAB_STORE_USER);
	assert_int_equal(flags_of("U,kmalloc-*", "kmalloc-1k"), SLAB_STORE_USER);
	assert_int_equal(flags_of(",kmalloc-64", "kmalloc-64"), ALL_CHECKS);
	assert_int_equal(flags_of("Z;P,kmalloc-64;U,kmalloc-1k", "kmalloc-64"),
			 SLAB_POISON);
	assert_int_equal(flags_of("Z;P,kmalloc-64;U,kmalloc-1k", "kmalloc-96"),
			 SLAB_RED_ZONE);
	assert_int_equal(flags_of("FZPU", "kmem_cache"), 0);
	host_mm_init(64 << 20);
	slab_set_up(state);
}

/* There is no block of pages for 4 MiB and guard bytes. */
static void the_largest_objects_are_not_watched(void **state)
{
	(void)state;
	s = kmem_cache_create("largest", 4 << 20, 0, ALL_CHECKS, NULL);
	assert_int_equal(info_of(s).flags, 0);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	memset(p, 0xff, 4 << 20);
	kmem_cache_free(s, p);
	end();
}

static void a_wrong_boot_option_is_named(void **state)
{
	char text[300];

	(void)state;
	assert_int_equal(slab_debug_setup("FQ"), -EINVAL);
	assert_true(host_log_has("'Q' is none of F, Z, P, U"));
	assert_int_equal(slab_debug_setup("F;?,x"), -EINVAL);
	memset(text, 'F', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(slab_debug_setup(text), -EINVAL);
	assert_true(host_log_has("longer than 255 characters"));
	assert_int_equal(host_events.errors, 3);
	host_log_clear();
	start(0);
	assert_int_equal(info_of(s).flags, 0);
	kmem_cache_free(s, p);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(correct_use_is_not_reported),
		slab_test(writing_past_the_end_is_found_when_freed),
		slab_test(writing_before_the_start_is_found_when_freed),
		slab_test(writing_past_the_end_is_found_by_the_verifier),
		slab_test(writing_to_a_free_object_is_found_when_it_is_used_again),
		slab_test(the_last_byte_of_a_free_object_counts),
		slab_test(padding_is_watched),
		slab_test(fresh_objects_are_poisoned),
		slab_test(poison_leaves_constructed_objects_alone),
		slab_test(freeing_twice_is_refused),
		slab_test(freeing_inside_an_object_is_refused),
		slab_test(freeing_to_another_cache_is_refused),
		slab_test(freeing_what_is_in_no_slab_is_refused),
		slab_test(freeing_a_cache_is_refused),
		slab_test(draining_finds_a_double_free),
		slab_test(a_busy_cache_is_not_destroyed_and_names_its_objects),
		slab_test(a_busy_cache_without_debugging_lists_addresses),
		slab_test(both_ends_of_a_life_are_recorded),
		slab_test(the_boot_option_chooses_caches_and_checks),
		slab_test(the_largest_objects_are_not_watched),
		slab_test(a_wrong_boot_option_is_named),
	};

	return cmocka_run_group_tests_name("slab_debug", tests, NULL, NULL);
}
