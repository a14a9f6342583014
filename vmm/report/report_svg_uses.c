/* SPDX-License-Identifier: MIT */
/* Picture: how much memory was in use over the run, and for what. */
#include "vmm/report/html.h"
#include "vmm/report/report_html.h"
#include "vmm/report/report_kinds.h"
#include "vmm/report/report_timeline.h"

#define HEIGHT	   220
#define TOP	   10
#define GRID_LINES 4

/* From the bottom up: what never changes first. */
static const enum frame_kind stack[] = {
	FRAME_KEPT_BACK, FRAME_RESERVED, FRAME_STRUCTS,	 FRAME_KERNEL, FRAME_TABLE,
	FRAME_SLAB,	 FRAME_KMALLOC,	 FRAME_KFENCE,	 FRAME_PAGES,  FRAME_VMALLOC,
	FRAME_CMA,	 FRAME_MOVABLE,	 FRAME_ISOLATED, FRAME_USER,
};
#define STACK (sizeof(stack) / sizeof(stack[0]))

static uint64_t pages(const struct timeline *t, size_t i, enum frame_kind kind)
{
	return json_number(json_object_get(timeline_sample(t, i), "pages"),
			   frame_kind_name(kind));
}

/* Pages up to and with the first nr kinds of the stack. */
static double height_of(const struct timeline *t, size_t i, size_t nr)
{
	double sum = 0;
	size_t n;

	for (n = 0; n < nr; n++)
		sum += (double)pages(t, i, stack[n]);
	return sum;
}

/* Pages at the top of the picture: GRID_LINES times a power of two. */
static double highest(const struct timeline *t)
{
	double most = 1, top = GRID_LINES;
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (height_of(t, i, STACK) > most)
			most = height_of(t, i, STACK);
	while (top < most)
		top *= 2;
	return top;
}

/* The area between what lies below the layer and its top, sample by sample as steps. */
static void draw_layer(FILE *f, const struct timeline *t, size_t layer, double scale)
{
	double y;
	size_t i;

	fprintf(f, "<path class=\"k-%s\" d=\"M%.1f %d", frame_kind_name(stack[layer]),
		timeline_start(t, 0), HEIGHT);
	for (i = 0; i < t->nr; i++) {
		y = HEIGHT - height_of(t, i, layer + 1) * scale;
		fprintf(f, "V%.1fH%.1f", y, timeline_end(t, i));
	}
	for (i = t->nr; i-- > 0;) {
		y = HEIGHT - height_of(t, i, layer) * scale;
		fprintf(f, "V%.1fH%.1f", y, timeline_start(t, i));
	}
	fputs("Z\"/>", f);
}

/* Lines with their sizes. */
static void draw_grid(FILE *f, double most, uint64_t page_bytes)
{
	unsigned int i;

	for (i = 1; i <= GRID_LINES; i++) {
		double y = HEIGHT - (HEIGHT - TOP) * (double)i / GRID_LINES;

		fprintf(f,
			"<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" "
			"y=\"%.1f\" text-anchor=\"end\">",
			TIMELINE_LEFT, y, TIMELINE_RIGHT, TIMELINE_LEFT - 8, y + 4);
		html_bytes(f, whole_number(most * i / GRID_LINES * (double)page_bytes));
		fputs("</text>", f);
	}
}

static bool is_there(const struct timeline *t, enum frame_kind kind)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (json_number(json_object_get(timeline_sample(t, i), "pages"),
				frame_kind_name(kind)))
			return true;
	return false;
}

void report_svg_uses(FILE *f, const json_t *report)
{
	const json_t *memory = json_object_get(report, "memory");
	bool used[FRAME_KINDS] = { false };
	struct timeline t;
	double most;
	size_t n;

	if (!timeline_open(&t, report))
		return;
	most = highest(&t);
	report_figure(
		f, "Memory in use over the run",
		"Read from outside while the guest ran. The band below the axis shows "
		"which experiment was at work.");
	timeline_svg(f, &t, HEIGHT, "memory in use by kind, over time");
	for (n = STACK; n-- > 0;) {
		draw_layer(f, &t, n, (HEIGHT - TOP) / most);
		used[stack[n]] = is_there(&t, stack[n]);
	}
	draw_grid(f, most, json_number(memory, "page_bytes"));
	fputs("</svg>\n", f);
	report_kind_legend(f, used);
	report_figure_end(f);
}
