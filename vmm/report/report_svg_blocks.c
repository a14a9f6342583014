/* SPDX-License-Identifier: MIT */
/* Picture: what pages each page block is for, one cell a page block where that is enough. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

#define COLUMNS	   64
#define ROWS_MAX   16
#define LEFT	   76
#define WIDTH	   960
#define CELL	   13.6
#define ROW_HEIGHT 13
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

static const struct {
	const char *name, *title;
} types[TYPES] = {
	[NONE] = { "none", "no memory" },
	[FREE] = { "free", "free as a whole, of no type" },
	[RESERVED] = { "reserved", "never the page allocator's" },
	[OTHER] = { "other", "of a type unknown here" },
	[MOVABLE] = { "movable", "movable" },
	[RECLAIMABLE] = { "reclaimable", "reclaimable" },
	[UNMOVABLE] = { "unmovable", "unmovable" },
	[CMA] = { "cma", "contiguous area (CMA)" },
	[ISOLATE] = { "isolate", "isolated" },
};

static enum type type_of(const char *name)
{
	enum type type;

	for (type = NONE; type < TYPES; type++)
		if (!strcmp(name, types[type].name))
			return type;
	return OTHER;
}

static uint64_t unpack(uint8_t *blocks, const json_t *runs)
{
	uint64_t nr = 0;
	size_t i;

	for (i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(runs, i);
		const char *name = json_string_value(json_array_get(run, 1));
		uint64_t n = json_number_at(run, 0);

		for (; name && n && nr < BLOCKS_MAX; n--)
			blocks[nr++] = (uint8_t)type_of(name);
	}
	return nr;
}

static enum type show(const uint8_t *blocks, uint64_t n)
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

/* One row of cells; false when it is a hole as a whole. */
static bool draw_row(FILE *f, const uint8_t *blocks, uint64_t nr, uint64_t each,
		     unsigned int row, bool *used)
{
	unsigned int column;
	bool any = false;

	for (column = 0; column < COLUMNS && column * each < nr; column++) {
		uint64_t left = nr - column * each;
		enum type type = show(blocks + column * each, each < left ? each : left);

		if (type == NONE)
			continue;
		any = used[type] = true;
		fprintf(f,
			"<rect class=\"b-%s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" "
			"height=\"%d\"/>",
			types[type].name, LEFT + column * CELL, row * ROW_HEIGHT,
			CELL - 1, ROW_HEIGHT - 1);
	}
	return any;
}

static unsigned int draw_rows(FILE *f, const uint8_t *blocks, uint64_t nr, uint64_t each,
			      uint64_t block_bytes, bool *used)
{
	unsigned int row = 0;
	uint64_t first;

	for (first = 0; first < nr; first += each * COLUMNS) {
		if (!draw_row(f, blocks + first, nr - first, each, row, used))
			continue;
		fprintf(f, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", LEFT - 8,
			row * ROW_HEIGHT + 10);
		html_bytes(f, first * block_bytes);
		fputs("</text>", f);
		row++;
	}
	return row;
}

static void write_legend(FILE *f, const bool *used)
{
	enum type type;

	fputs("<ul class=\"legend\">", f);
	for (type = FREE; type < TYPES; type++)
		if (used[type])
			fprintf(f, "<li><i class=\"b-%s\"></i>%s</li>", types[type].name,
				types[type].title);
	fputs("</ul>\n", f);
}

/* The rows go to a buffer: only then is the picture's height known. */
static void draw(FILE *f, const uint8_t *blocks, uint64_t nr, uint64_t block_bytes)
{
	bool used[TYPES] = { false };
	uint64_t each = 1;
	unsigned int rows;
	size_t size = 0;
	char *text = NULL;
	FILE *buffer = open_memstream(&text, &size);

	if (!buffer)
		return;
	while (each * COLUMNS * ROWS_MAX < nr)
		each *= 2;
	rows = draw_rows(buffer, blocks, nr, each, block_bytes, used);
	if (!fclose(buffer)) {
		fputs("<p class=\"caption\">One cell is ", f);
		html_bytes(f, each * block_bytes);
		fprintf(f,
			".</p><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" role=\"img\" "
			"aria-label=\"page blocks by type\">",
			WIDTH, rows * ROW_HEIGHT + 2);
		fwrite(text, 1, size, f);
		fputs("</svg>\n", f);
		write_legend(f, used);
	}
	free(text);
}

void report_svg_blocks(FILE *f, const json_t *memory)
{
	const json_t *blocks = json_object_get(memory, "blocks");
	uint64_t pages = json_number(blocks, "block_pages"), nr;
	uint64_t page_bytes = json_number(memory, "page_bytes");
	uint8_t *map;

	if (!pages || pages > BLOCKS_MAX || page_bytes > 1u << 30)
		return;
	map = malloc(BLOCKS_MAX);
	if (!map)
		return;
	nr = unpack(map, json_object_get(blocks, "runs"));
	if (nr) {
		report_figure(f, "Page blocks by type at the end of the run",
			      "Pages that nobody can move are kept together, so that "
			      "they do not spoil every large block. Address 0 is at the "
			      "top left.");
		draw(f, map, nr, pages * page_bytes);
		report_figure_end(f);
	}
	free(map);
}
