/* SPDX-License-Identifier: MIT */
/*
 * Allocation profile: a table of call sites that only grows, found by hash.
 *
 * A slot is claimed by storing the call's address in it (compare-and-swap, 0 = free) and
 * never given up, so its number can be kept with what was allocated: in page->debug of a
 * block's head, in eight bytes behind an object.  What finds no room is charged to slot 0.
 *
 * The profile may be switched off and on.  A block that was charged and freed while it was
 * off keeps its mark; so marks carry the number of the run that made them, and others are
 * ignored.  Objects need no such thing: their cache is profiled all its life.
 */
#include <linux/alloc_profile.h>
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "mm/alloc_profile.h"
#include "mm/page_alloc.h"
#include "mm/page_debug.h"

#define SITES  ALLOC_SITES
#define PROBES 64U /* how far from its hash a site may lie */

struct alloc_site alloc_sites[SITES]; /* slot 0: all the others */

struct alloc_profile alloc_profile;

void alloc_profile_reset(void)
{
	memset(alloc_sites, 0, sizeof(alloc_sites));
	alloc_profile.wanted = false;
	alloc_profile.on = false;
	alloc_profile.run = 0;
}

int alloc_profile_setup(const char *arg)
{
	return parse_on_off(arg, &alloc_profile.wanted);
}

void alloc_profile_init(void)
{
	if (alloc_profile.wanted)
		alloc_profile_set(true);
}

void alloc_profile_set(bool on)
{
	alloc_profile.run += on && !alloc_profile.on;
	alloc_profile.on = on;
	page_alloc_hook(HOOK_PROFILE, on);
}

bool alloc_profile_on(void)
{
	return alloc_profile.on;
}

/* --- sites ----------------------------------------------------------------------------- */

/* The slot of a call, claimed if need be; 0: there is no room. */
static u32 find_slot(unsigned long ip)
{
	u32 hash = (u32)((ip * 0x9e3779b97f4a7c15UL) >> 40);

	for (u32 i = 0; i < PROBES; i++) {
		u32 slot = (hash + i) & (SITES - 1);
		unsigned long found;

		if (!slot)
			continue;
		found = READ_ONCE(alloc_sites[slot].ip);
		if (!found)
			found = cmpxchg(&alloc_sites[slot].ip, 0UL, ip);
		if (!found || found == ip)
			return slot;
	}
	return 0;
}

/* The number kept with an allocation is the slot's plus one. */
alloc_site_t alloc_site_charge(unsigned long ip, size_t bytes)
{
	u32 slot = ip ? find_slot(ip) : 0;

	atomic_long_add((long)bytes, &alloc_sites[slot].bytes);
	atomic_long_inc(&alloc_sites[slot].calls);
	atomic_long_inc(&alloc_sites[slot].total);
	return slot + 1;
}

void alloc_site_release(alloc_site_t site, size_t bytes)
{
	if (!site || site > SITES)
		return;
	atomic_long_sub((long)bytes, &alloc_sites[site - 1].bytes);
	atomic_long_dec(&alloc_sites[site - 1].calls);
}

unsigned long alloc_site_ip(alloc_site_t site)
{
	return site && site <= SITES ? READ_ONCE(alloc_sites[site - 1].ip) : 0;
}

/* --- pages ----------------------------------------------------------------------------- */

/* The mark of a block: see DEBUG_POISONED. */
static u32 page_mark(alloc_site_t site)
{
	return (u32)alloc_profile.run << 16 | site << 1;
}

static alloc_site_t marked_site(const struct page *head)
{
	u32 mark = READ_ONCE(head->debug);

	return mark >> 16 == alloc_profile.run ? mark >> 1 & 0x7fff : 0;
}

void alloc_profile_page(struct page *page, unsigned int order, unsigned long ip)
{
	page->debug = page_mark(alloc_site_charge(ip, PAGE_SIZE << order));
}

void alloc_profile_page_freed(struct page *page, unsigned int order)
{
	alloc_site_release(marked_site(page), PAGE_SIZE << order);
	page->debug = 0;
}

void alloc_profile_page_split(struct page *page, unsigned int order)
{
	alloc_site_t site = marked_site(page);

	if (!site)
		return;
	for (unsigned long i = 1; i < 1UL << order; i++) {
		page[i].debug = page->debug;
		atomic_long_inc(&alloc_sites[site - 1].calls);
	}
}

unsigned long alloc_profile_page_site(const struct page *head)
{
	return alloc_profile.on ? alloc_site_ip(marked_site(head)) : 0;
}

/* --- telling --------------------------------------------------------------------------- */

static struct alloc_site_info read_site(u32 slot)
{
	return (struct alloc_site_info){
		.ip = READ_ONCE(alloc_sites[slot].ip),
		.bytes = (unsigned long)atomic_long_read(&alloc_sites[slot].bytes),
		.calls = (unsigned long)atomic_long_read(&alloc_sites[slot].calls),
		.total = (unsigned long)atomic_long_read(&alloc_sites[slot].total),
	};
}

static bool holds_more(const struct alloc_site_info *a, const struct alloc_site_info *b,
		       enum alloc_profile_order order)
{
	return order == ALLOC_BY_BYTES ? a->bytes > b->bytes : a->calls > b->calls;
}

unsigned int alloc_profile_top(struct alloc_site_info *top, unsigned int n,
			       enum alloc_profile_order order)
{
	unsigned int used = 0;

	for (u32 slot = 0; slot < SITES && n; slot++) {
		struct alloc_site_info site = read_site(slot);
		unsigned int at = used;

		if (!site.calls)
			continue;
		while (at && holds_more(&site, &top[at - 1], order))
			at--;
		if (at == n)
			continue;
		used = min(used + 1, n);
		memmove(&top[at + 1], &top[at], (used - at - 1) * sizeof(*top));
		top[at] = site;
	}
	return used;
}

#define PRINT_MAX 32U

void alloc_profile_print(unsigned int n)
{
	struct alloc_site_info top[PRINT_MAX];

	n = alloc_profile_top(top, min(n, PRINT_MAX), ALLOC_BY_BYTES);
	pr_info("allocinfo - version: 1.0\n");
	pr_info("#     <size>  <calls> <tag info>\n");
	for (unsigned int i = 0; i < n; i++)
		if (top[i].ip)
			pr_info("%12lu %8lu func:%pS\n", top[i].bytes, top[i].calls,
				(void *)top[i].ip);
		else
			pr_info("%12lu %8lu (sites beyond the table)\n", top[i].bytes,
				top[i].calls);
}
