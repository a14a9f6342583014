/* SPDX-License-Identifier: MIT */
/* What the page allocator prints: failures, refused calls, free blocks. */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/sprintf.h>
#include "mm/page_alloc.h"

/* So many failures are reported in full; of later ones only the first line. */
#define FULL_REPORTS 8

static atomic_long_t bad_calls;
static atomic_t failures_reported;

void report_reset(void)
{
	atomic_long_set(&bad_calls, 0);
	atomic_set(&failures_reported, 0);
}

unsigned long page_alloc_bad_count(void)
{
	return (unsigned long)atomic_long_read(&bad_calls);
}

static void show_zone_free(enum zone_type type)
{
	char line[256];
	struct zone_info info;
	int len;

	zone_info(type, &info);
	if (!info.managed)
		return;
	len = scnprintf(line, sizeof(line), "Zone %-7s", info.name);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		len += scnprintf(line + len, sizeof(line) - (size_t)len, " %6lu",
				 info.nr_free[order]);
	pr_info("%s\n", line);
}

void show_buddyinfo(void)
{
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		show_zone_free(type);
}

static void show_zones(void)
{
	struct zone_info info;

	for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
		zone_info(type, &info);
		if (info.managed)
			pr_info("%s: free %lukB min %lukB low %lukB high %lukB managed "
				"%lukB pcp %lukB\n",
				info.name, info.free * 4, info.watermark[WMARK_MIN] * 4,
				info.watermark[WMARK_LOW] * 4,
				info.watermark[WMARK_HIGH] * 4, info.managed * 4,
				info.pcp * 4);
	}
	show_buddyinfo();
}

void report_alloc_failure(const struct alloc_request *req)
{
	char names[GFP_NAMES_MAX];

	pr_warn("page allocation failure: order:%u, mode:%#x(%s), from %pS\n", req->order,
		req->gfp, gfp_names(req->gfp, names, sizeof(names)), (void *)req->caller);
	if (atomic_inc_return(&failures_reported) > FULL_REPORTS)
		return;
	dump_stack();
	show_zones();
}

void report_bad_page(const struct page *page, const char *why, unsigned long caller)
{
	atomic_long_inc(&bad_calls);
	if (page)
		pr_err("BUG: bad page %#lx: %s, by %pS; flags %#x order %u count %d\n",
		       page_to_pfn(page), why, (void *)caller, page->flags,
		       page_order(page), atomic_read(&page->_refcount));
	else
		pr_err("BUG: %s, by %pS\n", why, (void *)caller);
	dump_stack();
	if (page)
		dump_page_owner(page);
}
