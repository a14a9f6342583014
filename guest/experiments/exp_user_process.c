/* SPDX-License-Identifier: MIT */
/*
 * Processes and the frames they share.
 *
 * After fork() parent and child have the same frames, read-only; a write by either faults,
 * and the writer gets a copy, unless nobody else has the frame any more.  When a process
 * needs a frame and none is left, the process that has most of them ends.  And whatever a
 * process does, it suffers alone.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fault-inject.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/page_debug.h>

#include <guest/process.h>
#include <mm/slab_info.h>

#include "experiment.h"
#include "guest/user/include/results.h"
#include "user.h"

#define CHAPTER CHAPTER_PROCESS

EXPERIMENT(process_hostile, "process.hostile",
	   "whatever a process does, it suffers alone", .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "hostile", NULL);
	const volatile u64 *r;

	if (!p)
		return;
	user_wait(x, p, 0);
	r = process_results(p);
	expect(x, r[HOSTILE_TRIED] && r[HOSTILE_REFUSED] == r[HOSTILE_TRIED],
	       "%lu of %lu refused, case %lu was not", r[HOSTILE_REFUSED],
	       r[HOSTILE_TRIED], r[HOSTILE_FIRST_WRONG]);
	evidence(x,
		 "%lu of %lu forbidden accesses, instructions and calls came to nothing",
		 r[HOSTILE_REFUSED], r[HOSTILE_TRIED]);
	process_put(p);
}

EXPERIMENT(process_bomb, "process.fork-bomb",
	   "a program that forks without end is stopped, and all of it can be ended",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "fork_bomb", NULL);
	const volatile u64 *r;

	if (!p)
		return;
	r = process_results(p);
	if (user_pause(x, p))
		expect(x, r[BOMB_ERROR] == 11, "the last fork() ended with errno %lu",
		       r[BOMB_ERROR]);
	user_wait(x, p, 0);
	evidence(x, "fork() said EAGAIN after %lu children", r[BOMB_CHILDREN]);
	process_put(p);
}

EXPERIMENT(process_space, "process.address-space",
	   "an address space holds exactly what mmap and its kin were asked for",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "mm_random", NULL);
	unsigned int looks = 0;
	const volatile u64 *r;
	const char *fault;

	if (!p)
		return;
	for (; process_wait_pause(p); process_resume(p), looks++) {
		fault = process_verify(p);
		expect(x, !fault, "%s", fault);
	}
	user_wait(x, p, 0);
	r = process_results(p);
	expect(x, !r[RANDOM_WRONG], "%lu checks failed, the first at step %lu",
	       r[RANDOM_WRONG], r[RANDOM_FIRST_WRONG]);
	evidence(x,
		 "%lu random changes and %lu forks beside a model, %u looks at the books",
		 r[RANDOM_STEPS], r[RANDOM_FORKS], looks);
	process_put(p);
}

/* Free pages that fork() took, with the child waiting. */
static long cost_of_fork(struct trial *x, struct process *p)
{
	long before;

	drain_all_pages();
	before = (long)nr_free_pages();
	process_resume(p);
	if (!user_pause(x, p))
		return 0;
	drain_all_pages();
	return before - (long)nr_free_pages();
}

EXPERIMENT(fork_cow, "fork.cow", "fork copies no page until somebody writes to it",
	   .needs = NEEDS_USER_MODE)
{
	struct process *p = user_start(x, "fork_cow", NULL);
	const volatile u64 *r;
	long cost = 0;

	if (!p)
		return;
	r = process_results(p);
	if (user_pause(x, p))
		cost = cost_of_fork(x, p);
	user_wait(x, p, 0);
	expect(x, cost < (long)r[COW_PAGES] / 4, "fork() took %ld pages", cost);
	expect(x, !r[COW_CHILD_COPIED] && !r[COW_CHILD_WRONG],
	       "reading copied %lu pages, %lu are wrong", r[COW_CHILD_COPIED],
	       r[COW_CHILD_WRONG]);
	expect(x, r[COW_CHILD_COPIES] == r[COW_CHILD_WRITTEN],
	       "the child wrote %lu pages, %lu were copied", r[COW_CHILD_WRITTEN],
	       r[COW_CHILD_COPIES]);
	expect(x, !r[COW_PARENT_WRONG], "%lu of the parent's pages changed",
	       r[COW_PARENT_WRONG]);
	expect(x, !r[COW_PARENT_COPIES] && r[COW_PARENT_REUSED],
	       "alone again the parent copied %lu pages", r[COW_PARENT_COPIES]);
	expect(x, r[COW_STATUS] == 42 << 8, "wait() says %#lx", r[COW_STATUS]);
	evidence(x, "%lu pages: fork took %ld (tables, stacks)", r[COW_PAGES], cost);
	evidence(x, "child read all: 0 copies, wrote %lu: %lu copies",
		 r[COW_CHILD_WRITTEN], r[COW_CHILD_COPIES]);
	evidence(x, "parent, alone again, wrote all: %lu reused, none copied",
		 r[COW_PARENT_REUSED]);
	process_put(p);
}

/* --- refused half-way ------------------------------------------------------------------- */

/* What became of the processes that were refused a request for memory each. */
struct refused {
	unsigned int lives, unborn, killed, ended;
};

static void refuse_objects(struct fault_attr *attr)
{
	failslab_set(attr, NULL);
}

/* A life, in which the n-th request fails, whoever's it is and whatever for; false when there
 * were fewer.  Nothing of it may stay: the runner counts pages and objects. */
static bool refuse_one(struct trial *x, void (*refuse)(struct fault_attr *),
		       unsigned int n, struct refused *r)
{
	static struct fault_attr attr;
	struct process *p;
	int status;

	attr = (struct fault_attr){ .probability = 100, .interval = n };
	atomic_set(&attr.times, 1);
	refuse(&attr);
	p = process_start("no_memory", NULL);
	status = IS_ERR(p) ? 0 : process_wait(p);
	if (!IS_ERR(p))
		process_put(p);
	refuse(NULL);
	expect(x, !IS_ERR(p) || PTR_ERR(p) == -ENOMEM, "request %u: %ld", n, PTR_ERR(p));
	expect(x, !status || status == 127 || status == PROCESS_KILLED + KILLED_MEMORY,
	       "request %u: it ended with status %#x", n, status);
	if (!atomic_long_read(&attr.failed))
		return false;
	r->lives++;
	r->unborn += IS_ERR(p) || status == 127;
	r->killed += status == PROCESS_KILLED + KILLED_MEMORY;
	r->ended += !IS_ERR(p) && !status;
	return true;
}

#define REFUSALS_MAX 1000 /* more than there are requests in a life */

static void refuse_each(struct trial *x, const char *what,
			void (*refuse)(struct fault_attr *))
{
	struct refused r = { .lives = 0 };
	unsigned int n = 1;

	while (n < REFUSALS_MAX && refuse_one(x, refuse, n, &r))
		n++;
	expect(x, r.unborn && r.ended && n < REFUSALS_MAX,
	       "%s: %u lives, %u unborn, %u went on", what, r.lives, r.unborn, r.ended);
	evidence(
		x,
		"each of %u requests for %s refused once: %u unborn, %u killed, %u went on",
		r.lives, what, r.unborn, r.killed, r.ended);
}

EXPERIMENT(
	process_no_memory, "process.no-memory",
	"whichever request for memory fails, in exec, fork, mmap or a fault, nothing is lost",
	.needs = NEEDS_USER_MODE)
{
	refuse_each(x, "pages", fail_page_alloc_set);
	refuse_each(x, "objects", refuse_objects);
}

/* --- out of memory --------------------------------------------------------------------- */

#define LEFT_MIB     22UL /* that processes can have */
#define MIB_ORDER    8U /* a block of 1 MiB */
#define MIB_PAGES    (1UL << MIB_ORDER)
#define FIRST_HOG    "14" /* MiB: the larger one when memory ends */
#define SECOND_HOG   "16"
#define SECOND_PAGES (16 * MIB_PAGES)

/* Up to n blocks onto the list by their struct pages; how many there were. */
static unsigned long take_blocks(struct list_head *held, gfp_t gfp, unsigned int order,
				 unsigned long n)
{
	unsigned long taken;
	struct page *page;

	for (taken = 0; taken < n; taken++) {
		page = alloc_pages(gfp | __GFP_NOWARN | __GFP_NORETRY, order);
		if (!page)
			break;
		page->private = order;
		list_add(&page->lru, held);
	}
	return taken;
}

static void give_back(struct list_head *held)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, held, lru)
		__free_pages(page, (unsigned int)page->private);
	INIT_LIST_HEAD(held);
}

/* Takes all that a process could have but LEFT_MIB, of memory for requests like gfp; false
 * when there is not even that. */
static bool take_memory(struct list_head *held, gfp_t gfp)
{
	LIST_HEAD(left);
	bool enough = take_blocks(&left, gfp, MIB_ORDER, LEFT_MIB) == LEFT_MIB;

	take_blocks(held, GFP_HIGHUSER_MOVABLE, MAX_ORDER, ~0UL);
	for (unsigned int order = MIB_ORDER; order; order /= 2)
		take_blocks(held, GFP_HIGHUSER_MOVABLE, order, ~0UL);
	take_blocks(held, GFP_HIGHUSER_MOVABLE, 0, ~0UL);
	give_back(&left);
	return enough;
}

EXPERIMENT(oom_kill, "oom.kill",
	   "out of memory, the process with most frames ends, and the others go on",
	   .needs = NEEDS_USER_MODE)
{
	unsigned long kills = oom_kills();
	struct process *large, *small = NULL;
	struct process_usage usage = { 0 };
	LIST_HEAD(held);

	drain_all_pages();
	if (!take_memory(&held, GFP_HIGHUSER_MOVABLE)) {
		skip(x, "needs 22 MiB of free memory");
		goto out;
	}
	large = process_start("oom_hog",
			      (const char *const[]){ FIRST_HOG, "wait", NULL });
	if (!expect(x, !IS_ERR(large), "no process: %ld", PTR_ERR(large)))
		goto out;
	if (user_pause(x, large)) {
		process_usage(large, &usage);
		small = user_start(x, "oom_hog", SECOND_HOG);
	}
	if (small) {
		user_wait(x, small, 0);
		expect(x,
		       process_results(small)[HOG_TOUCHED] == SECOND_PAGES * PAGE_SIZE &&
			       !process_results(small)[HOG_WRONG],
		       "the survivor touched %lu bytes, %lu are wrong",
		       process_results(small)[HOG_TOUCHED],
		       process_results(small)[HOG_WRONG]);
		process_put(small);
	}
	user_wait(x, large, PROCESS_KILLED + KILLED_MEMORY);
	expect(x, oom_kills() == kills + 1, "%lu processes were killed",
	       oom_kills() - kills);
	evidence(x, "%lu MiB free, one process holds %lu, another asks for " SECOND_HOG,
		 LEFT_MIB, usage.rss / MIB_PAGES);
	evidence(x, "the first was killed, the second got all its memory");
	process_put(large);
out:
	give_back(&held);
}

/* Pages for the kernel, one by one, until that costs a process its life; how many. */
static unsigned long ask_until_killed(struct trial *x, struct list_head *got)
{
	unsigned long kills = oom_kills(), n;

	for (n = 0; n < LEFT_MIB * MIB_PAGES && oom_kills() == kills; n++) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!expect(x, page, "request %lu of the kernel failed", n))
			break;
		page->private = 0;
		list_add(&page->lru, got);
	}
	return n;
}

EXPERIMENT(oom_kernel, "oom.kernel",
	   "a process ends before an ordinary request of the kernel fails",
	   .needs = NEEDS_USER_MODE)
{
	unsigned long kills = oom_kills(), n;
	struct process_usage usage;
	struct process *p;
	LIST_HEAD(held);

	drain_all_pages();
	if (!take_memory(&held, GFP_KERNEL)) {
		skip(x, "needs 22 MiB of free memory");
		goto out;
	}
	p = process_start("oom_hog", (const char *const[]){ FIRST_HOG, "wait", NULL });
	if (!expect(x, !IS_ERR(p), "no process: %ld", PTR_ERR(p)))
		goto out;
	if (user_pause(x, p)) {
		process_usage(p, &usage);
		n = ask_until_killed(x, &held);
		evidence(x, "a process holds %lu MiB, the kernel asks page by page",
			 usage.rss / MIB_PAGES);
		evidence(x, "request %lu was served by the process's death", n);
	}
	user_wait(x, p, PROCESS_KILLED + KILLED_MEMORY);
	expect(x, oom_kills() == kills + 1, "%lu processes were killed",
	       oom_kills() - kills);
	process_put(p);
out:
	give_back(&held);
}
