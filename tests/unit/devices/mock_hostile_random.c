/* SPDX-License-Identifier: MIT */
/*
 * A driver that does anything, in any order, for thousands of steps: garbage descriptors and
 * indices, registers, resets, pauses, decoding and bus mastering switched under the device's
 * feet.  What it offers for writing lies in one arena or in no memory at all, and rings have
 * a place each, so everything else in RAM must be what it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "devices/util.h"
#include "tests/unit/devices/mock_hostile.h"

#define STEPS	    6000
#define ARENA_BYTES 0x8000u
#define TABLE_BYTES 0x1000u /* an indirect table */
#define QUEUES	    4u
#define QUEUE_SIZE  32u

struct chaos {
	struct machine *m;
	struct drv d;
	struct drvq q[QUEUES];
	unsigned int nr_queues;
	uint64_t arena, table;
	uint32_t seed;
};

static uint32_t any(struct chaos *c, uint32_t below)
{
	c->seed = c->seed * 1664525 + 1013904223;
	return below ? (c->seed >> 8) % below : 0;
}

static struct drvq *any_queue(struct chaos *c)
{
	return &c->q[any(c, c->nr_queues)];
}

/* An address and a length that end inside the arena, or that no RAM has. */
static void any_buffer(struct chaos *c, struct vring_desc *desc)
{
	static const uint64_t nowhere[] = {
		MOCK_LOW_SIZE, MOCK_HIGH_BASE - 64, MOCK_HIGH_BASE + MOCK_HIGH_SIZE,
		PV_MMIO_BASE,  PV_ECAM_BASE,	    ~0ull - 64,
		1ull << 63
	};
	uint32_t offset = any(c, ARENA_BYTES);

	if (any(c, 8)) {
		desc->addr = c->arena + offset;
		desc->len = any(c, 64) ? any(c, ARENA_BYTES - offset) : 0;
	} else {
		desc->addr = nowhere[any(c, ARRAY_SIZE(nowhere))];
		desc->len = any(c, 2) ? any(c, 1000) : 0xffffff00u;
		/* Long ones would reach the high region. */
		if (desc->addr < MOCK_HIGH_BASE && desc->len > 32)
			desc->len = 32;
	}
}

static void any_descriptor(struct chaos *c, struct vring_desc *desc)
{
	*desc = (struct vring_desc){ 0 };
	any_buffer(c, desc);
	desc->flags = any(c, 2) ? VRING_DESC_F_WRITE : 0;
	if (any(c, 3) == 0)
		desc->flags |= VRING_DESC_F_NEXT;
	desc->next = (le16)(any(c, 64) ? any(c, QUEUE_SIZE) : any(c, 65536));
	if (any(c, 24) == 0) {
		desc->flags |= VRING_DESC_F_INDIRECT;
		desc->addr = c->table;
		desc->len = any(c, 8) ? any(c, 33) * 16 : any(c, TABLE_BYTES);
	}
}

static void write_descriptors(struct chaos *c)
{
	struct drvq *q = any_queue(c);

	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		any_descriptor(c, drvq_desc(q, i));
	any_descriptor(c, machine_at(c->m, c->table + any(c, 32) * 16, 16));
}

static void offer_and_kick(struct chaos *c)
{
	struct drvq *q = any_queue(c);

	for (unsigned int n = any(c, 4); n; n--)
		drvq_offer(q,
			   (uint16_t)(any(c, 256) ? any(c, QUEUE_SIZE) : any(c, 65536)));
	if (any(c, 256) == 0)
		drvq_avail(q)->idx = (le16)any(c, 65536);
	drvq_avail(q)->flags = (le16)any(c, 2);
	machine_write(c->m, q->bell, 2, q->index);
	mock_host_poll(&c->m->mh, 0);
}

static void restart(struct chaos *c)
{
	static const uint64_t without[] = { 0, VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX),
					    VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) };

	drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	drv_msix_on(&c->d);
	drv_put(&c->d, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	drv_put(&c->d, VIRTIO_PCI_COMMON_GF, 4,
		(uint32_t)(DRV_FEATURES & ~without[any(c, ARRAY_SIZE(without))]));
	drv_put(&c->d, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	drv_put(&c->d, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)(DRV_FEATURES >> 32));
	drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, 0xb);
	for (unsigned int i = 0; i < c->nr_queues; i++) {
		drvq_enable(&c->q[i]);
		drvq_avail(&c->q[i])->idx = 0;
		c->q[i].avail_idx = 0;
	}
	drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, 0xf);
}

static void any_register(struct chaos *c)
{
	unsigned int reg = any(c, 0x40), width = 1u << any(c, 4);

	/* Ring addresses stay in their places. */
	if (reg + width > VIRTIO_PCI_COMMON_Q_DESCLO && reg < VIRTIO_PCI_COMMON_Q_NDATA)
		return;
	drv_put(&c->d, reg, width, any(c, 4) ? any(c, 16) : c->seed);
	drv_get(&c->d, reg, width);
	if (c->d.config)
		machine_write(c->m, c->d.config + any(c, 64), width, c->seed);
	machine_read(c->m, c->d.isr, 1);
}

static void pause_or_resume(struct chaos *c)
{
	struct device *dev = &c->m->pci.dev[HOSTILE_DEVFN]->device;

	if (any(c, 2))
		dev->ops->quiesce(dev);
	else
		dev->ops->resume(dev);
}

static void switch_command(struct chaos *c)
{
	machine_config_write(c->m, HOSTILE_DEVFN, PCI_COMMAND, 2,
			     any(c, 4) ? PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER
				       : any(c, 8));
	machine_write(c->m, c->d.msix_table + any(c, c->d.nr_vectors) * 16 + 12, 4,
		      any(c, 2));
	machine_config_write(c->m, HOSTILE_DEVFN, c->d.msix_cap + PCI_MSIX_FLAGS, 2,
			     any(c, 8) ? PCI_MSIX_FLAGS_ENABLE : c->seed);
}

static void step(struct chaos *c)
{
	switch (any(c, 64)) {
	case 0:
		any_register(c);
		break;
	case 1:
		pause_or_resume(c);
		break;
	case 2:
		switch_command(c);
		break;
	case 3:
		mock_host_poll(&c->m->mh, 1);
		break;
	case 4 ... 19:
		restart(c);
		break;
	case 20 ... 31:
		write_descriptors(c);
		break;
	default:
		offer_and_kick(c);
		break;
	}
}

static void prepare(struct chaos *c, const struct hostile_target *target, uint32_t seed)
{
	*c = (struct chaos){ .m = machine_new(), .seed = seed };
	target->plug(c->m);
	drv_probe(&c->d, c->m, HOSTILE_DEVFN);
	c->nr_queues = c->d.nr_queues < QUEUES ? c->d.nr_queues : QUEUES;
	for (unsigned int i = 0; i < c->nr_queues; i++)
		drvq_alloc(&c->d, &c->q[i], i, QUEUE_SIZE);
	c->arena = machine_alloc(c->m, ARENA_BYTES, 4096);
	c->table = machine_alloc(c->m, TABLE_BYTES + 64, 4096);
}

/* Device and transport back in order, whatever the steps left behind. */
static void set_right(struct chaos *c)
{
	struct device *dev = &c->m->pci.dev[HOSTILE_DEVFN]->device;

	dev->ops->resume(dev);
	machine_config_write(c->m, HOSTILE_DEVFN, PCI_COMMAND, 2,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	drv_put(&c->d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
}

void hostile_random(const struct hostile_target *target, uint32_t seed)
{
	struct drv_seg segs[HOSTILE_SEGS];
	struct vring_used_elem elem;
	struct mock_range may[2 + 2 * QUEUES];
	unsigned int nr = 0, n;
	uint64_t before;
	struct chaos c;

	prepare(&c, target, seed);
	may[nr++] = (struct mock_range){ c.arena, ARENA_BYTES };
	may[nr++] = (struct mock_range){ c.table, TABLE_BYTES + 64 };
	for (unsigned int i = 0; i < c.nr_queues; i++) {
		may[nr++] = drvq_used_range(&c.q[i]);
		/* The test's own writes: descriptors and the available ring after them. */
		may[nr++] = (struct mock_range){ c.q[i].desc, c.q[i].used - c.q[i].desc };
	}
	before = machine_hash(c.m, may, nr);
	for (unsigned int i = 0; i < STEPS; i++)
		step(&c);
	set_right(&c);
	assert_true(machine_hash(c.m, may, nr) == before);
	hostile_start_driver(target, c.m, 0, &c.d, &c.q[0]);
	n = target->request(&c.d, segs);
	drvq_add(&c.q[0], segs, n);
	assert_true(drvq_wait(&c.q[0], &elem));
	assert_true(target->succeeded(&c.d, segs, n, elem.len));
	machine_free(c.m);
}
