/* SPDX-License-Identifier: MIT */
/*
 * Experiments: statements about kernel memory, put to the test on the machine itself.
 *
 * An experiment is a function with a name (`buddy.split`) and a claim, one sentence that
 * can be wrong.  It exercises the allocators as a driver would, asks counters or the
 * dmacheck device what really happened, and says so:
 *
 *	EXPERIMENT(buddy_max, "buddy.max", "the largest block is 4 MiB")
 *	{
 *		struct page *page = alloc_pages(GFP_KERNEL, 10);
 *
 *		if (!expect(x, page, "no block of order 10"))
 *			return;
 *		evidence(x, "order 10 at pfn %#lx", page_to_pfn(page));
 *		__free_pages(page, 10);
 *	}
 *
 * `x` is the trial that runs.  Without a failed expect() it has passed.  Whatever happened,
 * the function returns with everything freed: the runner keeps books (census.h), and a
 * trial that leaves a page, an object or a mapping behind has failed, too.
 *
 * The experiments of one file are a chapter.  The run goes by chapter, and within one by
 * line, whatever order the linker chose.
 */
#ifndef GUEST_EXPERIMENTS_EXPERIMENT_H
#define GUEST_EXPERIMENTS_EXPERIMENT_H

#include <linux/kernel.h>

#include "ktap.h"

/* What an experiment cannot do without; where it is missing, the experiment is skipped
 * and the line says which. */
#define NEEDS_DMACHECK	1U /* the device that judges DMA: pagevisor only */
#define NEEDS_DISK	2U /* a virtio disk */
#define NEEDS_2_CPUS	4U
#define NEEDS_USER_MODE 16U /* processes */
#define NEEDS_DMA_CHECK 32U /* a monitor that judges DMA (--dma-check), and dmacheck */
#define NEEDS_DMA_HASH	64U /* one that also hashes buffers */
#define NEEDS_IOMMU	128U /* an IOMMU, and a device behind it */
#define NEEDS_EDU	256U /* the device with 28 address bits */
#define NEEDS_FAULTS	512U /* a monitor whose devices make mistakes (--inject) */
#define NEEDS_BALLOON	1024U /* the memory balloon */

struct trial;

struct experiment {
	const char *name; /* group.what, as on the command line */
	const char *claim; /* what it shows, one sentence */
	void (*run)(struct trial *x);
	unsigned int needs; /* NEEDS_* */
	bool popular; /* the claim is popular and wrong: passing means refuting it */
	bool measurement; /* of costs, not of truth: runs only when it is asked for */
	bool leaves; /* something behind, on a disk: runs only when it is asked for */
	bool fatal; /* ends the run with a panic; runs only when it is asked for */
	unsigned int chapter; /* place of its file in the run */
	unsigned int line; /* its place there */
};

/* One run of one experiment. */
struct trial {
	const struct experiment *experiment;
	unsigned int cpus; /* online now */
	unsigned int failures; /* expect()s that did not hold */
	unsigned int provokes; /* complaints of the kernel that shall come */
	bool ends_chapter; /* the last one of its chapter in this run */
	const char *skipped; /* why, or NULL */
	size_t said; /* characters in evidence */
	char evidence[256];
};

/*
 * Defines and registers an experiment; its body follows.  More fields can be set after
 * the claim: EXPERIMENT(dma_sg, "dma.sg", "...", .needs = NEEDS_DMACHECK).
 * The file defines CHAPTER first.
 */
#define EXPERIMENT(id, title, statement, ...)                                           \
	static void id(struct trial *x);                                                \
	static const struct experiment id##_experiment __used __section(".experiments") \
		__aligned(8) = { .name = (title),                                       \
				 .claim = (statement),                                  \
				 .run = (id),                                           \
				 .chapter = CHAPTER,                                    \
				 .line = __LINE__,                                      \
				 ##__VA_ARGS__ };                                       \
	static void id(struct trial *x)

enum chapter {
	CHAPTER_BOOT,
	CHAPTER_BUDDY,
	CHAPTER_PCP,
	CHAPTER_ZONES,
	CHAPTER_GFP,
	CHAPTER_RECLAIM,
	CHAPTER_HIGHMEM,
	CHAPTER_MOBILITY,
	CHAPTER_SLAB,
	CHAPTER_KMALLOC,
	CHAPTER_VMALLOC,
	CHAPTER_COMPARE,
	CHAPTER_DMA,
	CHAPTER_DMABUG,
	CHAPTER_IOMMU,
	CHAPTER_IOMMU_MODES,
	CHAPTER_IOVA,
	CHAPTER_EDU,
	CHAPTER_BALLOON,
	CHAPTER_DISK,
	CHAPTER_LOAD,
	CHAPTER_DEVICES,
	CHAPTER_INJECT,
	CHAPTER_IRQ,
	CHAPTER_SMP,
	CHAPTER_MEMPOOL,
	CHAPTER_DEBUG,
	CHAPTER_PROCESS,
	CHAPTER_MOVE,
	CHAPTER_SHARE,
	CHAPTER_MALLOC,
	CHAPTER_BENCH,
	CHAPTER_EVENTS,
	CHAPTER_INSPECT,
	CHAPTER_CRASH,
};

/* Adds to what the line of this trial states as measured; parts are joined by ", ". */
void evidence(struct trial *x, const char *fmt, ...) __printf(2, 3);

/* The claim does not hold unless `cond` does: prints where, what and the values given. The
 * value is cond, so that what makes no sense afterwards can be left out. */
#define expect(x, cond, ...)                                                   \
	({                                                                     \
		bool _holds = !!(cond);                                        \
		if (unlikely(!_holds))                                         \
			trial_fail(x, __FILE__, __LINE__, #cond, __VA_ARGS__); \
		likely(_holds);                                                \
	})
void trial_fail(struct trial *x, const char *file, int line, const char *cond,
		const char *fmt, ...) __printf(5, 6);

/* The kernel is about to print n warnings, and that is right. */
void provoke(struct trial *x, unsigned int n);

/* Found out while running that it cannot be done here.  The reason must stay valid. */
void skip(struct trial *x, const char *reason);

/* Runs what the command line selects, prints KTAP, the comparison of all ways to memory, and
 * the counts.  Called once, in a thread that may sleep, when all CPUs and devices are up.  0
 * when nothing failed, else the code for the machine to end with. */
int experiments_run(void);

#endif
