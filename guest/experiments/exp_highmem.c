/* SPDX-License-Identifier: MIT */
/*
 * High memory: RAM that the kernel does not see until it asks for it.
 *
 * A 32-bit kernel has fewer addresses than a large machine has RAM; here highmem=SIZE makes
 * it so.  The top of RAM then has no direct map.  A page of it gets an address for a while:
 * by kmap(), from a few slots that all share, sleeping when they are used up; by
 * kmap_local_page(), from slots of this CPU, at once and in any context; or by vmalloc,
 * for as long as the area lives.  What must always have an address (kmalloc, slabs, page
 * tables) is never taken from there.
 *
 * Witnesses: the page tables (an access to the missing address faults), the zone of each
 * page, and the bytes seen through each mapping.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <mm/platform.h>

#include "experiment.h"
#include "pressure.h"

#define CHAPTER CHAPTER_HIGHMEM

static bool no_highmem(struct trial *x)
{
	if (totalhigh_pages())
		return false;
	skip(x, "booted without highmem=SIZE");
	return true;
}

EXPERIMENT(
	highmem_direct_map, "highmem.no-direct-map",
	"high memory has struct pages but no address; a mapping gives it one for a while")
{
	struct zone_info info;
	unsigned long missing;
	struct page *page;
	char *va;

	if (no_highmem(x))
		return;
	page = alloc_page(GFP_HIGHUSER);
	if (!expect(x, page, "no memory"))
		return;
	zone_info(ZONE_HIGHMEM, &info);
	missing = (unsigned long)page_to_virt(page);
	expect(x, PageHighMem(page), "GFP_HIGHUSER got frame %#lx", page_to_pfn(page));
	expect(x, !page_address(page), "it has the address %p", page_address(page));
	expect(x, !virt_addr_valid((void *)missing), "%#lx is said to be valid", missing);
	expect(x, platform_probe_faults(missing), "%#lx can be read", missing);
	expect(x, !platform_probe_faults((unsigned long)pfn_to_virt(info.start_pfn - 1)),
	       "the last low page faults");
	va = kmap(page);
	expect(x, platform_translate((unsigned long)va) == page_to_phys(page),
	       "%p leads elsewhere", va);
	expect(x, page_address(page) == va, "page_address() says %p", page_address(page));
	kunmap(page);
	evidence(x, "%lu MiB from %#lx on", info.present >> (20 - PAGE_SHIFT),
		 PFN_PHYS(info.start_pfn));
	evidence(x, "frame %#lx: %#lx faults, kmap() gave %p", page_to_pfn(page), missing,
		 va);
	__free_page(page);
}

/* Lets go of one slot when somebody waits for it. */
struct holder {
	struct page *page;
	unsigned long waits; /* kmap() calls that waited, before */
	bool let_go;
};

static int let_go_later(void *data)
{
	struct holder *holder = data;
	struct kmap_info info;

	do {
		msleep(1);
		kmap_get_info(&info);
	} while (info.waits == holder->waits && !kthread_should_stop());
	WRITE_ONCE(holder->let_go, true);
	kunmap(holder->page);
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

/* Each page with a slot and its number in it; how many. */
static unsigned int map_pages(struct page **pages)
{
	unsigned int n = 0;

	while (n < LAST_PKMAP && (pages[n] = alloc_page(GFP_HIGHUSER))) {
		*(unsigned int *)kmap(pages[n]) = n;
		n++;
	}
	return n;
}

/* How many show their own number; `gone` is unmapped already.  All are freed. */
static unsigned int unmap_pages(struct page *const *pages, unsigned int n,
				const struct page *gone)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < n; i++) {
		const unsigned int *va = page_address(pages[i]);

		good += pages[i] == gone || (va && *va == i);
		if (pages[i] != gone)
			kunmap(pages[i]);
		__free_page(pages[i]);
	}
	return good;
}

/* All slots are taken: kmap() of one page more waits until another thread lets `first` go.  That
 * one; NULL when it did not come to this. */
static struct page *wait_for_slot(struct trial *x, struct page *last, struct page *first)
{
	struct holder holder = { .page = first };
	struct kmap_info before, after;
	struct task_struct *task;
	void *va;

	kmap_get_info(&before);
	holder.waits = before.waits;
	task = kthread_run(let_go_later, &holder, "holder");
	if (!expect(x, !IS_ERR(task), "no thread"))
		return NULL;
	va = kmap(last);
	expect(x, va && READ_ONCE(holder.let_go), "it had a slot: %p", va);
	kthread_stop(task);
	kmap_get_info(&after);
	kunmap(last);
	expect(x, after.waits == before.waits + 1, "%lu waits",
	       after.waits - before.waits);
	evidence(x, "one more kmap() slept until a kunmap(); %lu flush of idle slots",
		 after.flushes - before.flushes);
	return holder.page;
}

EXPERIMENT(highmem_slots, "highmem.kmap-slots",
	   "kmap() has a fixed number of slots; the next one sleeps until one is free")
{
	static struct page *pages[LAST_PKMAP]; /* one trial at a time */
	struct page *last, *gone = NULL;
	unsigned int good, n;

	if (no_highmem(x))
		return;
	last = alloc_page(GFP_HIGHUSER);
	if (!expect(x, last, "no memory"))
		return;
	n = map_pages(pages);
	if (expect(x, n == LAST_PKMAP, "%u pages", n))
		gone = wait_for_slot(x, last, pages[0]);
	good = unmap_pages(pages, n, gone);
	expect(x, good == n, "%u of %u pages showed their own bytes", good, n);
	evidence(x, "%u slots, each page its own bytes", n);
	__free_page(last);
}

EXPERIMENT(highmem_local, "highmem.kmap-local",
	   "kmap_local_page() works in any context, nests, and ends in reverse order")
{
	struct page *pages[4];
	unsigned long flags;
	char *va[4];
	unsigned int n = 0, good = 0;

	if (no_highmem(x))
		return;
	while (n < ARRAY_SIZE(pages) && (pages[n] = alloc_page(GFP_HIGHUSER)))
		n++;
	local_irq_save(flags);
	for (unsigned int i = 0; i < n; i++) {
		va[i] = kmap_local_page(pages[i]);
		*va[i] = (char)('a' + i);
	}
	for (unsigned int i = n; i--;) {
		good += *va[i] == (char)('a' + i);
		kunmap_local(va[i]);
	}
	local_irq_restore(flags);
	expect(x, n == 4 && good == n, "%u pages, %u good", n, good);
	expect(x, platform_probe_faults((unsigned long)va[0]), "%p is still mapped",
	       va[0]);
	va[1] = kmap_atomic(pages[0]);
	expect(x, *va[1] == 'a', "another mapping shows %c", *va[1]);
	expect(x, va[1] == va[0], "another slot");
	kunmap_atomic(va[1]);
	while (n)
		__free_page(pages[--n]);
	evidence(x, "4 pages at once with interrupts off, at %p and above; then gone",
		 va[0]);
}

#define AREA_PAGES 16

EXPERIMENT(highmem_vmalloc, "highmem.vmalloc-first",
	   "vmalloc takes high memory first: it makes its own addresses anyway")
{
	char *area;
	unsigned int high = 0;

	if (no_highmem(x))
		return;
	area = vmalloc(AREA_PAGES * PAGE_SIZE);
	if (!expect(x, area, "no memory"))
		return;
	for (unsigned int i = 0; i < AREA_PAGES; i++) {
		area[i * PAGE_SIZE] = 1;
		high += PageHighMem(vmalloc_to_page(area + i * PAGE_SIZE));
	}
	expect(x, high == AREA_PAGES, "%u of %u pages", high, AREA_PAGES);
	vfree(area);
	evidence(x, "%u of %u pages of an area are in HighMem", high, AREA_PAGES);
}

EXPERIMENT(highmem_kmalloc, "highmem.kmalloc-never",
	   "kmalloc never gets high memory, not even when nothing else is left")
{
	unsigned long high;
	struct page *page;
	LIST_HEAD(held);
	void *p;

	if (no_highmem(x) || too_much_memory(x))
		return;
	for (size_t size = 8; size <= KMALLOC_MAX_SIZE; size *= 8) {
		p = kmalloc(size, GFP_KERNEL);
		expect(x,
		       p && virt_addr_valid(p) && virt_addr_valid((char *)p + size - 1),
		       "%zu bytes at %p", size, p);
		kfree(p);
	}
	press(&held, __GFP_MEMALLOC);
	high = nr_free_highpages();
	p = kmalloc(KMALLOC_MAX_CACHE_SIZE * 2, __GFP_NOWARN);
	expect(x, !p, "kmalloc gave %p", p);
	kfree(p);
	page = alloc_page(__GFP_HIGHMEM);
	relieve(&held);
	expect(x, page && PageHighMem(page), "no high page is left");
	if (page)
		__free_page(page);
	evidence(x, "all sizes lie in the direct map");
	evidence(x, "with low memory gone kmalloc gives NULL, with %lu high pages free",
		 high);
}
