/* SPDX-License-Identifier: MIT */
/*
 * The RAM of a small guest that publishes its memory state, made by hand: structures of our
 * own layout, so that the reader is held to the description and not to any real kernel.
 *
 * 16 MiB; virtual addresses are physical ones + IMAGE_DIRECT, but the struct pages, which
 * are reached through a page table at IMAGE_VMEMMAP, and the vmalloc range.
 */
#ifndef TESTS_UNIT_VMM_MEMSTATE_IMAGE_H
#define TESTS_UNIT_VMM_MEMSTATE_IMAGE_H

#include <abi/memstate.h>

#include "devices/dma/ram.h"

#define IMAGE_SIZE    (16ull << 20)
#define IMAGE_FRAMES  (IMAGE_SIZE >> 12)
#define IMAGE_DIRECT  0xffff888000000000ull
#define IMAGE_VMEMMAP 0xffffea0000000000ull
#define IMAGE_VMALLOC 0xffffc90000000000ull
#define IMAGE_TABLE   0x1000ull /* physical address of the table */
#define IMAGE_CACHES  3
#define IMAGE_AREAS   3
#define IMAGE_ORDERS  11

struct image_zone {
	uint64_t start, end, present, managed, free;
	struct {
		uint64_t pad, nr;
	} area[IMAGE_ORDERS];
	uint64_t fresh_blocks;
	struct {
		uint64_t start, end;
	} fresh[2];
	uint64_t watermark[3], reserve[2];
	uint64_t splits, merges, takes, puts;
	uint64_t cma, free_cma;
};

struct image_pcp {
	uint64_t top[2]; /* orders 0 and 1 */
	uint64_t slot[8];
	uint64_t allocs;
};

struct image_page {
	uint32_t flags, refcount;
	uint64_t cache;
	uint8_t rest[48];
};

struct image_cache {
	uint32_t flags, object_size, size, order;
	uint64_t name, next;
	uint64_t partial, full, empty, objects, inuse, pages, created, freed, depot;
	struct {
		uint64_t top, base;
		uint32_t previous, shelved;
	} cpu[2];
};

struct image_area {
	uint32_t state, kind;
	struct {
		uint64_t start, end, next;
	} node;
	uint64_t nr_pages, phys, caller;
};

struct image_ranges {
	uint64_t count;
	struct {
		uint64_t base, size;
	} range[4];
};

struct image_block {
	uint8_t other, type;
};
#define IMAGE_BLOCK_ORDER 8
#define IMAGE_BLOCKS	  (IMAGE_FRAMES >> IMAGE_BLOCK_ORDER)
#define IMAGE_CMA	  2 /* types */
#define IMAGE_ISOLATE	  3
#define IMAGE_KFENCE	  4 /* frames of the guarded pool */

/* Where things stand, as host pointers into RAM; spoil at will. */
struct image {
	struct ram ram;
	uint8_t *bytes; /* IMAGE_SIZE of them */
	struct memstate *table;
	struct memstate_mm *mm;
	uint32_t *cpus; /* 2 */
	struct image_zone *zones; /* 2 */
	uint64_t *pcp_pointer;
	struct image_pcp *pcps; /* [cpu][zone] */
	struct image_page *pages; /* IMAGE_FRAMES */
	uint64_t *cache_list;
	struct image_cache *caches;
	struct image_area *areas; /* [0] and [AREAS + 1] are the end nodes */
	struct image_ranges *memory, *reserved, *kept_back;
	uint64_t *blocks_pointer, *max_pfn, *kfence_base;
	struct image_block *blocks; /* IMAGE_BLOCKS */
	uint64_t *dma; /* 5 counters */
	uint64_t *vmalloc_entries; /* the page table of its first 2 MiB */
};

/* Flags of struct image_page; the order stands from bit 8 on. */
#define IMAGE_FREE     1u
#define IMAGE_PCP      2u
#define IMAGE_LIVE     4u
#define IMAGE_SLAB     16u
#define IMAGE_USER     32u
#define IMAGE_MOVABLE  64u
#define IMAGE_LARGE    128u
#define IMAGE_ISOLATED 0x1000u
#define IMAGE_ORDER(n) ((uint32_t)(n) << 8)

void image_make(struct image *image);
void image_free(struct image *image);

/* The virtual address of something in it. */
uint64_t image_va(const struct image *image, const void *p);

#endif
