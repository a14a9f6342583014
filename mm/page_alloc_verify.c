/* SPDX-License-Identifier: MIT */
/*
 * The page allocator looks at itself.  Two views must agree: the lists, counts and runs of
 * each zone and CPU, and the row of blocks that the struct pages describe, frame by frame.
 * A block lost from its list, or listed twice, makes the counts differ.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/zone.h"

/* Where the first violation is described, and what the walk over the frames found. */
struct verify {
	char *buf;
	size_t size;
	struct {
		unsigned long frames;
		unsigned long buddy[NR_PAGE_ORDERS]; /* blocks */
		unsigned long pcp[PCP_ORDERS]; /* blocks */
	} seen[MAX_NR_ZONES];
};

static int bad(const struct verify *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(v->buf, v->size, fmt, args);
	va_end(args);
	return -EINVAL;
}

/* --- what the zones say --- */

static bool zone_holds(const struct zone *zone, unsigned long pfn, unsigned long n)
{
	return pfn >= zone->start_pfn && pfn < zone->end_pfn && n <= zone->end_pfn - pfn;
}

static int check_listed(const struct verify *v, const struct zone *zone,
			const struct page *page, unsigned int order, unsigned int list)
{
	u64 want = PAGE_FLAG(buddy) | (order << PG_order);
	unsigned long pfn = page_to_pfn(page);

	if (!zone_holds(zone, pfn, 1UL << order) || !IS_ALIGNED(pfn, 1UL << order))
		return bad(v, "list of order %u: frame %#lx is not of the zone, or askew",
			   order, pfn);
	if ((page->state & ~(u64)(PAGE_FLAG(zeroed) | PAGE_FLAG(reported))) != want)
		return bad(v, "list of order %u: frame %#lx has state %#lx", order, pfn,
			   (unsigned long)page->state);
	if (listed_as(page_block(page)->type, order) != list)
		return bad(v,
			   "list of order %u: frame %#lx, of a page block of type %s, "
			   "is on the list of type %s",
			   order, pfn, migratetype_name(page_block(page)->type),
			   migratetype_name(list));
	return 0;
}

/* Adds the blocks on one list to *n. */
static int check_list(const struct verify *v, const struct zone *zone, unsigned int order,
		      unsigned int list, unsigned long *n)
{
	const struct free_area *area = &zone->area[order];
	const struct list_head *at;
	int err;

	list_for_each (at, &area->list[list]) {
		if (at->next->prev != at || (*n)++ == area->nr)
			return bad(v,
				   "list of order %u: broken links, or longer than %lu",
				   order, area->nr);
		err = check_listed(v, zone, list_entry(at, struct page, lru), order,
				   list);
		if (err)
			return err;
	}
	return 0;
}

/* The counts of a zone, as its lists tell them. */
struct tally {
	u32 type_orders[MIGRATE_TYPES];
	unsigned long pages[MIGRATE_TYPES];
};

/* All lists of one order. */
static int check_area(const struct verify *v, const struct zone *zone, unsigned int order,
		      struct tally *tally)
{
	unsigned long n = 0;

	for (unsigned int list = 0; list < MIGRATE_TYPES; list++) {
		unsigned long before = n;
		int err = check_list(v, zone, order, list, &n);

		if (err)
			return err;
		tally->pages[list] += (n - before) << order;
		if (n != before)
			tally->type_orders[list] |= 1U << order;
	}
	if (n != zone->area[order].nr)
		return bad(v, "list of order %u: %lu blocks, counted %lu", order, n,
			   zone->area[order].nr);
	return 0;
}

static int check_fresh(const struct verify *v, const struct zone *zone)
{
	unsigned long blocks = 0, after = zone->start_pfn;

	for (unsigned int i = 0; i < zone->nr_fresh; i++) {
		const struct fresh_run *run = &zone->fresh[i];

		if (run->start > run->end || run->start < after ||
		    !IS_ALIGNED(run->start | run->end, MAX_ORDER_NR_PAGES) ||
		    run->end > zone->end_pfn)
			return bad(v, "fresh run %u [%#lx, %#lx) is out of place", i,
				   run->start, run->end);
		if (i < zone->fresh_at && run->start != run->end)
			return bad(v, "fresh run %u was passed by but is not empty", i);
		blocks += (run->end - run->start) / MAX_ORDER_NR_PAGES;
		after = run->end;
	}
	if (blocks != zone->fresh_blocks)
		return bad(v, "%lu fresh blocks, counted %lu", blocks,
			   zone->fresh_blocks);
	return 0;
}

static int check_tally(const struct verify *v, const struct zone *zone,
		       const struct tally *tally)
{
	unsigned long free = 0;

	for (unsigned int type = 0; type < MIGRATE_TYPES; type++) {
		if (type != MIGRATE_ISOLATE)
			free += tally->pages[type];
		if (tally->type_orders[type] != zone->type_orders[type])
			return bad(v, "blocks of type %s free in orders %#x, noted %#x",
				   migratetype_name(type), tally->type_orders[type],
				   zone->type_orders[type]);
	}
	if (free != zone->free || tally->pages[MIGRATE_CMA] != zone->free_cma ||
	    tally->pages[MIGRATE_ISOLATE] != zone->isolated)
		return bad(v,
			   "%lu pages free, %lu CMA, %lu isolated, counted %lu, %lu, %lu",
			   free, tally->pages[MIGRATE_CMA], tally->pages[MIGRATE_ISOLATE],
			   zone->free, zone->free_cma, zone->isolated);
	return 0;
}

static int check_zone(const struct verify *v, const struct zone *zone)
{
	struct tally tally = { 0 };
	int err = check_fresh(v, zone);

	if (zone->fresh_blocks)
		tally.type_orders[WHOLE] = WHOLE_BIT;
	tally.pages[WHOLE] = zone->fresh_blocks * MAX_ORDER_NR_PAGES;
	for (unsigned int order = 0; !err && order < NR_PAGE_ORDERS; order++)
		err = check_area(v, zone, order, &tally);
	return err ? err : check_tally(v, zone, &tally);
}

static int check_pcp(const struct verify *v, unsigned int cpu, unsigned int class,
		     unsigned int order)
{
	unsigned int room = class % PCP_TYPES == PCP_NO_LIST ? 0 : pcp_room(order);
	struct pcp *pcp = &cpu_pcps[cpu].pcp[class];
	u32 want = PAGE_FLAG(pcp) | (order << PG_order);
	struct page **bottom = pcp_bottom(pcp, order);
	const struct pcp_stack *stack = &pcp->stack[order];

	if (bottom[-1] || stack->top < bottom || stack->top > stack->limit ||
	    stack->limit > bottom + room)
		return bad(v, "a CPU's stack of order %u is out of bounds", order);
	for (struct page **slot = bottom; slot < stack->top; slot++)
		if (page_zonenum(*slot) != class / PCP_TYPES ||
		    ((*slot)->state & ~(u64)PAGE_FLAG(zeroed)) != want)
			return bad(
				v, "a CPU's stack of order %u: frame %#lx has state %#lx",
				order, page_to_pfn(*slot), (unsigned long)(*slot)->state);
	return 0;
}

static int check_stacks(const struct verify *v, unsigned int cpu, unsigned int class)
{
	int err = 0;

	for (unsigned int order = 0; !err && order < PCP_ORDERS; order++)
		err = check_pcp(v, cpu, class, order);
	return err;
}

/* Adds `by` to the mark of each page in a CPU's stacks; the highest mark then. */
static u32 mark_stacks(int by)
{
	u32 highest = 0;

	for (unsigned int i = 0; i < num_possible_cpus() * PCP_CLASSES * PCP_ORDERS;
	     i++) {
		unsigned int order = i % PCP_ORDERS, class = i / PCP_ORDERS % PCP_CLASSES;
		struct pcp *pcp = &cpu_pcps[i / PCP_ORDERS / PCP_CLASSES].pcp[class];
		struct page **slot = pcp_bottom(pcp, order);

		for (; slot < pcp->stack[order].top; slot++) {
			(*slot)->visited += (u32)by;
			highest = max(highest, (*slot)->visited);
		}
	}
	return highest;
}

/* The stacks' contents have been checked. */
static int check_listed_once(const struct verify *v)
{
	u32 highest = mark_stacks(1);

	mark_stacks(-1);
	return highest > 1 ? bad(v, "a page is in CPUs' stacks %u times", highest) : 0;
}

/* --- what the frames say --- */

/* The first of the frames [page, end) with a bit of `mask` in its state, or NULL.  Eight
 * are looked at in one go: this is where the time of a walk goes. */
static const struct page *find_state(const struct page *page, const struct page *end,
				     u64 mask)
{
	for (; end - page >= 8; page += 8) {
		u64 any = page[0].state | page[1].state | page[2].state | page[3].state |
			  page[4].state | page[5].state | page[6].state | page[7].state;

		if (any & mask)
			break;
	}
	for (; page < end; page++)
		if (page->state & mask)
			return page;
	return NULL;
}

/* Frames after the head of a block have no state, but for their owner's marks. */
static int check_tails(const struct verify *v, const struct page *head,
		       unsigned int order)
{
	u64 owner = PageLive(head) ? PAGE_FLAG(slab) | PAGE_FLAG(large_kmalloc) : 0;
	const struct page *page = find_state(head + 1, head + (1UL << order), ~owner);

	if (!page)
		return 0;
	return bad(v, "frame %#lx, inside a block of order %u at %#lx, has state %#lx",
		   page_to_pfn(page), order, page_to_pfn(head),
		   (unsigned long)page->state);
}

/* The block at pfn, in a range of frames that ends at end; *pfn moves behind it. */
static int check_block(struct verify *v, unsigned long *pfn, unsigned long end)
{
	const struct page *page = pfn_to_page(*pfn);
	unsigned int order = page_order(page);
	enum zone_type type = page_zonenum(page);
	u32 kind = page->flags & PAGE_IS_HEAD;

	if (!is_power_of_2(kind) || order > MAX_ORDER)
		return bad(v, "frame %#lx belongs to no block: state %#lx", *pfn,
			   (unsigned long)page->state);
	if (!IS_ALIGNED(*pfn, 1UL << order) || 1UL << order > end - *pfn)
		return bad(v, "block of order %u at frame %#lx is askew or overruns",
			   order, *pfn);
	if (page_block(page)->class / PCP_TYPES != type ||
	    page_block(page)->type >= MIGRATE_TYPES)
		return bad(v, "frame %#lx: its page block has class %u, type %u", *pfn,
			   page_block(page)->class, page_block(page)->type);
	if ((atomic_read(&page->_refcount) > 0) != (kind == PAGE_FLAG(live)))
		return bad(v, "frame %#lx has state %#lx", *pfn,
			   (unsigned long)page->state);
	if (kind == PAGE_FLAG(buddy))
		v->seen[type].buddy[order]++;
	else if (kind == PAGE_FLAG(pcp) && pcp_keeps(order))
		v->seen[type].pcp[order]++;
	else if (kind == PAGE_FLAG(pcp))
		return bad(v, "frame %#lx: order %u in a CPU's list", *pfn, order);
	v->seen[type].frames += 1UL << order;
	*pfn += 1UL << order;
	return check_tails(v, page, order);
}

/* The end of the fresh run that pfn lies in, or pfn. */
static unsigned long skip_fresh(unsigned long pfn)
{
	const struct zone *zone = &zones[pfn_zone(pfn)];

	for (unsigned int i = zone->fresh_at; i < zone->nr_fresh; i++)
		if (pfn >= zone->fresh[i].start && pfn < zone->fresh[i].end)
			return zone->fresh[i].end;
	return pfn;
}

/* Frames [pfn, end) were all given to the allocator. */
static int check_range(struct verify *v, unsigned long pfn, unsigned long end)
{
	int err = 0;

	while (!err && pfn < end) {
		unsigned long fresh_end = skip_fresh(pfn);

		if (fresh_end > end)
			return bad(v, "fresh run at %#lx overruns its range", pfn);
		if (fresh_end > pfn) {
			v->seen[pfn_zone(pfn)].frames += fresh_end - pfn;
			pfn = fresh_end;
		} else {
			err = check_block(v, &pfn, end);
		}
	}
	return err;
}

static int check_frames(struct verify *v)
{
	phys_addr_t cursor, start, end;
	int err = 0;

	for_each_free_mem_range (cursor, start, end) {
		err = check_range(v, PFN_UP(start), PFN_DOWN(end));
		if (err)
			break;
	}
	return err;
}

/* Frames that are reserved throughout have no state. */
static int check_reserved(const struct verify *v)
{
	const struct memblock_region *taken, *ram;
	const struct page *page;

	for_each_reserved_mem_region (taken) {
		for_each_mem_region (ram) {
			phys_addr_t start = max(taken->base, ram->base);
			phys_addr_t end =
				min(taken->base + taken->size, ram->base + ram->size);

			if (PFN_UP(start) >= PFN_DOWN(end))
				continue;
			page = find_state(phys_to_page(PFN_PHYS(PFN_UP(start))),
					  phys_to_page(PFN_PHYS(PFN_DOWN(end))), ~0ULL);
			if (page)
				return bad(v, "reserved frame %#lx has state %#lx",
					   page_to_pfn(page), (unsigned long)page->state);
		}
	}
	return 0;
}

/* --- do they agree? --- */

/* All CPUs' lists of a zone, by number. */
static struct pcp *zone_pcp(enum zone_type zone, unsigned int i)
{
	return &cpu_pcps[i / PCP_TYPES].pcp[pcp_class(zone, i % PCP_TYPES)];
}

static int compare(const struct verify *v, enum zone_type type)
{
	const struct zone *zone = &zones[type];

	if (v->seen[type].frames != zone->managed)
		return bad(v, "%lu frames, %lu managed", v->seen[type].frames,
			   zone->managed);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		if (v->seen[type].buddy[order] != zone->area[order].nr)
			return bad(v,
				   "%lu free blocks of order %u among the frames, %lu "
				   "listed",
				   v->seen[type].buddy[order], order,
				   zone->area[order].nr);
	for (unsigned int order = 0; order < PCP_ORDERS; order++) {
		unsigned long listed = 0;

		for (unsigned int i = 0; i < num_possible_cpus() * PCP_TYPES; i++)
			listed += pcp_count(zone_pcp(type, i), order);
		if (v->seen[type].pcp[order] != listed)
			return bad(v,
				   "%lu blocks of order %u of CPUs among the frames, %lu "
				   "listed",
				   v->seen[type].pcp[order], order, listed);
	}
	return 0;
}

static int verify_zones(struct verify *v)
{
	int err = check_frames(v);

	if (!err)
		err = check_reserved(v);
	for (unsigned int type = 0; !err && type < MAX_NR_ZONES; type++) {
		err = check_zone(v, &zones[type]);
		for (unsigned int i = 0; !err && i < num_possible_cpus() * PCP_TYPES; i++)
			err = check_stacks(v, i / PCP_TYPES,
					   pcp_class(type, i % PCP_TYPES));
		if (!err)
			err = compare(v, type);
		if (err) {
			size_t len = strlen(v->buf);

			scnprintf(v->buf + len, v->size - len, " (zone %s)",
				  zone_name(type));
		}
	}
	return err ? err : check_listed_once(v);
}

int page_alloc_verify(char *buf, size_t size)
{
	struct verify v = { .buf = buf, .size = size };
	unsigned long flags;
	int err;

	if (size)
		buf[0] = '\0';
	local_irq_save(flags);
	err = verify_zones(&v);
	local_irq_restore(flags);
	return err;
}
