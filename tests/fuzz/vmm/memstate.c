/* SPDX-License-Identifier: MIT */
/*
 * The reader of published guest state.  The guest is the small one of the unit tests
 * (tests/unit/vmm/memstate_image.h); the input is a list of changes to its memory:
 *
 *	structure	1 byte	which one of `place`
 *	offset		2 bytes	in it
 *	kind		1 byte	copy 1, 2, 4 or 8 bytes that follow, add one to what is there,
 *				or put an address there: a structure (1 byte) and an offset
 *
 * What is read must make sense, or be refused with a line.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/vmm/memstate_image.h"
#include "vmm/map/map_outlines.h"
#include "vmm/memstate/memstate.h"

#define CHANGES_MAX 64

static struct image image;

struct place {
	void *at;
	size_t size;
};

static struct place place(uint8_t which)
{
	const struct place places[] = {
		{ image.table, sizeof(*image.table) },
		{ image.mm, sizeof(*image.mm) },
		{ image.cpus, 4 },
		{ image.zones, 2 * sizeof(*image.zones) },
		{ image.pcps, 4 * sizeof(*image.pcps) },
		{ image.pcp_pointer, 8 },
		{ image.pages, 0x1000 * sizeof(*image.pages) },
		{ image.pages + 0x600, 64 * sizeof(*image.pages) },
		{ image.cache_list, 8 },
		{ image.caches, IMAGE_CACHES * sizeof(*image.caches) },
		{ image.areas, (IMAGE_AREAS + 2) * sizeof(*image.areas) },
		{ image.memory, 3 * 0x100 },
		{ image.blocks, IMAGE_BLOCKS * sizeof(*image.blocks) },
		{ image.blocks_pointer, 24 },
		{ image.dma, 40 },
		{ image.vmalloc_entries, 4096 },
		{ image.bytes + 0x8000, 0x8000 }, /* all page tables */
		{ image.bytes + 0x300000, 64 }, /* names */
	};

	return places[which % (sizeof(places) / sizeof(places[0]))];
}

/* What stood there before a change. */
struct change {
	uint8_t *at;
	uint8_t old[8];
};

static uint64_t any_address(struct fuzz *f)
{
	struct place to = place(fuzz_u8(f));

	return image_va(&image, (uint8_t *)to.at + fuzz_u8(f) % to.size);
}

static void change_one(struct fuzz *f, struct change *c)
{
	struct place p = place(fuzz_u8(f));
	size_t offset = fuzz_u16(f) % p.size, room = p.size - offset, n;
	uint8_t kind = fuzz_u8(f) % 6;
	uint64_t value = 0;

	c->at = (uint8_t *)p.at + offset;
	room = room < 8 ? room : 8;
	memcpy(c->old, c->at, 8);
	n = kind < 4 ? 1ul << kind : 8;
	n = n < room ? n : room;
	memcpy(&value, c->at, n);
	if (kind < 4)
		value = fuzz_number(f, (unsigned int)n);
	else
		value = kind == 4 ? value + 1 : any_address(f);
	memcpy(c->at, &value, n);
}

/* --- what makes sense ----------------------------------------------------------------------- */

static void check_zones(const struct zone_states *z)
{
	FUZZ_CHECK(z->nr <= MEMSTATE_ZONES && z->orders <= MEMSTATE_ORDERS_MAX);
	for (unsigned int i = 0; i < z->nr; i++) {
		FUZZ_CHECK(z->zone[i].start_pfn <= z->zone[i].end_pfn);
		FUZZ_CHECK(z->zone[i].end_pfn <= IMAGE_FRAMES);
		FUZZ_CHECK(memchr(z->zone[i].name, 0, sizeof(z->zone[i].name)));
	}
}

static void check_areas(const struct areas *a)
{
	FUZZ_CHECK(a->nr <= MEMSTATE_AREAS_MAX);
	for (size_t i = 0; i < a->nr; i++) {
		FUZZ_CHECK(a->area[i].kind < AREA_KINDS);
		FUZZ_CHECK(a->area[i].state < AREA_STATES);
		FUZZ_CHECK(!i || a->area[i].start - a->area[i - 1].start >=
					 a->area[i - 1].size);
	}
}

static void check_ranges(const struct boot_ranges *r)
{
	FUZZ_CHECK(r->nr <= MEMSTATE_BOOT_MAX);
	for (size_t i = 0; i < r->nr; i++) {
		FUZZ_CHECK(r->range[i].size);
		FUZZ_CHECK(r->range[i].base <= UINT64_MAX - r->range[i].size);
		FUZZ_CHECK(!i || r->range[i].base - r->range[i - 1].base >=
					 r->range[i - 1].size);
	}
}

static void check_frames(const struct memstate_view *view, const struct frame_map *m)
{
	uint64_t sum = 0;

	FUZZ_CHECK(m->nr <= IMAGE_FRAMES);
	for (unsigned int k = 0; k < FRAME_KINDS; k++)
		sum += m->count[k];
	FUZZ_CHECK(sum == m->nr);
	for (uint64_t i = 0; i < m->nr_blocks; i++) {
		char name[MEMSTATE_TYPE_NAME];

		FUZZ_CHECK(m->block[i] < MEMSTATE_TYPES);
		memstate_type_name(view, m->block[i], name);
		FUZZ_CHECK(memchr(name, 0, sizeof(name)));
	}
}

static void check_outlines(struct memstate_view *view, const struct memstate_snapshot *s)
{
	struct outlines o;
	int ret = outlines_read(view, s, &o);

	FUZZ_CHECK(!ret || view->err.text[0]);
	for (size_t i = 0; i < o.nr; i++) {
		FUZZ_CHECK(o.outline[i].pages);
		FUZZ_CHECK(o.outline[i].pfn < s->frames.nr);
		FUZZ_CHECK(o.outline[i].pages <= s->frames.nr - o.outline[i].pfn);
	}
	outlines_free(&o);
}

static void look(void)
{
	struct memstate_snapshot s;
	struct memstate_view view;
	int ret = memstate_open(&view, &image.ram, IMAGE_TABLE);

	if (!ret)
		ret = memstate_snapshot_take(&view, &s);
	if (ret) {
		FUZZ_CHECK(view.err.text[0]);
		return;
	}
	check_zones(&s.zones);
	FUZZ_CHECK(s.caches.nr <= MEMSTATE_CACHES_MAX);
	for (size_t i = 0; i < s.caches.nr; i++)
		FUZZ_CHECK(memchr(s.caches.cache[i].name, 0, MEMSTATE_NAME_MAX));
	check_areas(&s.areas);
	check_ranges(&s.boot.memory);
	check_ranges(&s.boot.reserved);
	check_ranges(&s.boot.kept_back);
	check_frames(&view, &s.frames);
	check_outlines(&view, &s);
	memstate_snapshot_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct change change[CHANGES_MAX];
	unsigned int nr = 0;

	if (!image.bytes)
		image_make(&image);
	while (f.left && nr < CHANGES_MAX)
		change_one(&f, &change[nr++]);
	look();
	while (nr--)
		memcpy(change[nr].at, change[nr].old, 8);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	struct fuzz_out out = { buf, size };

	if (n > 60)
		return 0;
	/* A wild number, a step and an address in each structure. */
	fuzz_put(&out, n % 18, 1);
	fuzz_put(&out, n * 24, 2);
	fuzz_put(&out, n % 3 ? 3 + n % 3 : 3, 1);
	fuzz_put(&out, n % 2 ? ~0ull >> n : 0x100 + n, 8);
	return size - out.left;
}
