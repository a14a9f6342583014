/* SPDX-License-Identifier: MIT */
/* What lies on top of the cells: outlines, and the moments of a time-lapse. */
#include <inttypes.h>
#include <string.h>

#include "vmm/map/map_outlines.h"
#include "vmm/map/map_svg.h"
#include "vmm/report/html.h"

#define LAPSE_SECONDS_MIN 4.0
#define LAPSE_SECONDS_MAX 20.0
#define MOMENT_SECONDS	  0.12

/* --- outlines ---------------------------------------------------------------------------- */

/* The line around [first, last], which may go on over several rows. */
static void draw_line(FILE *f, const struct grid *grid, unsigned int row,
		      unsigned int column, unsigned int last_row,
		      unsigned int last_column)
{
	double cell = grid_cell_width(grid);
	double x = GRID_LEFT + column * cell, end = GRID_LEFT + (last_column + 1) * cell;
	unsigned int height = grid->look->row_height, y = row * height;
	unsigned int bottom = (last_row + 1) * height - grid->look->gap;

	if (row == last_row) {
		fprintf(f, "M%.1f %uH%.1fV%uH%.1fz", x, y, end, bottom, x);
		return;
	}
	fprintf(f, "M%.1f %uH%dV%uH%.1fV%uH%dV%uH%.1fz", x, y, GRID_WIDTH,
		last_row * height, end, bottom, GRID_LEFT, y + height, x);
}

static const char *kind_of(const json_t *outline)
{
	const char *kind = json_string_value(json_array_get(outline, 2));
	enum outline_kind i;

	for (i = 0; kind && i < OUTLINE_KINDS; i++)
		if (!strcmp(kind, outline_kind_name(i)))
			return outline_kind_name(i);
	return NULL;
}

static void draw_outline(FILE *f, const struct grid *grid, const json_t *outline,
			 uint64_t item_pages, uint64_t page_bytes)
{
	uint64_t pfn = json_number_at(outline, 0), pages = json_number_at(outline, 1);
	const char *whose = json_string_value(json_array_get(outline, 3));
	const char *kind = kind_of(outline);
	unsigned int row, column, last_row, last_column;

	if (!kind || !pages || pfn / item_pages >= grid->nr ||
	    pages > (grid->nr * item_pages) - pfn)
		return;
	if (!grid_place(grid, pfn / item_pages, &row, &column) ||
	    !grid_place(grid, (pfn + pages - 1) / item_pages, &last_row, &last_column))
		return;
	fprintf(f, "<path class=\"o-%s\" d=\"", kind);
	draw_line(f, grid, row, column, last_row, last_column);
	fprintf(f, "\"><title>%s ", kind);
	html_text(f, whose ? whose : "");
	fputs(": ", f);
	html_bytes(f, pages * page_bytes);
	fprintf(f, " at %#" PRIx64 "</title></path>", pfn * page_bytes);
}

void map_draw_outlines(FILE *f, const struct grid *grid, const void *map)
{
	const json_t *list = json_object_get(map, "outlines");
	uint64_t item_pages = json_number(map, "cell_pages");
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		draw_outline(f, grid, json_array_get(list, i), item_pages,
			     grid->item_bytes / item_pages);
}

bool map_has_outlines(const json_t *map, const char *kind)
{
	const json_t *list = json_object_get(map, "outlines");
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const char *what = kind_of(json_array_get(list, i));

		if (what && !strcmp(what, kind))
			return true;
	}
	return false;
}

/* --- many moments ------------------------------------------------------------------------ */

static double lapse_seconds(size_t nr)
{
	double seconds = (double)nr * MOMENT_SECONDS;

	if (seconds < LAPSE_SECONDS_MIN)
		return LAPSE_SECONDS_MIN;
	return seconds < LAPSE_SECONDS_MAX ? seconds : LAPSE_SECONDS_MAX;
}

void map_lapse_style(FILE *f, size_t nr)
{
	double seconds = lapse_seconds(nr);
	size_t i;

	fprintf(f,
		"@keyframes moment{0%%{visibility:visible}%.3f%%,100%%{visibility:hidden}}\n"
		".moment{visibility:hidden;pointer-events:none;animation:moment %.2fs step-end infinite}"
		".tick{fill:var(--line)}.tick:hover{fill:var(--soft)}"
		".now{fill:var(--heat)}\n"
		".tick:hover~.moment{animation:none}\n",
		100.0 / (double)nr, seconds);
	for (i = 0; i < nr; i++)
		fprintf(f,
			"#m%zu{animation-delay:%.3fs}#t%zu:hover~#m%zu{visibility:visible}\n",
			i, seconds * (double)i / (double)nr, i, i);
	fprintf(f,
		"@media(prefers-reduced-motion:reduce){.moment{animation:none}"
		"#m%zu{visibility:visible}.tick:hover~#m%zu{visibility:hidden}"
		"#t%zu:hover~#m%zu{visibility:visible}}\n",
		nr - 1, nr - 1, nr - 1, nr - 1);
}

/* The piece of the bar that stands for moment i. */
static void place_tick(FILE *f, const struct grid *grid, size_t i, size_t nr)
{
	double width = (double)(GRID_WIDTH - GRID_LEFT) / (double)nr;

	fprintf(f, "x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"10\"",
		GRID_LEFT + (double)i * width, grid_height(grid) + 6,
		width > 2 ? width - 0.5 : width);
}

static void draw_moment(FILE *f, const struct grid *grid,
			const struct map_moment *moments, size_t i, size_t nr)
{
	fprintf(f, "<g class=\"moment\" id=\"m%zu\">", i);
	grid_draw_changes(f, grid, moments[i].items, moments[0].items);
	fputs("<rect class=\"now\" ", f);
	place_tick(f, grid, i, nr);
	fprintf(f, "/><text x=\"%d\" y=\"%u\" text-anchor=\"end\">", GRID_LEFT - 8,
		grid_height(grid) + 15);
	html_time(f, moments[i].us);
	fputs("</text></g>", f);
}

/* Ticks stand before the moments, as only what follows in the file can depend on them.
 * Under the moments lies the first one: they show what is other than in it. */
void map_draw_lapse(FILE *f, const struct grid *grid, const struct map_moment *moments,
		    size_t nr)
{
	size_t i;

	grid_draw_changes(f, grid, moments[0].items, NULL);
	grid_draw_addresses(f, grid);
	fputs("<g class=\"lapse\">", f);
	for (i = 0; i < nr; i++) {
		fprintf(f, "<rect class=\"tick\" id=\"t%zu\" ", i);
		place_tick(f, grid, i, nr);
		fputs("><title>", f);
		html_time(f, moments[i].us);
		fputs("</title></rect>", f);
	}
	for (i = 0; i < nr; i++)
		draw_moment(f, grid, moments, i, nr);
	fputs("</g>", f);
}
