/* SPDX-License-Identifier: MIT */
/* Memory pools: the reserve is honoured when memory is gone, and refilled before anything
 * goes back.  Elements come from a store that the tests can close, then from the real ones. */
#include <linux/errno.h>
#include <linux/mempool.h>
#include <linux/smp.h>
#include "slab_test.h"
#include "mm/slab_info.h"

#define STORE 64

/* A store of numbered elements. */
static struct {
	bool out[STORE];
	unsigned int nr_out, asked;
	unsigned int left; /* how many may still be had */
	unsigned int delivery; /* one more comes with so many requests; 0: never */
	gfp_t gfp; /* of the last request */
	int cookie;
} store;

static void *store_alloc(gfp_t gfp, void *pool_data)
{
	assert_ptr_equal(pool_data, &store.cookie);
	store.gfp = gfp;
	store.asked++;
	if (store.delivery && !--store.delivery)
		store.left++;
	if (!store.left)
		return NULL;
	store.left--;
	for (unsigned int i = 0; i < STORE; i++)
		if (!store.out[i]) {
			store.out[i] = true;
			store.nr_out++;
			return &store.out[i];
		}
	return NULL;
}

static void store_free(void *element, void *pool_data)
{
	bool *out = element;

	assert_ptr_equal(pool_data, &store.cookie);
	assert_true(out >= store.out && out < store.out + STORE && *out);
	*out = false;
	store.nr_out--;
	store.left++;
}

static mempool_t *make_pool(int min_nr)
{
	mempool_t *pool;

	memset(&store, 0, sizeof(store));
	store.left = STORE;
	pool = mempool_create(min_nr, store_alloc, store_free, &store.cookie);
	assert_non_null(pool);
	return pool;
}

static struct mempool_stats stats_of(mempool_t *pool)
{
	struct mempool_stats stats;

	assert_int_equal(mempool_verify(pool), 0);
	mempool_get_stats(pool, &stats);
	return stats;
}

static void end_pool(mempool_t *pool)
{
	assert_int_equal(mempool_verify(pool), 0);
	mempool_destroy(pool);
	assert_int_equal(store.nr_out, 0);
}

static void a_pool_starts_full_and_ends_empty(void **state)
{
	mempool_t *pool = make_pool(5);

	(void)state;
	assert_int_equal(store.nr_out, 5);
	assert_int_equal(stats_of(pool).reserved, 5);
	end_pool(pool);
	mempool_destroy(NULL);
}

static int add_objects(struct kmem_cache *cache, void *sum)
{
	struct slabinfo info;

	get_slabinfo(cache, &info);
	if (!strncmp(info.name, "kmalloc-", 8))
		*(unsigned long *)sum += info.active_objs;
	return 0;
}

/* Objects of kmalloc. */
static unsigned long objects_in_use(void)
{
	unsigned long sum = 0;

	kmem_cache_for_each(add_objects, &sum);
	return sum;
}

static void creating_fails_without_a_trace(void **state)
{
	mempool_t pool;

	(void)state;
	memset(&store, 0, sizeof(store));
	for (unsigned int had = 0; had < 5; had++) {
		store.left = had;
		assert_null(mempool_create(5, store_alloc, store_free, &store.cookie));
		assert_int_equal(
			mempool_init(&pool, 5, store_alloc, store_free, &store.cookie),
			-ENOMEM);
		assert_false(mempool_initialized(&pool));
		assert_int_equal(store.nr_out, 0);
	}
	assert_int_equal(mempool_init(&pool, 0, store_alloc, store_free, &store.cookie),
			 -EINVAL);
	assert_int_equal(mempool_init(&pool, 1, NULL, store_free, NULL), -EINVAL);
	mempool_exit(&pool); /* all zero: nothing to do */
	for (unsigned int nth = 1; nth <= 3; nth++) {
		unsigned long before = objects_in_use();

		fail_objects(NULL, nth, 1);
		assert_null(mempool_create_kmalloc_pool(3, 5000));
		fail_nothing();
		assert_int_equal(objects_in_use(), before);
	}
}

static void the_allocator_is_asked_first_and_gently(void **state)
{
	mempool_t *pool = make_pool(2);
	void *p = mempool_alloc(pool, GFP_KERNEL);

	(void)state;
	assert_int_equal(store.nr_out, 3);
	assert_int_equal(stats_of(pool).from_reserve, 0);
	assert_int_equal(store.gfp & (__GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN),
			 __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN);
	assert_int_equal(store.gfp & (__GFP_DIRECT_RECLAIM | __GFP_IO), 0);
	mempool_free(p, pool);
	assert_int_equal(store.nr_out, 2);
	mempool_free(NULL, pool);
	end_pool(pool);
}

static void the_reserve_serves_when_memory_is_gone(void **state)
{
	mempool_t *pool = make_pool(4);
	void *p[4];

	(void)state;
	store.left = 0;
	for (int i = 0; i < 4; i++) {
		p[i] = mempool_alloc(pool, GFP_NOWAIT);
		assert_non_null(p[i]);
	}
	assert_null(mempool_alloc(pool, GFP_NOWAIT));
	assert_null(mempool_alloc(pool, GFP_ATOMIC));
	assert_int_equal(stats_of(pool).from_reserve, 4);
	assert_int_equal(stats_of(pool).failed, 2);
	assert_int_equal(stats_of(pool).lowest, 0);
	for (int i = 0; i < 4; i++)
		mempool_free(p[i], pool);
	assert_int_equal(store.left, 0); /* the reserve came first */
	assert_int_equal(stats_of(pool).reserved, 4);
	end_pool(pool);
}

static void who_may_sleep_waits_for_memory(void **state)
{
	mempool_t *pool = make_pool(1);
	void *p, *q;

	(void)state;
	store.left = 0;
	p = mempool_alloc(pool, GFP_KERNEL);
	assert_int_equal(stats_of(pool).waits, 0);
	store.asked = 0;
	store.delivery = 4; /* the gentle request and three that may reclaim */
	q = mempool_alloc(pool, GFP_KERNEL);
	assert_non_null(q);
	assert_int_equal(store.asked, 4);
	assert_int_equal(store.gfp & __GFP_DIRECT_RECLAIM, __GFP_DIRECT_RECLAIM);
	assert_int_equal(stats_of(pool).waits, 2);
	assert_int_equal(stats_of(pool).from_reserve, 1);
	mempool_free(p, pool);
	mempool_free(q, pool);
	end_pool(pool);
}

static void sleeping_in_atomic_context_is_a_violation(void **state)
{
	mempool_t *pool = make_pool(1);
	void *p;

	(void)state;
	preempt_disable();
	p = mempool_alloc(pool, GFP_KERNEL);
	preempt_enable();
	expect_violations(1);
	mempool_free(p, pool);
	end_pool(pool);
}

static void zeroed_elements_are_refused(void **state)
{
	mempool_t *pool = make_pool(1);

	(void)state;
	mempool_free(mempool_alloc(pool, GFP_KERNEL | __GFP_ZERO), pool);
	expect_warnings(1);
	assert_int_equal(store.gfp & __GFP_ZERO, 0);
	end_pool(pool);
}

static void a_busy_pool_ends_with_a_report(void **state)
{
	mempool_t *pool = make_pool(2);
	void *p = mempool_alloc(pool, GFP_KERNEL);

	(void)state;
	mempool_destroy(pool);
	assert_true(host_log_has("1 elements of"));
	assert_int_equal(host_events.errors, 1);
	expect_warnings(1);
	assert_int_equal(store.nr_out, 1);
	store_free(p, &store.cookie);
}

static void the_verifier_sees_a_broken_reserve(void **state)
{
	mempool_t *pool = make_pool(3);
	void *right = pool->elements[1];

	(void)state;
	pool->elements[1] = pool->elements[2];
	assert_int_equal(mempool_verify(pool), -EINVAL);
	assert_true(host_log_has("in the reserve twice"));
	pool->elements[1] = NULL;
	assert_int_equal(mempool_verify(pool), -EINVAL);
	pool->elements[1] = right;
	pool->curr_nr = 4;
	assert_int_equal(mempool_verify(pool), -EINVAL);
	pool->curr_nr = 2;
	assert_int_equal(mempool_verify(pool), -EINVAL);
	assert_true(host_log_has("the reserve is not full"));
	pool->curr_nr = 3;
	mempool_free(store_alloc(GFP_KERNEL, &store.cookie), pool);
	assert_int_equal(mempool_verify(pool), -EINVAL);
	pool->counts[0].allocs++;
	assert_int_equal(host_events.errors, 5);
	host_log_clear();
	end_pool(pool);
}

/* --- resizing -------------------------------------------------------------------------- */

static void a_pool_grows_and_shrinks(void **state)
{
	mempool_t *pool = make_pool(2);
	void *p = mempool_alloc(pool, GFP_KERNEL);

	(void)state;
	assert_int_equal(mempool_resize(pool, 0), -EINVAL);
	assert_int_equal(mempool_resize(pool, 10), 0);
	assert_int_equal(stats_of(pool).reserved, 10);
	assert_int_equal(mempool_resize(pool, 3), 0);
	assert_int_equal(stats_of(pool).reserved, 3);
	assert_int_equal(store.nr_out, 4);
	mempool_free(p, pool);
	end_pool(pool);
}

static void growing_without_memory_is_completed_by_frees(void **state)
{
	mempool_t *pool = make_pool(1);
	void *p[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		p[i] = mempool_alloc(pool, GFP_KERNEL);
	store.left = 1;
	assert_int_equal(mempool_resize(pool, 4), 0);
	assert_int_equal(stats_of(pool).reserved, 2);
	for (int i = 0; i < 3; i++)
		mempool_free(p[i], pool);
	assert_int_equal(stats_of(pool).reserved, 4);
	assert_int_equal(store.left, 1);
	end_pool(pool);
}

static void growing_without_an_array_changes_nothing(void **state)
{
	mempool_t *pool = make_pool(1);

	(void)state;
	fail_objects(NULL, 1, 1);
	assert_int_equal(mempool_resize(pool, 4), -ENOMEM);
	fail_nothing();
	assert_int_equal(pool->min_nr, 1);
	end_pool(pool);
}

/* --- against a model ------------------------------------------------------------------- */

/* What a pool is, without its code: so many out, so many in reserve. */
static void random_operations_agree_with_a_model(void **state)
{
	unsigned int size = 3, reserved = 3, held = 0;
	mempool_t *pool = make_pool(3);
	void *mine[STORE];

	(void)state;
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int what = random_below(16);

		if (what < 8 && held < 40) {
			bool had = store.left;
			void *p = mempool_alloc(pool, GFP_NOWAIT);

			assert_int_equal(p != NULL, had || reserved);
			reserved -= !had && reserved;
			if (p)
				mine[held++] = p;
		} else if (what < 14 && held) {
			unsigned int i = random_below(held);
			unsigned int left = store.left;

			mempool_free(mine[i], pool);
			mine[i] = mine[--held];
			assert_int_equal(store.left, left + (reserved == size));
			reserved += reserved < size;
		} else if (what == 14) {
			unsigned int total = held + reserved + store.left;

			/* Somebody else takes what the store has, or gives it back. */
			store.left = total == STORE ? 0 : STORE - held - reserved;
		} else if (what == 15) {
			unsigned int want = 1 + random_below(8);
			unsigned int left = store.left;

			assert_int_equal(mempool_resize(pool, (int)want), 0);
			if (want < reserved)
				reserved = want;
			else
				reserved += min(want - reserved, want > size ? left : 0);
			size = want;
		}
		assert_int_equal(stats_of(pool).reserved, reserved);
		assert_int_equal(store.nr_out, held + reserved);
	}
	while (held)
		mempool_free(mine[--held], pool);
	end_pool(pool);
}

/* --- the real allocators --------------------------------------------------------------- */

static void all_memory_fails(void)
{
	fail_pages(1, -1);
	fail_objects(NULL, 1, -1);
}

static void check_real_pool(mempool_t *pool, int n)
{
	void *p[8];

	assert_non_null(pool);
	all_memory_fails();
	for (int i = 0; i < n; i++) {
		p[i] = mempool_alloc(pool, GFP_ATOMIC);
		assert_non_null(p[i]);
	}
	assert_null(mempool_alloc(pool, GFP_ATOMIC));
	assert_false(host_log_has("allocation failure"));
	fail_nothing();
	for (int i = 0; i < n; i++)
		mempool_free(p[i], pool);
	assert_int_equal(stats_of(pool).reserved, n);
	mempool_destroy(pool);
}

static void slab_kmalloc_and_page_pools_honour_their_reserve(void **state)
{
	struct kmem_cache *s = kmem_cache_create("pooled", 100, 0, 0, NULL);
	mempool_t pool;

	(void)state;
	check_real_pool(mempool_create_slab_pool(8, s), 8);
	check_real_pool(mempool_create_kmalloc_pool(3, 300), 3);
	check_real_pool(mempool_create_kmalloc_pool(2, 100000), 2);
	check_real_pool(mempool_create_page_pool(4, 0), 4);
	check_real_pool(mempool_create_page_pool(2, 5), 2);
	assert_int_equal(mempool_init_slab_pool(&pool, 2, s), 0);
	mempool_exit(&pool);
	assert_int_equal(mempool_init_kmalloc_pool(&pool, 2, 64), 0);
	mempool_exit(&pool);
	assert_int_equal(mempool_init_page_pool(&pool, 2, 1), 0);
	mempool_exit(&pool);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* --- waking ---------------------------------------------------------------------------- */

static void a_free_to_the_reserve_wakes_one(void **state)
{
	mempool_t *pool = make_pool(1);
	void *p, *q = mempool_alloc(pool, GFP_KERNEL);
	struct wait_queue_entry wait;

	(void)state;
	store.left = 0;
	p = mempool_alloc(pool, GFP_KERNEL);
	init_wait(&wait);
	prepare_to_wait(&pool->wait, &wait, TASK_UNINTERRUPTIBLE);
	mempool_free(p, pool);
	assert_false(waitqueue_active(&pool->wait));
	prepare_to_wait(&pool->wait, &wait, TASK_UNINTERRUPTIBLE);
	mempool_free(q, pool); /* to the allocator */
	assert_true(waitqueue_active(&pool->wait));
	finish_wait(&pool->wait, &wait);
	end_pool(pool);
}

/* --- several CPUs ---------------------------------------------------------------------- */

#define CPUS   4
#define ROUNDS 3000

static mempool_t *shared;

static void *never(gfp_t gfp, void *pool_data)
{
	(void)gfp;
	(void)pool_data;
	return NULL;
}

/* With no allocator behind it and one element for all, every CPU gets its turn. */
static void take_turns(void *arg)
{
	unsigned long *inside = arg;

	for (int i = 0; i < ROUNDS; i++) {
		void *p = mempool_alloc(shared, GFP_KERNEL);

		assert_int_equal(__atomic_fetch_add(inside, 1, __ATOMIC_SEQ_CST), 0);
		__atomic_fetch_sub(inside, 1, __ATOMIC_SEQ_CST);
		mempool_free(p, shared);
	}
}

static void sleepers_are_woken_by_frees(void **state)
{
	unsigned long inside = 0;

	(void)state;
	shared = make_pool(1);
	shared->alloc = never;
	host_run_on_cpus(CPUS, take_turns, &inside);
	assert_int_equal(stats_of(shared).reserved, 1);
	assert_int_equal(stats_of(shared).allocs, CPUS * ROUNDS);
	assert_int_equal(stats_of(shared).frees, CPUS * ROUNDS);
	assert_int_equal(stats_of(shared).from_reserve, CPUS * ROUNDS);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(shared->counts[cpu].allocs, ROUNDS);
		assert_int_equal(shared->counts[cpu].frees, ROUNDS);
	}
	end_pool(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(a_pool_starts_full_and_ends_empty),
		slab_test(creating_fails_without_a_trace),
		slab_test(the_allocator_is_asked_first_and_gently),
		slab_test(the_reserve_serves_when_memory_is_gone),
		slab_test(who_may_sleep_waits_for_memory),
		slab_test(sleeping_in_atomic_context_is_a_violation),
		slab_test(zeroed_elements_are_refused),
		slab_test(a_busy_pool_ends_with_a_report),
		slab_test(the_verifier_sees_a_broken_reserve),
		slab_test(a_pool_grows_and_shrinks),
		slab_test(growing_without_memory_is_completed_by_frees),
		slab_test(growing_without_an_array_changes_nothing),
		slab_test(random_operations_agree_with_a_model),
		slab_test(slab_kmalloc_and_page_pools_honour_their_reserve),
		slab_test(a_free_to_the_reserve_wakes_one),
		slab_test(sleepers_are_woken_by_frees),
	};

	return cmocka_run_group_tests_name("mempool", tests, NULL, NULL);
}
