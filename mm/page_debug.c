/* SPDX-License-Identifier: MIT */
/*
 * Debugging of pages: poison in free memory, failures on purpose, and the switchboard of
 * page_alloc_hooks.
 *
 * A poisoned page is marked in struct page.debug, not in the head's flags, so that blocks
 * of poisoned, fresh and late-freed pages may join and split freely.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/string.h>
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/reset.h"

#define PAGE_POISON    0xaa
#define DEBUG_POISONED 1U

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
}

static int on_off(const char *arg, unsigned int hook)
{
	if (arg && (!strcmp(arg, "on") || !strcmp(arg, "1")))
		debug.wanted |= hook;
	else if (arg && (!strcmp(arg, "off") || !strcmp(arg, "0")))
		debug.wanted &= ~hook;
	else
		return -EINVAL;
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
	if (attr)
		page_alloc_hooks |= HOOK_FAIL;
	else
		page_alloc_hooks &= ~HOOK_FAIL;
}

void page_debug_init(void)
{
	page_alloc_hooks |= debug.wanted;
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_init();
}

bool page_debug_should_fail(gfp_t gfp, unsigned int order)
{
	struct fault_attr *attr = debug.fail;

	return attr && !(gfp & __GFP_NOFAIL) && should_fail(attr, 1L << order);
}

static void check_poison(struct page *page)
{
	const u8 *wrong = memchr_inv(page_address(page), PAGE_POISON, PAGE_SIZE);

	if (!wrong)
		return;
	report_bad_page(page, "written to while it was free", _RET_IP_);
	pr_err("page poison: byte %#lx of page %#lx is %#x instead of %#x\n",
	       offset_in_page(wrong), page_to_pfn(page), *wrong, PAGE_POISON);
}

void page_debug_alloc(struct page *page, unsigned int order, gfp_t gfp)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (!(page[i].debug & DEBUG_POISONED))
			continue;
		check_poison(&page[i]);
		page[i].debug = 0;
	}
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_alloc(page, order, gfp);
}

void page_debug_free(struct page *page, unsigned int order)
{
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_free(page, order);
	if (!(page_alloc_hooks & HOOK_POISON))
		return;
	memset(page_address(page), PAGE_POISON, PAGE_SIZE << order);
	for (unsigned long i = 0; i < 1UL << order; i++)
		page[i].debug = DEBUG_POISONED;
}

void page_debug_split(struct page *page, unsigned int order)
{
	if (page_alloc_hooks & HOOK_OWNER)
		page_owner_split(page, order);
}
