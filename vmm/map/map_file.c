/* SPDX-License-Identifier: MIT */
/* A map as a file of its own: with title, legend, and colours for light and dark. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/map/map_cells.h"
#include "vmm/map/map_outlines.h"
#include "vmm/map/map_svg.h"
#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

#define MARGIN	     20
#define HEAD	     58 /* pixels above the cells */
#define LEGEND_ROW   20
#define LETTER_WIDTH 6.4 /* about */

struct picture {
	struct grid grid;
	const struct grid_look *look;
	struct map_moment *moments;
	size_t nr;
	const json_t *last; /* its map */
};

static void free_picture(struct picture *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		free(p->moments[i].items);
	free(p->moments);
	grid_fini(&p->grid);
}

/* Moments that have another shape than the first are left out. */
static int read_moments(struct picture *p, const json_t *maps, uint64_t *nr_items,
			uint64_t *item_pages)
{
	uint64_t nr, pages;
	uint8_t *items;
	size_t i;

	p->moments = calloc(json_array_size(maps) + 1, sizeof(*p->moments));
	if (!p->moments)
		return -ENOMEM;
	for (i = 0; i < json_array_size(maps); i++) {
		const json_t *map = json_array_get(maps, i);

		nr = map_items(map, &items, &pages);
		if (nr && p->nr && (nr != *nr_items || pages != *item_pages)) {
			free(items);
			continue;
		}
		if (!nr)
			continue;
		*nr_items = nr;
		*item_pages = pages;
		p->moments[p->nr++] =
			(struct map_moment){ json_number(map, "us"), items };
		p->last = map;
	}
	return p->nr ? 0 : -EINVAL;
}

static int open_picture(struct picture *p, const json_t *maps, uint64_t page_bytes)
{
	uint64_t nr = 0, pages = 0;
	int ret = read_moments(p, maps, &nr, &pages);

	p->look = p->nr > 1 ? &map_look_lapse : &map_look_full;
	if (!ret &&
	    !grid_lay_out(&p->grid, p->look, p->moments[0].items, nr, pages * page_bytes))
		ret = -EINVAL;
	return ret;
}

/* --- the legend: items one after the other, in rows -------------------------------------- */

struct legend {
	FILE *f; /* NULL: only measured */
	double x;
	unsigned int row, top;
};

static void put_item(struct legend *l, const char *class, const char *title,
		     uint64_t bytes)
{
	double width = 40 + (double)(strlen(title) + (bytes ? 9 : 0)) * LETTER_WIDTH;
	unsigned int y;

	if (l->x > GRID_LEFT && l->x + width > GRID_WIDTH) {
		l->x = GRID_LEFT;
		l->row++;
	}
	y = l->top + l->row * LEGEND_ROW;
	if (l->f) {
		fprintf(l->f,
			"<rect class=\"%s\" x=\"%.0f\" y=\"%u\" width=\"12\" "
			"height=\"12\"/><text x=\"%.0f\" y=\"%u\">%s",
			class, l->x, y, l->x + 18, y + 10, title);
		if (bytes) {
			fputs(" ", l->f);
			html_bytes(l->f, bytes);
		}
		fputs("</text>", l->f);
	}
	l->x += width;
}

/* Returns the number of rows. */
static unsigned int put_legend(FILE *f, const struct picture *p, unsigned int top)
{
	struct legend l = { .f = f, .x = GRID_LEFT, .top = top };
	uint64_t count[GRID_NAMES] = { 0 };
	enum outline_kind kind;
	unsigned int value;
	char class[32];
	size_t i;

	for (i = 0; i < p->nr; i++)
		grid_count(&p->grid, p->moments[i].items, count);
	for (value = 1; value < GRID_NAMES; value++)
		if (count[value])
			put_item(&l, p->look->class(value), p->look->title(value),
				 p->nr > 1 ? 0 : count[value] * p->grid.item_bytes);
	for (kind = 0; p->nr == 1 && kind < OUTLINE_KINDS; kind++) {
		snprintf(class, sizeof(class), "o-%s", outline_kind_name(kind));
		if (map_has_outlines(p->last, outline_kind_name(kind)))
			put_item(&l, class, outline_kind_title(kind), 0);
	}
	return l.row + 1;
}

/* --- the file ---------------------------------------------------------------------------- */

static void put_style(FILE *f, const struct picture *p)
{
	fputs("<style>\n", f);
	fputs(report_colours, f);
	fputs("svg{background:var(--ground);font:12px system-ui,\"DejaVu Sans\",sans-serif}\n"
	      "rect,path{shape-rendering:crispEdges}\n"
	      "text{fill:var(--soft);font-size:11px}.title{fill:var(--ink);"
	      "font-size:17px;font-weight:600}\n"
	      ".ground{fill:var(--ground)}\n",
	      f);
	if (p->nr > 1)
		map_lapse_style(f, p->nr);
	fputs("</style>\n", f);
}

static void put_title(FILE *f, const struct picture *p, const char *name)
{
	fprintf(f, "<text class=\"title\" x=\"%d\" y=\"18\">", GRID_LEFT);
	html_text(f, name);
	fprintf(f, ": physical memory</text><text x=\"%d\" y=\"38\">", GRID_LEFT);
	grid_say_scale(f, &p->grid);
	if (p->nr > 1) {
		fprintf(f, " %zu moments in ", p->nr);
		html_time(f, p->moments[p->nr - 1].us);
		fputs("; hold the pointer on the bar to look at one.", f);
	}
	fputs("</text>", f);
}

static void put_file(FILE *f, const struct picture *p, const char *name)
{
	unsigned int cells = grid_height(&p->grid) + (p->nr > 1 ? MAP_LAPSE_FOOT : 10);
	unsigned int height = HEAD + cells + put_legend(NULL, p, 0) * LEGEND_ROW;

	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%d %d %d %u\" "
		"role=\"img\">\n<title>",
		-MARGIN, -MARGIN, GRID_WIDTH + 2 * MARGIN, height + 2 * MARGIN);
	html_text(f, name);
	fputs(": physical memory</title>\n", f);
	put_style(f, p);
	fprintf(f,
		"<rect class=\"ground\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%u\"/>\n",
		-MARGIN, -MARGIN, GRID_WIDTH + 2 * MARGIN, height + 2 * MARGIN);
	put_title(f, p, name);
	fprintf(f, "<g class=\"cells\" transform=\"translate(0 %d)\">", HEAD);
	if (p->nr > 1) {
		map_draw_lapse(f, &p->grid, p->moments, p->nr);
	} else {
		grid_draw(f, &p->grid, p->moments[0].items);
		grid_draw_addresses(f, &p->grid);
		map_draw_outlines(f, &p->grid, p->last);
	}
	fputs("</g>\n<g class=\"legend\">", f);
	put_legend(f, p, HEAD + cells);
	fputs("</g>\n</svg>\n", f);
}

int map_svg_file(FILE *f, const char *name, const json_t *maps, uint64_t page_bytes)
{
	struct picture p = { 0 };
	int ret = page_bytes > 1u << 30 ? -EINVAL : open_picture(&p, maps, page_bytes);

	if (!ret)
		put_file(f, &p, name);
	free_picture(&p);
	return ret;
}
