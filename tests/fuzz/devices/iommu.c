/* SPDX-License-Identifier: MIT */
/*
 * virtio-iommu's requests, from a driver that keeps to the rings, against a model that is
 * nothing but tables: what each request must answer, and where each address of two endpoints
 * must lead afterwards.  Where more than one thing is wrong with a request any of the answers
 * will do.  A request that takes something away must wait for what is in flight, and for
 * nothing else.
 */
#include <string.h>

#include <abi/virtio_iommu.h>

#include "devices/util.h"
#include "devices/iommu/virtio_iommu.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/fuzz/lib/small_machine.h"
#include "tests/unit/devices/mock_iommu.h"
#include "tests/unit/devices/mock_pci.h"

#define ENDPOINTS 2u
#define DOMAINS	  3u /* and id 3, beyond them in the model's table: never attached */
#define MAPS	  8u /* the device's limit */
#define PAGE	  4096ull
#define IN_BYTES  512u

struct model_map {
	uint64_t first, last, gpa;
	bool read, write;
};

struct model_domain {
	bool exists, bypass;
	unsigned int nr;
	struct model_map map[MAPS];
};

struct world {
	struct fuzz in;
	struct machine *m;
	struct viommu v; /* driver, its request queue; `out`, `in`: one slot */
	struct dma_port *port[ENDPOINTS];
	struct model_domain domain[DOMAINS];
	int attached[ENDPOINTS]; /* -1: to none */
	bool bypass;
	struct dma_hold hold; /* of endpoint 0 */
	uint64_t hold_first, hold_last;
};

static const uint8_t devfn[ENDPOINTS] = { PCI_DEVFN(3, 0), PCI_DEVFN(4, 0) };

/* --- the model ---------------------------------------------------------------------------- */

/* The mapping of domain d that covers an address, or NULL. */
static const struct model_map *covering(const struct model_domain *d, uint64_t iova)
{
	for (unsigned int i = 0; i < d->nr; i++)
		if (d->map[i].first <= iova && iova <= d->map[i].last)
			return &d->map[i];
	return NULL;
}

/* Where one address of an endpoint leads: RAM of the machine, or NULL. */
static uint8_t *leads_to(const struct world *w, unsigned int e, uint64_t iova, bool write)
{
	const struct model_domain *d = w->attached[e] < 0 ? NULL
							  : &w->domain[w->attached[e]];
	const struct model_map *map;

	if (d ? d->bypass : w->bypass)
		return ram_at(&w->m->ram, iova, 1);
	map = d ? covering(d, iova) : NULL;
	if (!map || !(write ? map->write : map->read))
		return NULL;
	return ram_at(&w->m->ram, map->gpa + (iova - map->first), 1);
}

static unsigned int total_maps(const struct world *w)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < DOMAINS; i++)
		sum += w->domain[i].nr;
	return sum;
}

static int endpoint_of(uint32_t id)
{
	for (unsigned int e = 0; e < ENDPOINTS; e++)
		if (devfn[e] == id)
			return (int)e;
	return -1;
}

static void leave(struct world *w, int e)
{
	int old = w->attached[e];

	w->attached[e] = -1;
	if (old >= 0 && w->attached[!e] != old)
		w->domain[old] = (struct model_domain){ .exists = false };
}

/* Sets of answers: 1 << status. */
#define OK    (1u << VIRTIO_IOMMU_S_OK)
#define INVAL (1u << VIRTIO_IOMMU_S_INVAL)
#define RANGE (1u << VIRTIO_IOMMU_S_RANGE)
#define NOENT (1u << VIRTIO_IOMMU_S_NOENT)
#define NOMEM (1u << VIRTIO_IOMMU_S_NOMEM)

static struct model_domain *domain_of(struct world *w, uint32_t id)
{
	return id < DOMAINS && w->domain[id].exists ? &w->domain[id] : NULL;
}

static unsigned int model_attach(struct world *w, const struct virtio_iommu_req_attach *r)
{
	bool bypass = r->flags & VIRTIO_IOMMU_ATTACH_F_BYPASS;
	const struct model_domain *d = domain_of(w, r->domain);
	int e = endpoint_of(r->endpoint);
	unsigned int wrong = 0;

	if (r->flags & ~VIRTIO_IOMMU_ATTACH_F_BYPASS || r->reserved[0])
		wrong |= INVAL;
	if (e < 0)
		wrong |= NOENT;
	if (r->domain > VIRTIO_IOMMU_LAST_DOMAIN)
		wrong |= RANGE;
	if (d && d->bypass != bypass)
		wrong |= INVAL;
	if (wrong)
		return wrong;
	if (w->attached[e] != (int)r->domain) {
		leave(w, e);
		w->attached[e] = (int)r->domain;
		w->domain[r->domain].exists = true;
		w->domain[r->domain].bypass = bypass;
	}
	return OK;
}

static unsigned int model_detach(struct world *w, const struct virtio_iommu_req_detach *r)
{
	int e = endpoint_of(r->endpoint);

	if (e < 0)
		return NOENT | (domain_of(w, r->domain) ? 0 : INVAL);
	if (!domain_of(w, r->domain) || w->attached[e] != (int)r->domain)
		return INVAL;
	leave(w, e);
	return OK;
}

static bool meets(const struct model_domain *d, uint64_t first, uint64_t last)
{
	for (unsigned int i = 0; i < d->nr; i++)
		if (d->map[i].first <= last && first <= d->map[i].last)
			return true;
	return false;
}

static unsigned int model_map(struct world *w, const struct virtio_iommu_req_map *r)
{
	struct model_domain *d = domain_of(w, r->domain);
	uint64_t first = r->virt_start, last = r->virt_end, end;
	unsigned int wrong = 0;

	if (r->flags & ~VIOMMU_RW || last < first)
		wrong |= INVAL;
	if ((first | r->phys_start | (last + 1)) % PAGE ||
	    last > VIRTIO_IOMMU_LAST_ADDR ||
	    __builtin_add_overflow(r->phys_start, last - first, &end))
		wrong |= RANGE;
	if (first <= VIRTIO_IOMMU_MSI_END && VIRTIO_IOMMU_MSI_START <= last)
		wrong |= INVAL;
	if (!d)
		wrong |= NOENT;
	else if (d->bypass || meets(d, first, last))
		wrong |= INVAL;
	if (total_maps(w) == MAPS)
		wrong |= NOMEM;
	if (wrong)
		return wrong;
	d->map[d->nr++] = (struct model_map){ first, last, r->phys_start,
					      r->flags & VIRTIO_IOMMU_MAP_F_READ,
					      r->flags & VIRTIO_IOMMU_MAP_F_WRITE };
	return OK;
}

static unsigned int model_unmap(struct world *w, const struct virtio_iommu_req_unmap *r)
{
	struct model_domain *d = domain_of(w, r->domain);
	uint64_t first = r->virt_start, last = r->virt_end;
	unsigned int wrong = 0, i = 0;

	if (r->reserved[0] || last < first)
		wrong |= INVAL;
	if (!d)
		return wrong | NOENT;
	if (d->bypass)
		wrong |= INVAL;
	for (i = 0; i < d->nr; i++)
		if (d->map[i].first <= last && first <= d->map[i].last &&
		    (d->map[i].first < first || d->map[i].last > last))
			wrong |= RANGE;
	if (wrong)
		return wrong;
	for (i = 0; i < d->nr;)
		if (d->map[i].first >= first && d->map[i].last <= last)
			d->map[i] = d->map[--d->nr];
		else
			i++;
	return OK;
}

/* --- requests ----------------------------------------------------------------------------- */

static void release_hold(struct world *w)
{
	dma_unmap(&w->hold);
	mock_host_run(&w->m->mh, 4);
}

/* Offers the request and takes the answer.  What waits may only wait for the hold. */
static uint8_t submit(struct world *w, const void *req, uint32_t len, uint32_t in_len,
		      uint32_t *used)
{
	const struct drv_seg segs[] = { { w->v.out, len, false },
					{ w->v.in, in_len, true } };
	uint8_t *in = machine_at(w->m, w->v.in, IN_BYTES);
	struct vring_used_elem elem;

	memcpy(machine_at(w->m, w->v.out, len), req, len);
	memset(in, VIOMMU_NO_STATUS, IN_BYTES);
	drvq_add(&w->v.req, segs, in_len ? 2 : 1);
	drvq_kick(&w->v.req);
	if (!drvq_get(&w->v.req, &elem)) {
		FUZZ_CHECK(w->hold.port);
		release_hold(w);
		FUZZ_CHECK(drvq_get(&w->v.req, &elem));
	}
	FUZZ_CHECK(!drvq_get(&w->v.req, &elem) && elem.len <= in_len);
	for (uint32_t i = elem.len; i < IN_BYTES; i++)
		FUZZ_CHECK(in[i] == VIOMMU_NO_STATUS);
	*used = elem.len;
	return elem.len >= 4 ? in[elem.len - 4] : VIOMMU_NO_STATUS;
}

static void expect(struct world *w, const void *req, uint32_t len, unsigned int answers)
{
	uint32_t used;
	uint8_t status = submit(w, req, len, sizeof(struct virtio_iommu_req_tail), &used);

	FUZZ_CHECK(used == sizeof(struct virtio_iommu_req_tail));
	FUZZ_CHECK(status < 32 && answers & 1u << status);
}

static uint32_t any_domain(struct world *w)
{
	uint8_t id = fuzz_u8(&w->in);

	return id == 0xff ? VIRTIO_IOMMU_LAST_DOMAIN + 1 : id % DOMAINS;
}

static uint32_t any_endpoint(struct world *w)
{
	uint8_t id = fuzz_u8(&w->in);

	return id & 0x80 ? id * 0x101u : devfn[id % ENDPOINTS];
}

/* Pages from 0x100000 on; the last byte of one; an edge; anything. */
static uint64_t any_iova(struct world *w, bool last)
{
	static const uint64_t edges[] = { 0,
					  ~0ull,
					  VIRTIO_IOMMU_LAST_ADDR,
					  VIRTIO_IOMMU_LAST_ADDR + 1,
					  VIRTIO_IOMMU_MSI_START,
					  VIRTIO_IOMMU_MSI_END,
					  0xfffff000,
					  MOCK_HIGH_BASE };
	uint8_t kind = fuzz_u8(&w->in);

	if (kind >= 0xf0)
		return kind == 0xf0 ? fuzz_u64(&w->in) : edges[kind % ARRAY_SIZE(edges)];
	if (kind >= 0xe0)
		return 0x100000 + kind;
	return 0x100000 + kind % 16 * PAGE + (last ? PAGE - 1 : 0);
}

static uint64_t any_phys(struct world *w)
{
	uint8_t kind = fuzz_u8(&w->in);

	if (kind == 0xff)
		return fuzz_u64(&w->in);
	return kind & 0x80 ? MOCK_HIGH_BASE + kind % 2 * PAGE : kind % 18 * PAGE;
}

static void attach(struct world *w)
{
	struct virtio_iommu_req_attach req = { .head.type = VIRTIO_IOMMU_T_ATTACH,
					       .domain = any_domain(w),
					       .endpoint = any_endpoint(w) };
	uint8_t flags = fuzz_u8(&w->in);

	req.flags = flags & 1 ? VIRTIO_IOMMU_ATTACH_F_BYPASS : 0;
	if (flags >= 0xf8)
		req.flags = flags;
	req.reserved[0] = flags == 0x10;
	expect(w, &req, sizeof(req) - sizeof(req.tail), model_attach(w, &req));
}

static void detach(struct world *w)
{
	struct virtio_iommu_req_detach req = { .head.type = VIRTIO_IOMMU_T_DETACH,
					       .domain = any_domain(w),
					       .endpoint = any_endpoint(w) };

	expect(w, &req, sizeof(req) - sizeof(req.tail), model_detach(w, &req));
}

static void map(struct world *w)
{
	struct virtio_iommu_req_map req = { .head.type = VIRTIO_IOMMU_T_MAP,
					    .domain = any_domain(w),
					    .virt_start = any_iova(w, false),
					    .virt_end = any_iova(w, true),
					    .phys_start = any_phys(w) };
	uint8_t flags = fuzz_u8(&w->in);

	req.flags = flags >= 0xf0 ? flags : flags & VIOMMU_RW;
	expect(w, &req, sizeof(req) - sizeof(req.tail), model_map(w, &req));
}

static void unmap(struct world *w)
{
	struct virtio_iommu_req_unmap req = { .head.type = VIRTIO_IOMMU_T_UNMAP,
					      .domain = any_domain(w),
					      .virt_start = any_iova(w, false),
					      .virt_end = any_iova(w, true) };

	req.reserved[0] = fuzz_u8(&w->in) == 0xff;
	expect(w, &req, sizeof(req) - sizeof(req.tail), model_unmap(w, &req));
}

static void probe(struct world *w)
{
	struct virtio_iommu_req_probe req = { .head.type = VIRTIO_IOMMU_T_PROBE,
					      .endpoint = any_endpoint(w) };
	uint32_t in = 4u + fuzz_u16(&w->in) % (IN_BYTES - 4), used;
	bool room = in >= VIRTIO_IOMMU_PROBE_SIZE + 4;
	uint8_t status = submit(w, &req, sizeof(req), in, &used);

	if (room && endpoint_of(req.endpoint) >= 0)
		FUZZ_CHECK(status == VIRTIO_IOMMU_S_OK);
	else
		FUZZ_CHECK(status == VIRTIO_IOMMU_S_INVAL ||
			   status == VIRTIO_IOMMU_S_NOENT);
}

/* A request that is none, or is cut: nothing is written. */
static void garbage(struct world *w)
{
	uint8_t bytes[72] = { 0 }, type = fuzz_u8(&w->in);
	uint32_t len = 1u + fuzz_u8(&w->in) % 19, used;

	fuzz_bytes(&w->in, bytes, 8);
	bytes[0] = type;
	if (type == 0 || type > VIRTIO_IOMMU_T_PROBE)
		len = sizeof(bytes);
	submit(w, bytes, len, 4, &used);
	FUZZ_CHECK(!used);
}

/* --- accesses ----------------------------------------------------------------------------- */

struct look {
	const struct world *w;
	unsigned int e;
	uint64_t iova;
	bool write;
};

static int compare(void *arg, void *piece, uint64_t len)
{
	struct look *l = arg;

	FUZZ_CHECK(leads_to(l->w, l->e, l->iova, l->write) == piece);
	FUZZ_CHECK(leads_to(l->w, l->e, l->iova + len - 1, l->write) ==
		   (uint8_t *)piece + len - 1);
	l->iova += len;
	return 0;
}

/* Every address of a range leads where the model says, up to the first that leads nowhere. */
static void translate(struct world *w)
{
	uint8_t how = fuzz_u8(&w->in);
	uint64_t iova = any_iova(w, false), len = 1 + fuzz_u16(&w->in) % (3 * PAGE);
	struct look l = { w, how & 1, iova, how & 2 };
	uint64_t last;

	if (__builtin_add_overflow(iova, len - 1, &last))
		return;
	dma_peek(w->port[l.e], iova, len, l.write ? DMA_WRITE : DMA_READ, compare, &l);
	if (l.iova - iova < len)
		FUZZ_CHECK(!leads_to(w, l.e, l.iova, l.write));
}

/* A real one: what the IOMMU stops is one event, or one that is lost. */
static void access_memory(struct world *w)
{
	uint8_t how = fuzz_u8(&w->in), bytes[64] = { 0 };
	unsigned int e = how & 1;
	uint64_t iova = any_iova(w, false) + (how >> 4) * 512u;
	uint64_t faults = w->port[e]->count.faults;
	bool reached = leads_to(w, e, iova, false) &&
		       leads_to(w, e, iova + sizeof(bytes) - 1, false);

	if (iova > UINT64_MAX - sizeof(bytes))
		return;
	if (dma_read(w->port[e], iova, bytes, sizeof(bytes)))
		FUZZ_CHECK(!reached && w->port[e]->count.faults == faults + 1);
	else
		FUZZ_CHECK(reached && w->port[e]->count.faults == faults);
}

static void hold(struct world *w)
{
	uint64_t iova = any_iova(w, false), mapped;
	struct iovec iov[2];

	if (w->hold.port) {
		release_hold(w);
		return;
	}
	dma_map_iov(w->port[0], &w->hold, iova, 2 * PAGE, DMA_READ, iov, 2, &mapped);
}

static void set_bypass(struct world *w)
{
	w->bypass = fuzz_u8(&w->in) & 1;
	/* The device settles what is in flight by itself, if it can: ports of a toy cannot. */
	if (w->hold.port)
		release_hold(w);
	machine_write(w->m, w->v.d.config + offsetof(struct virtio_iommu_config, bypass),
		      1, w->bypass);
}

static void step(struct world *w)
{
	static void (*const actions[])(struct world *) = {
		attach,	 map,	    map,  unmap,      detach,	     probe,
		garbage, translate, hold, set_bypass, access_memory,
	};

	actions[fuzz_u8(&w->in) % ARRAY_SIZE(actions)](w);
}

/* --- the frame ---------------------------------------------------------------------------- */

static void start(struct world *w)
{
	const struct virtio_iommu_params params = { .name = "iommu0",
						    .max_mappings = MAPS };
	struct viommu *v = &w->v;

	viommu_plug(v, w->m, &params);
	for (unsigned int e = 0; e < ENDPOINTS; e++) {
		struct toy *toy = toy_plug(w->m, devfn[e]);

		w->port[e] = &toy->pci.dma;
		dma_set_enabled(w->port[e], true);
		viommu_adopt(v, devfn[e]);
		w->attached[e] = -1;
	}
	w->m->next = 0x1000;
	drv_probe(&v->d, w->m, VIOMMU_DEVFN);
	drv_msix_on(&v->d);
	FUZZ_CHECK(drv_negotiate(&v->d, DRV_ALL_FEATURES));
	drv_queue(&v->d, &v->req, VIRTIO_IOMMU_REQUESTQ, 8);
	drv_queue(&v->d, &v->ev, VIRTIO_IOMMU_EVENTQ, 8);
	drv_ok(&v->d);
	v->out = machine_alloc(w->m, IN_BYTES, 64);
	v->in = machine_alloc(w->m, IN_BYTES, 64);
	viommu_post_events(v, 4);
}

/* All that is left agrees with the model, page by page. */
static void check_all(struct world *w)
{
	for (unsigned int e = 0; e < ENDPOINTS; e++)
		for (uint64_t page = 0; page < 18; page++) {
			struct look l = { w, e, 0x100000 + page * PAGE, page & 1 };

			dma_peek(w->port[e], l.iova, PAGE, l.write ? DMA_WRITE : DMA_READ,
				 compare, &l);
		}
	FUZZ_CHECK(viommu_stat(&w->v, "mappings") == total_maps(w));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .in = { data, size }, .m = small_machine_new() };

	start(&w);
	while (w.in.left)
		step(&w);
	if (w.hold.port)
		release_hold(&w);
	check_all(&w);
	small_machine_free(w.m);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	/* Attach both; map two pages; look, read, unmap, look; detach. */
	static const uint8_t all[] = { 0, 0, 0, 0, 0, 1,  1,  0,  1, 0, 0, 1, 2,
				       3, 7, 2, 0, 0, 32, 10, 0,  0, 8, 0, 3, 0,
				       0, 1, 0, 7, 0, 0,  0,  16, 4, 0, 0 };
	static const uint8_t odd[][12] = {
		{ 0, 0, 0, 1, 7, 0, 0, 255, 15, 4, 0, 0 }, /* a bypass domain */
		{ 9, 1, 7, 0, 0, 255, 15, 9, 0, 7, 0, 0 }, /* bypass without a domain */
		{ 5, 0, 4, 1, 5, 0, 0, 0, 6, 9, 3, 1 }, /* probes, garbage */
		{ 0, 0, 0, 0, 1, 0, 0, 255, 1, 3, 8, 0 }, /* a map of everything */
		{ 8, 2, 8, 0, 0, 0, 0, 0, 1, 0, 244, 245 }, /* the MSI window */
	};
	struct fuzz_out out = { buf, size };

	if (n > sizeof(all) + ARRAY_SIZE(odd))
		return 0;
	if (n > sizeof(all))
		fuzz_put_bytes(&out, odd[n - sizeof(all) - 1], sizeof(odd[0]));
	else
		fuzz_put_bytes(&out, all, sizeof(all) - n ? sizeof(all) - n : 1);
	return size - out.left;
}
