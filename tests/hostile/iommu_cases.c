/* SPDX-License-Identifier: MIT */
/*
 * Cases that need an IOMMU and a device behind it, the first disk: its rings and requests
 * are mapped one to one, what it reads lands at AWAY.  The disk is full of zeroes, and the
 * memory it may come to is full of MARK.
 */
#include <abi/virtio_blk.h>
#include <abi/virtio_iommu.h>

#include "tests/hostile/hostile.h"

#define PAGE	   4096u
#define AWAY	   0x4000000000ull
#define PAGES	   0x2000000ull /* memory that nothing else uses */
#define LARGE	   0x10000u
#define WINDOWS	   64u /* of LARGE: 4 MiB, of which the disk moves one at a time */
#define REPEAT	   29u /* of all windows, in one read */
#define MARK	   0x5a5a5a5a5a5a5a5aull
#define DOMAIN	   7u
#define DOMAINS	   500u
#define MANY_MAPS  (1u << 20) /* there must be a limit below */
#define ROUNDS	   6u
#define IN_FLIGHT  2u /* reads, which fill the queue */
#define EVENTS	   4u
#define ANSWER_MS  5000u
#define SETTLE_MS  20u
#define NO_STATUS  0xeeu
#define READ_WRITE (VIRTIO_IOMMU_MAP_F_READ | VIRTIO_IOMMU_MAP_F_WRITE)
#define TAIL	   sizeof(struct virtio_iommu_req_tail)

static struct device disk, events; /* events: the other queue of the IOMMU */

/* --- memory --------------------------------------------------------------------------------- */

static void mark(uint64_t addr, uint64_t len)
{
	for (uint64_t *w = (uint64_t *)addr; w < (uint64_t *)(addr + len); w++)
		*w = MARK;
}

static bool all(uint64_t addr, uint64_t len, uint64_t value)
{
	for (const uint64_t *w = (uint64_t *)addr; w < (uint64_t *)(addr + len); w++) {
		if (*w == value)
			continue;
		say("# 0x%x holds 0x%x\n", (uint64_t)w, *w);
		return false;
	}
	return true;
}

/* --- requests of the IOMMU -------------------------------------------------------------------- */

/* Its status; the request ends with its tail. */
static uint8_t ask(struct device *d, const void *request, uint32_t len)
{
	uint64_t end = now_ms() + ANSWER_MS;
	char *copy = arena_get(len, 8);
	struct virtio_iommu_req_tail *tail = arena_get(TAIL, 8);
	const struct seg seg[] = { { (uint64_t)copy, len - TAIL, false },
				   { (uint64_t)tail, TAIL, true } };
	struct vring_used_elem e;

	memcpy(copy, request, len);
	tail->status = NO_STATUS;
	offer(d, seg, ARRAY_SIZE(seg));
	kick(d);
	while (!take_used(d, &e))
		if (now_ms() > end)
			return NO_STATUS;
	return tail->status;
}

static uint8_t attach(struct device *d, uint32_t domain)
{
	const struct virtio_iommu_req_attach req = {
		.head.type = VIRTIO_IOMMU_T_ATTACH,
		.domain = domain,
		.endpoint = disk.devfn,
	};

	return ask(d, &req, sizeof(req));
}

static uint8_t detach(struct device *d, uint32_t domain)
{
	const struct virtio_iommu_req_detach req = {
		.head.type = VIRTIO_IOMMU_T_DETACH,
		.domain = domain,
		.endpoint = disk.devfn,
	};

	return ask(d, &req, sizeof(req));
}

static uint8_t map(struct device *d, uint64_t iova, uint64_t len, uint64_t phys,
		   uint32_t flags)
{
	const struct virtio_iommu_req_map req = {
		.head.type = VIRTIO_IOMMU_T_MAP,
		.domain = DOMAIN,
		.virt_start = iova,
		.virt_end = iova + len - 1,
		.phys_start = phys,
		.flags = flags,
	};

	return ask(d, &req, sizeof(req));
}

static uint8_t unmap(struct device *d, uint64_t iova, uint64_t len)
{
	const struct virtio_iommu_req_unmap req = {
		.head.type = VIRTIO_IOMMU_T_UNMAP,
		.domain = DOMAIN,
		.virt_start = iova,
		.virt_end = iova + len - 1,
	};

	return ask(d, &req, sizeof(req));
}

/* --- the disk behind it ------------------------------------------------------------------------ */

static bool disk_start(void)
{
	if (!device_begin(&disk, 0) || !queue_enable(&disk))
		return false;
	device_go(&disk);
	return true;
}

static bool disk_attach(struct device *d)
{
	return attach(d, DOMAIN) == VIRTIO_IOMMU_S_OK &&
	       map(d, arena_base(), ARENA, arena_base(), READ_WRITE) == VIRTIO_IOMMU_S_OK;
}

/* The IOMMU with room for events, the disk in DOMAIN, memory marked. */
static bool begin(struct device *d)
{
	struct seg room[EVENTS];

	for (unsigned int slot = PV_FIRST_SLOT; disk.id != VIRTIO_ID_BLOCK; slot++)
		if (slot > PV_LAST_SLOT || !device_find(&disk, PCI_DEVFN(slot, 0)))
			disk.id = 0;
	arena_clear();
	if (!device_begin(d, 0) || !queue_enable(d))
		return false;
	events = *d;
	events.queue = VIRTIO_IOMMU_EVENTQ;
	if (!queue_enable(&events))
		return false;
	device_go(d);
	for (unsigned int i = 0; i < EVENTS; i++) {
		room[i].len = sizeof(struct virtio_iommu_fault);
		room[i].addr = (uint64_t)arena_get(room[i].len, 8);
		room[i].write = true;
		offer(&events, &room[i], 1);
	}
	kick(&events);
	mark(PAGES, LARGE);
	return disk_attach(d) && disk_start();
}

/* Everything as the next case wants to find it. */
static bool end(struct device *d, bool ok)
{
	device_reset(&disk);
	device_reset(d);
	return ok;
}

/* A read of so many bytes to there, so many times over; where its status will be. */
static volatile uint8_t *offer_read(uint64_t iova, uint32_t len, unsigned int times)
{
	struct virtio_blk_outhdr *header = arena_get(sizeof(*header), 8);
	uint8_t *status = arena_get(1, 1);
	struct seg seg[REPEAT + 2];

	seg[0] = (struct seg){ (uint64_t)header, sizeof(*header), false };
	for (unsigned int i = 1; i <= times; i++)
		seg[i] = (struct seg){ iova, len, true };
	seg[times + 1] = (struct seg){ (uint64_t)status, 1, true };
	*header = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_IN };
	*status = NO_STATUS;
	offer(&disk, seg, times + 2);
	return status;
}

/* So many completions, or a disk that has given up. */
static void await_disk(unsigned int n)
{
	uint64_t until = now_ms() + ANSWER_MS;
	struct vring_used_elem e;

	while (n && !device_broken(&disk) && now_ms() < until)
		n -= take_used(&disk, &e);
}

static uint8_t read_to(uint64_t iova, uint32_t len)
{
	volatile uint8_t *status = offer_read(iova, len, 1);

	kick(&disk);
	await_disk(1);
	return *status;
}

/* Exactly one fault was reported, of this address, by a write of the disk. */
static bool one_fault(uint64_t first, uint64_t last)
{
	const struct virtio_iommu_fault *fault;
	struct vring_used_elem e;

	pause_ms(SETTLE_MS);
	if (!take_used(&events, &e)) {
		say("# no fault was reported\n");
		return false;
	}
	fault = (void *)events.desc[e.id % QUEUE_SIZE].addr;
	if (take_used(&events, &e) || fault->endpoint != disk.devfn ||
	    !(fault->flags & VIRTIO_IOMMU_FAULT_F_WRITE) || fault->address < first ||
	    fault->address > last) {
		say("# fault at 0x%x of %x, flags 0x%x\n", fault->address,
		    (uint64_t)fault->endpoint, (uint64_t)fault->flags);
		return false;
	}
	return true;
}

/* --- 32: what goes away under a transfer --------------------------------------------------------- */

/* Long reads, over the same memory again and again: under way still when the mappings go.  The
 * test that runs this asks the monitor whether the IOMMU has waited. */
static bool map_again_and_again(struct device *d)
{
	for (unsigned int i = 0; i < WINDOWS; i++)
		if (map(d, AWAY + i * LARGE, LARGE, PAGES, READ_WRITE) !=
		    VIRTIO_IOMMU_S_OK)
			return false;
	return true;
}

/* The first bytes have landed: the next ones are under way. */
static bool has_begun(void)
{
	uint64_t until = now_ms() + ANSWER_MS;

	while (*(volatile uint64_t *)PAGES == MARK)
		if (now_ms() >= until)
			return false;
	return true;
}

/* From the answer on nothing lands, not even from a request that comes later. */
static bool gone_under_way(struct device *d, bool whole)
{
	uint8_t status;

	if (!map_again_and_again(d))
		return false;
	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		offer_read(AWAY, WINDOWS * LARGE, REPEAT);
	kick(&disk);
	if (!has_begun())
		return false;
	status = whole ? detach(d, DOMAIN) : unmap(d, AWAY, WINDOWS * LARGE);
	if (status != VIRTIO_IOMMU_S_OK)
		return false;
	mark(PAGES, LARGE);
	await_disk(IN_FLIGHT);
	/* The window met last: if any is remembered, this one. */
	if (!device_broken(&disk) &&
	    read_to(AWAY + (WINDOWS - 1) * LARGE, 512) == VIRTIO_BLK_S_OK)
		return false;
	pause_ms(SETTLE_MS);
	return all(PAGES, LARGE, MARK);
}

static bool rounds_under_way(struct device *d, bool whole)
{
	bool ok = true;

	for (unsigned int i = 0; i < ROUNDS && ok; i++)
		ok = begin(d) && gone_under_way(d, whole);
	return end(d, ok);
}

bool unmapped_under_way(struct device *d)
{
	return rounds_under_way(d, false);
}

bool detached_under_way(struct device *d)
{
	return rounds_under_way(d, true);
}

/* --- 33: where mappings end -------------------------------------------------------------------- */

bool end_of_a_mapping(struct device *d)
{
	const uint64_t inside = 512;
	bool ok = begin(d) &&
		  map(d, AWAY, PAGE, PAGES, READ_WRITE) == VIRTIO_IOMMU_S_OK &&
		  read_to(AWAY + PAGE - inside, 2 * (uint32_t)inside) != VIRTIO_BLK_S_OK;

	/* What is mapped may have moved; nothing before it, nothing behind. */
	return end(d, ok && all(PAGES, PAGE - inside, MARK) &&
			      all(PAGES + PAGE, PAGE, MARK) &&
			      one_fault(AWAY + PAGE - inside, AWAY + PAGE));
}

/* Side by side for the disk, the other way round and apart in memory. */
bool scattered_mapping(struct device *d)
{
	bool ok = begin(d) &&
		  map(d, AWAY, PAGE, PAGES + 4 * PAGE, READ_WRITE) == VIRTIO_IOMMU_S_OK &&
		  map(d, AWAY + PAGE, PAGE, PAGES + PAGE, READ_WRITE) ==
			  VIRTIO_IOMMU_S_OK &&
		  read_to(AWAY + PAGE / 2, PAGE) == VIRTIO_BLK_S_OK;

	return end(d, ok && all(PAGES, PAGE, MARK) && all(PAGES + PAGE, PAGE / 2, 0) &&
			      all(PAGES + PAGE + PAGE / 2, PAGE * 5 / 2, MARK) &&
			      all(PAGES + 4 * PAGE, PAGE / 2, MARK) &&
			      all(PAGES + 4 * PAGE + PAGE / 2, PAGE / 2, 0) &&
			      all(PAGES + 5 * PAGE, PAGE, MARK));
}

/* --- 34: what may be read only ------------------------------------------------------------------ */

bool read_only_buffer(struct device *d)
{
	bool ok = begin(d) &&
		  map(d, AWAY, PAGE, PAGES, VIRTIO_IOMMU_MAP_F_READ) ==
			  VIRTIO_IOMMU_S_OK &&
		  read_to(AWAY, 512) != VIRTIO_BLK_S_OK;

	return end(d, ok && all(PAGES, PAGE, MARK) && one_fault(AWAY, AWAY));
}

/* The disk cannot say that it is done: it gives up, and the ring is as it was. */
bool read_only_ring(struct device *d)
{
	bool ok = begin(d) &&
		  map(d, AWAY, PAGE, PAGES, READ_WRITE) == VIRTIO_IOMMU_S_OK &&
		  unmap(d, arena_base(), ARENA) == VIRTIO_IOMMU_S_OK &&
		  map(d, arena_base(), ARENA, arena_base(), VIRTIO_IOMMU_MAP_F_READ) ==
			  VIRTIO_IOMMU_S_OK;

	if (ok)
		read_to(AWAY, 512);
	return end(d, ok && device_broken(&disk) && !disk.used->idx &&
			      !disk.used->ring[0].len);
}

/* --- 35: floods --------------------------------------------------------------------------------- */

/* As many MAP requests as the queue takes at once. */
struct flood {
	struct virtio_iommu_req_map *req;
	unsigned int n;
};

static struct flood flood_begin(struct device *d)
{
	struct flood f = { .n = QUEUE_SIZE / 2 };

	f.req = arena_get(f.n * sizeof(*f.req), 8);
	for (unsigned int i = 0; i < f.n; i++) {
		f.req[i] = (struct virtio_iommu_req_map){
			.head.type = VIRTIO_IOMMU_T_MAP,
			.domain = DOMAIN,
			.phys_start = PAGES,
			.flags = VIRTIO_IOMMU_MAP_F_READ,
		};
		set_desc(d, 2 * i, (uint64_t)&f.req[i], sizeof(*f.req) - TAIL,
			 VRING_DESC_F_NEXT, (uint16_t)(2 * i + 1));
		set_desc(d, 2 * i + 1, (uint64_t)&f.req[i].tail, TAIL, VRING_DESC_F_WRITE,
			 0);
	}
	return f;
}

/* The next pages of AWAY; how many were mapped, the rest being refused with NOMEM. */
static unsigned int flood_once(struct device *d, struct flood *f, unsigned int at)
{
	unsigned int mapped = 0;

	for (unsigned int i = 0; i < f->n; i++) {
		f->req[i].virt_start = AWAY + (at + i) * (uint64_t)PAGE;
		f->req[i].virt_end = f->req[i].virt_start + PAGE - 1;
		f->req[i].tail.status = NO_STATUS;
		offer_head(d, (uint16_t)(2 * i));
	}
	kick(d);
	for (unsigned int i = 0; i < f->n; i++) {
		uint64_t until = now_ms() + ANSWER_MS;
		struct vring_used_elem e;

		while (!take_used(d, &e))
			if (now_ms() > until)
				return 0;
	}
	while (mapped < f->n && f->req[mapped].tail.status == VIRTIO_IOMMU_S_OK)
		mapped++;
	return mapped;
}

bool flood_of_mappings(struct device *d)
{
	unsigned int n = 0, more = QUEUE_SIZE / 2;
	struct flood f;
	bool ok = begin(d);

	f = flood_begin(d);
	for (; ok && more == f.n && n < MANY_MAPS; n += more)
		more = flood_once(d, &f, n);
	say("# %u mappings until there is no more room\n", (uint64_t)n);
	return end(d,
		   ok && n && n < MANY_MAPS &&
			   f.req[f.n - 1].tail.status == VIRTIO_IOMMU_S_NOMEM &&
			   unmap(d, AWAY, n * (uint64_t)PAGE) == VIRTIO_IOMMU_S_OK &&
			   map(d, AWAY, PAGE, PAGES, READ_WRITE) == VIRTIO_IOMMU_S_OK &&
			   read_to(AWAY, 512) == VIRTIO_BLK_S_OK);
}

/* A domain that nobody is in any more is gone, with what was mapped there. */
bool flood_of_domains(struct device *d)
{
	bool ok = begin(d) && map(d, AWAY, PAGE, PAGES, READ_WRITE) == VIRTIO_IOMMU_S_OK;

	for (unsigned int i = 0; i < DOMAINS && ok; i++) {
		d->next_desc = 0;
		ok = attach(d, DOMAIN + 1 + i) == VIRTIO_IOMMU_S_OK;
	}
	return end(d,
		   ok && map(d, AWAY, PAGE, PAGES, READ_WRITE) == VIRTIO_IOMMU_S_NOENT &&
			   disk_attach(d));
}
