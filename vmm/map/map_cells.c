/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "vmm/map/map_cells.h"
#include "vmm/report/html.h"
#include "vmm/report/report_kinds.h"

_Static_assert(MAP_VALUES <= GRID_NAMES, "values");

/* Blocks of orders below these; what is larger is FRAME_FREE. */
static const struct {
	unsigned int order;
	const char *class, *title;
} sizes[MAP_VALUES - FRAME_KINDS] = {
	{ 3, "k-free0", "free, up to 16 KiB" },
	{ 6, "k-free1", "free, 32 to 128 KiB" },
	{ 9, "k-free2", "free, 256 KiB to 1 MiB" },
};

static unsigned int value_of(const json_t *run, const char *name)
{
	enum frame_kind kind = report_kind(name);
	uint64_t order = json_number_at(run, 2);
	unsigned int i;

	if (kind != FRAME_FREE || json_array_size(run) < 3)
		return kind;
	for (i = 0; i < MAP_VALUES - FRAME_KINDS; i++)
		if (order < sizes[i].order)
			return FRAME_KINDS + i;
	return FRAME_FREE;
}

static bool is_free(unsigned int value)
{
	return value >= FRAME_KINDS || report_kind_is_free(value);
}

/*
 * A use, where a quarter is used, so that small blocks do not drown in free memory.
 */
static unsigned int show(const uint8_t *items, uint64_t n)
{
	uint64_t count[MAP_VALUES] = { 0 }, used = 0, i;
	unsigned int best = FRAME_NONE, value;

	if (n == 1)
		return items[0];
	for (i = 0; i < n; i++)
		count[items[i]]++;
	for (value = FRAME_FREE; value < MAP_VALUES; value++)
		if (!is_free(value))
			used += count[value];
	count[FRAME_NONE] = 0;
	for (value = FRAME_FREE; value < MAP_VALUES; value++)
		if (is_free(value) == (used * 4 < n) && count[value] > count[best])
			best = value;
	return best;
}

static const char *class_of(unsigned int value)
{
	return value < FRAME_KINDS ? report_kind_class(value)
				   : sizes[value - FRAME_KINDS].class;
}

static const char *title_of(unsigned int value)
{
	return value < FRAME_KINDS ? report_kind_title(value)
				   : sizes[value - FRAME_KINDS].title;
}

#define LOOK                                                           \
	.label = "physical memory by use", .join = true, .show = show, \
	.class = class_of, .title = title_of

const struct grid_look map_look_report = {
	LOOK, .columns = 256, .rows_max = 64, .row_height = 8, .gap = 1, .label_every = 8,
};

const struct grid_look map_look_full = {
	LOOK, .columns = 256, .rows_max = 256, .row_height = 4, .label_every = 16,
};

const struct grid_look map_look_lapse = {
	LOOK, .columns = 128, .rows_max = 32, .row_height = 8, .gap = 1, .label_every = 4,
};

const struct grid_look map_look_samples = {
	LOOK, .columns = 64, .rows_max = 16, .row_height = 13, .gap = 1, .label_every = 2,
};

uint64_t map_items(const json_t *map, uint8_t **items, uint64_t *item_pages)
{
	uint64_t nr;

	*items = NULL;
	*item_pages = json_number(map, "cell_pages");
	if (!*item_pages || *item_pages > MAP_ITEMS_MAX)
		return 0;
	*items = malloc(MAP_ITEMS_MAX);
	if (!*items)
		return 0;
	nr = grid_unpack(*items, MAP_ITEMS_MAX, json_object_get(map, "runs"), value_of);
	if (!nr) {
		free(*items);
		*items = NULL;
	}
	return nr;
}
