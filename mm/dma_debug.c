/* SPDX-License-Identifier: MIT */
/*
 * The books are one table, searched from the hash of the address on: an entry is free, or a
 * live mapping.  There is no end mark, so that entries can leave in any order: a search
 * looks at PROBES places, and a mapping is only put there.
 *
 * Written under a lock, read from outside without: `kind` is stored last and cleared first.
 */
#include <abi/memstate.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "mm/dma_account.h"
#include "mm/dma_debug.h"
#include "mm/page_debug.h"

#define PROBES 64U

struct dma_debug_entry *dma_debug_entries;
u64 dma_debug_lost;

static bool wanted;
static DEFINE_SPINLOCK(lock); /* guards both */

int dma_debug_setup(const char *arg)
{
	return parse_on_off(arg, &wanted);
}

static struct dma_debug_entry *place(dma_addr_t addr, u32 i)
{
	u32 hash = (u32)((addr * 0x9e3779b97f4a7c15ULL) >> 40);

	return &dma_debug_entries[(hash + i) & (DMA_DEBUG_ENTRIES - 1)];
}

static void add(const struct dma_event *event, u8 kind, dma_addr_t addr, phys_addr_t phys,
		u64 size, dma_addr_t list)
{
	for (u32 i = 0; i < PROBES; i++) {
		struct dma_debug_entry *e = place(addr, i);

		if (e->kind)
			continue;
		e->dir = (u8)event->dir;
		e->endpoint = event->dev->endpoint;
		e->addr = addr;
		e->phys = phys;
		e->size = size;
		e->caller = event->caller->pc;
		e->dev = event->dev;
		e->name = dev_name(event->dev);
		e->list = list;
		__atomic_store_n(&e->kind, kind, __ATOMIC_RELEASE);
		return;
	}
	dma_debug_lost++;
}

static struct dma_debug_entry *find(const struct device *dev, u8 kind, dma_addr_t addr)
{
	for (u32 i = 0; i < PROBES; i++) {
		struct dma_debug_entry *e = place(addr, i);

		if (e->kind == kind && e->addr == addr && e->dev == dev)
			return e;
	}
	return NULL;
}

static void remove_one(const struct device *dev, u8 kind, dma_addr_t addr)
{
	struct dma_debug_entry *e = find(dev, kind, addr);

	if (e)
		__atomic_store_n(&e->kind, 0, __ATOMIC_RELEASE);
}

static void add_list(const struct dma_event *event)
{
	dma_addr_t first = sg_dma_address(event->sg);
	struct scatterlist *sg;
	int i;

	for_each_sg (event->sg, sg, event->mapped, i)
		/* Entries that were merged have lost their places. */
		add(event, MEMSTATE_DMA_SG, sg_dma_address(sg),
		    event->mapped == event->nents ? sg_phys(sg) : 0, sg_dma_len(sg),
		    first);
}

static void remove_list(const struct dma_event *event)
{
	dma_addr_t first = sg_dma_address(event->sg);
	struct scatterlist *sg;
	int i;

	for_each_sg (event->sg, sg, event->nents, i) {
		struct dma_debug_entry *e =
			find(event->dev, MEMSTATE_DMA_SG, sg_dma_address(sg));

		if (e && e->list == first)
			__atomic_store_n(&e->kind, 0, __ATOMIC_RELEASE);
	}
}

static void note(const struct dma_event *event)
{
	switch (event->kind) {
	case DMA_EVENT_MAP:
		add(event, MEMSTATE_DMA_SINGLE, event->addr, event->phys, event->size, 0);
		break;
	case DMA_EVENT_MAP_RESOURCE:
		add(event, MEMSTATE_DMA_RESOURCE, event->addr, event->phys, event->size,
		    0);
		break;
	case DMA_EVENT_ALLOC:
		add(event, MEMSTATE_DMA_COHERENT, event->addr, event->phys, event->size,
		    0);
		break;
	case DMA_EVENT_MAP_SG:
		add_list(event);
		break;
	case DMA_EVENT_UNMAP:
		remove_one(event->dev, MEMSTATE_DMA_SINGLE, event->addr);
		break;
	case DMA_EVENT_UNMAP_RESOURCE:
		remove_one(event->dev, MEMSTATE_DMA_RESOURCE, event->addr);
		break;
	case DMA_EVENT_FREE:
		remove_one(event->dev, MEMSTATE_DMA_COHERENT, event->addr);
		break;
	case DMA_EVENT_UNMAP_SG:
		remove_list(event);
		break;
	default:
		break;
	}
}

static void watch(const struct dma_event *event)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	note(event);
	spin_unlock_irqrestore(&lock, flags);
}

int dma_debug_init(void)
{
	if (!wanted || dma_debug_entries)
		return 0;
	dma_debug_entries = alloc_pages_exact(
		DMA_DEBUG_ENTRIES * sizeof(*dma_debug_entries), GFP_KERNEL | __GFP_ZERO);
	if (dma_debug_entries)
		return dma_observer_add(watch);
	pr_warn("dma_debug: no memory for its books, switched off\n");
	return -ENOMEM;
}

void dma_debug_reset(void)
{
	wanted = false;
	dma_debug_entries = NULL;
	dma_debug_lost = 0;
	spin_lock_init(&lock);
}
