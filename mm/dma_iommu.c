/* SPDX-License-Identifier: MIT */
/*
 * Streaming mappings behind an IOMMU: the device gets addresses of its own, and through them
 * reaches the pages of its buffers and nothing else.
 *
 * The IOMMU knows whole pages: what else lies on a buffer's pages is within reach of the
 * device, too.  A scatter list becomes one range of addresses, its entries one after the
 * other; where one ends and the next begins at a page's edge, the device gets one segment.
 * An entry that would cross the device's segment boundary is moved behind it.
 */
#include <linux/mm.h>
#include "mm/dma_internal.h"
#include "mm/dma_iommu.h"

static int prot_of(enum dma_data_direction dir)
{
	return dir == DMA_TO_DEVICE	? IOMMU_READ
	       : dir == DMA_FROM_DEVICE ? IOMMU_WRITE
					: IOMMU_READ | IOMMU_WRITE;
}

static void bad_unmap(struct device *dev, dma_addr_t addr, size_t size)
{
	if (dma_first_trouble(dev, DMA_TROUBLE_UNMAP)) {
		dev_err(dev, "DMA unmap of %lu bytes at %llx, which are not mapped so\n",
			size, (unsigned long long)addr);
		__warn(__FILE__, __LINE__, "DMA unmap of another range than was mapped");
	}
}

static dma_addr_t map_phys(struct device *dev, phys_addr_t phys, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct iommu_dma_cookie *cookie = dma_cookie(dev);
	size_t before = offset_in_page(phys), whole;
	dma_addr_t iova;

	(void)attrs;
	if (__builtin_add_overflow(size, before + PAGE_SIZE - 1, &whole))
		return DMA_MAPPING_ERROR;
	whole &= PAGE_MASK;
	iova = iommu_dma_alloc_iova(cookie, whole, dma_get_mask(dev));
	if (!iova)
		return DMA_MAPPING_ERROR;
	if (!iommu_map(cookie->domain, iova, phys - before, whole, prot_of(dir),
		       GFP_ATOMIC))
		return iova + before;
	iommu_dma_free_iova(cookie, iova, whole);
	return DMA_MAPPING_ERROR;
}

static dma_addr_t map_page(struct device *dev, struct page *page, size_t offset,
			   size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	return map_phys(dev, page_to_phys(page) + offset, size, dir, attrs);
}

static void unmap_page(struct device *dev, dma_addr_t handle, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	size_t before = offset_in_page(handle), whole = PAGE_ALIGN(before + size);

	(void)dir;
	(void)attrs;
	if (!iommu_dma_unmap(dma_cookie(dev), handle - before, whole, whole))
		bad_unmap(dev, handle, size);
}

/* --- scatter lists ---------------------------------------------------------------------- */

static size_t entry_bytes(const struct scatterlist *sg)
{
	return PAGE_ALIGN(offset_in_page(sg->offset) + (size_t)sg->length);
}

/* Gives each entry its place in the range, as dma_address; the bytes of the range. */
static size_t lay_out(struct scatterlist *sgl, int nents, unsigned long boundary)
{
	struct scatterlist *sg;
	size_t at = 0;
	int i;

	for_each_sg (sgl, sg, nents, i) {
		size_t last = entry_bytes(sg) - 1, left = boundary - (at & boundary);

		/* The range begins at a multiple of its size: a place in it says all. */
		if (last > left && last <= boundary)
			at += left + 1;
		sg->dma_address = at;
		at += last + 1;
	}
	return at;
}

/* Maps all entries; neighbours in memory and in the range go as one.  An error leaves some
 * mapped. */
static int map_entries(struct iommu_domain *domain, dma_addr_t iova,
		       struct scatterlist *sgl, int nents, int prot)
{
	dma_addr_t start = 0;
	phys_addr_t phys = 0;
	struct scatterlist *sg;
	size_t bytes = 0;
	int i, err = 0;

	for_each_sg (sgl, sg, nents, i) {
		phys_addr_t page = sg_phys(sg) & PAGE_MASK;

		if (bytes && page == phys + bytes && sg->dma_address == start + bytes) {
			bytes += entry_bytes(sg);
			continue;
		}
		if (bytes)
			err = iommu_map_nosync(domain, iova + start, phys, bytes, prot,
					       GFP_ATOMIC);
		if (err)
			return err;
		start = sg->dma_address;
		phys = page;
		bytes = entry_bytes(sg);
	}
	return iommu_map_nosync(domain, iova + start, phys, bytes, prot, GFP_ATOMIC);
}

/* May the entry at addr join the segment in front of it? */
static bool joins(const struct scatterlist *segment, dma_addr_t addr, unsigned int length,
		  unsigned int max_length, unsigned long boundary)
{
	dma_addr_t end = segment->dma_address + segment->dma_length;
	u64 joint = (u64)segment->dma_length + length;

	return addr == end && joint <= max_length &&
	       (segment->dma_address & boundary) + joint - 1 <= boundary;
}

/* Places become addresses, and entries segments: the first ones of the list.  How many. */
static int make_segments(const struct device *dev, struct scatterlist *sgl, int nents,
			 dma_addr_t iova)
{
	unsigned int max_length = dma_get_max_seg_size(dev);
	unsigned long boundary = dma_get_seg_boundary(dev);
	struct scatterlist *sg, *segment = NULL;
	int i, n = 0;

	for_each_sg (sgl, sg, nents, i) {
		dma_addr_t addr = iova + sg->dma_address + offset_in_page(sg->offset);

		sg->dma_address = 0;
		sg->dma_length = 0;
		if (segment && joins(segment, addr, sg->length, max_length, boundary)) {
			segment->dma_length += sg->length;
			continue;
		}
		segment = segment ? sg_next(segment) : sgl;
		segment->dma_address = addr;
		segment->dma_length = sg->length;
		n++;
	}
	return n;
}

static int map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		  enum dma_data_direction dir, unsigned long attrs)
{
	struct iommu_dma_cookie *cookie = dma_cookie(dev);
	size_t bytes = lay_out(sgl, nents, dma_get_seg_boundary(dev));
	dma_addr_t iova = iommu_dma_alloc_iova(cookie, bytes, dma_get_mask(dev));
	int err;

	(void)attrs;
	if (!iova)
		return -ENOMEM;
	err = map_entries(cookie->domain, iova, sgl, nents, prot_of(dir));
	if (err)
		iommu_unmap(cookie->domain, iova, bytes);
	else
		err = iommu_sync_map(cookie->domain, iova, bytes);
	if (!err)
		return make_segments(dev, sgl, nents, iova);
	iommu_dma_free_iova(cookie, iova, bytes);
	return err;
}

/* The range that the segments of the list take up; false: the list is not mapped. */
static bool range_of(struct scatterlist *sgl, int nents, dma_addr_t *iova, size_t *bytes)
{
	dma_addr_t end = 0;
	struct scatterlist *sg;
	int i;

	for_each_sg (sgl, sg, nents, i) {
		if (!sg_dma_len(sg))
			break;
		end = sg_dma_address(sg) + sg_dma_len(sg);
	}
	*iova = sg_dma_address(sgl) & PAGE_MASK;
	*bytes = PAGE_ALIGN(end) - *iova;
	return end > *iova;
}

static void unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
		     enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	size_t bytes, mapped = 0;
	dma_addr_t iova;
	int i;

	(void)dir;
	(void)attrs;
	for_each_sg (sgl, sg, nents, i)
		mapped += entry_bytes(sg);
	if (!range_of(sgl, nents, &iova, &bytes) ||
	    !iommu_dma_unmap(dma_cookie(dev), iova, bytes, mapped))
		bad_unmap(dev, sg_dma_address(sgl), mapped);
}

/* Any mask under which an address can be given. */
static bool supported(struct device *dev, u64 mask)
{
	const struct iommu_domain *domain = dev->iommu->dma_domain;
	u64 first = max_t(u64, PAGE_ALIGN(domain->geometry.aperture_start), PAGE_SIZE);

	return mask >= first + PAGE_SIZE - 1;
}

const struct dma_map_ops iommu_dma_ops = {
	.alloc = iommu_dma_alloc,
	.free = iommu_dma_free,
	.map_page = map_page,
	.unmap_page = unmap_page,
	.map_resource = map_phys,
	.unmap_resource = unmap_page,
	.map_sg = map_sg,
	.unmap_sg = unmap_sg,
	.supported = supported,
};
