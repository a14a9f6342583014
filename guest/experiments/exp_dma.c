/* SPDX-License-Identifier: MIT */
/*
 * The DMA API: lending memory to a device.
 *
 * A coherent buffer belongs to the CPU and the device all the time: what one writes, the
 * other reads next, with no call in between.  It is zeroed, contiguous, page-aligned, and
 * at most 4 MiB.  A streaming mapping lends a buffer that is there already, for one
 * transfer in one direction.  A scatter list lends many pieces at once, and the device
 * sees them as one stream.  A pool cuts coherent pages into small blocks that keep their
 * alignment and do not cross the boundary asked for.
 *
 * Witness: dmacheck, which fills, copies and hashes at the bus addresses that the API gave.
 */
#include <linux/cma.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <guest/blk.h>
#include <guest/dmacheck.h>
#include <guest/xxhash.h>
#include <mm/platform.h>

#include "experiment.h"
#include "table.h"
#include "witness.h"

#define CHAPTER CHAPTER_DMA

#define PING_PONGS 8

/* One word goes to the device and comes back, again and again; the CPU adds one each time.
 * How many turns went well. */
static unsigned int ping_pong(struct trial *x, u64 *to, dma_addr_t to_dma, u64 *from,
			      dma_addr_t from_dma)
{
	unsigned int turn;
	u64 hash;

	for (turn = 0; turn < PING_PONGS; turn++) {
		int err;

		WRITE_ONCE(*to, turn ? READ_ONCE(*from) + 1 : 1);
		err = dmacheck_copy(to_dma, from_dma, sizeof(*to), &hash);
		if (!expect(x, !err, "copy %u: %d", turn, err) ||
		    !expect(x, READ_ONCE(*from) == turn + 1, "turn %u: the CPU reads %lu",
			    turn, READ_ONCE(*from)))
			break;
	}
	return turn;
}

EXPERIMENT(dma_coherent, "dma.coherent",
	   "the CPU and the device see each other's writes to a coherent buffer at once",
	   .needs = NEEDS_DMACHECK)
{
	struct device *dev = dmacheck_device();
	size_t size = 2 * PAGE_SIZE;
	dma_addr_t to_dma, from_dma;
	u64 *to = dma_alloc_coherent(dev, size, &to_dma, GFP_KERNEL);
	u64 *from = dma_alloc_coherent(dev, size, &from_dma, GFP_KERNEL);

	if (!expect(x, to && from, "no buffers"))
		goto out;
	expect(x, !memchr_inv(to, 0, size) && !memchr_inv(from, 0, size), "not zeroed");
	expect(x, PAGE_ALIGNED(to) && PAGE_ALIGNED(to_dma), "at %p, for the device %#lx",
	       to, to_dma);
	evidence(x, "%u turns between CPU and device, no sync call",
		 ping_pong(x, to, to_dma, from, from_dma));
	expect(x, is_one_range(x, to, to_dma, size), "the device sees other bytes");
	evidence(x, "%zu bytes zeroed at %#lx, one range", size, to_dma);
out:
	if (from)
		dma_free_coherent(dev, size, from, from_dma);
	if (to)
		dma_free_coherent(dev, size, to, to_dma);
}

/* The device fills a coherent buffer as one range; false: there is no such buffer. */
static bool fill_coherent(struct trial *x, size_t size)
{
	struct device *dev = dmacheck_device();
	dma_addr_t dma;
	void *p = dma_alloc_coherent(dev, size, &dma, GFP_KERNEL | __GFP_NOWARN);
	u64 hash;
	int err;

	if (!p)
		return false;
	err = dmacheck_fill(dma, size, 5, &hash);
	expect(x, !err, "the device does not fill %zu bytes: %d", size, err);
	expect(x, !wrong_words(p, size, 5), "the CPU finds %lu words of %zu bytes wrong",
	       wrong_words(p, size, 5), size);
	dma_free_coherent(dev, size, p, dma);
	return true;
}

EXPERIMENT(
	dma_coherent_limit, "dma.coherent-limit",
	"a coherent buffer has 4 MiB at most, without a contiguous area or an IOMMU, and "
	"lies below the device's mask",
	.needs = NEEDS_DMACHECK)
{
	struct device *dev = dmacheck_device();
	const char *more = device_iommu_mapped(dev) ? "frames mapped as one range"
			   : cma_get_size() >= 2 * SZ_4M
				   ? "one out of the contiguous area"
				   : NULL;
	u64 mask = dev->coherent_dma_mask;
	dma_addr_t dma;
	void *p;

	expect(x, fill_coherent(x, SZ_4M), "no 4 MiB");
	expect(x, fill_coherent(x, SZ_4M + PAGE_SIZE) == !!more, "more than 4 MiB: %s",
	       more ? "none" : "given");
	comparison_saw("dma_alloc_coherent", SZ_4M + (more ? PAGE_SIZE : 0), !more);

	expect(x, !dma_set_coherent_mask(dev, DMA_BIT_MASK(24)), "24 bits are refused");
	p = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL);
	if (expect(x, p, "nothing below 16 MiB")) {
		expect(x, dma + PAGE_SIZE <= 1UL << 24, "mask of 24 bits, buffer at %#lx",
		       dma);
		evidence(x, "4 MiB one range, 4100 KiB %s, 24-bit mask: page at %#lx",
			 more ? more : "refused", dma);
		dma_free_coherent(dev, PAGE_SIZE, p, dma);
	}
	dev->coherent_dma_mask = mask;
}

#define STREAM_SIZE 6000

EXPERIMENT(dma_streaming, "dma.streaming",
	   "a mapped buffer reaches the device whole, and comes back whole",
	   .needs = NEEDS_DMACHECK)
{
	struct device *dev = dmacheck_device();
	u8 *p = kmalloc(STREAM_SIZE, GFP_KERNEL);
	u64 seen = 0, written = 0, mine;
	dma_addr_t dma;
	long live;

	if (!expect(x, p, "no memory"))
		return;
	live = atomic_long_read(&dev->dma.mappings);

	stamp_pages(p, STREAM_SIZE, 3);
	mine = xxh3_64(p, STREAM_SIZE);
	dma = dma_map_single(dev, p, STREAM_SIZE, DMA_TO_DEVICE);
	if (expect(x, !dma_mapping_error(dev, dma), "cannot be mapped")) {
		expect(x, !dmacheck_hash(dma, STREAM_SIZE, &seen) && seen == mine,
		       "to the device: CPU %016lx, device %016lx", mine, seen);
		dma_unmap_single(dev, dma, STREAM_SIZE, DMA_TO_DEVICE);
		evidence(x, "%u bytes to the device: CPU %016lx device %016lx",
			 STREAM_SIZE, mine, seen);
	}
	dma = dma_map_single(dev, p, STREAM_SIZE, DMA_FROM_DEVICE);
	if (expect(x, !dma_mapping_error(dev, dma), "cannot be mapped")) {
		expect(x, atomic_long_read(&dev->dma.mappings) == live + 1,
		       "%ld mappings before, %ld with one more", live,
		       atomic_long_read(&dev->dma.mappings));
		expect(x, !dmacheck_fill(dma, STREAM_SIZE, 4, &written),
		       "cannot be filled");
		dma_unmap_single(dev, dma, STREAM_SIZE, DMA_FROM_DEVICE);
	}
	mine = xxh3_64(p, STREAM_SIZE);
	expect(x, mine == written, "from the device: it wrote %016lx, the CPU has %016lx",
	       written, mine);
	expect(x, atomic_long_read(&dev->dma.mappings) == live, "still mapped");
	evidence(x, "%u bytes from it: CPU %016lx device %016lx", STREAM_SIZE, mine,
		 written);
	kfree(p);
}

#define SG_PIECES 5

static const unsigned int sg_sizes[SG_PIECES] = { 4096, 100, 9000, 8, 2048 };

/* One stream out of the pieces, for the CPU's hash. */
static u64 hash_pieces(struct trial *x, void *const *pieces, size_t total)
{
	char *joined = kmalloc(total, GFP_KERNEL);
	size_t at = 0;
	u64 hash;

	if (!expect(x, joined, "no memory"))
		return 0;
	for (unsigned int i = 0; i < SG_PIECES; at += sg_sizes[i++])
		memcpy(joined + at, pieces[i], sg_sizes[i]);
	hash = xxh3_64(joined, total);
	kfree(joined);
	return hash;
}

static void map_and_hash(struct trial *x, struct scatterlist *sg, void *const *pieces,
			 size_t total)
{
	struct device *dev = dmacheck_device();
	unsigned int mapped = dma_map_sg(dev, sg, SG_PIECES, DMA_TO_DEVICE);
	u64 seen = 0, mine = hash_pieces(x, pieces, total);

	if (!expect(x, mapped, "the list cannot be mapped"))
		return;
	expect(x, mapped <= SG_PIECES, "%u entries of %u", mapped, SG_PIECES);
	expect(x, !dmacheck_hash_sg(sg, mapped, &seen) && seen == mine,
	       "CPU %016lx, device %016lx", mine, seen);
	dma_unmap_sg(dev, sg, SG_PIECES, DMA_TO_DEVICE);
	evidence(x,
		 "%u pieces, %zu bytes, %u entries for the device: %016lx on both sides",
		 SG_PIECES, total, mapped, seen);
}

EXPERIMENT(dma_sg, "dma.sg", "a device sees the pieces of a scatter list as one stream",
	   .needs = NEEDS_DMACHECK)
{
	struct scatterlist sg[SG_PIECES];
	void *pieces[SG_PIECES];
	bool complete = true;
	size_t total = 0;

	sg_init_table(sg, SG_PIECES);
	for (unsigned int i = 0; i < SG_PIECES; i++) {
		pieces[i] = kmalloc(sg_sizes[i], GFP_KERNEL);
		complete &= expect(x, pieces[i], "no memory");
		if (!pieces[i])
			continue;
		stamp_pages(pieces[i], sg_sizes[i] & ~7UL, i + 5);
		sg_set_buf(&sg[i], pieces[i], sg_sizes[i]);
		total += sg_sizes[i];
	}
	if (complete)
		map_and_hash(x, sg, pieces, total);
	for (unsigned int i = 0; i < SG_PIECES; i++)
		kfree(pieces[i]);
}

#define POOL_BLOCKS   20
#define POOL_SIZE     208
#define POOL_ALIGN    16
#define POOL_BOUNDARY 1024

struct pool_block {
	void *p;
	dma_addr_t dma;
};

/* Takes the blocks, each filled by the device with a pattern of its own. */
static unsigned int fill_pool(struct trial *x, struct dma_pool *pool,
			      struct pool_block *b)
{
	unsigned int n;
	u64 hash;

	for (n = 0; n < POOL_BLOCKS; n++) {
		b[n].p = dma_pool_alloc(pool, GFP_KERNEL, &b[n].dma);
		if (!expect(x, b[n].p, "block %u: none", n))
			break;
		expect(x, IS_ALIGNED(b[n].dma, POOL_ALIGN), "block %u at %#lx", n,
		       b[n].dma);
		expect(x,
		       b[n].dma / POOL_BOUNDARY ==
			       (b[n].dma + POOL_SIZE - 1) / POOL_BOUNDARY,
		       "block %u at %#lx crosses a boundary", n, b[n].dma);
		expect(x, !dmacheck_fill(b[n].dma, POOL_SIZE, n, &hash),
		       "block %u: no DMA", n);
	}
	return n;
}

EXPERIMENT(dma_pool_blocks, "dma.pool",
	   "pool blocks are aligned, cross no boundary and do not overlap",
	   .needs = NEEDS_DMACHECK)
{
	struct pool_block blocks[POOL_BLOCKS];
	struct dma_pool_stats stats;
	struct dma_pool *pool;
	unsigned int n, words = 0;

	pool = dma_pool_create("exp-pool", dmacheck_device(), POOL_SIZE, POOL_ALIGN,
			       POOL_BOUNDARY);
	if (!expect(x, pool, "no pool"))
		return;
	n = fill_pool(x, pool, blocks);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int w = 0; w < POOL_SIZE / 8; w++, words++)
			expect(x, ((u64 *)blocks[i].p)[w] == DMACHECK_PATTERN(i, w),
			       "block %u: word %u was overwritten", i, w);
	expect(x, !dma_pool_verify(pool), "the pool finds itself broken");
	dma_pool_get_stats(pool, &stats);
	evidence(x, "%u blocks of %u B in %lu pages, aligned to %u, none across %u", n,
		 POOL_SIZE, stats.nr_pages, POOL_ALIGN, POOL_BOUNDARY);
	evidence(x, "%u words as the device wrote them", words);
	while (n--)
		dma_pool_free(pool, blocks[n].p, blocks[n].dma);
	dma_pool_destroy(pool);
}

/* A device that has registers in memory space, and the BAR they are in; -1 for none. */
static int memory_bar(struct pci_dev **found)
{
	struct device *devices[] = { dmacheck_device(),
				     blk_get(0) ? blk_device(blk_get(0)) : NULL };

	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++) {
		if (!devices[i])
			continue;
		*found = to_pci_dev(devices[i]);
		for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++)
			if (pci_resource_flags(*found, bar) & IORESOURCE_MEM)
				return bar;
	}
	return -1;
}

EXPERIMENT(ioremap_bar, "ioremap.bar",
	   "ioremap reaches device registers, which the direct map does not hold")
{
	struct pci_dev *pdev;
	int bar = memory_bar(&pdev);
	phys_addr_t start;
	void __iomem *one, *two;
	size_t length;

	if (bar < 0) {
		skip(x, "no device has registers in memory space");
		return;
	}
	start = pci_resource_start(pdev, bar);
	length = pci_resource_len(pdev, bar);
	one = ioremap(start, length);
	two = ioremap(start + 4, 8);
	if (!expect(x, one && two, "cannot be mapped"))
		goto out;
	expect(x, platform_translate((unsigned long)one) == start, "%p maps %#lx", one,
	       platform_translate((unsigned long)one));
	expect(x, offset_in_page(two) == offset_in_page(start + 4), "%p for %#lx", two,
	       start + 4);
	expect(x, readl((char __iomem *)one + 4) == readl(two),
	       "two mappings of one register differ");
	expect(x, platform_probe_faults((unsigned long)one + PAGE_ALIGN(length)),
	       "no guard page after the registers");
	expect(x, !virt_addr_valid(__va(start)), "the direct map claims the registers");
	evidence(x, "%s BAR %d, %zu KiB at %#lx, two mappings read the same",
		 pci_name(pdev), bar, length / 1024, start);
out:
	iounmap(two);
	iounmap(one);
	expect(x, platform_probe_faults((unsigned long)one),
	       "still mapped after iounmap");
}
