/* SPDX-License-Identifier: MIT */
/*
 * Virtually contiguous memory (include/linux/vmalloc.h): single pages, from anywhere in
 * RAM, mapped side by side in [VMALLOC_START, VMALLOC_END).  After each area stands one
 * guard page that is never mapped.
 *
 * All calls that create an area sleep: in atomic context they are refused, reported as a
 * violation (platform_context_violation), and return NULL.  All calls that end one
 * (vfree, vunmap, iounmap) work in any context; NULL is ignored; an address that is not
 * the start of a live area of the right kind is reported and nothing changes.
 */
#ifndef _LINUX_VMALLOC_H
#define _LINUX_VMALLOC_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/pgtable.h>
#include <asm/platform.h>

struct page;
struct vm_area_struct;

/* Once, after the slab caches: an empty range. */
void vmalloc_init(void);

/* What an area is; Linux's values but for VM_RAM.  Exactly one of the first four in a live
 * area. */
#define VM_IOREMAP	   0x01UL /* ioremap(), memremap(): physical memory, by address */
#define VM_ALLOC	   0x02UL /* vmalloc(): owns its pages */
#define VM_MAP		   0x04UL /* vmap(): the pages are the caller's */
#define VM_RAM		   0x10000UL /* vm_map_ram(): a block of mappings, or a large one */
#define VM_USERMAP	   0x08UL /* VM_ALLOC that remap_vmalloc_range() may show users */
#define VM_ALLOW_HUGE_VMAP 0x400UL /* VM_ALLOC that may have pages of PMD_SIZE */

/*
 * size bytes, rounded up to pages; page-aligned; contents undefined but for the z form.
 * The pages come from high memory first, where there is some.  NULL: size 0, out of memory,
 * or atomic context; a request for more than is available fails at once and takes nothing.
 * A failure is reported with its call chain unless __GFP_NOWARN.
 */
void *vmalloc(unsigned long size) __malloc __alloc_size(1);
void *vzalloc(unsigned long size) __malloc __alloc_size(1);
/* All pages below 4 GiB. */
void *vmalloc_32(unsigned long size) __malloc __alloc_size(1);
void *__vmalloc(unsigned long size, gfp_t gfp) __malloc __alloc_size(1);
/* There is one node. */
void *vmalloc_node(unsigned long size, int node) __malloc __alloc_size(1);
void *vzalloc_node(unsigned long size, int node) __malloc __alloc_size(1);
/* The address is a multiple of align, a power of two; caller is who is charged, NULL: the
 * caller itself. */
void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node,
		     const void *caller) __malloc __alloc_size(1);
/*
 * From PMD_SIZE (2 MiB) up, the area begins with as many blocks of that size as are free,
 * each mapped by one entry: fewer page tables, fewer TLB misses.  What remains, and all
 * where no block is free, are single pages as usual.
 */
void *vmalloc_huge(unsigned long size, gfp_t gfp) __malloc __alloc_size(1);
/* Zeroed, in single pages, and fit for remap_vmalloc_range(). */
void *vmalloc_user(unsigned long size) __malloc __alloc_size(1);
void *vmalloc_32_user(unsigned long size) __malloc __alloc_size(1);
void vfree(const void *addr);

/*
 * Maps pages of an area of vmalloc_user() into a process: the whole of vma, beginning at
 * page pgoff of the area, or `size` bytes at uaddr, from addr on.  The area may be freed
 * while it is mapped: each page stays until the last mapping of it is gone.  0; -EINVAL:
 * not such an area, or it is too small; else what vm_insert_page() (<linux/vma.h>) says,
 * and what was mapped stays until vma goes.
 */
int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff);
int remap_vmalloc_range_partial(struct vm_area_struct *vma, unsigned long uaddr,
				void *addr, unsigned long pgoff, unsigned long size);

/* Maps count pages of the caller's side by side.  The array is not kept.  flags: VM_MAP. */
void *vmap(struct page *const *pages, unsigned int count, unsigned long flags,
	   pgprot_t prot);
void vunmap(const void *addr);

/*
 * The same for mappings that come and go often.  Up to 64 pages are mapped in a block of
 * addresses that this CPU has for such, with no search and no lock that others want; more
 * get an area of their own.  node is of no meaning.  vm_unmap_ram() takes the same count
 * and works in any context; what was not mapped so is reported and nothing changes.
 */
void *vm_map_ram(struct page **pages, unsigned int count, int node);
void vm_unmap_ram(const void *mem, unsigned int count);

/* The page, or page frame, that addr in the vmalloc range maps to.  NULL, or ~0UL, where
 * nothing is mapped; NULL too where a frame has no struct page (ioremap). */
struct page *vmalloc_to_page(const void *addr);
unsigned long vmalloc_to_pfn(const void *addr);

static inline bool is_vmalloc_addr(const void *addr)
{
	return (unsigned long)addr >= VMALLOC_START && (unsigned long)addr < VMALLOC_END;
}

/* One area, as /proc/vmallocinfo shows it. */
struct vmalloc_info {
	unsigned long addr; /* first byte */
	unsigned long size; /* bytes, with the guard page, as Linux counts */
	unsigned long nr_pages; /* VM_ALLOC, VM_MAP: pages mapped; else 0 */
	unsigned long nr_huge; /* so many of these in blocks of PMD_SIZE */
	phys_addr_t phys_addr; /* VM_IOREMAP: what it maps; else 0 */
	unsigned long flags; /* VM_*; 0 for one freed and not yet flushed */
	unsigned long caller; /* the code that created it */
};

/* Copies the lowest area that ends above *cursor to *info and moves *cursor to its end.
 * Start with *cursor = 0; false after the last one. */
bool vmalloc_info_next(unsigned long *cursor, struct vmalloc_info *info);

/* The next line of /proc/vmallocinfo, its newline included, in buf (VMALLOCINFO_LINE
 * bytes); cursor as above.  false: there is no more. */
#define VMALLOCINFO_LINE 192
bool vmallocinfo_show(unsigned long *cursor, char *buf, size_t size);

struct vmalloc_stats {
	unsigned long nr_areas; /* live areas of all kinds */
	unsigned long nr_pages; /* pages of VM_ALLOC areas, those being filled included */
	unsigned long nr_lazy; /* areas freed, their addresses awaiting a flush */
	unsigned long lazy_pages; /* address space they hold, in pages, guards included */
	unsigned long nr_spare; /* areas flushed and kept for reuse */
	unsigned long nr_purges; /* flushes so far, each for many areas */
	unsigned long nr_failed; /* requests that returned NULL */
	unsigned long nr_huge; /* blocks of PMD_SIZE among nr_pages */
	unsigned long nr_blocks; /* blocks of vm_map_ram(), each an area */
	unsigned long nr_block_maps; /* mappings that live in them */
	unsigned long nr_bad_frees; /* frees of what was no area's start */
};

void vmalloc_get_stats(struct vmalloc_stats *stats);

/* Flushes the TLBs now and makes the addresses of all freed areas reusable.  Sleeps. */
void vm_unmap_aliases(void);

/* Walks everything: order and balance of the areas, gaps, guard pages, page counts, that
 * live areas are mapped to their pages and freed ones are not.  0, or -EINVAL after one
 * printed line for the first thing found wrong. */
int vmalloc_verify(void);

#endif
