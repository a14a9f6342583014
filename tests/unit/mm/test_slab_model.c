/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of calls against a model: a list of what should be allocated, with a
 * byte pattern in each object.  The whole state is verified after each step, with and
 * without failing allocations, with and without debugging.
 */
#include "slab_test.h"

#define CACHES 5
#define LIVE   600 /* objects of a cache that the model holds at most */
#define STEPS  4000
#define BULK   70

struct model {
	struct kmem_cache *s;
	unsigned int size;
	bool constructed;
	unsigned int n; /* live objects */
	struct {
		u8 *obj;
		u8 fill;
	} live[LIVE];
};

static struct model models[CACHES];

static void construct(void *obj)
{
	memset(obj, 0xc7, 24);
}

static const struct {
	unsigned int size, align;
	void (*ctor)(void *);
} shapes[CACHES] = {
	{ 8, 0, NULL },	   { 24, 0, construct }, { 200, 64, NULL },
	{ 1300, 0, NULL }, { 9000, 0, NULL },
};

static void model_check_object(const struct model *m, unsigned int i)
{
	assert_null(memchr_inv(m->live[i].obj, m->live[i].fill, m->size));
}

static void model_add(struct model *m, u8 *obj, bool zeroed)
{
	assert_true(m->n < LIVE);
	if (m->constructed)
		assert_null(memchr_inv(obj, 0xc7, m->size));
	if (zeroed)
		assert_null(memchr_inv(obj, 0, m->size));
	m->live[m->n].obj = obj;
	m->live[m->n].fill = (u8)random_below(256);
	memset(obj, m->live[m->n].fill, m->size);
	m->n++;
}

static u8 *model_remove(struct model *m)
{
	unsigned int i = random_below(m->n);
	u8 *obj = m->live[i].obj;

	model_check_object(m, i);
	m->live[i] = m->live[--m->n];
	if (m->constructed)
		construct(obj);
	return obj;
}

static void step_alloc(struct model *m)
{
	bool zero = !m->constructed && random_below(3) == 0;
	u8 *obj = zero ? kmem_cache_zalloc(m->s, GFP_KERNEL)
		       : kmem_cache_alloc(m->s, GFP_KERNEL);

	if (obj)
		model_add(m, obj, zero);
}

static void step_alloc_bulk(struct model *m)
{
	void *objs[BULK];
	size_t n = 1 + random_below(BULK);
	int got = kmem_cache_alloc_bulk(m->s, GFP_NOWAIT, n, objs);

	assert_true(got == 0 || got == (int)n);
	for (int i = 0; i < got; i++)
		model_add(m, objs[i], false);
}

static void step_free(struct model *m)
{
	void *obj = model_remove(m);

	if (random_below(2))
		kmem_cache_free(m->s, obj);
	else
		kfree(obj);
}

static void step_free_bulk(struct model *m)
{
	void *objs[BULK];
	size_t n = 1 + random_below(BULK);

	if (n > m->n)
		n = m->n;
	for (size_t i = 0; i < n; i++)
		objs[i] = model_remove(m);
	kmem_cache_free_bulk(random_below(2) ? m->s : NULL, n, objs);
}

/* Sweeps up and down, so that slabs fill and empty. */
static void step(struct model *m, bool growing)
{
	unsigned int what = random_below(growing ? 10 : 14);

	if (random_below(200) == 0) {
		kmem_cache_shrink(m->s);
	} else if (what < 7) {
		if (m->n + BULK < LIVE)
			random_below(4) ? step_alloc(m) : step_alloc_bulk(m);
	} else if (m->n) {
		random_below(4) ? step_free(m) : step_free_bulk(m);
	}
}

static void models_start(slab_flags_t flags)
{
	static const char *const names[CACHES] = { "m0", "m1", "m2", "m3", "m4" };

	for (unsigned int i = 0; i < CACHES; i++) {
		models[i].s = kmem_cache_create(names[i], shapes[i].size, shapes[i].align,
						flags, shapes[i].ctor);
		models[i].size = shapes[i].size;
		models[i].constructed = shapes[i].ctor;
		models[i].n = 0;
		assert_non_null(models[i].s);
	}
}

static void models_end(void)
{
	for (unsigned int i = 0; i < CACHES; i++) {
		while (models[i].n)
			kmem_cache_free(models[i].s, model_remove(&models[i]));
		assert_int_equal(kmem_cache_destroy(models[i].s), 0);
	}
}

static void models_run(unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		struct model *m = &models[random_below(CACHES)];

		step(m, i / 500 % 2 == 0);
		assert_int_equal(kmem_cache_verify(m->s), 0);
		assert_int_equal(info_of(m->s).active_objs, m->n);
		if (i % 50 == 0)
			slab_check();
	}
}

static void random_calls(void **state)
{
	(void)state;
	models_start(0);
	models_run(STEPS);
	models_end();
}

static void random_calls_under_debugging(void **state)
{
	(void)state;
	models_start(SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER |
		     SLAB_CONSISTENCY_CHECKS);
	models_run(STEPS / 4);
	models_end();
}

/* Every 7th page cannot be had: no call may lose or invent an object. */
static void random_calls_while_pages_fail(void **state)
{
	(void)state;
	models_start(0);
	fail_pages(7, -1);
	models_run(STEPS);
	fail_nothing();
	models_end();
	host_log_clear();
}

static void random_calls_while_objects_fail(void **state)
{
	(void)state;
	models_start(0);
	fail_objects(NULL, 5, -1);
	models_run(STEPS / 2);
	fail_nothing();
	models_run(STEPS / 2);
	models_end();
}

/* Frees cannot get magazines; everything must go on working without. */
static void random_calls_without_magazines(void **state)
{
	(void)state;
	models_start(0);
	fail_objects(find_cache("magazine-30"), 1, -1);
	models_run(STEPS);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(info_of(models[i].s).cpu_cached, 0);
	fail_nothing();
	models_run(STEPS);
	models_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(random_calls),
		slab_test(random_calls_under_debugging),
		slab_test(random_calls_while_pages_fail),
		slab_test(random_calls_while_objects_fail),
		slab_test(random_calls_without_magazines),
	};

	return cmocka_run_group_tests_name("slab_model", tests, NULL, NULL);
}
