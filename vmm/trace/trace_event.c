/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "vmm/trace/trace_event.h"

/* --- names ------------------------------------------------------------------------------- */

static void name_device(uint32_t endpoint, char *name)
{
	snprintf(name, TRACE_NAME_MAX, "0000:%02x:%02x.%x", endpoint >> 8 & 0xff,
		 endpoint >> 3 & 0x1f, endpoint & 7);
}

/* A cache that is gone by now keeps the name that it was seen with. */
static void name_cache(struct trace_names *names, uint64_t va, char *name)
{
	uint64_t at;
	unsigned int i;

	for (i = 0; i < names->nr_caches; i++) {
		if (names->cache[i].va != va)
			continue;
		memcpy(name, names->cache[i].name, TRACE_NAME_MAX);
		return;
	}
	if (!names->state ||
	    memstate_field(names->state, va, &names->state->mm.slab.name, 0, &at,
			   "a cache") ||
	    memstate_read_string(names->state, at, name, TRACE_NAME_MAX, "its name")) {
		snprintf(name, TRACE_NAME_MAX, "?");
		return;
	}
	if (i == sizeof(names->cache) / sizeof(names->cache[0]))
		return;
	names->cache[i].va = va;
	memcpy(names->cache[i].name, name, TRACE_NAME_MAX);
	names->nr_caches++;
}

/* --- fields ------------------------------------------------------------------------------ */

#define PAGE_BYTES 4096ull
/* Linux's gfp_migratetype(): __GFP_MOVABLE and __GFP_RECLAIMABLE. */
#define GFP_MOVABLE_SHIFT 3
#define GFP_MOVABLE_MASK  0x18u

static uint64_t frame_of(const struct trace_names *names, uint64_t page)
{
	const struct memstate_pages *pages = names->state ? &names->state->mm.pages
							  : NULL;

	if (!page || !pages || !pages->stride)
		return UINT64_MAX;
	return (page - pages->va) / pages->stride;
}

static uint32_t low(uint64_t word)
{
	return (uint32_t)word;
}

static uint32_t high(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static uint64_t bytes_of_order(uint32_t order)
{
	return order < 32 ? PAGE_BYTES << order : 0;
}

static void page_values(const struct trace_event *e, const struct trace_names *names,
			struct trace_values *v)
{
	v->value[0] = frame_of(names, e->arg[0]);
	v->value[1] = low(e->arg[1]);
	v->bytes = bytes_of_order(low(e->arg[1]));
	switch (e->id) {
	case TRACE_MM_PAGE_ALLOC:
		v->value[2] = low(e->arg[2]);
		v->value[3] = (low(e->arg[2]) & GFP_MOVABLE_MASK) >> GFP_MOVABLE_SHIFT;
		break;
	case TRACE_MM_PAGE_ALLOC_EXTFRAG:
		v->value[2] = high(e->arg[1]);
		v->value[3] = low(e->arg[2]);
		v->value[4] = high(e->arg[2]);
		v->value[5] = e->arg[3];
		break;
	default:
		break;
	}
}

static void object_values(const struct trace_event *e, struct trace_names *names,
			  struct trace_values *v)
{
	v->value[0] = e->site;
	v->value[1] = e->arg[0];
	switch (e->id) {
	case TRACE_KMALLOC:
		v->value[2] = v->bytes = e->arg[1];
		v->value[3] = e->arg[2];
		v->value[4] = low(e->arg[3]);
		break;
	case TRACE_KMEM_CACHE_ALLOC:
		v->value[2] = v->bytes = low(e->arg[1]);
		v->value[3] = high(e->arg[1]);
		v->value[4] = low(e->arg[3]);
		name_cache(names, e->arg[2], v->name);
		break;
	case TRACE_KMEM_CACHE_FREE:
		name_cache(names, e->arg[1], v->name);
		break;
	default:
		break;
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void list_values(const struct trace_event *e, struct trace_values *v)
{
	uint32_t nents = low(e->arg[1]), ents = high(e->arg[1]);
	unsigned int i = 1;

	if (e->id == TRACE_DMA_MAP_SG) {
		v->value[i++] = nents;
		v->value[i++] = ents;
		v->value[i++] = nents > e->nr_segments || ents > e->nr_segments;
	}
	v->value[i++] = least(nents, e->nr_segments);
	if (e->id == TRACE_DMA_MAP_SG) {
		v->value[i++] = least(ents, e->nr_segments);
		v->value[i++] = least(ents, e->nr_segments);
	}
	v->value[i++] = high(e->arg[0]);
	v->value[i] = e->arg[2];
	v->bytes = e->arg[3];
}

static void dma_values(const struct trace_event *e, struct trace_values *v)
{
	bool coherent = e->id == TRACE_DMA_ALLOC || e->id == TRACE_DMA_FREE;
	unsigned int i = 1;

	name_device(low(e->arg[0]), v->name);
	if (e->id == TRACE_DMA_MAP_SG || e->id == TRACE_DMA_UNMAP_SG) {
		list_values(e, v);
		return;
	}
	if (e->id != TRACE_DMA_UNMAP_PAGE)
		v->value[i++] = e->arg[1];
	v->value[i++] = e->arg[2];
	v->value[i++] = v->bytes = e->arg[3];
	if (e->id == TRACE_DMA_ALLOC)
		v->value[i++] = low(e->arg[4]);
	v->value[i++] = high(e->arg[0]);
	v->value[i] = coherent ? high(e->arg[4]) : e->arg[4];
}

void trace_values(const struct trace_event *e, struct trace_names *names,
		  struct trace_values *v)
{
	*v = (struct trace_values){ .bytes = 0 };
	switch (e->id) {
	case TRACE_MM_PAGE_ALLOC:
	case TRACE_MM_PAGE_FREE:
	case TRACE_MM_PAGE_ALLOC_EXTFRAG:
		page_values(e, names, v);
		break;
	case TRACE_KMALLOC:
	case TRACE_KFREE:
	case TRACE_KMEM_CACHE_ALLOC:
	case TRACE_KMEM_CACHE_FREE:
		object_values(e, names, v);
		break;
	case TRACE_ALLOC_VMAP_AREA:
		memcpy(v->value, e->arg, sizeof(e->arg));
		v->value[5] = e->arg[0] == e->arg[4];
		v->bytes = e->arg[1];
		break;
	case TRACE_KSWAPD_WAKE:
		v->value[0] = e->arg[0];
		v->value[1] = low(e->arg[1]);
		v->value[2] = high(e->arg[1]);
		break;
	case TRACE_PURGE_VMAP_AREA_LAZY:
	case TRACE_FREE_VMAP_AREA_NOFLUSH:
	case TRACE_DIRECT_RECLAIM_BEGIN:
	case TRACE_DIRECT_RECLAIM_END:
	case TRACE_KSWAPD_SLEEP:
		memcpy(v->value, e->arg, sizeof(e->arg));
		break;
	default:
		dma_values(e, v);
	}
}

uint64_t trace_element(const struct trace_event *e, const struct trace_field *field,
		       unsigned int i)
{
	const struct trace_segment *segment = &e->segments[i];

	switch (field->form) {
	case TRACE_PHYS_ADDRS:
		return segment->phys_addr;
	case TRACE_DMA_ADDRS:
		return segment->dma_addr;
	default:
		return segment->length;
	}
}

unsigned int trace_field_index(const struct trace_kind *kind, const char *name)
{
	unsigned int i = 0;

	while (name && strcmp(kind->field[i].name, name) != 0)
		i++;
	return i;
}

/* --- what is wanted ---------------------------------------------------------------------- */

bool trace_matches(const char *glob, const char *text)
{
	return !fnmatch(glob, text, 0);
}

/* How many events the glob names. */
static unsigned int enable_matching(const char *glob, uint8_t *enable)
{
	unsigned int id, n = 0;
	char full[80];

	for (id = 1; id < TRACE_IDS; id++) {
		snprintf(full, sizeof(full), "%s:%s", trace_kinds[id].system,
			 trace_kinds[id].name);
		if (!trace_matches(glob, full) &&
		    !trace_matches(glob, trace_kinds[id].name))
			continue;
		enable[id] = TRACE_PLAIN;
		n++;
	}
	return n;
}

int trace_parse_events(const char *text, uint8_t enable[TRACE_IDS_MAX], struct error *err)
{
	bool chain = false, any = false;
	unsigned int id;
	char glob[80];

	memset(enable, TRACE_OFF, TRACE_IDS_MAX);
	while (*text) {
		size_t n = strcspn(text, ",");

		snprintf(glob, sizeof(glob), "%.*s", (int)n, text);
		if (!strcmp(glob, "chain"))
			chain = true;
		else if (n < sizeof(glob) && enable_matching(glob, enable))
			any = true;
		else
			return error_set(err, EINVAL,
					 "%s: no event is called so; give names such as "
					 "kmem:kmalloc or kmem:*",
					 glob);
		text += n;
		text += *text == ',';
	}
	if (!any)
		return error_set(err, EINVAL, "no events; give names such as kmem:*");
	for (id = 1; chain && id < TRACE_IDS; id++)
		if (enable[id])
			enable[id] = TRACE_CHAIN;
	return 0;
}
