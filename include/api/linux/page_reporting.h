/* SPDX-License-Identifier: MIT */
/*
 * Free page reporting (include/linux/page_reporting.h): free memory that the monitor below
 * may take away until it is touched again.
 *
 * Whoever can tell the monitor looks at all free memory now and then.  Blocks are taken off
 * the free lists, told, and put back, marked: a marked block is not told again.  The mark
 * goes with the block, when it is handed out, split or joined.  Allocating and freeing do
 * not know of this and cost what they did.
 *
 * What comes back reads as zero or as it did before; where free pages are filled with a
 * pattern (page_poison=on) nothing is reported.
 */
#ifndef _LINUX_PAGE_REPORTING_H
#define _LINUX_PAGE_REPORTING_H

#include <linux/mm.h>
#include <linux/scatterlist.h>

/* Blocks told at once, at most. */
#define PAGE_REPORTING_CAPACITY 8U

/* The smallest blocks that are told: what a host can back with one huge page. */
#define PAGE_REPORTING_MIN_ORDER 9U

struct page_reporting_dev_info {
	/* Tells the monitor; returns when it is done with all.  0 or a negative errno: then
	 * they stay unmarked.  May sleep; does not allocate blocks that large. */
	int (*report)(struct page_reporting_dev_info *dev, struct scatterlist *sg,
		      unsigned int nents);

	struct scatterlist sg[PAGE_REPORTING_CAPACITY];
	unsigned long puts; /* frees seen at the last look, of all zones */
	unsigned long reported; /* pages, since boot */
};

/*
 * Tells of all blocks that were not told yet, but leaves each zone its high watermark while
 * it is at it.  Returns how many pages, or what report() said.  One call at a time.
 */
long page_reporting_process(struct page_reporting_dev_info *dev);
/* Has anything been freed since page_reporting_process() began last?  Cheap. */
bool page_reporting_due(const struct page_reporting_dev_info *dev);

#endif
