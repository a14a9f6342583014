/* SPDX-License-Identifier: MIT */
/*
 * Memory of processes can be elsewhere.  A process knows addresses; which frames are behind
 * them is between its page tables and the kernel, and the kernel may change that while the
 * process runs: for a large block, which the process's pages stand in the way of, it copies
 * them to other frames and changes the tables.
 *
 * Witnesses: the program, which finds in its pages what it left there; the page tables; the
 * device, for which the large block is one run.
 */
#include <linux/compaction.h>
#include <linux/err.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <guest/dmacheck.h>
#include <guest/process.h>

#include "arena.h"
#include "experiment.h"
#include "guest/user/include/results.h"
#include "user.h"
#include "witness.h"

#define CHAPTER CHAPTER_MOVE

static unsigned long moved_so_far(void)
{
	struct migrate_info info;

	migrate_info(&info);
	return info.moved[MR_COMPACTION];
}

/* --- out of the way ------------------------------------------------------------------------ */

#define BLOCKS 8U /* more than MOVE_PAGES, and room for the tables and the watermarks */
#define LEFT   (MOVE_PAGES / MOVE_GROUP) /* pages that stay in use */

/* Where the pages are that the program keeps. */
static void note_frames(struct process *p, phys_addr_t *frame)
{
	u64 addr = process_results(p)[MOVE_ADDRESS];

	for (unsigned long i = 0; i < LEFT; i++)
		frame[i] = process_translate(p, addr + i * MOVE_GROUP * PAGE_SIZE);
}

/* A block of 4 MiB while the process sleeps; pages that are elsewhere afterwards. */
static unsigned long get_block(struct trial *x, struct process *p)
{
	phys_addr_t *before = kmalloc_array(LEFT, sizeof(*before), GFP_KERNEL);
	phys_addr_t *after = kmalloc_array(LEFT, sizeof(*after), GFP_KERNEL);
	unsigned long moved = 0;
	struct page *page;

	if (expect(x, before && after, "no memory for the notes")) {
		note_frames(p, before);
		page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER);
		note_frames(p, after);
		for (unsigned long i = 0; i < LEFT; i++)
			moved += before[i] != after[i];
		expect(x, page, "no block of 4 MiB");
		if (page && dmacheck_device())
			expect(x, device_runs(x, page_to_virt(page), MAX_ORDER_SIZE) == 1,
			       "4 MiB are not one run for the device");
		if (page)
			__free_pages(page, MAX_ORDER);
	}
	kfree(before);
	kfree(after);
	return moved;
}

/* Again and again, while the process counts in its pages; pages moved meanwhile. */
static unsigned long move_about(struct process *p)
{
	const volatile u64 *r = process_results(p);
	unsigned long moved = moved_so_far();

	for (unsigned int round = 0; round < 20; round++) {
		u64 seen = r[MOVE_ROUNDS];

		compact_memory();
		while (r[MOVE_ROUNDS] == seen && !process_has_ended(p))
			schedule_timeout_uninterruptible(1);
	}
	return moved_so_far() - moved;
}

static void judge_moves(struct trial *x, struct process *p, struct arena *arena)
{
	const volatile u64 *r = process_results(p);
	unsigned long moved, running;
	struct page *page;

	if (!user_pause(x, p))
		return;
	arena_narrow(arena);
	process_resume(p);
	if (!user_pause(x, p))
		return;
	/* The little that was left of the last block is free again, or may be. */
	arena_narrow(arena);
	page = alloc_pages(__GFP_MEMALLOC | __GFP_NOWARN, MAX_ORDER);
	expect(x, !page, "a block of 4 MiB is free whole");
	if (page)
		__free_pages(page, MAX_ORDER);
	moved = get_block(x, p);
	expect(x, moved, "the process's pages are where they were");
	expect(x, !process_verify(p), "%s", process_verify(p));
	process_resume(p);
	running = move_about(p);
	process_tell(p, MOVE_STOP, 1);
	user_wait(x, p, 0);
	expect(x, !r[MOVE_WRONG] && r[MOVE_ROUNDS], "%lu wrong words in %lu rounds",
	       r[MOVE_WRONG], r[MOVE_ROUNDS]);
	evidence(x, "%lu pages in the way of 4 MiB: %lu are elsewhere then", LEFT, moved);
	evidence(x, "%lu moves more while it ran, contents right", running);
}

EXPERIMENT(compaction_user, "compaction.user",
	   "memory of a process moves out of the way, and the process does not notice",
	   .needs = NEEDS_USER_MODE)
{
	struct arena arena;
	struct process *p;

	if (!arena_make(&arena, BLOCKS, NULL, NULL)) {
		skip(x, "needs 32 MiB in free blocks of 4 MiB");
		return;
	}
	p = user_start(x, "scattered", NULL);
	if (p) {
		judge_moves(x, p, &arena);
		process_tell(p, MOVE_STOP, 1);
		user_wait(x, p, 0);
		process_put(p);
	}
	arena_end(&arena);
}
