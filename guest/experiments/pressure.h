/* SPDX-License-Identifier: MIT */
/* Memory made scarce on purpose, and a cache that can give some back. */
#ifndef GUEST_EXPERIMENTS_PRESSURE_H
#define GUEST_EXPERIMENTS_PRESSURE_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/spinlock.h>

#include "experiment.h"

/* Blocks held back: linked by page->lru, their order in page->private, as drivers keep them. */
void hold_block(struct list_head *held, struct page *page, unsigned int order);
/* Takes one; false when there is none. */
bool take_block(struct list_head *held, gfp_t gfp, unsigned int order);
/* Takes single pages, up to n, without a word when there are fewer; how many. */
unsigned int take_pages_quietly(struct list_head *held, gfp_t gfp, unsigned int n);
/* Takes all that requests with these flags can have without sleeping or waking anybody, in
 * the largest blocks there are.  How many pages. */
unsigned long press(struct list_head *held, gfp_t gfp);
/* Gives back all that is held. */
void relieve(struct list_head *held);
/* Taking all memory is too dear here; then the trial is marked as skipped. */
bool too_much_memory(struct trial *x);

/* Pages of one owner that a shrinker may take. */
struct larder {
	struct shrinker shrinker;
	spinlock_t lock; /* guards pages and nr */
	struct list_head pages; /* by lru */
	unsigned long nr;
	gfp_t needs; /* who shrinks must have these flags, else SHRINK_STOP */
	unsigned long
		claims; /* says it has so many, and frees all of them, but has none */
	struct task_struct *watched; /* whose visits are counted in the next two */
	unsigned int visits;
	gfp_t seen; /* all flags of these visits together */
	unsigned int others; /* visits of other threads */
};

/* With so many pages in it. */
void larder_open(struct trial *x, struct larder *l, unsigned int pages, gfp_t needs);
/* Frees what is left. */
void larder_close(struct larder *l);

#endif
