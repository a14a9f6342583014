/* SPDX-License-Identifier: MIT */
/* The books of live mappings, of call sites, and of owners. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/memstate/memstate_books.h"
#include "vmm/util/array.h"

/* More would be a table that makes no sense. */
#define ENTRIES_MAX (1u << 20)

/* --- mappings ---------------------------------------------------------------------------- */

const char *live_mapping_kind(const struct live_mapping *mapping)
{
	static const char *const names[] = {
		[MEMSTATE_DMA_SINGLE] = "single",
		[MEMSTATE_DMA_SG] = "sg",
		[MEMSTATE_DMA_COHERENT] = "coherent",
		[MEMSTATE_DMA_RESOURCE] = "resource",
	};

	return mapping->kind && mapping->kind < sizeof(names) / sizeof(names[0])
		       ? names[mapping->kind]
		       : "unknown";
}

const char *live_mapping_dir(const struct live_mapping *mapping)
{
	static const char *const names[] = { "DMA_BIDIRECTIONAL", "DMA_TO_DEVICE",
					     "DMA_FROM_DEVICE" };

	return mapping->dir < 3 ? names[mapping->dir] : "DMA_NONE";
}

static int read_mapping(struct memstate_view *view, uint64_t va, struct live_mapping *m)
{
	const struct memstate_mappings *d = &view->mm.mappings;
	uint64_t kind = 0, dir = 0, endpoint = 0, name = 0, end;
	const struct memstate_want want[] = {
		{ &d->kind, &kind },	     { &d->dir, &dir },
		{ &d->endpoint, &endpoint }, { &d->name, &name },
		{ &d->addr, &m->addr },	     { &d->phys, &m->phys },
		{ &d->size, &m->size },	     { &d->caller, &m->caller },
	};
	int ret = memstate_fields(view, va, want, sizeof(want) / sizeof(want[0]),
				  "a DMA mapping");

	if (ret || !kind)
		return ret;
	m->kind = (unsigned int)kind;
	m->dir = (unsigned int)dir;
	m->endpoint = (uint32_t)endpoint;
	if (!m->size || __builtin_add_overflow(m->addr, m->size, &end))
		return memstate_bad(view,
				    "a DMA mapping at %#llx: %#llx bytes from %#llx",
				    (unsigned long long)va, (unsigned long long)m->size,
				    (unsigned long long)m->addr);
	return name ? memstate_read_string(view, name, m->device, sizeof(m->device),
					   "a device's name")
		    : 0;
}

static int by_addr(const void *a, const void *b)
{
	const struct live_mapping *x = a, *y = b;

	if (x->endpoint != y->endpoint)
		return x->endpoint < y->endpoint ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int read_all_mappings(struct memstate_view *view, uint64_t va,
			     struct live_mappings *new)
{
	const struct memstate_mappings *d = &view->mm.mappings;
	unsigned int i;
	int ret = d->lost_va ? memstate_read_pointer(view, d->lost_va, &new->lost,
						     "the DMA mappings")
			     : 0;

	for (i = 0; i < d->count && !ret; i++) {
		struct live_mapping m = { 0 }, *more;

		ret = read_mapping(view, va + (uint64_t)i * d->stride, &m);
		if (ret || !m.kind)
			continue;
		more = array_append(new->mapping, &new->nr, &m, sizeof(m));
		if (!more)
			return -ENOMEM;
		new->mapping = more;
	}
	if (!ret && new->nr)
		qsort(new->mapping, new->nr, sizeof(*new->mapping), by_addr);
	return ret;
}

int memstate_read_mappings(struct memstate_view *view, struct live_mappings *mappings)
{
	const struct memstate_mappings *d = &view->mm.mappings;
	struct live_mappings new = { 0 };
	uint64_t va = 0;
	int ret = 0;

	memstate_refresh(view);
	if (d->pointer_va)
		ret = memstate_read_pointer(view, d->pointer_va, &va, "the DMA mappings");
	if (!ret && va && d->count > ENTRIES_MAX)
		ret = memstate_bad(view, "a table of %u DMA mappings", d->count);
	if (!ret && va) {
		new.kept = true;
		ret = read_all_mappings(view, va, &new);
	}
	if (ret) {
		free(new.mapping);
		return ret;
	}
	free(mappings->mapping);
	*mappings = new;
	return 0;
}

/* --- call sites -------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
	const struct alloc_site_state *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->ip < y->ip ? -1 : x->ip > y->ip;
}

static int read_all_sites(struct memstate_view *view, struct alloc_sites_state *new)
{
	const struct memstate_sites *d = &view->mm.sites;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < d->count && !ret; i++) {
		uint64_t va = d->va + (uint64_t)i * d->stride;
		struct alloc_site_state s = { 0 }, *more;
		const struct memstate_want want[] = { { &d->ip, &s.ip },
						      { &d->bytes, &s.bytes },
						      { &d->calls, &s.calls },
						      { &d->total, &s.total } };

		ret = memstate_fields(view, va, want, 4, "a call site");
		if (ret || !s.calls)
			continue;
		if (s.bytes > view->ram_end)
			return memstate_bad(view, "call site %#llx holds %llu bytes",
					    (unsigned long long)s.ip,
					    (unsigned long long)s.bytes);
		more = array_append(new->site, &new->nr, &s, sizeof(s));
		if (!more)
			return -ENOMEM;
		new->site = more;
	}
	if (!ret && new->nr)
		qsort(new->site, new->nr, sizeof(*new->site), by_bytes);
	return ret;
}

int memstate_read_sites(struct memstate_view *view, struct alloc_sites_state *sites)
{
	const struct memstate_sites *d = &view->mm.sites;
	struct alloc_sites_state new = { 0 };
	uint8_t on = 0;
	int ret = 0;

	memstate_refresh(view);
	if (d->on_va)
		ret = memstate_read(view, d->on_va, &on, 1, "the allocation profile");
	if (!ret && on && d->count > ENTRIES_MAX)
		ret = memstate_bad(view, "a table of %u call sites", d->count);
	if (!ret && on) {
		new.kept = true;
		ret = read_all_sites(view, &new);
	}
	if (ret) {
		free(new.site);
		return ret;
	}
	free(sites->site);
	*sites = new;
	return 0;
}

/* --- owners ------------------------------------------------------------------------------ */

static int read_chain(struct memstate_view *view, uint64_t chains, uint64_t number,
		      struct owner_chain *chain)
{
	const struct memstate_owners *d = &view->mm.owners;
	uint64_t va = chains + (number - 1) * d->chain_stride, depth = 0;
	int ret;

	if (!number || !chains)
		return 0;
	if (number > d->chains)
		return memstate_bad(view, "call chain %llu of %u",
				    (unsigned long long)number, d->chains);
	ret = memstate_field(view, va, &d->depth, 0, &depth, "a call chain");
	if (ret)
		return ret;
	if (depth > OWNER_DEPTH_MAX || depth > d->pc.count)
		return memstate_bad(view, "a call chain of %llu calls",
				    (unsigned long long)depth);
	chain->depth = (unsigned int)depth;
	return memstate_field_array(view, va, &d->pc, chain->pc, chain->depth,
				    "a call chain");
}

struct owner_entry {
	uint64_t known, order, alloc_chain, free_chain;
};

static int read_entry(struct memstate_view *view, uint64_t va, struct frame_owner *owner,
		      struct owner_entry *e)
{
	const struct memstate_owners *d = &view->mm.owners;
	const struct memstate_want want[] = {
		{ &d->known, &e->known },
		{ &d->order, &e->order },
		{ &d->alloc_chain, &e->alloc_chain },
		{ &d->free_chain, &e->free_chain },
		{ &d->gfp, &owner->gfp },
		{ &d->cpu, &owner->cpu },
		{ &d->allocated, &owner->allocated },
		{ &d->freed, &owner->freed },
	};

	*e = (struct owner_entry){ 0 };
	return memstate_fields(view, va, want, sizeof(want) / sizeof(want[0]),
			       "page_owner's books");
}

/* The entry of the block that has the frame: at the first frame of some order. */
static int find_owner(struct memstate_view *view, uint64_t table, uint64_t pfn,
		      struct frame_owner *owner, struct owner_entry *e)
{
	unsigned int order;
	int ret = 0;

	for (order = 0; order <= view->mm.pages.max_order && !ret; order++) {
		uint64_t head = pfn & ~((1ull << order) - 1);

		ret = read_entry(view, table + head * view->mm.owners.stride, owner, e);
		if (ret || !e->known || e->order < order)
			continue;
		owner->kept = true;
		owner->head = head;
		owner->order = e->order;
		return 0;
	}
	return ret;
}

int memstate_read_owner(struct memstate_view *view, uint64_t pfn,
			struct frame_owner *owner)
{
	const struct memstate_owners *d = &view->mm.owners;
	struct frame_owner new = { 0 };
	struct owner_entry e = { 0 };
	uint64_t table = 0, chains = 0;
	int ret = 0;

	memstate_refresh(view);
	if (d->pointer_va)
		ret = memstate_read_pointer(view, d->pointer_va, &table,
					    "page_owner's books");
	if (!ret && table && d->chains_pointer_va)
		ret = memstate_read_pointer(view, d->chains_pointer_va, &chains,
					    "the call chains");
	if (!ret && table && pfn < view->ram_end / view->mm.page_size)
		ret = find_owner(view, table, pfn, &new, &e);
	if (!ret && new.kept)
		ret = read_chain(view, chains, e.alloc_chain, &new.alloc);
	if (!ret && new.kept)
		ret = read_chain(view, chains, e.free_chain, &new.free);
	if (!ret)
		*owner = new;
	return ret;
}
