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
struct pcp_limit pcp_limits[MAX_NR_ZONES][PCP_ORDERS];

void pcp_reset(void)
{
	cpu_pcps = NULL;
	memset(pcp_limits, 0, sizeof(pcp_limits));
}

int pcp_init(void)
{
	cpu_pcps =
		memblock_alloc(num_possible_cpus() * sizeof(*cpu_pcps), SMP_CACHE_BYTES);
	return cpu_pcps ? 0 : -ENOMEM;
}

void pcp_set_limits(enum zone_type zone, unsigned long managed)
{
	unsigned long high = min_t(unsigned long, managed / PCP_ZONE_PART, PCP_MAX(0));

	for (unsigned int order = 0; order < PCP_ORDERS; order++) {
		struct pcp_limit *limit = &pcp_limits[zone][order];

		limit->high = (u16)clamp((u32)high >> order, 4U, PCP_MAX(order));
		limit->batch = (u16)clamp(limit->high / 4U, 1U, PCP_MAX_BATCH + 0U);
	}
}

/* Pushes the blocks of one larger block so that they are popped in ascending order. */
static void push_pieces(struct pcp *pcp, struct page *page, unsigned int order,
			unsigned int pieces_log2)
{
	u32 zeroed = page->flags & PAGE_FLAG(zeroed);
	struct page **slot = &pcp->slot[pcp_base(order) + pcp->count[order]];

	for (unsigned long i = 1UL << pieces_log2; i-- > 0;) {
		struct page *piece = page + (i << order);

		piece->state = PAGE_FLAG(pcp) | (order << PG_order) | zeroed;
		*slot++ = piece;
	}
	pcp->count[order] += 1U << pieces_log2;
	pcp->refilled += 1U << pieces_log2;
}

/*
 * Moves up to a batch of blocks from the zone to the stack; the lock is held.  Small free
 * blocks go first, so that large ones stay whole; a larger one is taken in one piece.
 */
static void refill(struct pcp *pcp, struct zone *zone, unsigned int order, u32 batch)
{
	pcp->refills++;
	while (batch) {
		u32 fitting = zone->orders >> order;
		unsigned int pieces_log2;

		if (!fitting)
			return;
		pieces_log2 = min_t(unsigned int, __builtin_ctz(fitting), ilog2(batch));
		push_pieces(pcp, zone_take(zone, order + pieces_log2), order,
			    pieces_log2);
		batch -= 1U << pieces_log2;
	}
}

/* Moves the coldest n blocks of the stack to the zone; the lock is held. */
static void drain(struct pcp *pcp, struct zone *zone, unsigned int order, u32 n)
{
	struct page **bottom = &pcp->slot[pcp_base(order)];

	for (u32 i = 0; i < n; i++)
		zone_put(zone, bottom[i], order);
	pcp->count[order] -= n;
	memmove(bottom, bottom + n, pcp->count[order] * sizeof(*bottom));
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
	if (!pcp->count[order] && may_refill) {
		__spin_lock(&zone->lock);
		refill(pcp, zone, order, pcp_limits[type][order].batch);
		__spin_unlock(&zone->lock);
	}
	page = pcp_pop(pcp, order);
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
	if (!pcp_push(pcp, type, page, order)) {
		__spin_lock(&zone->lock);
		drain(pcp, zone, order, pcp_limits[type][order].batch);
		__spin_unlock(&zone->lock);
		pcp_push(pcp, type, page, order);
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
			if (!pcp->count[order])
				continue;
			__spin_lock(&zones[type].lock);
			drain(pcp, &zones[type], order, pcp->count[order]);
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
				held += pcp->count[order];
				info->pages += (unsigned long)pcp->count[order] << order;
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
