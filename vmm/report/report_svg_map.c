/* SPDX-License-Identifier: MIT */
/* Picture: physical memory at the end of the run, one row a few MiB. */
#include <stdlib.h>

#include "vmm/report/html.h"
#include "vmm/report/report_grid.h"
#include "vmm/report/report_html.h"
#include "vmm/report/report_kinds.h"

#define CELLS_MAX (1u << 18) /* of the report that are looked at */

_Static_assert(FRAME_KINDS <= GRID_NAMES, "kinds");

static unsigned int kind_of(const json_t *run, const char *name)
{
	(void)run;
	return report_kind(name);
}

/*
 * A use, where a quarter is used, so that small blocks do not drown in free memory.
 */
static unsigned int show(const uint8_t *kinds, uint64_t n)
{
	uint64_t count[FRAME_KINDS] = { 0 }, used = 0, i;
	enum frame_kind best = FRAME_NONE, kind;

	for (i = 0; i < n; i++)
		count[kinds[i]]++;
	for (kind = FRAME_FREE; kind < FRAME_KINDS; kind++)
		if (!report_kind_is_free(kind))
			used += count[kind];
	count[FRAME_NONE] = 0;
	for (kind = FRAME_FREE; kind < FRAME_KINDS; kind++)
		if (report_kind_is_free(kind) == (used * 4 < n) &&
		    count[kind] > count[best])
			best = kind;
	return best;
}

static const char *title_of(unsigned int kind)
{
	return report_kind_title(kind);
}

static const struct grid_look look = {
	.label = "physical memory by use",
	.columns = 256,
	.rows_max = 64,
	.row_height = 8,
	.label_every = 8,
	.join = true,
	.show = show,
	.class = report_kind_class,
	.title = title_of,
};

void report_svg_map(FILE *f, const json_t *memory)
{
	const json_t *map = json_object_get(memory, "map");
	uint64_t pages = json_number(map, "cell_pages"), nr;
	uint64_t page_bytes = json_number(memory, "page_bytes");
	struct grid grid;
	uint8_t *kinds;

	if (!pages || pages > CELLS_MAX || page_bytes > 1u << 30)
		return;
	kinds = malloc(CELLS_MAX);
	if (!kinds)
		return;
	nr = grid_unpack(kinds, CELLS_MAX, json_object_get(map, "runs"), kind_of);
	if (grid_lay_out(&grid, &look, kinds, nr, pages * page_bytes)) {
		report_figure(
			f, "Physical memory at the end of the run",
			"Every page frame, read from outside after the guest had "
			"stopped. Address 0 is at the top left; holes are left out.");
		grid_figure(f, &grid, kinds);
		report_figure_end(f);
		grid_fini(&grid);
	}
	free(kinds);
}
