/* SPDX-License-Identifier: MIT */
/*
 * Memory that the host has given nothing for yet: guest RAM that nobody has touched since
 * boot, on a host that gives memory page by page.  dmacheck tells which it is.
 */
#ifndef GUEST_EXPERIMENTS_FRESH_H
#define GUEST_EXPERIMENTS_FRESH_H

#include <linux/list.h>

#include "experiment.h"

#define FRESH_BLOCKS 10 /* of 4 MiB */

struct page;
struct fresh {
	unsigned int nr; /* FRESH_BLOCKS, or 0: there is not so much, or nobody to ask */
	struct page *block[FRESH_BLOCKS];
	struct list_head held; /* all other large blocks */
};

/* From now on whoever wants a frame gets it from the fresh blocks, but for the little that
 * is free in small blocks.  May sleep. */
void fresh_only(struct trial *x, struct fresh *f);
/* All memory is free again, and f is empty. */
void fresh_end(struct fresh *f);
/* Bytes that the host has given for the blocks meanwhile. */
u64 fresh_resident(struct trial *x, const struct fresh *f);
/* Is this in one of them? */
bool fresh_has(const struct fresh *f, phys_addr_t pa);

#endif
