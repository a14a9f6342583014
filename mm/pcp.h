/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU page lists.
 *
 * Each CPU keeps free blocks of the small orders of each zone in arrays used as stacks:
 * what was freed last, and is warm in its cache, is handed out first.  Only the CPU itself
 * touches its arrays, with interrupts off, so the common allocation takes no lock and
 * writes no line that another CPU reads.  An empty stack is refilled with a batch from the
 * buddy, a full one gives its coldest batch back; both are the only visits to the zone.
 */
#ifndef MM_PCP_H
#define MM_PCP_H

#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/smp.h>

#define PCP_ORDERS 4 /* orders 0 to 3 */
#define PCP_SLOTS  200

/* One CPU's free blocks of one zone. */
struct pcp {
	u32 count[PCP_ORDERS]; /* blocks held of each order */
	u64 allocs; /* blocks handed out, all orders */
	u64 refilled, drained; /* blocks that came from and went to the buddy */
	u32 refills, drains; /* visits to it */
	u64 pad[2];
	struct page *slot[PCP_SLOTS]; /* the stacks one after the other: pcp_base() */
} ____cacheline_aligned;

/* The slots of each order's stack begin here. */
static __always_inline unsigned int pcp_base(unsigned int order)
{
	static const u8 base[PCP_ORDERS + 1] = { 0, 128, 160, 184, PCP_SLOTS };

	return base[order];
}

#define PCP_MAX(order) (pcp_base((order) + 1) - pcp_base(order))

struct cpu_pcps {
	struct pcp zone[MAX_NR_ZONES];
};

/* How many blocks a stack may hold, and how many one visit to the buddy moves. */
struct pcp_limit {
	u16 high, batch;
};

/* Written at boot only. */
extern struct cpu_pcps *cpu_pcps; /* num_possible_cpus() of them */
extern struct pcp_limit pcp_limits[MAX_NR_ZONES][PCP_ORDERS];

/* This CPU's; interrupts are off. */
static __always_inline struct pcp *this_pcp(enum zone_type zone)
{
	return &cpu_pcps[smp_processor_id()].zone[zone];
}

/* The block freed last, or NULL; interrupts are off.  Its state is still a PG_pcp one. */
static __always_inline struct page *pcp_pop(struct pcp *pcp, unsigned int order)
{
	u32 left = pcp->count[order];

	if (unlikely(!left--))
		return NULL;
	pcp->count[order] = left;
	pcp->allocs++;
	return pcp->slot[pcp_base(order) + left];
}

/* False when the stack is full; interrupts are off. */
static __always_inline bool pcp_push(struct pcp *pcp, enum zone_type zone,
				     struct page *page, unsigned int order)
{
	u32 count = pcp->count[order];

	if (unlikely(count >= pcp_limits[zone][order].high))
		return false;
	page->state = PAGE_FLAG(pcp) | (order << PG_order);
	pcp->slot[pcp_base(order) + count] = page;
	pcp->count[order] = count + 1;
	return true;
}

/* Pops, after a refill where needed; NULL when the zone has none.  Any context. */
struct page *pcp_take(enum zone_type zone, unsigned int order, bool may_refill);
/* Pushes, after a drain where needed.  Any context. */
void pcp_put(enum zone_type zone, struct page *page, unsigned int order);

/* Takes memory for the lists from memblock and sizes them by the zones.  0 or -ENOMEM. */
int pcp_init(void);
void pcp_set_limits(enum zone_type zone, unsigned long managed);
void pcp_reset(void);

#endif
