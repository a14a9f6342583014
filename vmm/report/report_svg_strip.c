/* SPDX-License-Identifier: MIT */
/* Picture: where in physical memory what was, over the run. */
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"
#include "vmm/report/report_kinds.h"
#include "vmm/report/report_timeline.h"

#define HEIGHT	  256
#define CELLS_MAX 1024

/* The kinds that the letters of a sample's map stand for. */
struct key {
	enum frame_kind kind[128];
};

static void read_key(struct key *key, const json_t *samples)
{
	json_t *names = json_object_get(samples, "map_key"), *name;
	const char *letter;

	memset(key, 0, sizeof(*key));
	json_object_foreach(names, letter,
			    name) if (letter[0] > 0 && json_string_value(name))
		key->kind[(unsigned char)letter[0]] =
		report_kind(json_string_value(name));
}

static enum frame_kind kind_at(const struct key *key, const char *map, size_t cell)
{
	return map[cell] > 0 ? key->kind[(unsigned char)map[cell]] : FRAME_NONE;
}

/* One sample: cells alike are one rectangle. */
static void draw_column(FILE *f, const struct timeline *t, size_t i,
			const struct key *key, size_t cells, bool *used)
{
	const char *map = json_text(timeline_sample(t, i), "map");
	double x = timeline_start(t, i), width = timeline_end(t, i) - x;
	double scale = HEIGHT / (double)cells;
	size_t cell = 0, first;

	if (strlen(map) < cells)
		return;
	while (cell < cells) {
		enum frame_kind kind = kind_at(key, map, cell);

		for (first = cell; cell < cells && kind_at(key, map, cell) == kind;
		     cell++)
			;
		if (kind == FRAME_NONE)
			continue;
		used[kind] = true;
		fprintf(f,
			"<rect class=\"k-%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" "
			"height=\"%.1f\"/>",
			frame_kind_name(kind), x, (double)first * scale, width + 0.3,
			(double)(cell - first) * scale);
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
	struct key key;
	size_t cells, i;

	if (!timeline_open(&t, report))
		return;
	cells = strlen(json_text(timeline_sample(&t, 0), "map"));
	if (!cells || cells > CELLS_MAX)
		return;
	read_key(&key, samples);
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
