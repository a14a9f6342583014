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

/* Of a zone's pages, one CPU may hold this part in single pages; all CPUs together this part
 * in large ones, which are worth little to anyone while they are held. */
#define PCP_ZONE_PART  1024
#define PCP_LARGE_PART 32

struct cpu_pcps *cpu_pcps;

void pcp_reset(void)
{
	cpu_pcps = NULL;
}

/* Slots of each order's stack, the NULL below its bottom first. */
static const struct {
	u8 first, room;
} layout[PCP_ORDERS] = { [0] = { 0, 144 },  [1] = { 145, 32 },	    [2] = { 178, 24 },
			 [3] = { 203, 23 }, [4 ... 8] = { 227, 0 }, [9] = { 227, 4 } };

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

unsigned int pcp_batch(struct pcp *pcp, unsigned int order)
{
	unsigned long high =
		(unsigned long)(pcp->stack[order].limit - pcp_bottom(pcp, order));

	return min_t(unsigned int, (high + 3) / 4, PCP_MAX_BATCH);
}

int pcp_init(void)
{
	cpu_pcps = memblock_alloc(num_possible_cpus() * sizeof(*cpu_pcps),
				  sizeof(struct pcp));
	return cpu_pcps ? 0 : -ENOMEM;
}

/* How many blocks one CPU may keep of a zone with so many pages. */
static u8 limit_of(unsigned long managed, unsigned int order)
{
	unsigned long part = DIV_ROUND_UP(managed, PCP_ZONE_PART) >> order;

	if (order > PCP_SMALL_ORDER)
		part = managed / PCP_LARGE_PART / num_possible_cpus() >> order;
	else if (managed)
		part = max(part, 4UL);
	return (u8)min_t(unsigned long, part, pcp_room(order));
}

static void set_limits(struct pcp *pcp, const u8 *limit)
{
	for (unsigned int order = 0; order < PCP_ORDERS; order++) {
		struct page **bottom = pcp_bottom(pcp, order);

		pcp->stack[order] = (struct pcp_stack){ bottom, bottom + limit[order] };
	}
}

void pcp_set_limits(enum zone_type zone, unsigned long managed)
{
	static const u8 none[PCP_ORDERS];
	u8 limit[PCP_ORDERS];

	for (unsigned int order = 0; order < PCP_ORDERS; order++)
		limit[order] = limit_of(managed, order);
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++)
		for (unsigned int type = 0; type < PCP_TYPES; type++)
			set_limits(&cpu_pcps[cpu].pcp[pcp_class(zone, type)],
				   type == PCP_NO_LIST ? none : limit);
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
 * in one piece.  What another type must give is no batch: one block.
 */
static void refill(struct pcp *pcp, struct zone *zone, unsigned int order,
		   unsigned int type)
{
	u32 left = pcp_batch(pcp, order);

	pcp->refills++;
	while (left) {
		u32 fitting = zone_orders(zone, type) >> order;
		unsigned int pieces_log2 = 0;
		struct page *page;

		if (fitting)
			pieces_log2 =
				min_t(unsigned int, __builtin_ctz(fitting), ilog2(left));
		else if (pcp_count(pcp, order))
			return;
		page = zone_take(zone, order + pieces_log2, type);
		if (!page)
			return;
		push_pieces(pcp, page, order, pieces_log2);
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

struct page *pcp_take(unsigned int class, unsigned int order, bool may_refill)
{
	struct zone *zone = &zones[class / PCP_TYPES];
	unsigned long flags;
	struct page *page;
	struct pcp *pcp;

	local_irq_save(flags);
	pcp = this_pcp(class);
	page = pcp_pop(pcp, order);
	if (!page && may_refill) {
		__spin_lock(&zone->lock);
		refill(pcp, zone, order, class % PCP_TYPES);
		__spin_unlock(&zone->lock);
		page = pcp_pop(pcp, order);
	}
	local_irq_restore(flags);
	return page;
}

/* Pushes on a full stack, or gives it to the zone where there is no room at all;
 * interrupts are off. */
static void put_slow(struct pcp *pcp, struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);
	u32 batch = pcp_batch(pcp, order);

	__spin_lock(&zone->lock);
	if (batch)
		drain(pcp, zone, order, batch);
	else
		zone_put(zone, page, order);
	__spin_unlock(&zone->lock);
	if (batch)
		pcp_push(pcp, page, order);
}

void pcp_put(struct page *page, unsigned int order)
{
	unsigned long flags;
	struct pcp *pcp;

	local_irq_save(flags);
	pcp = this_pcp(READ_ONCE(page_block(page)->class));
	if (!pcp_push(pcp, page, order))
		put_slow(pcp, page, order);
	local_irq_restore(flags);
}

static void drain_pcp(struct pcp *pcp, struct zone *zone)
{
	for (unsigned int order = 0; order < PCP_ORDERS; order++) {
		u32 n = pcp_count(pcp, order);

		if (!n)
			continue;
		__spin_lock(&zone->lock);
		drain(pcp, zone, order, n);
		__spin_unlock(&zone->lock);
	}
}

/* Empties this CPU's stacks; interrupts are off. */
static void drain_this_cpu(void *unused, unsigned int cpu)
{
	(void)unused;
	for (unsigned int zone = 0; zone < MAX_NR_ZONES; zone++)
		for (unsigned int type = 0; zones[zone].managed && type < PCP_NO_LIST;
		     type++)
			drain_pcp(&cpu_pcps[cpu].pcp[pcp_class(zone, type)],
				  &zones[zone]);
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

unsigned long pcp_held(const struct pcp *pcp)
{
	unsigned long pages = 0;

	for (unsigned int order = 0; order < PCP_ORDERS; order++)
		pages += (unsigned long)pcp_count(pcp, order) << order;
	return pages;
}

static void add_info(struct pcp_info *info, const struct pcp *pcp)
{
	u64 held = 0;

	for (unsigned int order = 0; order < PCP_ORDERS; order++)
		held += pcp_count(pcp, order);
	info->pages += pcp_held(pcp);
	info->allocs += pcp->allocs;
	/* What came in but was neither handed out, given back nor held was never there: the
	 * difference is what was freed. */
	info->frees += held + pcp->allocs + pcp->drained - pcp->refilled;
	info->refills += pcp->refills;
	info->drains += pcp->drains;
}

void pcp_info(struct pcp_info *info)
{
	*info = (struct pcp_info){ 0 };
	for (unsigned int cpu = 0; cpu_pcps && cpu < num_possible_cpus(); cpu++)
		for (unsigned int class = 0; class < PCP_CLASSES; class ++)
			add_info(info, &cpu_pcps[cpu].pcp[class]);
}
