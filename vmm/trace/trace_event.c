/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include <abi/gfp.h>

#include "vmm/trace/trace_event.h"

#define U64(n)                                             \
	{                                                  \
		n, "unsigned long", 8, TRACE_SHOW_UNSIGNED \
	}
#define HEX(n)                                        \
	{                                             \
		n, "unsigned long", 8, TRACE_SHOW_HEX \
	}
#define ADDRESS(n)                                       \
	{                                                \
		n, "const void *", 8, TRACE_SHOW_ADDRESS \
	}
#define SITE                                                    \
	{                                                       \
		"call_site", "unsigned long", 8, TRACE_SHOW_HEX \
	}
#define U32(n)                                            \
	{                                                 \
		n, "unsigned int", 4, TRACE_SHOW_UNSIGNED \
	}
#define INT(n)                                 \
	{                                      \
		n, "int", 4, TRACE_SHOW_SIGNED \
	}
#define GFP                                                     \
	{                                                       \
		"gfp_flags", "unsigned long", 8, TRACE_SHOW_GFP \
	}
#define NAME(n)                                            \
	{                                                  \
		n, "char", TRACE_NAME_MAX, TRACE_SHOW_NAME \
	}

/* As the kernel's show_gfp_flags() comes out of its preprocessor. */
#define GFP_ENTRY(flag, value) ", {" #value ", \"" #flag "\"}"
#define GFP_SHOWN                                                               \
	"(REC->gfp_flags) ? __print_flags(REC->gfp_flags, \"|\"" ABI_GFP_FLAGS( \
		GFP_ENTRY) ") : \"none\""
#define DMA_SHOWN "REC->device, REC->dir, REC->dma_addr, REC->size"

const struct trace_kind trace_kinds[TRACE_IDS] = {
	[TRACE_MM_PAGE_ALLOC] = {
		"kmem", "mm_page_alloc",
		"page=%p pfn=0x%lx order=%d migratetype=%d gfp_flags=%s",
		"REC->page, REC->pfn, REC->order, REC->migratetype, " GFP_SHOWN,
		{ HEX("pfn"), U32("order"), GFP, INT("migratetype"),
		  ADDRESS("page") },
	},
	[TRACE_MM_PAGE_FREE] = {
		"kmem", "mm_page_free", "page=%p pfn=0x%lx order=%d",
		"REC->page, REC->pfn, REC->order",
		{ HEX("pfn"), U32("order"), ADDRESS("page") },
	},
	[TRACE_MM_PAGE_ALLOC_EXTFRAG] = {
		"kmem", "mm_page_alloc_extfrag",
		"page=%p pfn=0x%lx alloc_order=%d fallback_order=%d "
		"alloc_migratetype=%d fallback_migratetype=%d change_ownership=%d",
		"REC->page, REC->pfn, REC->alloc_order, REC->fallback_order, "
		"REC->alloc_migratetype, REC->fallback_migratetype, REC->change_ownership",
		{ HEX("pfn"), INT("alloc_order"), INT("fallback_order"),
		  INT("alloc_migratetype"), INT("fallback_migratetype"),
		  INT("change_ownership"), ADDRESS("page") },
	},
	[TRACE_KMALLOC] = {
		"kmem", "kmalloc",
		"call_site=%lx ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s "
		"node=%d",
		"REC->call_site, REC->ptr, REC->bytes_req, REC->bytes_alloc, "
		GFP_SHOWN ", REC->node",
		{ SITE, ADDRESS("ptr"), U64("bytes_req"), U64("bytes_alloc"),
		  GFP, INT("node") },
	},
	[TRACE_KFREE] = {
		"kmem", "kfree", "call_site=%lx ptr=%p", "REC->call_site, REC->ptr",
		{ SITE, ADDRESS("ptr") },
	},
	[TRACE_KMEM_CACHE_ALLOC] = {
		"kmem", "kmem_cache_alloc",
		"call_site=%lx ptr=%p name=%s bytes_req=%zu bytes_alloc=%zu "
		"gfp_flags=%s node=%d",
		"REC->call_site, REC->ptr, REC->name, REC->bytes_req, REC->bytes_alloc, "
		GFP_SHOWN ", REC->node",
		{ SITE, ADDRESS("ptr"), U64("bytes_req"), U64("bytes_alloc"),
		  GFP, INT("node"), NAME("name") },
	},
	[TRACE_KMEM_CACHE_FREE] = {
		"kmem", "kmem_cache_free", "call_site=%lx ptr=%p name=%s",
		"REC->call_site, REC->ptr, REC->name",
		{ SITE, ADDRESS("ptr"), NAME("name") },
	},
	[TRACE_ALLOC_VMAP_AREA] = {
		"vmalloc", "alloc_vmap_area",
		"va_start: %lu size=%lu align=%lu vstart=0x%lx vend=0x%lx failed=%d",
		"REC->addr, REC->size, REC->align, REC->vstart, REC->vend, REC->failed",
		{ HEX("addr"), U64("size"), U64("align"), HEX("vstart"), HEX("vend"),
		  INT("failed") },
	},
	[TRACE_PURGE_VMAP_AREA_LAZY] = {
		"vmalloc", "purge_vmap_area_lazy",
		"start=0x%lx end=0x%lx num_purged=%u", "REC->start, REC->end, REC->npurged",
		{ HEX("start"), HEX("end"), U32("npurged") },
	},
	[TRACE_FREE_VMAP_AREA_NOFLUSH] = {
		"vmalloc", "free_vmap_area_noflush",
		"va_start=0x%lx nr_lazy=%lu nr_lazy_max=%lu",
		"REC->va_start, REC->nr_lazy, REC->nr_lazy_max",
		{ HEX("va_start"), U64("nr_lazy"), U64("nr_lazy_max") },
	},
	[TRACE_DIRECT_RECLAIM_BEGIN] = {
		"vmscan", "mm_vmscan_direct_reclaim_begin", "order=%d gfp_flags=%s",
		"REC->order, " GFP_SHOWN, { INT("order"), GFP },
	},
	[TRACE_DIRECT_RECLAIM_END] = {
		"vmscan", "mm_vmscan_direct_reclaim_end", "nr_reclaimed=%lu",
		"REC->nr_reclaimed", { U64("nr_reclaimed") },
	},
	[TRACE_KSWAPD_WAKE] = {
		"vmscan", "mm_vmscan_kswapd_wake", "nid=%d order=%d", "REC->nid, REC->order",
		{ INT("nid"), INT("zid"), INT("order") },
	},
	[TRACE_KSWAPD_SLEEP] = {
		"vmscan", "mm_vmscan_kswapd_sleep", "nid=%d", "REC->nid", { INT("nid") },
	},
	[TRACE_DMA_MAP_PAGE] = {
		"dma", "dma_map_page",
		"%s dir=%d dma_addr=%lx size=%zu phys_addr=%lx attrs=0x%lx",
		DMA_SHOWN ", REC->phys_addr, REC->attrs",
		{ NAME("device"), HEX("phys_addr"), HEX("dma_addr"), U64("size"),
		  INT("dir"), HEX("attrs") },
	},
	[TRACE_DMA_UNMAP_PAGE] = {
		"dma", "dma_unmap_page", "%s dir=%d dma_addr=%lx size=%zu attrs=0x%lx",
		DMA_SHOWN ", REC->attrs",
		{ NAME("device"), HEX("dma_addr"), U64("size"), INT("dir"),
		  HEX("attrs") },
	},
	[TRACE_DMA_ALLOC] = {
		"dma", "dma_alloc", "%s dma_addr=%lx size=%zu phys_addr=%lx",
		"REC->device, REC->dma_addr, REC->size, REC->phys_addr",
		{ NAME("device"), HEX("phys_addr"), HEX("dma_addr"), U64("size") },
	},
	[TRACE_DMA_FREE] = {
		"dma", "dma_free", "%s dma_addr=%lx size=%zu phys_addr=%lx",
		"REC->device, REC->dma_addr, REC->size, REC->phys_addr",
		{ NAME("device"), HEX("phys_addr"), HEX("dma_addr"), U64("size") },
	},
	[TRACE_DMA_MAP_SG] = {
		"dma", "dma_map_sg",
		"%s dir=%d index=%u nents=%u dma_addr=%lx size=%u phys_addr=%lx length=%u",
		"REC->device, REC->dir, REC->index, REC->nents, REC->dma_addr, REC->size, "
		"REC->phys_addr, REC->length",
		{ NAME("device"), HEX("phys_addr"), U32("length"), HEX("dma_addr"),
		  U32("size"), INT("dir"), U32("index"), U32("nents") },
	},
	[TRACE_DMA_UNMAP_SG] = {
		"dma", "dma_unmap_sg", "%s dir=%d index=%u nents=%u phys_addr=%lx length=%u",
		"REC->device, REC->dir, REC->index, REC->nents, REC->phys_addr, "
		"REC->length",
		{ NAME("device"), HEX("phys_addr"), U32("length"), INT("dir"),
		  U32("index"), U32("nents") },
	},
};

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
	switch (e->id) {
	case TRACE_MM_PAGE_ALLOC:
		v->value[1] = low(e->arg[1]);
		v->value[2] = low(e->arg[2]);
		v->value[3] = (low(e->arg[2]) & GFP_MOVABLE_MASK) >> GFP_MOVABLE_SHIFT;
		v->value[4] = e->arg[0];
		v->bytes = bytes_of_order(low(e->arg[1]));
		break;
	case TRACE_MM_PAGE_FREE:
		v->value[1] = low(e->arg[1]);
		v->value[2] = e->arg[0];
		v->bytes = bytes_of_order(low(e->arg[1]));
		break;
	default:
		v->value[1] = low(e->arg[1]);
		v->value[2] = high(e->arg[1]);
		v->value[3] = low(e->arg[2]);
		v->value[4] = high(e->arg[2]);
		v->value[5] = e->arg[3];
		v->value[6] = e->arg[0];
		v->bytes = bytes_of_order(low(e->arg[1]));
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

static void segment_values(const struct trace_event *e, struct trace_values *v)
{
	unsigned int i = 2;

	v->value[1] = e->arg[1];
	v->value[i++] = v->bytes = low(e->arg[3]);
	if (e->id == TRACE_DMA_MAP_SG) {
		v->value[i++] = e->arg[2];
		v->value[i++] = high(e->arg[3]);
	}
	v->value[i++] = high(e->arg[0]);
	v->value[i++] = low(e->arg[4]);
	v->value[i] = high(e->arg[4]);
}

static void dma_values(const struct trace_event *e, struct trace_values *v)
{
	unsigned int i = 1;

	name_device(low(e->arg[0]), v->name);
	if (e->id == TRACE_DMA_MAP_SG || e->id == TRACE_DMA_UNMAP_SG) {
		segment_values(e, v);
		return;
	}
	if (e->id != TRACE_DMA_UNMAP_PAGE)
		v->value[i++] = e->arg[1];
	v->value[i++] = e->arg[2];
	v->value[i++] = v->bytes = e->arg[3];
	if (e->id == TRACE_DMA_MAP_PAGE || e->id == TRACE_DMA_UNMAP_PAGE) {
		v->value[i++] = high(e->arg[0]);
		v->value[i] = e->arg[4];
	}
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
