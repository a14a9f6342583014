/* SPDX-License-Identifier: MIT */
/*
 * What one allocation and freeing costs, in instructions: the rows of `make bench-guest`.
 *
 * Written against Linux's names only, for this page is compiled twice: into our guest
 * (exp_bench.c) and into a module of a stock Linux (tests/bench/linux-module), which is
 * counted beside it.  Who includes it defines
 *
 *	bench_clock()			a counter; under `qemu-system-x86_64 -icount shift=0`
 *					the time-stamp counter counts instructions
 *	bench_print(name, n, count)	a row: n operations took `count`
 *
 * and calls bench_rows_run().  A row runs in rounds and its middle one counts, so that an
 * interrupt spoils nothing; before them some rounds fill the allocators' stores.  The cost of
 * an empty loop of as many turns is taken off.
 */
#ifndef GUEST_EXPERIMENTS_BENCH_ROWS_H
#define GUEST_EXPERIMENTS_BENCH_ROWS_H

#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define BENCH_TURNS  100
#define BENCH_WARM   10
#define BENCH_ROUNDS 31 /* odd */
#define BENCH_BATCH  1000
#define BENCH_BULK   16
#define BENCH_LIST   16

static struct kmem_cache *bench_cache;
static void *bench_objects[BENCH_BATCH];
static struct device *bench_device; /* the first of the PCI bus, by its DMA mask alone */
static char *bench_buffer;
static struct scatterlist bench_list[BENCH_LIST];
static u64 bench_samples[BENCH_ROUNDS];

/* One round: BENCH_TURNS turns of what the row counts.  False: there was no memory. */
typedef bool (*bench_round)(unsigned long param);

static bool bench_nothing(unsigned long param)
{
	(void)param;
	for (unsigned int i = 0; i < BENCH_TURNS; i++)
		barrier();
	return true;
}

static bool bench_pages(unsigned long order)
{
	for (unsigned int i = 0; i < BENCH_TURNS; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, (unsigned int)order);

		if (unlikely(!page))
			return false;
		__free_pages(page, (unsigned int)order);
	}
	return true;
}

static bool bench_kmalloc(unsigned long param)
{
	(void)param;
	for (unsigned int i = 0; i < BENCH_TURNS; i++) {
		void *p = kmalloc(64, GFP_KERNEL);

		if (unlikely(!p))
			return false;
		kfree(p);
	}
	return true;
}

static bool bench_cache_pair(unsigned long param)
{
	(void)param;
	for (unsigned int i = 0; i < BENCH_TURNS; i++) {
		void *p = kmem_cache_alloc(bench_cache, GFP_KERNEL);

		if (unlikely(!p))
			return false;
		kmem_cache_free(bench_cache, p);
	}
	return true;
}

/* All of a batch is allocated, then freed in reverse. */
static bool bench_batch(unsigned long param)
{
	unsigned int n;

	(void)param;
	for (n = 0; n < BENCH_BATCH; n++) {
		bench_objects[n] = kmalloc(64, GFP_KERNEL);
		if (unlikely(!bench_objects[n]))
			break;
	}
	for (unsigned int i = n; i-- > 0;)
		kfree(bench_objects[i]);
	return n == BENCH_BATCH;
}

static bool bench_bulk(unsigned long param)
{
	(void)param;
	for (unsigned int i = 0; i < BENCH_TURNS; i++) {
		if (unlikely(!kmem_cache_alloc_bulk(bench_cache, GFP_KERNEL, BENCH_BULK,
						    bench_objects)))
			return false;
		kmem_cache_free_bulk(bench_cache, BENCH_BULK, bench_objects);
	}
	return true;
}

static bool bench_vmalloc(unsigned long pages)
{
	for (unsigned int i = 0; i < BENCH_TURNS; i++) {
		void *p = vmalloc(pages * PAGE_SIZE);

		if (unlikely(!p))
			return false;
		vfree(p);
	}
	return true;
}

static bool bench_dma_map(unsigned long size)
{
	for (unsigned int i = 0; i < BENCH_TURNS; i++) {
		dma_addr_t addr =
			dma_map_single(bench_device, bench_buffer, size, DMA_TO_DEVICE);

		if (unlikely(dma_mapping_error(bench_device, addr)))
			return false;
		dma_unmap_single(bench_device, addr, size, DMA_TO_DEVICE);
	}
	return true;
}

static bool bench_dma_map_sg(unsigned long nents)
{
	for (unsigned int i = 0; i < BENCH_TURNS; i++) {
		if (unlikely(!dma_map_sg(bench_device, bench_list, (int)nents,
					 DMA_TO_DEVICE)))
			return false;
		dma_unmap_sg(bench_device, bench_list, (int)nents, DMA_TO_DEVICE);
	}
	return true;
}

/* Sorts as it goes: there are few. */
static void bench_keep(unsigned int n, u64 sample)
{
	for (; n && bench_samples[n - 1] > sample; n--)
		bench_samples[n] = bench_samples[n - 1];
	bench_samples[n] = sample;
}

/* The middle one of the rounds; 0 when there was no memory. */
static u64 bench_measure(bench_round round, unsigned long param)
{
	for (unsigned int i = 0; i < BENCH_WARM; i++)
		if (!round(param))
			return 0;
	for (unsigned int i = 0; i < BENCH_ROUNDS; i++) {
		u64 start = bench_clock();

		if (!round(param))
			return 0;
		bench_keep(i, bench_clock() - start);
	}
	return bench_samples[BENCH_ROUNDS / 2];
}

static const struct bench_row {
	const char *name;
	bench_round round;
	unsigned long param;
	unsigned int turns,
		operations; /* loop turns, and what counts as one, of a round */
} bench_rows[] = {
	{ "pages-order-0", bench_pages, 0, BENCH_TURNS, BENCH_TURNS },
	{ "pages-order-3", bench_pages, 3, BENCH_TURNS, BENCH_TURNS },
	{ "pages-order-9", bench_pages, 9, BENCH_TURNS, BENCH_TURNS },
	{ "kmalloc-64", bench_kmalloc, 0, BENCH_TURNS, BENCH_TURNS },
	{ "cache-192", bench_cache_pair, 0, BENCH_TURNS, BENCH_TURNS },
	{ "kmalloc-64-batch", bench_batch, 0, 2 * BENCH_BATCH, BENCH_BATCH },
	{ "bulk-16-object", bench_bulk, 0, BENCH_TURNS, BENCH_TURNS *BENCH_BULK },
	{ "vmalloc-1", bench_vmalloc, 1, BENCH_TURNS, BENCH_TURNS },
	{ "vmalloc-4", bench_vmalloc, 4, BENCH_TURNS, BENCH_TURNS },
	{ "vmalloc-64", bench_vmalloc, 64, BENCH_TURNS, BENCH_TURNS },
	{ "vmalloc-1024", bench_vmalloc, 1024, BENCH_TURNS, BENCH_TURNS },
	{ "dma-map", bench_dma_map, 64, BENCH_TURNS, BENCH_TURNS },
	{ "dma-map-sg-16", bench_dma_map_sg, BENCH_LIST, BENCH_TURNS, BENCH_TURNS },
};

/* A cache, a device, and a list of pieces of a buffer that do not touch. */
static int bench_begin(void)
{
	struct pci_dev *first = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, NULL);

	if (!first)
		return -ENODEV;
	bench_device = &first->dev;
	bench_cache = kmem_cache_create("bench-192", 192, 0, 0, NULL);
	bench_buffer = kmalloc(BENCH_LIST * 512, GFP_KERNEL);
	if (!bench_cache || !bench_buffer)
		return -ENOMEM;
	sg_init_table(bench_list, BENCH_LIST);
	for (unsigned int i = 0; i < BENCH_LIST; i++)
		sg_set_buf(&bench_list[i], bench_buffer + i * 512, 256);
	return 0;
}

/* Runs every row; 0, or a negative errno where one could not be run. */
static int bench_rows_run(void)
{
	u64 turns = bench_measure(bench_nothing, 0);
	int err = bench_begin();

	for (unsigned int i = 0; !err && i < ARRAY_SIZE(bench_rows); i++) {
		const struct bench_row *row = &bench_rows[i];
		u64 count = bench_measure(row->round, row->param);

		if (!count)
			err = -ENOMEM;
		else
			bench_print(row->name, row->operations,
				    count - turns * row->turns / BENCH_TURNS);
	}
	kfree(bench_buffer);
	kmem_cache_destroy(bench_cache);
	return err;
}

#endif
