/* SPDX-License-Identifier: MIT */
/* Compaction: large blocks made by moving pages (include/linux/compaction.h). */
#ifndef _LINUX_COMPACTION_H
#define _LINUX_COMPACTION_H

#include <linux/gfp.h>
#include <linux/mmzone.h>

enum compact_result {
	COMPACT_SKIPPED, /* no zone has enough free pages to move others into */
	COMPACT_DEFERRED, /* it failed lately: not tried */
	COMPACT_COMPLETE, /* a whole zone was tried, without success */
	COMPACT_SUCCESS, /* there is, or should be, a block of the order now */
};

/* How much may be done; less is tried first. */
enum compact_priority {
	COMPACT_PRIO_SYNC_FULL, /* every zone, from its beginning */
	COMPACT_PRIO_SYNC_LIGHT,
	COMPACT_PRIO_ASYNC, /* page blocks of movable pages only, one attempt a page */
};

/* On behalf of a request that may sleep: works on the zones that may serve it until a block
 * of the order is free in one of them. */
enum compact_result try_to_compact_pages(gfp_t gfp, unsigned int order,
					 enum compact_priority prio);
/* All zones, as far as it goes: /proc/sys/vm/compact_memory.  May sleep. */
void compact_memory(void);

/* Since boot: the compact_* lines of /proc/vmstat. */
struct compact_info {
	unsigned long stalls; /* requests that worked themselves */
	unsigned long successes, failures; /* of these */
	unsigned long deferred; /* requests that were not let */
	unsigned long migrate_scanned, free_scanned; /* frames looked at */
	unsigned long isolated; /* pages caught for moving, and free ones to move to */
};
void compact_info(struct compact_info *info);

/* How a failure of this order in the zone comes about: near 0, free memory is short; near
 * 1000, it is in pieces too small; -1000: there is a block. */
int fragmentation_index(enum zone_type zone, unsigned int order);

#endif
