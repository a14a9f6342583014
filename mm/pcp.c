/* SPDX-License-Identifier: MIT */
/* Per-CPU page lists: what happens away from the fast path.  pcp.h has the idea. */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/zone.h"

/* Of a zone's pages, one CPU may hold this part in single pages. */
#define PCP_ZONE_PART 1024
#define PCP_MAX_BATCH 32

struct cpu_pcps *cpu_pcps;

void pcp_reset(void)
{
	cpu_pcps = NULL;
}

/* Slots of each order's stack, the NULL below its bottom first. */
static const struct {
	u8 first, room;
} layout[PCP_ORDERS] = { { 0, 156 }, { 157, 36 }, { 194, 24 }, { 219, 24 } };

struct page **pcp_bottom(struct pcp *pcp, unsigned int order)
{
	return &pcp->slot[layout[order].first + 1];
}

unsigned int pcp_room(unsigned int order)
{
	return layout[order].room;
}

unsigned int pcp_count(const struct pcp *pcp, unsigned int order)
{
	return (unsigned int)(pcp->stack[order].top -
			      &pcp->slot[layout[order].first + 1]);
}

/* Blocks that one visit to the buddy moves. */
static unsigned int pcp_batch(struct pcp *pcp, unsigned int order)
{
	unsigned long high =
		(unsigned long)(pcp->stack[order].limit - pcp_bottom(pcp, order));

	return min_t(unsigned int, (high + 3) / 4, PCP_MAX_BATCH);
}

int pcp_init(void)
{
	cpu_pcps = memblock_alloc(num_possible_cpus() * sizeof(*cpu_pcps),
				  sizeof(struct pcp));
	if (!cpu_pcps)
		return -ENOMEM;
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		pcp_set_limits(type, 0);
	return 0;
}

void pcp_set_limits(enum zone_type zone, unsigned long managed)
{
	u32 pages = (u32)min_t(unsigned long, managed / PCP_ZONE_PART, pcp_room(0));

	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++) {
		for (unsigned int order = 0; order < PCP_ORDERS; order++) {
			struct pcp *pcp = &cpu_pcps[cpu].zone[zone];
			u32 high = clamp(pages >> order, 4U, pcp_room(order));

			pcp->stack[order].top = pcp_bottom(pcp, order);
			pcp->stack[order].limit =
				pcp->stack[order].top + (managed ? high : 0);
		}
	}
}

/* Pushes the blocks of one larger block so that they are popped in ascending order. */
static void push_pieces(struct pcp *pcp, struct page *page, unsigned int order,
			unsigned int pieces_log2)
{
	u64 state = PAGE_FLAG(pcp) | (order << PG_order) |
		    (page->flags & PAGE_FLAG(zeroed));
	struct page **slot = pcp->stack[order].top;
	unsigned long pieces = 1UL << pieces_log2;

	page += pieces << order;
	for (unsigned long i = 0; i < pieces; i++) {
		page -= 1UL << order;
		page->state = state;
		*slot++ = page;
	}
	pcp->stack[order].top = slot;
	pcp->refilled += pieces;
}

/*
 * Moves a batch of blocks, or what there is, from the zone to the empty stack; the lock is
 * held.  Small free blocks go first, so that large ones stay whole; a larger one is taken
 * in one piece.
 */
static void refill(struct pcp *pcp, struct zone *zone, unsigned int order)
{
	u32 left = pcp_batch(pcp, order);

	pcp->refills++;
	while (left) {
		u32 fitting = zone->orders >> order;
		unsigned int pieces_log2;

		if (!fitting)
			return;
		pieces_log2 = min_t(unsigned int, __builtin_ctz(fitting), ilog2(left));
		push_pieces(pcp, zone_take(zone, order + pieces_log2), order,
			    pieces_log2);
		left -= 1U << pieces_log2;
	}
}

/* How many single pages from the first on follow each other in memory. */
static u32 neighbours(struct page *const *slot, u32 n)
{
	u32 len = 1;

	while (len < n && slot[len] == slot[0] + len)
		len++;
	return len;
}

/* Moves the coldest n blocks of the stack to the zone; the lock is held. */
static void drain(struct pcp *pcp, struct zone *zone, unsigned int order, u32 n)
{
	struct page **bottom = pcp_bottom(pcp, order);
	u32 left = pcp_count(pcp, order) - n;

	for (u32 i = 0, run = 1; i < n; i += run) {
		if (!order)
			run = neighbours(bottom + i, n - i);
		if (run > 1)
			zone_put_run(zone, bottom[i], run);
		else
			zone_put(zone, bottom[i], order);
	}
	memmove(bottom, bottom + n, left * sizeof(struct page *));
	pcp->stack[order].top = bottom + left;
	pcp->drained += n;
	pcp->drains++;
}

struct page *pcp_take(enum zone_type type, unsigned int order, bool may_refill)
{
	struct zone *zone = &zones[type];
	unsigned long flags;
	struct page *page;
	struct pcp *pcp;

	local_irq_save(flags);
	pcp = this_pcp(type);
	page = pcp_pop(pcp, order);
	if (!page && may_refill) {
		__spin_lock(&zone->lock);
		refill(pcp, zone, order);
		__spin_unlock(&zone->lock);
		page = pcp_pop(pcp, order);
	}
	local_irq_restore(flags);
	return page;
}

void pcp_put(enum zone_type type, struct page *page, unsigned int order)
{
	struct zone *zone = &zones[type];
	unsigned long flags;
	struct pcp *pcp;

	local_irq_save(flags);
	pcp = this_pcp(type);
	if (!pcp_push(pcp, page, order)) {
		__spin_lock(&zone->lock);
		drain(pcp, zone, order, pcp_batch(pcp, order));
		__spin_unlock(&zone->lock);
		pcp_push(pcp, page, order);
	}
	local_irq_restore(flags);
}

/* Empties this CPU's stacks; interrupts are off. */
static void drain_this_cpu(void *unused, unsigned int cpu)
{
	(void)unused;
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
		struct pcp *pcp = &cpu_pcps[cpu].zone[type];

		for (unsigned int order = 0; order < PCP_ORDERS; order++) {
			u32 n = pcp_count(pcp, order);

			if (!n)
				continue;
			__spin_lock(&zones[type].lock);
			drain(pcp, &zones[type], order, n);
			__spin_unlock(&zones[type].lock);
		}
	}
}

void drain_local_pages(void)
{
	unsigned long flags;

	local_irq_save(flags);
	drain_this_cpu(NULL, smp_processor_id());
	local_irq_restore(flags);
}

void drain_all_pages(void)
{
	platform_on_each_cpu(drain_this_cpu, NULL);
}

void pcp_info(struct pcp_info *info)
{
	*info = (struct pcp_info){ 0 };
	for (unsigned int cpu = 0; cpu_pcps && cpu < num_possible_cpus(); cpu++) {
		for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
			const struct pcp *pcp = &cpu_pcps[cpu].zone[type];
			u64 held = 0;

			for (unsigned int order = 0; order < PCP_ORDERS; order++) {
				unsigned long n = pcp_count(pcp, order);

				held += n;
				info->pages += n << order;
			}
			info->allocs += pcp->allocs;
			/* What came in but was neither handed out, given back nor held
			 * was never there: the difference is what was freed. */
			info->frees += held + pcp->allocs + pcp->drained - pcp->refilled;
			info->refills += pcp->refills;
			info->drains += pcp->drains;
		}
	}
}
