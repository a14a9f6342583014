/* SPDX-License-Identifier: MIT */
/* The table of slab caches: slabtop's columns, and how fast the number of objects changes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/top/top_page.h"

const struct top_sort top_sorts[] = {
	{ 'r', "the change of objects in use, a second", "+-OBJ/S" },
	{ 'a', "objects in use", "ACTIVE" },
	{ 'b', "objects in a slab", "OBJ/SLAB" },
	{ 'c', "the size of the cache", "CACHE SIZE" },
	{ 'l', "slabs", "SLABS" },
	{ 'v', "slabs in use", "ASLABS" },
	{ 'n', "name", "NAME" },
	{ 'o', "objects", "OBJS" },
	{ 'p', "pages of a slab", "PAGES" },
	{ 's', "the size of an object", "OBJ SIZE" },
	{ 'u', "the share of objects in use", "USE" },
};
const size_t top_nr_sorts = sizeof(top_sorts) / sizeof(top_sorts[0]);

int top_sort_find(char key)
{
	size_t i;

	for (i = 0; i < top_nr_sorts; i++)
		if (top_sorts[i].key == key)
			return (int)i;
	return -1;
}

bool top_name_matches(const char *name, const char *terms)
{
	char copy[TOP_TERM_MAX + 1], *rest = copy, *term;
	bool any = false;

	snprintf(copy, sizeof(copy), "%.*s", TOP_TERM_MAX, terms ? terms : "");
	while ((term = strsep(&rest, "|"))) {
		if (!*term)
			continue;
		any = true;
		if (strcasestr(name, term))
			return true;
	}
	return !any;
}

struct line {
	const struct cache_state *cache;
	uint64_t active, slabs, active_slabs, per_slab, pages_per_slab;
	double change; /* objects a second */
};

static struct line make_line(const struct cache_state *c, const struct top_sample *now,
			     const struct top_sample *before)
{
	const struct cache_state *old = top_find_cache(before, c->va);
	uint64_t us = now->us - before->us;
	struct line line = {
		.cache = c,
		.active = top_cache_active(c),
		.active_slabs = c->slabs_partial + c->slabs_full,
		.slabs = c->slabs_partial + c->slabs_full + c->slabs_free,
		.pages_per_slab = 1ull << c->order,
	};

	line.per_slab = line.slabs ? c->objects / line.slabs : 0;
	if (old && us)
		line.change = ((double)line.active - (double)top_cache_active(old)) *
			      1e6 / (double)us;
	return line;
}

static double value(const struct line *l, char key)
{
	switch (key) {
	case 'r':
		return l->change < 0 ? -l->change : l->change;
	case 'a':
		return (double)l->active;
	case 'b':
		return (double)l->per_slab;
	case 'l':
		return (double)l->slabs;
	case 'v':
		return (double)l->active_slabs;
	case 'o':
		return (double)l->cache->objects;
	case 'p':
		return (double)l->pages_per_slab;
	case 's':
		return (double)l->cache->size;
	case 'u':
		return l->cache->objects ? (double)l->active / (double)l->cache->objects
					 : 0;
	default:
		return (double)l->cache->pages;
	}
}

/* Those that are equal stand by size, then by name, so that they do not dance. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct line *x = a, *y = b;
	const struct top_settings *s = arg;
	char key = top_sorts[s->sort].key;
	double vx = value(x, key), vy = value(y, key);
	int order;

	if (key == 'n')
		order = strcmp(x->cache->name, y->cache->name);
	else
		order = vx < vy ? 1 : vx > vy ? -1 : 0;
	if (order)
		return s->reversed ? -order : order;
	if (x->cache->pages != y->cache->pages)
		return x->cache->pages < y->cache->pages ? 1 : -1;
	return strcmp(x->cache->name, y->cache->name);
}

static void put_head(struct top_page *page, const struct top_settings *s)
{
	static const struct {
		const char *name;
		int width;
	} columns[] = {
		{ "OBJS", 8 },	      { "ACTIVE", 8 }, { "USE", 5 },
		{ "OBJ SIZE", 9 },    { "SLABS", 7 },  { "ASLABS", 7 },
		{ "OBJ/SLAB", 9 },    { "PAGES", 6 },  { "+-OBJ/S", 9 },
		{ "CACHE SIZE", 11 },
	};
	const char *sorted = top_sorts[s->sort].column;
	size_t i;

	top_row_add(page);
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		top_put(page, strcmp(columns[i].name, sorted) ? STYLE_HEAD : STYLE_SORTED,
			"%*s", columns[i].width, columns[i].name);
	top_put(page, strcmp("NAME", sorted) ? STYLE_HEAD : STYLE_SORTED, " %-20s",
		"NAME");
	page->head = page->nr;
}

static void put_line(struct top_page *page, const struct line *l, uint64_t page_bytes)
{
	const struct cache_state *c = l->cache;
	char size[TOP_SIZE];

	top_row_add(page);
	page->row[page->nr - 1].name = c->name;
	top_put(page, STYLE_PLAIN,
		"%8" PRIu64 "%8" PRIu64 "%4.0f%%%9" PRIu64 "%7" PRIu64 "%7" PRIu64
		"%9" PRIu64 "%6" PRIu64 "%+9.0f%11s %s",
		c->objects, l->active,
		c->objects ? (double)l->active * 100 / (double)c->objects : 0, c->size,
		l->slabs, l->active_slabs, l->per_slab, l->pages_per_slab,
		l->change == 0 ? 0 : l->change, top_size(size, c->pages * page_bytes),
		c->name);
}

/* --- slabtop's header: all caches together, whatever is shown of them --- */

struct sums {
	uint64_t active, objects, active_slabs, slabs, caches;
	uint64_t active_bytes, bytes; /* of objects */
	uint64_t least, most; /* bytes of an object */
};

static struct sums sum_up(const struct line *lines, size_t nr)
{
	struct sums s = { .least = nr ? UINT64_MAX : 0 };
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct line *l = &lines[i];
		uint64_t size = l->cache->size;

		s.active += l->active;
		s.objects += l->cache->objects;
		s.active_slabs += l->active_slabs;
		s.slabs += l->slabs;
		s.caches += l->slabs != 0;
		s.active_bytes += l->active * size;
		s.bytes += l->cache->objects * size;
		s.least = size < s.least ? size : s.least;
		s.most = size > s.most ? size : s.most;
	}
	return s;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part * 100 / (double)whole : 0;
}

static void put_sums(struct top_page *page, const struct sums *s, size_t caches)
{
	uint64_t mean = s->objects ? s->bytes / s->objects : 0;
	char active[TOP_SIZE], all[TOP_SIZE];

	top_row_add(page);
	/* A narrow terminal cuts the last ones. */
	top_put(page, STYLE_TITLE, "Active / Total  ");
	top_put(page, STYLE_PLAIN,
		"%" PRIu64 " / %" PRIu64 " objects (%.1f%%), %s / %s (%.1f%%), %" PRIu64
		" / %" PRIu64 " slabs (%.1f%%), %" PRIu64 " / %zu caches (%.1f%%)",
		s->active, s->objects, percent(s->active, s->objects),
		top_size(active, s->active_bytes), top_size(all, s->bytes),
		percent(s->active_bytes, s->bytes), s->active_slabs, s->slabs,
		percent(s->active_slabs, s->slabs), s->caches, caches,
		percent(s->caches, caches));
	top_put(page, STYLE_PLAIN, "; object %" PRIu64 "/%" PRIu64 "/%" PRIu64 " B",
		s->least, mean, s->most);
}

static void put_lines(struct top_page *page, const struct top_settings *settings,
		      const struct line *lines, size_t nr)
{
	struct sums sums = sum_up(lines, nr);
	size_t i;

	put_sums(page, &sums, nr);
	put_head(page, settings);
	for (i = 0; i < nr; i++)
		if (top_name_matches(lines[i].cache->name, settings->filter))
			put_line(page, &lines[i], settings->page_bytes);
}

int top_put_caches(struct top_page *page, const struct top_settings *settings,
		   const struct top_sample *now, const struct top_sample *before)
{
	struct line *lines = calloc(now->caches.nr + 1, sizeof(*lines));
	size_t i;

	if (!lines)
		return -ENOMEM;
	for (i = 0; i < now->caches.nr; i++)
		lines[i] = make_line(&now->caches.cache[i], now, before);
	qsort_r(lines, now->caches.nr, sizeof(*lines), compare, (void *)settings);
	put_lines(page, settings, lines, now->caches.nr);
	free(lines);
	return 0;
}
