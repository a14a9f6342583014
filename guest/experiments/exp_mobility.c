/* SPDX-License-Identifier: MIT */
/*
 * Mobility: pages that can move, and what that buys.
 *
 * One page in use anywhere in a large block spoils the block.  Two things help.  Pages of
 * one kind lie together, in page blocks of 4 MiB with a type, so that those that cannot
 * move spoil few blocks; and those that can are moved, by compaction into holes elsewhere,
 * when a large block is asked for.  A contiguous area (cma=) goes further: nothing but
 * movable pages may live there, so all of it can be had, in one range larger than the page
 * allocator's largest block.
 *
 * These play in an arena: all whole 4 MiB blocks of memory are taken, and a few given back,
 * as many more as the watermarks keep from everyone.
 *
 * Witnesses: the zones' lists, marks in the pages that moved, and the device, for which
 * contiguous memory is one run.
 */
#include <linux/cma.h>
#include <linux/compaction.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/movable_buffer.h>
#include <linux/sprintf.h>

#include <guest/balloon.h>
#include <guest/dmacheck.h>

#include "experiment.h"
#include "fault_watch.h"
#include "pressure.h"
#include "witness.h"

#define CHAPTER CHAPTER_MOBILITY

/* --- the arena --- */

#define ARENA_BLOCKS	5
#define ARENA_MAX	32UL /* with what the watermarks of the largest guests keep */
#define ARENA_TOO_SMALL "needs 24 MiB of free blocks of 4 MiB above the DMA zone"

/* The pieces that it is used up in, of this order or larger; one experiment at a time. */
#define DAY_ORDER 5
static struct page *slots[(ARENA_MAX + 2) << (MAX_ORDER - DAY_ORDER)];

/* Whatever the watermarks say, and without a word when there is none. */
#define GFP_HOLD (__GFP_MEMALLOC | __GFP_NOWARN)

/* Takes all whole blocks of memory, those of the highest zone first; movable requests get
 * those of a contiguous area, too. */
static void hold_blocks(struct list_head *held)
{
	struct page *page;

	drain_all_pages();
	while ((page = alloc_pages(GFP_HOLD | __GFP_MOVABLE, MAX_ORDER)))
		list_add_tail(&page->lru, held);
}

static void free_list(struct list_head *held, unsigned int order)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, held, lru)
		__free_pages(page, order);
	INIT_LIST_HEAD(held);
}

static unsigned int arena_blocks(enum zone_type zone)
{
	struct zone_info info;
	unsigned long kept;

	zone_info(zone, &info);
	kept = DIV_ROUND_UP(info.watermark[WMARK_HIGH], MAX_ORDER_NR_PAGES);
	return ARENA_BLOCKS + (unsigned int)min(kept, ARENA_MAX - ARENA_BLOCKS);
}

/* Gives some blocks of one zone back: that zone, or MAX_NR_ZONES when there are too few. */
static enum zone_type make_arena(struct trial *x, struct list_head *held)
{
	enum zone_type zone = MAX_NR_ZONES;
	unsigned int given = 0, want = 1;
	struct page *page, *next;

	hold_blocks(held);
	list_for_each_entry_safe (page, next, held, lru) {
		bool usual = get_pageblock_migratetype(page) != MIGRATE_CMA &&
			     page_zonenum(page) != ZONE_DMA;

		if (given == want || !usual || (given && page_zonenum(page) != zone))
			continue;
		zone = page_zonenum(page);
		want = arena_blocks(zone);
		list_del(&page->lru);
		__free_pages(page, MAX_ORDER);
		given++;
	}
	if (given && given == want)
		return zone;
	free_list(held, MAX_ORDER);
	skip(x, ARENA_TOO_SMALL);
	return MAX_NR_ZONES;
}

/* Free blocks by order, without those of a contiguous area. */
static void count_free(enum zone_type zone, unsigned long *blocks)
{
	struct zone_types types;

	drain_all_pages();
	zone_types(zone, &types);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		blocks[order] = 0;
		for (unsigned int type = 0; type < MIGRATE_PCPTYPES; type++)
			blocks[order] += types.nr_free[type][order];
	}
}

/* The order of the largest free block; -1: there is none. */
static int largest_of(const unsigned long *blocks)
{
	int order = MAX_ORDER;

	while (order >= 0 && !blocks[order])
		order--;
	return order;
}

static unsigned long moved_for(enum migrate_reason reason)
{
	struct migrate_info info;

	migrate_info(&info);
	return info.moved[reason];
}

/* --- pages that stay --- */

/* Each is marked with its number. */
static bool keep_page(struct movable_buffer *buffer, unsigned long i, struct page *page)
{
	return !movable_buffer_put_in(buffer, i, page) &&
	       !movable_buffer_write(buffer, i, 0, &i, sizeof(i));
}

static unsigned long wrong_marks(struct movable_buffer *buffer, unsigned long n)
{
	unsigned long wrong = 0;

	for (unsigned long i = 0; i < n; i++) {
		unsigned long seen = ~i;

		movable_buffer_read(buffer, i, 0, &seen, sizeof(seen));
		wrong += seen != i;
	}
	return wrong;
}

/* Frees n neighbouring single pages. */
static void free_run(struct page *page, unsigned long n)
{
	struct page *pages[64];

	for (unsigned long i = 0; i < n; i++)
		pages[i] = page + i;
	free_pages_bulk_array(n, pages);
}

/* --- compaction --- */

#define PIECE_ORDER 6 /* of each 64 pages one stays */
#define PIECES	    ((ARENA_MAX + 2) << (MAX_ORDER - PIECE_ORDER)) /* at most */

/* Fills the arena with movable memory, then frees all but one page in each piece. */
static unsigned long scatter(struct movable_buffer *buffer)
{
	struct page **piece = slots;
	unsigned long n = 0;

	while (n < PIECES &&
	       (piece[n] = alloc_pages(GFP_HOLD | __GFP_MOVABLE, PIECE_ORDER)))
		n++;
	for (unsigned long i = 0; i < n; i++) {
		split_page(piece[i], PIECE_ORDER);
		keep_page(buffer, i, piece[i]);
		free_run(piece[i] + 1, (1UL << PIECE_ORDER) - 1);
	}
	return n;
}

EXPERIMENT(compaction_4m, "compaction.4m",
	   "a 4 MiB block can be had from memory in which no block is free whole")
{
	struct movable_buffer *buffer = movable_buffer_create_empty(PIECES);
	unsigned long kept, moved = moved_for(MR_COMPACTION), blocks[NR_PAGE_ORDERS];
	enum zone_type zone;
	struct page *page;
	LIST_HEAD(held);
	int before;

	if (!expect(x, buffer, "no memory for the table"))
		return;
	zone = make_arena(x, &held);
	if (zone == MAX_NR_ZONES) {
		movable_buffer_free(buffer);
		return;
	}
	kept = scatter(buffer);
	count_free(zone, blocks);
	before = largest_of(blocks);
	expect(x, before < MAX_ORDER, "a block of order %d is free", before);
	page = alloc_pages(GFP_HOLD, MAX_ORDER);
	expect(x, !page, "a request that may not sleep got one");
	if (page)
		__free_pages(page, MAX_ORDER);

	page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER);
	if (expect(x, page, "no block of 4 MiB")) {
		if (dmacheck_device())
			expect(x, device_runs(x, page_to_virt(page), MAX_ORDER_SIZE) == 1,
			       "4 MiB are not one run for the device");
		__free_pages(page, MAX_ORDER);
	}
	moved = moved_for(MR_COMPACTION) - moved;
	expect(x, moved, "nothing moved");
	expect(x, !wrong_marks(buffer, kept), "of %lu pages, %lu changed", kept,
	       wrong_marks(buffer, kept));
	evidence(x, "%lu pages scattered, largest free block of order %d", kept, before);
	evidence(x, "%lu pages moved, contents kept, then 4 MiB in one run", moved);
	movable_buffer_free(buffer);
	free_list(&held, MAX_ORDER);
}

/* --- the contiguous area --- */

#define CMA_BYTES (16UL << 20)
#define BORROWERS 48

/* Takes what is left besides whole blocks; of a contiguous area only movable requests get
 * anything. */
static void hold_rest(struct list_head *held)
{
	for (unsigned int order = MAX_ORDER; order--;)
		while (take_block(held, GFP_HOLD, order))
			continue;
}

/* Borrows some pages of the area, of its first page block. */
static unsigned long borrow(struct movable_buffer *buffer)
{
	struct page *first = phys_to_page(cma_get_base()), *page, *next;
	unsigned long n = 0;
	LIST_HEAD(held);
	LIST_HEAD(rest);

	/* With all other memory taken there is nothing else. */
	hold_blocks(&held);
	hold_rest(&rest);
	list_for_each_entry_safe (page, next, &held, lru) {
		if (page != first)
			continue;
		list_del(&page->lru);
		__free_pages(page, MAX_ORDER);
	}
	for (unsigned long i = 0; i < BORROWERS; i++) {
		page = alloc_page(GFP_HOLD | __GFP_MOVABLE);
		if (!page)
			break;
		n += page >= first && page < first + MAX_ORDER_NR_PAGES;
		if (!keep_page(buffer, i, page))
			__free_page(page);
	}
	relieve(&rest);
	free_list(&held, MAX_ORDER);
	return n;
}

/* Of the area: one run for the device?  Then back. */
static void check_range(struct trial *x, struct page *page, const char *what)
{
	void *p = page_to_virt(page);
	unsigned long runs = dmacheck_device() ? device_runs(x, p, CMA_BYTES) : 1;

	expect(x, runs == 1, "%s: 16 MiB are %lu runs for the device", what, runs);
	stamp_pages(p, CMA_BYTES, 16);
	expect(x, !wrong_words(p, CMA_BYTES, 16), "%s: marks lost", what);
}

EXPERIMENT(cma_16m, "cma.16m",
	   "16 MiB in one range come from an area that movable pages were using")
{
	struct movable_buffer *buffer;
	unsigned long borrowed, moved = moved_for(MR_CONTIG_RANGE);
	struct page *page;

	if (cma_get_size() < CMA_BYTES) {
		skip(x, "no contiguous area of 16 MiB: add cma=16M to the command line");
		return;
	}
	buffer = movable_buffer_create_empty(BORROWERS);
	if (!expect(x, buffer, "no memory for the table"))
		return;
	borrowed = borrow(buffer);
	expect(x, borrowed, "no page was borrowed");
	page = cma_alloc(CMA_BYTES / PAGE_SIZE, 0, false);
	if (expect(x, page, "no 16 MiB of %lu", cma_get_size())) {
		check_range(x, page, "cma_alloc");
		cma_release(page, CMA_BYTES / PAGE_SIZE);
	}
	moved = moved_for(MR_CONTIG_RANGE) - moved;
	expect(x, !wrong_marks(buffer, BORROWERS), "pages changed on the way");
	evidence(x, "area of %lu MiB at %#lx, %lu pages borrowed", cma_get_size() >> 20,
		 cma_get_base(), borrowed);
	evidence(x, "%lu moved out, contents kept, then 16 MiB in one run", moved);
	movable_buffer_free(buffer);
}

/* --- a balloon in the way --- */

/* The arena's blocks that are there for the watermarks' sake. */
static unsigned long spare_blocks(enum zone_type zone)
{
	return arena_blocks(zone) - ARENA_BLOCKS;
}

/* Uses up all memory but `spare` blocks; of the pieces that the rest of the arena makes, one
 * page each is free then, and the balloon gets these.  How many pieces. */
static unsigned long scatter_balloon(unsigned long spare, struct list_head *rest)
{
	struct page *page;
	unsigned long n = 0;
	LIST_HEAD(aside);

	while (spare-- && (page = alloc_pages(GFP_HOLD | __GFP_MOVABLE, MAX_ORDER)))
		list_add(&page->lru, &aside);
	while (n < PIECES &&
	       (slots[n] = alloc_pages(GFP_HOLD | __GFP_MOVABLE, PIECE_ORDER)))
		n++;
	hold_rest(rest);
	for (unsigned long i = 0; i < n; i++) {
		split_page(slots[i], PIECE_ORDER);
		__free_page(slots[i]);
	}
	free_list(&aside, MAX_ORDER);
	drain_all_pages();
	balloon_limit(n);
	balloon_settle();
	return n;
}

/* Of the blocks that were spared a last piece each is kept, so that none is whole. */
static void break_spare(struct list_head *stubs)
{
	const unsigned long piece = 1UL << PIECE_ORDER;
	struct page *page;

	drain_all_pages();
	while ((page = alloc_pages(GFP_HOLD | __GFP_MOVABLE, MAX_ORDER))) {
		split_page(page, MAX_ORDER);
		for (unsigned long i = 0; i < MAX_ORDER_NR_PAGES - piece; i += piece)
			free_run(page + i, piece);
		page += MAX_ORDER_NR_PAGES - piece;
		list_add(&page->lru, stubs);
	}
}

static void free_stubs(struct list_head *stubs)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, stubs, lru) {
		list_del(&page->lru);
		free_run(page, 1UL << PIECE_ORDER);
	}
}

/* Pages of the balloon, wherever they are now, cost the host nothing. */
static void check_frames(struct trial *x)
{
	unsigned long pfns[64];
	unsigned int n = balloon_frames(pfns, ARRAY_SIZE(pfns));
	u64 bytes, sum = 0;

	if (!dmacheck_device() || device_behind_iommu())
		return;
	for (unsigned int i = 0; i < n; i++)
		if (!dmacheck_resident(pfns[i] << PAGE_SHIFT, PAGE_SIZE, &bytes))
			sum += bytes;
	expect(x, !sum, "the host has %lu bytes of %u frames in the balloon",
	       (unsigned long)sum, n);
}

/* With the balloon's n pages in the way of every block. */
static void make_room(struct trial *x, enum zone_type zone, unsigned long n)
{
	unsigned long blocks[NR_PAGE_ORDERS], moved = moved_for(MR_COMPACTION);
	struct page *page;

	count_free(zone, blocks);
	expect(x, largest_of(blocks) < MAX_ORDER, "a block of order %d is free",
	       largest_of(blocks));
	page = alloc_pages(GFP_HIGHUSER | __GFP_NOWARN, MAX_ORDER);
	moved = moved_for(MR_COMPACTION) - moved;
	if (expect(x, page, "no block of 4 MiB")) {
		if (dmacheck_device() && !PageHighMem(page))
			expect(x, device_runs(x, page_to_virt(page), MAX_ORDER_SIZE) == 1,
			       "4 MiB are not one run for the device");
		__free_pages(page, MAX_ORDER);
	}
	expect(x, moved, "nothing moved");
	expect(x, balloon_size() == n, "%lu pages were in the balloon, %lu are", n,
	       balloon_size());
	check_frames(x);
	evidence(x, "%lu pages in the balloon, largest free block of order %d", n,
		 largest_of(blocks));
	evidence(x, "%lu of them moved, then 4 MiB in one run", moved);
}

static void compact_balloon(struct trial *x, enum zone_type zone)
{
	unsigned long n;
	LIST_HEAD(rest);
	LIST_HEAD(stubs);

	n = scatter_balloon(spare_blocks(zone), &rest);
	break_spare(&stubs);
	for (unsigned long i = 0; i < n; i++)
		free_run(slots[i] + 1, (1UL << PIECE_ORDER) - 1);
	if (expect(x, balloon_size() == n, "%lu pages of %lu", balloon_size(), n))
		make_room(x, zone, n);
	free_stubs(&stubs);
	relieve(&rest);
}

EXPERIMENT(compaction_balloon, "compaction.balloon",
	   "pages in the balloon move out of the way of a 4 MiB block, and stay in it",
	   .needs = NEEDS_BALLOON)
{
	enum zone_type zone;
	LIST_HEAD(held);

	if (balloon_target() < PIECES) {
		skip(x, "the monitor asks for too few pages: give --balloon 4M");
		return;
	}
	balloon_hold_reports(true);
	balloon_limit(0);
	balloon_settle();
	zone = make_arena(x, &held);
	if (zone != MAX_NR_ZONES) {
		compact_balloon(x, zone);
		free_list(&held, MAX_ORDER);
	}
	balloon_hold_reports(false);
	balloon_limit(~0UL);
	balloon_settle();
}

/* --- a day of allocation --- */

/* The arena is used up in buffers of 128 KiB: every fourth is the kernel's and stays; of the
 * users' others one page in each eighth stays. */
#define DAY_PAGES (1UL << DAY_ORDER)
#define DAY_SLOTS ARRAY_SIZE(slots)

struct day {
	struct list_head kernel; /* what stays and cannot move */
	struct list_head plain; /* single pages that stay, of users, without types */
	struct movable_buffer *users; /* with types */
	unsigned long kept; /* pages of users that stay */
	unsigned long mib; /* that the day's end leaves free */
	unsigned long moved, had; /* for requests of 4 MiB; how many were served */
	int largest;
};

/* A user's buffer ends: all of it is freed, or all but its first page. */
static void end_buffer(struct day *day, struct page *page, bool stays)
{
	split_page(page, DAY_ORDER);
	if (!stays)
		free_run(page, DAY_PAGES);
	else
		free_run(page + 1, DAY_PAGES - 1);
	if (!stays)
		return;
	if (day->users)
		keep_page(day->users, day->kept, page);
	else
		list_add(&page->lru, &day->plain);
	day->kept++;
}

static void live_day(struct day *day)
{
	gfp_t user = GFP_HOLD | (day->users ? __GFP_MOVABLE : 0);
	struct page **slot = slots;
	unsigned int n = 0;

	while (n < DAY_SLOTS) {
		slot[n] = alloc_pages(n % 4 ? user : GFP_HOLD, DAY_ORDER);
		if (!slot[n])
			break;
		n++;
	}
	for (unsigned int i = 0; i < n; i++) {
		if (i % 4)
			end_buffer(day, slot[i], i % 8 == 1);
		else
			list_add(&slot[i]->lru, &day->kernel);
	}
}

/* How many blocks of 4 MiB can be had now? */
static void ask_for_blocks(struct day *day)
{
	unsigned long moved = moved_for(MR_COMPACTION);
	struct page *page;
	LIST_HEAD(got);

	while ((page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
				   MAX_ORDER))) {
		list_add(&page->lru, &got);
		day->had++;
	}
	free_list(&got, MAX_ORDER);
	day->moved = moved_for(MR_COMPACTION) - moved;
}

static unsigned long mib_of(const unsigned long *blocks)
{
	unsigned long pages = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		pages += blocks[order] << order;
	return pages >> (20 - PAGE_SHIFT);
}

static void print_orders(const char *when, const unsigned long *blocks)
{
	char line[160];
	int len;

	len = scnprintf(line, sizeof(line), "# %-14s free blocks by order:", when);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		len += scnprintf(line + len, sizeof(line) - (size_t)len, " %lu",
				 blocks[order]);
	pr_info("%s\n", line);
}

static void whole_day(struct trial *x, struct day *day, bool types)
{
	unsigned long blocks[NR_PAGE_ORDERS];
	enum zone_type zone;
	LIST_HEAD(held);

	INIT_LIST_HEAD(&day->kernel);
	INIT_LIST_HEAD(&day->plain);
	if (types) {
		day->users = movable_buffer_create_empty(DAY_SLOTS);
		if (!expect(x, day->users, "no memory for the table"))
			return;
	}
	zone = make_arena(x, &held);
	if (zone == MAX_NR_ZONES)
		goto out;
	count_free(zone, blocks);
	print_orders("in the morning", blocks);
	live_day(day);
	count_free(zone, blocks);
	day->largest = largest_of(blocks);
	day->mib = mib_of(blocks);
	print_orders(types ? "with types" : "without types", blocks);
	ask_for_blocks(day);
	expect(x, !types || !wrong_marks(day->users, day->kept), "pages changed");
	free_list(&day->kernel, DAY_ORDER);
	free_list(&day->plain, 0);
	free_list(&held, MAX_ORDER);
out:
	movable_buffer_free(day->users);
}

EXPERIMENT(fragmentation_story, "fragmentation.story",
	   "a day of mixed use leaves memory free but useless; with mobility it is not")
{
	struct day without = { .kept = 0 }, with = { .kept = 0 };

	whole_day(x, &without, false);
	if (!x->skipped)
		whole_day(x, &with, true);
	if (x->skipped)
		return;
	expect(x, !without.had, "without types %lu blocks of 4 MiB could be had",
	       without.had);
	expect(x, with.had >= ARENA_BLOCKS / 2, "with types only %lu could be had",
	       with.had);
	evidence(x, "without types: %lu MiB free, largest block of order %d, 4 MiB: %lu",
		 without.mib, without.largest, without.had);
	evidence(x, "with: %lu MiB free, order %d, then %lu pages moved, 4 MiB: %lu",
		 with.mib, with.largest, with.moved, with.had);
}
