/* SPDX-License-Identifier: MIT */
/*
 * An arena: a few large blocks that are all the free memory there is, but for the little in
 * small blocks.  Whoever asks for memory meanwhile gets it from there.
 */
#ifndef GUEST_EXPERIMENTS_ARENA_H
#define GUEST_EXPERIMENTS_ARENA_H

#include <linux/list.h>
#include <linux/types.h>

#define ARENA_MAX 12 /* blocks, of 4 MiB */

struct page;
struct arena {
	unsigned int nr; /* blocks; 0: none could be made */
	struct page *block[ARENA_MAX];
	struct list_head held; /* all other large blocks */
};

/* Makes one of n blocks of one zone that has a direct map; suits (if not NULL) says of a
 * block, not free at that moment, whether it will do.  False when there are not so many.
 * May sleep. */
bool arena_make(struct arena *a, unsigned int n,
		bool (*suits)(struct page *block, void *arg), void *arg);
/* Takes those of its blocks that are free as a whole out of it, until the end. */
void arena_narrow(struct arena *a);
/* All memory is free again, and the arena empty. */
void arena_end(struct arena *a);
/* Is this in one of its blocks? */
bool arena_has(const struct arena *a, phys_addr_t pa);

#endif
