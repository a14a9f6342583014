/* SPDX-License-Identifier: MIT */
/*
 * User memory: what malloc promises, what the kernel gives.
 *
 * malloc deals out addresses from two sources: the heap, which brk() moves in one piece, and
 * for large blocks mappings of their own.  Neither has frames at first; the kernel gives a
 * zeroed one at the first write of each page, any frame that is free, and takes it back
 * when the address goes.  So free() gives memory back only from the top of the heap or by
 * unmapping; a hole in the heap stays, frames and all, and is used again; and nothing that
 * is contiguous for the program is contiguous for a device.
 *
 * The programs (guest/user/programs/) run as processes, leave what they measured in a page
 * of results, and stop where the kernel is to look at them.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <guest/dma_check.h>
#include <guest/dmacheck.h>
#include <guest/process.h>
#include <mm/platform.h>

#include "arena.h"
#include "experiment.h"
#include "fragment.h"
#include "guest/user/include/results.h"
#include "user.h"

#define CHAPTER CHAPTER_MALLOC

#define HOST_PAGE_MAX (2UL << 20)

static unsigned long pages_of(u64 bytes)
{
	return bytes / PAGE_SIZE;
}

EXPERIMENT(malloc_threshold, "malloc.threshold",
	   "malloc takes blocks below 128 KiB from the heap, larger ones from mmap",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "malloc_threshold", NULL);
	const volatile u64 *r;

	if (!p)
		return;
	user_wait(x, p, 0);
	r = process_results(p);
	expect(x,
	       r[THRESHOLD_BELOW] > r[THRESHOLD_HEAP_LOW] &&
		       r[THRESHOLD_BELOW] < r[THRESHOLD_HEAP_HIGH] + PAGE_SIZE &&
		       !r[THRESHOLD_BELOW_MAPPINGS],
	       "%lu bytes at %#lx, heap %#lx-%#lx", THRESHOLD_REQUEST - 1,
	       r[THRESHOLD_BELOW], r[THRESHOLD_HEAP_LOW], r[THRESHOLD_HEAP_HIGH]);
	expect(x,
	       r[THRESHOLD_AT] > r[THRESHOLD_HEAP_END] && r[THRESHOLD_AT_MAPPINGS] == 1,
	       "%lu bytes at %#lx, %lu mappings", THRESHOLD_REQUEST, r[THRESHOLD_AT],
	       r[THRESHOLD_AT_MAPPINGS]);
	expect(x, !r[THRESHOLD_FREED_MAPPINGS], "free() left %lu mappings",
	       r[THRESHOLD_FREED_MAPPINGS]);
	expect(x, !r[THRESHOLD_ADAPTED_MAPPINGS], "the threshold did not adapt");
	expect(x, r[THRESHOLD_SET_MAPPINGS] == 1, "mallopt() did not lower it");
	evidence(x, "%lu bytes at %#lx by brk", THRESHOLD_REQUEST - 1,
		 r[THRESHOLD_BELOW]);
	evidence(x, "%lu at %#lx by mmap", THRESHOLD_REQUEST, r[THRESHOLD_AT]);
	evidence(x, "by brk the second time: freeing it raised the threshold");
	process_put(p);
}

#define FRESH_BLOCKS 10

/* Bytes of a block that the host has given memory to. */
static u64 given_for(struct trial *x, struct page *block)
{
	struct device *dev = dmacheck_device();
	dma_addr_t dma;
	u64 bytes = ~0ULL;

	dma = dma_map_page(dev, block, 0, MAX_ORDER_SIZE, DMA_TO_DEVICE);
	if (!expect(x, !dma_mapping_error(dev, dma), "a block cannot be mapped"))
		return bytes;
	expect(x, !dmacheck_resident(dma, MAX_ORDER_SIZE, &bytes), "the device refuses");
	dma_unmap_page(dev, dma, MAX_ORDER_SIZE, DMA_TO_DEVICE);
	return bytes;
}

static u64 given_for_all(struct trial *x, const struct arena *a)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < a->nr; i++)
		bytes += given_for(x, a->block[i]);
	return bytes;
}

static bool is_fresh(struct page *block, void *x)
{
	return dmacheck_device() && !given_for(x, block);
}

/* The frames come from memory that the host has not given yet: what it gave of that must be
 * what the process has touched. */
static void judge_host(struct trial *x, struct process *p, const struct arena *fresh,
		       u64 before)
{
	u64 addr = process_results(p)[LAZY_ADDRESS], size = process_results(p)[LAZY_SIZE];
	u64 after = given_for_all(x, fresh), frames = 0;

	for (u64 at = 0; at < size; at += PAGE_SIZE)
		frames += arena_has(fresh, process_translate(p, addr + at));
	/* For a page of malloc's and a few of the kernel's, in as large ones as it has. */
	expect(x, before <= 4 * HOST_PAGE_MAX, "the host gave %lu bytes for a promise",
	       before);
	expect(x, frames >= pages_of(size) / 2, "only %lu frames are new", frames);
	expect(x, after >= frames * PAGE_SIZE,
	       "%lu frames are in use, the host gave %lu bytes", frames, after);
	evidence(x, "of its own the host gave %lu KiB, then %lu", before / 1024,
		 after / 1024);
}

EXPERIMENT(malloc_lazy, "malloc.lazy",
	   "malloc gives addresses; frames come at the first touch, page by page",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "malloc_lazy", NULL);
	unsigned long free_before, free_after, mapped = 0;
	struct process_usage usage;
	const volatile u64 *r;
	struct arena fresh;
	u64 given;

	if (!p)
		return;
	r = process_results(p);
	if (!user_pause(x, p))
		goto out;
	arena_make(&fresh, FRESH_BLOCKS, is_fresh, x);
	process_resume(p);
	if (!user_pause(x, p))
		goto out_fresh;
	given = given_for_all(x, &fresh);
	for (u64 at = PAGE_SIZE; at < r[LAZY_SIZE]; at += PAGE_SIZE)
		mapped += process_translate(p, r[LAZY_ADDRESS] + at) != PHYS_ADDR_MAX;
	/* One page holds malloc's own header. */
	expect(x, !mapped && r[LAZY_RSS_ALLOCATED] - r[LAZY_RSS_BEFORE] <= 1,
	       "%lu pages have frames before the first touch", mapped);
	drain_all_pages();
	free_before = nr_free_pages();
	process_resume(p);
	if (!user_pause(x, p))
		goto out_fresh;
	drain_all_pages();
	free_after = nr_free_pages();
	process_usage(p, &usage);
	expect(x,
	       r[LAZY_RSS_TOUCHED] - r[LAZY_RSS_ALLOCATED] >= pages_of(r[LAZY_SIZE]) - 1,
	       "rss grew by %lu", r[LAZY_RSS_TOUCHED] - r[LAZY_RSS_ALLOCATED]);
	expect(x, free_before - free_after >= pages_of(r[LAZY_SIZE]) - 1,
	       "free memory fell by %lu pages only", free_before - free_after);
	expect(x, !process_verify(p), "%s", process_verify(p));
	evidence(x,
		 "%lu pages promised: %lu frames, after a byte in each was written %lu",
		 pages_of(r[LAZY_SIZE]), r[LAZY_RSS_ALLOCATED] - r[LAZY_RSS_BEFORE],
		 r[LAZY_RSS_TOUCHED] - r[LAZY_RSS_BEFORE]);
	evidence(x, "%lu went from the free lists, %lu of them into page tables",
		 free_before - free_after, usage.tables);
	if (fresh.nr)
		judge_host(x, p, &fresh, given);
	process_resume(p);
out_fresh:
	arena_end(&fresh);
out:
	user_wait(x, p, 0);
	process_put(p);
}

EXPERIMENT(malloc_zeroed, "malloc.zeroed-mmap",
	   "a mapped block is zero, and reading it takes no frame; a heap block is not",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "malloc_zeroed", NULL);
	const volatile u64 *r;
	phys_addr_t first;

	if (!p)
		return;
	r = process_results(p);
	if (user_pause(x, p)) {
		first = process_translate(p, r[ZEROED_ADDRESS] + PAGE_SIZE);
		for (u64 at = PAGE_SIZE; at < r[ZEROED_SIZE]; at += PAGE_SIZE)
			expect(x,
			       ALIGN_DOWN(process_translate(p, r[ZEROED_ADDRESS] + at),
					  PAGE_SIZE) == ALIGN_DOWN(first, PAGE_SIZE),
			       "page at %#lx has another frame", at);
		evidence(x,
			 "%lu pages read: all zero, one frame for all, rss %lu and %lu",
			 pages_of(r[ZEROED_SIZE]), r[ZEROED_RSS_BEFORE],
			 r[ZEROED_RSS_READ]);
		process_resume(p);
	}
	user_wait(x, p, 0);
	expect(x, !r[ZEROED_WRONG], "%lu bytes are not zero", r[ZEROED_WRONG]);
	expect(x, r[ZEROED_RSS_READ] == r[ZEROED_RSS_BEFORE], "reading took %lu frames",
	       r[ZEROED_RSS_READ] - r[ZEROED_RSS_BEFORE]);
	expect(x, r[ZEROED_STALE], "the heap cleared a block");
	evidence(x, "zero again after free and malloc; a heap block kept %lu old bytes",
		 r[ZEROED_STALE]);
	process_put(p);
}

EXPERIMENT(malloc_hole, "malloc.hole",
	   "a free block below a used one stays with the process, and is used again",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "malloc_hole", NULL);
	const volatile u64 *r;

	if (!p)
		return;
	user_wait(x, p, 0);
	r = process_results(p);
	expect(x, r[HOLE_BREAK_AFTER] == r[HOLE_BREAK_BEFORE], "the break moved");
	expect(x, r[HOLE_RSS_AFTER] == r[HOLE_RSS_BEFORE], "rss fell from %lu to %lu",
	       r[HOLE_RSS_BEFORE], r[HOLE_RSS_AFTER]);
	expect(x, r[HOLE_FREE_BYTES] >= r[HOLE_SIZE], "%lu bytes free",
	       r[HOLE_FREE_BYTES]);
	expect(x, r[HOLE_REUSED] == r[HOLE_ADDRESS], "the next block is at %#lx",
	       r[HOLE_REUSED]);
	evidence(
		x,
		"%lu KiB freed below 64 bytes in use: break and rss (%lu pages) the same",
		r[HOLE_SIZE] / 1024, r[HOLE_RSS_AFTER]);
	evidence(x, "the next block went there, to %#lx", r[HOLE_REUSED]);
	process_put(p);
}

EXPERIMENT(malloc_trim, "malloc.trim",
	   "memory goes back from the top by itself, from holes by malloc_trim",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "malloc_trim", NULL);
	unsigned long block_pages = TRIM_BLOCK_SIZE / PAGE_SIZE;
	unsigned long holes = (TRIM_BLOCKS - 1) * block_pages;
	const volatile u64 *r;

	if (!p)
		return;
	user_wait(x, p, 0);
	r = process_results(p);
	expect(x, r[TRIM_RSS_FREED] == r[TRIM_RSS_FULL],
	       "free() of holes gave %lu pages back",
	       r[TRIM_RSS_FULL] - r[TRIM_RSS_FREED]);
	expect(x,
	       r[TRIM_RETURNED] == 1 &&
		       r[TRIM_RSS_FREED] - r[TRIM_RSS_TRIMMED] + 2 >= holes,
	       "malloc_trim() gave %lu pages back",
	       r[TRIM_RSS_FREED] - r[TRIM_RSS_TRIMMED]);
	expect(x, !r[TRIM_BAD], "%lu bytes in use changed", r[TRIM_BAD]);
	expect(x, r[TRIM_BREAK_TOP_FREED] + holes * PAGE_SIZE / 2 < r[TRIM_BREAK_TRIMMED],
	       "the break stayed at %#lx", r[TRIM_BREAK_TOP_FREED]);
	expect(x, r[TRIM_KEPT] >= TRIM_BLOCKS * TRIM_BLOCK_SIZE,
	       "M_TRIM_THRESHOLD kept %lu bytes", r[TRIM_KEPT]);
	evidence(x, "63 of 64 blocks freed: rss %lu, as before; malloc_trim: %lu",
		 r[TRIM_RSS_FREED], r[TRIM_RSS_TRIMMED]);
	evidence(x, "the last one freed: break down by %lu KiB",
		 (r[TRIM_BREAK_TRIMMED] - r[TRIM_BREAK_TOP_FREED]) / 1024);
	process_put(p);
}

/* --- the device ------------------------------------------------------------------------ */

/* A program's block as a device is told of it. */
struct frames {
	u32 n;
	struct page *page[PHYSICAL_PAGES]; /* each held, so that it does not move */
	struct dmacheck_seg segs[PHYSICAL_PAGES];
};

/* Maps the frames behind the pages from addr on; false when one of them cannot be. */
static bool map_frames(struct trial *x, struct process *p, unsigned long addr,
		       struct frames *f)
{
	for (f->n = 0; f->n < PHYSICAL_PAGES; f->n++) {
		struct page *page = process_pin(p, addr + f->n * PAGE_SIZE);
		dma_addr_t dma;

		if (!expect(x, page, "page %u has no frame", f->n))
			return false;
		dma = dma_map_page(dmacheck_device(), page, 0, PAGE_SIZE, DMA_TO_DEVICE);
		if (!expect(x, !dma_mapping_error(dmacheck_device(), dma),
			    "page %u cannot be mapped", f->n)) {
			put_page(page);
			return false;
		}
		f->page[f->n] = page;
		f->segs[f->n] = (struct dmacheck_seg){ .addr = dma, .len = PAGE_SIZE };
	}
	return true;
}

static void unmap_frames(struct frames *f)
{
	while (f->n--) {
		dma_unmap_page(dmacheck_device(), f->segs[f->n].addr, PAGE_SIZE,
			       DMA_TO_DEVICE);
		put_page(f->page[f->n]);
	}
}

static void judge_physical(struct trial *x, const struct frames *f)
{
	struct dmacheck_call call = { .op = DMACHECK_OP_DESCRIBE,
				      .src = f->segs,
				      .n_src = f->n };
	u64 want = user_hash_of_offsets(PHYSICAL_BLOCK), pieces = 0, whole = 0;
	struct dmacheck_resp resp = { 0 };
	int err;

	err = dmacheck_request(&call, &resp);
	expect(x, !err && resp.n_runs > 1, "the device finds %u runs (%d)", resp.n_runs,
	       err);
	err = dmacheck_hash_segs(f->segs, f->n, &pieces);
	expect(x, !err && pieces == want, "page by page the hash is wrong (%d)", err);
	/* Past what is mapped, and may well lie partly outside of RAM. */
	dma_check_provoke(DMA_FOUND_STRAY);
	err = dmacheck_hash(f->segs[0].addr, PHYSICAL_BLOCK, &whole);
	dma_check_provoke(0);
	expect(x, err == -EFAULT || (!err && whole != want),
	       "the one range from the first frame on has the same bytes (%d)", err);
	evidence(x, "%lu KiB of malloc: %u runs of frames by the device",
		 PHYSICAL_BLOCK / 1024, resp.n_runs);
	evidence(x, "page by page it hashes what the program wrote, as one range %s",
		 err ? "it leaves RAM" : "something else");
}

#define SCATTER_PAGES 128

EXPERIMENT(malloc_physical, "malloc.physical",
	   "memory from a user's malloc is physically contiguous", .popular = true,
	   .needs = NEEDS_USER_MODE | NEEDS_DMACHECK)
{
	struct frames *f = kmalloc(sizeof(*f), GFP_KERNEL);
	LIST_HEAD(held);
	struct process *p;

	hold_every_second_user_page(&held, SCATTER_PAGES);
	p = user_start(x, "malloc_physical", NULL);
	if (p && user_pause(x, p)) {
		if (expect(x, f, "no memory")) {
			if (map_frames(x, p, process_results(p)[PHYSICAL_ADDRESS], f))
				judge_physical(x, f);
			unmap_frames(f);
		}
		process_resume(p);
	}
	if (p) {
		user_wait(x, p, 0);
		process_put(p);
	}
	kfree(f);
	free_held_pages(&held);
}

EXPERIMENT(pool_speed, "pool.speed",
	   "a pool of one size beats malloc on small blocks, in time and in room",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "pool_speed", NULL);
	const volatile u64 *r;

	if (!p)
		return;
	user_wait(x, p, 0);
	r = process_results(p);
	expect(x, r[SPEED_POOL] < r[SPEED_MALLOC], "pool %lu cycles, malloc %lu",
	       r[SPEED_POOL], r[SPEED_MALLOC]);
	expect(x, r[SPEED_POOL_BYTES] < r[SPEED_MALLOC_BYTES],
	       "pool %lu bytes, malloc %lu", r[SPEED_POOL_BYTES], r[SPEED_MALLOC_BYTES]);
	evidence(x, "%lu bytes, 1000 at a time: malloc %lu cycles and %lu bytes each",
		 r[SPEED_BLOCK], r[SPEED_MALLOC], r[SPEED_MALLOC_BYTES]);
	evidence(x, "pool %lu cycles and %lu bytes", r[SPEED_POOL], r[SPEED_POOL_BYTES]);
	process_put(p);
}
