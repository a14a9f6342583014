/* SPDX-License-Identifier: MIT */
/*
 * A driver's three ways to a buffer, and a disk's commands.
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
#include <linux/string.h>
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

/* --- every command -------------------------------------------------------------------- */

#define AREA	     (16UL << 10) /* at the start of the disk; worked on by halves */
#define HALF	     (AREA / 2)
#define HALF_SECTORS (HALF / SECTOR_SIZE)

static bool is_blank(struct blk *blk, void *buf)
{
	return blk_capacity(blk) * SECTOR_SIZE >= AREA && !blk_read(blk, 0, buf, AREA) &&
	       !memchr_inv(buf, 0, AREA);
}

/* A disk that nothing can be lost on: writable, and zero where it is written to. */
static struct blk *scratch_disk(void *buf)
{
	struct blk *blk;

	for (unsigned int i = 0; (blk = blk_get(i)); i++)
		if (!blk_read_only(blk) && is_blank(blk, buf))
			return blk;
	return NULL;
}

static void write_and_read_back(struct trial *x, struct blk *blk, void *buf)
{
	stamp_pages(buf, AREA, 1);
	expect(x, !blk_write(blk, 0, buf, AREA), "the write failed");
	expect(x, !blk_flush(blk), "the flush failed");
	memset(buf, 0, AREA);
	expect(x, !blk_read(blk, 0, buf, AREA), "the read failed");
	expect(x, !wrong_words(buf, AREA, 1), "what was written reads otherwise");
	evidence(x, "%lu KiB written, flushed and read back", AREA >> 10);
}

/* The first half is the one that was to go; the other one must have stayed. */
static void check_halves(struct trial *x, struct blk *blk, char *buf, const char *command,
			 bool zero)
{
	expect(x, !blk_read(blk, 0, buf, AREA), "the read after %s failed", command);
	expect(x, !memchr_inv(buf, 0, HALF) == zero, "%s: the range reads %s", command,
	       zero ? "as something" : "as zero");
	stamp_pages(buf, HALF, 1);
	expect(x, !wrong_words(buf, AREA, 1), "%s changed more than its range", command);
}

/* What a discarded range reads as is the device's own affair. */
static void discard_half(struct trial *x, struct blk *blk, char *buf)
{
	int err = blk_discard(blk, 0, HALF_SECTORS);

	if (err == -EOPNOTSUPP && !blk_has(blk, VIRTIO_BLK_F_DISCARD)) {
		evidence(x, "no discard");
		return;
	}
	expect(x, !err, "discard: %d", err);
	expect(x, !blk_read(blk, 0, buf, AREA), "the read after discard failed");
	evidence(x, "discarded reads as %s",
		 memchr_inv(buf, 0, HALF) ? "before" : "zero");
	check_halves(x, blk, buf, "discard", !memchr_inv(buf, 0, HALF));
}

static void zero_half(struct trial *x, struct blk *blk, char *buf, bool may_unmap)
{
	int err;

	stamp_pages(buf, AREA, 1);
	expect(x, !blk_write(blk, 0, buf, AREA), "the write failed");
	err = blk_write_zeroes(blk, 0, HALF_SECTORS, may_unmap);
	if (err == -EOPNOTSUPP && !blk_has(blk, VIRTIO_BLK_F_WRITE_ZEROES)) {
		evidence(x, "no write-zeroes");
		return;
	}
	expect(x, !err, "write-zeroes: %d", err);
	check_halves(x, blk, buf, "write-zeroes", true);
	evidence(x, "zeroes written%s", may_unmap ? " and unmapped" : "");
}

static void beyond_the_end(struct trial *x, struct blk *blk, void *buf)
{
	u64 last = blk_capacity(blk) - 1;
	int read = blk_read(blk, last, buf, 2 * SECTOR_SIZE);
	int write = blk_write(blk, last, buf, 2 * SECTOR_SIZE);

	expect(x, read == -EIO && write == -EIO, "past the end: read %d, write %d", read,
	       write);
}

EXPERIMENT(disk_commands, "disk.commands",
	   "write, flush, discard, write-zeroes and get-id do what they say",
	   .needs = NEEDS_DISK)
{
	void *buf = kmalloc(AREA, GFP_KERNEL);
	char id[VIRTIO_BLK_ID_BYTES + 1];
	struct blk *blk;

	if (!expect(x, buf, "no buffer"))
		return;
	blk = scratch_disk(buf);
	if (!blk) {
		skip(x, "no writable disk whose first 16 KiB are zero");
		kfree(buf);
		return;
	}
	expect(x, !blk_get_id(blk, id), "no id");
	evidence(x, "disk \"%s\"", id);
	write_and_read_back(x, blk, buf);
	discard_half(x, blk, buf);
	zero_half(x, blk, buf, false);
	zero_half(x, blk, buf, true);
	beyond_the_end(x, blk, buf);
	memset(buf, 0, AREA);
	expect(x, !blk_write(blk, 0, buf, AREA) && !blk_flush(blk), "not blank again");
	kfree(buf);
}

/* --- what stays ------------------------------------------------------------------------- */

/* Writes the end of the disk, which nothing else does, unless somebody's bytes are there. */
static void mark_end(struct trial *x, struct blk *blk, void *buf)
{
	u64 sector = blk_capacity(blk) - AREA / SECTOR_SIZE;

	expect(x, !blk_read(blk, sector, buf, AREA), "the read failed");
	if (memchr_inv(buf, 0, AREA) && wrong_words(buf, AREA, 1)) {
		skip(x, "the last 16 KiB of the disk are in use");
		return;
	}
	stamp_pages(buf, AREA, 1);
	expect(x, !blk_write(blk, sector, buf, AREA), "the write failed");
	expect(x, !blk_flush(blk), "the flush failed");
	evidence(x, "the last %lu KiB written and flushed, XXH64 %016lx", AREA >> 10,
		 xxh64(buf, AREA));
}

EXPERIMENT(disk_mark, "disk.mark",
	   "what was flushed is on the disk, whatever becomes of the machine",
	   .needs = NEEDS_DISK, .leaves = true)
{
	void *buf = kmalloc(AREA, GFP_KERNEL);
	struct blk *blk;

	if (!expect(x, buf, "no buffer"))
		return;
	blk = scratch_disk(buf);
	if (blk)
		mark_end(x, blk, buf);
	else
		skip(x, "no writable disk whose first 16 KiB are zero");
	kfree(buf);
}
