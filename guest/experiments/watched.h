/* SPDX-License-Identifier: MIT */
/*
 * Options of the command line under which allocators rightly behave otherwise: they change
 * what memory holds, or where an object comes from.  An experiment on that says so and is
 * skipped.  Each function returns the reason, or NULL when the claim can be tested.
 */
#ifndef GUEST_EXPERIMENTS_WATCHED_H
#define GUEST_EXPERIMENTS_WATCHED_H

struct kmem_cache;

/* Some objects do not come from slabs. */
const char *objects_are_sampled(void);
/* Objects of this cache do not come from per-CPU arrays, or not all of them. */
const char *objects_are_watched(struct kmem_cache *s);
/* The same for kmalloc: what its last owner left in an object need not be there, either. */
const char *kmalloc_is_watched(void);

#endif
