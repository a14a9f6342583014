/* SPDX-License-Identifier: MIT */
/* Maps of physical memory as pictures (SVG): one moment, or many one after the other. */
#ifndef VMM_MAP_SVG_H
#define VMM_MAP_SVG_H

#include <jansson.h>
#include <stdio.h>

#include "vmm/report/report_grid.h"

/* The outlines of a map (map_json.h), on top of its cells; `map` is its JSON. */
void map_draw_outlines(FILE *f, const struct grid *grid, const void *map);
/* Their legend: which kinds there are, as list items. */
bool map_has_outlines(const json_t *map, const char *kind);

/* One moment of a run. */
struct map_moment {
	uint64_t us; /* since the first */
	uint8_t *items; /* as many as the grid's */
};

/*
 * Many moments of one grid, shown one after the other by style alone: no script.  The bar
 * below the cells has a piece for each; while the pointer is on one, that moment stands.
 * Whoever wants no motion (prefers-reduced-motion) sees the last, and the pointer works.
 */
#define MAP_LAPSE_FOOT 36 /* pixels of bar and time below the cells */
void map_draw_lapse(FILE *f, const struct grid *grid, const struct map_moment *moments,
		    size_t nr);
/* What the moments need in a <style>. */
void map_lapse_style(FILE *f, size_t nr);

/*
 * A whole file: a title, the picture, its legend.  maps: an array of maps as map_json()
 * makes them, each with "us"; page_bytes of a frame.  0, -EINVAL: nothing to be seen, or
 * -ENOMEM; whether writing worked is in ferror(f).
 */
int map_svg_file(FILE *f, const char *name, const json_t *maps, uint64_t page_bytes);

#endif
