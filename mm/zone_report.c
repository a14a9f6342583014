/* SPDX-License-Identifier: MIT */
/*
 * Zones as text, in the formats of Linux 6.1: /proc/buddyinfo, /proc/zoneinfo,
 * /proc/pagetypeinfo, and what a failed allocation prints (mm/show_mem.c there).  There is one
 * node, number 0.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sprintf.h>
#include "mm/page_alloc.h"
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/zone.h"

/* Text that ends where its room does. */
struct text {
	char *buf;
	size_t size, len;
};

static void put(struct text *t, const char *fmt, ...) __printf(2, 3);
static void put(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->len += (size_t)vscnprintf(t->buf + t->len, t->size - t->len, fmt, args);
	va_end(args);
}

/* The zones that have memory, one after another. */
static void for_zones(struct text *t, void (*one)(struct text *t, enum zone_type type,
						  const struct zone_info *info))
{
	struct zone_info info;

	for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
		zone_info(type, &info);
		if (info.present)
			one(t, type, &info);
	}
}

static struct text text_in(char *buf, size_t size)
{
	if (size)
		buf[0] = '\0';
	return (struct text){ buf, size, 0 };
}

/* --- /proc/buddyinfo -------------------------------------------------------------------- */

static void put_buddy_line(struct text *t, enum zone_type type,
			   const struct zone_info *info)
{
	(void)type;
	put(t, "Node 0, zone %8s ", info->name);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		put(t, "%6lu ", info->nr_free[order]);
	put(t, "\n");
}

size_t buddyinfo_read(char *buf, size_t size)
{
	struct text t = text_in(buf, size);

	for_zones(&t, put_buddy_line);
	return t.len;
}

/* A line of text for each zone. */
#define LINE_MAX 160

static void show_line(enum zone_type type,
		      void (*one)(struct text *t, enum zone_type type,
				  const struct zone_info *info))
{
	char line[LINE_MAX];
	struct text t = { line, sizeof(line), 0 };
	struct zone_info info;

	zone_info(type, &info);
	if (!info.present)
		return;
	one(&t, type, &info);
	pr_info("%s", line);
}

void show_buddyinfo(void)
{
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		show_line(type, put_buddy_line);
}

/* --- /proc/zoneinfo --------------------------------------------------------------------- */

static void put_pagesets(struct text *t, enum zone_type type)
{
	put(t, "\n  pagesets");
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++) {
		struct pcp *pcps = &cpu_pcps[cpu].pcp[pcp_class(type, 0)];
		unsigned long count = 0, high;

		if (!cpu_online(cpu))
			continue;
		for (unsigned int list = 0; list < PCP_TYPES; list++)
			count += pcp_held(&pcps[list]);
		high = (unsigned long)(pcps->stack[0].limit - pcp_bottom(pcps, 0));
		put(t,
		    "\n    cpu: %u\n              count: %lu\n              high:  %lu"
		    "\n              batch: %u",
		    cpu, count, high, pcp_batch(pcps, 0));
	}
}

static void put_zone(struct text *t, enum zone_type type, const struct zone_info *info)
{
	put(t, "Node 0, zone %8s", info->name);
	put(t,
	    "\n  pages free     %lu\n        boost    0\n        min      %lu"
	    "\n        low      %lu\n        high     %lu\n        spanned  %lu"
	    "\n        present  %lu\n        managed  %lu\n        cma      %lu",
	    info->free, info->watermark[WMARK_MIN], info->watermark[WMARK_LOW],
	    info->watermark[WMARK_HIGH], info->spanned, info->present, info->managed,
	    info->cma);
	put(t, "\n        protection: (%lu", info->lowmem_reserve[0]);
	for (unsigned int i = 1; i < MAX_NR_ZONES; i++)
		put(t, ", %lu", info->lowmem_reserve[i]);
	put(t, ")\n      nr_free_pages %lu\n      nr_free_cma  %lu", info->free,
	    info->free_cma);
	put_pagesets(t, type);
	put(t, "\n  node_unreclaimable:  0\n  start_pfn:           %lu\n",
	    info->start_pfn);
}

size_t zoneinfo_read(char *buf, size_t size)
{
	struct text t = text_in(buf, size);

	for_zones(&t, put_zone);
	return t.len;
}

/* --- /proc/pagetypeinfo ----------------------------------------------------------------- */

static void put_free_by_type(struct text *t, enum zone_type zone,
			     const struct zone_info *info)
{
	struct zone_types types;

	zone_types(zone, &types);
	for (unsigned int type = 0; type < MIGRATE_TYPES; type++) {
		put(t, "Node %4d, zone %8s, type %12s ", 0, info->name,
		    migratetype_name(type));
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			put(t, "%6lu ", types.nr_free[type][order]);
		put(t, "\n");
	}
}

static void put_page_blocks(struct text *t, enum zone_type zone,
			    const struct zone_info *info)
{
	struct zone_types types;

	zone_types(zone, &types);
	types.blocks[WHOLE] += types.whole;
	put(t, "Node %d, zone %8s ", 0, info->name);
	for (unsigned int type = 0; type < MIGRATE_TYPES; type++)
		put(t, "%12lu ", types.blocks[type]);
	put(t, "\n");
}

size_t pagetypeinfo_read(char *buf, size_t size)
{
	struct text t = text_in(buf, size);

	put(&t, "Page block order: %d\nPages per block:  %lu\n\n%-43s ", pageblock_order,
	    pageblock_nr_pages, "Free pages count per migrate type at order");
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		put(&t, "%6u ", order);
	put(&t, "\n");
	for_zones(&t, put_free_by_type);
	put(&t, "\n%-23s", "Number of blocks type ");
	for (unsigned int type = 0; type < MIGRATE_TYPES; type++)
		put(&t, "%12s ", migratetype_name(type));
	put(&t, "\n");
	for_zones(&t, put_page_blocks);
	return t.len;
}

/* --- after a failure -------------------------------------------------------------------- */

#define KB(pages) ((pages) << (PAGE_SHIFT - 10))

static void put_state(struct text *t, enum zone_type type, const struct zone_info *info)
{
	(void)type;
	put(t, "Node 0 %s free:%lukB boost:0kB min:%lukB low:%lukB high:%lukB ",
	    info->name, KB(info->free), KB(info->watermark[WMARK_MIN]),
	    KB(info->watermark[WMARK_LOW]), KB(info->watermark[WMARK_HIGH]));
	put(t, "present:%lukB managed:%lukB free_pcp:%lukB\n", KB(info->present),
	    KB(info->managed), KB(info->pcp));
}

static void put_reserve(struct text *t, enum zone_type type, const struct zone_info *info)
{
	(void)type;
	put(t, "lowmem_reserve[]:");
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		put(t, " %lu", info->lowmem_reserve[i]);
	put(t, "\n");
}

static void put_blocks(struct text *t, enum zone_type type, const struct zone_info *info)
{
	(void)type;
	put(t, "Node 0 %s: ", info->name);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		put(t, "%lu*%lukB ", info->nr_free[order], KB(1UL << order));
	put(t, "= %lukB\n", KB(info->free));
}

void show_mem(void)
{
	pr_info("Mem-Info:\n");
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
		show_line(type, put_state);
		show_line(type, put_reserve);
	}
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		show_line(type, put_blocks);
}
