/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/map/map_cells.h"
#include "vmm/top/top_page.h"

#define LABEL	9 /* letters in front of the lines of the head */
#define USE_MAX 19 /* letters of one use of memory */

/* --- rows -------------------------------------------------------------------------------- */

/* Rows are all there from the beginning: only the last is ever written to. */
static int begin(struct top_page *page)
{
	if (!page->row)
		page->row = calloc(TOP_ROWS_MAX, sizeof(*page->row));
	page->nr = page->head = 0;
	if (page->width > TOP_WIDTH_MAX)
		page->width = TOP_WIDTH_MAX;
	return page->row ? 0 : -ENOMEM;
}

void top_row_add(struct top_page *page)
{
	if (page->nr < TOP_ROWS_MAX)
		page->nr++;
	page->row[page->nr - 1].used = 0;
	page->row[page->nr - 1].name = NULL;
	page->row[page->nr - 1].text[0] = '\0';
}

void top_put(struct top_page *page, unsigned int style, const char *format, ...)
{
	struct top_row *row = &page->row[page->nr - 1];
	unsigned int room = page->width - row->used;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(row->text + row->used, room + 1, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((unsigned int)n < room)
		room = (unsigned int)n;
	memset(row->style + row->used, (int)style, room);
	row->used += room;
}

const char *top_size(char buf[TOP_SIZE], uint64_t bytes)
{
	static const char units[] = " KMGTPE";
	unsigned int unit = 0;

	while (unit < 6 && bytes >> 10 * unit >= 1024)
		unit++;
	if (!unit)
		snprintf(buf, TOP_SIZE, "%" PRIu64, bytes);
	else if (bytes >> 10 * unit < 10 && bytes & ((1ull << 10 * unit) - 1))
		snprintf(buf, TOP_SIZE, "%.1f%c",
			 (double)bytes / (double)(1ull << 10 * unit), units[unit]);
	else
		snprintf(buf, TOP_SIZE, "%" PRIu64 "%c", (bytes >> 10 * unit) % 10000,
			 units[unit]);
	return buf;
}

void top_page_free(struct top_page *page)
{
	free(page->row);
	*page = (struct top_page){ 0 };
}

void top_page_print(FILE *f, const struct top_page *page)
{
	size_t i, n;

	for (i = 0; i < page->nr; i++) {
		const char *text = page->row[i].text;

		for (n = strlen(text); n && text[n - 1] == ' '; n--)
			;
		fprintf(f, "%.*s\n", (int)n, text);
	}
}

/* --- rates ------------------------------------------------------------------------------- */

struct looks {
	const struct top_sample *now, *before;
};

/* What was counted between the two looks, a second.  A counter that went back has begun
 * anew: the guest was reset. */
static uint64_t rate(const struct looks *l, uint64_t now, uint64_t before)
{
	uint64_t us = l->now->us - l->before->us;

	if (now <= before || !us)
		return 0;
	return (uint64_t)((double)(now - before) * 1e6 / (double)us + 0.5);
}

/* The same of what the monitor counts: where it said nothing before, there is no rate. */
static uint64_t told_rate(const struct looks *l, uint64_t now, uint64_t before)
{
	return l->before->told ? rate(l, now, before) : 0;
}

static void label(struct top_page *page, const char *text)
{
	top_row_add(page);
	top_put(page, STYLE_TITLE, "%-*s", LABEL, text);
}

/* --- the lines of the head --------------------------------------------------------------- */

static void put_title(struct top_page *page, const struct top_settings *s,
		      const struct top_sample *now)
{
	char size[TOP_SIZE];

	label(page, "top");
	top_put(page, STYLE_PLAIN, "%s, %s, %u CPU%s", s->name,
		top_size(size, s->mem_bytes), s->cpus, s->cpus == 1 ? "" : "s");
	if (now->status[0])
		top_put(page, strcmp(now->status, "running") ? STYLE_BAD : STYLE_PLAIN,
			", %s", now->status);
	if (s->started)
		top_put(page, STYLE_PLAIN, ", up %llu s",
			(unsigned long long)(time(NULL) - s->started));
	top_put(page, STYLE_PLAIN, "; every %g s", s->delay);
	if (s->copied)
		top_put(page, STYLE_BAD, "; a COPY, made at the start");
	if (s->paused)
		top_put(page, STYLE_BAD, "; HELD");
	if (s->filter && *s->filter)
		top_put(page, STYLE_BAD, "; only caches with %s", s->filter);
}

static void put_uses(struct top_page *page, const struct top_sample *now,
		     uint64_t page_bytes)
{
	enum frame_kind kind;
	char size[TOP_SIZE];

	label(page, "Memory");
	for (kind = FRAME_FREE; kind < FRAME_KINDS; kind++) {
		if (!now->frames.count[kind])
			continue;
		if (page->row[page->nr - 1].used + USE_MAX > page->width)
			label(page, "");
		top_put(page, STYLE_KIND + kind, "%c", frame_kind_letter(kind));
		top_put(page, STYLE_PLAIN, " %s %s  ", frame_kind_name(kind),
			top_size(size, now->frames.count[kind] * page_bytes));
	}
}

/* A strip of cells, a power of two of frames each. */
static void put_strip(struct top_page *page, const struct top_settings *s,
		      const struct frame_map *map, uint64_t page_bytes)
{
	unsigned int columns = 8;
	uint64_t each = 1, pfn;
	char size[TOP_SIZE];
	unsigned int i;

	while (columns * 2 + LABEL <= page->width)
		columns *= 2;
	while (map->nr / each > (uint64_t)columns * s->strip_rows)
		each *= 2;
	for (pfn = 0; pfn < map->nr;) {
		label(page, top_size(size, pfn * page_bytes));
		for (i = 0; i < columns && pfn < map->nr; i++, pfn += each) {
			uint64_t left = map->nr - pfn;
			unsigned int kind = map_look_full.show(map->kind + pfn,
							       left < each ? left : each);

			top_put(page, STYLE_KIND + kind, "%c", frame_kind_letter(kind));
		}
	}
}

static void put_rates(struct top_page *page, const struct looks *l)
{
	uint64_t sum[5] = { 0 };
	unsigned int i;

	for (i = 0; i < l->now->zones.nr && i < l->before->zones.nr; i++) {
		const struct zone_state *z = &l->now->zones.zone[i];
		const struct zone_state *b = &l->before->zones.zone[i];

		sum[0] += rate(l, z->pcp_allocs, b->pcp_allocs);
		sum[1] += rate(l, z->takes, b->takes);
		sum[2] += rate(l, z->puts, b->puts);
		sum[3] += rate(l, z->splits, b->splits);
		sum[4] += rate(l, z->merges, b->merges);
	}
	label(page, "Pages/s");
	top_put(page, STYLE_PLAIN,
		"%" PRIu64 " allocations from CPU lists, buddy: %" PRIu64
		" taken, %" PRIu64 " put, %" PRIu64 " splits, %" PRIu64 " merges",
		sum[0], sum[1], sum[2], sum[3], sum[4]);
}

/* Objects in use, and slabs that were ever made. */
static void sum_caches(const struct top_sample *s, uint64_t *inuse, uint64_t *made)
{
	size_t i;

	*inuse = *made = 0;
	for (i = 0; i < s->caches.nr; i++) {
		*inuse += top_cache_active(&s->caches.cache[i]);
		*made += s->caches.cache[i].created;
	}
}

/* What the guest publishes has no allocation of an object that was freed again between two
 * looks: only its events have. */
static void put_objects(struct top_page *page, const struct looks *l)
{
	uint64_t now, before, made, made_before;

	label(page, "Objs/s");
	if (l->now->counted) {
		top_put(page, STYLE_PLAIN,
			"%" PRIu64 " allocations by kmalloc, %" PRIu64
			" of caches, %" PRIu64 " by either, unread",
			rate(l, l->now->kmallocs, l->before->kmallocs),
			rate(l, l->now->cache_allocs, l->before->cache_allocs),
			rate(l, l->now->uncounted, l->before->uncounted));
		return;
	}
	sum_caches(l->now, &now, &made);
	sum_caches(l->before, &before, &made_before);
	top_put(page, STYLE_PLAIN,
		"%+" PRId64 " in use, %" PRIu64
		" slabs made; each allocation is counted with --events",
		now >= before ? (int64_t)rate(l, now, before)
			      : -(int64_t)rate(l, before, now),
		rate(l, made, made_before));
}

static void put_exits(struct top_page *page, const struct looks *l)
{
	uint64_t all = 0;
	unsigned int i;

	label(page, "Exits/s");
	if (!l->now->told) {
		top_put(page, *l->now->silence ? STYLE_BAD : STYLE_PLAIN, "%s",
			*l->now->silence ? l->now->silence : "nobody tells");
		return;
	}
	for (i = 0; i < l->now->nr_exits; i++) {
		const struct top_exits *e = &l->now->exits[i];
		const struct top_exits *b = top_find_exits(l->before, e->reason);

		all += e->count;
		top_put(page, STYLE_PLAIN, "%s %" PRIu64 ", ", e->reason,
			told_rate(l, e->count, b ? b->count : 0));
	}
	top_put(page, STYLE_PLAIN, "%" PRIu64 " in all", all);
}

static void put_dma(struct top_page *page, const struct looks *l)
{
	const struct dma_state *d = &l->now->dma;
	char mapped[TOP_SIZE], coherent[TOP_SIZE];

	label(page, "DMA");
	top_put(page, STYLE_PLAIN,
		"%" PRIu64 " mapped, %s; %" PRIu64 " coherent, %s; %" PRIu64 " refused",
		d->mappings, top_size(mapped, d->mapped_bytes), d->coherent,
		top_size(coherent, d->coherent_bytes), d->refused);
}

static void put_devices(struct top_page *page, const struct looks *l)
{
	char size[4][TOP_SIZE];
	unsigned int i;

	if (!l->now->nr_devices)
		return;
	top_row_add(page);
	top_put(page, STYLE_HEAD, "%-16s %8s %10s %8s %10s %7s", "DEVICE", "READ/S",
		"WRITTEN/S", "READ", "WRITTEN", "FAULTS");
	for (i = 0; i < l->now->nr_devices; i++) {
		const struct top_device *d = &l->now->devices[i];
		const struct top_device *b = top_find_device(l->before, d->name);
		uint64_t read = told_rate(l, d->read_bytes, b ? b->read_bytes : 0);
		uint64_t written =
			told_rate(l, d->written_bytes, b ? b->written_bytes : 0);

		top_row_add(page);
		top_put(page, STYLE_PLAIN, "%-16.16s %8s %10s %8s %10s %7" PRIu64,
			d->name, top_size(size[0], read), top_size(size[1], written),
			top_size(size[2], d->read_bytes),
			top_size(size[3], d->written_bytes), d->faults);
	}
}

static void put_zones(struct top_page *page, const struct top_sample *now)
{
	unsigned int i, order;

	top_row_add(page);
	top_put(page, STYLE_HEAD, "%-8s %8s %8s %5s %6s %6s %6s  FREE BLOCKS:", "ZONE",
		"PAGES", "FREE", "PCP", "MIN", "LOW", "HIGH");
	for (order = 0; order < now->zones.orders; order++)
		top_put(page, STYLE_HEAD, "%5u", order);
	for (i = 0; i < now->zones.nr; i++) {
		const struct zone_state *z = &now->zones.zone[i];
		bool low = z->free < z->watermark[MARK_LOW];

		if (!z->present)
			continue;
		top_row_add(page);
		top_put(page, STYLE_PLAIN, "%-8s %8" PRIu64 " ", z->name, z->managed);
		top_put(page, low ? STYLE_BAD : STYLE_PLAIN, "%8" PRIu64, z->free);
		top_put(page, STYLE_PLAIN,
			" %5" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64 " %14s",
			z->pcp, z->watermark[MARK_MIN], z->watermark[MARK_LOW],
			z->watermark[MARK_HIGH], z->adds_up ? "" : "(moving)");
		for (order = 0; order < now->zones.orders; order++)
			top_put(page, STYLE_PLAIN, "%5" PRIu64, z->nr_free[order]);
	}
}

/* --- the pages --------------------------------------------------------------------------- */

int top_page_fill(struct top_page *page, const struct top_settings *settings,
		  const struct top_sample *now, const struct top_sample *before)
{
	const struct looks looks = { now, before->us ? before : now };
	uint64_t page_bytes;
	int ret = begin(page);

	if (ret)
		return ret;
	put_title(page, settings, now);
	put_exits(page, &looks);
	if (!now->published) {
		label(page, "Memory");
		top_put(page, STYLE_BAD, "%s", now->why);
		put_devices(page, &looks);
		page->head = page->nr;
		return 0;
	}
	page_bytes = settings->page_bytes;
	put_rates(page, &looks);
	put_objects(page, &looks);
	put_dma(page, &looks);
	put_uses(page, now, page_bytes);
	put_strip(page, settings, &now->frames, page_bytes);
	top_row_add(page);
	put_zones(page, now);
	top_row_add(page);
	put_devices(page, &looks);
	top_row_add(page);
	return top_put_caches(page, settings, now, looks.before);
}

int top_page_help(struct top_page *page, const struct top_settings *settings)
{
	size_t i;
	int ret = begin(page);

	if (ret)
		return ret;
	label(page, "top");
	top_put(page, STYLE_PLAIN, "keys (any key goes back)");
	top_row_add(page);
	for (i = 0; i < top_nr_sorts; i++) {
		top_row_add(page);
		top_put(page, (int)i == settings->sort ? STYLE_SORTED : STYLE_PLAIN,
			"  %c  sorts caches by %s", top_sorts[i].key, top_sorts[i].name);
	}
	static const char *const lines[] = {
		"",
		"               (capital letters do the same)",
		"  < > F6       the sort before, the next one",
		"  I            the other way round",
		"  up down PgUp PgDn Home End   moves among the caches",
		"  / F3         searches a cache by its name; F3: the next one",
		"  \\ F4         shows only caches with one of these|words in their names",
		"  space        looks now; Ctrl-L paints anew as well",
		"  Z            holds the picture, and goes on",
		"  d            asks for the seconds between two looks",
		"  h ? F1       this help",
		"  q F10        leaves",
		"",
		"Each letter of the strip is a piece of memory, in the colour of its use;",
		"the line above it names them.  Rates are those between the last two looks.",
	};
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		top_row_add(page);
		top_put(page, STYLE_PLAIN, "%s", lines[i]);
	}
	page->head = page->nr;
	return 0;
}
