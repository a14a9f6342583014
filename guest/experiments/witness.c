/* SPDX-License-Identifier: MIT */
/* The device as a witness: see witness.h. */
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <guest/xxhash.h>

#include "witness.h"

#define SLOW_NS_PER_TURN 100UL
#define SPEED_TURNS	 200
#define SPEED_TRIES	 5

static bool loop_is_slow(void)
{
	u64 start = ktime_get_ns();

	for (unsigned int i = 0; i < SPEED_TURNS; i++)
		barrier();
	return ktime_get_ns() - start > SPEED_TURNS * SLOW_NS_PER_TURN;
}

/* Times an empty loop: it takes a nanosecond a turn where the processor runs it.  Slow is
 * what is so each time: once may be the host's doing. */
bool machine_is_slow(void)
{
	static enum { UNKNOWN, FAST, SLOW } speed;

	for (unsigned int i = 1; speed == UNKNOWN; i++)
		if (!loop_is_slow())
			speed = FAST;
		else if (i == SPEED_TRIES)
			speed = SLOW;
	return speed == SLOW;
}

/* The word of the pattern at this offset. */
static u64 word_at(u64 seed, size_t offset)
{
	return DMACHECK_PATTERN(seed, offset / 8);
}

void stamp_pages(void *p, size_t size, u64 seed)
{
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		*(u64 *)((char *)p + at) = word_at(seed, at);
	*(u64 *)((char *)p + size - 8) = word_at(seed, size - 8);
}

unsigned long wrong_words(const void *p, size_t size, u64 seed)
{
	unsigned long wrong = 0;

	for (size_t at = 0; at < size; at += PAGE_SIZE)
		wrong += *(const u64 *)((const char *)p + at) != word_at(seed, at);
	return wrong +
	       (*(const u64 *)((const char *)p + size - 8) != word_at(seed, size - 8));
}

size_t hashed_whole(void)
{
	return machine_is_slow() ? 64UL << 10 : MAX_ORDER_SIZE;
}

#define LINE 64 /* bytes of each page */

/* Which line of its page stands for page i: any of them, as i goes on. */
static size_t line_at(u32 i)
{
	return i * PAGE_SIZE + i * LINE % PAGE_SIZE;
}

static bool same_hash(struct trial *x, const u8 *lines, const struct dmacheck_seg *segs,
		      u32 n)
{
	u64 seen;
	int err = dmacheck_hash_segs(segs, n, &seen);

	expect(x, !err, "the device does not hash a line of each of %u pages: %d", n,
	       err);
	return !err && seen == xxh3_64(lines, (size_t)n * LINE);
}

/* One line of each page, hashed by both. */
static bool same_lines(struct trial *x, const u8 *p, dma_addr_t dma, u32 n)
{
	struct dmacheck_seg *segs = kmalloc_array(n, sizeof(*segs), GFP_KERNEL);
	u8 *lines = kmalloc_array(n, LINE, GFP_KERNEL);
	bool same = false;

	for (u32 i = 0; segs && lines && i < n; i++) {
		memcpy(lines + (size_t)i * LINE, p + line_at(i), LINE);
		segs[i] = (struct dmacheck_seg){ .addr = dma + line_at(i), .len = LINE };
	}
	if (expect(x, segs && lines, "no memory for a line of each of %u pages", n))
		same = same_hash(x, lines, segs, n);
	kfree(segs);
	kfree(lines);
	return same;
}

/* Has the CPU at p what the device hashed as `written` at dma? */
static bool cpu_sees(struct trial *x, void *p, dma_addr_t dma, size_t size, u64 written)
{
	if (size <= hashed_whole() || !PAGE_ALIGNED(size) || !PAGE_ALIGNED(p))
		return xxh3_64(p, size) == written;
	return same_lines(x, p, dma, (u32)(size / PAGE_SIZE));
}

bool is_one_range(struct trial *x, void *p, dma_addr_t dma, size_t size)
{
	static u64 seed = 0x70616765;
	u64 written, seen;
	int err;

	seed += size;
	err = dmacheck_fill(dma, size, seed, &written);
	if (!expect(x, !err, "the device does not fill %zu bytes at %#lx: %d", size, dma,
		    err))
		return false;
	if (!cpu_sees(x, p, dma, size, written))
		return false;
	err = dmacheck_hash(dma, size, &seen);
	expect(x, !err, "the device does not hash %zu bytes at %#lx: %d", size, dma, err);
	return !err && seen == written;
}

bool is_one_range_mapped(struct trial *x, void *p, size_t size)
{
	struct device *dev = dmacheck_device();
	dma_addr_t dma = dma_map_single(dev, p, size, DMA_BIDIRECTIONAL);
	bool one;

	if (!expect(x, !dma_mapping_error(dev, dma), "%zu bytes at %p cannot be mapped",
		    size, p))
		return false;
	one = is_one_range(x, p, dma, size);
	dma_unmap_single(dev, dma, size, DMA_BIDIRECTIONAL);
	return one;
}

static struct page *page_behind(const char *p)
{
	return is_vmalloc_addr(p) ? vmalloc_to_page(p) : virt_to_page(p);
}

/* What the device says of pages that are already mapped. */
static unsigned long describe(struct trial *x, const struct dmacheck_seg *segs, u32 n)
{
	struct dmacheck_call call = { .op = DMACHECK_OP_DESCRIBE,
				      .src = segs,
				      .n_src = n };
	struct dmacheck_resp resp;
	int err = dmacheck_request(&call, &resp);

	return expect(x, !err, "the device does not describe %u pages: %d", n, err)
		       ? resp.n_runs
		       : 0;
}

unsigned long device_runs(struct trial *x, void *p, size_t size)
{
	struct device *dev = dmacheck_device();
	u32 n = (u32)PFN_UP(offset_in_page(p) + size), mapped = 0;
	struct dmacheck_seg *segs = kmalloc_array(n, sizeof(*segs), GFP_KERNEL);
	unsigned long runs = 0;

	if (!expect(x, segs, "no memory"))
		return 0;
	for (; mapped < n; mapped++) {
		struct page *page = page_behind((char *)p + mapped * PAGE_SIZE);
		dma_addr_t dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);

		if (!expect(x, !dma_mapping_error(dev, dma), "page %u cannot be mapped",
			    mapped))
			break;
		segs[mapped] = (struct dmacheck_seg){ .addr = dma, .len = PAGE_SIZE };
	}
	if (mapped == n)
		runs = describe(x, segs, n);
	while (mapped--)
		dma_unmap_page(dev, segs[mapped].addr, PAGE_SIZE, DMA_TO_DEVICE);
	kfree(segs);
	return runs;
}
