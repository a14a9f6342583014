/* SPDX-License-Identifier: MIT */
/* Areas of the vmalloc range: see vmap_area.h. */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "mm/vmap_area.h"
#include "mm/vmap_block.h"
#include "mm/trace.h"
#include "mm/vmap_internal.h"

/* A flush is due when this much is retired: few enough areas that their descriptors are
 * no burden, few enough pages that the tables under them stay in use. */
#define LAZY_MAX_AREAS 256
#define LAZY_MAX_PAGES (SZ_1M * 32 / PAGE_SIZE)
/* How many flushed areas are kept for reuse: what one purge may bring. */
#define SPARE_MAX LAZY_MAX_AREAS

struct vmap_space vmap_space;

void vmalloc_init(void)
{
	vmap_space = (struct vmap_space){ .lock = __SPIN_LOCK_UNLOCKED(vmap_space.lock) };
	vmap_blocks_init();
	range_tree_init(&vmap_space.tree, VMALLOC_START, VMALLOC_END);
}

static bool purge_is_due(void)
{
	return vmap_space.stats.nr_lazy >= LAZY_MAX_AREAS ||
	       vmap_space.stats.lazy_pages >= LAZY_MAX_PAGES;
}

/* Takes all retired areas; a purge is then in flight until they are put to rest. */
static struct vm_area *steal_lazy(void)
{
	unsigned long flags = vmap_lock();
	struct vm_area *list = vmap_space.lazy;

	vmap_space.lazy = NULL;
	if (list) {
		vmap_space.purging++;
		vmap_space.stats.nr_purges++;
		vmap_space.stats.nr_lazy = 0;
		vmap_space.stats.lazy_pages = 0;
	}
	vmap_unlock(flags);
	return list;
}

static void flush_list(const struct vm_area *list)
{
	unsigned long start = ~0UL, end = 0, n = 0;

	for (const struct vm_area *area = list; area; area = area->next) {
		start = min(start, area->range.start);
		end = max(end, area->range.end);
		n++;
	}
	trace_rare(TRACE_PURGE_VMAP_AREA_LAZY, 0, start, end, n, 0, 0);
	platform_flush_tlb(start, end - start);
}

static unsigned long nr_of(const struct vm_area *area)
{
	return vm_area_size(area) >> PAGE_SHIFT;
}

/* Has an area of this kind and size room for its list of pages?  Only these are kept. */
static bool owns_list(unsigned int kind, unsigned long nr)
{
	return kind == VM_ALLOC && nr <= VM_OWN_PAGES;
}

static void push_spare(struct vm_area *area, unsigned long nr)
{
	area->state = VM_SPARE;
	area->next = vmap_space.spare[nr];
	vmap_space.spare[nr] = area;
	vmap_space.spare_sizes |= SIZE_BIT(nr);
	vmap_space.stats.nr_spare++;
}

/* A kept area of nr pages, no longer on its list, or NULL. */
static struct vm_area *pop_spare(unsigned long nr)
{
	struct vm_area *area = vmap_space.spare[nr];

	if (area) {
		vmap_space.spare[nr] = area->next;
		if (!area->next)
			vmap_space.spare_sizes &= ~SIZE_BIT(nr);
		vmap_space.stats.nr_spare--;
	}
	return area;
}

/* A kept area of another size than nr, the sizes taking turns; NULL: there is none. */
static struct vm_area *pop_other_spare(unsigned long nr)
{
	u64 others = vmap_space.spare_sizes & ~SIZE_BIT(nr);
	u64 above = others & (~0ULL << vmap_space.turn);
	unsigned long bit;

	if (!others)
		return NULL;
	bit = __ffs(above ? above : others);
	vmap_space.turn = (bit + 1) % VM_OWN_PAGES;
	return pop_spare(bit + 1);
}

/* Keeps the area for reuse.  Where that is one too many, an area of another size has to
 * go, or if there is none, this one: returns it. */
static struct vm_area *keep(struct vm_area *area, unsigned long nr)
{
	struct vm_area *out = NULL;

	if (vmap_space.stats.nr_spare >= SPARE_MAX) {
		out = pop_other_spare(nr);
		if (!out)
			return area;
	}
	push_spare(area, nr);
	return out;
}

/* After the flush: keeps the area for reuse, or takes it, or another one instead, out of
 * the tree; that one is returned.  The last of a purge ends it. */
static struct vm_area *put_to_rest(struct vm_area *area, bool last)
{
	unsigned long flags = vmap_lock(), nr = nr_of(area);
	struct vm_area *out = owns_list(area->kind, nr) ? keep(area, nr) : area;

	if (out)
		range_tree_remove(&vmap_space.tree, &out->range);
	vmap_space.purging -= last;
	vmap_unlock(flags);
	return out;
}

/* One flush for all that is retired; their addresses are free afterwards.  The lock is
 * dropped between areas, so that nobody waits for a long list. */
static void purge(void)
{
	struct vm_area *area = steal_lazy(), *next;

	if (!area)
		return;
	flush_list(area);
	for (; area; area = next) {
		next = area->next;
		kfree(put_to_rest(area, !next));
	}
}

static void drop_spares(unsigned long nr)
{
	unsigned long flags;
	struct vm_area *area;

	do {
		flags = vmap_lock();
		area = pop_spare(nr);
		if (area)
			range_tree_remove(&vmap_space.tree, &area->range);
		vmap_unlock(flags);
		kfree(area);
	} while (area);
}

void vm_unmap_aliases(void)
{
	if (!vm_may_create("vm_unmap_aliases"))
		return;
	vmap_blocks_flush();
	purge();
	/* What others took before us is in flight until they are done. */
	while (READ_ONCE(vmap_space.purging))
		cpu_relax();
	for (unsigned long nr = 1; nr <= VM_OWN_PAGES; nr++)
		drop_spares(nr);
}

/* NULL: there was no room. */
static __always_inline void trace_created(const struct vm_area *area, unsigned long size,
					  unsigned long align, unsigned long caller)
{
	trace_rare(TRACE_ALLOC_VMAP_AREA, caller, area ? area->range.start : VMALLOC_END,
		   size, align, VMALLOC_START, VMALLOC_END);
}

/* An area kept from earlier, as good as new. */
static struct vm_area *reuse(unsigned long nr, unsigned long caller)
{
	unsigned long flags = vmap_lock();
	struct vm_area *area = pop_spare(nr);

	if (area) {
		area->state = VM_BUILDING;
		vmap_space.stats.nr_areas++;
		vmap_space.stats.nr_pages += nr;
	}
	vmap_unlock(flags);
	if (!area)
		return NULL;
	area->nr_pages = 0;
	area->flags = 0;
	area->caller = caller;
	trace_created(area, vm_area_size(area) + PAGE_SIZE, PAGE_SIZE, caller);
	return area;
}

static int reserve(struct vm_area *area, unsigned long size, unsigned long align)
{
	unsigned long flags = vmap_lock();
	int err = range_tree_alloc(&vmap_space.tree, &area->range, size, align,
				   VMALLOC_END);

	if (!err) {
		vmap_space.stats.nr_areas++;
		if (area->kind == VM_ALLOC)
			vmap_space.stats.nr_pages += nr_of(area);
	}
	vmap_unlock(flags);
	return err;
}

struct vm_area *vm_area_create_aligned(unsigned long nr, unsigned long align,
				       unsigned int kind, gfp_t gfp, unsigned long caller)
{
	unsigned long size = (nr + 1) << PAGE_SHIFT;
	size_t list = owns_list(kind, nr) ? nr * sizeof(struct page *) : 0;
	struct vm_area *area;

	area = __kmalloc_track_caller(sizeof(*area) + list, vm_meta_gfp(gfp), caller);
	if (!area)
		return NULL;
	*area = (struct vm_area){
		.state = VM_BUILDING,
		.kind = kind,
		.caller = caller,
		.pages = list ? area->own_pages : NULL,
	};
	if (reserve(area, size, align)) {
		vm_unmap_aliases();
		if (reserve(area, size, align)) {
			trace_created(NULL, size, align, caller);
			kfree(area);
			return NULL;
		}
	}
	trace_created(area, size, align, caller);
	return area;
}

struct vm_area *vm_area_create(unsigned long nr, unsigned int kind, gfp_t gfp,
			       unsigned long caller)
{
	struct vm_area *area = owns_list(kind, nr) ? reuse(nr, caller) : NULL;

	return area ? area : vm_area_create_aligned(nr, PAGE_SIZE, kind, gfp, caller);
}

static noinline void count_huge(unsigned int n)
{
	unsigned long flags = vmap_lock();

	vmap_space.stats.nr_huge += n;
	vmap_unlock(flags);
}

/* No lock: who looks the area up sees it either way. */
void *vm_area_publish(struct vm_area *area)
{
	if (unlikely(area->nr_huge))
		count_huge(area->nr_huge);
	smp_store_release(&area->state, VM_LIVE);
	return (void *)vm_area_start(area);
}

void vm_area_abandon(struct vm_area *area)
{
	unsigned long flags = vmap_lock();

	area->state = VM_DYING;
	vmap_space.stats.nr_pages -= nr_of(area);
	vmap_unlock(flags);
}

static struct vm_area *find_area(unsigned long addr)
{
	struct range *range = range_tree_find(&vmap_space.tree, addr);

	return range ? container_of(range, struct vm_area, range) : NULL;
}

/* The call that ends areas of a kind. */
static const char *undo_name(unsigned int kind)
{
	switch (kind) {
	case VM_ALLOC:
		return "vfree";
	case VM_MAP:
		return "vunmap";
	case VM_RAM:
	case VM_BLOCK:
		return "vm_unmap_ram";
	default:
		return "iounmap";
	}
}

/* A free that makes no sense: says what stands at addr instead. */
static void report_bad(const char *call, unsigned long addr, const struct vm_area *found)
{
	if (!found)
		pr_err("%s: no area at %lx\n", call, addr);
	else if (found->state != VM_BUILDING && found->state != VM_LIVE)
		pr_err("%s: %lx was freed already, by %pS\n", call, addr,
		       (void *)found->freed_by);
	else if (found->range.start != addr)
		pr_err("%s: %lx is not the start of the area at %lx, made by %pS\n", call,
		       addr, found->range.start, (void *)found->caller);
	else
		pr_err("%s: %lx is for %s, made by %pS\n", call, addr,
		       undo_name(found->kind), (void *)found->caller);
	__warn(__FILE__, __LINE__, "bad address to free in the vmalloc range");
}

/* Drops the lock and reports; the area may be gone by then, so it is copied. */
static noinline void refuse(const char *call, unsigned long addr,
			    const struct vm_area *area, unsigned long flags)
{
	struct vm_area found;

	if (area)
		found = *area;
	vmap_space.stats.nr_bad_frees++;
	vmap_unlock(flags);
	report_bad(call, addr, area ? &found : NULL);
}

void vm_report_bad_range(const char *call, unsigned long addr, unsigned long pages)
{
	unsigned long flags = vmap_lock();

	vmap_space.stats.nr_bad_frees++;
	vmap_unlock(flags);
	pr_err("%s: no mapping of %lu pages at %lx\n", call, pages, addr);
	__warn(__FILE__, __LINE__, "bad mapping to end in the vmalloc range");
}

struct vm_area *vm_area_take(const void *addr, unsigned int kind, const char *call,
			     unsigned long caller)
{
	unsigned long start = (unsigned long)addr, flags = vmap_lock();
	struct vm_area *area = find_area(start);

	if (unlikely(!area || area->state != VM_LIVE || area->range.start != start ||
		     area->kind != kind)) {
		refuse(call, start, area, flags);
		return NULL;
	}
	area->state = VM_DYING;
	area->freed_by = caller;
	if (kind == VM_ALLOC) {
		vmap_space.stats.nr_pages -= nr_of(area);
		vmap_space.stats.nr_huge -= area->nr_huge;
	}
	vmap_unlock(flags);
	return area;
}

void vm_area_retire(struct vm_area *area)
{
	unsigned long start = vm_area_start(area), site = area->freed_by, lazy;
	unsigned long flags = vmap_lock();
	bool due;

	area->state = VM_LAZY;
	area->next = vmap_space.lazy;
	vmap_space.lazy = area;
	vmap_space.stats.nr_areas--;
	vmap_space.stats.nr_lazy++;
	vmap_space.stats.lazy_pages += (area->range.end - area->range.start) >>
				       PAGE_SHIFT;
	due = purge_is_due();
	lazy = vmap_space.stats.lazy_pages;
	vmap_unlock(flags);
	trace_rare(TRACE_FREE_VMAP_AREA_NOFLUSH, site, start, lazy, LAZY_MAX_PAGES, 0, 0);
	/* A flush waits for other CPUs: in atomic context it is left to a later call. */
	if (due && !in_atomic())
		purge();
}

bool vm_may_create_atomic(const char *call)
{
	/* While the system boots, nothing can sleep and nobody needs to. */
	if (!gfpflags_allow_blocking(gfp_allowed_mask))
		return true;
	platform_context_violation(call);
	return false;
}

void *vm_failed(void)
{
	unsigned long flags = vmap_lock();

	vmap_space.stats.nr_failed++;
	vmap_unlock(flags);
	return NULL;
}

gfp_t vm_meta_gfp(gfp_t gfp)
{
	return gfp & ~(GFP_ZONEMASK | __GFP_ZERO | __GFP_COMP | __GFP_ACCOUNT);
}
