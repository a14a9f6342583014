/* SPDX-License-Identifier: MIT */
/*
 * kmalloc: a row of caches by size, and whole blocks of pages above them.
 *
 * A block of pages is marked in its head page, so that kfree refuses pages that never came
 * from kmalloc.  The caches for ZONE_DMA are made when somebody first asks.
 */
#include "mm/page_alloc.h"
#include "mm/slab.h"

struct kmem_cache *kmalloc_caches[KMALLOC_CLASSES];
static struct kmem_cache *kmalloc_dma_caches[KMALLOC_CLASSES];

static const struct kmalloc_class {
	unsigned int size;
	const char *name, *dma_name;
} kmalloc_classes[KMALLOC_CLASSES] = {
	{ 8, "kmalloc-8", "dma-kmalloc-8" },
	{ 16, "kmalloc-16", "dma-kmalloc-16" },
	{ 32, "kmalloc-32", "dma-kmalloc-32" },
	{ 64, "kmalloc-64", "dma-kmalloc-64" },
	{ 96, "kmalloc-96", "dma-kmalloc-96" },
	{ 128, "kmalloc-128", "dma-kmalloc-128" },
	{ 192, "kmalloc-192", "dma-kmalloc-192" },
	{ 256, "kmalloc-256", "dma-kmalloc-256" },
	{ 512, "kmalloc-512", "dma-kmalloc-512" },
	{ 1024, "kmalloc-1k", "dma-kmalloc-1k" },
	{ 2048, "kmalloc-2k", "dma-kmalloc-2k" },
	{ 4096, "kmalloc-4k", "dma-kmalloc-4k" },
	{ 8192, "kmalloc-8k", "dma-kmalloc-8k" },
};

/* The class of a size, by (size - 1) / 8: kmalloc_index() without its branches, which random
 * sizes make the processor guess wrong. */
static const u8 kmalloc_class_of[KMALLOC_MAX_CACHE_SIZE / 8] = {
	[0] = 0,
	[1] = 1,
	[2 ... 3] = 2,
	[4 ... 7] = 3,
	[8 ... 11] = 4,
	[12 ... 15] = 5,
	[16 ... 23] = 6,
	[24 ... 31] = 7,
	[32 ... 63] = 8,
	[64 ... 127] = 9,
	[128 ... 255] = 10,
	[256 ... 511] = 11,
	[512 ... 1023] = 12,
};

/* The largest power of two that divides a class: what its objects are aligned to. */
static unsigned int kmalloc_align(unsigned int size)
{
	return size & -size;
}

static struct kmem_cache *kmalloc_cache_new(const char *name, unsigned int size,
					    slab_flags_t flags, gfp_t gfp)
{
	return slab_cache_new(name, size, kmalloc_align(size), flags, NULL, gfp);
}

void kmalloc_init(void)
{
	for (unsigned int i = 0; i < KMALLOC_CLASSES; i++) {
		kmalloc_caches[i] = kmalloc_cache_new(kmalloc_classes[i].name,
						      kmalloc_classes[i].size, SLAB_PANIC,
						      GFP_NOWAIT);
		kmalloc_dma_caches[i] = NULL;
	}
}

/* The ZONE_DMA cache of a class; two CPUs may make it at once, and one throws its away. */
static noinline struct kmem_cache *kmalloc_dma_cache(unsigned int class, gfp_t gfp)
{
	struct kmem_cache *s = smp_load_acquire(&kmalloc_dma_caches[class]), *old;

	if (s)
		return s;
	s = kmalloc_cache_new(kmalloc_classes[class].dma_name,
			      kmalloc_classes[class].size, SLAB_CACHE_DMA,
			      gfp & ~(GFP_ZONEMASK | __GFP_ZERO));
	if (!s)
		return NULL;
	old = cmpxchg(&kmalloc_dma_caches[class], (struct kmem_cache *)NULL, s);
	if (!old)
		return s;
	slab_cache_delete(s);
	return old;
}

/* --- whole pages ----------------------------------------------------------------------- */

static noinline void *kmalloc_pages(size_t size, gfp_t gfp, unsigned long ip)
{
	struct page *page;

	if (size > KMALLOC_MAX_SIZE)
		return NULL;
	page = alloc_pages_from((gfp & ~__GFP_HIGHMEM) | __GFP_COMP, get_order(size), ip);
	if (!page)
		return NULL;
	page->flags |= PAGE_FLAG(large_kmalloc);
	trace_rare(TRACE_KMALLOC, ip, (unsigned long)page_to_virt(page), size,
		   page_size(page), gfp, 0);
	return page_to_virt(page);
}

/* The head page of a block of kmalloc's that starts at p; NULL when there is none. */
static struct page *kmalloc_pages_of(const void *p)
{
	struct page *page;

	if ((unsigned long)p - PAGE_OFFSET >= slab_memory_end || offset_in_page(p))
		return NULL;
	page = virt_to_page(p);
	return page->flags & PAGE_FLAG(large_kmalloc) ? page : NULL;
}

/* p is in no slab. */
static void kfree_pages(const void *p, unsigned long ip)
{
	struct page *page;

	if (ZERO_OR_NULL_PTR(p))
		return;
	if (is_kfence_address(p)) {
		kfence_free(NULL, p, ip);
		return;
	}
	page = kmalloc_pages_of(p);
	if (!page) {
		slab_report_foreign(NULL, p, ip);
		return;
	}
	page->flags &= ~PAGE_FLAG(large_kmalloc);
	free_pages_from(page, compound_order(page), ip);
}

/* --- kmalloc and kfree ----------------------------------------------------------------- */

static noinline void *kmalloc_long(struct kmem_cache *s, gfp_t gfp, size_t size,
				   unsigned long ip, void *obj)
{
	if (!obj)
		obj = slab_alloc_rest(s, gfp, ip);
	trace_rare(TRACE_KMALLOC, ip, (unsigned long)obj, size, s->size, gfp, 0);
	return obj;
}

/* All that the fast path leaves; an object that it had found is to be told of.  Calls stand
 * at the end only: so an event costs no more than itself. */
static noinline void *kmalloc_rest(struct kmem_cache *s, gfp_t gfp, size_t size,
				   unsigned long ip, void *obj)
{
	struct trace_record *record;
	u64 place;

	if (!obj || !trace_plain(TRACE_KMALLOC))
		return kmalloc_long(s, gfp, size, ip, obj);
	record = trace_begin(&place);
	record->site = ip;
	record->arg[0] = (unsigned long)obj;
	record->arg[1] = size;
	record->arg[2] = s->size;
	record->low[3].value = gfp;
	trace_end(record, place, TRACE_KMALLOC);
	return obj;
}

/* What is neither for a cache nor plain: few ask, and they pay for the questions. */
static noinline __irq_leaf void *kmalloc_special(size_t size, gfp_t gfp, unsigned long ip)
{
	struct kmem_cache *s;
	unsigned int class;

	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE))
		return kmalloc_pages(size, gfp, ip);
	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	class = kmalloc_class_of[(size - 1) / 8];
	s = gfp & __GFP_DMA ? kmalloc_dma_cache(class, gfp) : kmalloc_caches[class];
	return s ? kmalloc_long(s, gfp, size, ip, NULL) : NULL;
}

static __always_inline void *kmalloc_any(size_t size, gfp_t gfp, unsigned long ip)
{
	struct kmem_cache *s;
	void *obj;

	if (unlikely(size - 1 >= KMALLOC_MAX_CACHE_SIZE) ||
	    unlikely(gfp & (__GFP_DMA | __GFP_ZERO)))
		return kmalloc_special(size, gfp, ip ? ip : _RET_IP_);
	s = kmalloc_caches[kmalloc_class_of[(size - 1) / 8]];
	if (likely(slab_alloc_fast(s, gfp, TRACE_KMALLOC, &obj)))
		return obj;
	return kmalloc_rest(s, gfp, size, ip ? ip : _RET_IP_, obj);
}

__slab_fast void *__kmalloc(size_t size, gfp_t gfp)
{
	return kmalloc_any(size, gfp, 0);
}

__slab_fast void *kmalloc_trace(struct kmem_cache *s, gfp_t gfp, size_t size)
{
	void *obj;

	return likely(slab_alloc_fast(s, gfp, TRACE_KMALLOC, &obj))
		       ? obj
		       : kmalloc_rest(s, gfp, size, _RET_IP_, obj);
}

__irq_leaf void *__kmalloc_track_caller(size_t size, gfp_t gfp, unsigned long ip)
{
	return kmalloc_any(size, gfp, ip);
}

static noinline void kfree_slow(void *p, unsigned long ip)
{
	struct kmem_cache *s = slab_cache_of(p);

	if (likely(s))
		slab_free_slow(s, p, ip);
	else
		kfree_pages(p, ip);
}

static __always_inline bool kfree_fast(void *p)
{
	struct kmem_cache *s = slab_cache_of(p);

	return likely(s) && likely(slab_push(s, p));
}

/* Also tells of it: first, because once free, the object may be allocated on another CPU. */
static __irq_leaf noinline void kfree_long(void *p, unsigned long ip)
{
	trace_rare(TRACE_KFREE, ip, (unsigned long)p, 0, 0, 0, 0);
	if (!kfree_fast(p))
		kfree_slow(p, ip);
}

/* All that the fast path leaves. */
static __irq_leaf noinline void kfree_rest(void *p, unsigned long ip)
{
	struct trace_record *record;
	u64 place;

	if (!trace_plain(TRACE_KFREE)) {
		kfree_long(p, ip);
		return;
	}
	record = trace_begin(&place);
	record->site = ip;
	record->arg[0] = (unsigned long)p;
	trace_end(record, place, TRACE_KFREE);
	if (!kfree_fast(p))
		kfree_slow(p, ip);
}

__slab_fast void kfree(const void *p)
{
	if (trace_on(TRACE_KFREE) || unlikely(!kfree_fast((void *)p)))
		kfree_rest((void *)p, _RET_IP_);
}

size_t ksize(const void *p)
{
	struct kmem_cache *s = slab_cache_of(p);
	struct page *page;

	if (s)
		return s->object_size;
	if (is_kfence_address(p))
		return kfence_ksize(p);
	page = kmalloc_pages_of(p);
	return page ? page_size(page) : 0;
}

void *krealloc(const void *p, size_t size, gfp_t gfp)
{
	size_t old;
	void *to;

	if (!size) {
		kfree(p);
		return ZERO_SIZE_PTR;
	}
	old = ksize(p);
	if (old >= size)
		return (void *)p;
	to = __kmalloc_track_caller(size, gfp, _RET_IP_);
	if (to && old) {
		memcpy(to, p, old);
		kfree(p);
	}
	return to;
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *to = __kmalloc_track_caller(size, gfp, _RET_IP_);

	return to && size ? memcpy(to, from, size) : to;
}

static char *kmalloc_string(const char *s, size_t len, gfp_t gfp, unsigned long ip)
{
	char *to = __kmalloc_track_caller(len + 1, gfp, ip);

	if (to) {
		memcpy(to, s, len);
		to[len] = '\0';
	}
	return to;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? kmalloc_string(s, strlen(s), gfp, _RET_IP_) : NULL;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	const char *end = s ? memchr(s, '\0', max) : NULL;

	return s ? kmalloc_string(s, end ? (size_t)(end - s) : max, gfp, _RET_IP_) : NULL;
}
