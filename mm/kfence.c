/* SPDX-License-Identifier: MIT */
/*
 * KFENCE: the pool (<linux/kfence.h> says what for).
 *
 * The pool is one block of 2 MiB of the direct map, mapped page by page, so that its
 * objects can be handed to devices like any others:
 *
 *	page   0      1       2      3           508    509     510    511
 *	     guard object 0 guard object 1 ... guard object 254 guard guard
 *
 * Always: the page of an object is mapped while the object is allocated, and a guard page
 * is not mapped; only a report opens a page that should be closed, so that whoever is wrong
 * can go on, and the next allocation or free beside it closes it again.
 *
 * An object lies at the beginning or at the end of its page, by turns: half of the steps
 * too far in either direction end in a guard page.  The rest of its page holds a pattern
 * that is looked at when the object is freed, so the other half shows then.  Of the objects
 * not in use the one freed longest ago is taken next: late uses have most time to show.
 *
 * The struct pages of the pool do not name a cache.  So kfree() and kmem_cache_free() fail
 * their usual test on its objects and come here from where they would report a bug.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include "mm/kfence_pool.h"
#include "mm/reset.h"
#include "mm/slab.h"
#include "mm/slab_info.h"

unsigned long kfence_base = ~0UL;
bool kfence_on;

struct kfence_pool kfence;

#define POOL_ORDER 9

_Static_assert(PAGE_SIZE << POOL_ORDER == KFENCE_POOL_SIZE, "one block is the pool");
_Static_assert((KFENCE_NUM_OBJECTS + 1) * 2 * PAGE_SIZE == KFENCE_POOL_SIZE, "it fits");

/* --- pages ----------------------------------------------------------------------------- */

static void page_open(unsigned long addr)
{
	platform_direct_set(ALIGN_DOWN(addr, PAGE_SIZE), true);
}

static void page_close(unsigned long addr)
{
	platform_direct_set(ALIGN_DOWN(addr, PAGE_SIZE), false);
}

static void close_guards(const struct kfence_meta *meta)
{
	page_close(meta_page(meta) - PAGE_SIZE);
	page_close(meta_page(meta) + PAGE_SIZE);
}

/* --- the pattern beside an object ------------------------------------------------------- */

#define CANARY_WORD 0xadacafaea9a8abaaUL /* kfence_canary() of eight bytes in a row */

static void fill_canary(unsigned long from, unsigned long to)
{
	for (; from < to && from % 8; from++)
		*(u8 *)from = kfence_canary(from);
	for (; from + 8 <= to; from += 8)
		*(u64 *)from = CANARY_WORD;
	for (; from < to; from++)
		*(u8 *)from = kfence_canary(from);
}

/* The first byte of [from, to) that has changed; `to` when none has. */
static unsigned long find_damage(unsigned long from, unsigned long to)
{
	while (from < to) {
		if (from % 8 == 0 && from + 8 <= to && *(u64 *)from == CANARY_WORD) {
			from += 8;
			continue;
		}
		if (*(u8 *)from != kfence_canary(from))
			return from;
		from++;
	}
	return to;
}

static void bug_describe(struct kfence_bug *bug, enum kfence_error error,
			 const struct kfence_meta *meta, unsigned long address,
			 unsigned long ip)
{
	*bug = (struct kfence_bug){ .error = error, .address = address, .ip = ip };
	if (meta) {
		bug->has_object = true;
		bug->object = meta_number(meta);
		bug->meta = *meta;
	}
	kfence.stats.bugs++;
	kfence.stats.last = error;
	kfence.stats.last_address = address;
	kfence.stats.last_ip = ip;
}

/* Looks at the bytes on one side of an object, and mends them.  True: damaged; *bug tells. */
static bool side_is_damaged(const struct kfence_meta *meta, unsigned long from,
			    unsigned long to, unsigned long ip, struct kfence_bug *bug)
{
	unsigned long at = find_damage(from, to);

	if (likely(at == to))
		return false;
	bug_describe(bug, KFENCE_ERROR_CORRUPTION, meta, at, ip);
	bug->nr_bytes = (unsigned int)min(to - at, (unsigned long)KFENCE_SHOWN);
	memcpy(bug->bytes, (const void *)at, bug->nr_bytes);
	fill_canary(at, to);
	return true;
}

bool kfence_is_damaged(const struct kfence_meta *meta, unsigned long ip,
		       struct kfence_bug *bug)
{
	unsigned long page = meta_page(meta), end = meta->addr + meta->size;
	bool left = side_is_damaged(meta, page, meta->addr, ip, bug);

	return left || side_is_damaged(meta, end, page + PAGE_SIZE, ip, bug);
}

/* --- allocating ------------------------------------------------------------------------ */

static void track_set(struct kfence_track *track, unsigned long ip)
{
	track->ip = ip;
	slab_call_chain(ip, track->chain, KFENCE_CHAIN);
	track->when = jiffies;
	track->pid = task_pid(current);
	track->cpu = arch_cpu_id();
}

/* Is it time, and is nobody else faster? */
static bool sample_is_due(void)
{
	unsigned long next = READ_ONCE(kfence.next), now = jiffies;

	return !time_before(now, next) &&
	       cmpxchg(&kfence.next, next, now + kfence.interval) == next;
}

/* A cache that writes patterns into its objects, or about them, is watched already. */
#define WATCHED (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

static bool can_be_guarded(const struct kmem_cache *s, gfp_t gfp)
{
	return s->object_size <= PAGE_SIZE && !((gfp | s->gfp) & GFP_ZONEMASK) &&
	       !(s->flags & (SLAB_INTERNAL | WATCHED)) && !failslab_covers(s);
}

/* Where an object goes in its page: by turns to the left and to the right edge. */
static unsigned long place_object(const struct kfence_meta *meta,
				  const struct kmem_cache *s)
{
	if (kfence.stats.allocs % 2)
		return meta_page(meta);
	return meta_page(meta) + ALIGN_DOWN(PAGE_SIZE - s->object_size, (size_t)s->align);
}

/* The meta of a new object, its page open; NULL when all are in use. */
static struct kfence_meta *meta_take(struct kmem_cache *s, unsigned long ip)
{
	struct kfence_meta *meta;
	unsigned long flags;

	spin_lock_irqsave(&kfence.lock, flags);
	meta = kfence.metas ? list_first_entry_or_null(&kfence.unused, struct kfence_meta,
						       list)
			    : NULL;
	if (meta) {
		list_del(&meta->list);
		meta->state = KFENCE_ALLOCATED;
		meta->cache = s;
		meta->size = s->object_size;
		meta->addr = place_object(meta, s);
		meta->free.ip = 0;
		track_set(&meta->alloc, ip);
		meta->site = s->flags & SLAB_PROFILE ? alloc_site_charge(ip, meta->size)
						     : 0;
		kfence.stats.allocs++;
		kfence.stats.allocated++;
		close_guards(meta);
		page_open(meta->addr);
		fill_canary(meta_page(meta), meta->addr);
		fill_canary(meta->addr + meta->size, meta_page(meta) + PAGE_SIZE);
	} else {
		kfence.stats.skipped++;
	}
	spin_unlock_irqrestore(&kfence.lock, flags);
	return meta;
}

void *kfence_sample(struct kmem_cache *s, gfp_t gfp, unsigned long ip)
{
	struct kfence_meta *meta;

	if (!sample_is_due())
		return NULL;
	if (!can_be_guarded(s, gfp)) {
		kfence_sample_next();
		return NULL;
	}
	meta = meta_take(s, ip);
	if (!meta)
		return NULL;
	if (s->ctor)
		s->ctor((void *)meta->addr);
	slab_fill_fresh(s, (void *)meta->addr);
	return (void *)meta->addr;
}

/* --- freeing --------------------------------------------------------------------------- */

static bool may_be_freed(const struct kfence_meta *meta, const struct kmem_cache *s,
			 unsigned long addr)
{
	return meta && meta->state == KFENCE_ALLOCATED && meta->addr == addr &&
	       (!s || meta->cache == s);
}

/* The lock is held.  True: there is something to report. */
static bool free_locked(const struct kmem_cache *s, unsigned long addr, unsigned long ip,
			struct kfence_bug *bug)
{
	struct kfence_meta *meta = meta_of(addr);
	bool damaged;

	if (!may_be_freed(meta, s, addr)) {
		bug_describe(bug, KFENCE_ERROR_INVALID_FREE, meta, addr, ip);
		return true;
	}
	damaged = kfence_is_damaged(meta, ip, bug);
	track_set(&meta->free, ip);
	alloc_site_release(meta->site, meta->size);
	meta->state = KFENCE_FREED;
	if (meta->cache->flags & SLAB_INIT_FREE)
		memset((void *)meta->addr, 0, meta->size);
	page_close(meta->addr);
	close_guards(meta);
	list_add_tail(&meta->list, &kfence.unused);
	kfence.stats.frees++;
	kfence.stats.allocated--;
	return damaged;
}

void kfence_free(struct kmem_cache *s, const void *addr, unsigned long ip)
{
	struct kfence_bug bug;
	unsigned long flags;
	bool report;

	spin_lock_irqsave(&kfence.lock, flags);
	report = kfence.metas && free_locked(s, (unsigned long)addr, ip, &bug);
	spin_unlock_irqrestore(&kfence.lock, flags);
	if (report)
		kfence_report(&bug);
}

size_t kfence_ksize(const void *addr)
{
	const struct kfence_meta *meta = meta_of((unsigned long)addr);

	return may_be_freed(meta, NULL, (unsigned long)addr) ? meta->size : 0;
}

/* --- faults ---------------------------------------------------------------------------- */

/* Bytes between an address in a guard page and an object in use; ~0: it is not in use. */
static unsigned long distance(const struct kfence_meta *meta, unsigned long addr)
{
	if (!meta || meta->state != KFENCE_ALLOCATED)
		return ~0UL;
	return addr < meta->addr ? meta->addr - addr : addr - (meta->addr + meta->size);
}

/* The object in use that is nearest to an address in a guard page. */
static struct kfence_meta *nearest(unsigned long addr)
{
	unsigned long page = (addr - kfence_base) >> PAGE_SHIFT;
	struct kfence_meta *left = page ? meta_of(addr - PAGE_SIZE) : NULL;
	struct kfence_meta *right = meta_of(addr + PAGE_SIZE);
	unsigned long to_left = distance(left, addr), to_right = distance(right, addr);

	if (to_left == ~0UL && to_right == ~0UL)
		return NULL;
	return to_left < to_right ? left : right;
}

/* The lock is held. */
static void fault_locked(unsigned long addr, unsigned long ip, struct kfence_bug *bug)
{
	struct kfence_meta *meta = meta_of(addr);

	if (!meta) {
		meta = nearest(addr);
		bug_describe(bug, meta ? KFENCE_ERROR_OOB : KFENCE_ERROR_INVALID, meta,
			     addr, ip);
	} else if (meta->state == KFENCE_FREED) {
		bug_describe(bug, KFENCE_ERROR_UAF, meta, addr, ip);
	} else {
		bug_describe(bug, KFENCE_ERROR_INVALID, NULL, addr, ip);
	}
	page_open(addr);
}

bool kfence_handle_page_fault(unsigned long addr, bool is_write, unsigned long ip)
{
	struct kfence_bug bug;
	unsigned long flags;
	bool ours;

	if (!is_kfence_address((void *)addr))
		return false;
	spin_lock_irqsave(&kfence.lock, flags);
	ours = kfence.metas;
	if (ours)
		fault_locked(addr, ip, &bug);
	spin_unlock_irqrestore(&kfence.lock, flags);
	if (!ours)
		return false;
	bug.is_write = is_write;
	kfence_report(&bug);
	return true;
}

/* --- starting and stopping ------------------------------------------------------------- */

int kfence_setup(const char *arg)
{
	unsigned int ms = 0;

	if (!arg || !*arg)
		return -EINVAL;
	for (; *arg; arg++) {
		if (*arg < '0' || *arg > '9' || __builtin_mul_overflow(ms, 10U, &ms) ||
		    __builtin_add_overflow(ms, (unsigned int)(*arg - '0'), &ms))
			return -EINVAL;
	}
	kfence.wanted = ms;
	return 0;
}

int kfence_init(void)
{
	return kfence.wanted ? kfence_start(kfence.wanted) : 0;
}

/* No object in use, every page closed. */
static void pool_prepare(struct kfence_meta *metas)
{
	INIT_LIST_HEAD(&kfence.unused);
	for (unsigned int i = 0; i < KFENCE_NUM_OBJECTS; i++)
		list_add_tail(&metas[i].list, &kfence.unused);
	for (unsigned long at = 0; at < KFENCE_POOL_SIZE; at += PAGE_SIZE)
		page_close(kfence_base + at);
}

int kfence_start(unsigned int ms)
{
	struct kfence_meta *metas;
	struct page *block;

	might_sleep();
	if (kfence.metas || !ms)
		return ms ? -EBUSY : -EINVAL;
	metas = kvcalloc(KFENCE_NUM_OBJECTS, sizeof(*metas), GFP_KERNEL);
	block = metas ? alloc_pages(GFP_KERNEL | __GFP_NOWARN, POOL_ORDER) : NULL;
	if (!block || platform_direct_divide((unsigned long)page_to_virt(block))) {
		if (block)
			__free_pages(block, POOL_ORDER);
		kvfree(metas);
		return -ENOMEM;
	}
	kfence.stats = (struct kfence_stats){ 0 };
	kfence.block = block;
	kfence_base = (unsigned long)page_to_virt(block);
	pool_prepare(metas);
	platform_flush_tlb(kfence_base, KFENCE_POOL_SIZE);
	kfence.metas = metas;
	kfence.interval = msecs_to_jiffies(ms);
	kfence_sample_next();
	WRITE_ONCE(kfence_on, true);
	return 0;
}

int kfence_stop(void)
{
	struct kfence_meta *metas;
	unsigned long flags;
	bool busy;

	might_sleep();
	spin_lock_irqsave(&kfence.lock, flags);
	metas = kfence.metas;
	busy = kfence.stats.allocated;
	if (!busy) {
		WRITE_ONCE(kfence_on, false);
		kfence.metas = NULL;
	}
	spin_unlock_irqrestore(&kfence.lock, flags);
	if (busy)
		return -EBUSY;
	if (!metas)
		return 0;
	platform_direct_join(kfence_base);
	kfence_base = ~0UL;
	__free_pages(kfence.block, POOL_ORDER);
	kvfree(metas);
	return 0;
}

void kfence_sample_next(void)
{
	WRITE_ONCE(kfence.next, jiffies);
}

void kfence_reset(void)
{
	kfence_base = ~0UL;
	kfence_on = false;
	kfence.metas = NULL;
	kfence.wanted = 0;
	kfence.stats = (struct kfence_stats){ 0 };
}
