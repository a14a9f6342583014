/* SPDX-License-Identifier: MIT */
/*
 * Memory that the page allocator never sees.
 *
 * Two old recipes for a buffer larger than any block of the page allocator.  Boot code may
 * take it in one piece while all of memory is still one piece (alloc_bootmem; here the
 * option bootmem=SIZE does so).  Or the kernel is told by mem=SIZE to leave the top of RAM
 * alone, and a driver that knows where that is maps it: ioremap() for registers or shared
 * memory, memremap() where it is to be cached.
 *
 * Witnesses: the device, which fills the whole as one physical range, and of which the CPU
 * then checks a word on each page; the page allocator's own books; faults.
 */
#include <linux/bootmem.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <mm/platform.h>

#include "experiment.h"
#include "kept_back.h"
#include "witness.h"

#define CHAPTER CHAPTER_BOOT

/* The device writes [dma, dma + size) in one go: does the CPU find it all at p? */
static void device_fills(struct trial *x, const void *p, dma_addr_t dma, size_t size)
{
	u64 written, seen, seed = 0x626f6f74 + size;
	int err = dmacheck_fill(dma, size, seed, &written);

	if (!expect(x, !err, "the device does not fill %zu bytes: %d", size, err))
		return;
	expect(x, !wrong_words(p, size, seed), "%lu pages hold something else",
	       wrong_words(p, size, seed));
	err = dmacheck_hash(dma, size, &seen);
	expect(x, !err && seen == written, "error %d, hash %016lx instead of %016lx", err,
	       seen, written);
	evidence(x, "one range for the device: %016lx", seen);
}

static bool held_by_page_allocator(unsigned long pfn)
{
	struct page *head = compound_head(pfn_to_page(pfn));

	return PageBuddy(head) || PagePcp(head) || PageLive(head);
}

#define PROBES 64UL

EXPERIMENT(bootmem_large, "bootmem.large",
	   "memory taken at boot is one piece, larger than a block and outside the buddy",
	   .needs = NEEDS_DMACHECK)
{
	unsigned long size, held = 0, step;
	char *p = bootmem_kept(&size), text[TEXT_SIZE];
	dma_addr_t dma;

	if (!p) {
		skip(x, "none was taken: boot with bootmem=16M");
		return;
	}
	expect(x, size > MAX_ORDER_SIZE, "%lu bytes: a block of the buddy has as many",
	       size);
	step = DIV_ROUND_UP(size / PAGE_SIZE, PROBES) * PAGE_SIZE;
	for (unsigned long at = 0; at < size; at += step)
		held += held_by_page_allocator(virt_to_pfn(p + at));
	expect(x, !held, "%lu of its frames are the page allocator's", held);
	expect(x, memblock_is_region_reserved(__pa(p), size), "it is not reserved");
	evidence(x, "%s at %#lx, a block has 4 MiB", text_size(text, size),
		 (unsigned long)__pa(p));
	dma = dma_map_single(dmacheck_device(), p, size, DMA_BIDIRECTIONAL);
	if (expect(x, !dma_mapping_error(dmacheck_device(), dma), "cannot be mapped")) {
		device_fills(x, p, dma, size);
		dma_unmap_single(dmacheck_device(), dma, size, DMA_BIDIRECTIONAL);
	}
	provoke(x, 1);
	expect(x, !alloc_bootmem(PAGE_SIZE), "boot memory can still be had");
	evidence(x, "refused after boot");
}

/* Writes through one mapping of the range; the words are checked through the next. */
static void write_through(struct trial *x, void *p, size_t size, const char *call,
			  u64 seed)
{
	if (!expect(x, p, "%s fails", call))
		return;
	if (seed > 1)
		expect(x, !wrong_words(p, size, seed - 1), "%s shows other bytes", call);
	stamp_pages(p, size, seed);
}

/* Device registers are not cached; so the cached mapping comes last. */
static void map_three_ways(struct trial *x, phys_addr_t phys, size_t size)
{
	size_t some = min(size, (size_t)SZ_1M * 2);
	void __iomem *io = ioremap(phys, some), *wc;
	dma_addr_t dma;
	void *p;

	write_through(x, io, some, "ioremap", 1);
	iounmap(io);
	wc = ioremap_wc(phys, some);
	write_through(x, wc, some, "ioremap_wc", 2);
	iounmap(wc);
	p = memremap(phys, size, MEMREMAP_WB);
	write_through(x, p, some, "memremap", 3);
	if (!p)
		return;
	evidence(x, "mapped by entries of %lu KiB",
		 platform_mapping_size((unsigned long)p) / 1024);
	expect(x, !vmalloc_to_page((char *)p + size - PAGE_SIZE), "it has struct pages");
	/* It has no struct page: what a driver lends of it is a resource. */
	dma = dma_map_resource(dmacheck_device(), phys, size, DMA_BIDIRECTIONAL, 0);
	if (expect(x, !dma_mapping_error(dmacheck_device(), dma), "cannot be mapped")) {
		device_fills(x, p, dma, size);
		dma_unmap_resource(dmacheck_device(), dma, size, DMA_BIDIRECTIONAL, 0);
	}
	memunmap(p);
}

EXPERIMENT(bootmem_reserved_top, "bootmem.reserved-top",
	   "RAM kept back with mem= is nobody's, and ioremap or memremap reach it",
	   .needs = NEEDS_DMACHECK)
{
	char text[TEXT_SIZE];
	phys_addr_t phys;
	size_t size = kept_back_range(&phys);

	if (!size) {
		skip(x, "none was kept back: boot with mem= some MiB less than there is");
		return;
	}
	evidence(x, "%s at %#lx", text_size(text, size), (unsigned long)phys);
	expect(x, !memblock_is_memory(phys), "memblock knows it");
	expect(x, platform_probe_faults((unsigned long)__va(phys + size - 8)),
	       "it is in the direct map");
	map_three_ways(x, phys, size);
}
