/* SPDX-License-Identifier: MIT */
/*
 * Behind an IOMMU: each device has addresses of its own, through which it reaches what is
 * mapped for it, in the direction that was said, until it is unmapped; and nothing else.
 *
 * Witness: dmacheck, which says what it read or wrote at an address, or that it could not;
 * and the reports of the IOMMU.  edu is the second device.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <guest/edu.h>
#include <guest/viommu.h>
#include <guest/xxhash.h>

#include "experiment.h"
#include "fault_watch.h"
#include "fragment.h"
#include "witness.h"

#define CHAPTER CHAPTER_IOMMU

#define PAGES 8
#define BYTES (PAGES * PAGE_SIZE)
#define SMALL 256UL /* of a page: each byte that is hashed costs an instruction */

/* Of a size that no driver of ours maps: once unmapped, its addresses stay without a user. */
#define BLOCK_ORDER 3
#define BLOCK	    (PAGE_SIZE << BLOCK_ORDER)

static void *get_block(struct trial *x)
{
	void *p = (void *)__get_free_pages(GFP_KERNEL, BLOCK_ORDER);

	if (expect(x, p, "no memory"))
		memset(p, 0, SMALL);
	return p;
}

/* --- one range -------------------------------------------------------------------------------- */

/* A list of the buffer's pages, one entry each. */
static bool list_pages(struct trial *x, struct sg_table *table, char *p)
{
	struct page *pages[PAGES];

	for (unsigned int i = 0; i < PAGES; i++)
		pages[i] = vmalloc_to_page(p + i * PAGE_SIZE);
	return expect(x,
		      !sg_alloc_table_from_pages_segment(table, pages, PAGES, 0, BYTES,
							 PAGE_SIZE, GFP_KERNEL),
		      "no scatter list");
}

/* Runs of frames behind the buffer, by the page tables. */
static unsigned int frame_runs(const char *p)
{
	unsigned int runs = 1;

	for (unsigned int i = 1; i < PAGES; i++)
		runs += vmalloc_to_pfn(p + i * PAGE_SIZE) !=
			vmalloc_to_pfn(p + (i - 1) * PAGE_SIZE) + 1;
	return runs;
}

/* Maps the list for a device whose segments are limited so; how many it gets, and the device
 * reads the same bytes as the CPU in all of them. */
static unsigned int segments(struct trial *x, struct sg_table *table, u64 mine,
			     unsigned int max_size)
{
	struct device *dev = dmacheck_device();
	unsigned int before = dma_get_max_seg_size(dev), n = 0;
	u64 hash = 0;

	dma_set_max_seg_size(dev, max_size);
	if (expect(x, !dma_map_sgtable(dev, table, DMA_TO_DEVICE, 0), "not mapped")) {
		n = table->nents;
		expect(x, !dmacheck_hash_sg(table->sgl, n, &hash) && hash == mine,
		       "segments of %u: CPU %016lx, device %016lx", max_size, mine, hash);
		dma_unmap_sgtable(dev, table, DMA_TO_DEVICE, 0);
	}
	dma_set_max_seg_size(dev, before);
	return n;
}

EXPERIMENT(iommu_map_vmalloc, "iommu.map",
	   "behind an IOMMU the scattered frames of a vmalloc buffer are ONE range",
	   .needs = NEEDS_DMACHECK | NEEDS_IOMMU)
{
	struct device *dev = dmacheck_device();
	struct sg_table table;
	LIST_HEAD(held);
	u64 mine, seen = 0;
	char *p;

	hold_every_second_page_here(&held, PAGES);
	p = vmalloc(BYTES);
	if (!expect(x, p, "no memory") || !list_pages(x, &table, p))
		goto out;
	stamp_pages(p, BYTES, 11);
	mine = xxh3_64(p, BYTES);
	if (expect(x, !dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0), "not mapped")) {
		dma_addr_t dma = sg_dma_address(table.sgl);

		expect(x, frame_runs(p) > 1, "the frames are contiguous");
		expect(x, table.nents == 1 && sg_dma_len(table.sgl) == BYTES,
		       "%u segments, the first of %u bytes", table.nents,
		       sg_dma_len(table.sgl));
		expect(x, !dmacheck_hash(dma, BYTES, &seen) && seen == mine,
		       "CPU %016lx, device %016lx", mine, seen);
		evidence(x,
			 "%u runs of frames, one range at %#lx: CPU %016lx device %016lx",
			 frame_runs(p), dma, mine, seen);
		dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	}
	sg_free_table(&table);
out:
	vfree(p);
	free_held_pages(&held);
}

EXPERIMENT(iommu_sg_merge, "iommu.sg-merge",
	   "entries of a scatter list merge as far as the device's segments may be long",
	   .needs = NEEDS_DMACHECK | NEEDS_IOMMU)
{
	struct sg_table table;
	LIST_HEAD(held);
	unsigned int whole, some, each;
	u64 mine;
	char *p;

	hold_every_second_page_here(&held, PAGES);
	p = vmalloc(BYTES);
	if (!expect(x, p, "no memory") || !list_pages(x, &table, p))
		goto out;
	stamp_pages(p, BYTES, 12);
	mine = xxh3_64(p, BYTES);
	whole = segments(x, &table, mine, BYTES);
	some = segments(x, &table, mine, 2 * PAGE_SIZE);
	each = segments(x, &table, mine, PAGE_SIZE);
	expect(x, whole == 1, "no limit, %u segments", whole);
	expect(x, some >= PAGES / 2 && some <= table.orig_nents, "8 KiB, %u segments",
	       some);
	expect(x, each == table.orig_nents, "4 KiB, %u segments", each);
	evidence(x, "%u entries: %u segment of %lu KiB, %u of 8 KiB, %u of 4 KiB",
		 table.orig_nents, whole, BYTES / 1024, some, each);
	sg_free_table(&table);
out:
	vfree(p);
	free_held_pages(&held);
}

/* --- who reaches what ----------------------------------------------------------------------- */

/* Does edu read at the address what the block begins with?  QEMU's device does not say that
 * it failed; what it then has is not that. */
static bool edu_sees(dma_addr_t dma, const u64 *block)
{
	u64 *word = kzalloc(sizeof(*word), GFP_KERNEL);
	bool same = word && !edu_copy_in(word, 0, 8) && !edu_read_memory(dma, 0, 8) &&
		    !edu_copy_out(word, 0, 8) && *word == *block;

	kfree(word);
	return same;
}

/* A block of each device's, both mapped, at addresses that both devices can put on the bus. */
struct two {
	u64 *p, *q;
	dma_addr_t for_a, for_b;
};

static bool map_two(struct trial *x, struct two *t)
{
	struct device *a = dmacheck_device(), *b = edu_device();
	u64 mask = dma_get_mask(a);

	t->p[0] = 0x0aa0aa0aaUL;
	t->q[0] = 0x0bb0bb0bbUL;
	dma_set_mask(a, dma_get_mask(b));
	t->for_a = dma_map_single(a, t->p, BLOCK, DMA_BIDIRECTIONAL);
	t->for_b = dma_map_single(b, t->q, BLOCK, DMA_BIDIRECTIONAL);
	dma_set_mask(a, mask);
	return expect(x,
		      !dma_mapping_error(a, t->for_a) && !dma_mapping_error(b, t->for_b),
		      "cannot be mapped");
}

/* With both mapped each device sees its own. */
static void see_own(struct trial *x, const struct two *t)
{
	u64 ours = xxh3_64(t->p, SMALL), seen = 0;

	expect(x, !dmacheck_hash(t->for_a, SMALL, &seen) && seen == ours,
	       "dmacheck does not see its own block");
	expect(x, edu_sees(t->for_b, t->q), "edu does not see its own block");
	if (t->for_a == t->for_b)
		evidence(x, "%#lx is one block for dmacheck, another for edu", t->for_a);
}

/* With edu's alone mapped dmacheck cannot read or write it by any address. */
static unsigned int reach_for_other(struct trial *x, const struct two *t)
{
	u64 theirs = xxh3_64(t->q, SMALL), seen = 0;
	struct faults f;

	watch_faults(dmacheck_device());
	expect(x, dmacheck_hash(t->for_b, SMALL, &seen) == -EFAULT,
	       "dmacheck reads edu's block");
	expect(x, dmacheck_fill(t->for_b, SMALL, 1, &seen) == -EFAULT,
	       "dmacheck writes edu's block");
	expect(x, dmacheck_hash(virt_to_phys(t->q), SMALL, &seen) == -EFAULT,
	       "dmacheck reads memory by its physical address");
	f = end_watch(dmacheck_device(), true);
	expect(x, f.n == 3, "%u faults reported", f.n);
	expect(x, xxh3_64(t->q, SMALL) == theirs, "the block changed");
	return f.n;
}

EXPERIMENT(iommu_isolation, "iommu.isolation",
	   "a device reaches what is mapped for it, not what is mapped for another one, "
	   "nor memory by its physical address",
	   .needs = NEEDS_DMACHECK | NEEDS_IOMMU | NEEDS_EDU)
{
	struct device *a = dmacheck_device(), *b = edu_device();
	struct two t = { .p = get_block(x), .q = get_block(x) };
	unsigned int n;

	if (t.p && t.q && map_two(x, &t)) {
		see_own(x, &t);
		dma_unmap_single(a, t.for_a, BLOCK, DMA_BIDIRECTIONAL);
		n = reach_for_other(x, &t);
		dma_unmap_single(b, t.for_b, BLOCK, DMA_BIDIRECTIONAL);
		watch_faults(b);
		expect(x, !edu_sees(t.for_b, t.q), "edu sees what was unmapped");
		end_watch(b, true);
		evidence(x,
			 "dmacheck at edu's %#lx and at %#lx of RAM: %u faults, nothing "
			 "moved",
			 t.for_b, virt_to_phys(t.q), n);
	}
	free_pages((unsigned long)t.p, BLOCK_ORDER);
	free_pages((unsigned long)t.q, BLOCK_ORDER);
}

EXPERIMENT(iommu_readonly, "iommu.readonly",
	   "what is mapped to a device cannot be written by it, nor read what is mapped "
	   "from it",
	   .needs = NEEDS_DMACHECK | NEEDS_IOMMU)
{
	struct device *dev = dmacheck_device();
	void *p = (void *)get_zeroed_page(GFP_KERNEL);
	struct faults write, read;
	dma_addr_t dma;
	u64 seen = 0;

	if (!expect(x, p, "no memory"))
		return;
	dma = dma_map_single(dev, p, PAGE_SIZE, DMA_TO_DEVICE);
	expect(x, !dma_mapping_error(dev, dma), "cannot be mapped");
	watch_faults(dev);
	expect(x, dmacheck_fill(dma, SMALL, 5, &seen) == -EFAULT, "the device wrote");
	write = end_watch(dev, true);
	expect(x, write.n == 1 && write.write && write.iova == dma,
	       "%u faults, the last one a %s of %#lx", write.n,
	       write.write ? "write" : "read", write.iova);
	expect(x, !memchr_inv(p, 0, PAGE_SIZE), "the page changed");
	expect(x, !dmacheck_hash(dma, SMALL, &seen), "it cannot be read either");
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);

	dma = dma_map_single(dev, p, PAGE_SIZE, DMA_FROM_DEVICE);
	expect(x, !dma_mapping_error(dev, dma), "cannot be mapped");
	watch_faults(dev);
	expect(x, dmacheck_hash(dma, SMALL, &seen) == -EFAULT, "the device read");
	read = end_watch(dev, true);
	expect(x, read.n == 1 && !read.write, "%u faults, the last one a %s", read.n,
	       read.write ? "write" : "read");
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	evidence(x, "write of %#lx refused, page unchanged, read of %#lx refused",
		 write.iova, read.iova);
	free_page((unsigned long)p);
}

EXPERIMENT(iommu_unmap_stale, "iommu.unmap-stale",
	   "an address that was unmapped leads nowhere from then on",
	   .needs = NEEDS_DMACHECK | NEEDS_IOMMU)
{
	struct device *dev = dmacheck_device();
	void *p = get_block(x);
	u64 before = 0, seen = 0;
	struct faults f;
	dma_addr_t dma;

	if (!p)
		return;
	dma = dma_map_single(dev, p, BLOCK, DMA_BIDIRECTIONAL);
	expect(x, !dma_mapping_error(dev, dma), "cannot be mapped");
	/* So the device has its translation at hand. */
	expect(x, !dmacheck_fill(dma, SMALL, 6, &before), "no DMA while it is mapped");
	dma_unmap_single(dev, dma, BLOCK, DMA_BIDIRECTIONAL);
	watch_faults(dev);
	expect(x, dmacheck_hash(dma, SMALL, &seen) == -EFAULT, "the device reads it");
	expect(x, dmacheck_fill(dma, SMALL, 7, &seen) == -EFAULT, "the device writes it");
	f = end_watch(dev, true);
	expect(x, f.n == 2, "%u faults reported", f.n);
	expect(x, xxh3_64(p, SMALL) == before, "the page changed");
	evidence(x, "%#lx read and written while mapped, %u faults afterwards", dma, f.n);
	free_pages((unsigned long)p, BLOCK_ORDER);
}

EXPERIMENT(iommu_fault_report, "iommu.fault-report",
	   "a fault is reported once, with its address, its direction and its device",
	   .needs = NEEDS_DMACHECK | NEEDS_IOMMU)
{
	struct device *dev = dmacheck_device();
	size_t size = 3 * PAGE_SIZE;
	void *p = alloc_pages_exact(size, GFP_KERNEL);
	struct dmacheck_seg past;
	struct dmacheck_call call = { .op = DMACHECK_OP_HASH, .src = &past, .n_src = 1 };
	struct dmacheck_resp resp;
	struct faults f;
	dma_addr_t dma;
	int err;

	if (!expect(x, p, "no memory"))
		return;
	/* Addresses are set aside by powers of two: the fourth page is a hole. */
	dma = dma_map_single(dev, p, size, DMA_TO_DEVICE);
	expect(x, !dma_mapping_error(dev, dma), "cannot be mapped");
	expect(x, !iommu_iova_to_phys(dev->iommu->dma_domain, dma + size),
	       "something is mapped behind it");
	past = (struct dmacheck_seg){ dma + size - 64, 4096 };
	watch_faults(dev);
	err = dmacheck_request(&call, &resp);
	f = end_watch(dev, true);
	expect(x, err == -EFAULT && resp.bytes == 64, "error %d after %lu bytes", err,
	       (unsigned long)resp.bytes);
	expect(x, f.n == 1, "%u reports", f.n);
	expect(x, f.iova == dma + size, "of %#lx, not %#lx", f.iova, dma + size);
	expect(x, !f.write && f.dev == dev, "of another kind or another device");
	evidence(x, "64 bytes read, then one report: read of %#lx by %s", f.iova,
		 f.dev ? dev_name(f.dev) : "nobody");
	dma_unmap_single(dev, dma, size, DMA_TO_DEVICE);
	free_pages_exact(p, size);
}
