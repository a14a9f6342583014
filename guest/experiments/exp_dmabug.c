/* SPDX-License-Identifier: MIT */
/*
 * A broken driver, one bug at a time.
 *
 * It drives dmacheck with a struct device of its own (same endpoint, other books), and each
 * of its mistakes stands in a function that says which: planted_map, planted_unmap, ...  The
 * monitor's DMA checker must find that mistake, once, and nothing else, and name that
 * function as the call site.  Without a checker (--dma-check) nothing is planted.
 *
 * Witness: the checker's own counts, which it writes where the guest can read them.
 */
#include <linux/dma-mapping.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <guest/dma_check.h>
#include <guest/dmacheck.h>
#include <guest/machine.h>

#include "experiment.h"

#define CHAPTER CHAPTER_DMABUG

#define SIZE 256 /* of a buffer */

/* The driver of the experiment that runs; one at a time. */
static struct {
	struct device dev;
	struct device_dma_parameters parms;
	u64 mask;
	u8 *p; /* a page */
	le64 found[DMA_FOUND_KINDS]; /* before */
} bug;

/* --- what every experiment does -------------------------------------------------------- */

/* Findings of this kind are expected from now on. */
static bool begin(struct trial *x, unsigned int kind)
{
	struct device *dev = dmacheck_device();

	bug.p = (u8 *)get_zeroed_page(GFP_KERNEL);
	if (!expect(x, bug.p, "no memory"))
		return false;
	bug.dev = *dev;
	bug.dev.dma = (struct device_dma_account){ 0 };
	bug.dev.dma_reported = 0;
	bug.mask = *dev->dma_mask;
	bug.dev.dma_mask = &bug.mask;
	bug.parms = (struct device_dma_parameters){ 0 };
	bug.dev.dma_parms = &bug.parms;
	dma_check_provoke(DMA_FOUND_BIT(kind));
	memcpy(bug.found, dma_check_area()->found, sizeof(bug.found));
	return true;
}

/* Is the address in that function, or in the copy of it that the compiler made ("f.isra.0")? */
static bool is_in(unsigned long pc, const char *function)
{
	size_t n = strlen(function);
	char name[64];

	scnprintf(name, sizeof(name), "%ps", (void *)pc);
	return !strncmp(name, function, n) && (!name[n] || name[n] == '.');
}

/* One finding of that kind, no other, at a call site in `function` (NULL: none is known). */
static void end(struct trial *x, unsigned int kind, const char *function)
{
	const struct dma_check_area *area = dma_check_area();
	u32 endpoint = bug.dev.endpoint;

	dma_check_provoke(0);
	for (unsigned int k = 0; k < DMA_FOUND_KINDS; k++)
		expect(x,
		       k == DMA_FOUND_EXPOSED ||
			       area->found[k] == bug.found[k] + (k == kind),
		       "%lu findings of kind %u",
		       (unsigned long)(area->found[k] - bug.found[k]), k);
	/* What is wrong with the channel is no device's fault. */
	if (kind == DMA_FOUND_CORRUPT)
		endpoint = 0;
	expect(x, area->last_kind == kind && area->last_endpoint == endpoint,
	       "the last is of kind %u, device %#x", area->last_kind,
	       area->last_endpoint);
	if (function)
		expect(x, is_in(area->last_site, function), "found at %pS",
		       (void *)area->last_site);
	evidence(x, "found once, %zu bytes at %#lx", (size_t)area->last_size,
		 (unsigned long)area->last_addr);
	if (function)
		evidence(x, "in %s", function);
	free_page((unsigned long)bug.p);
}

/* Call sites.  The barrier keeps them from being the last call of their function. */
static noinline dma_addr_t planted_map(void *p, size_t size, enum dma_data_direction dir)
{
	dma_addr_t dma = dma_map_single(&bug.dev, p, size, dir);

	barrier();
	return dma;
}

static noinline void planted_unmap(dma_addr_t dma, size_t size,
				   enum dma_data_direction dir)
{
	dma_unmap_single(&bug.dev, dma, size, dir);
	barrier();
}

/* A correct mapping, unless the driver is out of luck. */
static dma_addr_t map_checked(struct trial *x, void *p, size_t size,
			      enum dma_data_direction dir)
{
	dma_addr_t dma = planted_map(p, size, dir);

	expect(x, !dma_mapping_error(&bug.dev, dma), "cannot be mapped");
	return dma;
}

/* The device does this; whether it can is not the question. */
static void device_reads(dma_addr_t dma, u64 len)
{
	u64 hash;

	dmacheck_hash(dma, len, &hash);
}

static void device_writes(dma_addr_t dma, u64 len)
{
	u64 hash;

	dmacheck_fill(dma, len, 1, &hash);
}

/* --- accesses of the device ------------------------------------------------------------ */

#define NEEDS (NEEDS_DMACHECK | NEEDS_DMA_CHECK)

EXPERIMENT(dmabug_outside, "dmabug.outside", "found: an address that was never mapped",
	   .needs = NEEDS)
{
	const struct dma_check_area *area = dma_check_area();
	u64 unmapped = area->text_start + PAGE_SIZE; /* but for dmabug.text no text is */

	if (!begin(x, DMA_FOUND_OUTSIDE))
		return;
	device_reads(unmapped, SIZE);
	expect(x, area->last_addr == unmapped, "found at %#lx",
	       (unsigned long)area->last_addr);
	end(x, DMA_FOUND_OUTSIDE, NULL);
}

EXPERIMENT(dmabug_past_end, "dmabug.past-end",
	   "found: a device told of more bytes than were mapped", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_PAST_END))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	device_reads(dma, SIZE + 1);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_PAST_END, "planted_map");
}

#define DECOYS 4

/* Maps and unmaps others last, so that their addresses are those that are used again next:
 * dmacheck needs some for its request. */
static void map_unmap_and_hide(struct trial *x, dma_addr_t *dma)
{
	dma_addr_t decoy[DECOYS];

	for (int i = 0; i < DECOYS; i++)
		decoy[i] = map_checked(x, bug.p + (i + 1) * SIZE, SIZE, DMA_TO_DEVICE);
	*dma = map_checked(x, bug.p, SIZE, DMA_FROM_DEVICE);
	planted_unmap(*dma, SIZE, DMA_FROM_DEVICE);
	for (int i = 0; i < DECOYS; i++)
		planted_unmap(decoy[i], SIZE, DMA_TO_DEVICE);
}

EXPERIMENT(dmabug_after_unmap, "dmabug.after-unmap",
	   "found: a device that still writes to what was unmapped", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_AFTER_UNMAP))
		return;
	map_unmap_and_hide(x, &dma);
	device_writes(dma, SIZE);
	end(x, DMA_FOUND_AFTER_UNMAP, "planted_map");
}

EXPERIMENT(dmabug_write_to_device, "dmabug.write-to-device",
	   "found: a device that writes to a buffer mapped to-device", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_DIRECTION))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	device_writes(dma, SIZE);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_DIRECTION, "planted_map");
}

EXPERIMENT(dmabug_read_from_device, "dmabug.read-from-device",
	   "found: a device that reads a buffer mapped from-device", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_DIRECTION))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_FROM_DEVICE);
	device_reads(dma, SIZE);
	planted_unmap(dma, SIZE, DMA_FROM_DEVICE);
	end(x, DMA_FOUND_DIRECTION, "planted_map");
}

/* --- memory that no device may have ------------------------------------------------------ */

EXPERIMENT(dmabug_vmalloc, "dmabug.vmalloc", "found: a vmalloc address given to the API",
	   .needs = NEEDS)
{
	void *p = vmalloc(SIZE);

	if (expect(x, p, "no memory") && begin(x, DMA_FOUND_BAD_MEMORY)) {
		expect(x, planted_map(p, SIZE, DMA_TO_DEVICE) == DMA_MAPPING_ERROR,
		       "it was mapped");
		end(x, DMA_FOUND_BAD_MEMORY, "planted_map");
	}
	vfree(p);
}

EXPERIMENT(dmabug_stack, "dmabug.stack",
	   "found: a variable on the stack given to the API", .needs = NEEDS)
{
	u64 word = 0;

	if (!begin(x, DMA_FOUND_BAD_MEMORY))
		return;
	expect(x, planted_map(&word, sizeof(word), DMA_TO_DEVICE) == DMA_MAPPING_ERROR,
	       "it was mapped");
	end(x, DMA_FOUND_BAD_MEMORY, "planted_map");
}

static noinline dma_addr_t planted_map_text(void)
{
	struct page *page = pfn_to_page(PHYS_PFN(dma_check_area()->text_start));
	dma_addr_t dma = dma_map_page(&bug.dev, page, 0, SIZE, DMA_TO_DEVICE);

	barrier();
	return dma;
}

EXPERIMENT(dmabug_text, "dmabug.text", "found: kernel text mapped for a device",
	   .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_BAD_MEMORY))
		return;
	dma = planted_map_text();
	if (expect(x, !dma_mapping_error(&bug.dev, dma), "cannot be mapped"))
		dma_unmap_page(&bug.dev, dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_BAD_MEMORY, "planted_map_text");
}

/* --- whose the bytes are ------------------------------------------------------------------ */

EXPERIMENT(dmabug_touch_before, "dmabug.touch-before-read",
	   "found: the CPU changes a buffer between map and the device's read",
	   .needs = NEEDS | NEEDS_DMA_HASH)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_OWNERSHIP))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	bug.p[7]++;
	device_reads(dma, SIZE);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_OWNERSHIP, "planted_map");
}

EXPERIMENT(dmabug_touch_after, "dmabug.touch-after-write",
	   "found: the CPU changes a buffer between the device's write and unmap",
	   .needs = NEEDS | NEEDS_DMA_HASH)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_OWNERSHIP))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_FROM_DEVICE);
	device_writes(dma, SIZE);
	bug.p[SIZE - 1]++;
	planted_unmap(dma, SIZE, DMA_FROM_DEVICE);
	end(x, DMA_FOUND_OWNERSHIP, "planted_unmap");
}

EXPERIMENT(dmabug_touch_synced, "dmabug.touch-synced",
	   "not found: a buffer that a sync gave to the CPU; found: once it went back",
	   .needs = NEEDS | NEEDS_DMA_HASH)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_OWNERSHIP))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_BIDIRECTIONAL);
	dma_sync_single_for_cpu(&bug.dev, dma, SIZE, DMA_BIDIRECTIONAL);
	bug.p[0]++;
	dma_sync_single_for_device(&bug.dev, dma, SIZE, DMA_BIDIRECTIONAL);
	device_reads(dma, SIZE);
	bug.p[0]++;
	planted_unmap(dma, SIZE, DMA_BIDIRECTIONAL);
	end(x, DMA_FOUND_OWNERSHIP, "planted_unmap");
}

/* --- one buffer at a time ----------------------------------------------------------------- */

EXPERIMENT(dmabug_double_map, "dmabug.double-map",
	   "found: two mappings that a device writes in one cache line", .needs = NEEDS)
{
	dma_addr_t one, two;

	if (!begin(x, DMA_FOUND_DOUBLE_MAP))
		return;
	one = map_checked(x, bug.p, 32, DMA_FROM_DEVICE);
	two = map_checked(x, bug.p + 32, 32, DMA_FROM_DEVICE);
	planted_unmap(two, 32, DMA_FROM_DEVICE);
	planted_unmap(one, 32, DMA_FROM_DEVICE);
	end(x, DMA_FOUND_DOUBLE_MAP, "planted_map");
}

EXPERIMENT(dmabug_double_unmap, "dmabug.double-unmap", "found: a second unmap",
	   .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_DOUBLE_UNMAP))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	dma_unmap_single(&bug.dev, dma, SIZE, DMA_TO_DEVICE);
	provoke(x, 1); /* the API finds that nothing is mapped */
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_DOUBLE_UNMAP, "planted_unmap");
}

EXPERIMENT(dmabug_unmap_failed, "dmabug.unmap-failed",
	   "found: unmap of the address that says that a mapping failed", .needs = NEEDS)
{
	if (!begin(x, DMA_FOUND_DOUBLE_UNMAP))
		return;
	provoke(x, 1);
	planted_unmap(DMA_MAPPING_ERROR, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_DOUBLE_UNMAP, "planted_unmap");
}

EXPERIMENT(dmabug_unmap_size, "dmabug.unmap-size", "found: unmap of fewer bytes",
	   .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_UNMAP_SIZE))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	planted_unmap(dma, SIZE / 2, DMA_TO_DEVICE);
	end(x, DMA_FOUND_UNMAP_SIZE, "planted_unmap");
}

EXPERIMENT(dmabug_unmap_direction, "dmabug.unmap-direction",
	   "found: unmap in another direction", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_UNMAP_DIRECTION))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	planted_unmap(dma, SIZE, DMA_FROM_DEVICE);
	end(x, DMA_FOUND_UNMAP_DIRECTION, "planted_unmap");
}

static noinline void planted_unmap_sg(struct scatterlist *sg, int nents)
{
	dma_unmap_sg(&bug.dev, sg, nents, DMA_TO_DEVICE);
	barrier();
}

EXPERIMENT(dmabug_unmap_kind, "dmabug.unmap-kind",
	   "found: a single buffer unmapped as a scatter list", .needs = NEEDS)
{
	struct scatterlist sg;

	if (!begin(x, DMA_FOUND_UNMAP_KIND))
		return;
	sg_init_one(&sg, bug.p, SIZE);
	sg_dma_address(&sg) = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	sg_dma_len(&sg) = SIZE;
	planted_unmap_sg(&sg, 1);
	end(x, DMA_FOUND_UNMAP_KIND, "planted_unmap_sg");
}

EXPERIMENT(dmabug_unmap_entries, "dmabug.unmap-entries",
	   "found: a scatter list unmapped in part", .needs = NEEDS)
{
	struct scatterlist sg[2];

	if (dmacheck_device()->iommu) {
		skip(x,
		     "behind an IOMMU such an unmap is refused, and addresses are lost");
		return;
	}
	if (!begin(x, DMA_FOUND_UNMAP_ENTRIES))
		return;
	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], bug.p, SIZE);
	sg_set_buf(&sg[1], bug.p + 2 * SIZE, SIZE);
	if (expect(x, dma_map_sg(&bug.dev, sg, 2, DMA_TO_DEVICE), "cannot be mapped"))
		planted_unmap_sg(sg, 1);
	end(x, DMA_FOUND_UNMAP_ENTRIES, "planted_unmap_sg");
}

static noinline void planted_free(void *p, dma_addr_t dma)
{
	dma_free_coherent(&bug.dev, PAGE_SIZE, p, dma);
	barrier();
}

EXPERIMENT(dmabug_free_address, "dmabug.free-address",
	   "found: a coherent buffer freed with another CPU address", .needs = NEEDS)
{
	dma_addr_t dma;
	void *p;

	if (!begin(x, DMA_FOUND_UNMAP_ADDRESS))
		return;
	p = dma_alloc_coherent(&bug.dev, PAGE_SIZE, &dma, GFP_KERNEL);
	if (expect(x, p, "no coherent buffer")) {
		provoke(x, 1); /* the API frees nothing, and says so */
		planted_free(bug.p, dma);
		dma_free_coherent(&bug.dev, PAGE_SIZE, p, dma);
	}
	end(x, DMA_FOUND_UNMAP_ADDRESS, "planted_free");
}

/* --- sync --------------------------------------------------------------------------------- */

static noinline void planted_sync(dma_addr_t dma, size_t size,
				  enum dma_data_direction dir)
{
	dma_sync_single_for_device(&bug.dev, dma, size, dir);
	barrier();
}

EXPERIMENT(dmabug_sync_outside, "dmabug.sync-outside",
	   "found: a sync of more than is mapped", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_SYNC_OUTSIDE))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	planted_sync(dma + SIZE / 2, SIZE, DMA_TO_DEVICE);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_SYNC_OUTSIDE, "planted_sync");
}

EXPERIMENT(dmabug_sync_unmapped, "dmabug.sync-unmapped",
	   "found: a sync of what is no longer mapped", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_SYNC_OUTSIDE))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	planted_sync(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_SYNC_OUTSIDE, "planted_sync");
}

typedef void planted_sync_fn(dma_addr_t dma, size_t size, enum dma_data_direction dir);

/* Mapped one way and synced another, by a function of that name. */
static void sync_otherwise(struct trial *x, enum dma_data_direction mapped,
			   planted_sync_fn *sync, enum dma_data_direction synced,
			   const char *name)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_SYNC_DIRECTION))
		return;
	dma = map_checked(x, bug.p, SIZE, mapped);
	sync(dma, SIZE, synced);
	planted_unmap(dma, SIZE, mapped);
	end(x, DMA_FOUND_SYNC_DIRECTION, name);
}

EXPERIMENT(dmabug_sync_direction, "dmabug.sync-direction",
	   "found: a sync in another direction", .needs = NEEDS)
{
	sync_otherwise(x, DMA_TO_DEVICE, planted_sync, DMA_FROM_DEVICE, "planted_sync");
}

static noinline void planted_sync_for_cpu(dma_addr_t dma, size_t size,
					  enum dma_data_direction dir)
{
	dma_sync_single_for_cpu(&bug.dev, dma, size, dir);
	barrier();
}

EXPERIMENT(dmabug_sync_read_only, "dmabug.sync-read-only",
	   "found: a buffer that the device only reads synced for the CPU",
	   .needs = NEEDS)
{
	sync_otherwise(x, DMA_TO_DEVICE, planted_sync_for_cpu, DMA_FROM_DEVICE,
		       "planted_sync_for_cpu");
}

EXPERIMENT(dmabug_sync_write_only, "dmabug.sync-write-only",
	   "found: a buffer that the device only writes synced for the device",
	   .needs = NEEDS)
{
	sync_otherwise(x, DMA_FROM_DEVICE, planted_sync, DMA_TO_DEVICE, "planted_sync");
}

static noinline void planted_sync_sg(struct scatterlist *sg, int nents)
{
	dma_sync_sg_for_device(&bug.dev, sg, nents, DMA_TO_DEVICE);
	barrier();
}

EXPERIMENT(dmabug_sync_entries, "dmabug.sync-entries",
	   "found: a sync of a part of a scatter list", .needs = NEEDS)
{
	struct scatterlist sg[2];

	if (!begin(x, DMA_FOUND_SYNC_ENTRIES))
		return;
	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], bug.p, SIZE);
	sg_set_buf(&sg[1], bug.p + 2 * SIZE, SIZE);
	if (expect(x, dma_map_sg(&bug.dev, sg, 2, DMA_TO_DEVICE), "cannot be mapped")) {
		planted_sync_sg(sg, 1);
		dma_unmap_sg(&bug.dev, sg, 2, DMA_TO_DEVICE);
	}
	end(x, DMA_FOUND_SYNC_ENTRIES, "planted_sync_sg");
}

/* --- what the device can do ---------------------------------------------------------------- */

EXPERIMENT(dmabug_unchecked, "dmabug.unchecked",
	   "found: nobody asked whether the mapping succeeded", .needs = NEEDS)
{
	if (!begin(x, DMA_FOUND_UNCHECKED))
		return;
	planted_unmap(planted_map(bug.p, SIZE, DMA_TO_DEVICE), SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_UNCHECKED, "planted_unmap");
}

/* A bus that promises what the device cannot send. */
static dma_addr_t map_anywhere(struct device *dev, struct page *page, size_t offset,
			       size_t size, enum dma_data_direction dir,
			       unsigned long attrs)
{
	(void)dev, (void)size, (void)dir, (void)attrs;
	return page_to_phys(page) + offset;
}

static const struct dma_map_ops careless_ops = { .map_page = map_anywhere };

EXPERIMENT(dmabug_mask, "dmabug.beyond-mask",
	   "found: an address that the device cannot send", .needs = NEEDS)
{
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_BEYOND_MASK))
		return;
	bug.dev.dma_ops = &careless_ops;
	bug.mask = PAGE_SIZE - 1;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_BEYOND_MASK, "planted_map");
}

static noinline unsigned int planted_map_sg(struct scatterlist *sg)
{
	unsigned int n = dma_map_sg(&bug.dev, sg, 1, DMA_TO_DEVICE);

	barrier();
	return n;
}

/* One segment, which is too much for the device. */
static void map_one_segment(struct trial *x, size_t offset)
{
	struct scatterlist sg;

	sg_init_one(&sg, bug.p + offset, 2 * SIZE);
	if (expect(x, planted_map_sg(&sg), "cannot be mapped"))
		dma_unmap_sg(&bug.dev, &sg, 1, DMA_TO_DEVICE);
}

EXPERIMENT(dmabug_segment_length, "dmabug.segment-length",
	   "found: a segment longer than the device takes", .needs = NEEDS)
{
	if (!begin(x, DMA_FOUND_SEGMENT_LENGTH))
		return;
	dma_set_max_seg_size(&bug.dev, SIZE);
	map_one_segment(x, 0);
	end(x, DMA_FOUND_SEGMENT_LENGTH, "planted_map_sg");
}

EXPERIMENT(dmabug_segment_boundary, "dmabug.segment-boundary",
	   "found: a segment across a boundary of the device", .needs = NEEDS)
{
	if (!begin(x, DMA_FOUND_SEGMENT_BOUNDARY))
		return;
	dma_set_seg_boundary(&bug.dev, 4 * SIZE - 1);
	map_one_segment(x, 3 * SIZE);
	end(x, DMA_FOUND_SEGMENT_BOUNDARY, "planted_map_sg");
}

EXPERIMENT(dmabug_bad_call, "dmabug.bad-call", "found: a mapping of no bytes",
	   .needs = NEEDS)
{
	if (!begin(x, DMA_FOUND_BAD_CALL))
		return;
	expect(x, planted_map(bug.p, 0, DMA_TO_DEVICE) == DMA_MAPPING_ERROR,
	       "it was mapped");
	end(x, DMA_FOUND_BAD_CALL, "planted_map");
}

/* --- a window that is wider than the buffer ------------------------------------------------ */

EXPERIMENT(dmabug_exposed, "dmabug.exposed",
	   "told: bytes beside a buffer that the device reaches through its IOMMU",
	   .needs = NEEDS)
{
	const struct dma_check_area *area = dma_check_area();
	dma_addr_t dma;
	u64 before;

	if (!dmacheck_device()->iommu) {
		skip(x, "without an IOMMU the device reaches all memory");
		return;
	}
	if (!begin(x, DMA_FOUND_EXPOSED))
		return;
	before = bug.found[DMA_FOUND_EXPOSED];
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	device_reads(dma, SIZE);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	dma_check_provoke(0);
	expect(x, area->found[DMA_FOUND_EXPOSED] == before + 1, "told %lu times",
	       (unsigned long)(area->found[DMA_FOUND_EXPOSED] - before));
	dma = map_checked(x, bug.p, PAGE_SIZE, DMA_TO_DEVICE);
	planted_unmap(dma, PAGE_SIZE, DMA_TO_DEVICE);
	dma_check_take();
	expect(x, area->found[DMA_FOUND_EXPOSED] == before + 1, "told of a whole page");
	evidence(x, "%u bytes of a page mapped: told once, a whole page: not", SIZE);
	free_page((unsigned long)bug.p);
}

/* --- letting go ----------------------------------------------------------------------------- */

/* A driver for the host bridge, which no other driver wants: it takes a buffer, and leaves
 * without it. */
static struct device *bridge;
static dma_addr_t left;

static int planted_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	(void)id;
	bridge = &pdev->dev;
	bug.dev.endpoint = bridge->endpoint;
	left = dma_map_single(bridge, bug.p, SIZE, DMA_TO_DEVICE);
	return dma_mapping_error(bridge, left);
}

static const struct pci_device_id bridge_id[] = { { PCI_DEVICE(0x8086, 0x1237) }, { 0 } };

static struct pci_driver forgetful = {
	.name = "dmabug",
	.id_table = bridge_id,
	.probe = planted_probe,
};

EXPERIMENT(dmabug_leak, "dmabug.leak",
	   "found: a mapping that a driver leaves when it lets go of its device",
	   .needs = NEEDS)
{
	if (!begin(x, DMA_FOUND_LEAK))
		return;
	bridge = NULL;
	pci_register_driver(&forgetful);
	pci_unregister_driver(&forgetful);
	if (expect(x, bridge, "the driver found no host bridge"))
		dma_unmap_single(bridge, left, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_LEAK, "planted_probe");
}

/* --- the channel itself ---------------------------------------------------------------------- */

#define TRIES 100

/* A wild pointer hits the number of an entry in this CPU's ring.  It is one that says little:
 * that somebody asked for an error. */
static void spoil_an_entry(dma_addr_t dma)
{
	const struct dma_check_area *area = dma_check_area();
	struct dma_check_entry *entry;
	struct dma_check_ring *ring;
	unsigned long flags;

	local_irq_save(flags);
	ring = phys_to_virt(area->ring[smp_processor_id()]);
	entry = (struct dma_check_entry *)(ring + 1);
	dma_mapping_error(&bug.dev, dma);
	dma_mapping_error(&bug.dev, dma);
	WRITE_ONCE(entry[(ring->head - 2) & (area->ring_entries - 1)].seq, 0);
	local_irq_restore(flags);
	dma_check_take();
}

EXPERIMENT(dmabug_corrupt, "dmabug.corrupt",
	   "found: a wild write to what the DMA API publishes", .needs = NEEDS)
{
	const struct dma_check_area *area = dma_check_area();
	dma_addr_t dma;

	if (!begin(x, DMA_FOUND_CORRUPT))
		return;
	dma = map_checked(x, bug.p, SIZE, DMA_TO_DEVICE);
	/* A device that works just now has the entry taken before it is spoilt. */
	for (int i = 0;
	     i < TRIES && area->found[DMA_FOUND_CORRUPT] == bug.found[DMA_FOUND_CORRUPT];
	     i++)
		spoil_an_entry(dma);
	planted_unmap(dma, SIZE, DMA_TO_DEVICE);
	end(x, DMA_FOUND_CORRUPT, NULL);
}
