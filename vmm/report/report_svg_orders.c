/* SPDX-License-Identifier: MIT */
/* Picture: free blocks of each order over the run. */
#include <inttypes.h>
#include <math.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"
#include "vmm/report/report_timeline.h"

#define ROW	   20
#define ORDERS_MAX 16

/* Blocks of an order, over all zones. */
static uint64_t blocks(const struct timeline *t, size_t i, size_t order)
{
	json_t *zones = json_object_get(timeline_sample(t, i), "free_blocks"), *zone;
	const char *name;
	uint64_t sum = 0;

	json_object_foreach(zones, name, zone) sum += json_number_at(zone, order);
	return sum;
}

static size_t count_orders(const struct timeline *t)
{
	json_t *zones = json_object_get(timeline_sample(t, 0), "free_blocks"), *zone;
	const char *name;
	size_t most = 0;

	json_object_foreach(zones, name, zone) if (json_array_size(zone) > most)
		most = json_array_size(zone);
	return most < ORDERS_MAX ? most : ORDERS_MAX;
}

static uint64_t most_blocks(const struct timeline *t, size_t orders)
{
	uint64_t most = 1;
	size_t i, order;

	for (i = 0; i < t->nr; i++)
		for (order = 0; order < orders; order++)
			if (blocks(t, i, order) > most)
				most = blocks(t, i, order);
	return most;
}

/* Of the colour for n blocks; scale is the logarithm of the most. */
static double opacity(uint64_t n, double scale)
{
	return 0.12 + 0.88 * log2(1 + (double)n) / scale;
}

/* Samples with the same count are one rectangle. */
static void draw_row(FILE *f, const struct timeline *t, size_t order, double y,
		     double scale)
{
	size_t i = 0, first;

	while (i < t->nr) {
		uint64_t n = blocks(t, i, order);

		for (first = i; i < t->nr && blocks(t, i, order) == n; i++)
			;
		if (!n)
			continue;
		fprintf(f,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
			"fill-opacity=\"%.2f\"><title>%" PRIu64
			" free of order %zu</title></rect>",
			timeline_start(t, first), y,
			timeline_end(t, i - 1) - timeline_start(t, first), ROW - 1,
			opacity(n, scale), n, order);
	}
}

static void draw_labels(FILE *f, size_t order, double y, uint64_t page_bytes)
{
	fprintf(f, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", TIMELINE_LEFT - 8,
		y + 14);
	html_bytes(f, page_bytes << order);
	fputs("</text>", f);
}

/* Some counts between 1 and the most, each in its colour. */
static void draw_scale(FILE *f, uint64_t most)
{
	double scale = log2(1 + (double)most);
	uint64_t n = 0, next;
	unsigned int i;

	fputs("<ul class=\"legend\"><li><i class=\"none\"></i>none</li>", f);
	for (i = 1; i <= 4; i++) {
		next = whole_number(exp2(scale * i / 4) - 0.5);
		if (next <= n)
			continue;
		n = next;
		fprintf(f,
			"<li><i class=\"heat\" style=\"opacity:%.2f\"></i>%" PRIu64
			"</li>",
			opacity(n, scale), n);
	}
	fputs("<li>blocks</li></ul>\n", f);
}

void report_svg_orders(FILE *f, const json_t *report)
{
	uint64_t page_bytes =
		json_number(json_object_get(report, "memory"), "page_bytes");
	struct timeline t;
	size_t orders, order;
	uint64_t most;

	if (!timeline_open(&t, report) || !(orders = count_orders(&t)))
		return;
	most = most_blocks(&t, orders);
	report_figure(
		f, "Free blocks by order over the run",
		"The buddy allocator's lists, the largest blocks on top. Colour moves "
		"down as memory is split or fragmented, and up again as buddies join.");
	timeline_svg(f, &t, (unsigned int)orders * ROW,
		     "free blocks by order, over time");
	fputs("<g class=\"heat\">", f);
	for (order = 0; order < orders; order++)
		draw_row(f, &t, order, (double)(orders - 1 - order) * ROW,
			 log2(1 + (double)most));
	fputs("</g>", f);
	for (order = 0; order < orders; order++)
		draw_labels(f, order, (double)(orders - 1 - order) * ROW, page_bytes);
	fputs("</svg>\n", f);
	draw_scale(f, most);
	report_figure_end(f);
}
