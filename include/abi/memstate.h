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
#define MEMSTATE_VERSION 4

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
	le64 kernel_va; /* struct memstate_kernel; 0: none */
};
_Static_assert(sizeof(struct memstate) == 176, "memstate");

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
	/* Of managed and free: in contiguous areas. */
	struct memstate_field cma, free_cma;
	struct memstate_field nr_free; /* blocks on the lists, by order */
	struct memstate_field
		fresh_blocks; /* of the highest order, never used; not in nr_free */
	struct memstate_field fresh_start, fresh_end; /* runs of such blocks: frames */
	struct memstate_field watermark; /* min, low, high */
	struct memstate_field lowmem_reserve; /* by the zone the request would prefer */
	struct memstate_field splits, merges, takes, puts; /* since boot */
	le32 zero;
};
_Static_assert(sizeof(struct memstate_zones) == 288, "zones");

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
	struct memstate_field limit; /* va that top never passes, by order */
	le64 online_va; /* u64: bit n, CPU n runs; 0: all do */
	le32 batch_max; /* a visit to the zone moves a quarter of the room, up to so much */
	le32 zero;
};
_Static_assert(sizeof(struct memstate_pcp) == 88, "pcp");

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
	struct memstate_field slab_head; /* va of its first page, in the others */
	/* Place of the first object in the slab, in 8-byte units; in the first page. */
	struct memstate_field slab_colour;
	/* Bit n: object n is free in the slab; where it has more objects than bits, the first
	 * 8 bytes are the va of the bits. */
	struct memstate_field slab_free;
	/* Of the head of a block in use: bits 1 to 15 its allocation site's number (from 1),
	 * 16 to 31 the run of the profile that charged it. */
	struct memstate_field site;
};
_Static_assert(sizeof(struct memstate_pages) == 176, "pages");

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
	struct memstate_field slab_objects; /* of a new slab */
};
_Static_assert(sizeof(struct memstate_slab) == 248, "slab");

/* Areas of the vmalloc range: a list in address order between two end nodes. */
struct memstate_areas {
	le64 head_va, tail_va; /* nodes in front of the first area and behind the last */
	struct memstate_field next, start, end; /* in a node; the last page is a guard */
	le32 node; /* where the node is in an area; the following are in the area */
	struct memstate_field state, kind;
	struct memstate_field nr_pages, phys, caller;
	le32 state_building, state_live, state_dying; /* other states: not in use */
	le32 kind_alloc, kind_map, kind_ioremap;
	le32 kind_ram, kind_block; /* of vm_map_ram(): alone, and a block of many */
	struct memstate_field flags, nr_huge;
	le32 flag_user; /* in flags: may be shown to processes */
};
_Static_assert(sizeof(struct memstate_areas) == 176, "areas");

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

/* Live mappings one by one, where the guest keeps books of them: a table of entries. */
struct memstate_mappings {
	le64 pointer_va; /* holds the va of the table; 0 there: no books are kept */
	le32 count, stride;
	struct memstate_field kind; /* MEMSTATE_DMA_*; 0: the entry is free */
	struct memstate_field dir; /* 0 both ways, 1 to the device, 2 from it */
	struct memstate_field endpoint; /* bus << 8 | device << 3 | function */
	struct memstate_field name; /* va of the device's name */
	struct memstate_field addr; /* as the device addresses it */
	struct memstate_field phys; /* 0: not known */
	struct memstate_field size, caller;
	le64 lost_va; /* u64: mappings that found no room */
};
_Static_assert(sizeof(struct memstate_mappings) == 120, "mappings");

#define MEMSTATE_DMA_SINGLE   1
#define MEMSTATE_DMA_SG	      2 /* a segment of a list */
#define MEMSTATE_DMA_COHERENT 3
#define MEMSTATE_DMA_RESOURCE 4

/* Who allocated each block, where the guest keeps books of it: a table by frame number, and
 * one of call chains, numbered from 1. */
struct memstate_owners {
	le64 pointer_va; /* holds the va of the table; 0 there: no books are kept */
	le64 chains_pointer_va; /* holds the va of the chains */
	le32 stride, chain_stride;
	le32 chains; /* how many there is room for */
	struct memstate_field known; /* 0: the entry says nothing */
	struct memstate_field alloc_chain, free_chain; /* 0: none */
	struct memstate_field gfp, cpu, order;
	struct memstate_field allocated, freed; /* when: time-stamp counter; 0: never */
	struct memstate_field depth, pc; /* in a chain */
	le32 zero;
};
_Static_assert(sizeof(struct memstate_owners) == 152, "owners");

/* What each call site holds, where the guest keeps books of it. */
struct memstate_sites {
	le64 va;
	le32 count, stride;
	le64 on_va; /* u8: they are kept now */
	le64 run_va; /* u16: how often that was switched on */
	struct memstate_field
		ip; /* 0: a free entry; but for the first: all that found none */
	struct memstate_field bytes, calls, total; /* held; ever */
};
_Static_assert(sizeof(struct memstate_sites) == 80, "sites");

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
	struct memstate_mappings mappings;
	struct memstate_owners owners;
	struct memstate_sites sites;
	le64 trace_va; /* struct trace_area (abi/trace.h); 0: no events */
};
_Static_assert(sizeof(struct memstate_mm) == 1672, "memstate_mm");

/* --- the rest of the kernel -------------------------------------------------------------- */

/* Lines of the kernel: character n stands at n % size. */
struct memstate_log {
	le64 va;
	le64 size;
	le64 end_va; /* u64: characters ever logged */
};
_Static_assert(sizeof(struct memstate_log) == 24, "log");

/* Names of functions, ascending: entry i says where one begins and where its name does. */
struct memstate_symbols {
	le64 count_va; /* u64; 0: there is no table */
	le64 entries_va; /* pairs of u32: text_start + first is the address, names + second the
			  * name; one more than count, which only ends the last */
	le64 names_va;
};
_Static_assert(sizeof(struct memstate_symbols) == 24, "symbols");

#define MEMSTATE_THREAD_STATES 4

/* Threads: a doubly linked list of structures, and the ones that idle. */
struct memstate_threads {
	le64 list_va; /* the list's head: va of the first node */
	struct memstate_field node; /* va of the next node; of the head at the end */
	struct memstate_field pid, state, cpu, rsp, stack;
	le32 name_offset, name_size;
	le32 stack_size;
	struct memstate_field process; /* va; 0: a thread of the kernel */
	struct memstate_field space; /* va of its address space; 0: it has none */
	struct memstate_field page_table; /* in that: va of the top one of four levels */
	/* What stands at rsp while it does not run. */
	struct memstate_field frame_rbp, frame_rip;
	char state_name[MEMSTATE_THREAD_STATES][16];
	/* Of each CPU, at va + its number in offsets_va (u64 each): its idle thread, which is no
	 * member of the list; and the va of the thread that runs there. */
	le64 offsets_va, idle_va, current_va;
	struct memstate_field
		idle_stack; /* the va of its lowest word, in an idle thread */
	le32 zero;
};
_Static_assert(sizeof(struct memstate_threads) == 256, "threads");

/* Domains of IOMMUs: a list of structures, and one of the devices in them. */
struct memstate_iommu {
	le64 pointer_va; /* holds the va of the IOMMU; 0 there: there is none */
	le32 domains, endpoints; /* in it: heads of lists */
	struct memstate_field domain_node, domain_id, domain_endpoints;
	/* A list in address order between two end nodes: va of the first, and of the last
	 * end node in the domain. */
	struct memstate_field first;
	le32 tail_offset;
	le32 node_offset; /* where the node is in a mapping; phys and flags are in that */
	struct memstate_field next, start, end; /* in a node */
	struct memstate_field phys, flags; /* flags: 1 read, 2 write, 4 registers */
	struct memstate_field endpoint_node, endpoint_id, endpoint_domain;
	struct memstate_field endpoint_device; /* va of a device */
	struct memstate_field device_name; /* in that: va */
};
_Static_assert(sizeof(struct memstate_iommu) == 192, "iommu");

/* Time since boot is (time-stamp counter - base) / kHz, in ms. */
struct memstate_clock {
	le64 base_va; /* u64 */
	le64 khz_va; /* u32; 0: not known yet */
};
_Static_assert(sizeof(struct memstate_clock) == 16, "clock");

struct memstate_kernel {
	le32 version; /* MEMSTATE_VERSION */
	le32 size; /* of this structure */
	struct memstate_log log;
	struct memstate_symbols symbols;
	struct memstate_threads threads;
	struct memstate_iommu iommu;
	struct memstate_clock clock;
};
_Static_assert(sizeof(struct memstate_kernel) == 520, "memstate_kernel");

#endif
