/* SPDX-License-Identifier: MIT */
/*
 * Streaming mappings as drivers see them.  Every call is checked here, handed to the
 * device's dma_map_ops, counted, and shown to the observer; what a mapping is made of is
 * the business of the ops.
 *
 * A call that returns an error prints why, once for each device; a call that cannot tell
 * its caller (an unmap too many) warns.
 */
#include <linux/kmsan-checks.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "mm/dma_account.h"
#include "mm/dma_internal.h"

static noinline void say_unmappable(struct device *dev, size_t size)
{
	if (!dma_first_trouble(dev, DMA_TROUBLE_ARGS))
		return;
	dev_err(dev, "DMA refused: %s\n",
		!dev->dma_mask ? "the device has no DMA mask"
		: !size	       ? "no bytes"
			       : "no direction");
	dump_stack();
}

static __always_inline bool mappable(struct device *dev, size_t size,
				     enum dma_data_direction dir)
{
	if (likely(dev->dma_mask && size && valid_dma_direction(dir)))
		return true;
	say_unmappable(dev, size);
	return false;
}

static noinline void say_outside(struct device *dev, const void *ptr, size_t size)
{
	if (!dma_first_trouble(dev, DMA_TROUBLE_BUFFER))
		return;
	dev_err(dev, "rejecting DMA map of %s memory: %lx+%lx\n",
		is_vmalloc_addr(ptr) ? "vmalloc" : "not directly mapped",
		(unsigned long)ptr, size);
	dump_stack();
}

/* Only in the direct map are bytes as contiguous for a device as they are for the CPU. */
static __always_inline bool in_direct_map(struct device *dev, const void *ptr,
					  size_t size)
{
	unsigned long last;

	if (likely(!__builtin_add_overflow((unsigned long)ptr, size - 1, &last) &&
		   virt_addr_valid(ptr) && virt_addr_valid((const void *)last)))
		return true;
	say_outside(dev, ptr, size);
	return false;
}

static noinline dma_addr_t refuse(struct device *dev, enum dma_refusal why,
				  phys_addr_t phys, size_t size,
				  enum dma_data_direction dir,
				  const struct dma_caller *caller)
{
	dma_count_refusal(dev);
	dma_observe(.kind = DMA_EVENT_REFUSED, .dev = dev, .why = why, .phys = phys,
		    .size = size, .dir = dir, .caller = caller);
	return DMA_MAPPING_ERROR;
}

static __always_inline dma_addr_t map_page(struct device *dev, struct page *page,
					   size_t offset, size_t size,
					   enum dma_data_direction dir,
					   unsigned long attrs,
					   const struct dma_caller *caller)
{
	phys_addr_t phys = page_to_phys(page) + offset;
	dma_addr_t addr;

	if (unlikely(kmsan_on))
		kmsan_handle_dma(page, offset, size, dir, caller->pc);
	if (unlikely(dev->dma_ops))
		addr = dev->dma_ops->map_page(dev, page, offset, size, dir, attrs);
	else
		addr = dma_direct_map(dev, phys, size, attrs);
	if (unlikely(addr == DMA_MAPPING_ERROR))
		return refuse(dev, DMA_REFUSED_REACH, phys, size, dir, caller);
	dma_count_map(dev, size);
	trace_rare(TRACE_DMA_MAP_PAGE, caller->pc, trace_pair(dev->endpoint, (u32)dir),
		   phys, addr, size, attrs);
	dma_observe(.kind = DMA_EVENT_MAP, .dev = dev, .addr = addr, .phys = phys,
		    .size = size, .dir = dir, .attrs = attrs, .caller = caller);
	return addr;
}

dma_addr_t dma_map_single_attrs(struct device *dev, void *ptr, size_t size,
				enum dma_data_direction dir, unsigned long attrs)
{
	if (!mappable(dev, size, dir))
		return refuse(dev, DMA_REFUSED_CALL, 0, size, dir, DMA_CALLER);
	if (!in_direct_map(dev, ptr, size))
		return refuse(dev, DMA_REFUSED_MEMORY, (unsigned long)ptr, size, dir,
			      DMA_CALLER);
	return map_page(dev, virt_to_page(ptr), offset_in_page(ptr), size, dir, attrs,
			DMA_CALLER);
}

dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset,
			      size_t size, enum dma_data_direction dir,
			      unsigned long attrs)
{
	if (!mappable(dev, size, dir))
		return refuse(dev, DMA_REFUSED_CALL, 0, size, dir, DMA_CALLER);
	return map_page(dev, page, offset, size, dir, attrs, DMA_CALLER);
}

static noinline void say_unmapped(struct device *dev, size_t size)
{
	if (!dma_first_trouble(dev, DMA_TROUBLE_UNMAP))
		return;
	dev_err(dev, "DMA unmap of %lu bytes, but nothing is mapped\n", size);
	__warn(__FILE__, __LINE__, "DMA unmap without a mapping");
}

/* Counts one mapping less.  False: the device has none; the call is reported and ends. */
static __always_inline bool mapped_before(struct device *dev, size_t size)
{
	if (likely(dma_count_unmap(dev, size)))
		return true;
	say_unmapped(dev, size);
	return false;
}

/* Of a direct mapping nothing is to be undone. */
static __always_inline void unmap_page(struct device *dev, dma_addr_t handle, size_t size,
				       enum dma_data_direction dir, unsigned long attrs,
				       const struct dma_caller *caller)
{
	const struct dma_map_ops *ops = dev->dma_ops;

	trace_rare(TRACE_DMA_UNMAP_PAGE, caller->pc, trace_pair(dev->endpoint, (u32)dir),
		   0, handle, size, attrs);
	dma_observe(.kind = DMA_EVENT_UNMAP, .dev = dev, .addr = handle, .size = size,
		    .dir = dir, .attrs = attrs, .caller = caller);
	if (mapped_before(dev, size) && unlikely(ops) && ops->unmap_page)
		ops->unmap_page(dev, handle, size, dir, attrs);
}

void dma_unmap_single_attrs(struct device *dev, dma_addr_t handle, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	unmap_page(dev, handle, size, dir, attrs, DMA_CALLER);
}

void dma_unmap_page_attrs(struct device *dev, dma_addr_t handle, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	unmap_page(dev, handle, size, dir, attrs, DMA_CALLER);
}

dma_addr_t dma_map_resource(struct device *dev, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);
	dma_addr_t addr = DMA_MAPPING_ERROR;

	if (!mappable(dev, size, dir) || memblock_is_memory(phys))
		return refuse(dev, DMA_REFUSED_CALL, phys, size, dir, DMA_CALLER);
	if (ops->map_resource)
		addr = ops->map_resource(dev, phys, size, dir, attrs);
	if (addr == DMA_MAPPING_ERROR)
		return refuse(dev, DMA_REFUSED_REACH, phys, size, dir, DMA_CALLER);
	dma_count_map(dev, size);
	dma_observe(.kind = DMA_EVENT_MAP_RESOURCE, .dev = dev, .addr = addr,
		    .phys = phys, .size = size, .dir = dir, .attrs = attrs,
		    .caller = DMA_CALLER);
	return addr;
}

void dma_unmap_resource(struct device *dev, dma_addr_t handle, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);

	dma_observe(.kind = DMA_EVENT_UNMAP_RESOURCE, .dev = dev, .addr = handle,
		    .size = size, .dir = dir, .attrs = attrs, .caller = DMA_CALLER);
	if (mapped_before(dev, size) && ops->unmap_resource)
		ops->unmap_resource(dev, handle, size, dir, attrs);
}

/* Bytes of the whole list; 0 when an entry has no bytes or no page. */
static size_t sg_bytes(struct scatterlist *sgl, int nents)
{
	struct scatterlist *sg;
	size_t bytes = 0;
	int i;

	for_each_sg (sgl, sg, nents, i) {
		if (!sg || !sg->length || !sg_page(sg))
			return 0;
		bytes += sg->length;
	}
	return bytes;
}

/* The number of entries mapped, or 0. */
static unsigned int map_sg(struct device *dev, struct scatterlist *sg, int nents,
			   enum dma_data_direction dir, unsigned long attrs,
			   const struct dma_caller *caller)
{
	size_t bytes = sg_bytes(sg, nents);
	int mapped;

	if (unlikely(kmsan_on) && bytes)
		kmsan_handle_dma_sg(sg, nents, dir, caller->pc);
	if (!mappable(dev, bytes, dir)) {
		refuse(dev, DMA_REFUSED_CALL, 0, bytes, dir, caller);
		return 0;
	}
	mapped = dma_ops_of(dev)->map_sg(dev, sg, nents, dir, attrs);
	if (unlikely(mapped <= 0)) {
		refuse(dev, DMA_REFUSED_REACH, 0, bytes, dir, caller);
		return 0;
	}
	dma_count_map(dev, bytes);
	dma_observe_list(.kind = DMA_EVENT_MAP_SG, .dev = dev, .sg = sg, .nents = nents,
			 .mapped = mapped, .size = bytes, .dir = dir, .attrs = attrs,
			 .caller = caller);
	return (unsigned int)mapped;
}

unsigned int dma_map_sg_attrs(struct device *dev, struct scatterlist *sg, int nents,
			      enum dma_data_direction dir, unsigned long attrs)
{
	return map_sg(dev, sg, nents, dir, attrs, DMA_CALLER);
}

int dma_map_sgtable(struct device *dev, struct sg_table *table,
		    enum dma_data_direction dir, unsigned long attrs)
{
	table->nents =
		map_sg(dev, table->sgl, (int)table->orig_nents, dir, attrs, DMA_CALLER);
	return table->nents ? 0 : -EINVAL;
}

static void unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
		     enum dma_data_direction dir, unsigned long attrs,
		     const struct dma_caller *caller)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);
	size_t bytes = sg_bytes(sg, nents);

	dma_observe_list(.kind = DMA_EVENT_UNMAP_SG, .dev = dev, .sg = sg, .nents = nents,
			 .size = bytes, .dir = dir, .attrs = attrs, .caller = caller);
	if (mapped_before(dev, bytes) && ops->unmap_sg)
		ops->unmap_sg(dev, sg, nents, dir, attrs);
}

void dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sg, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	unmap_sg(dev, sg, nents, dir, attrs, DMA_CALLER);
}

void dma_unmap_sgtable(struct device *dev, struct sg_table *table,
		       enum dma_data_direction dir, unsigned long attrs)
{
	unmap_sg(dev, table->sgl, (int)table->orig_nents, dir, attrs, DMA_CALLER);
}

static noinline void observe_check(struct device *dev, dma_addr_t handle,
				   const struct dma_caller *caller)
{
	dma_observe(.kind = DMA_EVENT_CHECK, .dev = dev, .addr = handle,
		    .caller = caller);
}

int dma_mapping_error(struct device *dev, dma_addr_t handle)
{
	if (unlikely(READ_ONCE(dma_observer)))
		observe_check(dev, handle, DMA_CALLER);
	return unlikely(handle == DMA_MAPPING_ERROR) ? -ENOMEM : 0;
}

void dma_sync_single_for_cpu(struct device *dev, dma_addr_t handle, size_t size,
			     enum dma_data_direction dir)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);

	dma_observe(.kind = DMA_EVENT_SYNC_FOR_CPU, .dev = dev, .addr = handle,
		    .size = size, .dir = dir, .caller = DMA_CALLER);
	if (ops->sync_single_for_cpu)
		ops->sync_single_for_cpu(dev, handle, size, dir);
}

void dma_sync_single_for_device(struct device *dev, dma_addr_t handle, size_t size,
				enum dma_data_direction dir)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);

	if (ops->sync_single_for_device)
		ops->sync_single_for_device(dev, handle, size, dir);
	dma_observe(.kind = DMA_EVENT_SYNC_FOR_DEVICE, .dev = dev, .addr = handle,
		    .size = size, .dir = dir, .caller = DMA_CALLER);
}

void dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sg, int nents,
			 enum dma_data_direction dir)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);

	dma_observe(.kind = DMA_EVENT_SYNC_SG_FOR_CPU, .dev = dev, .sg = sg,
		    .nents = nents, .dir = dir, .caller = DMA_CALLER);
	if (ops->sync_sg_for_cpu)
		ops->sync_sg_for_cpu(dev, sg, nents, dir);
}

void dma_sync_sg_for_device(struct device *dev, struct scatterlist *sg, int nents,
			    enum dma_data_direction dir)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);

	if (ops->sync_sg_for_device)
		ops->sync_sg_for_device(dev, sg, nents, dir);
	dma_observe(.kind = DMA_EVENT_SYNC_SG_FOR_DEVICE, .dev = dev, .sg = sg,
		    .nents = nents, .dir = dir, .caller = DMA_CALLER);
}
