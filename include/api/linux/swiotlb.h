/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers (include/linux/swiotlb.h): where a device's mask does not reach a buffer,
 * its bytes travel through a slot of low memory.
 *
 * A pool is one block of memory cut into slots of 2 KiB; a mapping takes up to 128
 * neighbouring ones.  Pools are made when a device says which addresses it can reach
 * (dma_set_mask), below its mask; devices share them.
 *
 * The DMA API is the only user.  Calls work in any context.
 */
#ifndef _LINUX_SWIOTLB_H
#define _LINUX_SWIOTLB_H

#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/types.h>

#define IO_TLB_SHIFT   11
#define IO_TLB_SIZE    (1UL << IO_TLB_SHIFT)
#define IO_TLB_SEGSIZE 128 /* slots that one mapping can take */
#define IO_TLB_SLOTS   512 /* of a pool, unless swiotlb= says otherwise: 1 MiB */

/*
 * swiotlb=N|force|noforce, parts joined by commas: slots of a pool (a power of two from
 * IO_TLB_SEGSIZE to 2048); bounce each mapping of each device; bounce none.  -EINVAL.
 */
int swiotlb_setup(const char *arg);
bool swiotlb_forced(void);
/* fail_swiotlb=interval,probability,space,times: mappings that find no slot on purpose. */
int fail_swiotlb_setup(const char *arg);

/* Is there, or can there be made, a pool below the device's mask?  May sleep.  -ENOMEM, or
 * -ENODEV with swiotlb=noforce. */
int swiotlb_prepare(struct device *dev);

/* Slots for size bytes at phys, filled from there: what the device does not overwrite comes
 * back as it was.  PHYS_ADDR_MAX: none. */
phys_addr_t swiotlb_map(struct device *dev, phys_addr_t phys, size_t size,
			enum dma_data_direction dir, unsigned long attrs);
/* Brings what the device wrote back, unless attrs say DMA_ATTR_SKIP_CPU_SYNC, and gives the
 * slots back.  False, and nothing happens: not what swiotlb_map() gave for that size. */
bool swiotlb_unmap(struct device *dev, phys_addr_t tlb, size_t size,
		   enum dma_data_direction dir, unsigned long attrs);
/* size bytes from tlb on, which may be any part of a mapping.  False: they are not. */
bool swiotlb_sync_for_cpu(struct device *dev, phys_addr_t tlb, size_t size,
			  enum dma_data_direction dir);
bool swiotlb_sync_for_device(struct device *dev, phys_addr_t tlb, size_t size,
			     enum dma_data_direction dir);

bool is_swiotlb_buffer(phys_addr_t phys);
/* The largest mapping that slots can hold. */
static inline size_t swiotlb_max_mapping_size(void)
{
	return IO_TLB_SEGSIZE * IO_TLB_SIZE;
}

struct swiotlb_stats {
	unsigned long pools;
	unsigned long slots; /* in all pools */
	unsigned long used; /* of them, now */
	unsigned long mappings; /* so far */
	unsigned long bytes_out, bytes_in; /* copied to slots, and from them */
	unsigned long full; /* mappings refused for want of slots */
	unsigned long bad; /* unmap or sync of what is not mapped so */
};
void swiotlb_get_stats(struct swiotlb_stats *stats);
/* Gives back pools that hold no mapping, but for the `keep` oldest ones; how many.  May
 * sleep; no call that maps is in flight.  A device whose mask is set again gets a new one. */
unsigned int swiotlb_release_unused(unsigned int keep);
/* Walks all pools; 0, or -EINVAL after one printed line for the first thing wrong. */
int swiotlb_verify(void);

#endif
