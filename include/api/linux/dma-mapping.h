/* SPDX-License-Identifier: MIT */
/*
 * The DMA API (include/linux/dma-mapping.h): how a driver lends memory to its device.
 *
 * Streaming mappings lend a buffer for one transfer: map, start the device, wait, unmap.
 * Between map and unmap the buffer is the device's; a sync call lends it back and forth.
 * Coherent buffers belong to both all the time.  Every dma_addr_t is meaningful to that
 * one device only.
 */
#ifndef _LINUX_DMA_MAPPING_H
#define _LINUX_DMA_MAPPING_H

#include <linux/types.h>
#include <linux/errno.h>
#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/gfp.h>
#include <linux/scatterlist.h>

#define DMA_BIT_MASK(n)	  ((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
#define DMA_MAPPING_ERROR (~(dma_addr_t)0)

/* Attributes; Linux's values. */
#define DMA_ATTR_SKIP_CPU_SYNC (1UL << 5)
#define DMA_ATTR_NO_WARN       (1UL << 8) /* a refusal is not printed */

/*
 * How mappings are made for a device: dev->dma_ops, or direct when NULL (the bus address
 * is the physical address).  A member's contract is that of the dma_* call of its name;
 * arguments are checked before it is called.  unmap, sync, supported, max_mapping_size
 * and map_resource may be absent: nothing to do, any mask, any size, and refused.
 */
struct dma_map_ops {
	void *(*alloc)(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		       unsigned long attrs);
	/* False: the values do not belong together and nothing was freed. */
	bool (*free)(struct device *dev, size_t size, void *vaddr, dma_addr_t handle,
		     unsigned long attrs);
	dma_addr_t (*map_page)(struct device *dev, struct page *page, size_t offset,
			       size_t size, enum dma_data_direction dir,
			       unsigned long attrs);
	void (*unmap_page)(struct device *dev, dma_addr_t handle, size_t size,
			   enum dma_data_direction dir, unsigned long attrs);
	dma_addr_t (*map_resource)(struct device *dev, phys_addr_t phys, size_t size,
				   enum dma_data_direction dir, unsigned long attrs);
	void (*unmap_resource)(struct device *dev, dma_addr_t handle, size_t size,
			       enum dma_data_direction dir, unsigned long attrs);
	/* The number of mapped entries, or a negative errno with nothing left mapped. */
	int (*map_sg)(struct device *dev, struct scatterlist *sg, int nents,
		      enum dma_data_direction dir, unsigned long attrs);
	void (*unmap_sg)(struct device *dev, struct scatterlist *sg, int nents,
			 enum dma_data_direction dir, unsigned long attrs);
	void (*sync_single_for_cpu)(struct device *dev, dma_addr_t handle, size_t size,
				    enum dma_data_direction dir);
	void (*sync_single_for_device)(struct device *dev, dma_addr_t handle, size_t size,
				       enum dma_data_direction dir);
	void (*sync_sg_for_cpu)(struct device *dev, struct scatterlist *sg, int nents,
				enum dma_data_direction dir);
	void (*sync_sg_for_device)(struct device *dev, struct scatterlist *sg, int nents,
				   enum dma_data_direction dir);
	bool (*supported)(struct device *dev, u64 mask);
	size_t (*max_mapping_size)(struct device *dev);
};

/* --- coherent buffers ---------------------------------------------------------------- */

/*
 * Zeroed, physically contiguous, aligned to the smallest power of two of pages that holds
 * size, below coherent_dma_mask; the bus address in *handle.  NULL: size 0 or more than
 * 4 MiB (the largest block there is), or no such memory.  gfp may be GFP_ATOMIC.
 */
void *dma_alloc_attrs(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		      unsigned long attrs);
/* The four values of one allocation, or it is reported and nothing is freed. */
void dma_free_attrs(struct device *dev, size_t size, void *vaddr, dma_addr_t handle,
		    unsigned long attrs);
#define dma_alloc_coherent(dev, size, handle, gfp) \
	dma_alloc_attrs(dev, size, handle, gfp, 0)
#define dma_zalloc_coherent(dev, size, handle, gfp) \
	dma_alloc_attrs(dev, size, handle, gfp, 0)
#define dma_free_coherent(dev, size, vaddr, handle) \
	dma_free_attrs(dev, size, vaddr, handle, 0)

/* --- streaming mappings -------------------------------------------------------------- */

/*
 * The bus address of size bytes at ptr, or DMA_MAPPING_ERROR: a bad direction, size 0,
 * memory the device cannot reach (its mask), or an address outside the direct map
 * (vmalloc, kernel image), whose bytes need not be contiguous for a device.  Any context.
 */
dma_addr_t dma_map_single_attrs(struct device *dev, void *ptr, size_t size,
				enum dma_data_direction dir, unsigned long attrs);
void dma_unmap_single_attrs(struct device *dev, dma_addr_t handle, size_t size,
			    enum dma_data_direction dir, unsigned long attrs);
dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset,
			      size_t size, enum dma_data_direction dir,
			      unsigned long attrs);
void dma_unmap_page_attrs(struct device *dev, dma_addr_t handle, size_t size,
			  enum dma_data_direction dir, unsigned long attrs);
/* Fills sg_dma_address/sg_dma_len; the number of entries to give to the device (entries
 * may merge), or 0 with nothing mapped. */
unsigned int dma_map_sg_attrs(struct device *dev, struct scatterlist *sg, int nents,
			      enum dma_data_direction dir, unsigned long attrs);
/* nents: what was given to dma_map_sg(), not what it returned. */
void dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sg, int nents,
			enum dma_data_direction dir, unsigned long attrs);
/* 0, or -EINVAL when the table cannot be mapped; sets table->nents. */
int dma_map_sgtable(struct device *dev, struct sg_table *table,
		    enum dma_data_direction dir, unsigned long attrs);
void dma_unmap_sgtable(struct device *dev, struct sg_table *table,
		       enum dma_data_direction dir, unsigned long attrs);
#define dma_map_single(dev, ptr, size, dir) dma_map_single_attrs(dev, ptr, size, dir, 0)
#define dma_unmap_single(dev, h, size, dir) dma_unmap_single_attrs(dev, h, size, dir, 0)
#define dma_map_page(dev, page, o, size, dir) \
	dma_map_page_attrs(dev, page, o, size, dir, 0)
#define dma_unmap_page(dev, h, size, dir) dma_unmap_page_attrs(dev, h, size, dir, 0)
#define dma_map_sg(dev, sg, nents, dir)	  dma_map_sg_attrs(dev, sg, nents, dir, 0)
#define dma_unmap_sg(dev, sg, nents, dir) dma_unmap_sg_attrs(dev, sg, nents, dir, 0)

/* The same for physical addresses that are no RAM of the kernel's (they have no struct page:
 * registers of another device, memory kept back); else, or where the device's ops cannot,
 * DMA_MAPPING_ERROR. */
dma_addr_t dma_map_resource(struct device *dev, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs);
void dma_unmap_resource(struct device *dev, dma_addr_t handle, size_t size,
			enum dma_data_direction dir, unsigned long attrs);

/* -ENOMEM when handle is DMA_MAPPING_ERROR. */
int dma_mapping_error(struct device *dev, dma_addr_t handle);

/* The buffer, or a part of it, changes hands without being unmapped. */
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t handle, size_t size,
			     enum dma_data_direction dir);
void dma_sync_single_for_device(struct device *dev, dma_addr_t handle, size_t size,
				enum dma_data_direction dir);
void dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sg, int nents,
			 enum dma_data_direction dir);
void dma_sync_sg_for_device(struct device *dev, struct scatterlist *sg, int nents,
			    enum dma_data_direction dir);

/* --- what the device can do ---------------------------------------------------------- */

/* 0, or -EIO: the device has no DMA, or no memory lies below that mask. */
int dma_set_mask(struct device *dev, u64 mask);
int dma_set_coherent_mask(struct device *dev, u64 mask);
int dma_set_mask_and_coherent(struct device *dev, u64 mask);

static inline u64 dma_get_mask(const struct device *dev)
{
	return dev->dma_mask && *dev->dma_mask ? *dev->dma_mask : DMA_BIT_MASK(32);
}

/* The largest single mapping that can succeed, in bytes. */
size_t dma_max_mapping_size(struct device *dev);

/* -EIO when the device has no dma_parms. */
static inline int dma_set_max_seg_size(struct device *dev, unsigned int size)
{
	if (!dev->dma_parms)
		return -EIO;
	dev->dma_parms->max_segment_size = size;
	return 0;
}

static inline unsigned int dma_get_max_seg_size(const struct device *dev)
{
	return dev->dma_parms && dev->dma_parms->max_segment_size
		       ? dev->dma_parms->max_segment_size
		       : 64 * 1024;
}

static inline int dma_set_seg_boundary(struct device *dev, unsigned long mask)
{
	if (!dev->dma_parms)
		return -EIO;
	dev->dma_parms->segment_boundary_mask = mask;
	return 0;
}

static inline unsigned long dma_get_seg_boundary(const struct device *dev)
{
	return dev->dma_parms && dev->dma_parms->segment_boundary_mask
		       ? dev->dma_parms->segment_boundary_mask
		       : 0xffffffffUL;
}

/* --- watching the API ---------------------------------------------------------------- */

enum dma_event_kind {
	DMA_EVENT_MAP, /* single or page, mapped: phys, addr, size */
	DMA_EVENT_UNMAP, /* single or page, about to be unmapped: addr, size */
	DMA_EVENT_MAP_RESOURCE, /* phys, addr, size */
	DMA_EVENT_UNMAP_RESOURCE,
	DMA_EVENT_MAP_SG, /* sg, nents, mapped = what dma_map_sg() returns */
	DMA_EVENT_UNMAP_SG,
	DMA_EVENT_ALLOC, /* coherent: vaddr, phys, addr, size as asked for, gfp */
	DMA_EVENT_FREE, /* about to be freed: the same, without gfp */
	DMA_EVENT_SYNC_FOR_CPU, /* about to be done: addr, size */
	DMA_EVENT_SYNC_FOR_DEVICE, /* done */
	DMA_EVENT_SYNC_SG_FOR_CPU, /* sg, nents */
	DMA_EVENT_SYNC_SG_FOR_DEVICE,
	DMA_EVENT_CHECK, /* dma_mapping_error(addr) */
	DMA_EVENT_REFUSED, /* a map call that failed: why, phys (0 if unknown), size */
	DMA_EVENT_RELEASED, /* a driver has let go of the device */
	DMA_EVENT_STARTED, /* the device is about to be told of `size` requests in the queue
			    * `addr`, the first of them number `phys` */
};

enum dma_refusal {
	DMA_REFUSED_CALL, /* no size, no direction, no DMA; RAM as a resource */
	DMA_REFUSED_MEMORY, /* outside the direct map; phys is its virtual address */
	DMA_REFUSED_REACH, /* not where the device reaches, or no room there */
};

/* The frame of the function that the driver called: where its call chain begins.  Good for as
 * long as that function runs. */
struct dma_caller {
	unsigned long frame; /* the driver's own frame */
	unsigned long pc; /* return address into the driver */
};
#define DMA_CALLER ((const struct dma_caller *)__builtin_frame_address(0))

/* One call of the API.  Members a kind does not name are 0; they stand where those of each
 * kind are neighbours, so that clearing them is a few stores. */
struct dma_event {
	enum dma_event_kind kind;
	enum dma_data_direction dir;
	struct device *dev;
	size_t size;
	unsigned long attrs;
	union {
		struct scatterlist *sg;
		const void *vaddr; /* coherent */
	};
	int nents;
	union {
		int mapped;
		gfp_t gfp; /* coherent: that it was asked for with */
	};
	enum dma_refusal why;
	dma_addr_t addr;
	phys_addr_t phys;
	const struct dma_caller *caller;
};

/* Called for every call of the API, in its context; NULL (the default) costs one test.
 * Set while no call is in flight. */
extern void (*dma_observer)(const struct dma_event *event);

/* For whoever binds drivers to devices: a driver's remove() is done, and the device holds
 * nothing any more. */
void dma_driver_released(struct device *dev);
/* For whoever rings a device's doorbell, just before: `caller` is DMA_CALLER of what was asked
 * for the transfer.  A report of what the device then does wrong can name it.  It is about
 * `nr` requests of that queue from number `first` on, modulo 2^16; 0 where there are no queues. */
void dma_transfer_started(struct device *dev, unsigned int queue, u16 first, u16 nr,
			  const struct dma_caller *caller);

/* Sums over all devices, for reports. */
struct dma_stats {
	long mappings, mapped_bytes; /* streaming, live */
	long coherent, coherent_bytes;
	long refused;
};

void dma_get_stats(struct dma_stats *stats);

#endif
