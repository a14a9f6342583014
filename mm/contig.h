/* SPDX-License-Identifier: MIT */
/* Given ranges of frames, emptied for one caller. */
#ifndef MM_CONTIG_H
#define MM_CONTIG_H

#include <linux/gfp.h>

/*
 * Makes frames [start, end), which lie in page blocks of MIGRATE_CMA, the caller's: single
 * pages with a reference each.  What is in use there is moved elsewhere.  0; -EBUSY when a
 * page could not be moved, -ENOMEM when there was no room elsewhere: then nothing has
 * changed but where some pages are.  Calls do not overlap in time.  May sleep.  Of gfp,
 * __GFP_ZERO counts.
 */
int alloc_contig_range(unsigned long start, unsigned long end, gfp_t gfp);
/* Gives up one reference to each of n pages. */
void free_contig_range(unsigned long pfn, unsigned long n);

#endif
