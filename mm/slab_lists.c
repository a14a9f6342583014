/* SPDX-License-Identifier: MIT */
/*
 * The slab layer: slabs made of pages, and their objects.
 *
 * A slab has one bit an object, set while the object is free.  Making a slab costs a few
 * words instead of a list through every object; taking several objects costs one
 * find-first-set each; and giving one back that is free already shows at once.  Nothing is
 * written into free objects, so what a constructor made stays.
 *
 * Objects come from partial slabs first, so that few slabs are in use; within a slab the
 * lowest address comes first.  Successive slabs start their objects at successive offsets
 * (colours) as far as the space left over allows, so that the same field of many objects
 * spreads over the lines of the processor's cache.
 *
 * A slab from which a CPU takes is that CPU's until it is full or free.  Did two CPUs take
 * turns, they would own neighbouring lines, and what one processor fetches ahead of its own
 * lines it would take from the other, for ever.  So each CPU may have a partial slab to
 * itself, until memory is short.
 */
#include "mm/slab.h"

/* So many partial slabs are left to other CPUs at most. */
#define SLAB_LOOK 8

void slab_lists_init(struct slab_lists *lists)
{
	spin_lock_init(&lists->lock);
	INIT_LIST_HEAD(&lists->partial);
	INIT_LIST_HEAD(&lists->full);
	INIT_LIST_HEAD(&lists->free);
}

/* --- one slab -------------------------------------------------------------------------- */

static unsigned int slab_order(const struct slab *slab)
{
	return page_order((const struct page *)slab);
}

/* Pages for a slab: of the usual order, or of the smallest when memory is short. */
static struct page *slab_pages_get(struct kmem_cache *s, gfp_t gfp)
{
	struct page *page;

	WARN_ON_ONCE(gfp & (__GFP_HIGHMEM | __GFP_DMA32));
	gfp = (gfp & ~(GFP_ZONEMASK | __GFP_ZERO | __GFP_COMP)) | s->gfp;
	if (s->order > s->min_order) {
		page = alloc_pages((gfp & ~__GFP_NOFAIL) | __GFP_NOWARN | __GFP_NORETRY,
				   s->order);
		if (page)
			return page;
	}
	return alloc_pages(gfp, s->min_order);
}

/* Marks every page as the slab's, so that any address in it leads to cache and slab. */
static void slab_pages_mark(struct kmem_cache *s, struct page *head, unsigned int order)
{
	struct slab *slab = (struct slab *)head;

	__SetPageSlab(head);
	slab->cache = s;
	for (unsigned int i = 1; i < 1U << order; i++) {
		slab[i].head = slab;
		slab[i].cache = s;
	}
}

static void slab_pages_put(struct page *head)
{
	unsigned int order = page_order(head);

	__ClearPageSlab(head);
	for (unsigned int i = 0; i < 1U << order; i++)
		head[i].slab_cache = NULL;
	__free_pages(head, order);
}

static void slab_map_init(struct slab *slab)
{
	unsigned long words = BITS_TO_LONGS(slab->objects), *map = slab->bits;

	if (slab->objects > SLAB_INLINE_OBJECTS) {
		char *end = (char *)page_to_virt(slab_page(slab)) +
			    (PAGE_SIZE << slab_order(slab));

		map = (unsigned long *)end - words;
		slab->map = map;
	}
	memset(map, 0xff, words * sizeof(*map));
	if (slab->objects % BITS_PER_LONG)
		map[words - 1] = BIT(slab->objects % BITS_PER_LONG) - 1;
}

/* Where the next slab's first object goes, in bytes; slabs of the small order have little
 * room and take the first place. */
static unsigned int slab_next_colour(struct kmem_cache *s, unsigned int order)
{
	struct slab_lists *lists = &s->lists;
	unsigned int colour;
	unsigned long flags;

	if (s->colours == 1 || order != s->order)
		return 0;
	spin_lock_irqsave(&lists->lock, flags);
	colour = lists->next_colour;
	lists->next_colour = colour + 1 == s->colours ? 0 : colour + 1;
	spin_unlock_irqrestore(&lists->lock, flags);
	return colour * s->colour_step;
}

/* A slab on no list, all objects free and constructed; NULL without memory. */
static struct slab *slab_make(struct kmem_cache *s, gfp_t gfp)
{
	struct page *page = slab_pages_get(s, gfp);
	struct slab *slab = (struct slab *)page;
	unsigned long spare;
	unsigned int order;

	if (!page)
		return NULL;
	order = page_order(page);
	slab->objects =
		(u16)(order == s->order ? s->objects : slab_objects_in(s, order, &spare));
	slab->inuse = 0;
	slab->colour = (u16)(slab_next_colour(s, order) / 8);
	slab_pages_mark(s, page, order);
	slab_map_init(slab);
	if (s->flags & SLAB_WATCH_FLAGS)
		slab_debug_init_slab(s, slab);
	if (s->ctor)
		for (unsigned int i = 0; i < slab->objects; i++)
			s->ctor(slab_object(s, slab, i));
	return slab;
}

/* --- lists; lists.lock is held --------------------------------------------------------- */

static struct list_head *slab_list(struct slab_lists *lists, const struct slab *slab,
				   unsigned long **count)
{
	if (slab->inuse == 0) {
		*count = &lists->nr_free;
		return &lists->free;
	}
	if (slab->inuse == slab->objects) {
		*count = &lists->nr_full;
		return &lists->full;
	}
	*count = &lists->nr_partial;
	return &lists->partial;
}

static void slab_enlist(struct slab_lists *lists, struct slab *slab)
{
	unsigned long *count;

	list_add(&slab->list, slab_list(lists, slab, &count));
	++*count;
}

static void slab_delist(struct slab_lists *lists, struct slab *slab)
{
	unsigned long *count;

	slab_list(lists, slab, &count);
	list_del(&slab->list);
	--*count;
}

/* Changes inuse by delta, and the list with it. */
static void slab_set_inuse(struct slab_lists *lists, struct slab *slab, int delta)
{
	unsigned int old = slab->inuse, now = (unsigned int)((int)old + delta);
	bool moves = old == 0 || old == slab->objects || now == 0 || now == slab->objects;

	lists->inuse = (unsigned long)((long)lists->inuse + delta);
	if (moves) {
		slab_delist(lists, slab);
		slab->taker = 0;
	}
	slab->inuse = (u16)now;
	if (moves)
		slab_enlist(lists, slab);
}

/*
 * Clears the bits of n free objects, lowest first, and stores the objects so that the
 * lowest comes last: arrays of objects are stacks.  The slab has as many.
 */
static void slab_pick(struct kmem_cache *s, struct slab *slab, void **objs,
		      unsigned int n)
{
	unsigned long *map = slab_map(slab);

	for (unsigned int word = 0; n; word++) {
		unsigned long bits = map[word];

		for (; bits && n; bits &= bits - 1)
			objs[--n] = slab_object(s, slab,
						word * BITS_PER_LONG +
							(unsigned int)__ffs(bits));
		map[word] = bits;
	}
}

static u16 slab_taker_here(void)
{
	return (u16)(arch_cpu_id() + 1);
}

/* Publishes a new slab, keeping its first object back for the caller. */
static void *slab_add(struct kmem_cache *s, struct slab *slab)
{
	struct slab_lists *lists = &s->lists;
	unsigned long flags;
	void *obj;

	spin_lock_irqsave(&lists->lock, flags);
	slab_pick(s, slab, &obj, 1);
	slab->inuse = 1;
	slab->taker = slab_taker_here();
	slab_enlist(lists, slab);
	lists->objects += slab->objects;
	lists->inuse++;
	lists->pages += 1UL << slab_order(slab);
	lists->created++;
	spin_unlock_irqrestore(&lists->lock, flags);
	return obj;
}

/* Moves up to n free slabs, the ones used longest ago first, to `out`. */
static void slab_detach_free(struct slab_lists *lists, unsigned long n,
			     struct list_head *out)
{
	for (; n; n--) {
		struct slab *slab = list_last_entry(&lists->free, struct slab, list);

		list_move(&slab->list, out);
		lists->nr_free--;
		lists->objects -= slab->objects;
		lists->pages -= 1UL << slab_order(slab);
		lists->freed++;
	}
}

/* Gives detached slabs back to the page allocator; no lock is held. */
static void slab_release(struct list_head *slabs)
{
	while (!list_empty(slabs)) {
		struct slab *slab = list_first_entry(slabs, struct slab, list);

		list_del(&slab->list);
		slab_pages_put(slab_page(slab));
	}
}

/* --- in and out ------------------------------------------------------------------------ */

/* A slab with free objects for this CPU: of the partial ones the first that is its own or
 * nobody's, or else the one after `skip` of others; NULL: there is none. */
static struct slab *slab_choose(struct slab_lists *lists, unsigned int skip)
{
	u16 here = slab_taker_here();
	struct slab *slab;

	list_for_each_entry (slab, &lists->partial, list)
		if (!slab->taker || slab->taker == here || !skip--)
			return slab;
	return list_first_entry_or_null(&lists->free, struct slab, list);
}

static unsigned int slab_take(struct kmem_cache *s, void **objs, unsigned int n,
			      unsigned int skip)
{
	struct slab_lists *lists = &s->lists;
	struct slab *slab;
	unsigned long flags;

	spin_lock_irqsave(&lists->lock, flags);
	slab = slab_choose(lists, skip);
	if (slab) {
		n = min_t(unsigned int, n, slab->objects - slab->inuse);
		slab_pick(s, slab, objs, n);
		slab_set_inuse(lists, slab, (int)n);
		slab->taker = slab_taker_here();
	}
	spin_unlock_irqrestore(&lists->lock, flags);
	return slab ? n : 0;
}

unsigned int slab_lists_take(struct kmem_cache *s, void **objs, unsigned int n)
{
	return slab_take(s, objs, n, SLAB_LOOK);
}

void *slab_lists_get(struct kmem_cache *s, gfp_t gfp)
{
	struct slab *slab = NULL;
	void *obj;

	if (slab_take(s, &obj, 1, SLAB_LOOK))
		return obj;
	/* Other CPUs' slabs would serve: a new one must be easy to have. */
	if (READ_ONCE(s->lists.nr_partial)) {
		slab = slab_make(s, (gfp & ~__GFP_NOFAIL) | __GFP_NORETRY | __GFP_NOWARN);
		if (!slab && slab_take(s, &obj, 1, 0))
			return obj;
	}
	if (!slab)
		slab = slab_make(s, gfp);
	if (!slab && gfpflags_allow_blocking(gfp)) {
		slab_reap();
		slab = slab_make(s, gfp);
	}
	return slab ? slab_add(s, slab) : NULL;
}

/* Marks one object free.  False: it is none of this cache's objects, or free already. */
static bool slab_put_one(struct kmem_cache *s, void *obj)
{
	struct slab *slab = slab_of(obj);
	int index = slab_index(s, slab, obj);
	unsigned long *map = slab_map(slab);

	if (index < 0 || test_bit((unsigned int)index, map))
		return false;
	__set_bit((unsigned int)index, map);
	slab_set_inuse(&s->lists, slab, -1);
	return true;
}

/* The bad object of a free: say what is wrong with it. */
static void slab_put_report(struct kmem_cache *s, const void *obj, unsigned long ip)
{
	if (slab_index(s, slab_of(obj), obj) < 0)
		slab_report_invalid(s, obj, ip);
	else
		slab_report_double(s, obj, ip);
}

void slab_lists_put(struct kmem_cache *s, void *const *objs, unsigned int n,
		    unsigned long ip)
{
	struct slab_lists *lists = &s->lists;
	LIST_HEAD(excess);
	unsigned long flags;

	spin_lock_irqsave(&lists->lock, flags);
	for (unsigned int i = 0; i < n; i++) {
		if (likely(slab_put_one(s, objs[i])))
			continue;
		spin_unlock_irqrestore(&lists->lock, flags);
		slab_put_report(s, objs[i], ip);
		spin_lock_irqsave(&lists->lock, flags);
	}
	if (lists->nr_free > s->free_limit)
		slab_detach_free(lists, lists->nr_free - s->free_limit, &excess);
	spin_unlock_irqrestore(&lists->lock, flags);
	slab_release(&excess);
}

void slab_lists_trim(struct kmem_cache *s, unsigned long keep)
{
	struct slab_lists *lists = &s->lists;
	LIST_HEAD(excess);
	unsigned long flags;

	spin_lock_irqsave(&lists->lock, flags);
	if (lists->nr_free > keep)
		slab_detach_free(lists, lists->nr_free - keep, &excess);
	spin_unlock_irqrestore(&lists->lock, flags);
	slab_release(&excess);
}
