/* SPDX-License-Identifier: MIT */
/* Reclaim, for the page allocator and for who runs the background thread. */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include <linux/gfp.h>
#include <linux/mmzone.h>

/* Frees memory on behalf of a request that may sleep: objects freed, 0 = no progress. */
unsigned long reclaim_direct(gfp_t gfp);
/* What the shrinkers say they have, to those who may do everything.  May sleep. */
unsigned long reclaimable_objects(void);

/* No zone up to this one is above its low watermark: the background thread shall work until
 * one is above its high one.  Any context; cheap when it knows already. */
void kswapd_wake(enum zone_type highest);
/* The body of that thread: waits until it is woken, works, returns.  False when there is no
 * work left and kswapd_stop() was called.  May sleep. */
bool kswapd_run(void);
/* Lets kswapd_run() return false once. */
void kswapd_stop(void);

/* How many times it has worked, and whether it is to work now. */
unsigned long kswapd_sessions(void);
bool kswapd_is_at_work(void);

/* Registers what the slab caches can spare. */
void slab_shrinker_init(void);
void reclaim_reset(void);

#endif
