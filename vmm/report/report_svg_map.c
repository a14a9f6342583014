/* SPDX-License-Identifier: MIT */
/* Picture: physical memory at the end of the run. */
#include <stdlib.h>

#include "vmm/map/map_cells.h"
#include "vmm/map/map_svg.h"
#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

void report_svg_map(FILE *f, const json_t *memory)
{
	const json_t *map = json_object_get(memory, "map");
	uint64_t page_bytes = json_number(memory, "page_bytes"), nr, pages;
	struct grid grid;
	uint8_t *items;

	nr = page_bytes > 1u << 30 ? 0 : map_items(map, &items, &pages);
	if (!nr)
		return;
	if (grid_lay_out(&grid, &map_look_report, items, nr, pages * page_bytes)) {
		report_figure(
			f, "Physical memory at the end of the run",
			"Every page frame, read from outside after the guest had "
			"stopped. Address 0 is at the top left; holes are left out. "
			"Lines go around the slabs of one cache, areas of vmalloc, "
			"and what devices have mapped.");
		grid_figure(f, &grid, items, map_draw_outlines, map);
		report_figure_end(f);
		grid_fini(&grid);
	}
	free(items);
}
