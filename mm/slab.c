/* SPDX-License-Identifier: MIT */
/*
 * Allocating and freeing objects of a cache: the public calls, and what follows when the
 * fast paths in mm/slab.h do not suffice.
 */
#include "mm/slab.h"

/* May a request with these flags be made here?  Reports it if not.  While the guest boots
 * nothing sleeps, whatever is asked. */
bool slab_context_ok(const char *what, gfp_t gfp)
{
	if (likely(!(gfp & gfp_allowed_mask & __GFP_DIRECT_RECLAIM) || !in_atomic()))
		return true;
	platform_context_violation(what);
	return false;
}

/* Straight from the slabs. */
static void *slab_alloc_uncached(struct kmem_cache *s, gfp_t gfp, unsigned long ip)
{
	void *obj;

	if (failslab_now(s, gfp))
		return NULL;
	obj = slab_lists_get(s, gfp);
	if (obj && (s->flags & SLAB_WATCH_FLAGS))
		slab_debug_alloc(s, obj, ip);
	return obj;
}

/* Through the magazines, or from a new slab. */
static void *slab_alloc_cached(struct kmem_cache *s, gfp_t gfp)
{
	unsigned long flags;
	void *obj;

	local_irq_save(flags);
	obj = magazine_alloc(s, &s->cpu[arch_cpu_id()]);
	local_irq_restore(flags);
	return obj ? obj : slab_lists_get(s, gfp);
}

noinline void *slab_alloc_slow(struct kmem_cache *s, gfp_t gfp, unsigned long ip)
{
	void *obj = NULL;

	if (!slab_context_ok(s->name, gfp))
		return NULL;
	if (unlikely(kfence_on))
		obj = kfence_sample(s, gfp, ip);
	if (likely(!obj))
		obj = s->flags & SLAB_UNCACHED ? slab_alloc_uncached(s, gfp, ip)
					       : slab_alloc_cached(s, gfp);
	return obj && (gfp & __GFP_ZERO) ? slab_zero(s, obj, ip) : obj;
}

noinline void slab_free_slow(struct kmem_cache *s, void *obj, unsigned long ip)
{
	unsigned long flags;
	bool taken;

	if (unlikely(s->flags & SLAB_INTERNAL)) {
		slab_report_invalid(s, obj, ip);
		return;
	}
	if (s->flags & SLAB_UNCACHED) {
		if (!(s->flags & SLAB_WATCH_FLAGS) || slab_debug_free(s, obj, ip))
			slab_lists_put(s, &obj, 1, ip);
		return;
	}
	local_irq_save(flags);
	taken = magazine_free(s, &s->cpu[arch_cpu_id()], obj);
	local_irq_restore(flags);
	if (!taken)
		slab_lists_put(s, &obj, 1, ip);
}

/* Clears a new object.  What a constructor made would be lost: such an object is refused. */
noinline void *slab_zero(struct kmem_cache *s, void *obj, unsigned long ip)
{
	if (WARN_ON_ONCE(s->ctor)) {
		slab_free_slow(s, obj, ip);
		return NULL;
	}
	return memset(obj, 0, s->object_size);
}

__irq_leaf noinline void *slab_alloc_rest(struct kmem_cache *s, gfp_t gfp,
					  unsigned long ip)
{
	void *obj;

	if ((gfp & __GFP_ZERO) && likely(slab_pop(s, gfp, &obj)))
		return slab_zero(s, obj, ip);
	return slab_alloc_slow(s, gfp, ip);
}

static __always_inline void trace_plain_alloc(struct kmem_cache *s, gfp_t gfp,
					      unsigned long ip, void *obj)
{
	u64 place;
	struct trace_record *record = trace_begin(&place);

	record->site = ip;
	record->arg[0] = (unsigned long)obj;
	record->arg[1] = trace_pair(s->object_size, s->size);
	record->arg[2] = (unsigned long)s;
	record->low[3].value = gfp;
	trace_end(record, place, TRACE_KMEM_CACHE_ALLOC);
}

static void trace_alloc(struct kmem_cache *s, gfp_t gfp, unsigned long ip, void *obj)
{
	if (trace_plain(TRACE_KMEM_CACHE_ALLOC))
		trace_plain_alloc(s, gfp, ip, obj);
	else
		trace_rare(TRACE_KMEM_CACHE_ALLOC, ip, (unsigned long)obj,
			   trace_pair(s->object_size, s->size), (unsigned long)s, gfp, 0);
}

static noinline void *kmem_cache_alloc_long(struct kmem_cache *s, gfp_t gfp,
					    unsigned long ip, void *obj)
{
	if (!obj)
		obj = slab_alloc_rest(s, gfp, ip);
	trace_alloc(s, gfp, ip, obj);
	return obj;
}

/* All that the fast path leaves; an object that it had found is to be told of.  Calls stand
 * at the end only: so an event costs no more than itself. */
static noinline void *kmem_cache_alloc_rest(struct kmem_cache *s, gfp_t gfp,
					    unsigned long ip, void *obj)
{
	if (!obj || !trace_plain(TRACE_KMEM_CACHE_ALLOC))
		return kmem_cache_alloc_long(s, gfp, ip, obj);
	trace_plain_alloc(s, gfp, ip, obj);
	return obj;
}

__slab_fast void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	void *obj;

	return likely(slab_alloc_fast(s, gfp, TRACE_KMEM_CACHE_ALLOC, &obj))
		       ? obj
		       : kmem_cache_alloc_rest(s, gfp, _RET_IP_, obj);
}

static noinline void kmem_cache_free_slow(struct kmem_cache *s, void *obj,
					  unsigned long ip)
{
	if (likely(slab_cache_of(obj) == s))
		slab_free_slow(s, obj, ip);
	else if (is_kfence_address(obj))
		kfence_free(s, obj, ip);
	else if (obj)
		slab_report_foreign(s, obj, ip);
}

/* Also tells of it: first, because once free, the object may be allocated on another CPU. */
static __irq_leaf noinline void kmem_cache_free_long(struct kmem_cache *s, void *obj,
						     unsigned long ip)
{
	trace_rare(TRACE_KMEM_CACHE_FREE, ip, (unsigned long)obj, (unsigned long)s, 0, 0,
		   0);
	if (!slab_cache_is(obj, s) || !slab_push(s, obj))
		kmem_cache_free_slow(s, obj, ip);
}

static __always_inline void trace_plain_free(const struct kmem_cache *s, const void *obj,
					     unsigned long ip)
{
	u64 place;
	struct trace_record *record = trace_begin(&place);

	record->site = ip;
	record->arg[0] = (unsigned long)obj;
	record->arg[1] = (unsigned long)s;
	trace_end(record, place, TRACE_KMEM_CACHE_FREE);
}

/* All that the fast path leaves. */
static __irq_leaf noinline void kmem_cache_free_rest(struct kmem_cache *s, void *obj,
						     unsigned long ip)
{
	if (!trace_plain(TRACE_KMEM_CACHE_FREE)) {
		kmem_cache_free_long(s, obj, ip);
		return;
	}
	trace_plain_free(s, obj, ip);
	if (!slab_cache_is(obj, s) || !slab_push(s, obj))
		kmem_cache_free_slow(s, obj, ip);
}

__slab_fast void kmem_cache_free(struct kmem_cache *s, void *obj)
{
	if (trace_on(TRACE_KMEM_CACHE_FREE) || unlikely(!slab_cache_is(obj, s)) ||
	    unlikely(!slab_push(s, obj)))
		kmem_cache_free_rest(s, obj, _RET_IP_);
}

/* --- many at once ---------------------------------------------------------------------- */

/* Up to n objects off the loaded magazine. */
static size_t slab_pop_many(struct kmem_cache *s, void **objs, size_t n)
{
	struct kmem_cpu_cache *cc;
	unsigned long flags;
	void **top;

	local_irq_save(flags);
	cc = &s->cpu[arch_cpu_id()];
	n = min_t(size_t, n, cpu_rounds(cc));
	top = cc->top;
	for (size_t i = 0; i < n; i++)
		objs[i] = *--top;
	cc->top = top;
	local_irq_restore(flags);
	return n;
}

/* An event for each. */
static noinline void trace_bulk(struct kmem_cache *s, gfp_t gfp, size_t n, void **objs,
				unsigned long ip)
{
	for (size_t i = 0; i < n; i++)
		trace_alloc(s, gfp, ip, objs[i]);
}

int kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t n, void **objs)
{
	size_t done = 0;

	if (!slab_context_ok(s->name, gfp))
		return 0;
	while (done < n) {
		done += slab_pop_many(s, objs + done, n - done);
		if (done == n)
			break;
		objs[done] = slab_alloc_slow(s, gfp & ~__GFP_ZERO, _RET_IP_);
		if (!objs[done])
			goto undo;
		done++;
	}
	if (gfp & __GFP_ZERO)
		for (done = 0; done < n; done++)
			if (!slab_zero(s, objs[done], _RET_IP_))
				goto undo_zero;
	if (trace_on(TRACE_KMEM_CACHE_ALLOC))
		trace_bulk(s, gfp, n, objs, _RET_IP_);
	return (int)n;

undo_zero: /* a constructor: slab_zero() freed the first and would refuse them all */
	kmem_cache_free_bulk(s, n - 1, objs + 1);
	return 0;
undo:
	kmem_cache_free_bulk(s, done, objs);
	return 0;
}

/* Pushes objects of s on the loaded magazine while there is room; how many it took. */
static __always_inline size_t slab_push_many(struct kmem_cache *s, void **objs, size_t n,
					     bool traced, unsigned long ip)
{
	struct kmem_cpu_cache *cc;
	unsigned long flags;
	size_t done = 0;
	void **top;

	local_irq_save(flags);
	cc = &s->cpu[arch_cpu_id()];
	n = min_t(size_t, n, cpu_room(cc));
	top = cc->top;
	for (; done < n && likely(slab_cache_of(objs[done]) == s); done++) {
		if (traced)
			trace_plain_free(s, objs[done], ip);
		*top++ = objs[done];
	}
	cc->top = top;
	local_irq_restore(flags);
	return done;
}

/* Some of the n objects, an event for each; how many. */
static noinline size_t slab_free_traced(struct kmem_cache *s, void **objs, size_t n,
					unsigned long ip)
{
	size_t done = 0;

	if (trace_plain(TRACE_KMEM_CACHE_FREE))
		done = slab_push_many(s, objs, n, true, ip);
	if (done < n)
		kmem_cache_free_rest(s, objs[done++], ip);
	return done;
}

void kmem_cache_free_bulk(struct kmem_cache *s, size_t n, void **objs)
{
	size_t done = 0;

	while (done < n) {
		if (!s) {
			kfree(objs[done++]);
			continue;
		}
		if (trace_on(TRACE_KMEM_CACHE_FREE)) {
			done += slab_free_traced(s, objs + done, n - done, _RET_IP_);
			continue;
		}
		done += slab_push_many(s, objs + done, n - done, false, 0);
		if (done < n)
			kmem_cache_free(s, objs[done++]);
	}
}
