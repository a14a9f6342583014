/* SPDX-License-Identifier: MIT */
/*
 * The published memory state: how the monitor reads a guest's memory management from
 * outside, at any moment, with no exit and no guest code running, and after the guest died.
 *
 * The guest publishes no copy of its state but a description of where its own structures
 * stand: addresses of variables, and for each interesting member of a structure its place
 * in it (struct memstate_field).  So the state has one home, keeping it up costs the guest
 * nothing, and the description is constant data that is right before the first instruction:
 * what is not set up yet reads as zeroes, which means "nothing there yet" throughout.
 *
 * The kernel's ELF file has a note of owner MEMSTATE_NOTE_OWNER and type
 * MEMSTATE_NOTE_TYPE; its 8 bytes are the physical address of a struct memstate, which says
 * how addresses are to be understood and where the struct memstate_mm is.
 *
 * Addresses named `va` are virtual ones of the guest, 0 for "there is none".  The reader
 * trusts nothing here: a wild value must lead to a report that says so.
 */
#ifndef ABI_MEMSTATE_H
#define ABI_MEMSTATE_H

#include <abi/types.h>

#define MEMSTATE_NOTE_OWNER "pagevisor"
#define MEMSTATE_NOTE_TYPE  1

#define MEMSTATE_MAGIC	 0x45544154534d5650ull /* "PVMSTATE" */
#define MEMSTATE_VERSION 2

/* [va, va + size) is [pa, pa + size). */
struct memstate_range {
	le64 va;
	le64 pa;
	le64 size; /* 0: unused */
};
_Static_assert(sizeof(struct memstate_range) == 24, "range");

#define MEMSTATE_RANGES 4

struct memstate {
	le64 magic;
	le32 version;
	le32 size; /* of this structure */
	/* Linear ranges, asked first, in this order; a range may be larger than RAM. */
	struct memstate_range range[MEMSTATE_RANGES];
	le64 page_table; /* pa of a 4-level page table for all other addresses; 0: none */
	le64 image_start, image_end; /* pa: the kernel's text, data and bss */
	le64 text_start, text_end; /* va */
	le64 nr_cpus_va; /* u32: CPU numbers lie below it */
	le64 mm_va; /* struct memstate_mm */
};
_Static_assert(sizeof(struct memstate) == 168, "memstate");

/*
 * A member of a structure, or `count` alike ones: unsigned little-endian numbers of `size`
 * bytes (1, 2, 4 or 8), the first at `offset`, each `stride` bytes behind the one before.
 */
struct memstate_field {
	le32 offset;
	le32 stride;
	le16 count; /* 0: this guest has no such member */
	le16 size;
};
_Static_assert(sizeof(struct memstate_field) == 12, "field");

#define MEMSTATE_ZONES 8

/* An array of zones. */
struct memstate_zones {
	le64 va;
	le32 count;
	le32 stride;
	char name[MEMSTATE_ZONES][8]; /* ends with NUL unless 8 long */
	struct memstate_field start_pfn, end_pfn; /* of the RAM in it */
	struct memstate_field present, managed; /* pages */
	struct memstate_field free; /* pages, fresh ones included */
	struct memstate_field nr_free; /* blocks on the lists, by order */
	struct memstate_field
		fresh_blocks; /* of the highest order, never used; not in nr_free */
	struct memstate_field fresh_start, fresh_end; /* runs of such blocks: frames */
	struct memstate_field watermark; /* min, low, high */
	struct memstate_field lowmem_reserve; /* by the zone the request would prefer */
	struct memstate_field splits, merges, takes, puts; /* since boot */
	le32 zero;
};
_Static_assert(sizeof(struct memstate_zones) == 264, "zones");

/*
 * Per-CPU free blocks: an array by CPU of arrays by zone of `lists` structures.  In each,
 * every order has a stack of pointers to struct page that grows up inside `slot`; a NULL
 * stands below each stack.
 */
struct memstate_pcp {
	le64 pointer_va; /* holds the va of the array, 0 before there is one */
	le32 cpu_stride;
	le32 zone_stride;
	le32 list_stride;
	le32 lists; /* of a zone */
	struct memstate_field top; /* va behind the topmost entry, by order */
	struct memstate_field slot; /* where all stacks are */
	struct memstate_field allocs;
	le32 zero;
};
_Static_assert(sizeof(struct memstate_pcp) == 64, "pcp");

/*
 * The array of struct page, indexed by frame number, and what `flags` says.  The first page
 * of each block (its head) has exactly one of the flags free, pcp, live; pages inside a
 * block and memory that was never given to the page allocator have none.
 */
struct memstate_pages {
	le64 va;
	le32 stride;
	le32 max_order;
	le64 max_pfn_va; /* u64: one more than the highest frame of RAM */
	struct memstate_field flags, refcount;
	le32 free_mask, pcp_mask, live_mask; /* bits of flags */
	/* With live; 0: not told. */
	le32 slab_mask, table_mask, kmalloc_mask, user_mask, movable_mask, isolated_mask;
	le32 order_mask; /* contiguous bits: the order of the block */
	le32 order_shift;
	struct memstate_field slab_cache; /* va of the cache, in each page of a slab */
	struct memstate_field slab_inuse, slab_objects; /* in the first page of a slab */
};
_Static_assert(sizeof(struct memstate_pages) == 128, "pages");

#define MEMSTATE_TYPES 8

/* Page blocks: what pages each large piece of memory is for, which tells those that can move
 * from those that cannot. */
struct memstate_blocks {
	le64 pointer_va; /* holds the va of the table, by frame number >> order; 0: none */
	le32 stride; /* of the table */
	le32 order; /* of a page block */
	/* In an entry: below `types`; 0 also where all of it is free, and so for anyone. */
	struct memstate_field type;
	le32 types; /* 0: no page blocks */
	le32 cma_type; /* of a contiguous area: what stays in there is a buffer out of it */
	char name[MEMSTATE_TYPES][16]; /* ends with NUL unless 16 long */
	le32 isolate_type; /* of one that is being emptied: pages on their way to someone */
};
_Static_assert(sizeof(struct memstate_blocks) == 168, "blocks");

/* Where guarded objects are, one to a page. */
struct memstate_kfence {
	le64 base_va; /* u64: the va of the pool; all ones: none */
	le64 size; /* bytes */
};
_Static_assert(sizeof(struct memstate_kfence) == 16, "kfence");

/* Slab caches: a doubly linked list of structures. */
struct memstate_slab {
	le64 list_va; /* the list's head: va of the first node, which is at `node` in a cache */
	struct memstate_field node; /* va of the next node; of the head at the end */
	struct memstate_field name; /* va of a string */
	struct memstate_field flags, object_size, size, order;
	struct memstate_field nr_partial, nr_full, nr_free; /* slabs */
	struct memstate_field objects, inuse, pages; /* in all slabs */
	struct memstate_field created, freed; /* slabs, ever */
	/* Counted as in use, but free: in the depot, and by CPU between base and top (an
	 * entry is 8 bytes), in a second magazine, and in others. */
	struct memstate_field depot_objects;
	struct memstate_field cpu_top, cpu_base, cpu_previous, cpu_shelved;
	le32 zero;
};
_Static_assert(sizeof(struct memstate_slab) == 240, "slab");

/* Areas of the vmalloc range: a list in address order between two end nodes. */
struct memstate_areas {
	le64 head_va, tail_va; /* nodes in front of the first area and behind the last */
	struct memstate_field next, start, end; /* in a node; the last page is a guard */
	le32 node; /* where the node is in an area; the following are in the area */
	struct memstate_field state, kind;
	struct memstate_field nr_pages, phys, caller;
	le32 state_building, state_live, state_dying; /* other states: not in use */
	le32 kind_alloc, kind_map, kind_ioremap;
	le32 zero;
};
_Static_assert(sizeof(struct memstate_areas) == 144, "areas");

/* Boot memory: tables of ranges, sorted. */
struct memstate_boot {
	le64 memory_va, reserved_va;
	le64 kept_back_va; /* RAM that the guest was told to leave alone; 0: not told */
	struct memstate_field count, base, size; /* in such a table */
	le32 zero;
};
_Static_assert(sizeof(struct memstate_boot) == 64, "boot");

/* What devices hold mapped, all together. */
struct memstate_dma {
	le64 va;
	struct memstate_field mappings, mapped_bytes; /* streaming */
	struct memstate_field coherent, coherent_bytes;
	struct memstate_field refused; /* mappings refused so far */
	le32 zero;
};
_Static_assert(sizeof(struct memstate_dma) == 72, "dma");

struct memstate_mm {
	le32 version; /* MEMSTATE_VERSION */
	le32 size; /* of this structure */
	le32 page_size;
	le32 zero;
	struct memstate_zones zones;
	struct memstate_pcp pcp;
	struct memstate_pages pages;
	struct memstate_blocks blocks;
	struct memstate_kfence kfence;
	struct memstate_slab slab;
	struct memstate_areas areas;
	struct memstate_boot boot;
	struct memstate_dma dma;
};
_Static_assert(sizeof(struct memstate_mm) == 1176, "memstate_mm");

#endif
