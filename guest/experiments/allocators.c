/* SPDX-License-Identifier: MIT */
/* Eight ways to memory behind one interface: see allocators.h. */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <guest/blk.h>
#include <guest/dmacheck.h>

#include "allocators.h"

struct device *allocators_device(void)
{
	struct blk *disk = blk_get(0);

	if (dmacheck_device())
		return dmacheck_device();
	return disk ? blk_device(disk) : NULL;
}

static void *pages_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	struct page *page = alloc_pages(gfp, get_order(s->size));

	(void)dma;
	return page ? page_address(page) : NULL;
}

static void pages_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)dma;
	__free_pages(virt_to_page(p), get_order(s->size));
}

static void *free_pages_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	(void)dma;
	return (void *)__get_free_pages(gfp, get_order(s->size));
}

static void free_pages_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)dma;
	free_pages((unsigned long)p, get_order(s->size));
}

static bool cache_open(struct source *s)
{
	s->store = kmem_cache_create("exp-table", (unsigned int)s->size, 0, 0, NULL);
	return s->store;
}

static void cache_close(struct source *s)
{
	kmem_cache_destroy(s->store);
}

static void *cache_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	(void)dma;
	return kmem_cache_alloc(s->store, gfp);
}

static void cache_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)dma;
	kmem_cache_free(s->store, p);
}

static void *kmalloc_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	(void)dma;
	return kmalloc(s->size, gfp);
}

static void *kzalloc_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	(void)dma;
	return kzalloc(s->size, gfp);
}

static void kmalloc_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)s;
	(void)dma;
	kfree(p);
}

static void *vmalloc_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	(void)dma;
	return __vmalloc(s->size, gfp);
}

static void vmalloc_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)s;
	(void)dma;
	vfree(p);
}

static void *coherent_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	return dma_alloc_coherent(allocators_device(), s->size, dma, gfp);
}

static void coherent_put(const struct source *s, void *p, dma_addr_t dma)
{
	dma_free_coherent(allocators_device(), s->size, p, dma);
}

static bool pool_open(struct source *s)
{
	s->store = dma_pool_create("exp-table", allocators_device(), s->size, 0, 0);
	return s->store;
}

static void pool_close(struct source *s)
{
	dma_pool_destroy(s->store);
}

static void *pool_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	return dma_pool_alloc(s->store, gfp, dma);
}

static void pool_put(const struct source *s, void *p, dma_addr_t dma)
{
	dma_pool_free(s->store, p, dma);
}

const struct allocator allocators[] = {
	{ "alloc_pages", .get = pages_get, .put = pages_put },
	{ "__get_free_pages", .get = free_pages_get, .put = free_pages_put },
	{ "kmem_cache_alloc", cache_open, cache_close, cache_get, cache_put,
	  .loud_above = KMALLOC_MAX_SIZE },
	{ "kmalloc", .get = kmalloc_get, .put = kmalloc_put },
	{ "kzalloc", .get = kzalloc_get, .put = kmalloc_put },
	{ "vmalloc", .get = vmalloc_get, .put = vmalloc_put, .to_the_end = true },
	{ "dma_alloc_coherent", .get = coherent_get, .put = coherent_put,
	  .for_device = true },
	{ "dma_pool", pool_open, pool_close, pool_get, pool_put, .for_device = true },
};
const unsigned int nr_allocators = ARRAY_SIZE(allocators);

bool source_open(struct source *s, const struct allocator *a, size_t size)
{
	*s = (struct source){ .allocator = a, .size = size };
	return !a->open || a->open(s);
}

void source_close(struct source *s)
{
	if (s->allocator->close)
		s->allocator->close(s);
}
