/* SPDX-License-Identifier: MIT */
/* One frame looked at closely; read as memstate.h says, with the same errors. */
#ifndef VMM_MEMSTATE_OBJECT_H
#define VMM_MEMSTATE_OBJECT_H

#include "vmm/memstate/memstate.h"

struct page_state {
	uint64_t va; /* of its struct page */
	uint64_t flags, refcount;
	uint64_t cache; /* va; only in a slab */
	uint64_t mark; /* memstate_pages.site */
};

int memstate_read_page(struct memstate_view *view, uint64_t pfn, struct page_state *page);

struct object_state {
	uint64_t head; /* the first frame of the slab */
	uint64_t inuse, objects; /* of the slab */
	uint64_t colour; /* in 8-byte units */
	int index; /* of the object; -1: the byte is in none */
	uint64_t start; /* guest-physical, of the object's place */
	bool free; /* in the slab; where not, it may be held ready by a CPU */
};

/* What of a slab of that cache the byte at gpa is in. */
int memstate_read_object(struct memstate_view *view, const struct cache_state *cache,
			 uint64_t gpa, struct object_state *object);

#endif
