/* SPDX-License-Identifier: MIT */
/*
 * Shrinkers (include/linux/shrinker.h): who caches something that can be made again says
 * how much there is, and frees some of it when memory is short.
 */
#ifndef _LINUX_SHRINKER_H
#define _LINUX_SHRINKER_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/types.h>

#define SHRINK_STOP  (~0UL) /* from scan_objects: nothing can be done now */
#define SHRINK_EMPTY (~0UL - 1) /* from count_objects: nothing is there */

struct shrink_control {
	gfp_t gfp_mask; /* of the request that needs memory: without __GFP_FS a shrinker must
			 * not take locks under which its owner allocates, see scan_objects */
	int nid; /* 0: there is one node */
	unsigned long nr_to_scan; /* objects scan_objects shall look at */
	unsigned long nr_scanned; /* those it did look at; nr_to_scan unless it says so */
};

/*
 * Both functions may sleep.  They may allocate: such requests never reclaim themselves and
 * have the reserve.
 */
struct shrinker {
	/* Objects that could be freed, about; 0 or SHRINK_EMPTY: none. */
	unsigned long (*count_objects)(struct shrinker *shrinker,
				       struct shrink_control *sc);
	/* Objects freed.  SHRINK_STOP when the request's flags (or a lock held) forbid it:
	 * then what was asked is asked again later, of a request that allows it. */
	unsigned long (*scan_objects)(struct shrinker *shrinker,
				      struct shrink_control *sc);
	long batch; /* objects in one call of scan_objects; 0: 128 */
	int seeks; /* cost of making one object again; DEFAULT_SEEKS, 0: nothing */

	/* The rest belongs to mm/reclaim.c. */
	const char *name;
	struct list_head list;
	unsigned int pins; /* reclaimers in its functions */
	bool dying; /* unregister_shrinker() waits for them */
	unsigned long nr_deferred; /* asked but not scanned; atomic */
};
#define DEFAULT_SEEKS 2

/* The name must live as long as the registration.  0, -EINVAL without its functions. */
int register_shrinker(struct shrinker *shrinker, const char *name);
/* Returns when none of its functions runs any more.  May sleep. */
void unregister_shrinker(struct shrinker *shrinker);

/* What reclaim has done since boot. */
struct reclaim_info {
	unsigned long direct; /* direct reclaims: requests that freed memory themselves */
	unsigned long direct_freed; /* objects */
	unsigned long background; /* sessions of the background thread */
	unsigned long background_freed;
	unsigned long waits; /* sleeps of requests until memory came free */
	unsigned long woken; /* of them, those that a free ended, and not time */
	unsigned long oom; /* times that nothing was left to free */
};
void reclaim_get_info(struct reclaim_info *info);

#endif
