/* SPDX-License-Identifier: MIT */
/* KFENCE from inside the slab allocator, and between its own files. */
#ifndef MM_KFENCE_H
#define MM_KFENCE_H

#include <linux/kfence.h>
#include <linux/list.h>
#include <linux/slab.h>
#include "mm/alloc_profile.h"

struct slab_object_info;

/* Objects are sampled.  The one word that the slow path of every allocation looks at. */
extern bool kfence_on;

/* An object of s on a page of its own, when one is due; else NULL. */
void *kfence_sample(struct kmem_cache *s, gfp_t gfp, unsigned long ip);
/* Frees an address of the pool; s: the cache the caller names, or NULL (kfree). */
void kfence_free(struct kmem_cache *s, const void *addr, unsigned long ip);
/* Bytes usable at an address of the pool; 0 where no object starts. */
size_t kfence_ksize(const void *addr);

/* The object at an address of the pool: as slab_object_info() (mm/slab_info.h). */
void kfence_object_info(const void *addr, struct slab_object_info *info);
/* Objects of s in use. */
unsigned int kfence_objects(const struct kmem_cache *s);
/* fn for each of them, until it returns other than 0, which is then the result. */
int kfence_for_each_object(const struct kmem_cache *s,
			   int (*fn)(const struct slab_object_info *obj, void *arg),
			   void *arg);
/* s is about to go; none of its objects is in use. */
void kfence_forget_cache(const struct kmem_cache *s);
/* Prints who allocated and who freed it. */
void kfence_print_tracks(const void *addr);
void kfence_reset(void);

/* --- between kfence.c and kfence_report.c ---------------------------------------------- */

#define KFENCE_CHAIN 6

struct kfence_track {
	unsigned long ip; /* the call; 0: never happened */
	unsigned long
		chain[KFENCE_CHAIN]; /* its callers, innermost first, 0 at the end */
	unsigned long when; /* jiffies */
	int pid;
	unsigned int cpu;
};

enum kfence_state { KFENCE_UNUSED, KFENCE_ALLOCATED, KFENCE_FREED };

/* One object.  Guarded by the lock of kfence.c. */
struct kfence_meta {
	struct list_head
		list; /* while it is not allocated, the one freed longest ago first */
	enum kfence_state state;
	unsigned int size;
	unsigned long addr; /* of the object; meaningless while unused */
	struct kmem_cache *cache; /* NULL: unused, or its cache is gone */
	struct kfence_track alloc, free;
	alloc_site_t site; /* it is counted for (alloc_profile) */
};

/* A bug, with all that its report needs: nothing is locked when it is printed. */
#define KFENCE_SHOWN 16
struct kfence_bug {
	enum kfence_error error;
	bool is_write;
	unsigned long address, ip;
	unsigned int object; /* its number */
	bool has_object;
	struct kfence_meta meta; /* as it was */
	unsigned int nr_bytes; /* KFENCE_ERROR_CORRUPTION: bytes from address on */
	u8 bytes[KFENCE_SHOWN];
};
void kfence_report(const struct kfence_bug *bug);
void kfence_print_track(const struct kfence_track *track, bool freed);

/* What a byte beside an object holds. */
static inline u8 kfence_canary(unsigned long addr)
{
	return (u8)(0xaa ^ (addr & 7));
}

#endif
