/* SPDX-License-Identifier: MIT */
/* DMA pools: random use against a model, geometry, bad frees, failures, several CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/atomic.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include "mm/slab_info.h"
#include "tests/host/host.h"
/* The pool's fields are private; verify_finds_damage() damages them. */
#include "mm/dmapool.c" /* NOLINT(bugprone-suspicious-include) */

static struct device dev;
static u64 dma_mask;

static int set_up(void **state)
{
	(void)state;
	host_mm_init(64UL << 20);
	dma_mask = DMA_BIT_MASK(32);
	dev = (struct device){
		.name = "0000:00:05.0",
		.dma_mask = &dma_mask,
		.coherent_dma_mask = DMA_BIT_MASK(32),
	};
	dma_pool_set_debug(false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(atomic_long_read(&dev.dma.coherent), 0);
	if (host_events.warnings || host_events.violations)
		fail_msg("unexpected: %s", host_log());
	host_mm_reset();
	return 0;
}

static void verify(struct dma_pool *pool)
{
	if (dma_pool_verify(pool))
		fail_msg("%s", host_log());
}

/* --- random use ---------------------------------------------------------------------- */

#define BLOCKS 700

static struct block {
	unsigned char *vaddr; /* NULL: not allocated */
	dma_addr_t dma;
	unsigned char fill;
} blocks[BLOCKS];

struct geometry {
	size_t size, align, boundary;
};

static void check_place(const struct block *b, const struct geometry *g)
{
	size_t align = g->align ? g->align : 1;

	assert_int_equal(b->dma, virt_to_phys(b->vaddr));
	assert_true(IS_ALIGNED(b->dma, align));
	if (g->boundary)
		assert_int_equal(b->dma / g->boundary,
				 (b->dma + g->size - 1) / g->boundary);
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (blocks[i].vaddr && &blocks[i] != b)
			assert_true(blocks[i].dma + g->size <= b->dma ||
				    b->dma + g->size <= blocks[i].dma);
}

static void take(struct dma_pool *pool, struct block *b, const struct geometry *g)
{
	bool zero = rand() % 4 == 0;

	b->vaddr = zero ? dma_pool_zalloc(pool, GFP_KERNEL, &b->dma)
			: dma_pool_alloc(pool, GFP_ATOMIC, &b->dma);
	assert_non_null(b->vaddr);
	if (zero)
		assert_null(memchr_inv(b->vaddr, 0, g->size));
	check_place(b, g);
	b->fill = (unsigned char)rand();
	memset(b->vaddr, b->fill, g->size);
}

static void give(struct dma_pool *pool, struct block *b, const struct geometry *g)
{
	assert_null(memchr_inv(b->vaddr, b->fill, g->size));
	dma_pool_free(pool, b->vaddr, b->dma);
	b->vaddr = NULL;
}

static void use_at_random(const struct geometry *g, unsigned int nr, unsigned int steps)
{
	struct dma_pool *pool =
		dma_pool_create("test", &dev, g->size, g->align, g->boundary);
	struct dma_pool_stats stats;
	unsigned int used = 0;

	assert_non_null(pool);
	for (unsigned int step = 0; step < steps; step++) {
		struct block *b = &blocks[(unsigned int)rand() % nr];

		if (b->vaddr) {
			give(pool, b, g);
			used--;
		} else {
			take(pool, b, g);
			used++;
		}
		verify(pool);
		dma_pool_get_stats(pool, &stats);
		assert_int_equal(stats.nr_active, used);
	}
	assert_true(stats.nr_blocks >= used);
	assert_int_equal(stats.nr_pages, atomic_long_read(&dev.dma.coherent));
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (blocks[i].vaddr)
			give(pool, &blocks[i], g);
	dma_pool_destroy(pool);
}

static const struct geometry geometries[] = {
	{ 1, 0, 0 },	      { 16, 16, 0 },	  { 24, 8, 256 },
	{ 40, 64, 4096 },     { 100, 1, 128 },	  { 300, 32, 1024 },
	{ 1024, 1024, 1024 }, { 1500, 4, 2048 },  { 2049, 1, 4096 },
	{ 4096, 4096, 0 },    { 5000, 16, 8192 }, { 3000, 8192, 8192 },
	{ 20000, 64, 65536 },
};

static void random_use_follows_the_model(void **state)
{
	(void)state;
	srand(5);
	for (unsigned int debug = 0; debug < 2; debug++) {
		dma_pool_set_debug(debug);
		for (unsigned int i = 0; i < ARRAY_SIZE(geometries); i++)
			use_at_random(&geometries[i],
				      geometries[i].size < 1000 ? BLOCKS : 60, 1500);
	}
}

/* --- geometry ------------------------------------------------------------------------ */

static void sizes_are_rounded_up(void **state)
{
	struct dma_pool *pool = dma_pool_create("p", &dev, 33, 32, 0);
	struct dma_pool_stats stats;
	dma_addr_t dma;
	void *p = dma_pool_alloc(pool, GFP_KERNEL, &dma);

	(void)state;
	dma_pool_get_stats(pool, &stats);
	assert_int_equal(stats.size, 64);
	assert_int_equal(stats.nr_pages, 1);
	assert_int_equal(stats.nr_blocks, 64);
	dma_pool_free(pool, p, dma);
	dma_pool_destroy(pool);
}

static void blocks_have_a_least_size(void **state)
{
	struct dma_pool *pool = dma_pool_create("p", &dev, 1, 0, 0);
	struct dma_pool_stats stats;

	(void)state;
	dma_pool_get_stats(pool, &stats);
	assert_int_equal(stats.size, 16);
	dma_pool_destroy(pool);
}

static void geometry_that_makes_no_sense(void **state)
{
	static const struct geometry bad[] = {
		{ 0, 0, 0 },	      { 16, 3, 0 },   { 16, 0, 8 },
		{ 16, 0, 48 },	      { 16, 64, 32 }, { (4UL << 20) + 1, 0, 0 },
		{ 16, 8UL << 20, 0 }, { ~0UL, 0, 0 }, { 5000, 0, 4096 },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(dma_pool_create("p", &dev, bad[i].size, bad[i].align,
					    bad[i].boundary));
	dma_pool_destroy(NULL);
}

/* --- wrong calls --------------------------------------------------------------------- */

static void expect_report(const char *text)
{
	assert_int_equal(host_events.warnings, 1);
	if (!host_log_has(text))
		fail_msg("no \"%s\" in: %s", text, host_log());
	host_log_clear();
}

static void bad_frees_are_reported_and_change_nothing(void **state)
{
	struct dma_pool *pool = dma_pool_create("p", &dev, 48, 16, 1024);
	struct dma_pool *other = dma_pool_create("q", &dev, 48, 16, 1024);
	dma_addr_t a_dma, b_dma, c_dma;
	char *a = dma_pool_alloc(pool, GFP_KERNEL, &a_dma);
	char *b = dma_pool_alloc(pool, GFP_KERNEL, &b_dma);
	char *c = dma_pool_alloc(other, GFP_KERNEL, &c_dma);
	struct dma_pool_stats stats;

	(void)state;
	dma_pool_free(pool, a, a_dma);
	dma_pool_free(pool, a, a_dma);
	expect_report("is free already");
	dma_pool_free(pool, b + 16, b_dma + 16);
	expect_report("is not the start of a block");
	/* 21 blocks of 48 bytes leave 16 bytes in each KiB, which are no block. */
	dma_pool_free(pool, a + 21 * 48UL, a_dma + 21 * 48UL);
	expect_report("is not the start of a block");
	dma_pool_free(pool, b, a_dma);
	expect_report("has another bus address");
	dma_pool_free(pool, c, c_dma);
	expect_report("is not in this pool");
	dma_pool_free(pool, &stats, 0);
	expect_report("is not in this pool");
	dma_pool_get_stats(pool, &stats);
	assert_int_equal(stats.nr_bad, 6);
	assert_int_equal(stats.nr_active, 1);
	verify(pool);
	verify(other);
	dma_pool_free(pool, b, b_dma);
	dma_pool_free(other, c, c_dma);
	dma_pool_destroy(pool);
	dma_pool_destroy(other);
}

static void a_busy_pool_is_not_destroyed(void **state)
{
	struct dma_pool *pool = dma_pool_create("busy", &dev, 64, 64, 0);
	dma_addr_t dma;
	char *p = dma_pool_alloc(pool, GFP_KERNEL, &dma);

	(void)state;
	p[0] = 1;
	dma_pool_destroy(pool);
	expect_report("busy has 1 blocks in use");
	verify(pool);
	assert_int_equal(p[0], 1);
	dma_pool_free(pool, p, dma);
	dma_pool_destroy(pool);
}

static void writes_to_free_blocks_are_caught(void **state)
{
	struct dma_pool *pool;
	dma_addr_t dma;
	char *p;

	(void)state;
	dma_pool_set_debug(true);
	pool = dma_pool_create("p", &dev, 64, 64, 0);
	p = dma_pool_alloc(pool, GFP_KERNEL, &dma);
	dma_pool_free(pool, p, dma);
	p[63] ^= 1;
	assert_int_equal(dma_pool_verify(pool), -EINVAL);
	assert_true(host_log_has("at byte 63"));
	host_log_clear();
	assert_ptr_equal(dma_pool_alloc(pool, GFP_KERNEL, &dma), p);
	expect_report("was written to");
	dma_pool_free(pool, p, dma);
	verify(pool);
	dma_pool_destroy(pool);
}

static void expect_fault(struct dma_pool *pool, const char *what)
{
	host_log_clear();
	assert_int_equal(dma_pool_verify(pool), -EINVAL);
	if (!host_log_has(what))
		fail_msg("no \"%s\" in: %s", what, host_log());
	host_log_clear();
}

static void verify_finds_damage(void **state)
{
	struct dma_pool *pool = dma_pool_create("p", &dev, 96, 32, 0);
	dma_addr_t dma;
	void *p = dma_pool_alloc(pool, GFP_KERNEL, &dma);
	struct slice *slice = list_first_entry(&pool->partial, struct slice, list);

	(void)state;
	slice->free--;
	expect_fault(pool, "wrong count of free blocks");
	slice->free++;
	pool->active++;
	expect_fault(pool, "wrong count of blocks in use");
	pool->active--;
	/* 42 blocks: bit 42 is none. */
	__set_bit(42, slice->map);
	expect_fault(pool, "does not exist");
	__clear_bit(42, slice->map);
	list_del_init(&slice->list);
	expect_fault(pool, "not on the list");
	list_add(&slice->list, &pool->partial);
	slice->range.max_gap++;
	expect_fault(pool, "wrong largest gap");
	slice->range.max_gap--;
	verify(pool);
	dma_pool_free(pool, p, dma);
	dma_pool_destroy(pool);
}

static void sleeping_is_refused_in_atomic_context(void **state)
{
	struct dma_pool *pool = dma_pool_create("p", &dev, 64, 64, 0);
	dma_addr_t dma;
	void *p;

	(void)state;
	preempt_disable();
	p = dma_pool_alloc(pool, GFP_ATOMIC, &dma);
	assert_non_null(p);
	/* Also where no sleep would be needed. */
	assert_null(dma_pool_alloc(pool, GFP_KERNEL, &dma));
	assert_int_equal(host_events.violations, 1);
	host_log_clear();
	dma_pool_free(pool, p, dma);
	preempt_enable();
	dma_pool_destroy(pool);
}

/* --- failures ------------------------------------------------------------------------ */

static void memory_may_be_missing(void **state)
{
	struct fault_attr pages = { .probability = 100, .interval = 1, .times = { 1 } };
	struct fault_attr object = pages;
	struct dma_pool *pool;
	dma_addr_t dma;
	void *p;

	(void)state;
	failslab_set(&object, NULL);
	assert_null(dma_pool_create("p", &dev, 64, 64, 0));
	failslab_set(NULL, NULL);
	pool = dma_pool_create("p", &dev, 64, 64, 0);
	p = dma_pool_alloc(pool, GFP_KERNEL, &dma);
	for (unsigned int i = 1; i < 64; i++)
		assert_non_null(dma_pool_alloc(pool, GFP_KERNEL, &dma));

	atomic_set(&object.times, 1);
	failslab_set(&object, NULL);
	assert_null(dma_pool_alloc(pool, GFP_KERNEL, &dma));
	failslab_set(NULL, NULL);
	assert_int_equal(atomic_long_read(&object.failed), 2);
	verify(pool);
	fail_page_alloc_set(&pages);
	assert_null(dma_pool_alloc(pool, GFP_KERNEL | __GFP_NOWARN, &dma));
	fail_page_alloc_set(NULL);
	assert_int_equal(atomic_long_read(&pages.failed), 1);
	verify(pool);
	assert_int_equal(atomic_long_read(&dev.dma.coherent), 1);
	for (unsigned int i = 0; i < 64; i++)
		dma_pool_free(pool, (char *)p + 64UL * i, virt_to_phys(p) + 64UL * i);
	verify(pool);
	dma_pool_destroy(pool);
}

/* So often that what one attempt loses would show. */
static void failures_leave_nothing(void **state)
{
	struct dma_pool *pool = dma_pool_create("p", &dev, 64, 64, 0);
	unsigned long before = nr_free_pages();
	dma_addr_t dma;

	(void)state;
	for (unsigned int i = 0; i < 5000; i++) {
		assert_null(dma_pool_create("p", &dev, 5000, 0, 4096));
		dev.coherent_dma_mask = 0;
		assert_null(dma_pool_alloc(pool, GFP_KERNEL, &dma));
		dev.coherent_dma_mask = DMA_BIT_MASK(32);
	}
	assert_true(nr_free_pages() + 40 > before);
	dma_pool_destroy(pool);
}

/* --- several CPUs -------------------------------------------------------------------- */

static struct dma_pool *shared;
static unsigned long *exchange[64];

/* The first word of a block is its own address. */
static void cross_allocate(void *arg)
{
	unsigned int seed = 5 + arch_cpu_id();

	(void)arg;
	for (unsigned int step = 0; step < 30000; step++) {
		dma_addr_t dma;
		unsigned long *p = dma_pool_alloc(shared, GFP_ATOMIC, &dma);

		if (p)
			*p = (unsigned long)p;
		p = xchg(&exchange[(unsigned int)rand_r(&seed) % ARRAY_SIZE(exchange)],
			 p);
		if (!p)
			continue;
		if (*p != (unsigned long)p)
			panic("block %p was changed", (void *)p);
		dma_pool_free(shared, p, virt_to_phys(p));
	}
}

static void cpus_free_what_others_allocate(void **state)
{
	(void)state;
	shared = dma_pool_create("shared", &dev, 128, 64, 512);
	host_run_on_cpus(4, cross_allocate, NULL);
	verify(shared);
	for (unsigned int i = 0; i < ARRAY_SIZE(exchange); i++) {
		if (exchange[i])
			dma_pool_free(shared, exchange[i], virt_to_phys(exchange[i]));
		exchange[i] = NULL;
	}
	verify(shared);
	dma_pool_destroy(shared);
}

#define pool_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pool_test(random_use_follows_the_model),
		pool_test(sizes_are_rounded_up),
		pool_test(blocks_have_a_least_size),
		pool_test(failures_leave_nothing),
		pool_test(geometry_that_makes_no_sense),
		pool_test(bad_frees_are_reported_and_change_nothing),
		pool_test(a_busy_pool_is_not_destroyed),
		pool_test(writes_to_free_blocks_are_caught),
		pool_test(verify_finds_damage),
		pool_test(sleeping_is_refused_in_atomic_context),
		pool_test(memory_may_be_missing),
		pool_test(cpus_free_what_others_allocate),
	};

	return cmocka_run_group_tests_name("dmapool", tests, NULL, NULL);
}
