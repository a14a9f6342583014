/* SPDX-License-Identifier: MIT */
/*
 * The memory balloon.  Whether memory is really given back is not for the guest to say: the
 * dmacheck device tells how much of a range the host holds memory for.
 */
#include <linux/bitops.h>
#include <linux/highmem.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <abi/virtio_balloon.h>
#include <guest/balloon.h>
#include <guest/dmacheck.h>
#include <guest/machine.h>

#include "experiment.h"
#include "fault_watch.h"
#include "pressure.h"

#define CHAPTER CHAPTER_BALLOON

#define SAMPLE	64U /* frames that are asked about */
#define TOUCHED 4U /* times what the balloon takes */
#define RESERVE 1024U /* more single pages than the zones keep back */
#define ORDER	MAX_ORDER

/* Resident bytes of n frames. */
static u64 resident(struct trial *x, const unsigned long *pfns, unsigned int n)
{
	struct dmacheck_seg segs[SAMPLE];
	struct dmacheck_call call = { .op = DMACHECK_OP_RESIDENT,
				      .src = segs,
				      .n_src = n };
	struct dmacheck_resp resp = { 0 };
	int err;

	if (!n)
		return 0;
	for (unsigned int i = 0; i < n; i++)
		segs[i] = (struct dmacheck_seg){ pfns[i] << PAGE_SHIFT, PAGE_SIZE };
	err = dmacheck_request(&call, &resp);
	expect(x, !err, "dmacheck: %d", err);
	return resp.resident;
}

/* False, and the trial is skipped, where nothing can be seen. */
static bool can_see(struct trial *x)
{
	if (device_behind_iommu())
		skip(x, "behind an IOMMU the device does not see frames");
	else if (!balloon_target())
		skip(x, "the monitor asks for no page: give --balloon 4M");
	return !x->skipped;
}

static bool grow(struct trial *x, unsigned long target)
{
	balloon_limit(~0UL);
	balloon_settle();
	return expect(x, balloon_size() == target, "%lu pages of %lu", balloon_size(),
		      target);
}

static bool shrink(struct trial *x)
{
	balloon_limit(0);
	balloon_settle();
	return expect(x, !balloon_size(), "%lu pages are still in it", balloon_size());
}

/* Writes to n pages of the kind that the balloon takes, notes which, and frees them: likely
 * the next to be taken, but for what lies on lists in between; so n is several times as many
 * as the balloon takes. */
static void touch_pages(unsigned int n, unsigned long *touched)
{
	struct page *page;
	LIST_HEAD(held);

	take_pages_quietly(&held, GFP_HIGHUSER_MOVABLE, n);
	list_for_each_entry (page, &held, lru) {
		unsigned long *at = kmap_local_page(page);

		*at = page_to_pfn(page);
		kunmap_local(at);
		__set_bit((unsigned int)page_to_pfn(page), touched);
	}
	relieve(&held);
}

/* Of the frames that are in the balloon, up to SAMPLE that had been touched. */
static unsigned int touched_frames(unsigned long *all, unsigned long most,
				   const unsigned long *touched, unsigned long *pfns)
{
	unsigned int n = balloon_frames(all, (unsigned int)most), found = 0;

	for (unsigned int i = 0; i < n && found < SAMPLE; i++)
		if (test_bit((unsigned int)all[i], touched))
			pfns[found++] = all[i];
	return found;
}

/* `room` is for as many pages as the balloon shall have. */
static void inflate_over_touched(struct trial *x, unsigned long *touched, void *room)
{
	unsigned long pfns[SAMPLE], target = balloon_target();
	unsigned int found;
	u64 left;

	if (!shrink(x))
		return;
	touch_pages(TOUCHED * (unsigned int)target, touched);
	if (!grow(x, target))
		return;
	found = touched_frames(room, target, touched, pfns);
	expect(x, found, "none of the frames had been written to");
	left = resident(x, pfns, found);
	expect(x, !left, "the host still has %lu bytes of %u frames", (unsigned long)left,
	       found);
	evidence(x, "%lu pages in it; %u frames that had been written to: %lu bytes left",
		 balloon_size(), found, (unsigned long)left);
}

EXPERIMENT(balloon_inflate, "balloon.inflate",
	   "what the balloon takes from the guest, the host has back",
	   .needs = NEEDS_BALLOON | NEEDS_DMACHECK)
{
	unsigned long *touched;
	void *room;

	if (!can_see(x))
		return;
	touched = kvzalloc(BITS_TO_LONGS(max_pfn) * sizeof(long), GFP_KERNEL);
	room = kvzalloc(balloon_target() * sizeof(void *), GFP_KERNEL);
	if (expect(x, touched && room, "no memory"))
		inflate_over_touched(x, touched, room);
	kvfree(room);
	kvfree(touched);
}

/* Pages that are written keep what was written, and the host has memory for them. */
static void use_pages(struct trial *x)
{
	struct page *pages[SAMPLE] = { NULL };
	unsigned long pfns[SAMPLE] = { 0 };
	unsigned int n;

	n = (unsigned int)alloc_pages_bulk_array(GFP_KERNEL, SAMPLE, pages);
	for (unsigned int i = 0; i < n; i++) {
		pfns[i] = page_to_pfn(pages[i]);
		*(unsigned long *)page_to_virt(pages[i]) = pfns[i];
	}
	expect(x, resident(x, pfns, n) == n * PAGE_SIZE,
	       "written, but the host has none");
	for (unsigned int i = 0; i < n; i++)
		expect(x, *(unsigned long *)page_to_virt(pages[i]) == pfns[i],
		       "frame %#lx lost what was written", pfns[i]);
	free_pages_bulk_array(n, pages);
}

EXPERIMENT(balloon_deflate, "balloon.deflate",
	   "pages that come back from the balloon are ordinary memory again",
	   .needs = NEEDS_BALLOON | NEEDS_DMACHECK)
{
	unsigned long target = balloon_target(), free, back;

	if (!can_see(x) || !grow(x, target))
		return;
	drain_all_pages();
	free = nr_free_pages();
	if (!shrink(x))
		return;
	drain_all_pages();
	back = nr_free_pages() - free;
	expect(x, back >= target - target / 8, "%lu pages came back, %lu were in it",
	       back, target);
	use_pages(x);
	evidence(x, "%lu of %lu pages are free again", back, target);
	grow(x, target);
}

EXPERIMENT(balloon_stats, "balloon.stats",
	   "the monitor is told how the guest's memory is used", .needs = NEEDS_BALLOON)
{
	if (!balloon_has(VIRTIO_BALLOON_F_STATS_VQ)) {
		skip(x, "the device wants no statistics");
		return;
	}
	expect(x, balloon_stats_told(), "never told");
	evidence(x, "told %lu times, %lu of %lu MiB free", balloon_stats_told(),
		 nr_free_pages() >> (20 - PAGE_SHIFT),
		 totalram_pages() >> (20 - PAGE_SHIFT));
}

/* Single pages, until the balloon has shrunk; linked by lru. */
static unsigned int ask_for_more(struct list_head *held, unsigned long before)
{
	unsigned int n = 0;

	while (n < RESERVE && balloon_size() == before) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_NOWARN);

		if (!page)
			break;
		set_page_private(page, 0);
		list_add(&page->lru, held);
		n++;
	}
	return n;
}

EXPERIMENT(balloon_oom, "balloon.oom",
	   "before a request fails for want of memory, the balloon gives some back",
	   .needs = NEEDS_BALLOON)
{
	unsigned long target = balloon_target();
	LIST_HEAD(held);
	unsigned int n;

	if (!balloon_has(VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		skip(x, "the monitor does not allow it");
	else if (!target)
		skip(x, "the monitor asks for no page: give --balloon 4M");
	else
		too_much_memory(x);
	if (x->skipped || !grow(x, target))
		return;
	press(&held, GFP_NOWAIT | __GFP_HIGHMEM | __GFP_NOWARN);
	n = ask_for_more(&held, target);
	expect(x, balloon_size() < target, "a request failed, %lu pages are in it",
	       balloon_size());
	evidence(x, "after %u pages of the reserve, %lu came from the balloon", n,
		 target - balloon_size());
	relieve(&held);
	grow(x, target);
}

/* What the host has of the block. */
static u64 block_resident(struct trial *x, unsigned long pfn)
{
	u64 bytes = 0;
	int err = dmacheck_resident(pfn << PAGE_SHIFT, PAGE_SIZE << ORDER, &bytes);

	expect(x, !err, "dmacheck: %d", err);
	return bytes;
}

static void report_block(struct trial *x, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	u64 before, after;
	long told;

	for (unsigned long i = 0; i < 1UL << ORDER; i++)
		*(unsigned long *)page_to_virt(page + i) = i + 1;
	before = block_resident(x, pfn);
	__free_pages(page, ORDER);
	drain_all_pages();
	told = balloon_report();
	after = block_resident(x, pfn);
	expect(x, told > 0, "nothing told: %ld", told);
	expect(x, before == PAGE_SIZE << ORDER, "written, but the host has %lu bytes",
	       (unsigned long)before);
	expect(x, !after, "free, and the host still has %lu bytes", (unsigned long)after);
	evidence(x, "%ld free pages told; a block of 4 MiB: %lu KiB before, %lu after",
		 told, (unsigned long)before >> 10, (unsigned long)after >> 10);
}

EXPERIMENT(balloon_reporting, "balloon.reporting",
	   "memory that the guest has freed is the host's again, until it is used",
	   .needs = NEEDS_BALLOON | NEEDS_DMACHECK)
{
	struct page *page;

	if (!balloon_has(VIRTIO_BALLOON_F_PAGE_REPORTING))
		skip(x, "the device does not want to know of free memory");
	else if (device_behind_iommu())
		skip(x, "behind an IOMMU the device does not see frames");
	else if (hypervisor.dma_check_hash)
		skip(x, "who hashes a buffer has the host find memory for it");
	if (x->skipped)
		return;
	page = alloc_pages(GFP_KERNEL, ORDER);
	if (expect(x, page, "no block of 4 MiB"))
		report_block(x, page);
}
