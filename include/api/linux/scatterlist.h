/* SPDX-License-Identifier: MIT */
/*
 * Scatter lists (include/linux/scatterlist.h): an array of pieces of memory, each inside
 * one physically contiguous block of pages.
 *
 * Lists are plain arrays: chaining (sg_chain) is not offered.  sg_alloc_table() takes any
 * length, large ones from vmalloc.
 */
#ifndef _LINUX_SCATTERLIST_H
#define _LINUX_SCATTERLIST_H

#include <linux/types.h>
#include <linux/bug.h>
#include <linux/mm.h>

struct scatterlist {
	unsigned long page_link; /* struct page * of the first byte's page, with SG_END */
	unsigned int offset; /* of the first byte in that page */
	unsigned int length; /* bytes */
	dma_addr_t dma_address; /* valid from dma_map_sg() to dma_unmap_sg() */
	unsigned int dma_length;
};

#define SG_END	     0x2UL /* in page_link: the last entry of the list */
#define SG_PAGE_MASK (~0x3UL)

struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents; /* entries that dma_map_sg() produced */
	unsigned int orig_nents; /* entries of the list */
};

#define sg_dma_address(sg) ((sg)->dma_address)
#define sg_dma_len(sg)	   ((sg)->dma_length)

static inline bool sg_is_last(const struct scatterlist *sg)
{
	return sg->page_link & SG_END;
}

static inline void sg_mark_end(struct scatterlist *sg)
{
	sg->page_link |= SG_END;
}

static inline void sg_unmark_end(struct scatterlist *sg)
{
	sg->page_link &= ~SG_END;
}

/* NULL after the last entry. */
static inline struct scatterlist *sg_next(struct scatterlist *sg)
{
	return sg_is_last(sg) ? NULL : sg + 1;
}

static inline struct page *sg_page(const struct scatterlist *sg)
{
	return (struct page *)(sg->page_link & SG_PAGE_MASK);
}

static inline void sg_assign_page(struct scatterlist *sg, struct page *page)
{
	sg->page_link = (sg->page_link & ~SG_PAGE_MASK) | (unsigned long)page;
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page,
			       unsigned int len, unsigned int offset)
{
	sg_assign_page(sg, page);
	sg->offset = offset;
	sg->length = len;
}

/* buf must be in the direct map (kmalloc, pages; not vmalloc, not the kernel's image): an
 * entry for anything else is reported and stays without a page, so nothing can map it. */
static inline void sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int len)
{
	if (WARN_ON(!virt_addr_valid(buf)))
		return;
	sg_set_page(sg, virt_to_page(buf), len, offset_in_page(buf));
}

static inline void *sg_virt(const struct scatterlist *sg)
{
	return (char *)page_address(sg_page(sg)) + sg->offset;
}

static inline phys_addr_t sg_phys(const struct scatterlist *sg)
{
	return page_to_phys(sg_page(sg)) + sg->offset;
}

#define for_each_sg(sglist, sg, nr, i) \
	for ((i) = 0, (sg) = (sglist); (i) < (nr); (i)++, (sg) = sg_next(sg))
#define for_each_sgtable_sg(sgt, sg, i)	    for_each_sg ((sgt)->sgl, sg, (sgt)->orig_nents, i)
#define for_each_sgtable_dma_sg(sgt, sg, i) for_each_sg ((sgt)->sgl, sg, (sgt)->nents, i)

/* Clears nents entries and marks the last one. */
void sg_init_table(struct scatterlist *sgl, unsigned int nents);
void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int len);
/* Entries up to and with the one marked last. */
int sg_nents(struct scatterlist *sg);
/* Entries that hold the first len bytes; -EINVAL when the list is shorter. */
int sg_nents_for_len(struct scatterlist *sg, u64 len);
struct scatterlist *sg_last(struct scatterlist *sgl, unsigned int nents);

/* 0, -EINVAL for no entries, -ENOMEM. */
int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp);
/* Describes size bytes from offset on in n pages; neighbours in memory share an entry of
 * at most max_segment bytes (a multiple of PAGE_SIZE; UINT_MAX & PAGE_MASK: no limit). */
int sg_alloc_table_from_pages_segment(struct sg_table *table, struct page **pages,
				      unsigned int n, unsigned int offset,
				      unsigned long size, unsigned int max_segment,
				      gfp_t gfp);
#define sg_alloc_table_from_pages(t, pages, n, off, size, gfp)    \
	sg_alloc_table_from_pages_segment(t, pages, n, off, size, \
					  (unsigned int)(0xffffffffUL & PAGE_MASK), gfp)
void sg_free_table(struct sg_table *table);

#endif
