/* SPDX-License-Identifier: MIT */
/*
 * The contiguous memory area (include/linux/cma.h): memory set aside at boot by cma=SIZE,
 * for buffers larger than the page allocator's largest block.  Until they are asked for it
 * is lent to movable pages, which then move out.
 */
#ifndef _LINUX_CMA_H
#define _LINUX_CMA_H

#include <linux/types.h>

struct page;
struct device;

/* The value of cma=: a size, rounded up to page blocks (4 MiB).  Before mm_init().  0, or
 * -EINVAL for what is no size. */
int cma_setup(const char *value);

/* Where the area is, in bytes; size 0: there is none. */
phys_addr_t cma_get_base(void);
unsigned long cma_get_size(void);

/*
 * count pages that follow each other, the first at a multiple of 1 << align; each has one
 * reference and is freed by cma_release() only.  NULL: there is no area, it is in use, or a
 * page in it could not be moved (reported unless no_warn).  May sleep.
 */
struct page *cma_alloc(unsigned long count, unsigned int align, bool no_warn);
/* Gives back any part of it.  False, and nothing happens, for pages that are not all out of
 * the area. */
bool cma_release(const struct page *pages, unsigned long count);

/* The same for DMA buffers: zeroed, aligned to their size (at most to 4 MiB).  NULL also
 * where gfp does not allow to sleep. */
struct page *dma_alloc_contiguous(struct device *dev, size_t size, gfp_t gfp);
/* False when the pages are not from the area. */
bool dma_free_contiguous(struct device *dev, const struct page *page, size_t size);

/* Since boot; and pages in use now. */
struct cma_info {
	unsigned long allocs, failures;
	unsigned long busy; /* places that were tried in vain */
	unsigned long used;
};
void cma_info(struct cma_info *info);

#endif
