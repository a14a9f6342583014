/* SPDX-License-Identifier: MIT */
/*
 * The books of the memory subsystem, taken before and after an experiment: what it has
 * allocated must be back, and every allocator's own check of its state must be content.
 */
#ifndef GUEST_EXPERIMENTS_CENSUS_H
#define GUEST_EXPERIMENTS_CENSUS_H

#include <linux/types.h>

#include "experiment.h"

#define CENSUS_CACHES 64

struct census {
	/* Pages nobody holds: free ones, and those that slabs and page tables keep. */
	unsigned long pages;
	unsigned long areas; /* live vmalloc and ioremap areas */
	long mappings, coherent; /* of all devices */
	unsigned long dma_faults; /* that the monitor's checker found, not provoked */
	unsigned long complaints; /* warnings, broken context rules, refused bad frees */
	unsigned int nr_caches;
	struct {
		const struct kmem_cache *cache;
		unsigned long objects; /* in the hands of users */
	} caches[CENSUS_CACHES];
};

/* Gives back what is only kept in store, then counts.  May sleep. */
void census_take(struct census *c);
/* Fails the trial for each account that is not what it was, and for each allocator that
 * finds its own state broken. */
void census_check(struct trial *x, const struct census *before);

#endif
