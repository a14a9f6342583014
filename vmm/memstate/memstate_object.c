/* SPDX-License-Identifier: MIT */
/* One frame: its struct page, and the object of a slab that a byte of it is in. */
#include <string.h>

#include "vmm/memstate/memstate_object.h"

int memstate_read_page(struct memstate_view *view, uint64_t pfn, struct page_state *page)
{
	const struct memstate_pages *d = &view->mm.pages;
	struct page_state new = { .va = d->va + pfn * d->stride };
	const struct memstate_want want[] = {
		{ &d->flags, &new.flags },
		{ &d->refcount, &new.refcount },
		{ &d->slab_cache, &new.cache },
		{ &d->site, &new.mark },
	};
	int ret;

	memstate_refresh(view);
	if (pfn >= view->ram_end / view->mm.page_size)
		return memstate_bad(view, "frame %#llx is no RAM",
				    (unsigned long long)pfn);
	ret = memstate_fields(view, new.va, want, sizeof(want) / sizeof(want[0]),
			      "a struct page");
	if (!ret)
		*page = new;
	return ret;
}

/* The first frame of the slab that pfn is in, and what stands there. */
static int find_head(struct memstate_view *view, uint64_t pfn, uint64_t *head)
{
	const struct memstate_pages *d = &view->mm.pages;
	uint64_t va = d->va + pfn * d->stride, flags, at = 0;
	int ret = memstate_field(view, va, &d->flags, 0, &flags, "a struct page");

	*head = pfn;
	if (ret || flags & d->live_mask)
		return ret;
	ret = memstate_field(view, va, &d->slab_head, 0, &at, "a slab");
	if (ret)
		return ret;
	if (at < d->va || at > va || (at - d->va) % d->stride ||
	    va - at > ((uint64_t)d->stride << d->max_order))
		return memstate_bad(view, "a slab's page at %#llx: its head at %#llx",
				    (unsigned long long)va, (unsigned long long)at);
	*head = (at - d->va) / d->stride;
	return 0;
}

/* Whether bit `index` of the slab's map of free objects is set. */
static int is_free(struct memstate_view *view, uint64_t slab, uint64_t objects,
		   uint64_t index, bool *free)
{
	const struct memstate_field *bits = &view->mm.pages.slab_free;
	uint64_t va = slab + bits->offset, word = 0;
	int ret = 0;

	if (bits->size != sizeof(word))
		return memstate_bad(view, "a slab's map of %u bytes a word", bits->size);
	if (objects > (uint64_t)bits->count * 64)
		ret = memstate_read_pointer(view, va, &va, "a slab's map");
	if (!ret)
		ret = memstate_read_pointer(view, va + index / 64 * sizeof(word), &word,
					    "a slab's map");
	*free = word >> index % 64 & 1;
	return ret;
}

int memstate_read_object(struct memstate_view *view, const struct cache_state *cache,
			 uint64_t gpa, struct object_state *object)
{
	const struct memstate_pages *d = &view->mm.pages;
	struct object_state new = { .index = -1 };
	uint64_t page = view->mm.page_size, slab, start, at;
	const struct memstate_want want[] = {
		{ &d->slab_inuse, &new.inuse },
		{ &d->slab_objects, &new.objects },
		{ &d->slab_colour, &new.colour },
	};
	int ret;

	memstate_refresh(view);
	ret = find_head(view, gpa / page, &new.head);
	slab = d->va + new.head * d->stride;
	if (!ret)
		ret = memstate_fields(view, slab, want, 3, "a slab");
	if (ret)
		return ret;
	if (!cache->size || new.inuse > new.objects)
		return memstate_bad(
			view, "slab of %s at frame %#llx: %llu of %llu objects",
			cache->name, (unsigned long long)new.head,
			(unsigned long long)new.inuse, (unsigned long long)new.objects);
	start = new.head *page + new.colour * 8;
	at = (gpa - start) / cache->size;
	if (gpa >= start && at < new.objects) {
		new.index = (int)at;
		new.start = start + at * cache->size;
		ret = is_free(view, slab, new.objects, at, &new.free);
	}
	if (!ret)
		*object = new;
	return ret;
}
