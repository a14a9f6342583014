/* SPDX-License-Identifier: MIT */
/* The cases of Linux's mm/dmapool_test.c: for each of its pools, as many blocks as fit in a
 * few slices are taken and given back, many times over. */
#include <linux/dmapool.h>
#include "dma_test.h"

#define NR_TESTS   100
#define MAX_BLOCKS 1024

struct dma_pool_pair {
	dma_addr_t dma;
	void *v;
};

static const struct dmapool_parms {
	const char *name;
	size_t size, align, boundary;
} pool_parms[] = {
	{ "pool-16", 16, 16, 0 },	{ "pool-64", 64, 64, 0 },
	{ "pool-256", 256, 256, 0 },	{ "pool-1024", 1024, 1024, 0 },
	{ "pool-4096", 4096, 4096, 0 }, { "pool-68", 68, 32, 4096 },
};

static void check_block(const struct dmapool_parms *parms, const struct dma_pool_pair *p)
{
	assert_non_null(p->v);
	assert_int_equal(p->dma % parms->align, 0);
	assert_int_equal(p->dma, virt_to_phys(p->v));
	if (parms->boundary)
		assert_int_equal(p->dma / parms->boundary,
				 (p->dma + parms->size - 1) / parms->boundary);
}

static void dmapool_test_alloc(const struct dmapool_parms *parms, struct dma_pool *pool,
			       struct dma_pool_pair *p, unsigned int blocks)
{
	for (unsigned int i = 0; i < blocks; i++) {
		p[i].v = dma_pool_alloc(pool, GFP_KERNEL, &p[i].dma);
		check_block(parms, &p[i]);
	}
	for (unsigned int i = 0; i < blocks; i++)
		dma_pool_free(pool, p[i].v, p[i].dma);
}

static void dmapool_test_block(const struct dmapool_parms *parms)
{
	static struct dma_pool_pair p[MAX_BLOCKS];
	size_t place = ALIGN(parms->size, parms->align);
	unsigned int blocks = (unsigned int)clamp(4 * PAGE_SIZE / place, 8UL, 1024UL);
	struct dma_pool *pool = dma_pool_create(parms->name, &dma_dev, parms->size,
						parms->align, parms->boundary);

	assert_non_null(pool);
	for (int round = 0; round < NR_TESTS; round++)
		dmapool_test_alloc(parms, pool, p, blocks);
	assert_int_equal(dma_pool_verify(pool), 0);
	dma_pool_destroy(pool);
}

static void dmapool_checks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pool_parms); i++)
		dmapool_test_block(&pool_parms[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { dma_test(dmapool_checks) };

	return cmocka_run_group_tests_name("linux_dmapool", tests, NULL, NULL);
}
