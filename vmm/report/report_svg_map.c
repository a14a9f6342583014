/* SPDX-License-Identifier: MIT */
/* Picture: physical memory at the end of the run, one row a few MiB. */
#include <inttypes.h>
#include <stdlib.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"
#include "vmm/report/report_kinds.h"

#define COLUMNS	    256
#define ROWS_MAX    64 /* about: rows of holes are left out */
#define ROW_MIN	    1024 /* frames */
#define ROW_HEIGHT  8
#define LEFT	    76
#define WIDTH	    960
#define CELL	    3.4
#define FRAMES_MAX  (1u << 18) /* cells of the report that are looked at */
#define LABEL_EVERY 8

/* The map of the report, unpacked. */
struct cells {
	uint8_t *kind;
	uint64_t nr;
	uint64_t pages; /* of one cell */
};

static void unpack(struct cells *cells, const json_t *runs)
{
	size_t i;

	for (i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(runs, i);
		const char *name = json_string_value(json_array_get(run, 1));
		uint64_t n = json_number_at(run, 0);
		enum frame_kind kind = report_kind(name ? name : "");

		for (; n && cells->nr < FRAMES_MAX; n--)
			cells->kind[cells->nr++] = (uint8_t)kind;
	}
}

/*
 * What to show for the cells [first, first + n): a use, where a quarter of them is used, so
 * that small blocks do not drown in free memory.
 */
static enum frame_kind show(const struct cells *cells, uint64_t first, uint64_t n)
{
	uint64_t count[FRAME_KINDS] = { 0 }, used = 0, i;
	enum frame_kind best = FRAME_NONE, kind;

	for (i = first; i < first + n && i < cells->nr; i++)
		count[cells->kind[i]]++;
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

static void draw_rect(FILE *f, unsigned int from, unsigned int to, unsigned int row,
		      enum frame_kind kind)
{
	fprintf(f,
		"<rect class=\"k-%s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" "
		"height=\"%d\"/>",
		frame_kind_name(kind), LEFT + from * CELL, row * ROW_HEIGHT,
		(to - from) * CELL, ROW_HEIGHT - 1);
}

/* One row from its first cell on; false when it is a hole as a whole. */
static bool draw_row(FILE *f, const struct cells *cells, uint64_t first, uint64_t per_row,
		     unsigned int row, bool *used)
{
	uint64_t each = per_row / COLUMNS;
	unsigned int column = 0, from;
	bool any = false;

	while (column < COLUMNS) {
		enum frame_kind kind = show(cells, first + column * each, each);

		for (from = column; column < COLUMNS; column++)
			if (show(cells, first + column * each, each) != kind)
				break;
		if (kind == FRAME_NONE)
			continue;
		any = used[kind] = true;
		draw_rect(f, from, column, row, kind);
	}
	return any;
}

static void draw_label(FILE *f, unsigned int row, uint64_t address)
{
	fprintf(f, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", LEFT - 8,
		row * ROW_HEIGHT + 8);
	html_bytes(f, address);
	fputs("</text>", f);
}

/* All rows; how many there were. */
static unsigned int draw_rows(FILE *f, const struct cells *cells, uint64_t per_row,
			      uint64_t cell_bytes, bool *used)
{
	unsigned int row = 0, since_label = LABEL_EVERY;
	uint64_t first;

	for (first = 0; first < cells->nr; first += per_row) {
		if (!draw_row(f, cells, first, per_row, row, used)) {
			since_label = LABEL_EVERY; /* behind a hole comes a label */
			continue;
		}
		if (since_label == LABEL_EVERY) {
			draw_label(f, row, first * cell_bytes);
			since_label = 0;
		}
		since_label++;
		row++;
	}
	return row;
}

static uint64_t count_memory(const struct cells *cells)
{
	uint64_t i, n = 0;

	for (i = 0; i < cells->nr; i++)
		n += cells->kind[i] != FRAME_NONE;
	return n;
}

/* The rows go to a buffer: only then is the picture's height known. */
static void draw_map(FILE *f, const struct cells *cells, uint64_t page_bytes)
{
	uint64_t per_row = ROW_MIN / cells->pages, memory = count_memory(cells);
	bool used[FRAME_KINDS] = { false };
	unsigned int rows;
	size_t size = 0;
	char *text = NULL;
	FILE *buffer = open_memstream(&text, &size);

	if (!buffer)
		return;
	if (per_row < COLUMNS)
		per_row = COLUMNS;
	while (per_row * ROWS_MAX < memory)
		per_row *= 2;
	rows = draw_rows(buffer, cells, per_row, cells->pages * page_bytes, used);
	if (!fclose(buffer)) {
		fputs("<p class=\"caption\">One row is ", f);
		html_bytes(f, per_row * cells->pages * page_bytes);
		fputs(", one cell ", f);
		html_bytes(f, per_row / COLUMNS * cells->pages * page_bytes);
		fprintf(f,
			".</p><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" role=\"img\" "
			"aria-label=\"physical memory by use\">",
			WIDTH, rows * ROW_HEIGHT + 2);
		fwrite(text, 1, size, f);
		fputs("</svg>\n", f);
		report_kind_legend(f, used);
	}
	free(text);
}

void report_svg_map(FILE *f, const json_t *memory)
{
	const json_t *map = json_object_get(memory, "map");
	struct cells cells = { .pages = json_number(map, "cell_pages") };
	uint64_t page_bytes = json_number(memory, "page_bytes");

	if (!cells.pages || cells.pages > FRAMES_MAX || page_bytes > 1u << 30)
		return;
	cells.kind = malloc(FRAMES_MAX);
	if (!cells.kind)
		return;
	unpack(&cells, json_object_get(map, "runs"));
	if (cells.nr) {
		report_figure(
			f, "Physical memory at the end of the run",
			"Every page frame, read from outside after the guest had "
			"stopped. Address 0 is at the top left; holes are left out.");
		draw_map(f, &cells, page_bytes);
		report_figure_end(f);
	}
	free(cells.kind);
}
