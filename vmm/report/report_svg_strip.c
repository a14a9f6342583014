/* SPDX-License-Identifier: MIT */
/* Picture: where in physical memory what was, over the run. */
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"
#include "vmm/report/report_kinds.h"
#include "vmm/report/report_timeline.h"

#define HEIGHT	  256
#define CELLS_MAX 1024
#define ROWS_MAX  256 /* a row is one cell, or a few */

/* The kind that most of a few cells of a sample have. */
static enum frame_kind most(const struct report_key *key, const char *map, size_t n)
{
	size_t count[FRAME_KINDS] = { 0 }, i;
	enum frame_kind best = FRAME_NONE, kind;

	for (i = 0; i < n; i++)
		count[report_key_kind(key, map[i])]++;
	for (kind = FRAME_NONE + 1; kind < FRAME_KINDS; kind++)
		if (count[kind] && (best == FRAME_NONE || count[kind] > count[best]))
			best = kind;
	return best;
}

/* One sample: cells alike are one rectangle. */
static void draw_column(FILE *f, const struct timeline *t, size_t i,
			const struct report_key *key, size_t cells, bool *used)
{
	const char *map = json_text(timeline_sample(t, i), "map");
	double x = timeline_start(t, i), width = timeline_end(t, i) - x;
	size_t each = (cells + ROWS_MAX - 1) / ROWS_MAX, rows = cells / each;
	double scale = HEIGHT / (double)rows;
	size_t row = 0, first;

	if (strlen(map) < cells)
		return;
	while (row < rows) {
		enum frame_kind kind = most(key, map + row * each, each);

		for (first = row++; row < rows; row++)
			if (most(key, map + row * each, each) != kind)
				break;
		if (kind == FRAME_NONE)
			continue;
		used[kind] = true;
		fprintf(f,
			"<rect class=\"k-%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" "
			"height=\"%.1f\"/>",
			frame_kind_name(kind), x, (double)first * scale, width + 0.3,
			(double)(row - first) * scale);
	}
}

static void draw_addresses(FILE *f, uint64_t bytes)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		fprintf(f, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">",
			TIMELINE_LEFT - 8, HEIGHT / 4 * i + 12);
		html_bytes(f, bytes / 4 * i);
		fputs("</text>", f);
	}
}

void report_svg_strip(FILE *f, const json_t *report)
{
	const json_t *memory = json_object_get(report, "memory");
	const json_t *samples = json_object_get(memory, "samples");
	bool used[FRAME_KINDS] = { false };
	struct timeline t;
	struct report_key key;
	size_t cells, i;

	if (!timeline_open(&t, report))
		return;
	cells = strlen(json_text(timeline_sample(&t, 0), "map"));
	if (!cells || cells > CELLS_MAX)
		return;
	report_key_read(&key, samples);
	report_figure(
		f, "Physical memory over the run",
		"Address 0 is at the top; each cell has the colour of what most of its "
		"frames were.");
	timeline_svg(f, &t, HEIGHT, "uses of physical memory by address, over time");
	for (i = 0; i < t.nr; i++)
		draw_column(f, &t, i, &key, cells, used);
	draw_addresses(f, json_number(samples, "cell_pages") * cells *
				  json_number(memory, "page_bytes"));
	fputs("</svg>\n", f);
	report_kind_legend(f, used);
	report_figure_end(f);
}
