/* SPDX-License-Identifier: MIT */
/*
 * What vmalloc costs, and what becomes of its addresses.
 *
 * A buffer of vmalloc has a page-table entry for each page, where the direct map has one
 * for 2 MiB: the same walk through memory misses the TLB more often.  vmalloc_huge() takes
 * blocks of 2 MiB where it can.  Freed addresses may stay in the TLBs of all CPUs, and a
 * flush is dear: so they rest until many share one flush, and only then come back.
 *
 * Witnesses: page tables, the time-stamp counter, and another CPU that looks at an address
 * before and after it got another page.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include <guest/context.h>
#include <mm/platform.h>

#include "experiment.h"
#include "table.h"
#include "witness.h"

#define CHAPTER CHAPTER_VMALLOC

#define GIB (1UL << 30)

static void mark_and_check(struct trial *x, char *p, unsigned long size)
{
	unsigned long wrong = 0;

	for (unsigned long at = 0; at < size; at += PMD_SIZE)
		*(u64 *)(p + at) = ~at;
	for (unsigned long at = 0; at < size; at += PMD_SIZE)
		wrong += *(u64 *)(p + at) != ~at;
	expect(x, !wrong, "%lu words changed", wrong);
	expect(x, platform_probe_faults((unsigned long)p + size), "no guard page");
}

EXPERIMENT(vmalloc_1g, "vmalloc.1g", "vmalloc gives 1 GiB in one piece where RAM has it")
{
	unsigned long tables = platform_pagetable_pages();
	bool slow = machine_is_slow();
	char *p;

	if (nr_free_pages() < GIB / PAGE_SIZE * 9 / 8) {
		skip(x, "needs 1152 MiB of free memory");
		return;
	}
	/* A quarter of a million pages, one by one, would take a slow machine a minute. */
	p = slow ? vmalloc_huge(GIB, GFP_KERNEL) : vmalloc(GIB);
	if (!expect(x, p, "no 1 GiB"))
		return;
	mark_and_check(x, p, GIB);
	comparison_saw("vmalloc", GIB, false);
	evidence(x, "1 GiB at %p in %s, %lu page-table pages", p,
		 slow ? "2 MiB blocks" : "single pages",
		 platform_pagetable_pages() - tables);
	vfree(p);
}

#define BEYOND 1024 /* pages */

EXPERIMENT(vmalloc_too_much, "vmalloc.too-much",
	   "a request for more than is free fails at once and takes nothing")
{
	/* More than reclaim could ever add to what is free. */
	unsigned long before = nr_free_pages(),
		      size = max(GIB, (si_mem_available() + BEYOND) * PAGE_SIZE);
	u64 start = arch_cycles(), cycles;
	char text[TEXT_SIZE];
	void *p = __vmalloc(size, GFP_KERNEL | __GFP_NOWARN);

	cycles = arch_cycles() - start;
	if (!expect(x, !p, "%s of %lu free pages", text_size(text, size), before))
		vfree(p);
	expect(x, nr_free_pages() == before, "%lu pages free before, %lu after", before,
	       nr_free_pages());
	evidence(x, "%s refused after %lu cycles", text_size(text, size), cycles);
	evidence(x, "%lu pages free before and after", before);
}

EXPERIMENT(vmalloc_sleeps, "vmalloc.sleeps",
	   "vmalloc may sleep: in atomic context it is refused, kmalloc is not")
{
	struct context_violation seen;
	void *p, *q;

	context_violations_expect(1);
	preempt_disable();
	p = vmalloc(PAGE_SIZE);
	q = kmalloc(PAGE_SIZE, GFP_ATOMIC);
	preempt_enable();
	expect(x, !p, "vmalloc gives memory with preemption off");
	expect(x, q, "kmalloc(GFP_ATOMIC) gives none");
	expect(x, !context_violations_outstanding(), "no violation was reported");
	context_violation_last(&seen);
	evidence(x, "refused and reported with %u callers", seen.depth);
	kfree(q);
	vfree(p);
	p = vmalloc(PAGE_SIZE);
	expect(x, p, "vmalloc fails where it may sleep");
	evidence(x, "served where it may sleep");
	vfree(p);
}

/* --- cost ---------------------------------------------------------------------------- */

#define COST_SIZE  PMD_SIZE
#define COST_PAGES (COST_SIZE / PAGE_SIZE)
#define ROUNDS	   3

struct cost {
	u64 pair; /* cycles to allocate and free */
	u64 access; /* hundredths of a cycle for a read on a page of its own */
	unsigned long entry; /* bytes that an entry of the page tables maps */
	unsigned long entries; /* of the page tables, for the buffer */
	unsigned long tables; /* pages that hold these, where each maps a page */
};

static void *by_kmalloc(void)
{
	return kmalloc(COST_SIZE, GFP_KERNEL);
}

static void *by_vmalloc(void)
{
	return vmalloc(COST_SIZE);
}

static void *by_vmalloc_huge(void)
{
	return vmalloc_huge(COST_SIZE, GFP_KERNEL);
}

/* One read a page: each needs its own entry in the TLB where entries map a page. */
static u64 walk(const volatile char *p)
{
	u64 start = arch_cycles();

	for (unsigned long at = 0; at < COST_SIZE; at += PAGE_SIZE)
		(void)p[at];
	return arch_cycles() - start;
}

/* The pages of page tables that its pages' entries are in: one for each 2 MiB of addresses
 * that no single entry maps. */
static unsigned long tables_of(unsigned long start)
{
	unsigned long tables = 0, end = start + COST_SIZE;

	for (unsigned long at = start; at < end; at = (at & PMD_MASK) + PMD_SIZE)
		tables += platform_mapping_size(at) < PMD_SIZE;
	return tables;
}

/* The least of some rounds: the first one also makes tables and fills caches. */
static bool measure(struct cost *cost, void *(*get)(void))
{
	*cost = (struct cost){ .pair = ~0ULL, .access = ~0ULL };
	for (unsigned int i = 0; i < ROUNDS; i++) {
		u64 start = arch_cycles(), taken;
		void *p = get();

		taken = arch_cycles() - start;
		if (!p)
			return false;
		cost->entry = min(platform_mapping_size((unsigned long)p), COST_SIZE);
		cost->tables = tables_of((unsigned long)p);
		for (unsigned int j = 0; j < ROUNDS; j++)
			cost->access = min(cost->access, walk(p) * 100 / COST_PAGES);
		start = arch_cycles();
		kvfree(p);
		cost->pair = min(cost->pair, taken + arch_cycles() - start);
	}
	cost->entries = COST_SIZE / cost->entry;
	return true;
}

static void print_cost(const char *name, const struct cost *cost)
{
	pr_info("# %-12s %8lu cycles a pair, %lu entries of %4lu KiB in %lu tables, "
		"%lu.%02lu cycles a read in a walk page by page\n",
		name, cost->pair, cost->entries, cost->entry / 1024, cost->tables,
		(cost->access / 100), (cost->access % 100));
}

EXPERIMENT(vmalloc_cost, "vmalloc.cost",
	   "vmalloc costs more than kmalloc of the same size: time and page tables")
{
	struct cost k, v, h;
	bool have = measure(&k, by_kmalloc) && measure(&v, by_vmalloc) &&
		    measure(&h, by_vmalloc_huge);

	if (!expect(x, have, "no 2 MiB"))
		return;
	print_cost("kmalloc", &k);
	print_cost("vmalloc", &v);
	print_cost("vmalloc_huge", &h);
	expect(x, v.pair > k.pair, "kmalloc %lu cycles, vmalloc %lu", k.pair, v.pair);
	expect(x, v.entries > k.entries, "kmalloc %lu entries, vmalloc %lu", k.entries,
	       v.entries);
	expect(x, v.tables && !k.tables, "kmalloc %lu tables, vmalloc %lu", k.tables,
	       v.tables);
	expect(x, h.entries == 1 && !h.tables, "vmalloc_huge %lu entries, %lu tables",
	       h.entries, h.tables);
	evidence(x, "2 MiB: %lu.%lu times kmalloc's time", (v.pair / k.pair),
		 (v.pair * 10 / k.pair % 10));
	evidence(x, "%lu entries in %lu page-table pages instead of %lu in none",
		 v.entries, v.tables, k.entries);
	evidence(x, "%lu%% of its time a read, page by page",
		 (v.access * 100 / max(k.access, (u64)1)));
}

/* --- addresses ----------------------------------------------------------------------- */

struct look {
	const volatile u64 *at;
	u64 seen;
};

static void look_here(void *info)
{
	struct look *look = info;

	look->seen = *look->at;
}

/* What another CPU finds at p. */
static u64 seen_by_other(const void *p)
{
	struct look look = { .at = p };
	unsigned int cpu, other = 0;

	for_each_online_cpu (cpu)
		if (cpu != smp_processor_id())
			other = cpu;
	smp_call_function_single(other, look_here, &look, 1);
	return look.seen;
}

#define FREED 100U

EXPERIMENT(vmalloc_flush, "vmalloc.flush",
	   "freed addresses rest until one flush of all CPUs serves many of them",
	   .needs = NEEDS_2_CPUS)
{
	struct vmalloc_stats before, after;
	struct page *pages[2];
	u64 *p, *q, first, second;

	vm_unmap_aliases();
	vmalloc_get_stats(&before);
	pages[0] = alloc_page(GFP_KERNEL);
	pages[1] = alloc_page(GFP_KERNEL);
	if (!expect(x, pages[0] && pages[1], "no memory"))
		goto out;
	*(u64 *)page_address(pages[0]) = 1;
	*(u64 *)page_address(pages[1]) = 2;
	p = vmap(pages, 1, VM_MAP, PAGE_KERNEL);
	first = seen_by_other(p);
	vunmap(p);
	for (unsigned int i = 1; i < FREED; i++) {
		q = vmap(pages, 1, VM_MAP, PAGE_KERNEL);
		expect(x, q != p, "address %p came back without a flush", q);
		vunmap(q);
	}
	vm_unmap_aliases();
	vmalloc_get_stats(&after);
	expect(x, after.nr_purges == before.nr_purges + 1, "%lu flushes for %u areas",
	       after.nr_purges - before.nr_purges, FREED);
	q = vmap(pages + 1, 1, VM_MAP, PAGE_KERNEL);
	second = seen_by_other(q);
	expect(x, q == p, "after the flush %p is free, and %p was given", p, q);
	expect(x, first == 1 && second == 2, "the other CPU saw %lu, then %lu", first,
	       second);
	vunmap(q);
	evidence(x, "%u areas freed, 1 flush", FREED);
	evidence(x, "then the first address has another page, and another CPU sees it");
out:
	if (pages[1])
		__free_page(pages[1]);
	if (pages[0])
		__free_page(pages[0]);
}

#define SMALL_PAGES 4U
#define SMALL_MAPS  64U

EXPERIMENT(vmalloc_blocks, "vmalloc.blocks",
	   "vm_map_ram serves small mappings from one block of this CPU's addresses")
{
	struct vmalloc_stats before, after;
	struct page *pages[SMALL_PAGES];
	u64 start, map = 0, ram = 0;
	unsigned int got = 0;
	void *p;

	while (got < SMALL_PAGES && (pages[got] = alloc_page(GFP_KERNEL)))
		got++;
	if (!expect(x, got == SMALL_PAGES, "no memory"))
		goto out;
	vm_unmap_ram(vm_map_ram(pages, got, 0), got);
	vmalloc_get_stats(&before);
	for (unsigned int i = 0; i < SMALL_MAPS; i++) {
		start = arch_cycles();
		p = vm_map_ram(pages, got, 0);
		vm_unmap_ram(p, got);
		ram += arch_cycles() - start;
	}
	vmalloc_get_stats(&after);
	for (unsigned int i = 0; i < SMALL_MAPS; i++) {
		start = arch_cycles();
		vunmap(vmap(pages, got, VM_MAP, PAGE_KERNEL));
		map += arch_cycles() - start;
	}
	expect(x, after.nr_areas <= before.nr_areas + 1, "%lu areas more",
	       after.nr_areas - before.nr_areas);
	expect(x, after.nr_block_maps == before.nr_block_maps, "%lu mappings left",
	       after.nr_block_maps - before.nr_block_maps);
	evidence(x, "%u times %u pages: %lu cycles a pair", SMALL_MAPS, SMALL_PAGES,
		 (ram / SMALL_MAPS));
	evidence(x, "vmap, an area each: %lu", (map / SMALL_MAPS));
out:
	while (got)
		__free_page(pages[--got]);
}
