/* SPDX-License-Identifier: MIT */
/* The driver: its start, its actions, what it sees of the used rings. */
#include <string.h>

#include "devices/util.h"
#include "tests/fuzz/lib/chaos.h"

#define TABLE_ENTRIES 64u
#define TURNS	      8 /* of the event loop, in an action */
#define BAIT	      0x800u
#define MAX_SEGS      6u

static struct drvq *any_queue(struct chaos *c)
{
	return &c->q[fuzz_u8(&c->in) % c->nr_queues];
}

static struct device *device_of(struct chaos *c)
{
	return &c->m->pci.dev[CHAOS_DEVFN]->device;
}

/* --- start -------------------------------------------------------------------------------- */

/* As drvq_enable(), but the device sees the rings behind the IOMMU. */
static void enable(struct chaos *c, struct drvq *q)
{
	const struct drvq guest = *q;

	memset(machine_at(c->m, q->used, VRING_USED_BYTES(q->size)), 0,
	       VRING_USED_BYTES(q->size));
	/* Who looks one too far writes where nothing may be written. */
	drvq_set_desc(q, q->size, BAIT, 64, VRING_DESC_F_WRITE, 0);
	drvq_avail(q)->idx = 0;
	drvq_avail(q)->flags = 0;
	q->avail_idx = 0;
	q->last_used = 0;
	memset(c->offers[q->index], 0, sizeof(c->offers[0]));
	memset(c->done[q->index], 0, sizeof(c->done[0]));
	q->desc += c->ring_offset;
	q->avail += c->ring_offset;
	q->used += c->ring_offset;
	drvq_enable(q);
	q->desc = guest.desc;
	q->avail = guest.avail;
	q->used = guest.used;
}

void chaos_restart(struct chaos *c, uint64_t without)
{
	static const uint8_t steps[] = { VIRTIO_CONFIG_S_ACKNOWLEDGE,
					 VIRTIO_CONFIG_S_ACKNOWLEDGE |
						 VIRTIO_CONFIG_S_DRIVER };
	uint64_t features = ~without;
	uint8_t status = steps[1];

	drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	/* Registers may be out of reach by now: the old rings live on then. */
	c->loose = drv_status(&c->d) != 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++)
		drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, steps[i]);
	for (unsigned int word = 0; word < 2; word++) {
		drv_put(&c->d, VIRTIO_PCI_COMMON_DFSELECT, 4, word);
		drv_put(&c->d, VIRTIO_PCI_COMMON_GFSELECT, 4, word);
		drv_put(&c->d, VIRTIO_PCI_COMMON_GF, 4,
			drv_get(&c->d, VIRTIO_PCI_COMMON_DF, 4) &
				(uint32_t)(features >> 32 * word));
	}
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, status);
	drv_put(&c->d, VIRTIO_PCI_COMMON_MSIX, 2, 0);
	for (unsigned int i = 0; i < c->nr_queues; i++)
		enable(c, &c->q[i]);
	drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

void chaos_start(struct chaos *c)
{
	c->m->next = CHAOS_RINGS;
	drv_probe(&c->d, c->m, CHAOS_DEVFN);
	drv_msix_on(&c->d);
	c->nr_queues = c->d.nr_queues < CHAOS_QUEUES ? c->d.nr_queues : CHAOS_QUEUES;
	for (unsigned int i = 0; i < c->nr_queues; i++)
		drvq_alloc(&c->d, &c->q[i], i, CHAOS_QUEUE_SIZE);
	c->table = machine_alloc(c->m, TABLE_ENTRIES * sizeof(struct vring_desc), 16);
	FUZZ_CHECK(c->m->next <= CHAOS_ARENA);
	chaos_restart(c, 0);
}

/* --- memory ------------------------------------------------------------------------------- */

void chaos_write(struct chaos *c, uint32_t offset, const void *bytes, uint32_t len)
{
	if (offset >= CHAOS_ARENA_SIZE)
		return;
	if (len > CHAOS_ARENA_SIZE - offset)
		len = CHAOS_ARENA_SIZE - offset;
	if (!len)
		return;
	memcpy(machine_at(c->m, CHAOS_ARENA + offset, len), bytes, len);
	memcpy(c->shadow + offset, bytes, len);
}

uint64_t chaos_addr(const struct chaos *c, uint32_t offset)
{
	return (c->behind ? CHAOS_WINDOW : CHAOS_ARENA) + offset % CHAOS_ARENA_SIZE;
}

uint64_t chaos_any_addr(struct chaos *c)
{
	static const uint64_t nowhere[] = { CHAOS_LOW_SIZE,
					    MOCK_HIGH_BASE - 64,
					    MOCK_HIGH_BASE + CHAOS_HIGH_SIZE,
					    PV_ECAM_BASE,
					    ~0ull,
					    ~0ull - 4095,
					    1ull << 63,
					    DRV_MSI_ADDRESS };
	uint8_t kind = fuzz_u8(&c->in);

	switch (kind) {
	case 0xff:
		return nowhere[fuzz_u8(&c->in) % ARRAY_SIZE(nowhere)];
	case 0xfe: /* its own rings */
		c->loose = true;
		return c->ring_offset + CHAOS_RINGS +
		       fuzz_u16(&c->in) % (CHAOS_ARENA - CHAOS_RINGS);
	case 0xfd: /* its own registers */
		return c->d.bar[2] + fuzz_u16(&c->in) % 0x4000;
	case 0xfc: /* a page of the window that may lead nowhere */
		return CHAOS_WINDOW +
		       fuzz_u16(&c->in) % ((CHAOS_IOVA_PAGES + 1) * CHAOS_PAGE);
	default:
		return chaos_addr(c, kind * 64u + (kind & 1));
	}
}

/* A buffer that begins in the hole below high RAM reaches into it, where a status at its end
 * is written though all of it is no memory. */
static void allow_high(struct chaos *c, uint64_t addr, uint32_t len)
{
	uint64_t reached = addr < MOCK_HIGH_BASE ? addr + len : 0;

	if (reached > MOCK_HIGH_BASE && reached - MOCK_HIGH_BASE > c->high_may)
		c->high_may = (uint32_t)(reached - MOCK_HIGH_BASE);
	if (c->high_may > CHAOS_HIGH_SIZE)
		c->high_may = CHAOS_HIGH_SIZE;
}

/* The device may write there, from now on. */
static void allow(struct chaos *c, uint64_t addr, uint32_t len)
{
	uint64_t at = addr - CHAOS_ARENA;

	if (!c->behind)
		allow_high(c, addr, len);
	if (c->behind || at >= CHAOS_ARENA_SIZE)
		return;
	if (len > CHAOS_ARENA_SIZE - at)
		len = (uint32_t)(CHAOS_ARENA_SIZE - at);
	memset(c->may + at, 0xff, len);
}

/* --- chains ------------------------------------------------------------------------------- */

static void publish(struct chaos *c, struct drvq *q, uint16_t head)
{
	if (head < q->size)
		c->offers[q->index][head]++;
	drvq_offer(q, head);
}

/* A long buffer that begins below the arena would be allowed to reach it, and all before. */
static struct vring_desc bounded(struct chaos *c, struct vring_desc desc)
{
	uint64_t first = desc.addr - c->ring_offset;

	if (first < CHAOS_ARENA && desc.len > CHAOS_ARENA - first)
		desc.len = (uint32_t)(CHAOS_ARENA - first);
	if (desc.flags & VRING_DESC_F_WRITE)
		allow(c, desc.addr, desc.len);
	return desc;
}

void chaos_offer(struct chaos *c, struct drvq *q, const struct drv_seg *segs,
		 unsigned int n)
{
	uint8_t how = fuzz_u8(&c->in);
	uint32_t at = how / 4 % (TABLE_ENTRIES - CHAOS_SEGS);
	struct vring_desc table[CHAOS_SEGS];
	uint16_t head = q->next_desc;

	if (!n)
		return;
	drv_fill_chain(table, segs, n);
	for (unsigned int i = 0; i < n; i++)
		table[i] = bounded(c, table[i]);
	if (how & 1) {
		uint64_t gpa = c->table + at * sizeof(table[0]);

		memcpy(machine_at(c->m, gpa, n * sizeof(table[0])), table,
		       n * sizeof(table[0]));
		drvq_set_desc(q, head, gpa + c->ring_offset,
			      n * (uint32_t)sizeof(table[0]), VRING_DESC_F_INDIRECT, 0);
		q->next_desc = (uint16_t)((head + 1) % q->size);
	} else {
		for (unsigned int i = 0; i < n; i++) {
			uint16_t next = (uint16_t)((q->next_desc + 1) % q->size);

			drvq_set_desc(q, q->next_desc, table[i].addr, table[i].len,
				      table[i].flags, next);
			q->next_desc = next;
		}
	}
	publish(c, q, head);
}

/* Readable segments, then writable ones; now and then not. */
static void any_chain(struct chaos *c)
{
	struct drvq *q = any_queue(c);
	unsigned int n = 1 + fuzz_u8(&c->in) % MAX_SEGS;
	struct drv_seg segs[MAX_SEGS];
	bool write = false;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t len = fuzz_u16(&c->in);

		segs[i].addr = chaos_any_addr(c);
		segs[i].len = len & 0xfff;
		if ((len & 0xfff) == 0xfff)
			segs[i].len = fuzz_u32(&c->in);
		write ^= len >> 15;
		segs[i].write = write;
	}
	chaos_offer(c, q, segs, n);
}

static void any_descriptor(struct chaos *c)
{
	struct drvq *q = any_queue(c);
	uint8_t at = fuzz_u8(&c->in), flags = fuzz_u8(&c->in);
	struct vring_desc desc = { .addr = chaos_any_addr(c),
				   .len = fuzz_u16(&c->in),
				   .flags = flags & 7,
				   .next = fuzz_u8(&c->in) % (CHAOS_QUEUE_SIZE + 2) };

	if (flags & 8)
		desc.next = fuzz_u16(&c->in);
	if (flags & VRING_DESC_F_INDIRECT) {
		desc.addr = c->ring_offset + c->table + (flags >> 4) * 16u;
		/* Inside the table: what lies behind is not the driver's choice. */
		desc.len %= (TABLE_ENTRIES - 16) * 16 + 1;
	}
	desc = bounded(c, desc);
	if (at & 0x80)
		memcpy(machine_at(c->m, c->table + at % TABLE_ENTRIES * 16, 16), &desc,
		       sizeof(desc));
	else
		*drvq_desc(q, at % q->size) = desc;
}

void chaos_take_used(struct chaos *c)
{
	for (unsigned int i = 0; i < c->nr_queues; i++) {
		struct drvq *q = &c->q[i];
		struct vring_used_elem elem;

		while (!c->loose && drvq_get(q, &elem)) {
			FUZZ_CHECK(elem.id < q->size);
			c->done[i][elem.id]++;
			FUZZ_CHECK(c->done[i][elem.id] <= c->offers[i][elem.id]);
		}
	}
}

bool chaos_wait(struct chaos *c, unsigned int queue, const struct drv_seg *segs,
		unsigned int n, struct vring_used_elem *elem)
{
	drvq_add(&c->q[queue], segs, n);
	return drvq_wait(&c->q[queue], elem);
}

/* --- actions ------------------------------------------------------------------------------ */

static void kick(struct chaos *c)
{
	const struct drvq *q = any_queue(c);

	machine_write(c->m, q->bell, 2, q->index);
	mock_host_run(&c->m->mh, TURNS);
}

static void any_register(struct chaos *c)
{
	unsigned int reg = fuzz_u8(&c->in) % 0x42, width = 1u << fuzz_u8(&c->in) % 4;
	uint64_t value = fuzz_u16(&c->in);

	drv_get(&c->d, reg, width);
	/* Ring addresses have an action of their own.  In rings larger than their memory
	 * the device would find descriptors that nobody wrote. */
	if (reg + width > VIRTIO_PCI_COMMON_Q_DESCLO && reg < VIRTIO_PCI_COMMON_Q_NDATA)
		return;
	if (reg + width > VIRTIO_PCI_COMMON_Q_SIZE && reg < VIRTIO_PCI_COMMON_Q_MSIX &&
	    (reg != VIRTIO_PCI_COMMON_Q_SIZE || width > 2 || value > CHAOS_QUEUE_SIZE))
		return;
	/* Status and queues may start again with rings that are not fresh. */
	c->loose = true;
	drv_put(&c->d, reg, width, value == 0xffff ? ~0ull : value);
}

static void device_config(struct chaos *c)
{
	uint8_t at = fuzz_u8(&c->in), how = fuzz_u8(&c->in);
	unsigned int width = 1u << (how & 3);

	if (how & 4)
		machine_write(c->m, c->d.config + at, width, fuzz_u32(&c->in));
	else
		machine_read(c->m, c->d.config + at, width);
	machine_read(c->m, c->d.isr, 1);
}

static void pci_config(struct chaos *c)
{
	uint8_t at = fuzz_u8(&c->in), how = fuzz_u8(&c->in);
	unsigned int width = 1u << (how & 3) % 3;

	if (how & 4)
		machine_config_write(c->m, CHAOS_DEVFN, at, width, fuzz_u32(&c->in));
	else
		machine_config_read(c->m, CHAOS_DEVFN, at, width);
	if (how & 8)
		machine_config_write(c->m, CHAOS_DEVFN, PCI_COMMAND, 2,
				     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void msix(struct chaos *c)
{
	uint8_t at = fuzz_u8(&c->in), how = fuzz_u8(&c->in);

	if (how & 1)
		machine_write(c->m, c->d.msix_table + at, 4, fuzz_u32(&c->in));
	if (how & 2)
		machine_read(c->m, c->d.msix_pba + at, 8);
	if (how & 4)
		machine_config_write(c->m, CHAOS_DEVFN, c->d.msix_cap + PCI_MSIX_FLAGS, 2,
				     how & 8 ? PCI_MSIX_FLAGS_ENABLE : how << 8);
}

static void pause_or_resume(struct chaos *c)
{
	struct device *dev = device_of(c);

	if (fuzz_u8(&c->in) & 1)
		dev->ops->quiesce(dev);
	else
		dev->ops->resume(dev);
}

static void available(struct chaos *c)
{
	struct drvq *q = any_queue(c);
	uint8_t how = fuzz_u8(&c->in);
	uint16_t value = fuzz_u16(&c->in);

	if (how & 1) {
		drvq_avail(q)->idx = value;
		q->avail_idx = value;
		c->loose = true;
	}
	if (how & 2)
		drvq_avail(q)->flags = value & 1;
	if (how & 4)
		drvq_avail(q)->ring[q->size] = value; /* used_event */
}

/* Queue reset, other places for the rings, enabled again. */
static void reset_queue(struct chaos *c)
{
	struct drvq *q = any_queue(c), good = *q;
	uint8_t how = fuzz_u8(&c->in);

	chaos_take_used(c);
	drv_put(&c->d, VIRTIO_PCI_COMMON_Q_SELECT, 2, q->index);
	if (how & 1)
		drv_put(&c->d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	if (drv_get(&c->d, VIRTIO_PCI_COMMON_Q_ENABLE, 2) != 0)
		c->loose = true;
	if (how & 2)
		drv_put(&c->d, VIRTIO_PCI_COMMON_Q_SIZE, 2, fuzz_u16(&c->in));
	if (how & 4) {
		/* Not in memory, or misaligned: nothing comes of it. */
		drv_put(&c->d, VIRTIO_PCI_COMMON_Q_USEDLO, 4,
			how & 8 ? CHAOS_LOW_SIZE : q->used + 1);
		drv_put(&c->d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	}
	enable(c, q);
	q->bell = good.bell;
}

static void data(struct chaos *c)
{
	uint16_t offset = fuzz_u16(&c->in);
	uint8_t bytes[32], n = 1 + fuzz_u8(&c->in) % sizeof(bytes);

	fuzz_bytes(&c->in, bytes, n);
	chaos_write(c, offset % CHAOS_ARENA_SIZE, bytes, n);
}

static void reset_machine(struct chaos *c)
{
	chaos_take_used(c);
	device_reset_all(&c->m->devices);
	if (fuzz_u8(&c->in) & 1)
		return;
	FUZZ_CHECK(!pci_assign(&c->m->pci));
	pci_config_write(&c->m->pci, CHAOS_DEVFN, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	drv_msix_on(&c->d);
	chaos_restart(c, 0);
}

static void restart(struct chaos *c)
{
	uint8_t without = fuzz_u8(&c->in);

	chaos_take_used(c);
	/* The two transport features with a say in rings, and the device's first ones. */
	chaos_restart(c, (uint64_t)(without & 0x0f) << 28 |
				 (uint64_t)(without & 0x10) << 28 | without >> 5);
}

static void notify(struct chaos *c)
{
	uint16_t at = fuzz_u16(&c->in);

	machine_write(c->m, c->d.notify + at % 0x1000, 1u << (at >> 12) % 4, at);
	mock_host_poll(&c->m->mh, 0);
}

static void poll_host(struct chaos *c)
{
	mock_host_run(&c->m->mh, TURNS);
}

static void request(struct chaos *c)
{
	c->device->request(c, any_queue(c));
}

static void event(struct chaos *c)
{
	if (c->device->event)
		c->device->event(c);
}

static void any_head(struct chaos *c)
{
	struct drvq *q = any_queue(c);
	uint8_t head = fuzz_u8(&c->in);

	publish(c, q, head == 0xff ? fuzz_u16(&c->in) : head % CHAOS_QUEUE_SIZE);
}

void chaos_act(struct chaos *c)
{
	static void (*const actions[])(struct chaos *) = {
		[CHAOS_REQUEST] = request,
		[CHAOS_KICK] = kick,
		[CHAOS_CHAIN] = any_chain,
		[CHAOS_DESCRIPTOR] = any_descriptor,
		[CHAOS_HEAD] = any_head,
		[CHAOS_POLL] = poll_host,
		[CHAOS_RESTART] = restart,
		[CHAOS_REGISTER] = any_register,
		[CHAOS_CONFIG] = device_config,
		[CHAOS_PCI] = pci_config,
		[CHAOS_MSIX] = msix,
		[CHAOS_PAUSE] = pause_or_resume,
		[CHAOS_AVAIL] = available,
		[CHAOS_QUEUE] = reset_queue,
		[CHAOS_DATA] = data,
		[CHAOS_EVENT] = event,
		[CHAOS_IOMMU] = chaos_iommu,
		[CHAOS_RESET] = reset_machine,
		[CHAOS_NOTIFY] = notify,
	};
	uint8_t what = fuzz_u8(&c->in);

	_Static_assert(ARRAY_SIZE(actions) == CHAOS_ACTIONS, "each action has its row");
	actions[what % CHAOS_ACTIONS](c);
	chaos_take_used(c);
}
