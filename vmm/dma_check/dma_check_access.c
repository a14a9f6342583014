/* SPDX-License-Identifier: MIT */
/* Accesses of devices, judged against what is mapped for them. */
#include <inttypes.h>

#include "devices/util.h"
#include "vmm/dma_check/dma_check_internal.h"
#include "vmm/dma_check/dma_check_owner.h"
#include "vmm/dma_check/dma_check_start.h"

#define NEAR (1u << 20) /* how far away a mapping is still worth naming */

struct range {
	uint64_t first, last;
};

/* len is not 0. */
static struct range range_of(uint64_t iova, uint64_t len)
{
	struct range r = { .first = iova };

	if (__builtin_add_overflow(iova, len - 1, &r.last))
		r.last = UINT64_MAX;
	return r;
}

static uint8_t needs(enum dma_dir dir)
{
	return dir == DMA_READ ? DMA_CHECK_TO_DEVICE : DMA_CHECK_FROM_DEVICE;
}

static const char *verb(enum dma_dir dir)
{
	return dir == DMA_READ ? "reads" : "writes";
}

/* A mapping that ends shortly before the access, for the eye. */
static const struct dma_map *nearest(const struct dma_device *device, uint64_t first)
{
	struct interval *i = device ? interval_below(&device->live, first) : NULL;

	return i && first - i->last < NEAR ? container_of(i, struct dma_map, bus) : NULL;
}

/* No live mapping has the first byte. */
static void judge_unmapped(struct dma_checker *c, const struct dma_device *device,
			   struct dma_finding *f, struct range r, enum dma_dir dir)
{
	const struct dma_map *dead = device ? dma_maps_dead(device, r.first, r.last)
					    : NULL;
	const struct dma_map *near = dead ? NULL : nearest(device, r.first);

	f->map = dead ? dead : near;
	f->kind = dead ? DMA_FOUND_AFTER_UNMAP : DMA_FOUND_OUTSIDE;
	if (dead)
		dma_found(c, f,
			  "it %s 0x%" PRIx64 " bytes at 0x%" PRIx64
			  ", which are no longer mapped",
			  verb(dir), f->size, f->addr);
	else if (near)
		dma_found(c, f,
			  "it %s 0x%" PRIx64 " bytes at 0x%" PRIx64 ", %" PRIu64
			  " bytes behind the nearest mapping",
			  verb(dir), f->size, f->addr, r.first - near->bus.last - 1);
	else
		dma_found(c, f,
			  "it %s 0x%" PRIx64 " bytes at 0x%" PRIx64
			  ", and nothing is mapped near",
			  verb(dir), f->size, f->addr);
}

/* The mapping that the access is about when it may be; NULL after a finding. */
static struct dma_map *judge(struct dma_checker *c, const struct dma_port *port,
			     uint64_t iova, uint64_t len, enum dma_dir dir,
			     dma_request request)
{
	struct dma_device *device = dma_maps_find_device(&c->maps, port->endpoint);
	struct range r = range_of(iova, len);
	struct dma_map *map =
		device ? dma_maps_around(device, r.first, r.last, needs(dir)) : NULL;
	struct dma_finding f = { .endpoint = port->endpoint,
				 .addr = iova,
				 .size = len,
				 .map = map,
				 .started = dma_start_of(device, request) };

	if (!map) {
		judge_unmapped(c, device, &f, r, dir);
		return NULL;
	}
	if (r.last > map->bus.last) {
		f.kind = DMA_FOUND_PAST_END;
		dma_found(c, &f,
			  "it %s 0x%" PRIx64 " bytes at 0x%" PRIx64 ", %" PRIu64
			  " of them past the end",
			  verb(dir), len, iova, r.last - map->bus.last);
		return NULL;
	}
	if (!dma_map_allows(map, needs(dir))) {
		f.kind = DMA_FOUND_DIRECTION;
		dma_found(c, &f, "it %s 0x%" PRIx64 " bytes at 0x%" PRIx64 ", mapped %s",
			  verb(dir), len, iova, dma_dir_name(map->dir));
		return NULL;
	}
	return map;
}

/* --- ownership --------------------------------------------------------------------------- */

static void judge_owner(struct dma_checker *c, struct dma_map *map, struct range r,
			const struct dma_chain *call, const struct dma_chain *started)
{
	struct dma_finding f = { .kind = DMA_FOUND_OWNERSHIP,
				 .endpoint = map->device->endpoint,
				 .map = map,
				 .call = call,
				 .started = started };

	if (dma_chunks_intact(map, r.first, r.last, &f.addr, &f.size))
		return;
	dma_found(c, &f,
		  "bytes among the 0x%" PRIx64 " at 0x%" PRIx64
		  " changed, and the device did not do it: %s",
		  f.size, f.addr,
		  call ? "found when they came back"
		       : "found when the device touched them");
}

void dma_judge_owner(struct dma_checker *c, struct dma_map *map, uint64_t first,
		     uint64_t last, const struct dma_chain *call)
{
	judge_owner(c, map, (struct range){ first, last }, call, NULL);
}

/* --- what the ports tell ----------------------------------------------------------------- */

static struct dma_checker *checker_of(struct dma_witness *w)
{
	return container_of(w, struct dma_checker, witness);
}

static void access_begins(struct dma_witness *w, struct dma_port *port,
			  const struct dma_access *a)
{
	struct dma_checker *c = checker_of(w);
	struct dma_map *map;
	struct range r;

	if (!c->channel.area || !a->len)
		return;
	dma_checker_settle(c);
	c->accesses++;
	map = judge(c, port, a->iova, a->len, a->dir, port->request);
	if (!map || !map->chunks || !a->reached)
		return;
	r = range_of(a->iova, a->reached);
	judge_owner(c, map, r, NULL, dma_start_of(map->device, port->request));
	if (a->dir == DMA_WRITE)
		dma_chunks_write_begin(map, r.first, r.last);
}

static void access_ends(struct dma_witness *w, struct dma_port *port,
			const struct dma_access *a)
{
	struct dma_checker *c = checker_of(w);
	const struct dma_device *device;
	struct dma_map *map;
	struct range r;

	if (!c->config.hash || !c->channel.area || !a->reached || a->dir != DMA_WRITE)
		return;
	device = dma_maps_find_device(&c->maps, port->endpoint);
	r = range_of(a->iova, a->reached);
	map = device ? dma_maps_around(device, r.first, r.last, needs(a->dir)) : NULL;
	if (map)
		dma_chunks_write_end(map, r.first, r.last);
}

static void window_taken(struct dma_witness *w, struct dma_port *port, uint64_t iova,
			 uint64_t len, enum dma_dir dir)
{
	struct dma_checker *c = checker_of(w);

	if (!c->channel.area || !len)
		return;
	dma_checker_settle(c);
	c->accesses++;
	judge(c, port, iova, len, dir, DMA_NO_REQUEST);
}

const struct dma_witness dma_checker_witness_ops = {
	.begin = access_begins,
	.end = access_ends,
	.window = window_taken,
};

/* --- the end of a mapping ---------------------------------------------------------------- */

static bool window_over(const struct dma_port *port, const struct dma_map *map)
{
	for (const struct dma_window *w = port->windows; w; w = w->next)
		if (w->len && w->iova <= map->bus.last &&
		    w->iova + (w->len - 1) >= map->bus.first)
			return true;
	return false;
}

void dma_judge_in_use(struct dma_checker *c, const struct dma_map *map,
		      const struct dma_chain *call)
{
	const struct dma_port *port = dma_checker_port(c, map->device->endpoint);
	struct dma_finding f = { .kind = DMA_FOUND_AFTER_UNMAP,
				 .endpoint = map->device->endpoint,
				 .addr = map->bus.first,
				 .size = dma_map_size(map),
				 .map = map,
				 .call = call };

	if (!port)
		return;
	if (dma_held(port, map->bus.first, map->bus.last))
		dma_found(c, &f,
			  "unmapped while the device has a transfer in flight there");
	else if (window_over(port, map))
		dma_found(c, &f, "unmapped while a queue of the device lies there");
}

/* --- the window of a mapping -------------------------------------------------------------- */

#define GRANULE 4096u /* what an IOMMU maps at the least */

struct covered {
	struct range range;
	uint64_t bytes;
};

static bool add_covered(void *arg, struct interval *i)
{
	struct covered *c = arg;
	uint64_t first = i->first > c->range.first ? i->first : c->range.first;
	uint64_t last = i->last < c->range.last ? i->last : c->range.last;

	c->bytes += last - first + 1;
	return false;
}

/* Bytes of the range that the device can reach though no mapping has them. */
static uint64_t exposed(struct dma_port *port, const struct dma_device *device,
			struct range r, enum dma_dir dir)
{
	struct covered c = { .range = r };
	uint64_t reached = dma_reachable(port, r.first, r.last - r.first + 1, dir);

	interval_each(&device->live, r.first, r.last, add_covered, &c);
	return reached > c.bytes ? reached - c.bytes : 0;
}

/* An IOMMU maps whole granules: the device reaches what lies beside the buffer in its first
 * and its last one.  Without an IOMMU a device reaches all memory, and there is nothing to
 * tell. */
void dma_judge_exposure(struct dma_checker *c, const struct dma_map *map)
{
	struct dma_port *port = dma_checker_port(c, map->device->endpoint);
	enum dma_dir dir = map->dir == DMA_CHECK_FROM_DEVICE ? DMA_WRITE : DMA_READ;
	struct range r = { map->bus.first & ~(uint64_t)(GRANULE - 1),
			   map->bus.last | (GRANULE - 1) };
	struct dma_finding f = { .kind = DMA_FOUND_EXPOSED,
				 .endpoint = map->device->endpoint,
				 .addr = map->bus.first,
				 .size = dma_map_size(map),
				 .map = map };
	uint64_t bytes = 0;

	if (!port || !port->translator)
		return;
	if (r.first < map->bus.first)
		bytes += exposed(port, map->device,
				 (struct range){ r.first, map->bus.first - 1 }, dir);
	if (r.last > map->bus.last)
		bytes += exposed(port, map->device,
				 (struct range){ map->bus.last + 1, r.last }, dir);
	if (bytes)
		dma_found(c, &f,
			  "0x%" PRIx64 " bytes are mapped, and it reaches %" PRIu64
			  " bytes beside them",
			  f.size, bytes);
}
