/* SPDX-License-Identifier: MIT */
/*
 * What reports, experiments and tests may ask of the slab allocator: counters, objects,
 * self-checks, and the switches of debugging.  Allocating needs only <linux/slab.h>.
 */
#ifndef MM_SLAB_INFO_H
#define MM_SLAB_INFO_H

#include <linux/slab.h>

/* The state of one cache, as /proc/slabinfo tells it, and a little more. */
struct slabinfo {
	const char *name;
	slab_flags_t flags;
	unsigned int object_size; /* bytes for the user */
	unsigned int stride; /* bytes from one object to the next */
	unsigned int align;
	unsigned int objects_per_slab; /* of a slab of the usual order */
	unsigned int order; /* a slab is 1 << order pages */
	unsigned int colours; /* different offsets slabs start at, at least 1 */
	unsigned int magazine_size; /* objects in a magazine, as adapted by now */
	unsigned long active_objs; /* in the hands of users */
	unsigned long num_objs; /* in all slabs */
	unsigned long cpu_cached; /* in the magazines of CPUs */
	unsigned long depot_cached; /* in the full magazines of the depot */
	unsigned long slabs_partial, slabs_full, slabs_free;
	unsigned long pages; /* in all slabs */
	unsigned long slabs_created, slabs_freed; /* ever */
};

/* A snapshot; exact when nobody uses the cache meanwhile. */
void get_slabinfo(struct kmem_cache *s, struct slabinfo *info);
/* Calls fn for each cache, oldest first, until it returns other than 0, which is then the
 * result.  fn must not create or destroy caches. */
int kmem_cache_for_each(int (*fn)(struct kmem_cache *s, void *arg), void *arg);
/* Objects that `cpu` holds ready for its next allocations. */
unsigned int kmem_cache_cpu_objects(struct kmem_cache *s, unsigned int cpu);
/* Prints /proc/slabinfo's lines to the log. */
void slabinfo_print(void);

/* One object, looked up by any address inside it. */
struct slab_object_info {
	struct kmem_cache *cache; /* NULL: the address is not in a slab */
	void *object; /* its start; NULL: between objects */
	unsigned int index; /* in its slab */
	unsigned int colour; /* bytes its slab's first object is set off by */
	bool allocated; /* false only when it is back in its slab */
	unsigned long alloc_site, free_site; /* under SLAB_STORE_USER, else 0 */
};
void slab_object_info(const void *addr, struct slab_object_info *info);
/* Calls fn for each object in use (magazines are drained first), until fn returns other
 * than 0.  Nobody may use the cache meanwhile; fn must not either.  May sleep. */
int kmem_cache_for_each_object(struct kmem_cache *s,
			       int (*fn)(const struct slab_object_info *obj, void *arg),
			       void *arg);

/*
 * Walks the whole state of a cache: lists against counts and bitmaps, every page against
 * its slab, every magazine, and under debugging each object's guard bytes and poison.
 * 0, or -EINVAL after one printed line that names what is broken.  Nobody may use the
 * cache meanwhile.
 */
int kmem_cache_verify(struct kmem_cache *s);
int slab_verify_all(void);

/* --- debugging and failure injection -------------------------------------------------- */

/*
 * slub_debug=[FZPU][,cache[,cache]...][;...]: debugging of the caches created from now on;
 * a name may end in '*'; no letters mean FZPU, "-" none.  0, or -EINVAL (reported).
 */
int slab_debug_setup(const char *str);
/* Bugs in the use of slabs reported since boot. */
unsigned long slab_bug_count(void);

/*
 * Lets allocations of objects fail as attr says (<linux/fault-inject.h>; the attr stays the
 * caller's): of every cache, the allocator's own included, or of one.  NULL stops.  May
 * sleep.
 */
struct fault_attr;
void failslab_set(struct fault_attr *attr, struct kmem_cache *only);
/* failslab=interval,probability,space,times, from start on.  0, or -EINVAL (reported). */
int failslab_setup(const char *str);

#endif
