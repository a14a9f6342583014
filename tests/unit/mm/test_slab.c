/* SPDX-License-Identifier: MIT */
/* Object caches: what they promise when all goes well. */
#include "mm/pageblock.h"
#include "slab_test.h"

#define MANY 5000

static void *many[MANY];

/* No page from p on still says that it belongs to a cache. */
static void assert_in_no_slab(char *p, unsigned int size)
{
	struct slab_object_info info;

	for (unsigned int at = 0; at < size; at += PAGE_SIZE) {
		slab_object_info(p + at, &info);
		assert_null(info.cache);
	}
}

static void objects_are_aligned_and_apart(void **state)
{
	static const struct {
		unsigned int size, align;
		slab_flags_t flags;
		unsigned int wanted; /* alignment */
	} cases[] = {
		{ 1, 0, 0, 8 },
		{ 8, 0, 0, 8 },
		{ 24, 0, 0, 8 },
		{ 24, 32, 0, 32 },
		{ 40, 0, SLAB_HWCACHE_ALIGN, 64 },
		{ 20, 0, SLAB_HWCACHE_ALIGN, 32 },
		{ 700, 0, 0, 8 },
		{ 700, 256, 0, 256 },
		{ 4096, 4096, 0, 4096 },
		{ 5000, 0, 0, 8 },
		{ 40000, 64, 0, 64 },
		{ 4 << 20, 0, 0, 8 },
	};
	void *objs[8];

	(void)state;
	for (unsigned int c = 0; c < ARRAY_SIZE(cases); c++) {
		unsigned int size = cases[c].size, n = size > 1 << 20 ? 2 : 8;
		struct kmem_cache *s = kmem_cache_create("test", size, cases[c].align,
							 cases[c].flags, NULL);

		assert_non_null(s);
		assert_int_equal(kmem_cache_size(s), size);
		for (unsigned int i = 0; i < n; i++) {
			objs[i] = kmem_cache_alloc(s, GFP_KERNEL);
			assert_non_null(objs[i]);
			assert_true(IS_ALIGNED((unsigned long)objs[i], cases[c].wanted));
			memset(objs[i], (int)i, size);
		}
		for (unsigned int i = 0; i < n; i++)
			assert_null(memchr_inv(objs[i], (int)i, size));
		slab_check();
		for (unsigned int i = 0; i < n; i++)
			kmem_cache_free(s, objs[i]);
		slab_check();
		assert_int_equal(kmem_cache_destroy(s), 0);
		for (unsigned int i = 0; i < n; i++)
			assert_in_no_slab(objs[i], size);
	}
}

static void the_last_freed_comes_first(void **state)
{
	struct kmem_cache *s = kmem_cache_create("lifo", 64, 0, 0, NULL);
	void *a = kmem_cache_alloc(s, GFP_KERNEL), *b = kmem_cache_alloc(s, GFP_KERNEL);
	void *c = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	kmem_cache_free(s, a);
	kmem_cache_free(s, c);
	kmem_cache_free(s, b);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), b);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), c);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), a);
	kmem_cache_free(s, a);
	kmem_cache_free(s, b);
	kmem_cache_free(s, c);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* A new cache gives out the objects of a slab from the lowest address up. */
static void a_fresh_slab_is_used_in_order(void **state)
{
	struct kmem_cache *s = kmem_cache_create("order", 256, 256, 0, NULL);
	char *first = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	many[0] = first;
	for (unsigned int i = 1; i < 16; i++) {
		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		assert_ptr_equal(many[i], first + 256UL * i);
	}
	kmem_cache_free_bulk(s, 16, many);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void pages_come_back(void **state)
{
	unsigned long before = pages_at_rest();
	struct kmem_cache *s = kmem_cache_create("pages", 100, 0, 0, NULL);

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++)
			many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		assert_int_equal(info_of(s).active_objs, MANY);
		assert_true(nr_free_pages() < before - MANY * 100 / PAGE_SIZE);
		for (int i = 0; i < MANY; i++)
			kmem_cache_free(s, many[i]);
		assert_int_equal(info_of(s).active_objs, 0);
		slab_check();
	}
	assert_int_equal(kmem_cache_shrink(s), 0);
	assert_int_equal(info_of(s).pages, 0);
	assert_int_equal(kmem_cache_destroy(s), 0);
	assert_int_equal(pages_at_rest(), before);
}

/* --- constructors ---------------------------------------------------------------------- */

static unsigned int constructed;

static void construct(void *obj)
{
	memset(obj, 0x77, 50);
	constructed++;
}

static void a_constructor_runs_once_an_object(void **state)
{
	struct kmem_cache *s = kmem_cache_create("ctor", 50, 0, 0, construct);

	(void)state;
	constructed = 0;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 500; i++) {
			many[i] = kmem_cache_alloc(s, GFP_KERNEL);
			assert_null(memchr_inv(many[i], 0x77, 50));
		}
		kmem_cache_free_bulk(s, 500, many);
	}
	assert_int_equal(constructed, info_of(s).num_objs);
	assert_true(constructed >= 500 && constructed < 1000);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void a_constructed_object_is_never_zeroed(void **state)
{
	struct kmem_cache *s = kmem_cache_create("ctor", 50, 0, 0, construct);

	(void)state;
	assert_null(kmem_cache_zalloc(s, GFP_KERNEL));
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL | __GFP_ZERO, 3, many), 0);
	assert_int_equal(info_of(s).active_objs, 0);
	expect_warnings(1); /* once is enough */
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void zalloc_clears_dirty_objects(void **state)
{
	struct kmem_cache *s = kmem_cache_create("zero", 200, 0, 0, NULL);

	(void)state;
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, 100, many), 100);
	for (int i = 0; i < 100; i++)
		memset(many[i], 0xff, 200);
	kmem_cache_free_bulk(s, 100, many);
	for (int i = 0; i < 50; i++) {
		many[i] = kmem_cache_zalloc(s, GFP_KERNEL);
		assert_null(memchr_inv(many[i], 0, 200));
	}
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL | __GFP_ZERO, 50, many + 50),
			 50);
	for (int i = 50; i < 100; i++)
		assert_null(memchr_inv(many[i], 0, 200));
	kmem_cache_free_bulk(s, 100, many);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* --- slabs, colours, lists ------------------------------------------------------------- */

static void colours_cycle_over_slabs(void **state)
{
	struct kmem_cache *s = kmem_cache_create("colour", 600, 0, 0, NULL);
	struct slabinfo info = info_of(s);
	unsigned int per_slab = info.objects_per_slab, n = 5 * per_slab, turn = 0;
	unsigned int seen[5] = { 0 };

	(void)state;
	assert_true(info.colours > 1);
	for (unsigned int i = 0; i < n; i++) {
		struct slab_object_info obj;

		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		slab_object_info(many[i], &obj);
		if (i % per_slab == 0)
			seen[turn++] = obj.colour;
		assert_int_equal(obj.colour, seen[turn - 1]);
	}
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(seen[i], i % info.colours * 64);
	slab_check();
	kmem_cache_free_bulk(s, n, many);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void expect_lists(struct kmem_cache *s, unsigned int partial, unsigned int full,
			 unsigned int empty)
{
	struct slabinfo info = info_of(s);

	assert_int_equal(info.slabs_partial, partial);
	assert_int_equal(info.slabs_full, full);
	assert_int_equal(info.slabs_free, empty);
}

/* Debugging switches magazines off: every call reaches the slabs. */
static void slabs_move_between_the_lists(void **state)
{
	struct kmem_cache *s =
		kmem_cache_create("lists", 512, 0, SLAB_CONSISTENCY_CHECKS, NULL);
	unsigned int per_slab = info_of(s).objects_per_slab;

	(void)state;
	expect_lists(s, 0, 0, 0);
	for (unsigned int i = 0; i < 2 * per_slab; i++) {
		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		expect_lists(s, (i + 1) % per_slab != 0, (i + 1) / per_slab, 0);
	}
	kmem_cache_free(s, many[0]);
	expect_lists(s, 1, 1, 0);
	kmem_cache_free(s, many[per_slab]);
	expect_lists(s, 2, 0, 0);
	for (unsigned int i = 1; i < per_slab; i++)
		kmem_cache_free(s, many[i]);
	expect_lists(s, 1, 0, 1);
	slab_check();
	/* A partial slab is used up before a free one. */
	many[0] = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_equal(many[0], many[per_slab]);
	expect_lists(s, 0, 1, 1);
	assert_int_equal(kmem_cache_shrink(s), 1);
	expect_lists(s, 0, 1, 0);
	kmem_cache_free(s, many[0]);
	for (unsigned int i = per_slab + 1; i < 2 * per_slab; i++)
		kmem_cache_free(s, many[i]);
	assert_int_equal(kmem_cache_shrink(s), 0);
	expect_lists(s, 0, 0, 0);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void free_slabs_are_kept_up_to_a_limit(void **state)
{
	struct kmem_cache *s =
		kmem_cache_create("limit", 2048, 0, SLAB_CONSISTENCY_CHECKS, NULL);
	unsigned int n = 100 * info_of(s).objects_per_slab, kept;

	(void)state;
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, n, many), (int)n);
	kmem_cache_free_bulk(s, n, many);
	kept = (unsigned int)info_of(s).slabs_free;
	assert_true(kept > 0 && kept < 10);
	assert_int_equal(info_of(s).slabs_created, 100);
	assert_int_equal(info_of(s).slabs_freed, 100 - kept);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void the_report_has_a_line_a_cache(void **state)
{
	struct kmem_cache *s = kmem_cache_create("in-the-report", 300, 0, 0, NULL);

	(void)state;
	slabinfo_print();
	assert_true(host_log_has("in-the-report"));
	assert_true(host_log_has("kmalloc-8k"));
	assert_true(host_log_has("magazine-254"));
	assert_int_equal(kmem_cache_destroy(s), 0);
	slabinfo_print();
}

static void an_object_is_found_by_any_address(void **state)
{
	struct kmem_cache *s = kmem_cache_create("find", 300, 0, 0, NULL);
	struct slab_object_info obj;
	char *p[30];

	(void)state;
	for (int i = 0; i < 30; i++)
		p[i] = kmem_cache_alloc(s, GFP_KERNEL);
	for (int i = 0; i < 30; i++)
		for (int offset = 0; offset < 300; offset += 23) {
			slab_object_info(p[i] + offset, &obj);
			assert_ptr_equal(obj.cache, s);
			assert_ptr_equal(obj.object, p[i]);
			assert_true(obj.allocated);
		}
	slab_object_info(many, &obj);
	assert_null(obj.cache);
	for (int i = 0; i < 30; i++)
		kmem_cache_free(s, p[i]);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* --- magazines ------------------------------------------------------------------------- */

static void cpu_arrays_hold_what_was_freed(void **state)
{
	struct kmem_cache *s = kmem_cache_create("cpu", 64, 0, 0, NULL);
	unsigned int held;

	(void)state;
	many[0] = kmem_cache_alloc(s, GFP_KERNEL);
	held = kmem_cache_cpu_objects(s, 0);
	kmem_cache_free(s, many[0]);
	assert_int_equal(kmem_cache_cpu_objects(s, 0), held + 1);
	assert_int_equal(kmem_cache_cpu_objects(s, 1), 0);
	kmem_cache_shrink(s);
	assert_int_equal(kmem_cache_cpu_objects(s, 0), 0);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void long_batches_make_magazines_grow(void **state)
{
	struct kmem_cache *s = kmem_cache_create("grow", 64, 0, 0, NULL);
	unsigned int first = info_of(s).magazine_size;

	(void)state;
	for (int round = 0; round < 100; round++) {
		many[0] = kmem_cache_alloc(s, GFP_KERNEL);
		kmem_cache_free(s, many[0]);
	}
	assert_int_equal(info_of(s).magazine_size, first);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 1000; i++)
			many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		for (int i = 0; i < 1000; i++)
			kmem_cache_free(s, many[i]);
		slab_check();
	}
	assert_true(info_of(s).magazine_size >= 4 * first);
	kmem_cache_shrink(s);
	assert_int_equal(info_of(s).magazine_size, first);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* What one CPU's batches leave in the depot is bounded. */
static void a_depot_does_not_hoard(void **state)
{
	struct kmem_cache *s = kmem_cache_create("hoard", 4096, 0, 0, NULL);

	(void)state;
	for (int i = 0; i < 2000; i++)
		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
	for (int i = 0; i < 2000; i++)
		kmem_cache_free(s, many[i]);
	slab_check();
	assert_true(info_of(s).depot_cached * 4096 <= 1 << 20);
	assert_true(info_of(s).pages <= 512);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* --- bulk ------------------------------------------------------------------------------ */

static void bulk_equals_one_by_one(void **state)
{
	static const unsigned int counts[] = { 0, 1, 2, 16, 29, 30, 31, 61, 500, MANY };
	struct kmem_cache *s = kmem_cache_create("bulk", 48, 0, 0, NULL);

	(void)state;
	for (unsigned int c = 0; c < ARRAY_SIZE(counts); c++) {
		unsigned int n = counts[c];

		assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, n, many), (int)n);
		assert_int_equal(info_of(s).active_objs, n);
		for (unsigned int i = 0; i < n; i++)
			memset(many[i], (int)i, 48);
		for (unsigned int i = 0; i < n; i++)
			assert_null(memchr_inv(many[i], (int)(i & 0xff), 48));
		slab_check();
		kmem_cache_free_bulk(s, n, many);
		assert_int_equal(info_of(s).active_objs, 0);
		slab_check();
	}
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* --- refusals -------------------------------------------------------------------------- */

static void senseless_caches_are_refused(void **state)
{
	(void)state;
	assert_null(kmem_cache_create("zero", 0, 0, 0, NULL));
	assert_null(kmem_cache_create(NULL, 8, 0, 0, NULL));
	assert_null(kmem_cache_create("big", (4 << 20) + 1, 0, 0, NULL));
	assert_null(kmem_cache_create("align", 8, 24, 0, NULL));
	assert_null(kmem_cache_create("align", 8, 8192, 0, NULL));
	assert_null(kmem_cache_create("flags", 8, 0, 0x80000000, NULL));
	assert_int_equal(host_events.errors, 6);
	host_log_clear();
	assert_int_equal(kmem_cache_destroy(NULL), 0);
}

static void panicking_create(void *arg)
{
	(void)arg;
	kmem_cache_create("panic", 0, 0, SLAB_PANIC, NULL);
}

static void slab_panic_panics(void **state)
{
	(void)state;
	assert_true(host_catch_panic(panicking_create, NULL));
	assert_true(host_log_has("kmem_cache_create(panic) failed"));
	host_log_clear();
}

static void sleeping_requests_in_atomic_context_are_refused(void **state)
{
	struct kmem_cache *s = kmem_cache_create("atomic", 64, 0, 0, NULL);
	void *p = kmem_cache_alloc(s, GFP_KERNEL), *q;

	(void)state;
	kmem_cache_free(s, p); /* now a magazine could serve it without sleeping */
	preempt_disable();
	assert_null(kmem_cache_alloc(s, GFP_KERNEL));
	expect_violations(1);
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, 2, many), 0);
	expect_violations(1);
	assert_null(kmem_cache_create("atomic2", 64, 0, 0, NULL));
	expect_violations(1);
	q = kmem_cache_alloc(s, GFP_ATOMIC);
	assert_non_null(q);
	preempt_enable();
	host_irq_enter();
	assert_null(kmem_cache_zalloc(s, GFP_KERNEL));
	expect_violations(1);
	p = kmem_cache_alloc(s, GFP_NOWAIT);
	assert_non_null(p);
	kmem_cache_free(s, p);
	host_irq_exit();
	kmem_cache_free(s, q);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void dma_caches_lie_below_16_mib(void **state)
{
	struct kmem_cache *s = kmem_cache_create("dma", 128, 0, SLAB_CACHE_DMA, NULL);

	(void)state;
	for (int i = 0; i < 100; i++) {
		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		assert_true(virt_to_phys(many[i]) + 128 <= 16 << 20);
	}
	kmem_cache_free_bulk(s, 100, many);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void reclaimable_caches_keep_to_their_page_blocks(void **state)
{
	struct kmem_cache *s =
		kmem_cache_create("inodes", 600, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	void *p = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	assert_int_equal(page_block(virt_to_page(p))->type, MIGRATE_RECLAIMABLE);
	kmem_cache_free(s, p);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(reclaimable_caches_keep_to_their_page_blocks),
		slab_test(objects_are_aligned_and_apart),
		slab_test(the_last_freed_comes_first),
		slab_test(a_fresh_slab_is_used_in_order),
		slab_test(pages_come_back),
		slab_test(a_constructor_runs_once_an_object),
		slab_test(a_constructed_object_is_never_zeroed),
		slab_test(zalloc_clears_dirty_objects),
		slab_test(colours_cycle_over_slabs),
		slab_test(slabs_move_between_the_lists),
		slab_test(free_slabs_are_kept_up_to_a_limit),
		slab_test(the_report_has_a_line_a_cache),
		slab_test(an_object_is_found_by_any_address),
		slab_test(cpu_arrays_hold_what_was_freed),
		slab_test(long_batches_make_magazines_grow),
		slab_test(a_depot_does_not_hoard),
		slab_test(bulk_equals_one_by_one),
		slab_test(senseless_caches_are_refused),
		slab_test(slab_panic_panics),
		slab_test(sleeping_requests_in_atomic_context_are_refused),
		slab_test(dma_caches_lie_below_16_mib),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
