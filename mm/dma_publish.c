/* SPDX-License-Identifier: MIT */
/*
 * A call of the DMA API becomes an entry in the ring of the CPU that makes it: see
 * abi/dma_check.h for what is promised about order.
 *
 * The ring is written with interrupts off, so that a CPU has one writer.  The number is
 * drawn there, too: what this CPU numbers later stands later in its ring.
 */
#include <linux/atomic.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "mm/dma_account.h"
#include "mm/dma_internal.h"
#include "mm/dma_publish.h"
#include "mm/platform.h"
#include "mm/reset.h"

_Static_assert(NR_CPUS <= DMA_CHECK_RINGS_MAX, "a ring for each CPU");
_Static_assert(DMA_BIDIRECTIONAL == DMA_CHECK_BIDIRECTIONAL &&
		       DMA_TO_DEVICE == DMA_CHECK_TO_DEVICE &&
		       DMA_FROM_DEVICE == DMA_CHECK_FROM_DEVICE &&
		       DMA_NONE == DMA_CHECK_NONE,
	       "directions go on the wire as they are");

/* How far from here an address on the caller's stack may be: the size of a stack. */
#define STACK_REACH 16384UL

/* Of one CPU, which alone uses it, with interrupts off. */
struct ring {
	struct dma_check_ring *shared; /* followed by the entries */
	struct dma_check_entry *entry;
	u32 head; /* what shared->head says: not read from there */
	u32 full; /* head may go on to here; what the monitor took since is not looked at */
} __aligned(64);

static struct {
	struct dma_check_area *area; /* NULL: off */
	void (*take)(void);
	void (*observer)(const struct dma_event *event);
	u32 entries; /* of a ring */
	struct ring ring[NR_CPUS];
	atomic_long_t seq; /* of the last entry */
} channel;

static const u8 wire_kind[] = {
	[DMA_EVENT_MAP] = DMA_CHECK_MAP,
	[DMA_EVENT_UNMAP] = DMA_CHECK_UNMAP,
	[DMA_EVENT_MAP_RESOURCE] = DMA_CHECK_MAP_RESOURCE,
	[DMA_EVENT_UNMAP_RESOURCE] = DMA_CHECK_UNMAP_RESOURCE,
	[DMA_EVENT_MAP_SG] = DMA_CHECK_MAP_SG,
	[DMA_EVENT_UNMAP_SG] = DMA_CHECK_UNMAP_SG,
	[DMA_EVENT_ALLOC] = DMA_CHECK_ALLOC,
	[DMA_EVENT_FREE] = DMA_CHECK_FREE,
	[DMA_EVENT_SYNC_FOR_CPU] = DMA_CHECK_SYNC_FOR_CPU,
	[DMA_EVENT_SYNC_FOR_DEVICE] = DMA_CHECK_SYNC_FOR_DEVICE,
	[DMA_EVENT_SYNC_SG_FOR_CPU] = DMA_CHECK_SYNC_SG_FOR_CPU,
	[DMA_EVENT_SYNC_SG_FOR_DEVICE] = DMA_CHECK_SYNC_SG_FOR_DEVICE,
	[DMA_EVENT_CHECK] = DMA_CHECK_ERROR_ASKED,
	[DMA_EVENT_RELEASED] = DMA_CHECK_RELEASED,
	[DMA_EVENT_STARTED] = DMA_CHECK_STARTED,
};

struct dma_check_area *dma_publish_area(void)
{
	return channel.area;
}

/* --- what an entry says ---------------------------------------------------------------- */

/* The chain from the driver's call on: what is nearer is the DMA API itself.  That somebody
 * asked for an error is all there is to know of it. */
static __always_inline u8 chain_of(const struct dma_event *event,
				   le64 chain[DMA_CHECK_CHAIN])
{
	_Static_assert(DMA_CHECK_CHAIN == PLATFORM_CHAIN, "it fits");
	if (event->kind == DMA_EVENT_CHECK)
		return 0;
	return (u8)platform_call_chain(event->caller, (unsigned long *)chain);
}

static bool on_this_stack(unsigned long va)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);

	return va - here < STACK_REACH;
}

static u8 refused_kind(const struct dma_event *event)
{
	switch (event->why) {
	case DMA_REFUSED_CALL:
		return DMA_CHECK_REFUSED_CALL;
	case DMA_REFUSED_MEMORY:
		return on_this_stack(event->phys) ? DMA_CHECK_REFUSED_STACK
						  : DMA_CHECK_REFUSED_MEMORY;
	case DMA_REFUSED_REACH:
		break;
	}
	/* Where something could have made it reachable, it is only used up. */
	return dma_ops_of(event->dev) == &dma_direct_ops && event->phys
		       ? DMA_CHECK_REFUSED_REACH
		       : DMA_CHECK_REFUSED_ROOM;
}

static le16 short_count(int n)
{
	return (le16)(n > 0xffff ? 0xffff : n);
}

/* --- the ring --------------------------------------------------------------------------- */

/* A monitor that takes nothing finds its ring overwritten, and says so. */
static noinline void make_room(struct ring *r)
{
	r->full = smp_load_acquire(&r->shared->tail) + channel.entries;
	if (r->full != r->head)
		return;
	channel.take();
	r->full = smp_load_acquire(&r->shared->tail) + channel.entries;
	if (r->full == r->head)
		r->full++;
}

/* The next entry of this CPU's ring, with interrupts off. */
static __always_inline struct dma_check_entry *next_entry(struct ring *r)
{
	if (unlikely(r->head == r->full))
		make_room(r);
	return &r->entry[r->head & (channel.entries - 1)];
}

static void publish_entry(struct ring *r, struct dma_check_entry *e)
{
	e->seq = (u64)atomic_long_inc_return(&channel.seq);
	r->head++;
	smp_store_release(&r->shared->head, r->head);
}

/* --- entries ---------------------------------------------------------------------------- */

/* What the device can reach, for what maps. */
static u64 limit_of(const struct dma_event *event)
{
	return event->kind == DMA_EVENT_ALLOC ? event->dev->coherent_dma_mask
	       : event->dev->dma_mask	      ? dma_get_mask(event->dev)
					      : 0;
}

/* Written in place, each member once, of those that the kind has; the chain is the caller's. */
static __always_inline void fill_in(struct dma_check_entry *e,
				    const struct dma_event *event, u8 kind, u64 addr,
				    u64 phys, u64 size)
{
	e->kind = kind;
	e->dir = (u8)event->dir;
	e->flags = event->attrs & DMA_ATTR_SKIP_CPU_SYNC ? DMA_CHECK_F_SKIP_SYNC : 0;
	e->endpoint = event->dev->endpoint;
	e->addr = addr;
	e->phys = phys;
	e->size = size;
	e->entries = short_count(event->nents);
}

static __always_inline void append(const struct dma_event *event, u8 kind, bool maps)
{
	struct dma_check_entry *e;
	unsigned long flags;
	struct ring *r;

	local_irq_save(flags);
	r = &channel.ring[arch_cpu_id()];
	e = next_entry(r);
	fill_in(e, event, kind,
		event->nents > 0 ? sg_dma_address(event->sg) : event->addr, event->phys,
		event->size);
	if (maps)
		e->limit = limit_of(event);
	e->depth = chain_of(event, e->chain);
	publish_entry(r, e);
	local_irq_restore(flags);
}

/* The segments of a list follow each other: interrupts stay off. */
static void append_segments(const struct dma_event *event)
{
	/* Entries that were merged have lost their places. */
	bool placed = event->mapped == event->nents;
	struct dma_check_entry *e;
	struct scatterlist *sg;
	unsigned long flags;
	struct ring *r;
	int i;

	local_irq_save(flags);
	r = &channel.ring[arch_cpu_id()];
	for_each_sg (event->sg, sg, event->mapped, i) {
		e = next_entry(r);
		fill_in(e, event, DMA_CHECK_MAP_SG, sg_dma_address(sg),
			placed ? sg_phys(sg) : 0, sg_dma_len(sg));
		e->limit = limit_of(event);
		e->max_segment = dma_get_max_seg_size(event->dev);
		e->boundary = dma_get_seg_boundary(event->dev);
		e->index = short_count(i);
		e->depth = i ? 0 : chain_of(event, e->chain);
		publish_entry(r, e);
	}
	local_irq_restore(flags);
}

static void publish(const struct dma_event *event)
{
	switch (event->kind) {
	case DMA_EVENT_MAP_SG:
		append_segments(event);
		break;
	case DMA_EVENT_MAP:
	case DMA_EVENT_MAP_RESOURCE:
	case DMA_EVENT_ALLOC:
		append(event, wire_kind[event->kind], true);
		break;
	case DMA_EVENT_REFUSED:
		append(event, refused_kind(event), true);
		break;
	default:
		append(event, wire_kind[event->kind], false);
		break;
	}
}

/* Something changes hands: its bytes are looked at before the call returns. */
static bool changes_hands(enum dma_event_kind kind)
{
	switch (kind) {
	case DMA_EVENT_MAP:
	case DMA_EVENT_UNMAP:
	case DMA_EVENT_MAP_RESOURCE:
	case DMA_EVENT_UNMAP_RESOURCE:
	case DMA_EVENT_MAP_SG:
	case DMA_EVENT_UNMAP_SG:
	case DMA_EVENT_SYNC_FOR_CPU:
	case DMA_EVENT_SYNC_FOR_DEVICE:
	case DMA_EVENT_SYNC_SG_FOR_CPU:
	case DMA_EVENT_SYNC_SG_FOR_DEVICE:
		return true;
	default:
		return false;
	}
}

static void publish_each_call(const struct dma_event *event)
{
	publish(event);
	if (changes_hands(event->kind))
		channel.take();
}

/* --- beginning and end ------------------------------------------------------------------- */

static size_t ring_size(unsigned int entries)
{
	return sizeof(struct dma_check_ring) + entries * sizeof(struct dma_check_entry);
}

static int make_rings(struct dma_check_area *area, unsigned int entries)
{
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++) {
		struct ring *r = &channel.ring[cpu];

		r->head = 0;
		r->full = entries;
		r->shared =
			alloc_pages_exact(ring_size(entries), GFP_KERNEL | __GFP_ZERO);
		if (!r->shared)
			return -ENOMEM;
		r->entry = (struct dma_check_entry *)(r->shared + 1);
		area->ring[cpu] = virt_to_phys(r->shared);
		area->nr_rings++;
	}
	return 0;
}

static void free_area(struct dma_check_area *area)
{
	for (unsigned int cpu = 0; cpu < area->nr_rings; cpu++)
		free_pages_exact(channel.ring[cpu].shared, ring_size(area->ring_entries));
	free_page((unsigned long)area);
}

int dma_publish_start(unsigned int entries, void (*take)(void), bool each_call)
{
	struct dma_check_area *area;

	if (!is_power_of_2(entries) || entries > DMA_CHECK_ENTRIES_MAX)
		return -EINVAL;
	if (channel.area)
		return -EBUSY;
	area = (void *)get_zeroed_page(GFP_KERNEL);
	if (!area)
		return -ENOMEM;
	area->magic = DMA_CHECK_MAGIC;
	area->version = DMA_CHECK_VERSION;
	area->ring_entries = entries;
	if (make_rings(area, entries)) {
		free_area(area);
		return -ENOMEM;
	}
	channel.area = area;
	channel.take = take;
	channel.observer = each_call ? publish_each_call : publish;
	channel.entries = entries;
	atomic_long_set(&channel.seq, 0);
	return dma_observer_add(channel.observer);
}

void dma_publish_stop(void)
{
	struct dma_check_area *area = channel.area;

	if (!area)
		return;
	dma_observer_remove(channel.observer);
	channel.area = NULL;
	free_area(area);
}

void dma_publish_reset(void)
{
	channel.area = NULL;
}
