/* SPDX-License-Identifier: MIT */
/*
 * Memory events (abi/trace.h), for those in whom they happen.
 *
 * While it is not wanted an event is the test of one byte.  A hot function that finds it
 * wanted leaves its fast path; the rest of the work is done where that costs nobody else.
 * A record is reserved by one atomic addition, so neither interrupts nor preemption need to
 * be kept out, and any context may write one.
 */
#ifndef MM_TRACE_H
#define MM_TRACE_H

#include <abi/trace.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include "mm/platform.h"

struct dma_event;

extern struct trace_area trace_area;
/* By CPU; before there are rings, one that is read by nobody. */
extern struct trace_ring *trace_rings[NR_CPUS];

/* What of the command line's trace= it understands; 0 or -EINVAL.  Comma-separated globs of
 * event names ("kmem:*", "mm_page_*", "*"), and `chain`. */
int trace_setup(const char *arg);
/* Bytes of records that each CPU keeps: trace_buf_size=, for example 1M. */
int trace_buf_size_setup(const char *arg);
/* Makes the rings from boot memory, before mm_init(), and begins with what trace= named.
 * Without memory there are no rings, and no events. */
void trace_init(void);
void trace_reset(void);

/* The name by number, as "kmem:kmalloc"; NULL beyond the last. */
const char *trace_event_name(unsigned int id);

/* The byte in a register, and in one that no hot function has a use for: to a processor the
 * comparison of a constant with memory that lies beside the program counter is three
 * operations, a load and a test with its branch are two. */
static __always_inline u32 trace_enabled(enum trace_id id)
{
	u32 how = trace_area.enable[id];

	__asm__("" : "+c"(how));
	return how;
}

/* Is the event wanted?  And without its chain? */
#define trace_on(id)	unlikely(trace_enabled(id))
#define trace_plain(id) (trace_area.enable[id] == TRACE_PLAIN)

/* Two numbers in one word. */
static __always_inline u64 trace_pair(u32 low, u32 high)
{
	return low | (u64)high << 32;
}

/*
 * A record with no chain, for hot functions, where trace_plain(id) is true.  Between begin
 * and end the caller fills in site and arguments, those of 32 bits in the low half of their
 * word.  Neither calls anything.
 */
static __always_inline struct trace_record *trace_begin_in(struct trace_ring *ring,
							   u64 *place)
{
	*place = __atomic_fetch_add(&ring->head, sizeof(struct trace_record),
				    __ATOMIC_RELAXED);
	return (struct trace_record *)((char *)(ring + 1) + (*place & ring->mask));
}

static __always_inline struct trace_record *trace_begin(u64 *place)
{
	return trace_begin_in(trace_rings[arch_cpu_id()], place);
}

static __always_inline void trace_end(struct trace_record *record, u64 place, u64 id)
{
	arch_cycles_to(&record->tsc);
	__atomic_store_n(&record->head, place | id, __ATOMIC_RELEASE);
}

/* A record with all arguments, and no chain. */
static __always_inline void trace_write_plain(enum trace_id id, unsigned long site,
					      u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 place;
	struct trace_record *record = trace_begin(&place);

	record->site = site;
	record->arg[0] = a0;
	record->arg[1] = a1;
	record->arg[2] = a2;
	record->arg[3] = a3;
	record->arg[4] = a4;
	trace_end(record, place, id);
}

/* A record with all arguments, and with its chain if that is wanted. */
void trace_write(enum trace_id id, unsigned long site, u64 a0, u64 a1, u64 a2, u64 a3,
		 u64 a4);

/* The same for what is not hot. */
static __always_inline void trace_rare(enum trace_id id, unsigned long site, u64 a0,
				       u64 a1, u64 a2, u64 a3, u64 a4)
{
	u32 how = trace_enabled(id);

	if (likely(!how))
		return;
	if (how == TRACE_PLAIN)
		trace_write_plain(id, site, a0, a1, a2, a3, a4);
	else
		trace_write(id, site, a0, a1, a2, a3, a4);
}

/* Is any event of the DMA API wanted?  Their bytes are one word. */
static __always_inline bool trace_dma_on(void)
{
	u64 word;

	_Static_assert(TRACE_DMA_UNMAP_SG - TRACE_DMA_MAP_PAGE < sizeof(word), "a word");
	_Static_assert(TRACE_IDS_MAX - TRACE_DMA_MAP_PAGE >= sizeof(word), "inside");
	__builtin_memcpy(&word, &trace_area.enable[TRACE_DMA_MAP_PAGE], sizeof(word));
	return unlikely(word);
}

/* What the DMA API shows its observer, of lists: other events are written where they
 * happen. */
void trace_dma(const struct dma_event *event);

#endif
