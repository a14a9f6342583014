/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "vmm/map/map_outlines.h"
#include "vmm/util/array.h"

const char *outline_kind_name(enum outline_kind kind)
{
	static const char *const names[OUTLINE_KINDS] = {
		[OUTLINE_SLAB] = "slab",
		[OUTLINE_AREA] = "vmalloc",
		[OUTLINE_DEVICE] = "device",
	};

	return names[kind];
}

const char *outline_kind_title(enum outline_kind kind)
{
	static const char *const titles[OUTLINE_KINDS] = {
		[OUTLINE_SLAB] = "slabs of one cache",
		[OUTLINE_AREA] = "an area of vmalloc",
		[OUTLINE_DEVICE] = "mapped by a device",
	};

	return titles[kind];
}

static int add_run(struct outlines *o, enum outline_kind kind, uint64_t pfn,
		   uint64_t pages, size_t who)
{
	const struct outline new = {
		.kind = kind, .pfn = pfn, .pages = pages, .who = who
	};
	struct outline *more;

	if (o->nr == OUTLINES_MAX) {
		o->cut = true;
		return 0;
	}
	more = array_append(o->outline, &o->nr, &new, sizeof(new));
	if (!more)
		return -ENOMEM;
	o->outline = more;
	return 0;
}

/* Adds one frame: to the outline before it, where it goes on. */
static int add(struct outlines *o, enum outline_kind kind, uint64_t pfn, size_t who)
{
	struct outline *last = o->nr ? &o->outline[o->nr - 1] : NULL;

	if (!last || last->kind != kind || last->who != who ||
	    last->pfn + last->pages != pfn)
		return add_run(o, kind, pfn, 1, who);
	last->pages++;
	return 0;
}

/* The cache that a struct page names; all of them where it is none that is known: a guest
 * that runs may have made it meanwhile. */
static size_t find_cache(const struct cache_states *caches, uint64_t va)
{
	size_t i;

	for (i = 0; i < caches->nr; i++)
		if (caches->cache[i].va == va)
			break;
	return i;
}

static int add_slabs(struct memstate_view *view, const struct memstate_snapshot *s,
		     struct outlines *o)
{
	const struct memstate_pages *d = &view->mm.pages;
	uint64_t pfn, va = 0;
	size_t cache;
	int ret = 0;

	for (pfn = 0; pfn < s->frames.nr && !ret && !o->cut; pfn++) {
		if (s->frames.kind[pfn] != FRAME_SLAB)
			continue;
		ret = memstate_field(view, d->va + pfn * d->stride, &d->slab_cache, 0,
				     &va, "a struct page of a slab");
		cache = find_cache(&s->caches, va);
		if (!ret && cache < s->caches.nr)
			ret = add(o, OUTLINE_SLAB, pfn, cache);
	}
	return ret;
}

/* Where the pages of an area are; those of devices (ioremap) are no frames. */
static int add_area(struct memstate_view *view, const struct memstate_snapshot *s,
		    size_t which, struct outlines *o, uint64_t *budget)
{
	const struct area *area = &s->areas.area[which];
	uint64_t page = view->mm.page_size, i, gpa;
	int ret = 0;

	if (area->state != AREA_LIVE ||
	    (area->kind != AREA_ALLOC && area->kind != AREA_MAP))
		return 0;
	for (i = 0; i < area->nr_pages && *budget && !ret && !o->cut; i++, --*budget)
		if (!memstate_translate(view, area->start + i * page, &gpa) &&
		    gpa / page < s->frames.nr)
			ret = add(o, OUTLINE_AREA, gpa / page, which);
	return ret;
}

/* Each mapping by itself: two of one page are two. */
static int add_mapping(struct memstate_view *view, const struct memstate_snapshot *s,
		       size_t which, struct outlines *o)
{
	const struct live_mapping *m = &o->mappings.mapping[which];
	uint64_t page = view->mm.page_size, pfn = m->phys / page, end;

	if (!m->phys || __builtin_add_overflow(m->phys, m->size - 1, &end) ||
	    end / page >= s->frames.nr)
		return 0;
	return add_run(o, OUTLINE_DEVICE, pfn, end / page - pfn + 1, which);
}

/* Books that make no sense, or are just being written, are left out alone. */
static int add_mappings(struct memstate_view *view, const struct memstate_snapshot *s,
			struct outlines *o)
{
	int ret = memstate_read_mappings(view, &o->mappings);
	size_t i;

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	for (i = 0; i < o->mappings.nr && !ret; i++)
		ret = add_mapping(view, s, i, o);
	return ret;
}

int outlines_read(struct memstate_view *view, const struct memstate_snapshot *snapshot,
		  struct outlines *outlines)
{
	/* Areas may show the same frames many times, but not for ever. */
	uint64_t budget = 4 * snapshot->frames.nr;
	size_t i;
	int ret;

	*outlines = (struct outlines){ 0 };
	ret = add_slabs(view, snapshot, outlines);
	for (i = 0; i < snapshot->areas.nr && !ret && !outlines->cut; i++)
		ret = add_area(view, snapshot, i, outlines, &budget);
	if (!ret)
		ret = add_mappings(view, snapshot, outlines);
	if (ret)
		outlines_free(outlines);
	return ret;
}

void outlines_free(struct outlines *outlines)
{
	free(outlines->outline);
	free(outlines->mappings.mapping);
	*outlines = (struct outlines){ 0 };
}
