/* SPDX-License-Identifier: MIT */
/*
 * Object caches and kmalloc (include/linux/slab.h).
 *
 * Any context may allocate with GFP_ATOMIC or GFP_NOWAIT and may free.  Flags that allow
 * sleeping (GFP_KERNEL) are refused in atomic context: the call chain is reported and the
 * result is NULL, even when the object would have come from a per-CPU array.
 */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/gfp.h>

struct kmem_cache;
typedef unsigned int slab_flags_t;

/* Flags of kmem_cache_create(), Linux's values. */
#define SLAB_CONSISTENCY_CHECKS \
	((slab_flags_t)0x00000100) /* F: check at alloc and free */
#define SLAB_RED_ZONE	   ((slab_flags_t)0x00000400) /* Z: guard bytes round objects */
#define SLAB_POISON	   ((slab_flags_t)0x00000800) /* P: free objects hold 0x6b */
#define SLAB_HWCACHE_ALIGN ((slab_flags_t)0x00002000) /* start at a cache line */
#define SLAB_CACHE_DMA	   ((slab_flags_t)0x00004000) /* memory from ZONE_DMA */
#define SLAB_STORE_USER	   ((slab_flags_t)0x00010000) /* U: who allocated, who freed */
#define SLAB_RECLAIM_ACCOUNT \
	((slab_flags_t)0x00020000) /* a shrinker can free them: __GFP_RECLAIMABLE pages */
#define SLAB_PANIC ((slab_flags_t)0x00040000) /* panic when creation fails */

/*
 * Creates a cache of objects of `size` bytes (8 is the least an object takes), aligned to
 * `align` (a power of two; 0: to 8 bytes).  The name stays the caller's and must live as
 * long as the cache.  `ctor` runs once for each object when its slab is made, never at
 * allocation: who frees an object hands it back in the constructed state.  May sleep.
 * NULL without memory, or when the arguments make no sense (reported).
 */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *));
/*
 * Gives back all memory of the cache.  With objects still allocated it is refused: -EBUSY,
 * the objects are listed (with their call sites under SLAB_STORE_USER) and the cache works
 * on.  NULL is fine.  Nobody may use the cache meanwhile.  May sleep.
 */
int kmem_cache_destroy(struct kmem_cache *s);
/* Frees every page the cache can spare: objects cached on all CPUs go back to their slabs
 * first.  0 when no slab is left, else 1.  May sleep. */
int kmem_cache_shrink(struct kmem_cache *s);
/* Bytes an object has for its user. */
unsigned int kmem_cache_size(const struct kmem_cache *s);
const char *kmem_cache_name(const struct kmem_cache *s);

/* NULL without memory.  __GFP_ZERO clears the object; with a constructor that is refused. */
void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp) __malloc;
/*
 * obj comes from this cache; NULL is fine.  What lies outside the slabs of the cache is
 * reported and left alone, always.  A second free, and an address inside an object, are so
 * when the cache is debugged, else not before the object goes back to its slab.
 */
void kmem_cache_free(struct kmem_cache *s, void *obj);
/* All n objects or none: n, or 0 with nothing left allocated. */
int kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t n, void **objs);
/* With s NULL the objects may come from any cache, or from kmalloc. */
void kmem_cache_free_bulk(struct kmem_cache *s, size_t n, void **objs);

static __always_inline void *kmem_cache_zalloc(struct kmem_cache *s, gfp_t gfp)
{
	return kmem_cache_alloc(s, gfp | __GFP_ZERO);
}

#define KMEM_CACHE(type, flags)                                                          \
	kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), (flags), \
			  NULL)

/* --- kmalloc ------------------------------------------------------------------------- */

/*
 * Sizes up to 8 KiB come from caches of 8, 16, 32, 64, 96, 128, 192, 256, 512, ... 8192
 * bytes; larger ones, up to 4 MiB, are whole blocks of pages.  All are physically
 * contiguous; a power of two is aligned to itself.
 */
#define KMALLOC_MIN_SIZE       8
#define KMALLOC_MAX_CACHE_SIZE 8192
#define KMALLOC_MAX_SIZE       (4UL << 20)
#define KMALLOC_CLASSES	       13

/* What kmalloc(0) returns: no memory, but not a failure; kfree() takes it. */
#define ZERO_SIZE_PTR	    ((void *)16)
#define ZERO_OR_NULL_PTR(p) ((unsigned long)(p) <= (unsigned long)ZERO_SIZE_PTR)

extern struct kmem_cache *kmalloc_caches[KMALLOC_CLASSES];

/* kmalloc, where the compiler has found the cache of the size. */
void *kmalloc_trace(struct kmem_cache *s, gfp_t gfp, size_t size) __malloc
	__alloc_size(3);
void *__kmalloc(size_t size, gfp_t gfp) __malloc __alloc_size(1);
/* The same, charged to the call site `ip` instead of the caller (debugging). */
void *__kmalloc_track_caller(size_t size, gfp_t gfp, unsigned long ip) __alloc_size(1);
#define kmalloc_track_caller(size, gfp) __kmalloc_track_caller(size, gfp, _RET_IP_)
/* p comes from kmalloc or a cache; NULL and ZERO_SIZE_PTR are fine; checked as above. */
void kfree(const void *p);
/* Bytes usable at p: at least what was asked for. */
size_t ksize(const void *p);
/* Resizes, keeping the contents; p stays valid when NULL is returned.  Size 0 frees. */
void *__must_check krealloc(const void *p, size_t size, gfp_t gfp) __alloc_size(2);
void *kmemdup(const void *from, size_t size, gfp_t gfp) __alloc_size(2);
char *kstrdup(const char *s, gfp_t gfp);
char *kstrndup(const char *s, size_t max, gfp_t gfp);

/* The class that serves `size` bytes, 1 .. KMALLOC_MAX_CACHE_SIZE.  For constants. */
static __always_inline unsigned int kmalloc_index(size_t size)
{
	return size <= 8      ? 0
	       : size <= 16   ? 1
	       : size <= 32   ? 2
	       : size <= 64   ? 3
	       : size <= 96   ? 4
	       : size <= 128  ? 5
	       : size <= 192  ? 6
	       : size <= 256  ? 7
	       : size <= 512  ? 8
	       : size <= 1024 ? 9
	       : size <= 2048 ? 10
	       : size <= 4096 ? 11
			      : 12;
}

/*
 * Contiguous memory of at least `size` bytes, NULL on failure; contents undefined.  With
 * __GFP_DMA from below 16 MiB.  A constant size finds its cache at compile time.
 */
static __always_inline void *kmalloc(size_t size, gfp_t gfp)
{
	if (__builtin_constant_p(size) && size && size <= KMALLOC_MAX_CACHE_SIZE &&
	    !(gfp & __GFP_DMA))
		return kmalloc_trace(kmalloc_caches[kmalloc_index(size)], gfp, size);
	return __kmalloc(size, gfp);
}

static __always_inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

/* NULL when n * size overflows. */
static __always_inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return NULL;
	return kmalloc(bytes, gfp);
}

static __always_inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

static __always_inline void kfree_bulk(size_t n, void **p)
{
	kmem_cache_free_bulk(NULL, n, p);
}

/* kmalloc where it can, else vmalloc; kvfree takes either (mm/vmalloc_kv.c).  May sleep. */
void *kvmalloc(size_t size, gfp_t gfp) __alloc_size(1);
void *kvzalloc(size_t size, gfp_t gfp) __alloc_size(1);
void *kvmalloc_array(size_t n, size_t size, gfp_t gfp) __alloc_size(1, 2);
void *kvcalloc(size_t n, size_t size, gfp_t gfp) __alloc_size(1, 2);
void kvfree(const void *p);

/* Once, after the page allocator is up: the kmalloc caches. */
void kmem_cache_init(void);

#endif
