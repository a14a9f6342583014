/* SPDX-License-Identifier: MIT */
/*
 * A driver's three ways to a buffer.
 *
 * The disk is read whole, once into kmalloc memory (one streaming mapping), once into
 * vmalloc memory (a scatter list of its pages), once into a coherent buffer (no mapping at
 * all).  The bytes are the same, so the three XXH64 values are, and they are what
 * `xxhsum -H64` prints for the file on the host.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <guest/blk.h>
#include <guest/xxhash.h>

#include "experiment.h"
#include "witness.h"

#define CHAPTER CHAPTER_DISK

#define CHUNK	    (256UL << 10) /* read and hashed at a time */
#define CHUNK_PAGES (CHUNK / PAGE_SIZE)
#define SLOW_MAX    (8UL << 20) /* of a disk, where instructions are dear */

/* A kind of buffer: gets one, reads len bytes from a sector on into it, gives it back. */
struct reader {
	const char *name;
	struct blk *blk;
	void *buf;
	dma_addr_t dma; /* coherent */
	struct sg_table table; /* vmalloc */
	bool (*get)(struct reader *r);
	int (*read)(struct reader *r, u64 sector, size_t len);
	void (*put)(struct reader *r);
};

static bool kmalloc_get(struct reader *r)
{
	r->buf = kmalloc(CHUNK, GFP_KERNEL);
	return r->buf;
}

static int kmalloc_read(struct reader *r, u64 sector, size_t len)
{
	struct device *dev = blk_device(r->blk);
	dma_addr_t dma = dma_map_single(dev, r->buf, len, DMA_FROM_DEVICE);
	int err;

	if (dma_mapping_error(dev, dma))
		return -ENOMEM;
	err = blk_read_dma(r->blk, sector, dma, len);
	dma_unmap_single(dev, dma, len, DMA_FROM_DEVICE);
	return err;
}

static void kmalloc_put(struct reader *r)
{
	kfree(r->buf);
}

static bool vmalloc_get(struct reader *r)
{
	struct page *pages[CHUNK_PAGES];

	r->buf = vmalloc(CHUNK);
	if (!r->buf)
		return false;
	for (unsigned int i = 0; i < CHUNK_PAGES; i++)
		pages[i] = vmalloc_to_page((char *)r->buf + i * PAGE_SIZE);
	/* An entry a page: a device may take few bytes an entry, and all take a page. */
	if (!sg_alloc_table_from_pages_segment(&r->table, pages, CHUNK_PAGES, 0, CHUNK,
					       PAGE_SIZE, GFP_KERNEL))
		return true;
	vfree(r->buf);
	return false;
}

/* As many pages at a time as the disk takes entries. */
static int vmalloc_read(struct reader *r, u64 sector, size_t len)
{
	struct device *dev = blk_device(r->blk);
	unsigned int pages = (unsigned int)PFN_UP(len), batch, mapped;
	int err = 0;

	for (unsigned int at = 0; at < pages && !err; at += batch) {
		batch = min(pages - at, blk_max_segments(r->blk));
		mapped = dma_map_sg(dev, r->table.sgl + at, (int)batch, DMA_FROM_DEVICE);
		if (!mapped)
			return -ENOMEM;
		err = blk_read_sg(r->blk, sector + at * (PAGE_SIZE / SECTOR_SIZE),
				  r->table.sgl + at, mapped);
		dma_unmap_sg(dev, r->table.sgl + at, (int)batch, DMA_FROM_DEVICE);
	}
	return err;
}

static void vmalloc_put(struct reader *r)
{
	sg_free_table(&r->table);
	vfree(r->buf);
}

static bool coherent_get(struct reader *r)
{
	r->buf = dma_alloc_coherent(blk_device(r->blk), CHUNK, &r->dma, GFP_KERNEL);
	return r->buf;
}

static int coherent_read(struct reader *r, u64 sector, size_t len)
{
	return blk_read_dma(r->blk, sector, r->dma, len);
}

static void coherent_put(struct reader *r)
{
	dma_free_coherent(blk_device(r->blk), CHUNK, r->buf, r->dma);
}

static u64 hash_disk(struct trial *x, struct reader *r, u64 bytes)
{
	struct xxh64_stream hash;
	int err = 0;

	if (!expect(x, r->get(r), "no %s buffer", r->name))
		return 0;
	xxh64_start(&hash);
	for (u64 at = 0; at < bytes && !err; at += CHUNK) {
		size_t len = min(CHUNK, bytes - at);

		err = r->read(r, at / SECTOR_SIZE, len);
		expect(x, !err, "%s: reading %zu bytes at %lu: %d", r->name, len, at,
		       err);
		xxh64_update(&hash, r->buf, len);
	}
	r->put(r);
	return xxh64_digest(&hash);
}

EXPERIMENT(disk_hash, "disk.hash",
	   "the disk read into kmalloc, vmalloc and coherent buffers is the same bytes",
	   .needs = NEEDS_DISK)
{
	struct reader readers[] = {
		{ "kmalloc", .get = kmalloc_get, .read = kmalloc_read,
		  .put = kmalloc_put },
		{ "vmalloc", .get = vmalloc_get, .read = vmalloc_read,
		  .put = vmalloc_put },
		{ "coherent", .get = coherent_get, .read = coherent_read,
		  .put = coherent_put },
	};
	struct blk *blk = blk_get(0);
	u64 disk = blk_capacity(blk) * SECTOR_SIZE, bytes, hashes[ARRAY_SIZE(readers)];
	char size[TEXT_SIZE];

	bytes = machine_is_slow() ? min(disk, SLOW_MAX) : disk;
	evidence(x, "%s%s", bytes < disk ? "the first " : "", text_size(size, bytes));
	for (unsigned int i = 0; i < ARRAY_SIZE(readers); i++) {
		readers[i].blk = blk;
		hashes[i] = hash_disk(x, &readers[i], bytes);
		expect(x, hashes[i] == hashes[0], "%s %016lx, %s %016lx", readers[0].name,
		       hashes[0], readers[i].name, hashes[i]);
		evidence(x, "XXH64 by %s %016lx", readers[i].name, hashes[i]);
	}
}
