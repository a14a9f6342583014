/* SPDX-License-Identifier: MIT */
/*
 * Memory events of the guest: its allocators write a record for each event into a ring of
 * the CPU they run on, in guest memory; the monitor reads the rings while the guest runs, or
 * after it died, with no exit and nobody asked.  Names, fields and meaning are those of
 * Linux's tracepoints (include/trace/events/{kmem,vmalloc,vmscan,dma}.h).
 *
 * The published state leads here: struct memstate_mm.trace_va is a struct trace_area.
 *
 * Who writes what.  The monitor writes `enable`, one byte an event; the guest tests it at
 * each event and does nothing more while it is 0.  All else is the guest's.  A ring is
 * never full: a new record takes the place of the oldest.  To write one, a CPU
 *
 *   1. adds the size of a record to the ring's `head`: what it was is the place of the
 *	record, in bytes since the ring began; its low bits say where in the ring,
 *   2. fills the record in there,
 *   3. stores the record's own `head`: the place, and the event's number in the low bits.
 *
 * So a reader that has taken all up to `at` knows that (head - at) / 64 records were begun
 * since.  One whose `head` is not what its place asks for is not done yet (or its CPU was
 * taken from it in the middle).  After it was copied, the ring's `head` is read again: while
 * that is no further than the ring's size beyond the place, the copy is whole; otherwise the
 * record was overtaken, and is lost.  Every record takes a place, so how many were lost is
 * known exactly, with no counter to keep.  An event that is longer than a record takes several
 * places by one addition in step 1, never more than half of its ring.
 */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include <abi/types.h>

#define TRACE_MAGIC   0x4543415254565000ull /* "\0PVTRACE" */
#define TRACE_VERSION 2u

/*
 * Arguments of each event: the words of trace_record.arg.  Those marked u32 are the lower
 * half of their word; `a | b << 32` is two of them.  Orders, gfp flags and migrate types are
 * the guest's, which are Linux's.
 */
enum trace_id {
	/* kmem.  va of struct page (0: the request failed); order u32; gfp u32 */
	TRACE_MM_PAGE_ALLOC = 1,
	TRACE_MM_PAGE_FREE, /* va of struct page; order u32 */
	/* A request was served from page blocks of another type: va of struct page;
	 * alloc_order | fallback_order << 32; alloc_migratetype | fallback_migratetype << 32;
	 * change_ownership */
	TRACE_MM_PAGE_ALLOC_EXTFRAG,
	TRACE_KMALLOC, /* ptr (0: failed); bytes_req; bytes_alloc; gfp u32 */
	TRACE_KFREE, /* ptr */
	/* ptr; bytes_req | bytes_alloc << 32; va of the cache; gfp u32 */
	TRACE_KMEM_CACHE_ALLOC,
	TRACE_KMEM_CACHE_FREE, /* ptr; va of the cache */
	/* vmalloc.  addr (vend: failed); size; align; vstart; vend */
	TRACE_ALLOC_VMAP_AREA,
	TRACE_PURGE_VMAP_AREA_LAZY, /* start; end; npurged */
	TRACE_FREE_VMAP_AREA_NOFLUSH, /* va_start; nr_lazy; nr_lazy_max: pages */
	/* vmscan */
	TRACE_DIRECT_RECLAIM_BEGIN, /* order; gfp */
	TRACE_DIRECT_RECLAIM_END, /* nr_reclaimed: objects */
	TRACE_KSWAPD_WAKE, /* nid; zid | order << 32 */
	TRACE_KSWAPD_SLEEP, /* nid */
	/* dma.  endpoint | dir << 32; phys_addr; dma_addr; size; attrs.  The endpoint is
	 * bus << 8 | device << 3 | function */
	TRACE_DMA_MAP_PAGE,
	TRACE_DMA_UNMAP_PAGE, /* the same; no phys_addr */
	/* endpoint | dir << 32; virt_addr; dma_addr; size; gfp | attrs << 32 */
	TRACE_DMA_ALLOC,
	TRACE_DMA_FREE, /* the same, without gfp */
	/* endpoint | dir << 32; entries that the driver gave | those for the device << 32;
	 * attrs; bytes of the list; how many records of TRACE_SEGMENTS follow */
	TRACE_DMA_MAP_SG,
	TRACE_DMA_UNMAP_SG, /* the same; no entries for the device */
	TRACE_IDS,
};

/* What `enable` says of an event. */
#define TRACE_OFF   0u
#define TRACE_PLAIN 1u
#define TRACE_CHAIN 2u /* with the call chain */

/* Low bits of a record's head. */
#define TRACE_IDS_MAX	32u
#define TRACE_ID_MASK	(TRACE_IDS_MAX - 1)
#define TRACE_HAS_CHAIN 0x20u
/* No event of its own: entries of the list that the record before it, or before others of
 * these, tells of.  All of them were reserved by one addition, so nothing is in between. */
#define TRACE_SEGMENTS (TRACE_IDS_MAX - 1)

struct trace_record {
	le64 head; /* its place in bytes, a multiple of 64 | TRACE_HAS_CHAIN | enum trace_id */
	le64 tsc;
	le64 site; /* return address of the call into the allocator; 0: not told */
	union { /* those that the event does not have are of no meaning */
		le64 arg[5];
		struct {
			le32 value, unused;
		} low[5]; /* of an argument of 32 bits, whose upper half is of no meaning */
	};
};
_Static_assert(sizeof(struct trace_record) == 64, "record");
_Static_assert(TRACE_IDS <= TRACE_SEGMENTS, "numbers of events");

/* One entry of a scatter list; those that lists do not have are zero. */
struct trace_segment {
	le64 phys_addr;
	le64 dma_addr; /* of the n-th entry for the device, as is length */
	le32 length;
	le32 zero;
};

#define TRACE_SEGMENTS_EACH 2u /* in a record */
#define TRACE_SEGMENTS_MAX  128u /* told of one list: Linux's DMA_TRACE_MAX_ENTRIES */
#define TRACE_FOLLOW_MAX    (TRACE_SEGMENTS_MAX / TRACE_SEGMENTS_EACH)

struct trace_segments {
	le64 head; /* as a record's */
	struct trace_segment segment[TRACE_SEGMENTS_EACH];
	le64 zero;
};
_Static_assert(sizeof(struct trace_segments) == sizeof(struct trace_record), "segments");

/* Return addresses from the site on, innermost first; 0 behind the last. */
#define TRACE_CHAIN_MAX 16
struct trace_chain {
	le64 pc[TRACE_CHAIN_MAX];
};
_Static_assert(sizeof(struct trace_chain) == 128, "chain");

/* Followed by the records, and these by a chain for each. */
struct trace_ring {
	le64 head; /* bytes of records begun, ever */
	le64 mask; /* the guest's own: bytes of records - 1 */
	le64 zero[6];
};
_Static_assert(sizeof(struct trace_ring) == 64, "ring");

#define TRACE_RINGS_MAX 256u
#define TRACE_BYTES_MIN 64u
#define TRACE_BYTES_MAX (1u << 26)

struct trace_area {
	le64 magic;
	le32 version;
	le32 size; /* of this structure */
	le32 nr_rings; /* ring n is that of CPU n; 0: there are none yet */
	le32 ring_bytes; /* of its records: a power of two */
	le64 rings; /* pa of the first */
	le64 stride; /* from one to the next */
	le64 zero[3];
	uint8_t enable[TRACE_IDS_MAX]; /* by event: TRACE_OFF, ... */
};
_Static_assert(sizeof(struct trace_area) == 96, "area");

#endif
