/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "vmm/report/html.h"
#include "vmm/report/report_grid.h"

uint64_t grid_unpack(uint8_t *items, uint64_t max, const json_t *runs,
		     unsigned int (*value)(const json_t *run, const char *name))
{
	uint64_t nr = 0;
	size_t i;

	for (i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(runs, i);
		const char *name = json_string_value(json_array_get(run, 1));
		uint64_t n = json_number_at(run, 0);

		for (; name && n && nr < max; n--)
			items[nr++] = (uint8_t)value(run, name);
	}
	return nr;
}

/* --- layout ------------------------------------------------------------------------------ */

static uint64_t per_row(const struct grid *grid)
{
	return grid->each * grid->look->columns;
}

/* Is there any memory in the row that begins with this item? */
static bool row_is_there(const struct grid *grid, const uint8_t *items, uint64_t first)
{
	uint64_t i, end = first + per_row(grid);

	for (i = first; i < end && i < grid->nr; i++)
		if (items[i])
			return true;
	return false;
}

static uint64_t count_memory(const uint8_t *items, uint64_t nr)
{
	uint64_t i, n = 0;

	for (i = 0; i < nr; i++)
		n += items[i] != 0;
	return n;
}

bool grid_lay_out(struct grid *grid, const struct grid_look *look, const uint8_t *items,
		  uint64_t nr, uint64_t item_bytes)
{
	uint64_t memory = count_memory(items, nr), first;

	*grid = (struct grid){
		.look = look, .nr = nr, .item_bytes = item_bytes, .each = 1
	};
	while (per_row(grid) * look->rows_max < memory)
		grid->each *= 2;
	if (!memory)
		return false;
	grid->first = calloc(nr / per_row(grid) + 1, sizeof(*grid->first));
	for (first = 0; grid->first && first < nr; first += per_row(grid))
		if (row_is_there(grid, items, first))
			grid->first[grid->rows++] = first;
	return grid->first;
}

void grid_fini(struct grid *grid)
{
	free(grid->first);
	*grid = (struct grid){ 0 };
}

double grid_cell_width(const struct grid *grid)
{
	return (double)(GRID_WIDTH - GRID_LEFT) / grid->look->columns;
}

unsigned int grid_height(const struct grid *grid)
{
	return grid->rows * grid->look->row_height + 2;
}

bool grid_place(const struct grid *grid, uint64_t item, unsigned int *row,
		unsigned int *column)
{
	unsigned int low = 0, high = grid->rows, middle;

	/* The last row that begins at or before it. */
	while (high - low > 1) {
		middle = (low + high) / 2;
		if (grid->first[middle] <= item)
			low = middle;
		else
			high = middle;
	}
	if (item < grid->first[low] || item - grid->first[low] >= per_row(grid))
		return false;
	*row = low;
	*column = (unsigned int)((item - grid->first[low]) / grid->each);
	return true;
}

/* --- drawing ----------------------------------------------------------------------------- */

static unsigned int show(const struct grid *grid, const uint8_t *items, unsigned int row,
			 unsigned int column)
{
	uint64_t item = grid->first[row] + column * grid->each;
	uint64_t left = item < grid->nr ? grid->nr - item : 0;

	if (!left)
		return 0;
	return grid->look->show(items + item, left < grid->each ? left : grid->each);
}

static void draw_cells(FILE *f, const struct grid *grid, unsigned int row,
		       unsigned int from, unsigned int to, unsigned int value)
{
	const struct grid_look *look = grid->look;
	double cell = grid_cell_width(grid);

	fprintf(f,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\">"
		"<title>",
		look->class(value), GRID_LEFT + from * cell, row * look->row_height,
		(to - from) * cell - (look->join ? 0 : 1), look->row_height - look->gap);
	html_bytes(f, (to - from) * grid->each * grid->item_bytes);
	fprintf(f, " at %#" PRIx64 ": %s</title></rect>",
		(grid->first[row] + from * grid->each) * grid->item_bytes,
		look->title(value));
}

static void draw_row(FILE *f, const struct grid *grid, const uint8_t *items,
		     unsigned int row)
{
	unsigned int columns = grid->look->columns, column = 0, from, value;

	while (column < columns) {
		from = column++;
		value = show(grid, items, row, from);
		while (grid->look->join && column < columns &&
		       show(grid, items, row, column) == value)
			column++;
		if (value)
			draw_cells(f, grid, row, from, column, value);
	}
}

void grid_draw(FILE *f, const struct grid *grid, const uint8_t *items)
{
	unsigned int row;

	for (row = 0; row < grid->rows; row++)
		draw_row(f, grid, items, row);
}

/* What each cell shows, 0 where it shows the same as in base; NULL: no memory. */
static uint8_t *changes(const struct grid *grid, const uint8_t *items,
			const uint8_t *base)
{
	unsigned int columns = grid->look->columns, row, column, value;
	uint8_t *cells = malloc((size_t)grid->rows * columns), *cell = cells;

	for (row = 0; cells && row < grid->rows; row++)
		for (column = 0; column < columns; column++) {
			value = show(grid, items, row, column);
			if (base && show(grid, base, row, column) == value)
				value = 0;
			*cell++ = (uint8_t)value;
		}
	return cells;
}

/* One path of all cells of a value: pictures of many moments have to be small. */
static void draw_path(FILE *f, const struct grid *grid, const uint8_t *cells,
		      unsigned int value)
{
	unsigned int columns = grid->look->columns, height = grid->look->row_height;
	unsigned int row, column, from;
	double cell = grid_cell_width(grid);
	bool open = false;

	for (row = 0; row < grid->rows; row++, cells += columns)
		for (column = 0; column < columns; column++) {
			if (cells[column] != value)
				continue;
			for (from = column; column < columns; column++)
				if (cells[column] != value)
					break;
			if (!open)
				fprintf(f, "<path class=\"%s\" d=\"",
					grid->look->class(value));
			open = true;
			fprintf(f, "M%.1f %uh%.1fv%uh-%.1fz", GRID_LEFT + from * cell,
				row * height, (column - from) * cell,
				height - grid->look->gap, (column - from) * cell);
		}
	if (open)
		fputs("\"/>", f);
}

void grid_draw_changes(FILE *f, const struct grid *grid, const uint8_t *items,
		       const uint8_t *base)
{
	uint8_t *cells = changes(grid, items, base);
	unsigned int value;

	for (value = 1; cells && value < GRID_NAMES; value++)
		draw_path(f, grid, cells, value);
	free(cells);
}

void grid_draw_addresses(FILE *f, const struct grid *grid)
{
	unsigned int row, height = grid->look->row_height, since = 0;

	for (row = 0; row < grid->rows; row++, since++) {
		/* Behind what is left out comes an address, too. */
		if (row && since < grid->look->label_every &&
		    grid->first[row] == grid->first[row - 1] + per_row(grid))
			continue;
		since = 0;
		fprintf(f, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", GRID_LEFT - 8,
			row * height + (height < 11 ? 8 : height - 3));
		html_bytes(f, grid->first[row] * grid->item_bytes);
		fputs("</text>", f);
	}
}

void grid_say_scale(FILE *f, const struct grid *grid)
{
	fputs("One row is ", f);
	html_bytes(f, per_row(grid) * grid->item_bytes);
	fputs(", one cell ", f);
	html_bytes(f, grid->each * grid->item_bytes);
	fputs(".", f);
}

void grid_count(const struct grid *grid, const uint8_t *items, uint64_t count[GRID_NAMES])
{
	uint64_t i;

	for (i = 0; i < grid->nr; i++)
		count[items[i]]++;
}

void grid_legend(FILE *f, const struct grid_look *look, const uint64_t count[GRID_NAMES],
		 uint64_t bytes)
{
	unsigned int value;

	fputs("<ul class=\"legend\">", f);
	for (value = 1; value < GRID_NAMES; value++) {
		if (!count[value])
			continue;
		fprintf(f, "<li><i class=\"%s\"></i>%s", look->class(value),
			look->title(value));
		if (bytes) {
			fputs(" <b>", f);
			html_bytes(f, count[value] * bytes);
			fputs("</b>", f);
		}
		fputs("</li>", f);
	}
	fputs("</ul>\n", f);
}

void grid_figure(FILE *f, const struct grid *grid, const uint8_t *items,
		 void (*more)(FILE *f, const struct grid *grid, const void *arg),
		 const void *arg)
{
	uint64_t count[GRID_NAMES] = { 0 };

	fputs("<p class=\"caption\">", f);
	grid_say_scale(f, grid);
	fprintf(f,
		"</p><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
		"role=\"img\" aria-label=\"%s\">",
		GRID_WIDTH, grid_height(grid), grid->look->label);
	grid_draw(f, grid, items);
	grid_draw_addresses(f, grid);
	if (more)
		more(f, grid, arg);
	fputs("</svg>\n", f);
	grid_count(grid, items, count);
	grid_legend(f, grid->look, count, grid->item_bytes);
}
