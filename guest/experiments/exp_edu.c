/* SPDX-License-Identifier: MIT */
/*
 * A device that has fewer address bits than memory has: its coherent buffers lie where it
 * can reach them, and what it cannot reach travels through a bounce buffer, or gets an
 * address from the IOMMU that it can put on the bus.
 *
 * Witness: edu, ours or QEMU's, whose buffer brings back what it was sent.
 */
#include <linux/dma-mapping.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swiotlb.h>

#include <guest/edu.h>
#include <guest/machine.h>

#include "experiment.h"
#include "fault_watch.h"
#include "witness.h"

#define CHAPTER CHAPTER_EDU

#define BYTES	256
#define NARROW	24U /* bits, for which every machine has memory beyond */
#define FACTOR	7U
#define PRODUCT 5040U /* 7! */

/* edu reads from one place and writes to another: does it bring the bytes? */
static bool brings(void *from, dma_addr_t from_dma, void *to, dma_addr_t to_dma)
{
	stamp_pages(from, BYTES, from_dma);
	memset(to, 0, BYTES);
	return !edu_read_memory(from_dma, 0, BYTES) &&
	       !edu_write_memory(to_dma, 0, BYTES) && !memcmp(from, to, BYTES);
}

/* An address above the mask: the device puts its lower bits on the bus, and says so.  QEMU's
 * says nothing, and reads what is there. */
static void beyond_mask(struct trial *x)
{
	int err;

	if (!hypervisor.pagevisor)
		return;
	watch_faults(edu_device());
	err = edu_read_memory(1ULL << EDU_DMA_BITS, 0, 8);
	end_watch(edu_device(), false);
	expect(x, err == -EREMOTEIO, "an address beyond the mask: %d", err);
	evidence(x, "%#llx is cut to its mask", 1ULL << EDU_DMA_BITS);
}

EXPERIMENT(edu_mask, "edu.mask",
	   "a device of 28 address bits is given nothing that lies above 256 MiB",
	   .needs = NEEDS_EDU)
{
	struct device *dev = edu_device();
	dma_addr_t a_dma = 0, b_dma = 0;
	void *a = dma_alloc_coherent(dev, PAGE_SIZE, &a_dma, GFP_KERNEL);
	void *b = dma_alloc_coherent(dev, PAGE_SIZE, &b_dma, GFP_KERNEL);
	u32 product = 0;

	expect(x, !edu_factorial(FACTOR, &product) && product == PRODUCT, "%u! is %u",
	       FACTOR, product);
	expect(x, dma_get_mask(dev) == DMA_BIT_MASK(EDU_DMA_BITS), "its mask is %#lx",
	       (unsigned long)dma_get_mask(dev));
	if (expect(x, a && b, "no memory")) {
		expect(x, a_dma + PAGE_SIZE <= 1UL << EDU_DMA_BITS, "at %#lx", a_dma);
		expect(x, b_dma + PAGE_SIZE <= 1UL << EDU_DMA_BITS, "at %#lx", b_dma);
		expect(x, brings(a, a_dma, b, b_dma), "the bytes do not come through");
		evidence(x, "%u bytes from %#lx to %#lx through edu", BYTES, a_dma,
			 b_dma);
	}
	beyond_mask(x);
	if (a)
		dma_free_coherent(dev, PAGE_SIZE, a, a_dma);
	if (b)
		dma_free_coherent(dev, PAGE_SIZE, b, b_dma);
}

/* Lends edu both pages by the DMA API, its mask as narrow as can be. */
static void bounce(struct trial *x, void *from, void *to)
{
	struct device *dev = edu_device();
	dma_addr_t from_dma, to_dma;
	bool same;

	stamp_pages(from, BYTES, 77);
	memset(to, 0, BYTES);
	from_dma = dma_map_single(dev, from, BYTES, DMA_TO_DEVICE);
	to_dma = dma_map_single(dev, to, BYTES, DMA_FROM_DEVICE);
	if (!expect(x,
		    !dma_mapping_error(dev, from_dma) && !dma_mapping_error(dev, to_dma),
		    "cannot be mapped"))
		return;
	expect(x, from_dma + BYTES <= 1UL << NARROW && to_dma + BYTES <= 1UL << NARROW,
	       "at %#lx and %#lx for the device", from_dma, to_dma);
	expect(x,
	       !edu_read_memory(from_dma, 0, BYTES) &&
		       !edu_write_memory(to_dma, 0, BYTES),
	       "no DMA");
	same = !memcmp(from, to, BYTES);
	dma_unmap_single(dev, from_dma, BYTES, DMA_TO_DEVICE);
	dma_unmap_single(dev, to_dma, BYTES, DMA_FROM_DEVICE);
	expect(x, !memcmp(from, to, BYTES), "the bytes do not come through");
	evidence(x, "%u bytes at %#lx, for the device %#lx", BYTES, virt_to_phys(to),
		 to_dma);
	evidence(x, same ? "there before the unmap" : "there after the unmap");
}

EXPERIMENT(edu_bounce, "edu.bounce",
	   "what the device cannot reach travels through low memory, or by an address of "
	   "the IOMMU's",
	   .needs = NEEDS_EDU)
{
	struct device *dev = edu_device();
	void *from = (void *)get_zeroed_page(GFP_KERNEL);
	void *to = (void *)get_zeroed_page(GFP_KERNEL);
	struct swiotlb_stats before, after;
	bool translated = device_iommu_mapped(dev);

	if (!expect(x, from && to, "no memory") ||
	    !expect(x, virt_to_phys(to) >= 1UL << NARROW, "memory below the mask"))
		goto out;
	swiotlb_get_stats(&before);
	expect(x, !dma_set_mask(dev, DMA_BIT_MASK(NARROW)), "%u bits are refused",
	       NARROW);
	bounce(x, from, to);
	swiotlb_get_stats(&after);
	expect(x, after.mappings - before.mappings == (translated ? 0 : 2),
	       "%lu bounce buffers used", after.mappings - before.mappings);
	expect(x, after.used == before.used && !swiotlb_verify(), "%lu slots more in use",
	       after.used - before.used);
	evidence(x, "%lu bytes copied to slots, %lu from them",
		 after.bytes_out - before.bytes_out, after.bytes_in - before.bytes_in);
	/* As it was: what was made for this mask goes. */
	swiotlb_release_unused((unsigned int)before.pools);
	dma_set_mask(dev, DMA_BIT_MASK(EDU_DMA_BITS));
out:
	free_page((unsigned long)from);
	free_page((unsigned long)to);
}
