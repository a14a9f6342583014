/* SPDX-License-Identifier: MIT */
/*
 * The channel of the DMA checker: what a guest's DMA API tells the monitor, so that the
 * monitor can judge every device access, and every call of the API, against the set of
 * mappings that are live.
 *
 * Order is all.  A mapping must be known before a device is told of it, and its end before
 * its memory is used again; yet a call should cost no exit.  So:
 *
 *   - Each CPU has a ring of entries in guest memory.  A call writes its entry and stores
 *     `head`; both are done before the call returns to the driver.  What ends or hands over
 *     a mapping (unmap, free, sync for the CPU) is told before it is done, everything else
 *     (map, alloc, sync for the device) after.
 *   - The monitor takes all entries out of all rings before it judges an access of a device.
 *     An access that a driver could cause came after the entries of what the driver did
 *     before, on whatever CPU: memory order alone makes them visible.
 *   - Entries of different rings are put in order by `seq`, drawn from one counter for the
 *     whole guest.  A call that returned before another began has the smaller numbers and
 *     is visible to whoever sees the other; so the monitor reads all heads, then all heads
 *     again, and goes only as far as the highest number that the first look has found.
 *     Calls that overlap in time may come in either order, as they do in the guest.
 *   - A ring that is full is emptied by one exit: any write to PV_DMA_CHECK_PORT of a value
 *     below DMA_CHECK_PAGE_MIN makes the monitor take all entries before the vCPU goes on.
 *   - PV_CPUID_DMA_CHECK_EACH_CALL (abi/cpuid.h) asks for that exit after each
 *     map, unmap and sync: the monitor hashes the buffer in that moment, while the call
 *     still lasts.  Entries that another CPU has written by then are hashed with it; their
 *     calls last as well.
 *
 * It begins with the guest: where the CPUID leaf says PV_CPUID_DMA_CHECK, it fills in a
 * struct dma_check_area and writes the number of its page to the port.  Before that nothing
 * is judged; the guest starts with no mapping live.  A reset ends it.
 *
 * The monitor believes nothing of this.  Rings must lie in RAM; an index, a number or a
 * length that makes no sense is one finding (DMA_FOUND_CORRUPT), the entry is left out, and
 * the rest goes on.
 */
#ifndef ABI_DMA_CHECK_H
#define ABI_DMA_CHECK_H

#include <abi/types.h>

/* 4-byte writes to PV_DMA_CHECK_PORT (abi/platform.h): the number of the area's page (its
 * address / 4096) begins the channel, anything below DMA_CHECK_PAGE_MIN takes all entries. */
#define DMA_CHECK_TAKE	   0u
#define DMA_CHECK_PAGE_MIN 16u

#define DMA_CHECK_MAGIC	  0x4b434843414d44ull /* "DMACHCK" */
#define DMA_CHECK_VERSION 4u

#define DMA_CHECK_RINGS_MAX   256u
#define DMA_CHECK_ENTRIES_MAX 4096u
#define DMA_CHECK_CHAIN	      8u

/* --- entries --------------------------------------------------------------------------- */

/* Streaming; `single` is also what dma_map_page() makes. */
#define DMA_CHECK_MAP		     1u /* addr, phys, size */
#define DMA_CHECK_UNMAP		     2u /* addr, size */
#define DMA_CHECK_MAP_SG	     3u /* one entry a mapped segment: addr, phys, size */
#define DMA_CHECK_UNMAP_SG	     4u /* addr of the first segment */
#define DMA_CHECK_SYNC_FOR_CPU	     5u /* addr, size; anywhere inside a mapping */
#define DMA_CHECK_SYNC_FOR_DEVICE    6u
#define DMA_CHECK_SYNC_SG_FOR_CPU    7u /* addr of the first segment */
#define DMA_CHECK_SYNC_SG_FOR_DEVICE 8u
#define DMA_CHECK_ALLOC		     9u /* coherent: addr, phys, size as asked for */
#define DMA_CHECK_FREE		     10u /* addr, phys, size */
#define DMA_CHECK_ERROR_ASKED	     11u /* dma_mapping_error(addr) */
#define DMA_CHECK_RELEASED	     12u /* a driver has let go of the device */
/* A map call that failed, and why. */
#define DMA_CHECK_REFUSED_CALL	 13u /* no size, no direction, or a device without DMA */
#define DMA_CHECK_REFUSED_MEMORY 14u /* phys: a virtual address outside the direct map */
#define DMA_CHECK_REFUSED_STACK	 15u /* the same, on the caller's stack */
#define DMA_CHECK_REFUSED_REACH	 16u /* phys, size: beyond limit, nothing to bounce it */
#define DMA_CHECK_REFUSED_ROOM	 17u /* addresses or memory are used up: no fault */
/* dma_map_resource(): memory that is none of the kernel's. */
#define DMA_CHECK_MAP_RESOURCE	 18u /* addr, phys, size */
#define DMA_CHECK_UNMAP_RESOURCE 19u /* addr, size */
/* A driver is about to tell the device that there is work, or finds that it need not: who asked
 * for it.  addr: the queue; phys, size: the number of the first request, modulo 2^16, and how
 * many; size 0: nothing new, or a device without queues. */
#define DMA_CHECK_STARTED 20u
#define DMA_CHECK_KINDS	  21u

/* dir: Linux's enum dma_data_direction. */
#define DMA_CHECK_BIDIRECTIONAL 0u
#define DMA_CHECK_TO_DEVICE	1u
#define DMA_CHECK_FROM_DEVICE	2u
#define DMA_CHECK_NONE		3u

/* flags */
#define DMA_CHECK_F_SKIP_SYNC 1u /* DMA_ATTR_SKIP_CPU_SYNC: nothing changes hands */

struct dma_check_entry {
	le64 seq; /* counts all entries of the guest, from 1 */
	uint8_t kind; /* DMA_CHECK_MAP ... */
	uint8_t dir;
	uint8_t flags;
	uint8_t depth; /* of the chain; 0 with index > 0: the chain of the first segment */
	le32 endpoint; /* of the device: bus << 8 | device << 3 | function */
	le64 addr; /* as the device uses it */
	le64 phys; /* of the memory behind it */
	le64 size; /* bytes */
	/* From here to index, what a kind does not name may hold anything. */
	le64 limit; /* what maps or is refused: the highest address the device can send; 0: not
		     * told */
	le64 boundary; /* MAP_SG: no segment crosses a multiple of this + 1; 0: not told */
	le32 max_segment; /* MAP_SG: bytes; 0: not told */
	le16 entries; /* *_SG: what the driver gave as the length of its list, up to 65535 */
	le16 index; /* MAP_SG: of the segment, from 0, up to 65535; those of one list follow
		     * each other in the ring */
	le64 chain[DMA_CHECK_CHAIN]; /* return addresses, the driver's call first */
};
_Static_assert(sizeof(struct dma_check_entry) == 128, "entry");

/* Follows: entry[ring_entries]. */
struct dma_check_ring {
	le32 head; /* the guest's: entries written so far, modulo 2^32 */
	le32 tail; /* the monitor's: entries taken.  The guest writes no further ahead than
		    * ring_entries */
	le64 zero[7];
};
_Static_assert(sizeof(struct dma_check_ring) == 64, "ring");

/* --- findings -------------------------------------------------------------------------- */

/* What the checker finds.  In struct dma_check_area, in reports and in JSON. */
#define DMA_FOUND_OUTSIDE	   1u /* access where nothing is mapped */
#define DMA_FOUND_PAST_END	   2u /* access that runs past the end of a mapping */
#define DMA_FOUND_AFTER_UNMAP	   3u /* access to what was mapped */
#define DMA_FOUND_DIRECTION	   4u /* write into to-device, read from from-device */
#define DMA_FOUND_BAD_MEMORY	   5u /* map of vmalloc, stack or kernel image memory */
#define DMA_FOUND_OWNERSHIP	   6u /* the CPU wrote to what was the device's */
#define DMA_FOUND_DOUBLE_MAP	   7u /* of one cache line, which the device writes */
#define DMA_FOUND_DOUBLE_UNMAP	   8u /* unmap or free of what is not mapped */
#define DMA_FOUND_UNMAP_SIZE	   9u
#define DMA_FOUND_UNMAP_DIRECTION  10u
#define DMA_FOUND_UNMAP_KIND	   11u /* by the call for another kind of mapping */
#define DMA_FOUND_UNMAP_ENTRIES	   12u /* with another number of entries */
#define DMA_FOUND_UNMAP_ADDRESS	   13u /* free with another CPU address */
#define DMA_FOUND_SYNC_OUTSIDE	   14u /* no mapping, or past its end */
#define DMA_FOUND_SYNC_DIRECTION   15u
#define DMA_FOUND_SYNC_ENTRIES	   16u
#define DMA_FOUND_UNCHECKED	   17u /* nobody asked for a mapping error */
#define DMA_FOUND_BEYOND_MASK	   18u
#define DMA_FOUND_SEGMENT_LENGTH   19u
#define DMA_FOUND_SEGMENT_BOUNDARY 20u
#define DMA_FOUND_LEAK		   21u /* mapped when the driver let go of the device */
#define DMA_FOUND_BAD_CALL	   22u /* no size, no direction, or a device without DMA */
#define DMA_FOUND_CORRUPT	   23u /* this channel makes no sense */
#define DMA_FOUND_EXPOSED	   24u /* information: the device reaches more than is mapped */
#define DMA_FOUND_KINDS		   25u

/* --- the area: one page ---------------------------------------------------------------- */

struct dma_check_area {
	le64 magic;
	le32 version;
	le32 nr_rings; /* at most DMA_CHECK_RINGS_MAX */
	le32 ring_entries; /* of each ring: a power of two up to DMA_CHECK_ENTRIES_MAX */
	le32 zero;
	/* Physical addresses of the kernel's text and data that is only read: nothing of it is
	 * mapped for a device.  Both 0: not told. */
	le64 text_start, text_end;
	/* The guest's, at any time: findings of these kinds (1 << kind) are provoked.  They are
	 * reported as such and are no failure of the run. */
	le64 provoked;
	/* The monitor's, as of the last time it took entries or a device moved bytes.  A
	 * finding is counted each time, though it is reported once for each call site. */
	le64 unexpected; /* those that were not provoked, DMA_FOUND_EXPOSED left out */
	le32 last_kind; /* of the last finding, DMA_FOUND_EXPOSED left out */
	le32 last_endpoint;
	le64 last_addr;
	le64 last_size;
	le64 last_site; /* the return address that the report names first; 0: none */
	le64 found[DMA_FOUND_KINDS]; /* by kind */
	/* The guest's, fixed: where the rings are. */
	le64 ring[DMA_CHECK_RINGS_MAX];
};
_Static_assert(sizeof(struct dma_check_area) == 2336, "area");
_Static_assert(sizeof(struct dma_check_area) <= 4096, "the area is one page");

#endif
