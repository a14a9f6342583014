/* SPDX-License-Identifier: MIT */
/* Picture: what pages each page block is for, one cell a page block where that is enough. */
#include <stdlib.h>
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_grid.h"
#include "vmm/report/report_html.h"

#define BLOCKS_MAX (1u << 18) /* of the report that are looked at */

/* The types that there are names for, in the order of importance: where one cell is many
 * page blocks, it shows the first of these that has a quarter of them. */
enum type {
	NONE,
	FREE,
	RESERVED,
	OTHER,
	MOVABLE,
	RECLAIMABLE,
	UNMOVABLE,
	CMA,
	ISOLATE,
	TYPES
};
_Static_assert(TYPES <= GRID_NAMES, "types");

static const struct {
	const char *name, *class, *title;
} types[TYPES] = {
	[NONE] = { "none", "", "no memory" },
	[FREE] = { "free", "b-free", "free as a whole, of no type" },
	[RESERVED] = { "reserved", "b-reserved", "never the page allocator's" },
	[OTHER] = { "other", "b-other", "of a type unknown here" },
	[MOVABLE] = { "movable", "b-movable", "movable" },
	[RECLAIMABLE] = { "reclaimable", "b-reclaimable", "reclaimable" },
	[UNMOVABLE] = { "unmovable", "b-unmovable", "unmovable" },
	[CMA] = { "cma", "b-cma", "contiguous area (CMA)" },
	[ISOLATE] = { "isolate", "b-isolate", "isolated" },
};

static unsigned int type_of(const json_t *run, const char *name)
{
	enum type type;

	(void)run;
	for (type = NONE; type < TYPES; type++)
		if (!strcmp(name, types[type].name))
			return type;
	return OTHER;
}

static unsigned int show(const uint8_t *blocks, uint64_t n)
{
	uint64_t count[TYPES] = { 0 }, i;
	enum type type, best = NONE;

	for (i = 0; i < n; i++)
		count[blocks[i]]++;
	for (type = TYPES - 1; type > RESERVED; type--)
		if (count[type] * 4 >= n && count[type])
			return type;
	for (type = FREE; type <= RESERVED; type++)
		if (count[type] && (best == NONE || count[type] > count[best]))
			best = type;
	return best;
}

static const char *class_of(unsigned int type)
{
	return types[type].class;
}

static const char *title_of(unsigned int type)
{
	return types[type].title;
}

static const struct grid_look look = {
	.label = "page blocks by type",
	.columns = 64,
	.rows_max = 16,
	.row_height = 13,
	.gap = 1,
	.label_every = 1,
	.show = show,
	.class = class_of,
	.title = title_of,
};

void report_svg_blocks(FILE *f, const json_t *memory)
{
	const json_t *blocks = json_object_get(memory, "blocks");
	uint64_t pages = json_number(blocks, "block_pages"), nr;
	uint64_t page_bytes = json_number(memory, "page_bytes");
	struct grid grid;
	uint8_t *map;

	if (!pages || pages > BLOCKS_MAX || page_bytes > 1u << 30)
		return;
	map = malloc(BLOCKS_MAX);
	if (!map)
		return;
	nr = grid_unpack(map, BLOCKS_MAX, json_object_get(blocks, "runs"), type_of);
	if (grid_lay_out(&grid, &look, map, nr, pages * page_bytes)) {
		report_figure(f, "Page blocks by type at the end of the run",
			      "Pages that nobody can move are kept together, so that "
			      "they do not spoil every large block. Address 0 is at the "
			      "top left.");
		grid_figure(f, &grid, map, NULL, NULL);
		report_figure_end(f);
		grid_fini(&grid);
	}
	free(map);
}
