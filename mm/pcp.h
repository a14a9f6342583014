/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU page lists.
 *
 * Each CPU keeps free blocks of the orders that are most asked for, the small ones and that of
 * a large page, in arrays used as stacks, apart by class: the zone, and the type of the page
 * block they come from.  What was freed last, and is warm in its cache, is handed out first.
 * Only the CPU itself touches its arrays, with interrupts off, so the common allocation takes no
 * lock and writes no line that another CPU reads.  An empty stack is refilled with a batch from
 * the buddy, a full one gives its coldest batch back; both are the only visits to the zone.
 */
#ifndef MM_PCP_H
#define MM_PCP_H

#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include "mm/pageblock.h"

#define PCP_ORDERS    10 /* the lists there may be, by order */
#define PCP_SLOTS     232
#define PCP_MAX_BATCH 32

/* Orders 0 to 3, and 9; the stacks of those between are empty for ever. */
#define PCP_SMALL_ORDER 3

static __always_inline bool pcp_keeps(unsigned int order)
{
	return order <= PCP_SMALL_ORDER || order == PCP_ORDERS - 1;
}

/*
 * The free blocks of one order: slots [bottom, top), the coldest first.  The slot below the
 * bottom holds NULL for ever, so that reading top[-1] also tells an empty stack.
 */
struct pcp_stack {
	struct page **top;
	struct page **limit; /* (b) top never passes it */
};

/*
 * One CPU's free blocks of one class; written by that CPU alone, with interrupts off, but
 * for (b), written at boot.  A power of two in size: found by shifts.
 */
struct pcp {
	struct pcp_stack stack[PCP_ORDERS];
	u64 allocs; /* blocks handed out, all orders */
	u64 refilled, drained; /* blocks that came from and went to the buddy */
	u32 refills, drains; /* visits to it */
	struct page *slot[PCP_SLOTS]; /* of all stacks: pcp_bottom() */
} ____cacheline_aligned;

_Static_assert(sizeof(struct pcp) == 2048, "struct pcp is found by shifts");

/* Where each order's stack begins, and how many blocks it has room for. */
struct page **pcp_bottom(struct pcp *pcp, unsigned int order);
unsigned int pcp_room(unsigned int order);
/* Blocks that one visit to the buddy moves. */
unsigned int pcp_batch(struct pcp *pcp, unsigned int order);
/* The blocks in it. */
unsigned int pcp_count(const struct pcp *pcp, unsigned int order);
/* The pages in all its stacks. */
unsigned long pcp_held(const struct pcp *pcp);

struct cpu_pcps {
	struct pcp pcp[PCP_CLASSES]; /* by pcp_class() */
};

extern struct cpu_pcps *cpu_pcps; /* (b) num_possible_cpus() of them */

/* This CPU's; interrupts are off. */
static __always_inline struct pcp *this_pcp(unsigned long class)
{
	return &cpu_pcps[(unsigned long)smp_processor_id()].pcp[class];
}

/* The block freed last, or NULL; interrupts are off.  Its state is still a PG_pcp one. */
static __always_inline struct page *pcp_pop(struct pcp *pcp, unsigned int order)
{
	struct pcp_stack *stack = &pcp->stack[order];
	struct page **top = stack->top - 1;
	struct page *page = *top;

	if (likely(page)) {
		stack->top = top;
		pcp->allocs++;
	}
	return page;
}

static __always_inline bool pcp_has_room(const struct pcp *pcp, unsigned int order)
{
	return pcp->stack[order].top != pcp->stack[order].limit;
}

/* False when the stack is full; interrupts are off. */
static __always_inline bool pcp_push(struct pcp *pcp, struct page *page,
				     unsigned int order)
{
	struct pcp_stack *stack = &pcp->stack[order];
	struct page **top = stack->top;

	if (unlikely(top == stack->limit))
		return false;
	page->state = PAGE_FLAG(pcp) | (order << PG_order);
	*top = page;
	stack->top = top + 1;
	return true;
}

/* Pops, after a refill where needed and allowed; NULL when there is none.  Any context. */
struct page *pcp_take(unsigned int class, unsigned int order, bool may_refill);
/* Pushes, after a drain where needed; into the zone where there is no list.  Any context. */
void pcp_put(struct page *page, unsigned int order);

/* Takes memory for the lists from memblock.  0 or -ENOMEM. */
int pcp_init(void);
/* Makes the lists of a zone, by its size; each zone, before any list is used. */
void pcp_set_limits(enum zone_type zone, unsigned long managed);
void pcp_reset(void);

#endif
