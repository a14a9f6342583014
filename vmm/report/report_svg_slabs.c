/* SPDX-License-Identifier: MIT */
/* Picture: what the slab caches hold, and how much of it is in use. */
#include <inttypes.h>
#include <stdlib.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

#define ROWS_MAX 24
#define ROW	 22
#define LEFT	 150
#define RIGHT	 700
#define WIDTH	 960

struct bar {
	const json_t *cache;
	uint64_t bytes; /* of its slabs */
};

static int by_size(const void *a, const void *b)
{
	const struct bar *left = a, *right = b;

	return left->bytes < right->bytes ? 1 : left->bytes > right->bytes ? -1 : 0;
}

/* The caches that have slabs, the largest first; at most max of them. */
static size_t sort_caches(const json_t *caches, uint64_t page_bytes, struct bar *bars,
			  size_t max)
{
	size_t i, nr = 0;

	for (i = 0; i < json_array_size(caches) && nr < max; i++) {
		const json_t *c = json_array_get(caches, i);

		if (json_number(c, "pages"))
			bars[nr++] =
				(struct bar){ c, json_number(c, "pages") * page_bytes };
	}
	qsort(bars, nr, sizeof(*bars), by_size);
	return nr;
}

/* Part [from, to) of a bar that stands for `whole` bytes, in pixels of the longest. */
static void draw_part(FILE *f, const char *class, double from, double to, size_t row,
		      double scale)
{
	if (to > from)
		fprintf(f,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%zu\" width=\"%.1f\" "
			"height=\"%d\"/>",
			class, LEFT + from * scale, row * ROW + 3, (to - from) * scale,
			ROW - 7);
}

static void draw_bar(FILE *f, const struct bar *bar, size_t row, double scale)
{
	const json_t *c = bar->cache;
	double stride = (double)json_number(c, "stride_bytes");
	double objects = (double)json_number(c, "objects") * stride;
	double inuse = (double)json_number(c, "inuse_objects") * stride;
	double cached = (double)json_number(c, "cached_objects") * stride;
	double whole = (double)bar->bytes;

	/* A report may say anything: each part ends inside the bar. */
	objects = objects < whole ? objects : whole;
	inuse = inuse < objects ? inuse : objects;
	cached = cached < inuse ? cached : inuse;
	draw_part(f, "s-used", 0, inuse - cached, row, scale);
	draw_part(f, "s-cached", inuse - cached, inuse, row, scale);
	draw_part(f, "s-free", inuse, objects, row, scale);
	draw_part(f, "s-waste", objects, whole, row, scale);
	fprintf(f, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", LEFT - 8,
		row * ROW + 15);
	html_member(f, c, "name");
	fprintf(f, "</text><text x=\"%.1f\" y=\"%zu\">", LEFT + whole * scale + 8,
		row * ROW + 15);
	html_bytes(f, bar->bytes);
	fprintf(f, ", %" PRIu64 " of %" PRIu64 " objects in use",
		json_number(c, "inuse_objects") -
			whole_number(stride > 0 ? cached / stride : 0),
		json_number(c, "objects"));
	fputs("</text>", f);
}

static void draw(FILE *f, const struct bar *bars, size_t nr)
{
	size_t rows = nr < ROWS_MAX ? nr : ROWS_MAX, i;
	double scale = (RIGHT - LEFT) / (double)bars[0].bytes;

	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"slab "
		"occupancy\">",
		WIDTH, rows * ROW + 2);
	for (i = 0; i < rows; i++)
		draw_bar(f, &bars[i], i, scale);
	fputs("</svg>\n<ul class=\"legend\"><li><i class=\"s-used\"></i>in use</li>"
	      "<li><i class=\"s-cached\"></i>held ready in magazines</li>"
	      "<li><i class=\"s-free\"></i>free in its slab</li>"
	      "<li><i class=\"s-waste\"></i>too small for an object</li></ul>\n",
	      f);
	if (nr > rows)
		fprintf(f, "<p class=\"caption\">%zu smaller caches are not shown.</p>",
			nr - rows);
}

void report_svg_slabs(FILE *f, const json_t *memory)
{
	const json_t *busiest =
		json_object_get(json_object_get(memory, "samples"), "busiest_slab");
	const json_t *caches = json_object_get(busiest ? busiest : memory, "caches");
	size_t max = json_array_size(caches), nr;
	struct bar *bars = calloc(max + 1, sizeof(*bars));

	if (!bars)
		return;
	nr = sort_caches(caches, json_number(memory, "page_bytes"), bars, max);
	if (nr && bars[0].bytes) {
		report_figure(
			f, "Slab occupancy",
			busiest ? "Each cache's slabs when all caches together held "
				  "the most memory."
				: "Each cache's slabs at the end of the run.");
		if (busiest) {
			fputs("<p class=\"caption\">This was ", f);
			html_time(f, json_number(busiest, "us"));
			fputs(" after the start.</p>", f);
		}
		draw(f, bars, nr);
		report_figure_end(f);
	}
	free(bars);
}
