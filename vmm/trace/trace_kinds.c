/* SPDX-License-Identifier: MIT */
#include "vmm/trace/trace_event.h"

#define FIELD(n, type, size, form)  \
	{                           \
		n, type, size, form \
	}
#define ULONG(n)    FIELD(n, "unsigned long", 8, TRACE_UNSIGNED)
#define HEX(n)	    FIELD(n, "unsigned long", 8, TRACE_HEX)
#define U64(n)	    FIELD(n, "u64", 8, TRACE_HEX)
#define SIZE(n)	    FIELD(n, "size_t", 8, TRACE_UNSIGNED)
#define ADDRESS(n)  FIELD(n, "const void *", 8, TRACE_HEX)
#define UINT(n)	    FIELD(n, "unsigned int", 4, TRACE_UNSIGNED)
#define INT(n)	    FIELD(n, "int", 4, TRACE_SIGNED)
#define BOOL(n)	    FIELD(n, "bool", 1, TRACE_BOOL)
#define STRING(n)   FIELD(n, "char", 1, TRACE_STRING)
#define DIR_FIELD   FIELD("dir", "enum dma_data_direction", 4, TRACE_DIRECTION)
#define VIRT_FIELD  FIELD("virt_addr", "void *", 8, TRACE_HEX)
#define SITE_FIELD  FIELD("call_site", "unsigned long", 8, TRACE_SITE)
#define GFP_FIELD   FIELD("gfp_flags", "unsigned long", 8, TRACE_GFP)
#define ATTRS_FIELD FIELD("attrs", "unsigned long", 8, TRACE_DMA_ATTRS)

#define AS(how, n)                \
	{                         \
		TRACE_AS_##how, n \
	}
#define N(n)  AS(FIELD, n)
#define GFP   N("gfp_flags")
#define ATTRS N("attrs")

const struct trace_kind trace_kinds[TRACE_IDS] = {
	[TRACE_MM_PAGE_ALLOC] = {
		"kmem", "mm_page_alloc",
		"page=%p pfn=0x%lx order=%d migratetype=%d gfp_flags=%s",
		{ AS(PAGE, "pfn"), AS(FRAME, "pfn"), N("order"), N("migratetype"), GFP },
		{ HEX("pfn"), UINT("order"), GFP_FIELD, INT("migratetype") },
	},
	[TRACE_MM_PAGE_FREE] = {
		"kmem", "mm_page_free", "page=%p pfn=0x%lx order=%d",
		{ AS(PAGE, "pfn"), N("pfn"), N("order") },
		{ HEX("pfn"), UINT("order") },
	},
	[TRACE_MM_PAGE_ALLOC_EXTFRAG] = {
		"kmem", "mm_page_alloc_extfrag",
		"page=%p pfn=0x%lx alloc_order=%d fallback_order=%d pageblock_order=%d "
		"alloc_migratetype=%d fallback_migratetype=%d fragmenting=%d "
		"change_ownership=%d",
		{ AS(PAGE, "pfn"), N("pfn"), N("alloc_order"), N("fallback_order"),
		  AS(BLOCK_ORDER, NULL), N("alloc_migratetype"),
		  N("fallback_migratetype"), AS(FRAGMENTING, "fallback_order"),
		  N("change_ownership") },
		{ HEX("pfn"), INT("alloc_order"), INT("fallback_order"),
		  INT("alloc_migratetype"), INT("fallback_migratetype"),
		  INT("change_ownership") },
	},
	[TRACE_KMALLOC] = {
		"kmem", "kmalloc",
		"call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s "
		"node=%d accounted=%s",
		{ N("call_site"), N("ptr"), N("bytes_req"), N("bytes_alloc"), GFP, N("node"),
		  AS(FALSE, NULL) },
		{ SITE_FIELD, ADDRESS("ptr"), SIZE("bytes_req"),
		  SIZE("bytes_alloc"), GFP_FIELD, INT("node") },
	},
	[TRACE_KFREE] = {
		"kmem", "kfree", "call_site=%pS ptr=%p", { N("call_site"), N("ptr") },
		{ SITE_FIELD, ADDRESS("ptr") },
	},
	[TRACE_KMEM_CACHE_ALLOC] = {
		"kmem", "kmem_cache_alloc",
		"call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s "
		"node=%d accounted=%s name=%s",
		{ N("call_site"), N("ptr"), N("bytes_req"), N("bytes_alloc"), GFP, N("node"),
		  N("accounted"), N("name") },
		{ SITE_FIELD, ADDRESS("ptr"), SIZE("bytes_req"),
		  SIZE("bytes_alloc"), GFP_FIELD, INT("node"),
		  BOOL("accounted"), STRING("name") },
	},
	[TRACE_KMEM_CACHE_FREE] = {
		"kmem", "kmem_cache_free", "call_site=%pS ptr=%p name=%s",
		{ N("call_site"), N("ptr"), N("name") },
		{ SITE_FIELD, ADDRESS("ptr"), STRING("name") },
	},
	[TRACE_ALLOC_VMAP_AREA] = {
		"vmalloc", "alloc_vmap_area",
		"va_start: %lu size=%lu align=%lu vstart=0x%lx vend=0x%lx failed=%d",
		{ N("addr"), N("size"), N("align"), N("vstart"), N("vend"), N("failed") },
		{ HEX("addr"), ULONG("size"), ULONG("align"), HEX("vstart"),
		  HEX("vend"), INT("failed") },
	},
	[TRACE_PURGE_VMAP_AREA_LAZY] = {
		"vmalloc", "purge_vmap_area_lazy", "start=0x%lx end=0x%lx num_purged=%u",
		{ N("start"), N("end"), N("npurged") },
		{ HEX("start"), HEX("end"), UINT("npurged") },
	},
	[TRACE_FREE_VMAP_AREA_NOFLUSH] = {
		"vmalloc", "free_vmap_area_noflush",
		"va_start=0x%lx nr_lazy=%lu nr_lazy_max=%lu",
		{ N("va_start"), N("nr_lazy"), N("nr_lazy_max") },
		{ HEX("va_start"), ULONG("nr_lazy"), ULONG("nr_lazy_max") },
	},
	[TRACE_DIRECT_RECLAIM_BEGIN] = {
		"vmscan", "mm_vmscan_direct_reclaim_begin", "order=%d gfp_flags=%s",
		{ N("order"), GFP }, { INT("order"), GFP_FIELD },
	},
	[TRACE_DIRECT_RECLAIM_END] = {
		"vmscan", "mm_vmscan_direct_reclaim_end", "nr_reclaimed=%lu",
		{ N("nr_reclaimed") }, { ULONG("nr_reclaimed") },
	},
	[TRACE_KSWAPD_WAKE] = {
		"vmscan", "mm_vmscan_kswapd_wake", "nid=%d order=%d",
		{ N("nid"), N("order") }, { INT("nid"), INT("zid"), INT("order") },
	},
	[TRACE_KSWAPD_SLEEP] = {
		"vmscan", "mm_vmscan_kswapd_sleep", "nid=%d", { N("nid") },
		{ INT("nid") },
	},
	[TRACE_DMA_MAP_PAGE] = {
		"dma", "dma_map_page",
		"%s dir=%s dma_addr=%llx size=%zu phys_addr=%llx attrs=%s",
		{ N("device"), N("dir"), N("dma_addr"), N("size"), N("phys_addr"), ATTRS },
		{ STRING("device"), U64("phys_addr"), U64("dma_addr"), SIZE("size"), DIR_FIELD,
		  ATTRS_FIELD },
	},
	[TRACE_DMA_UNMAP_PAGE] = {
		"dma", "dma_unmap_page", "%s dir=%s dma_addr=%llx size=%zu attrs=%s",
		{ N("device"), N("dir"), N("addr"), N("size"), ATTRS },
		{ STRING("device"), U64("addr"), SIZE("size"), DIR_FIELD, ATTRS_FIELD },
	},
	[TRACE_DMA_ALLOC] = {
		"dma", "dma_alloc",
		"%s dir=%s dma_addr=%llx size=%zu virt_addr=%p flags=%s attrs=%s",
		{ N("device"), N("dir"), N("dma_addr"), N("size"), N("virt_addr"),
		  N("flags"), ATTRS },
		{ STRING("device"), VIRT_FIELD, U64("dma_addr"), SIZE("size"),
		  FIELD("flags", "gfp_t", 4, TRACE_GFP), DIR_FIELD, ATTRS_FIELD },
	},
	[TRACE_DMA_FREE] = {
		"dma", "dma_free",
		"%s dir=%s dma_addr=%llx size=%zu virt_addr=%p attrs=%s",
		{ N("device"), N("dir"), N("dma_addr"), N("size"), N("virt_addr"), ATTRS },
		{ STRING("device"), VIRT_FIELD, U64("dma_addr"), SIZE("size"), DIR_FIELD,
		  ATTRS_FIELD },
	},
	[TRACE_DMA_MAP_SG] = {
		"dma", "dma_map_sg",
		"%s dir=%s nents=%d/%d ents=%d/%d%s dma_addrs=%s sizes=%s phys_addrs=%s "
		"attrs=%s",
		{ N("device"), N("dir"), AS(COUNT, "phys_addrs"), N("full_nents"),
		  AS(COUNT, "dma_addrs"), N("full_ents"), AS(TRUNCATED, "truncated"),
		  N("dma_addrs"), N("lengths"),
		  N("phys_addrs"), ATTRS },
		{ STRING("device"), INT("full_nents"), INT("full_ents"),
		  BOOL("truncated"), FIELD("phys_addrs", "u64", 8, TRACE_PHYS_ADDRS),
		  FIELD("dma_addrs", "u64", 8, TRACE_DMA_ADDRS),
		  FIELD("lengths", "unsigned int", 4, TRACE_LENGTHS), DIR_FIELD,
		  ATTRS_FIELD },
	},
	[TRACE_DMA_UNMAP_SG] = {
		"dma", "dma_unmap_sg", "%s dir=%s phys_addrs=%s attrs=%s",
		{ N("device"), N("dir"), N("addrs"), ATTRS },
		{ STRING("device"), FIELD("addrs", "u64", 8, TRACE_PHYS_ADDRS), DIR_FIELD,
		  ATTRS_FIELD },
	},
};

const struct bit_name trace_directions[TRACE_DIRECTIONS] = {
	{ 0, "BIDIRECTIONAL" },
	{ 1, "TO_DEVICE" },
	{ 2, "FROM_DEVICE" },
	{ 3, "NONE" },
};

const struct bit_name trace_attrs[TRACE_ATTR_NAMES] = {
	{ 1u << 1, "WEAK_ORDERING" },
	{ 1u << 2, "WRITE_COMBINE" },
	{ 1u << 4, "NO_KERNEL_MAPPING" },
	{ 1u << 5, "SKIP_CPU_SYNC" },
	{ 1u << 6, "FORCE_CONTIGUOUS" },
	{ 1u << 7, "ALLOC_SINGLE_PAGES" },
	{ 1u << 8, "NO_WARN" },
	{ 1u << 9, "PRIVILEGED" },
	{ 1u << 10, "MMIO" },
};
