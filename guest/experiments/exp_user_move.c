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
#include <linux/memblock.h>
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

/* --- many at once --------------------------------------------------------------------------- */

#define MANY 6U

#define CLUSTER 32U

static struct page *any_page(struct page *page, unsigned long private)
{
	(void)page;
	(void)private;
	return alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY);
}

static void put_any_page(struct page *page, unsigned long private)
{
	(void)private;
	__free_page(page);
}

static void move_list(struct list_head *pages)
{
	migrate_pages(pages, any_page, put_any_page, 0, MIGRATE_SYNC, MR_COMPACTION,
		      NULL);
	putback_movable_pages(pages);
}

/* Every frame of a process that can be moved goes anywhere else. */
static void move_all(void)
{
	unsigned long end = PHYS_PFN(memblock_end_of_DRAM());
	unsigned int n = 0;
	LIST_HEAD(pages);

	for (unsigned long pfn = 0; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (pfn % MAX_ORDER_NR_PAGES == 0 && !pfn_valid(pfn)) {
			pfn += MAX_ORDER_NR_PAGES - 1;
			continue;
		}
		if (!PageUser(page) || !isolate_movable_page(page))
			continue;
		list_add(&page->lru, &pages);
		if (++n % CLUSTER == 0)
			move_list(&pages);
	}
	move_list(&pages);
}

/* Moves all that can be moved, until they have ended. */
static void move_until_ended(struct process *const *p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		while (!process_has_ended(p[i])) {
			move_all();
			schedule_timeout_uninterruptible(1);
		}
}

/* Ends them; how many steps they made. */
static u64 bring_in(struct trial *x, struct process *const *p, unsigned int n)
{
	u64 steps = 0;

	for (unsigned int i = 0; i < n; i++) {
		const volatile u64 *r = process_results(p[i]);

		user_wait(x, p[i], 0);
		expect(x, !r[RANDOM_WRONG],
		       "process %u: %lu checks failed, from step %lu", i, r[RANDOM_WRONG],
		       r[RANDOM_FIRST_WRONG]);
		steps += r[RANDOM_STEPS];
		process_put(p[i]);
	}
	return steps;
}

EXPERIMENT(process_together, "process.together",
	   "processes on all CPUs whose memory moves meanwhile each have their own",
	   .needs = NEEDS_USER_MODE)
{
	unsigned long moved = moved_so_far();
	struct process *p[MANY];
	unsigned int n;
	u64 steps;

	for (n = 0; n < MANY; n++) {
		const char name[] = { (char)('a' + n), 0 };

		p[n] = user_start(x, "mm_random", name);
		if (!p[n])
			break;
	}
	move_until_ended(p, n);
	steps = bring_in(x, p, n);
	evidence(x, "%u processes, %lu random changes, checked page by page", n, steps);
	moved = moved_so_far() - moved;
	expect(x, moved, "nothing moved");
	evidence(x, "%lu pages moved", moved);
}

EXPERIMENT(process_family, "process.family",
	   "a family of processes shares frames, and each has what it wrote",
	   .needs = NEEDS_USER_MODE)
{
	unsigned long moved = moved_so_far();
	struct process *p = user_start(x, "family", NULL);
	const volatile u64 *r;

	if (!p)
		return;
	r = process_results(p);
	move_until_ended(&p, 1);
	user_wait(x, p, 0);
	expect(x, !r[FAMILY_WRONG], "%lu wrong words", r[FAMILY_WRONG]);
	expect(x, r[FAMILY_BORN] > r[FAMILY_DENIED], "%lu forks were refused",
	       r[FAMILY_DENIED]);
	evidence(x, "%lu children, a third of them orphans, a third killed",
		 r[FAMILY_BORN]);
	moved = moved_so_far() - moved;
	expect(x, moved, "nothing moved");
	evidence(x, "%lu pages moved", moved);
	process_put(p);
}

/* --- out of the way of 4 MiB ------------------------------------------------------------------ */

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
