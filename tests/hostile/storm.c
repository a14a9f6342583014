/* SPDX-License-Identifier: MIT */
/*
 * Case 40 for the sake of the others: requests without end, every doorbell, interrupts that
 * are never taken.  It ends when somebody ends the machine.
 */
#include "tests/hostile/hostile.h"

#define BELLS  8u
#define VECTOR 0x50u

static void offer_again(struct device *d, unsigned int together)
{
	if (__atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE) != d->avail_idx)
		return;
	d->avail_idx = (uint16_t)(d->avail_idx + together);
	__atomic_store_n(&d->avail->idx, d->avail_idx, __ATOMIC_RELEASE);
}

/* The device with a full ring of heads; how many at once. */
static unsigned int fill_ring(struct device *d, const struct target *t)
{
	struct attack a = { .d = d, .t = t };

	d->queue = t->queue;
	if (!device_begin(d, 0) || !queue_enable(d))
		return 0;
	msix_enable(d, PV_LAPIC_BASE, VECTOR);
	put(d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
	device_go(d);
	a.n = t->request(d, a.seg);
	return offer_many(&a);
}

void storm(struct device *devices, unsigned int n)
{
	unsigned int together[32] = { 0 };

	arena_clear();
	for (unsigned int i = 0; i < n; i++)
		if (target_of(devices[i].id))
			together[i] = fill_ring(&devices[i], target_of(devices[i].id));
	say("the storm begins\n");
	for (;;) {
		for (unsigned int i = 0; i < n; i++) {
			struct device *d = &devices[i];

			if (!together[i])
				continue;
			offer_again(d, together[i]);
			for (unsigned int b = 0; b < BELLS; b++)
				reg_write(d->notify + b * (uint64_t)d->notify_step, 2, b);
		}
	}
}
