/* SPDX-License-Identifier: MIT */
/* The ways to memory behind one interface: see allocators.h. */
#include <abi/platform.h>
#include <linux/bootmem.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <guest/blk.h>
#include <guest/dmacheck.h>
#include <guest/process.h>

#include "allocators.h"
#include "kept_back.h"
#include "table_row.h"

static size_t highest_kmalloc(void)
{
	return KMALLOC_MAX_SIZE;
}

/* --- pages ------------------------------------------------------------------------------ */

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

/* --- objects ---------------------------------------------------------------------------- */

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

static void kmalloc_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)s;
	(void)dma;
	kfree(p);
}

static bool mempool_open(struct source *s)
{
	s->store = mempool_create_kmalloc_pool(1, s->size);
	return s->store;
}

static void mempool_close(struct source *s)
{
	mempool_destroy(s->store);
}

static void *mempool_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	(void)dma;
	return mempool_alloc(s->store, gfp);
}

static void mempool_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)dma;
	mempool_free(p, s->store);
}

/* --- address ranges --------------------------------------------------------------------- */

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

/* What there is to map: RAM that was kept back, else the window where the registers of PCI
 * devices are, which is mapped but not touched. */
static size_t mappable(phys_addr_t *phys)
{
	size_t size = kept_back_range(phys);

	if (size)
		return size;
	*phys = PV_MMIO_BASE;
	return memblock_overlaps_region(&memblock.memory, PV_MMIO_BASE, PV_MMIO_SIZE)
		       ? 0
		       : PV_MMIO_SIZE;
}

static size_t ioremap_highest(void)
{
	phys_addr_t phys;

	return mappable(&phys);
}

static const char *ioremap_missing(void)
{
	return ioremap_highest() ? NULL : "RAM is where devices are mapped elsewhere";
}

static bool ioremap_untouchable(void)
{
	phys_addr_t phys;

	return !kept_back_range(&phys);
}

static const char *ioremap_note(void)
{
	return ioremap_untouchable() ? "registers are mapped, but not touched; with mem= "
				       "the RAM kept back is asked, too"
				     : NULL;
}

static void *ioremap_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	phys_addr_t phys;

	(void)gfp;
	if (s->size > mappable(&phys))
		return NULL;
	*dma = phys;
	return (void *)ioremap(phys, s->size);
}

static void ioremap_put(const struct source *s, void *p, dma_addr_t dma)
{
	(void)s;
	(void)dma;
	iounmap(p);
}

/* --- for devices ------------------------------------------------------------------------ */

struct device *allocators_device(void)
{
	struct blk *disk = blk_get(0);

	if (dmacheck_device())
		return dmacheck_device();
	return disk ? blk_device(disk) : NULL;
}

static const char *coherent_missing(void)
{
	return allocators_device() ? NULL : "this machine has no device that does DMA";
}

static void *coherent_get(const struct source *s, gfp_t gfp, dma_addr_t *dma)
{
	return dma_alloc_coherent(allocators_device(), s->size, dma, gfp);
}

static void coherent_put(const struct source *s, void *p, dma_addr_t dma)
{
	dma_free_coherent(allocators_device(), s->size, p, dma);
}

/* --- other times, other places ---------------------------------------------------------- */

static const char *bootmem_missing(void)
{
	unsigned long size;

	return bootmem_kept(&size) ? NULL : "boot with bootmem=16M";
}

static const char *user_missing(void)
{
	return process_supported() ? NULL : PROCESS_UNSUPPORTED;
}

const struct allocator allocators[] = {
	{ .name = "__get_free_pages",
	  .principle = "buddy: blocks of 2^n pages",
	  .best_for = "whole pages, large DMA buffers",
	  .get = free_pages_get,
	  .put = free_pages_put },
	{ .name = "kmem_cache_alloc",
	  .principle = "slabs, cut into objects of one size",
	  .best_for = "many objects of one kind",
	  .open = cache_open,
	  .close = cache_close,
	  .get = cache_get,
	  .put = cache_put,
	  .highest = highest_kmalloc },
	{ .name = "kmalloc",
	  .principle = "caches by size, above 8 KiB the buddy",
	  .best_for = "buffers of any small size, also for DMA",
	  .get = kmalloc_get,
	  .put = kmalloc_put },
	{ .name = "vmalloc",
	  .principle = "single pages in a row of addresses",
	  .best_for = "large tables that no device reads",
	  .get = vmalloc_get,
	  .put = vmalloc_put,
	  .to_the_end = true,
	  .dear = true },
	{ .name = "dma_alloc_coherent",
	  .principle = "pages that the device's mask reaches",
	  .best_for = "rings and buffers shared with a device",
	  .missing = coherent_missing,
	  .get = coherent_get,
	  .put = coherent_put,
	  .tells_dma = true,
	  .clears = true,
	  .dear = true },
	{ .name = "ioremap",
	  .principle = "addresses for what is no kernel RAM",
	  .best_for = "device registers, RAM kept back (mem=)",
	  .missing = ioremap_missing,
	  .get = ioremap_get,
	  .put = ioremap_put,
	  .highest = ioremap_highest,
	  .untouchable = ioremap_untouchable,
	  .note = ioremap_note,
	  .tells_dma = true },
	{ .name = "alloc_bootmem",
	  .principle = "cut from RAM before there is a buddy",
	  .best_for = "one piece above 4 MiB, kept for ever",
	  .missing = bootmem_missing,
	  .measure = measure_bootmem },
	{ .name = "mempool",
	  .principle = "another allocator, and a reserve",
	  .best_for = "progress when memory has run out",
	  .open = mempool_open,
	  .close = mempool_close,
	  .get = mempool_get,
	  .put = mempool_put,
	  .highest = highest_kmalloc },
	{ .name = "user malloc",
	  .principle = "a heap by brk; from 128 KiB on mmap",
	  .best_for = "programs: a frame comes at first touch",
	  .missing = user_missing,
	  .measure = measure_user_malloc },
};
const unsigned int nr_allocators = ARRAY_SIZE(allocators);

const struct allocator *allocator_find(const char *name)
{
	for (unsigned int i = 0; i < nr_allocators; i++)
		if (!strcmp(allocators[i].name, name))
			return &allocators[i];
	return NULL;
}

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
