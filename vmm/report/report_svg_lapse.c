/* SPDX-License-Identifier: MIT */
/* Picture: physical memory over the run, one moment after the other. */
#include <stdlib.h>
#include <string.h>

#include "vmm/map/map_cells.h"
#include "vmm/map/map_svg.h"
#include "vmm/report/html.h"
#include "vmm/report/report_html.h"
#include "vmm/report/report_kinds.h"
#include "vmm/report/report_timeline.h"

static uint8_t *read_sample(const json_t *sample, const struct report_key *key,
			    size_t cells)
{
	const char *map = json_text(sample, "map");
	uint8_t *items;
	size_t i;

	if (strlen(map) != cells)
		return NULL;
	items = malloc(cells);
	for (i = 0; items && i < cells; i++)
		items[i] = (uint8_t)report_key_kind(key, map[i]);
	return items;
}

static size_t read_samples(const struct timeline *t, const struct report_key *key,
			   size_t cells, struct map_moment *moments)
{
	size_t nr = 0, i;

	for (i = 0; i < t->nr; i++) {
		const json_t *sample = timeline_sample(t, i);
		uint8_t *items = read_sample(sample, key, cells);

		if (items)
			moments[nr++] =
				(struct map_moment){ json_number(sample, "us"), items };
	}
	return nr;
}

static void draw_lapse(FILE *f, const struct grid *grid, const struct map_moment *moments,
		       size_t nr)
{
	uint64_t count[GRID_NAMES] = { 0 };
	size_t i;

	report_figure(f, "The run as moments",
		      "The same, one moment after the other. Hold the pointer on the bar "
		      "to look at one.");
	fprintf(f, "<style>\n");
	map_lapse_style(f, nr);
	fprintf(f,
		"</style>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
		"role=\"img\" aria-label=\"physical memory over the run\">",
		GRID_WIDTH, grid_height(grid) + MAP_LAPSE_FOOT);
	map_draw_lapse(f, grid, moments, nr);
	fputs("</svg>\n", f);
	for (i = 0; i < nr; i++)
		grid_count(grid, moments[i].items, count);
	grid_legend(f, grid->look, count, 0);
	report_figure_end(f);
}

void report_svg_lapse(FILE *f, const json_t *report)
{
	const json_t *memory = json_object_get(report, "memory");
	const json_t *samples = json_object_get(memory, "samples");
	uint64_t bytes = json_number(samples, "cell_pages");
	struct map_moment *moments;
	struct timeline t;
	struct report_key key;
	struct grid grid;
	size_t nr, cells;

	if (!timeline_open(&t, report) ||
	    __builtin_mul_overflow(bytes, json_number(memory, "page_bytes"), &bytes))
		return;
	cells = strlen(json_text(timeline_sample(&t, 0), "map"));
	moments = calloc(t.nr, sizeof(*moments));
	if (!cells || cells > MAP_ITEMS_MAX || !moments || bytes > 1ull << 40) {
		free(moments);
		return;
	}
	report_key_read(&key, samples);
	nr = read_samples(&t, &key, cells, moments);
	if (nr &&
	    grid_lay_out(&grid, &map_look_samples, moments[0].items, cells, bytes)) {
		draw_lapse(f, &grid, moments, nr);
		grid_fini(&grid);
	}
	while (nr)
		free(moments[--nr].items);
	free(moments);
}
