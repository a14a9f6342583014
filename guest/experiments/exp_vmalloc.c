/* SPDX-License-Identifier: MIT */
/*
 * vmalloc: contiguous for the CPU only.
 *
 * vmalloc() takes single pages from wherever they are free and maps them side by side, in
 * a part of the address space made for it.  So it can be larger than any free block; but
 * there is no one physical range behind it, and a device that is told the physical address
 * of its first page and the length reads the memory of others.  Page by page, as a scatter
 * list, a device does reach it.  After each area one page is never mapped: running over
 * the end faults instead of spoiling a neighbour.
 *
 * Witnesses: the device, which describes the pages as runs of physical memory and hashes
 * what it is told; the page tables; a fault.
 */
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <guest/xxhash.h>
#include <mm/platform.h>

#include "experiment.h"
#include "fault_watch.h"
#include "fragment.h"
#include "table.h"
#include "witness.h"

#define CHAPTER CHAPTER_VMALLOC

#define PAGES 32
#define BYTES (PAGES * PAGE_SIZE)

/* A buffer from fragmented memory. */
static void *scattered_vmalloc(struct trial *x, struct list_head *held)
{
	void *p;

	hold_every_second_page(held, PAGES);
	p = vmalloc(BYTES);
	expect(x, p, "no %lu bytes", BYTES);
	return p;
}

/* Physical runs, by the page tables. */
static unsigned long runs_by_page_table(const char *p, unsigned long pages)
{
	unsigned long runs = 0, last = 0;

	for (unsigned long i = 0; i < pages; i++) {
		unsigned long pfn = vmalloc_to_pfn(p + i * PAGE_SIZE);

		runs += !i || pfn != last + 1;
		last = pfn;
	}
	return runs;
}

/* Of a page that may lack a direct map. */
static u64 first_word(struct page *page)
{
	u64 *p = kmap_local_page(page), word = *p;

	kunmap_local(p);
	return word;
}

EXPERIMENT(vmalloc_virtual, "vmalloc.virtual",
	   "vmalloc memory has contiguous addresses over scattered page frames")
{
	LIST_HEAD(held);
	char *p = scattered_vmalloc(x, &held);
	unsigned long runs;

	if (!p)
		goto out;
	expect(x, is_vmalloc_addr(p) && !virt_addr_valid(p), "%p is no vmalloc address",
	       p);
	stamp_pages(p, BYTES, 1);
	expect(x, !wrong_words(p, BYTES, 1), "%lu words are not what was written",
	       wrong_words(p, BYTES, 1));
	for (unsigned long at = 0; at < BYTES; at += PAGE_SIZE)
		expect(x, *(u64 *)(p + at) == first_word(vmalloc_to_page(p + at)),
		       "page at %#lx: its frame holds something else", at);
	runs = runs_by_page_table(p, PAGES);
	expect(x, runs > 1, "the frames are contiguous");
	evidence(x, "%u pages side by side, %lu runs of frames by the page tables", PAGES,
		 runs);
	if (dmacheck_device()) {
		unsigned long seen = device_runs(x, p, BYTES);

		expect(x, seen == runs, "the device finds %lu runs", seen);
		evidence(x, "%lu by the device", seen);
	}
	vfree(p);
out:
	free_held_pages(&held);
}

/* Lets the device hash the buffer page by page; the buffer's pages are one scatter list. */
static u64 hash_by_pages(struct trial *x, char *p)
{
	struct device *dev = dmacheck_device();
	struct page *pages[PAGES];
	struct sg_table table;
	u64 hash = 0;
	int err;

	for (unsigned int i = 0; i < PAGES; i++)
		pages[i] = vmalloc_to_page(p + i * PAGE_SIZE);
	if (!expect(x,
		    !sg_alloc_table_from_pages(&table, pages, PAGES, 0, BYTES,
					       GFP_KERNEL),
		    "no scatter list"))
		return 0;
	if (expect(x, !dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0),
		   "cannot be mapped")) {
		err = dmacheck_hash_sg(table.sgl, table.nents, &hash);
		expect(x, !err, "the device does not hash the list: %d", err);
		evidence(x, "%u pages as a list of %u segments: device %016lx", PAGES,
			 table.nents, hash);
		dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	}
	sg_free_table(&table);
	return hash;
}

/*
 * What a driver must not do: the first page's bus address, and the whole length.  The
 * device only reads; what it finds are other bytes, the end of RAM, or that the IOMMU has
 * mapped the one page alone.
 */
static void mistake_for_one_range(struct trial *x, char *p, u64 mine)
{
	struct device *dev = dmacheck_device();
	dma_addr_t dma =
		dma_map_page(dev, vmalloc_to_page(p), 0, PAGE_SIZE, DMA_TO_DEVICE);
	u64 seen = 0;
	int err;

	if (!expect(x, !dma_mapping_error(dev, dma), "the first page cannot be mapped"))
		return;
	watch_faults(dev);
	err = dmacheck_hash(dma, BYTES, &seen);
	end_watch(dev, false);
	dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	if (err == -EFAULT) {
		evidence(x, device_iommu_mapped(dev)
				    ? "as one range the IOMMU stops it"
				    : "as one range it is past the end of RAM");
		return;
	}
	expect(x, !err && seen != mine, "as one range: error %d, hash %016lx", err, seen);
	evidence(x, "as one range: CPU %016lx, device %016lx", mine, seen);
}

EXPERIMENT(vmalloc_not_dma, "vmalloc.not-dma",
	   "vmalloc memory is no single range for a device, but a list of pages",
	   .needs = NEEDS_DMACHECK)
{
	LIST_HEAD(held);
	char *p = scattered_vmalloc(x, &held);
	u64 mine;

	if (p) {
		stamp_pages(p, BYTES, 2);
		mine = xxh3_64(p, BYTES);
		mistake_for_one_range(x, p, mine);
		expect(x, hash_by_pages(x, p) == mine,
		       "page by page, and the hashes differ");
		vfree(p);
	}
	free_held_pages(&held);
}

EXPERIMENT(vmalloc_guard, "vmalloc.guard", "the page after a vmalloc area faults")
{
	char *p = vmalloc(3 * PAGE_SIZE - 100), *q = vmalloc(PAGE_SIZE);
	unsigned long end = (unsigned long)p + 3 * PAGE_SIZE;

	if (!expect(x, p && q, "no memory"))
		goto out;
	expect(x, !platform_probe_faults(end - 8), "the last word faults");
	expect(x, platform_probe_faults(end), "the guard page can be read");
	expect(x, platform_translate(end) == PHYS_ADDR_MAX, "the guard page is mapped");
	expect(x, platform_probe_faults((unsigned long)q + PAGE_SIZE),
	       "no guard after one page");
	evidence(x, "last word of 3 pages reads, 1 byte after them faults");
out:
	vfree(q);
	vfree(p);
}

/* A page of it costs a hundred instructions, and the host a struct page: where each
 * instruction is emulated, blocks of 2 MiB have to do, and enough is enough. */
#define LARGE_SLOW_MAX (512UL << 20)
#define LARGE_FAST_MAX (4UL << 30)

EXPERIMENT(vmalloc_large, "vmalloc.large", "vmalloc can give half of RAM in one piece")
{
	unsigned long size = totalram_pages() / 2 * PAGE_SIZE, wrong;
	bool slow = machine_is_slow();
	char text[TEXT_SIZE], *p;

	size = min(size, slow ? LARGE_SLOW_MAX : LARGE_FAST_MAX);
	p = slow ? vmalloc_huge(size, GFP_KERNEL) : vmalloc(size);
	if (!expect(x, p, "no %s", text_size(text, size)))
		return;
	/* One word in each MiB: enough to show that each part is memory of its own. */
	for (unsigned long at = 0; at < size; at += SZ_1M)
		*(u64 *)(p + at) = ~at;
	wrong = 0;
	for (unsigned long at = 0; at < size; at += SZ_1M)
		wrong += *(u64 *)(p + at) != ~at;
	expect(x, !wrong, "%lu words changed", wrong);
	expect(x, platform_probe_faults((unsigned long)p + PAGE_ALIGN(size)),
	       "no guard page");
	comparison_saw("vmalloc", size, false);
	evidence(x, "%s in one area, %lu pages, %lu%% of RAM", text_size(text, size),
		 size / PAGE_SIZE, (size / PAGE_SIZE * 100 + 50) / totalram_pages());
	vfree(p);
}
