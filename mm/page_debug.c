/* SPDX-License-Identifier: MIT */
/*
 * Debugging of pages: poison in free memory, what fresh memory holds, failures on purpose,
 * and the switchboard of page_alloc_hooks.
 *
 * A poisoned page is marked in struct page.debug, not in the head's flags, so that blocks
 * of poisoned, fresh and late-freed pages may join and split freely.
 */
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/kmsan-checks.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/string.h>
#include "mm/alloc_profile.h"
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/reset.h"

#define PAGE_POISON 0xaa

static struct {
	unsigned int wanted; /* HOOK_* asked for before the allocator starts */
	struct fault_attr *fail;
	struct fault_attr boot_fail; /* of the command line */
} debug;

void page_debug_reset(void)
{
	debug.wanted = 0;
	debug.fail = NULL;
	page_owner_reset();
	alloc_profile_reset();
	kmsan_reset();
}

int parse_on_off(const char *arg, bool *on)
{
	if (arg && (!strcmp(arg, "on") || !strcmp(arg, "1")))
		*on = true;
	else if (arg && (!strcmp(arg, "off") || !strcmp(arg, "0")))
		*on = false;
	else
		return -EINVAL;
	return 0;
}

static int on_off(const char *arg, unsigned int hook)
{
	bool on;
	int err = parse_on_off(arg, &on);

	if (err)
		return err;
	if (on)
		debug.wanted |= hook;
	else
		debug.wanted &= ~hook;
	return 0;
}

int page_poison_setup(const char *arg)
{
	return on_off(arg, HOOK_POISON);
}

int page_owner_setup(const char *arg)
{
	return on_off(arg, HOOK_OWNER);
}

int init_on_alloc_setup(const char *arg)
{
	return on_off(arg, HOOK_INIT_ALLOC);
}

int init_on_free_setup(const char *arg)
{
	return on_off(arg, HOOK_INIT_FREE);
}

int fail_page_alloc_setup(const char *arg)
{
	int err = setup_fault_attr(&debug.boot_fail, arg);

	if (!err)
		fail_page_alloc_set(&debug.boot_fail);
	return err;
}

void fail_page_alloc_set(struct fault_attr *attr)
{
	debug.fail = attr;
	page_alloc_hook(HOOK_FAIL, attr);
}

void page_debug_init(void)
{
	page_alloc_hooks |= debug.wanted;
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_init();
	alloc_profile_init();
	kmsan_init();
}

bool page_debug_should_fail(gfp_t gfp, unsigned int order)
{
	struct fault_attr *attr = debug.fail;

	return attr && !(gfp & __GFP_NOFAIL) && should_fail(attr, 1L << order);
}

static void check_poison(struct page *page)
{
	const u8 *at = kmap_local_page(page);
	const u8 *wrong = memchr_inv(at, PAGE_POISON, PAGE_SIZE);
	u8 byte = wrong ? *wrong : PAGE_POISON;

	kunmap_local(at);
	if (!wrong)
		return;
	report_bad_page(page, "written to while it was free", _RET_IP_);
	pr_err("page poison: byte %#lx of page %#lx is %#x instead of %#x\n",
	       offset_in_page(wrong), page_to_pfn(page), byte, PAGE_POISON);
}

/* What the memory of a new block holds that the caller did not ask to be cleared. */
static void fill_fresh(struct page *page, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		void *at = kmap_local_page(&page[i]);

		if (page_alloc_hooks & HOOK_INIT_ALLOC)
			memset(at, 0, PAGE_SIZE);
		else
			kmsan_poison_memory(at, PAGE_SIZE, 0);
		kunmap_local(at);
	}
}

void page_debug_alloc(struct page *page, unsigned int order, gfp_t gfp,
		      unsigned long caller)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (page[i].debug & DEBUG_POISONED)
			check_poison(&page[i]);
		page[i].debug = 0;
	}
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_alloc(page, order, gfp);
	if ((page_alloc_hooks & (HOOK_INIT_ALLOC | HOOK_UNWRITTEN)) &&
	    !(gfp & __GFP_ZERO))
		fill_fresh(page, order);
	if (page_alloc_hooks & HOOK_PROFILE)
		alloc_profile_page(page, order, caller);
}

static void fill_free(struct page *page, unsigned int order, u8 byte, u32 mark)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		memset_page(&page[i], 0, byte, PAGE_SIZE);
		page[i].debug = mark;
	}
}

void page_debug_free(struct page *page, unsigned int order)
{
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_free(page, order);
	if (page_alloc_hooks & HOOK_PROFILE)
		alloc_profile_page_freed(page, order);
	if (page_alloc_hooks & HOOK_POISON)
		fill_free(page, order, PAGE_POISON, DEBUG_POISONED);
	else if (page_alloc_hooks & HOOK_INIT_FREE)
		fill_free(page, order, 0, 0);
}

void page_debug_split(struct page *page, unsigned int order)
{
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_split(page, order);
	if (page_alloc_hooks & HOOK_PROFILE)
		alloc_profile_page_split(page, order);
}
