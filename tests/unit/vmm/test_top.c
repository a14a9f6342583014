/* SPDX-License-Identifier: MIT */
/* The page of `pagevisor top`: rows of text from two looks at a guest. */
#include <stdio.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/top/top_page.h"

#define FRAMES 1024

struct fixture {
	struct top_page page;
	struct top_settings settings;
	struct top_sample now, before;
	struct cache_state caches[2][3];
	uint8_t kinds[FRAMES];
};

static void make_caches(struct cache_state *caches)
{
	static const struct {
		const char *name;
		uint64_t objects, inuse, cached, size, order, full, pages;
	} rows[3] = {
		{ "beta", 100, 80, 10, 64, 0, 2, 2 },
		{ "alpha", 20, 20, 0, 4096, 3, 1, 8 },
		{ "gamma", 0, 0, 0, 128, 0, 0, 0 },
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		caches[i] = (struct cache_state){
			.va = 0x1000 * (i + 1),
			.objects = rows[i].objects,
			.inuse = rows[i].inuse,
			.cached = rows[i].cached,
			.size = rows[i].size,
			.order = rows[i].order,
			.slabs_full = rows[i].full,
			.pages = rows[i].pages,
		};
		strcpy(caches[i].name, rows[i].name);
	}
}

static void make_sample(struct fixture *f, struct top_sample *s,
			struct cache_state *caches)
{
	make_caches(caches);
	*s = (struct top_sample){
		.us = 1000000,
		.published = true,
		.zones = { .nr = 1,
			   .orders = 3,
			   .zone[0] = { .name = "DMA32",
					.present = 1024,
					.managed = 1000,
					.free = 7,
					.nr_free = { 1, 1, 1 },
					.adds_up = true,
					.watermark = { 5, 8, 9 },
					.pcp_allocs = 100 } },
		.caches = { 3, caches },
		.dma = { 1, 4096, 2, 8192, 3 },
		.frames = { .nr = FRAMES, .kind = f->kinds },
		.told = true,
		.status = "running",
		.nr_exits = 1,
		.exits[0] = { "io", 500 },
		.nr_devices = 1,
		.devices[0] = { "disk0", 4096, 1 << 20, 2 },
	};
	s->frames.count[FRAME_SLAB] = FRAMES / 2;
	s->frames.count[FRAME_FREE] = FRAMES / 2;
}

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memset(f->kinds, FRAME_SLAB, FRAMES / 2);
	memset(f->kinds + FRAMES / 2, FRAME_FREE, FRAMES / 2);
	make_sample(f, &f->before, f->caches[0]);
	make_sample(f, &f->now, f->caches[1]);
	f->now.us += 500000;
	f->page.width = 120;
	f->settings = (struct top_settings){
		.name = "vm",
		.mem_bytes = 4 << 20,
		.page_bytes = 4096,
		.cpus = 1,
		.delay = 0.5,
		.strip_rows = 2,
	};
	*state = f;
	return 0;
}

static int drop(void **state)
{
	struct fixture *f = *state;

	top_page_free(&f->page);
	free(f);
	return 0;
}

static void fill(struct fixture *f)
{
	assert_int_equal(top_page_fill(&f->page, &f->settings, &f->now, &f->before), 0);
}

/* Some row is this. */
static void assert_row(const struct fixture *f, const char *text)
{
	size_t i;

	for (i = 0; i < f->page.nr; i++)
		if (!strcmp(f->page.row[i].text, text))
			return;
	top_page_print(stderr, &f->page);
	fail_msg("no row \"%s\"", text);
}

/* Row i of the caches begins with these names' order. */
static void assert_order(struct fixture *f, char key, const char *first,
			 const char *second)
{
	f->settings.sort = top_sort_find(key);
	assert_true(f->settings.sort >= 0);
	fill(f);
	assert_int_equal(f->page.nr - f->page.head, 3);
	assert_non_null(strstr(f->page.row[f->page.head].text, first));
	assert_non_null(strstr(f->page.row[f->page.head + 1].text, second));
}

static void the_page_says_what_was_seen(void **state)
{
	struct fixture *f = *state;
	char strip[128], cells[64];

	fill(f);
	assert_row(f, "top      vm, 4M, 1 CPU, running; every 0.5 s");
	assert_row(f, "Exits/s  io 0, 500 in all");
	assert_row(f, "DMA      1 mapped, 4K; 2 coherent, 8K; 3 refused");
	assert_row(f, "Memory   f free 2M  s slab 2M  ");
	memset(cells, 's', 64);
	snprintf(strip, sizeof(strip), "%-9s%.64s", "0", cells);
	assert_row(f, strip);
	memset(cells, 'f', 64);
	snprintf(strip, sizeof(strip), "%-9s%.64s", "2M", cells);
	assert_row(f, strip);
	assert_row(f, "DMA32        1000        7     0      5      8      9"
		      "                   1    1    1");
	assert_row(f, "disk0                   0          0       4K         1M       2");
	assert_row(f,
		   "     100      70  70%       64      2      2       50     1       +0 "
		   "        8K beta");
}

static void rates_are_between_the_looks(void **state)
{
	struct fixture *f = *state;

	f->now.exits[0].count += 50;
	f->now.devices[0].read_bytes += 4096;
	f->now.zones.zone[0].pcp_allocs += 7;
	f->now.zones.zone[0].splits = 3;
	f->caches[1][0].inuse -= 30;
	fill(f);
	assert_row(f, "Exits/s  io 100, 550 in all");
	assert_row(
		f,
		"Pages/s  14 allocations from CPU lists, buddy: 0 taken, 0 put, 6 splits, 0 merges");
	assert_row(f,
		   "Objs/s   -60 in use, 0 slabs made; each allocation is counted with "
		   "--events");
	assert_row(f, "disk0                  8K          0       8K         1M       2");
	assert_row(f,
		   "     100      40  40%       64      2      2       50     1      -60 "
		   "        8K beta");
}

/* Also of those that were gone before they could be read. */
static void events_count_each_object(void **state)
{
	struct fixture *f = *state;

	f->before.counted = f->now.counted = true;
	f->now.kmallocs = 20;
	f->before.cache_allocs = 5;
	f->now.cache_allocs = 6;
	f->now.uncounted = 500;
	fill(f);
	assert_row(
		f,
		"Objs/s   40 allocations by kmalloc, 2 of caches, 1000 by either, unread");
}

/* The guest was reset: counters begin anew, and nothing is negative or huge. */
static void what_went_back_has_no_rate(void **state)
{
	struct fixture *f = *state;

	f->now.us = f->before.us + 4000000; /* a wrapped difference would have a rate */
	f->now.exits[0].count = 1;
	f->now.devices[0].read_bytes = 0;
	fill(f);
	assert_row(f, "Exits/s  io 0, 1 in all");
	assert_row(f, "disk0                   0          0        0         1M       2");
	f->now.us = f->before.us;
	fill(f);
	assert_row(f, "Exits/s  io 0, 1 in all");
}

static void a_monitor_that_is_silent_is_named(void **state)
{
	struct fixture *f = *state;

	f->before.told = false;
	f->before.nr_exits = f->before.nr_devices = 0;
	fill(f);
	assert_row(f, "Exits/s  io 0, 500 in all"); /* since when, is not known */
	assert_row(f, "disk0                   0          0       4K         1M       2");
	f->now.told = false;
	f->now.nr_exits = f->now.nr_devices = 0;
	fill(f);
	assert_row(f, "Exits/s  nobody tells");
	strcpy(f->now.silence, "vm: its monitor does not answer");
	fill(f);
	assert_row(f, "Exits/s  vm: its monitor does not answer");
	assert_row(f, "DMA      1 mapped, 4K; 2 coherent, 8K; 3 refused");
}

static void caches_are_sorted(void **state)
{
	struct fixture *f = *state;

	assert_order(f, 'n', "alpha", "beta");
	assert_order(f, 'o', "beta", "alpha");
	assert_order(f, 'a', "beta", "alpha");
	assert_order(f, 'b', "beta", "alpha");
	assert_order(f, 'c', "alpha", "beta");
	assert_order(f, 's', "alpha", "gamma");
	assert_order(f, 'u', "alpha", "beta");
	assert_order(f, 'p', "alpha", "beta");
	assert_order(f, 'l', "beta", "alpha");
	assert_order(f, 'v', "beta", "alpha");
	assert_order(f, 'r', "alpha", "beta"); /* none changes: by size */
	f->caches[1][2].inuse = f->caches[1][2].objects = 1;
	assert_order(f, 'r', "gamma", "alpha");
	f->caches[1][0].inuse -= 30; /* fewer is a change, too */
	assert_order(f, 'r', "beta", "gamma");
	f->settings.reversed = true;
	assert_order(f, 'n', "gamma", "beta");
	assert_int_equal(top_sort_find('x'), -1);
}

/* slabtop's header: of all caches, also those that a filter leaves out. */
static void caches_are_summed_up(void **state)
{
	struct fixture *f = *state;
	const char *sums =
		"Active / Total  90 / 120 objects (75.0%), 84K / 86K (97.8%), 3 / 4 slabs "
		"(75.0%), 2 / 3 caches (66.7%); object 64/736/4096 B";

	f->page.width = 200;
	f->caches[1][0].slabs_free = 1;
	fill(f);
	assert_row(f, sums);
	f->settings.filter = "none such";
	fill(f);
	assert_row(f, sums);
	f->now.caches.nr = 0;
	fill(f);
	assert_row(f, "Active / Total  0 / 0 objects (0.0%), 0 / 0 (0.0%), 0 / 0 slabs "
		      "(0.0%), 0 / 0 caches (0.0%); object 0/0/0 B");
}

static void a_filter_leaves_caches_out(void **state)
{
	struct fixture *f = *state;

	f->settings.sort = top_sort_find('n');
	f->settings.filter = "LPH|amm";
	fill(f);
	assert_row(
		f,
		"top      vm, 4M, 1 CPU, running; every 0.5 s; only caches with LPH|amm");
	assert_int_equal(f->page.nr - f->page.head, 2);
	assert_string_equal(f->page.row[f->page.head].name, "alpha");
	assert_string_equal(f->page.row[f->page.head + 1].name, "gamma");
	assert_null(f->page.row[0].name);
	f->settings.filter = "";
	fill(f);
	assert_int_equal(f->page.nr - f->page.head, 3);
	assert_true(top_name_matches("kmalloc-64", NULL));
	assert_true(top_name_matches("kmalloc-64", "||"));
	assert_true(top_name_matches("kmalloc-64", "x||C-6"));
	assert_false(top_name_matches("kmalloc-64", "x|kmalloc-64k"));
	/* As many letters as there are. */
	assert_true(top_name_matches("q", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|q"));
	assert_false(top_name_matches("q", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|q"));
}

static void any_width_will_do(void **state)
{
	struct fixture *f = *state;
	unsigned int width;
	size_t i;

	for (width = 0; width <= TOP_WIDTH_MAX + 20; width++) {
		f->page.width = width;
		fill(f);
		for (i = 0; i < f->page.nr; i++) {
			assert_true(f->page.row[i].used <= f->page.width);
			assert_int_equal(strlen(f->page.row[i].text),
					 f->page.row[i].used);
		}
		assert_int_equal(top_page_help(&f->page, &f->settings), 0);
	}
}

static void a_guest_that_tells_nothing_has_its_reason(void **state)
{
	struct fixture *f = *state;

	f->now.published = false;
	strcpy(f->now.why, "it publishes nothing");
	fill(f);
	assert_row(f, "Memory   it publishes nothing");
	assert_int_equal(f->page.nr, f->page.head);
	assert_row(f, "disk0                   0          0       4K         1M       2");
}

static void books_that_do_not_add_up_say_so(void **state)
{
	struct fixture *f = *state;

	f->now.zones.zone[0].adds_up = false;
	fill(f);
	assert_row(f,
		   "DMA32        1000        7     0      5      8      9       (moving)"
		   "    1    1    1");
}

static void a_copy_is_called_so(void **state)
{
	struct fixture *f = *state;

	f->settings.copied = true;
	fill(f);
	assert_row(f, "top      vm, 4M, 1 CPU, running; every 0.5 s; a COPY, made at the "
		      "start");
}

static void sizes_are_short(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = { { 0, "0" },	    { 1023, "1023" },
		      { 1024, "1K" },	    { 1536, "1.5K" },
		      { 10240, "10K" },	    { 1023ull << 10, "1023K" },
		      { 1ull << 63, "8E" }, { UINT64_MAX, "15E" } };
	char buf[TOP_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_string_equal(top_size(buf, sizes[i].bytes), sizes[i].text);
}

int main(void)
{
#define TOP_TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
	const struct CMUnitTest tests[] = {
		TOP_TEST(the_page_says_what_was_seen),
		TOP_TEST(rates_are_between_the_looks),
		TOP_TEST(events_count_each_object),
		TOP_TEST(what_went_back_has_no_rate),
		TOP_TEST(a_monitor_that_is_silent_is_named),
		TOP_TEST(caches_are_sorted),
		TOP_TEST(caches_are_summed_up),
		TOP_TEST(a_filter_leaves_caches_out),
		TOP_TEST(any_width_will_do),
		TOP_TEST(a_guest_that_tells_nothing_has_its_reason),
		TOP_TEST(books_that_do_not_add_up_say_so),
		TOP_TEST(a_copy_is_called_so),
		TOP_TEST(sizes_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
