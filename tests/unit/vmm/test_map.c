/* SPDX-License-Identifier: MIT */
/* Maps: what is outlined, where a frame is in the picture, and pictures of odd data. */
#include <stdio.h>

#include "tests/unit/vmm/memstate_image.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/map/map_cells.h"
#include "vmm/map/map_json.h"
#include "vmm/map/map_outlines.h"
#include "vmm/map/map_svg.h"
#include "vmm/report/html.h"

static struct image image;
static struct memstate_view view;
static struct memstate_snapshot snapshot;

static int make(void **state)
{
	(void)state;
	image_make(&image);
	image.pages[0x601].cache = image_va(&image, &image.caches[1]);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	memstate_snapshot_free(&snapshot);
	image_free(&image);
	return 0;
}

static void take(void)
{
	if (memstate_open(&view, &image.ram, IMAGE_TABLE) ||
	    memstate_snapshot_take(&view, &snapshot))
		fail_msg("%s", view.err.text);
}

static void read_outlines(struct outlines *o)
{
	take();
	if (outlines_read(&view, &snapshot, o))
		fail_msg("%s", view.err.text);
}

static void assert_outline(const struct outlines *o, size_t i, enum outline_kind kind,
			   uint64_t pfn, uint64_t pages, size_t who)
{
	assert_true(i < o->nr);
	assert_int_equal(o->outline[i].kind, kind);
	assert_int_equal(o->outline[i].pfn, pfn);
	assert_int_equal(o->outline[i].pages, pages);
	assert_int_equal(o->outline[i].who, who);
}

/* --- outlines ---------------------------------------------------------------------------- */

static void slabs_and_areas_are_outlined(void **state)
{
	struct outlines o;

	(void)state;
	read_outlines(&o);
	assert_int_equal(o.nr, 3);
	assert_false(o.cut);
	assert_outline(&o, 0, OUTLINE_SLAB, 0x601, 1, 1);
	assert_outline(&o, 1, OUTLINE_AREA, 0x608, 1, 0);
	assert_outline(&o, 2, OUTLINE_AREA, 0x60a, 1, 0);
	outlines_free(&o);
}

static void neighbours_of_one_cache_are_one(void **state)
{
	struct outlines o;

	(void)state;
	image.pages[0x602].flags = image.pages[0x601].flags;
	image.pages[0x602].cache = image.pages[0x601].cache;
	image.pages[0x603].flags = image.pages[0x601].flags;
	image.pages[0x603].cache = image_va(&image, &image.caches[2]);
	read_outlines(&o);
	assert_outline(&o, 0, OUTLINE_SLAB, 0x601, 2, 1);
	assert_outline(&o, 1, OUTLINE_SLAB, 0x603, 1, 2);
	outlines_free(&o);
}

static void a_cache_that_nobody_knows_has_none(void **state)
{
	struct outlines o;

	(void)state;
	image.pages[0x601].cache = 0x1234;
	read_outlines(&o);
	assert_int_equal(o.nr, 2);
	outlines_free(&o);
}

/* An area may claim more pages than there are: it is followed for a while. */
static void an_area_without_end_ends(void **state)
{
	struct outlines o;

	(void)state;
	take();
	snapshot.areas.area[0].nr_pages = UINT64_MAX;
	snapshot.areas.area[0].kind = AREA_MAP;
	assert_int_equal(outlines_read(&view, &snapshot, &o), 0);
	outlines_free(&o);
}

static void caches_in_turn_are_many_outlines(void **state)
{
	struct outlines o;
	unsigned int i;

	(void)state;
	/* None goes on into the next frame. */
	for (i = 0x400; i < 0x800; i++) {
		image.pages[i].flags = IMAGE_LIVE | IMAGE_SLAB;
		image.pages[i].cache = image_va(&image, &image.caches[i & 1]);
	}
	image.zones[0].free = 0;
	image.zones[0].area[9].nr = 0;
	read_outlines(&o);
	/* But for the guarded pool; and the area that is there, too. */
	assert_int_equal(o.nr, 0x400 - 4 + 2);
	outlines_free(&o);
}

/* --- JSON -------------------------------------------------------------------------------- */

static void the_json_has_each_frame_once(void **state)
{
	struct symbols none = { 0 };
	uint64_t frames = 0, nine = 0;
	json_t *map, *run;
	size_t i;

	(void)state;
	take();
	map = map_json(&view, &snapshot, &none);
	json_array_foreach(json_object_get(map, "runs"), i, run)
	{
		frames += json_number_at(run, 0);
		if (json_number_at(run, 2) == 9)
			nine += json_number_at(run, 0);
	}
	assert_int_equal(frames, IMAGE_FRAMES);
	assert_int_equal(nine, 0x200);
	assert_int_equal(json_array_size(json_object_get(map, "outlines")), 3);
	json_decref(map);
}

/* --- the grid ---------------------------------------------------------------------------- */

/* Where each item is, against rows counted one by one. */
/* A cell of many pages shows a use where a quarter is used, else the most of what is free. */
static void a_cell_shows_what_is_used_in_it(void **state)
{
	uint8_t cell[8];

	(void)state;
	memset(cell, FRAME_FREE, sizeof(cell));
	cell[1] = FRAME_SLAB;
	assert_int_equal(map_look_full.show(cell, 8), FRAME_FREE);
	cell[5] = FRAME_SLAB;
	assert_int_equal(map_look_full.show(cell, 8), FRAME_SLAB);
	memset(cell + 2, MAP_FREE_SMALL, 3);
	assert_int_equal(map_look_full.show(cell, 8), FRAME_SLAB);
	cell[1] = cell[5] = MAP_FREE_SMALL;
	assert_int_equal(map_look_full.show(cell, 8), MAP_FREE_SMALL);
	assert_int_equal(map_look_full.show(cell, 1), FRAME_FREE);
}

/* Free memory has a value by the order of its blocks; what is used has none. */
static void items_tell_blocks_apart(void **state)
{
	static const unsigned int want[] = { MAP_FREE_SMALL,  MAP_FREE_SMALL,
					     MAP_FREE_MIDDLE, MAP_FREE_MIDDLE,
					     MAP_FREE_LARGE,  MAP_FREE_LARGE,
					     FRAME_FREE,      FRAME_SLAB };
	json_t *map = json_pack(
		"{s:i, s:[[i,s,i],[i,s,i],[i,s,i],[i,s,i],[i,s,i],[i,s,i],"
		"[i,s,i],[i,s,i]]}",
		"cell_pages", 1, "runs", 1, "free", 0, 1, "free", 2, 1, "free", 3, 1,
		"free", 5, 1, "free", 6, 1, "free", 8, 1, "free", 9, 1, "slab", 0);
	uint64_t pages = 0, i;
	uint8_t *items;

	(void)state;
	assert_non_null(map);
	assert_int_equal(map_items(map, &items, &pages), 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(items[i], want[i]);
	free(items);
	json_decref(map);
}

static void items_are_where_they_belong(void **state)
{
	static const uint64_t holes[][2] = {
		{ 0, 0 }, { 0, 300 }, { 256, 2048 }, { 5000, 9999 }
	};
	uint8_t *items = calloc(10000, 1);
	struct grid grid;
	size_t h;

	(void)state;
	for (h = 0; h < sizeof(holes) / sizeof(holes[0]); h++) {
		uint64_t i, row_items;
		unsigned int row = 0, seen_row, seen_column;
		bool any;

		memset(items, FRAME_SLAB, 10000);
		memset(items + holes[h][0], 0, holes[h][1] - holes[h][0]);
		assert_true(grid_lay_out(&grid, &map_look_full, items, 10000, 4096));
		row_items = grid.each * map_look_full.columns;
		for (i = 0; i < 10000; i++) {
			uint64_t first = i / row_items * row_items;
			size_t n = first + row_items < 10000 ? row_items : 10000 - first;

			any = memchr(items + first, FRAME_SLAB, n);
			assert_int_equal(grid_place(&grid, i, &seen_row, &seen_column),
					 any);
			if (!any)
				continue;
			assert_int_equal(seen_row, row);
			assert_int_equal(seen_column, (i - first) / grid.each);
			row += i == first + n - 1;
		}
		assert_int_equal(grid.rows, row);
		grid_fini(&grid);
	}
	memset(items, 0, 10000);
	assert_false(grid_lay_out(&grid, &map_look_full, items, 10000, 4096));
	free(items);
}

/* --- pictures of odd data ---------------------------------------------------------------- */

static int draw(const char *maps)
{
	json_t *json = json_loads(maps, 0, NULL);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int ret;

	assert_non_null(json);
	ret = map_svg_file(f, "a<b>&\"c", json, 4096);
	fclose(f);
	assert_null(strstr(text, "a<b>"));
	if (!ret)
		assert_non_null(strstr(text, "</svg>"));
	/* No line goes around what is not there. */
	assert_null(strstr(text, "<path class=\"o-slab\""));
	free(text);
	json_decref(json);
	return ret;
}

static void odd_maps_are_survived(void **state)
{
	(void)state;
	assert_int_equal(draw("[]"), -EINVAL);
	assert_int_equal(draw("[5, null, {}, {\"cell_pages\": 1, \"runs\": 7}]"),
			 -EINVAL);
	assert_int_equal(draw("[{\"cell_pages\": 1, \"runs\": [[9, \"none\"]]}]"),
			 -EINVAL);
	assert_int_equal(draw("[{\"cell_pages\": 9999999, \"runs\": [[9, \"slab\"]]}]"),
			 -EINVAL);
	assert_int_equal(
		draw("[{\"cell_pages\": 1, \"runs\": [[9223372036854775807, \"slab\"], "
		     "[-1, \"free\"], [\"x\"], 5], \"outlines\": [[0, 9223372036854775807, "
		     "\"slab\", \"x\"], [262143, 2, \"slab\", \"x\"], [1, 1, \"<i>\", "
		     "\"x\"], [1, 1, \"device\", \"</svg>\"], [1, 0, \"slab\"], [3]]}]"),
		0);
	assert_int_equal(draw("[{\"cell_pages\": 1, \"runs\": [[9, \"slab\"]], "
			      "\"outlines\": [[8, 2, \"slab\", \"x\"]]}]"),
			 0);
	/* Moments of other shapes are left out. */
	assert_int_equal(
		draw("[{\"cell_pages\": 1, \"runs\": [[9, \"slab\"]]}, "
		     "{\"cell_pages\": 2, \"runs\": [[9, \"slab\"]]}, "
		     "{\"cell_pages\": 1, \"us\": 5, \"runs\": [[8, \"slab\"], [1, "
		     "\"free\", 99]]}]"),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(slabs_and_areas_are_outlined, make, drop),
		cmocka_unit_test_setup_teardown(neighbours_of_one_cache_are_one, make,
						drop),
		cmocka_unit_test_setup_teardown(a_cache_that_nobody_knows_has_none, make,
						drop),
		cmocka_unit_test_setup_teardown(an_area_without_end_ends, make, drop),
		cmocka_unit_test_setup_teardown(caches_in_turn_are_many_outlines, make,
						drop),
		cmocka_unit_test_setup_teardown(the_json_has_each_frame_once, make, drop),
		cmocka_unit_test(a_cell_shows_what_is_used_in_it),
		cmocka_unit_test(items_tell_blocks_apart),
		cmocka_unit_test(items_are_where_they_belong),
		cmocka_unit_test(odd_maps_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
