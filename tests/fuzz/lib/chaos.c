/* SPDX-License-Identifier: MIT */
/* The frame around an input: the machine, and what must hold in the end. */
#include "tests/fuzz/lib/chaos.h"

#include <errno.h>
#include <string.h>

#include "devices/inject/inject.h"

#define SETTLE_TURNS 64

static uint64_t hash_protected(struct chaos *c)
{
	static const struct mock_range except = { CHAOS_RINGS,
						  CHAOS_LOW_SIZE - CHAOS_RINGS };

	return machine_hash(c->m, &except, 1);
}

/* Faults on request are no excuse: all that holds without them holds with them. */
static void add_faults(struct chaos *c)
{
	uint8_t kinds = fuzz_u8(&c->in);
	struct inject_rule rule = { .every = 1 + fuzz_u8(&c->in) % 4, .seed = 1 };

	for (unsigned int k = 0; k < INJECT_KINDS; k++) {
		int err;

		if (!(kinds >> k & 1))
			continue;
		rule.kind = (enum inject_kind)k;
		err = inject_add(c->m->pci.dev[CHAOS_DEVFN], &rule);
		FUZZ_CHECK(!err || err == -EOPNOTSUPP);
	}
}

/* After a reset, when nothing waits in the injector. */
static void remove_faults(struct chaos *c)
{
	struct dma_port *port = &c->m->pci.dev[CHAOS_DEVFN]->dma;

	inject_free(port->inject);
	port->inject = NULL;
}

/* --- what holds --------------------------------------------------------------------------- */

static void check_arena(const struct chaos *c)
{
	for (unsigned int i = 0; i < CHAOS_ARENA_SIZE; i += 8) {
		uint64_t now, was, may;

		memcpy(&now, c->m->low + CHAOS_ARENA + i, 8);
		memcpy(&was, c->shadow + i, 8);
		memcpy(&may, c->may + i, 8);
		FUZZ_CHECK(!((now ^ was) & ~may));
	}
}

/* After a reset of the machine the device leaves all memory alone. */
static void check_silence(struct chaos *c)
{
	struct device *dev = &c->m->pci.dev[CHAOS_DEVFN]->device;
	unsigned int fired;
	uint64_t before;

	if (dev->ops->resume)
		dev->ops->resume(dev);
	device_reset_all(&c->m->devices);
	before = machine_hash(c->m, NULL, 0);
	fired = mock_host_fired(&c->m->mh);
	FUZZ_CHECK(mock_host_run(&c->m->mh, SETTLE_TURNS));
	FUZZ_CHECK(machine_hash(c->m, NULL, 0) == before);
	FUZZ_CHECK(mock_host_fired(&c->m->mh) == fired);
}

static void start(struct chaos *c)
{
	if (c->device->start)
		c->device->start(c);
	else
		chaos_start(c);
}

static void check_recovery(struct chaos *c)
{
	remove_faults(c);
	FUZZ_CHECK(!pci_assign(&c->m->pci));
	if (c->behind) {
		iommu_fini(&c->iommu);
		c->behind = false;
		c->ring_offset = 0;
	}
	start(c);
	c->device->good(c);
}

void chaos_run(const struct chaos_device *device, const uint8_t *data, size_t size)
{
	static struct chaos chaos;
	struct chaos *c = &chaos;
	void (*act)(struct chaos *);
	uint8_t flags;

	memset(c, 0, sizeof(*c));
	c->in = (struct fuzz){ data, size };
	c->device = device;
	flags = fuzz_u8(&c->in);
	c->m = small_machine_new();
	if (flags & CHAOS_F_NO_BELLS)
		c->m->mh.fail_doorbell = -1;
	device->plug(c, fuzz_u8(&c->in));
	FUZZ_CHECK(!pci_assign(&c->m->pci));
	if (device->always_behind || (!device->never_behind && flags & CHAOS_F_BEHIND))
		chaos_put_behind(c);
	if (flags & CHAOS_F_INJECT)
		add_faults(c);
	c->protected = hash_protected(c);
	start(c);
	if (flags & CHAOS_F_RAW && !device->act)
		drv_reset(&c->d);
	act = device->act ? device->act : chaos_act;
	while (c->in.left)
		act(c);
	chaos_take_used(c);
	check_silence(c);
	check_arena(c);
	memset(c->m->high, SMALL_HIGH_FILL, c->high_may);
	FUZZ_CHECK(hash_protected(c) == c->protected);
	check_recovery(c);
	small_machine_free(c->m);
}
