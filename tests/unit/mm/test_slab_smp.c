/* SPDX-License-Identifier: MIT */
/* Several CPUs at one cache: objects freed where they were not allocated, caches drained
 * and measured meanwhile, interrupts in between. */
#include <linux/atomic.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include "mm/slab.h"
#include "slab_test.h"

#define CPUS   4
#define ROUNDS 20000
#define RING   64

static struct kmem_cache *shared;

/* What an object holds while somebody owns it; two owners would overwrite each other. */
struct owned {
	unsigned long owner, check, rest[6];
};

static void own(struct owned *obj, unsigned long who)
{
	obj->owner = who;
	obj->check = ~who;
	memset(obj->rest, (int)who, sizeof(obj->rest));
}

static void disown(struct owned *obj)
{
	unsigned long who = obj->owner;

	assert_int_equal(obj->check, ~who);
	assert_null(memchr_inv(obj->rest, (int)(who & 0xff), sizeof(obj->rest)));
	own(obj, 0);
}

/* --- everybody allocates and frees his own --------------------------------------------- */

static void own_objects(void *arg)
{
	unsigned long cpu = smp_processor_id(), seed = cpu + 1;
	struct owned *mine[100] = { NULL };

	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int slot;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		slot = (unsigned int)(seed >> 33) % 100;
		if (mine[slot]) {
			assert_int_equal(mine[slot]->owner, cpu * 1000 + slot);
			disown(mine[slot]);
			kmem_cache_free(shared, mine[slot]);
			mine[slot] = NULL;
		} else {
			mine[slot] = kmem_cache_alloc(shared, GFP_KERNEL);
			own(mine[slot], cpu * 1000 + slot);
		}
	}
	for (unsigned int i = 0; i < 100; i++)
		kmem_cache_free(shared, mine[i]);
}

static void cpus_do_not_share_objects(void **state)
{
	(void)state;
	shared = kmem_cache_create("shared", sizeof(struct owned), 0, 0, NULL);
	host_run_on_cpus(CPUS, own_objects, NULL);
	slab_check();
	assert_int_equal(info_of(shared).active_objs, 0);
	assert_true(kmem_cache_cpu_objects(shared, 1) > 0);
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

/* --- one allocates, the next frees ----------------------------------------------------- */

static struct ring {
	struct owned *slot[RING];
} rings[CPUS];

static void pass_on(void *arg)
{
	unsigned int cpu = smp_processor_id();
	struct ring *out = &rings[cpu], *in = &rings[(cpu + CPUS - 1) % CPUS];
	unsigned int sent = 0, got = 0;

	(void)arg;
	while (sent < ROUNDS || got < ROUNDS) {
		if (sent < ROUNDS && !smp_load_acquire(&out->slot[sent % RING])) {
			struct owned *obj = kmem_cache_alloc(shared, GFP_KERNEL);

			own(obj, cpu + 1);
			smp_store_release(&out->slot[sent++ % RING], obj);
		}
		if (got < ROUNDS && smp_load_acquire(&in->slot[got % RING])) {
			struct owned *obj = in->slot[got % RING];

			smp_store_release(&in->slot[got++ % RING], NULL);
			disown(obj);
			kmem_cache_free(shared, obj);
		}
	}
}

static void objects_are_freed_on_other_cpus(void **state)
{
	(void)state;
	shared = kmem_cache_create("passed", sizeof(struct owned), 0, 0, NULL);
	host_run_on_cpus(CPUS, pass_on, NULL);
	slab_check();
	assert_int_equal(info_of(shared).active_objs, 0);
	/* Objects in flight, and what each CPU and the depot may keep. */
	assert_true(info_of(shared).num_objs < ROUNDS);
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

static void the_same_under_debugging(void **state)
{
	(void)state;
	shared = kmem_cache_create("passed", sizeof(struct owned), 0,
				   SLAB_RED_ZONE | SLAB_STORE_USER, NULL);
	host_run_on_cpus(2, own_objects, NULL);
	slab_check();
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

/* --- draining while others work -------------------------------------------------------- */

static void drain_or_work(void *arg)
{
	struct slabinfo info;

	if (smp_processor_id() != 0) {
		own_objects(arg);
		return;
	}
	for (unsigned int i = 0; i < 200; i++) {
		for (int wait = 0; wait < 10000 && !kmem_cache_cpu_objects(shared, 1);
		     wait++)
			cpu_relax();
		kmem_cache_shrink(shared);
		get_slabinfo(shared, &info);
		assert_true(info.num_objs >= info.active_objs);
	}
}

static void draining_disturbs_nobody(void **state)
{
	(void)state;
	shared = kmem_cache_create("drained", sizeof(struct owned), 0, 0, NULL);
	host_run_on_cpus(CPUS, drain_or_work, NULL);
	slab_check();
	assert_int_equal(info_of(shared).active_objs, 0);
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

static int drains_left;

/* Nothing but the fast paths, so that draining hits them between any two instructions. */
static void drain_or_hurry(void *arg)
{
	(void)arg;
	while (READ_ONCE(drains_left) > 0) {
		void *a, *b;

		if (smp_processor_id() == 0) {
			if (!kmem_cache_cpu_objects(shared, 1))
				continue;
			kmem_cache_shrink(shared);
			WRITE_ONCE(drains_left, drains_left - 1);
			continue;
		}
		for (unsigned int i = 0; i < 20; i++)
			cpu_relax(); /* here it can be held */
		for (unsigned int i = 0; i < 20; i++) {
			a = kmem_cache_alloc(shared, GFP_KERNEL);
			b = kmem_cache_alloc(shared, GFP_KERNEL);
			kmem_cache_free(shared, a);
			kfree(b);
		}
	}
}

static void draining_never_splits_a_fast_path(void **state)
{
	(void)state;
	shared = kmem_cache_create("hurried", 64, 0, 0, NULL);
	drains_left = 100;
	host_run_on_cpus(2, drain_or_hurry, NULL);
	slab_check();
	assert_int_equal(info_of(shared).active_objs, 0);
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

/* kmalloc's caches for ZONE_DMA are made by whoever asks first, or by several at once. */
static void first_dma_request(void *arg)
{
	void *obj;

	(void)arg;
	obj = kmalloc(100, GFP_KERNEL | __GFP_DMA);
	assert_non_null(obj);
	kfree(obj);
}

static int count_dma_caches(struct kmem_cache *s, void *arg)
{
	unsigned int *n = arg;

	*n += !strcmp(kmem_cache_name(s), "dma-kmalloc-128");
	return 0;
}

static void a_dma_cache_is_made_once(void **state)
{
	unsigned int n = 0;

	host_run_on_cpus(CPUS, first_dma_request, NULL);
	kmem_cache_for_each(count_dma_caches, &n);
	assert_int_equal(n, 1);
	slab_check();
	host_log_clear();
	slab_set_up(state); /* that cache stays for ever */
}

/* --- whose slab ------------------------------------------------------------------------ */

#define TAKEN 4

static void *taken[CPUS][TAKEN];

static void take_some(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < TAKEN; i++)
		taken[smp_processor_id()][i] = kmem_cache_alloc(shared, GFP_NOWAIT);
}

/* The same on the second CPU alone. */
static void take_on_the_second(void *arg)
{
	if (smp_processor_id() == 1)
		take_some(arg);
}

static void give_back(unsigned int cpu)
{
	for (unsigned int i = 0; i < TAKEN; i++)
		kmem_cache_free(shared, taken[cpu][i]);
}

/* A cache without magazines: every call reaches the slabs. */
static void make_shared(void)
{
	shared = kmem_cache_create("whose", 64, 0, SLAB_CONSISTENCY_CHECKS, NULL);
}

static void each_cpu_takes_from_a_slab_of_its_own(void **state)
{
	(void)state;
	make_shared();
	host_run_on_cpus(CPUS, take_some, NULL);
	assert_int_equal(info_of(shared).slabs_partial, CPUS);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		for (unsigned int i = 0; i < TAKEN; i++)
			assert_ptr_equal(slab_of(taken[cpu][i]), slab_of(taken[cpu][0]));
	slab_check();
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		give_back(cpu);
	slab_check();
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

/* From a slab that was full nobody takes yet: it serves whoever comes first. */
static void a_slab_that_was_full_is_nobodys(void **state)
{
	unsigned int n;
	void *all[200] = { NULL };

	(void)state;
	make_shared();
	n = info_of(shared).objects_per_slab;
	assert_true(n > 2 * TAKEN && n <= 200);
	for (unsigned int i = 0; i < n; i++)
		all[i] = kmem_cache_alloc(shared, GFP_KERNEL);
	for (unsigned int i = 0; i < 2 * TAKEN; i++)
		kmem_cache_free(shared, all[--n]);
	host_run_on_cpus(2, take_on_the_second, NULL);
	assert_ptr_equal(slab_of(taken[1][TAKEN - 1]), slab_of(all[0]));
	take_some(NULL);
	assert_int_equal(info_of(shared).slabs_created, 2);
	assert_ptr_not_equal(slab_of(taken[0][0]), slab_of(all[0]));
	slab_check();
	give_back(0);
	give_back(1);
	kmem_cache_free_bulk(shared, n, all);
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

/* And nobody is told of a failure that was none. */
static void without_memory_other_cpus_slabs_serve_too(void **state)
{
	(void)state;
	make_shared();
	take_some(NULL);
	fail_pages(1, -1);
	host_run_on_cpus(2, take_on_the_second, NULL);
	fail_nothing();
	for (unsigned int i = 0; i < TAKEN; i++) {
		assert_non_null(taken[1][i]);
		assert_ptr_equal(slab_of(taken[1][i]), slab_of(taken[0][0]));
	}
	slab_check();
	give_back(0);
	give_back(1);
	assert_string_equal(host_log(), "");
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

/* However many partial slabs one CPU has come to take from, others leave only some to it. */
static void few_slabs_are_left_to_one_cpu(void **state)
{
	void *all[20][100], *again[20];
	unsigned int n;

	(void)state;
	make_shared();
	n = info_of(shared).objects_per_slab;
	assert_true(n > TAKEN + 2 && n <= 100);
	for (unsigned int slab = 0; slab < 20; slab++)
		for (unsigned int i = 0; i < n; i++)
			all[slab][i] = kmem_cache_alloc(shared, GFP_KERNEL);
	for (unsigned int slab = 0; slab < 20; slab++) {
		for (unsigned int i = 0; i < TAKEN + 1; i++)
			kmem_cache_free(shared, all[slab][i]);
		again[slab] = kmem_cache_alloc(shared, GFP_KERNEL);
		assert_ptr_equal(slab_of(again[slab]), slab_of(all[slab][0]));
	}
	host_run_on_cpus(2, take_on_the_second, NULL);
	assert_int_equal(info_of(shared).slabs_created, 20);
	slab_check();
	give_back(1);
	for (unsigned int slab = 0; slab < 20; slab++) {
		kmem_cache_free(shared, again[slab]);
		kmem_cache_free_bulk(shared, n - TAKEN - 1, all[slab] + TAKEN + 1);
	}
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

/* --- interrupts ------------------------------------------------------------------------ */

/* An interrupt may come between any two operations, and itself allocate and free. */
static void interrupts_use_the_same_cache(void **state)
{
	struct owned *mine[50], *theirs[50];

	(void)state;
	shared = kmem_cache_create("irq", sizeof(struct owned), 0, 0, NULL);
	for (unsigned int round = 0; round < 100; round++) {
		for (unsigned int i = 0; i < 50; i++) {
			mine[i] = kmem_cache_alloc(shared, GFP_KERNEL);
			own(mine[i], 1);
			host_irq_enter();
			theirs[i] = kmem_cache_alloc(shared, GFP_ATOMIC);
			own(theirs[i], 2);
			if (i % 3 == 0) {
				disown(mine[i]);
				kmem_cache_free(shared, mine[i]);
				mine[i] = NULL;
			}
			host_irq_exit();
		}
		for (unsigned int i = 0; i < 50; i++) {
			kmem_cache_free(shared, mine[i]);
			disown(theirs[i]);
			kmem_cache_free(shared, theirs[i]);
		}
	}
	slab_check();
	assert_int_equal(kmem_cache_destroy(shared), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(cpus_do_not_share_objects),
		slab_test(objects_are_freed_on_other_cpus),
		slab_test(the_same_under_debugging),
		slab_test(draining_disturbs_nobody),
		slab_test(draining_never_splits_a_fast_path),
		slab_test(a_dma_cache_is_made_once),
		slab_test(each_cpu_takes_from_a_slab_of_its_own),
		slab_test(a_slab_that_was_full_is_nobodys),
		slab_test(without_memory_other_cpus_slabs_serve_too),
		slab_test(few_slabs_are_left_to_one_cpu),
		slab_test(interrupts_use_the_same_cache),
	};

	return cmocka_run_group_tests_name("slab_smp", tests, NULL, NULL);
}
