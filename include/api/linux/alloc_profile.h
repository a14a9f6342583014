/* SPDX-License-Identifier: MIT */
/*
 * Allocation profile: which call sites hold how much memory, in pages and in objects, as
 * Linux's /proc/allocinfo tells it.
 *
 * alloc_profile=on counts from boot on.  Pages that the slab allocator takes for its slabs
 * are charged to it, and each object to whoever asked for it.
 */
#ifndef _LINUX_ALLOC_PROFILE_H
#define _LINUX_ALLOC_PROFILE_H

#include <linux/types.h>

/* alloc_profile=on|off, before mm_init().  0 or -EINVAL. */
int alloc_profile_setup(const char *arg);
/* While running: pages from now on, and the objects of caches created from now on. */
void alloc_profile_set(bool on);
bool alloc_profile_on(void);

struct alloc_site_info {
	unsigned long ip; /* the call; 0: all that did not fit into the table */
	unsigned long bytes; /* it holds now */
	unsigned long calls; /* allocations it holds now */
	unsigned long total; /* allocations ever */
};

enum alloc_profile_order { ALLOC_BY_BYTES, ALLOC_BY_CALLS };

/* The n sites that hold most, the first one most of all; how many there were. */
unsigned int alloc_profile_top(struct alloc_site_info *top, unsigned int n,
			       enum alloc_profile_order order);
/* The lines of /proc/allocinfo for these n, by bytes. */
void alloc_profile_print(unsigned int n);

#endif
