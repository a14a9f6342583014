/* SPDX-License-Identifier: MIT */
/*
 * How memory is asked for (include/linux/gfp.h; the bits are Linux 6.1's) and the page
 * allocator's calls.
 */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H

#include <linux/types.h>
#include <linux/mm_types.h>
#include <linux/pfn.h>

/* Which zones may serve.  The four lowest bits index the table gfp_zone() reads. */
#define __GFP_DMA	  ((gfp_t)0x01) /* below 16 MiB */
#define __GFP_HIGHMEM	  ((gfp_t)0x02) /* may lack a direct map */
#define __GFP_DMA32	  ((gfp_t)0x04) /* below 4 GiB */
#define __GFP_MOVABLE	  ((gfp_t)0x08) /* the owner can move the contents elsewhere */
#define GFP_ZONEMASK	  ((gfp_t)0x0f)
#define __GFP_RECLAIMABLE ((gfp_t)0x10) /* a shrinker can free it */

/* What may be done to get it. */
#define __GFP_HIGH	     ((gfp_t)0x20) /* urgent: may use part of the reserve */
#define __GFP_IO	     ((gfp_t)0x40) /* may start I/O */
#define __GFP_FS	     ((gfp_t)0x80) /* may call into file systems */
#define __GFP_ZERO	     ((gfp_t)0x100) /* every byte zero */
#define __GFP_ATOMIC	     ((gfp_t)0x200) /* cannot sleep and has high priority */
#define __GFP_DIRECT_RECLAIM ((gfp_t)0x400) /* the caller may reclaim, so: sleep */
#define __GFP_KSWAPD_RECLAIM ((gfp_t)0x800) /* may wake the background reclaim */
#define __GFP_RECLAIM	     (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define __GFP_WRITE	     ((gfp_t)0x1000) /* the page will be dirtied; a hint */
#define __GFP_NOWARN	     ((gfp_t)0x2000) /* a failure is not reported */
#define __GFP_RETRY_MAYFAIL  ((gfp_t)0x4000) /* try hard, then fail */
#define __GFP_NOFAIL	     ((gfp_t)0x8000) /* never fail: retry for ever */
#define __GFP_NORETRY	     ((gfp_t)0x10000) /* one light attempt */
#define __GFP_MEMALLOC	     ((gfp_t)0x20000) /* may use all of the reserve */
#define __GFP_COMP	     ((gfp_t)0x40000) /* a compound page: one unit, by its head */
#define __GFP_NOMEMALLOC     ((gfp_t)0x80000) /* not the reserve, whatever else is said */
#define __GFP_HARDWALL	     ((gfp_t)0x100000) /* accepted; there is one node */
#define __GFP_THISNODE	     ((gfp_t)0x200000) /* accepted; there is one node */
#define __GFP_ACCOUNT	     ((gfp_t)0x400000) /* accepted; nothing is charged */
#define __GFP_COLD	     ((gfp_t)0x800000) /* not from this CPU's warm pages */
#define __GFP_BITS_MASK	     ((gfp_t)0xffffff)

#define __GFP_REPEAT __GFP_RETRY_MAYFAIL /* its name until Linux 4.13 */
#define __GFP_WAIT   __GFP_DIRECT_RECLAIM /* its name until Linux 4.4 */

#define GFP_ATOMIC	     (__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL	     (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT   (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOWAIT	     (__GFP_KSWAPD_RECLAIM)
#define GFP_NOIO	     (__GFP_RECLAIM)
#define GFP_NOFS	     (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER	     (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_DMA		     __GFP_DMA
#define GFP_DMA32	     __GFP_DMA32
#define GFP_HIGHUSER	     (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
/* For a large page of a process: without any reclaim, and with what the caller waits for. */
#define GFP_TRANSHUGE_LIGHT                                                      \
	((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & \
	 ~__GFP_RECLAIM)
#define GFP_TRANSHUGE (GFP_TRANSHUGE_LIGHT | __GFP_DIRECT_RECLAIM)

/* ANDed into every request: without the bits that sleep until the guest can sleep.
 * Starts as GFP_BOOT_MASK; gfp_allow_sleep() opens it. */
#define GFP_BOOT_MASK (__GFP_BITS_MASK & ~(__GFP_RECLAIM | __GFP_IO | __GFP_FS))
extern gfp_t gfp_allowed_mask;
void gfp_allow_sleep(void);

/* May this request sleep? */
static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

/* Bytes that hold the names of any flags, as gfp_names() writes them. */
#define GFP_NAMES_MAX 256
/* Writes "GFP_KERNEL|__GFP_ZERO" into buf (size bytes, always ended); returns buf. */
const char *gfp_names(gfp_t gfp, char *buf, size_t size);

/*
 * 2^order pages, physically contiguous and aligned to their own size; refcount 1, contents
 * undefined unless __GFP_ZERO.  NULL when there are none, when order exceeds MAX_ORDER
 * (10), for zone flags that contradict each other, and for a sleeping request in atomic
 * context (reported as a context violation).  A failure is printed unless __GFP_NOWARN.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
#define alloc_page(gfp) alloc_pages(gfp, 0)

/*
 * Gives up one reference; the last one frees the block.  The order must be the one it was
 * allocated with.  A page that is free, reserved, in a slab or inside another block is
 * reported with the call chain and left alone.
 */
void __free_pages(struct page *page, unsigned int order);
#define __free_page(page) __free_pages(page, 0)

/* The same by direct-map address; 0 on failure.  free_pages(0) does nothing. */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
#define __get_free_page(gfp)	    __get_free_pages(gfp, 0)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | GFP_DMA, order)
unsigned long get_zeroed_page(gfp_t gfp);
void free_pages(unsigned long addr, unsigned int order);
#define free_page(addr) free_pages(addr, 0)

/* size bytes rounded up to pages (not to a power of two); NULL on failure.  At most
 * 2^MAX_ORDER pages.  free_pages_exact takes the same size. */
void *alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *virt, size_t size);

/* Turns one non-compound block into 2^order pages that are freed one by one. */
void split_page(struct page *page, unsigned int order);

/* Fills the NULL entries among the first nr of array with single pages; how many of the
 * nr entries, from the first on, are filled at the end (as in Linux). */
unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **array);

/* Writes up to nr single pages to array, whatever it held; returns how many. */
unsigned long alloc_pages_bulk_fill(gfp_t gfp, unsigned long nr, struct page **array);

/* Frees n single pages.  Cheapest for runs of neighbours in ascending order. */
void free_pages_bulk_array(unsigned long n, struct page **array);

/* Gives the free pages held by this CPU, or by every CPU, back to their zones.
 * drain_all_pages needs interrupts on. */
void drain_local_pages(void);
void drain_all_pages(void);

#endif
