/* SPDX-License-Identifier: MIT */
/* From addresses to pages and back, and references to pages (include/linux/mm.h). */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <asm/platform.h>
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/mm_types.h>
#include <linux/page-flags.h>
#include <linux/pfn.h>
#include <linux/gfp.h>
#include <linux/mmzone.h>

/* Physical address <-> address in the direct map; only for RAM. */
#define __va(pa)	 ((void *)((unsigned long)(pa) + PAGE_OFFSET))
#define __pa(va)	 ((phys_addr_t)((unsigned long)(va)-PAGE_OFFSET))
#define virt_to_phys(va) __pa(va)
#define phys_to_virt(pa) __va(pa)

#define vmemmap		   ((struct page *)VMEMMAP_START)
#define pfn_to_page(pfn)   (vmemmap + (pfn))
#define page_to_pfn(page)  ((unsigned long)((page)-vmemmap))
#define page_to_phys(page) PFN_PHYS(page_to_pfn(page))
#define phys_to_page(pa)   pfn_to_page(PHYS_PFN(pa))
#define virt_to_page(va)   pfn_to_page(PHYS_PFN(__pa(va)))
#define virt_to_pfn(va)	   PHYS_PFN(__pa(va))
#define pfn_to_virt(pfn)   __va(PFN_PHYS(pfn))
#define page_to_virt(page) __va(page_to_phys(page))

/* The zone of a page, by its place alone. */
static __always_inline enum zone_type page_zonenum(const struct page *page)
{
	unsigned long zone = ZONE_HIGHMEM;

	zone -= page < zone_first[ZONE_HIGHMEM];
	zone -= page < zone_first[ZONE_NORMAL];
	zone -= page < zone_first[ZONE_DMA32];
	return (enum zone_type)zone;
}

static inline enum zone_type pfn_zone(unsigned long pfn)
{
	return page_zonenum(pfn_to_page(pfn));
}

/* Does it lack a direct map?  Then page_to_virt() and its kin are not for it. */
static __always_inline bool PageHighMem(const struct page *page)
{
	return unlikely(page >= zone_first[ZONE_HIGHMEM]);
}

void *high_page_address(const struct page *page);
/* The page's address: in the direct map, or where kmap() has put it, or NULL. */
static inline void *page_address(const struct page *page)
{
	return PageHighMem(page) ? high_page_address(page) : page_to_virt(page);
}

/* Is there a struct page for this frame?  True for RAM, and for the holes that share a
 * MAX_ORDER block with RAM. */
bool pfn_valid(unsigned long pfn);
/* The same for what the direct map shows: not for high memory. */
bool pfn_is_lowmem(unsigned long pfn);
/* Is this an address in the direct map, of a frame that has a struct page?  One compare
 * for memory below the first hole. */
extern phys_addr_t low_ram_end;
static inline bool virt_addr_valid(const void *va)
{
	return likely(__pa(va) < low_ram_end) || pfn_is_lowmem(PHYS_PFN(__pa(va)));
}

/* The head of the allocated block that page lies in, compound or not; page itself where
 * it lies in none.  No tail carries a pointer: the aligned ancestors are asked. */
struct page *__compound_head(struct page *page);
static inline struct page *compound_head(struct page *page)
{
	return likely(READ_ONCE(page->flags) & PAGE_IS_HEAD) ? page
							     : __compound_head(page);
}
#define virt_to_head_page(va) compound_head(virt_to_page(va))

/* The order of the compound page that head begins; 0 for any other page. */
static inline unsigned int compound_order(const struct page *head)
{
	return PageHead(head) ? page_order(head) : 0;
}

static inline unsigned long compound_nr(const struct page *head)
{
	return 1UL << compound_order(head);
}

static inline size_t page_size(const struct page *head)
{
	return PAGE_SIZE << compound_order(head);
}

static inline bool PageCompound(struct page *page)
{
	return PageHead(compound_head(page));
}

static inline bool PageTail(struct page *page)
{
	return !PageHead(page) && PageCompound(page);
}

/* References.  A block is freed when the last one goes, whoever drops it. */
static inline int page_count(struct page *page)
{
	return atomic_read(&compound_head(page)->_refcount);
}

/* The caller holds a reference already, or owns the page otherwise. */
static inline void get_page(struct page *page)
{
	page = compound_head(page);
	if (WARN_ON(atomic_read(&page->_refcount) <= 0))
		return;
	atomic_inc(&page->_refcount);
}

/* Drops one reference; frees the block, whatever its order, with the last one. */
void put_page(struct page *page);

static inline void set_page_private(struct page *page, unsigned long value)
{
	page->private = value;
}

#define page_private(page) ((page)->private)

/* Pages handed to the page allocator at boot, and how many of them are free now. */
unsigned long totalram_pages(void);
unsigned long nr_free_pages(void);
/* Of those, the ones in high memory. */
unsigned long totalhigh_pages(void);
unsigned long nr_free_highpages(void);
/* Free pages and what the shrinkers say they could free, one object taken for one page (the
 * slab caches count pages).  May sleep. */
unsigned long si_mem_available(void);

/*
 * From boot memory to allocators: zones and the buddy from what memblock holds, then the
 * slab caches and the vmalloc area.  Once, on the boot CPU, after the last
 * memblock_reserve().  Where platform_ram_is_zeroed(), nothing may have written to memory
 * that memblock holds as free.
 */
void mm_init(void);

/* Hands whole pages that memblock held back (an initrd, boot code) to the page allocator,
 * after mm_init().  -EINVAL, and nothing happens, unless all of it is reserved RAM. */
int free_reserved_area(phys_addr_t start, phys_addr_t end);

#endif
