/* SPDX-License-Identifier: MIT */
/*
 * Pictures of memory as rows of cells along its addresses, address 0 at the top left.
 *
 * What is known is a row of values, one for each piece of memory of the same size (an item);
 * value 0 says that there is no memory.  One cell of the picture shows as many items as
 * are needed to keep it small, and rows without memory are left out: so the layout comes
 * first, and where something lies in the picture is asked of it.
 */
#ifndef VMM_REPORT_GRID_H
#define VMM_REPORT_GRID_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define GRID_LEFT  76 /* pixels for the addresses */
#define GRID_WIDTH 960 /* of the whole picture */
#define GRID_NAMES 32 /* values are below */

struct grid_look {
	const char *label; /* what is seen, for those who do not see it */
	unsigned int columns;
	unsigned int rows_max; /* about */
	unsigned int row_height; /* pixels, */
	unsigned int gap; /* of them below the cells */
	unsigned int label_every; /* rows */
	bool join; /* neighbours alike are one rectangle; else each cell stands alone */
	/* What to show for n items, n > 0; 0 only where all are 0. */
	unsigned int (*show)(const uint8_t *items, uint64_t n);
	/* Class and name of a value that is shown. */
	const char *(*class)(unsigned int value);
	const char *(*title)(unsigned int value);
};

struct grid {
	const struct grid_look *look;
	uint64_t nr; /* items */
	uint64_t item_bytes;
	uint64_t each; /* items of a cell */
	unsigned int rows; /* shown */
	uint64_t *first; /* the first item of each row shown, ascending */
};

/* [[n, NAME], ...] unpacked to items, at most max; how many.  `value` tells a name's. */
uint64_t grid_unpack(uint8_t *items, uint64_t max, const json_t *runs,
		     unsigned int (*value)(const json_t *run, const char *name));

/* False: no memory at all, or none of the host's.  What holds the layout goes with
 * grid_fini(). */
bool grid_lay_out(struct grid *grid, const struct grid_look *look, const uint8_t *items,
		  uint64_t nr, uint64_t item_bytes);
void grid_fini(struct grid *grid);

/* Pixels: of one cell, of all rows, and of an item in the picture (false: it is in a row
 * that is left out). */
double grid_cell_width(const struct grid *grid);
unsigned int grid_height(const struct grid *grid);
bool grid_place(const struct grid *grid, uint64_t item, unsigned int *row,
		unsigned int *column);

/* "One row is 4 MiB, one cell 16 KiB." */
void grid_say_scale(FILE *f, const struct grid *grid);
/* The addresses in front of rows. */
void grid_draw_addresses(FILE *f, const struct grid *grid);
/* All cells, each run alike with a line that says where it is and what. */
void grid_draw(FILE *f, const struct grid *grid, const uint8_t *items);
/* Cells that look other than those of `base` do (NULL: all), without a line. */
void grid_draw_changes(FILE *f, const struct grid *grid, const uint8_t *items,
		       const uint8_t *base);
/* Adds the number of items of each value to count. */
void grid_count(const struct grid *grid, const uint8_t *items,
		uint64_t count[GRID_NAMES]);
/* Values with a count, as a list; `bytes` (0: not shown) are those of an item. */
void grid_legend(FILE *f, const struct grid_look *look, const uint64_t count[GRID_NAMES],
		 uint64_t bytes);
/* A whole picture of that, with its scale above and its legend below.  `more` draws on top
 * of the cells, or is NULL. */
void grid_figure(FILE *f, const struct grid *grid, const uint8_t *items,
		 void (*more)(FILE *f, const struct grid *grid, const void *arg),
		 const void *arg);

#endif
