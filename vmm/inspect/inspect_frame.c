/* SPDX-License-Identifier: MIT */
/* One address: whose it is. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/inspect/inspect.h"
#include "vmm/util/gfp.h"
#include "vmm/memstate/memstate_object.h"

typedef unsigned long long ull;

/* --- all there is to know ------------------------------------------------------------------- */

struct frame_answer {
	uint64_t gpa, pfn;
	char zone[16], block[MEMSTATE_TYPE_NAME];
	enum frame_kind kind;
	unsigned int order;
	struct page_state page;
	struct cache_state cache; /* FRAME_SLAB */
	bool has_object, has_area;
	struct object_state object;
	struct area area; /* FRAME_VMALLOC: one of those that map it */
	struct frame_owner owner;
	uint64_t since, freed; /* ns since boot; 0: not known */
	uint64_t site; /* who holds it, by the profile; 0: not known */
	struct live_mappings mappings; /* those that touch it */
};

static int find_zone(struct inspect *in, struct frame_answer *a)
{
	struct zone_states zones;
	unsigned int i;
	int ret = memstate_read_zones(&in->view.state, &zones);

	strcpy(a->zone, "none");
	for (i = 0; !ret && i < zones.nr; i++)
		if (a->pfn >= zones.zone[i].start_pfn && a->pfn < zones.zone[i].end_pfn)
			snprintf(a->zone, sizeof(a->zone), "%s", zones.zone[i].name);
	return ret;
}

static bool area_has(struct inspect *in, const struct area *area, uint64_t pfn)
{
	uint64_t page = in->view.state.mm.page_size, i, gpa;

	for (i = 0; i < area->nr_pages; i++)
		if (!memstate_translate(&in->view.state, area->start + i * page, &gpa) &&
		    gpa / page == pfn)
			return true;
	return false;
}

/* The frame's kind, and the area that has it: both need the areas. */
static int find_use(struct inspect *in, struct frame_answer *a)
{
	struct frame_map map = { .with_order = true };
	struct areas areas = { 0 };
	size_t i;
	int ret = memstate_read_areas(&in->view.state, &areas);

	if (!ret)
		ret = memstate_read_frames(&in->view.state, &areas, &map);
	if (!ret && a->pfn < map.nr) {
		uint64_t block = a->pfn >> map.block_order;

		a->kind = map.kind[a->pfn];
		a->order = map.order[a->pfn];
		if (block < map.nr_blocks)
			memstate_type_name(&in->view.state, map.block[block], a->block);
	}
	for (i = 0; !ret && !a->has_area && i < areas.nr; i++)
		if (areas.area[i].state == AREA_LIVE &&
		    areas.area[i].kind != AREA_IOREMAP &&
		    area_has(in, &areas.area[i], a->pfn)) {
			a->has_area = true;
			a->area = areas.area[i];
		}
	free(areas.area);
	free(map.kind);
	return ret;
}

static int find_object(struct inspect *in, struct frame_answer *a)
{
	struct cache_states caches = { 0 };
	size_t i;
	int ret;

	if (a->kind != FRAME_SLAB)
		return 0;
	ret = memstate_read_caches(&in->view.state, &caches);
	for (i = 0; !ret && i < caches.nr && !a->has_object; i++)
		if (caches.cache[i].va == a->page.cache) {
			a->cache = caches.cache[i];
			a->has_object = true;
		}
	if (!ret && a->has_object)
		ret = memstate_read_object(&in->view.state, &a->cache, a->gpa,
					   &a->object);
	else if (!ret)
		ret = memstate_bad(
			&in->view.state,
			"frame %#llx: a slab of a cache at %#llx, which is none",
			(ull)a->pfn, (ull)a->page.cache);
	free(caches.cache);
	return ret;
}

static int find_mappings(struct inspect *in, struct frame_answer *a)
{
	uint64_t page = in->view.state.mm.page_size, start = a->pfn * page;
	struct live_mapping *m;
	size_t i, n = 0;
	int ret = memstate_read_mappings(&in->view.state, &a->mappings);

	for (i = 0; !ret && i < a->mappings.nr; i++) {
		m = &a->mappings.mapping[i];
		if (m->phys && m->phys < start + page && m->phys + m->size > start)
			a->mappings.mapping[n++] = *m;
	}
	a->mappings.nr = n;
	return ret;
}

/* The profile's mark stands in the head of the block. */
static int find_site(struct inspect *in, struct frame_answer *a)
{
	const struct memstate_sites *d = &in->view.state.mm.sites;
	struct page_state head;
	uint16_t run = 0;
	uint64_t slot;
	uint8_t on = 0;
	int ret =
		d->on_va ? memstate_read(&in->view.state, d->on_va, &on, 1, "the profile")
			 : 0;

	if (ret || !on)
		return ret;
	ret = memstate_read(&in->view.state, d->run_va, &run, sizeof(run), "the profile");
	if (!ret)
		ret = memstate_read_page(&in->view.state,
					 a->pfn & ~((1ull << a->order) - 1), &head);
	slot = ret ? 0 : head.mark >> 1 & 0x7fff;
	if (ret || head.mark >> 16 != run || !slot || slot > d->count)
		return ret;
	return memstate_field(&in->view.state, d->va + (slot - 1) * d->stride, &d->ip, 0,
			      &a->site, "a call site");
}

static int find_owner(struct inspect *in, struct frame_answer *a)
{
	int ret = memstate_read_owner(&in->view.state, a->pfn, &a->owner);

	if (ret || !in->has_kernel)
		return ret;
	a->since = memstate_since_boot(&in->view.state, &in->kernel, a->owner.allocated);
	a->freed = memstate_since_boot(&in->view.state, &in->kernel, a->owner.freed);
	return 0;
}

static int find_all(struct inspect *in, struct frame_answer *a)
{
	int ret = find_zone(in, a);

	if (!ret)
		ret = find_use(in, a);
	if (!ret && a->kind != FRAME_NONE && a->kind != FRAME_FRESH &&
	    a->kind != FRAME_KEPT_BACK)
		ret = memstate_read_page(&in->view.state, a->pfn, &a->page);
	if (!ret)
		ret = find_object(in, a);
	if (!ret)
		ret = find_mappings(in, a);
	if (!ret && a->page.va)
		ret = find_site(in, a);
	return ret ? ret : find_owner(in, a);
}

/* --- telling ------------------------------------------------------------------------------ */

static void print_object(const struct frame_answer *a)
{
	const struct object_state *o = &a->object;

	printf("slab of %s from frame %#" PRIx64 ": %" PRIu64 " of %" PRIu64
	       " objects of %" PRIu64 " bytes in use\n",
	       a->cache.name, o->head, o->inuse, o->objects, a->cache.object_size);
	if (o->index >= 0)
		printf("object %d at %#" PRIx64 ", %s\n", o->index, o->start,
		       o->free ? "free" : "in use, or held ready by a CPU");
	else
		printf("the address is in no object\n");
}

static void print_time(const char *what, uint64_t ns)
{
	if (ns)
		printf("%s %" PRIu64 ".%09" PRIu64 " s after boot", what, ns / 1000000000,
		       ns % 1000000000);
	else
		printf("%s", what);
}

static void print_owner(const struct inspect *in, const struct frame_answer *a)
{
	const struct frame_owner *o = &a->owner;
	char gfp[GFP_TEXT];

	if (!o->kept)
		return;
	print_time("page_owner: allocated", a->since);
	printf(" on CPU %" PRIu64 ", order %" PRIu64 ", mask %#" PRIx64 "(%s), by\n",
	       o->cpu, o->order, o->gfp, gfp_text(o->gfp, gfp, sizeof(gfp)));
	inspect_print_chain(in, o->alloc.pc, o->alloc.depth, true, "  ");
	if (!o->free.depth)
		return;
	print_time("page_owner: freed", a->freed);
	printf(" by\n");
	inspect_print_chain(in, o->free.pc, o->free.depth, true, "  ");
}

static void print_mappings(const struct inspect *in, const struct frame_answer *a)
{
	char text[128];
	size_t i;

	for (i = 0; i < a->mappings.nr; i++) {
		const struct live_mapping *m = &a->mappings.mapping[i];

		inspect_return(in, m->caller, text, sizeof(text));
		printf("device %s holds it: %s, %" PRIu64 " bytes at %#" PRIx64
		       ", %s, by %s\n",
		       m->device, live_mapping_kind(m), m->size, m->addr,
		       live_mapping_dir(m), text);
	}
}

static void print_frame(const struct inspect *in, const struct frame_answer *a)
{
	uint64_t host = view_host_address(&in->view, a->gpa);
	char text[128];

	printf("frame %#" PRIx64 ", guest-physical %#" PRIx64, a->pfn, a->gpa);
	if (host)
		printf(", host-virtual %#" PRIx64, host);
	printf("\nzone %s, %s%s%suse: %s", a->zone, a->block[0] ? "page block " : "",
	       a->block, a->block[0] ? ", " : "", frame_kind_name(a->kind));
	if (a->order)
		printf(", in a block of order %u", a->order);
	putchar('\n');
	if (a->page.va)
		printf("struct page at %#" PRIx64 ": flags %#" PRIx64
		       ", refcount %" PRId32 "\n",
		       a->page.va, a->page.flags, (int32_t)a->page.refcount);
	if (a->has_object)
		print_object(a);
	if (a->has_area) {
		inspect_symbol(in, a->area.caller, text, sizeof(text));
		printf("mapped in vmalloc area %#" PRIx64 ", %" PRIu64 " bytes, by %s\n",
		       a->area.start, a->area.size, text);
	}
	if (a->site) {
		inspect_symbol(in, a->site, text, sizeof(text));
		printf("held by %s\n", text);
	}
	print_mappings(in, a);
	print_owner(in, a);
}

static json_t *owner_json(const struct inspect *in, const struct frame_answer *a)
{
	const struct frame_owner *o = &a->owner;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "order",
			 (json_int_t)o->order, "gfp", (json_int_t)o->gfp, "cpu",
			 (json_int_t)o->cpu, "allocated_ns", (json_int_t)a->since,
			 "freed_ns", (json_int_t)a->freed, "allocated_by",
			 inspect_chain(in, o->alloc.pc, o->alloc.depth, true), "freed_by",
			 inspect_chain(in, o->free.pc, o->free.depth, true));
}

static json_t *object_json(const struct frame_answer *a)
{
	return json_pack("{s:s, s:i, s:I, s:b, s:I, s:I}", "cache", a->cache.name,
			 "index", a->object.index, "start", (json_int_t)a->object.start,
			 "free", a->object.free, "inuse", (json_int_t)a->object.inuse,
			 "objects", (json_int_t)a->object.objects);
}

static json_t *frame_json(const struct inspect *in, const struct frame_answer *a)
{
	json_t *devices = json_array(), *json;
	char text[128];
	size_t i;

	for (i = 0; i < a->mappings.nr; i++)
		json_array_append_new(devices,
				      json_string(a->mappings.mapping[i].device));
	json = json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:i, s:I, s:I, s:o}", "frame",
			 (json_int_t)a->pfn, "physical", (json_int_t)a->gpa, "host",
			 (json_int_t)view_host_address(&in->view, a->gpa), "zone",
			 a->zone, "block", a->block, "use", frame_kind_name(a->kind),
			 "order", (int)a->order, "flags", (json_int_t)a->page.flags,
			 "refcount", (json_int_t)(int32_t)a->page.refcount, "devices",
			 devices);
	if (a->has_object)
		json_object_set_new(json, "object", object_json(a));
	if (a->has_area)
		json_object_set_new(json, "area", inspect_number(a->area.start));
	if (a->site) {
		inspect_symbol(in, a->site, text, sizeof(text));
		json_object_set_new(json, "held_by", json_string(text));
	}
	if (a->owner.kept)
		json_object_set_new(json, "owner", owner_json(in, a));
	return json;
}

static int page(struct inspect *in, struct error *err)
{
	struct frame_answer a = { 0 };
	int ret = inspect_address(in->arg, &a.gpa, err);

	if (!ret && inspect_is_kernel(a.gpa) &&
	    memstate_translate(&in->view.state, a.gpa, &a.gpa))
		return error_set(err, EFAULT, "%s: not mapped; see walk %s", in->arg,
				 in->arg);
	if (!ret && !ram_at(&in->view.ram, a.gpa, 1))
		return error_set(err, EFAULT, "%s: no RAM of the guest's", in->arg);
	a.pfn = a.gpa / 4096;
	if (!ret)
		ret = find_all(in, &a);
	if (!ret && in->wants_json)
		in->json = frame_json(in, &a);
	else if (!ret)
		print_frame(in, &a);
	free(a.mappings.mapping);
	return ret;
}

const struct question inspect_frame_questions[] = {
	{ "page", "ADDRESS", false, "whose is this frame, and since when", page },
	{ NULL, NULL, false, NULL, NULL },
};
