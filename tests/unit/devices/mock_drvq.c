/* SPDX-License-Identifier: MIT */
/* The queues of the driver mock. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/devices/mock_driver.h"

/* Turns of the event loop that a request may take. */
#define WAIT_TURNS 300
#define WAIT_MS	   10

void drvq_alloc(struct drv *d, struct drvq *q, unsigned int index, uint16_t size)
{
	*q = (struct drvq){ .d = d, .index = index };
	drv_put(d, VIRTIO_PCI_COMMON_Q_SELECT, 2, index);
	q->max_size = (uint16_t)drv_get(d, VIRTIO_PCI_COMMON_Q_SIZE, 2);
	q->size = size ? size : q->max_size;
	q->desc = machine_alloc(d->m, VRING_DESC_BYTES(q->size + 1u), VRING_DESC_ALIGN);
	q->avail = machine_alloc(d->m, VRING_AVAIL_BYTES(q->size), VRING_AVAIL_ALIGN);
	q->used = machine_alloc(d->m, VRING_USED_BYTES(q->size), VRING_USED_ALIGN);
	q->bell = d->notify + d->notify_step * drv_get(d, VIRTIO_PCI_COMMON_Q_NOFF, 2);
}

bool drvq_enable(struct drvq *q)
{
	struct drv *d = q->d;

	drv_put(d, VIRTIO_PCI_COMMON_Q_SELECT, 2, q->index);
	drv_put(d, VIRTIO_PCI_COMMON_Q_SIZE, 2, q->size);
	drv_put(d, VIRTIO_PCI_COMMON_Q_DESCLO, 4, (uint32_t)q->desc);
	drv_put(d, VIRTIO_PCI_COMMON_Q_DESCHI, 4, q->desc >> 32);
	drv_put(d, VIRTIO_PCI_COMMON_Q_AVAILLO, 4, (uint32_t)q->avail);
	drv_put(d, VIRTIO_PCI_COMMON_Q_AVAILHI, 4, q->avail >> 32);
	drv_put(d, VIRTIO_PCI_COMMON_Q_USEDLO, 4, (uint32_t)q->used);
	drv_put(d, VIRTIO_PCI_COMMON_Q_USEDHI, 4, q->used >> 32);
	drv_put(d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1 + q->index);
	drv_put(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	return drv_get(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2) == 1;
}

void drv_queue(struct drv *d, struct drvq *q, unsigned int index, uint16_t size)
{
	drvq_alloc(d, q, index, size);
	assert_true(drvq_enable(q));
}

struct vring_desc *drvq_desc(struct drvq *q, unsigned int i)
{
	return machine_at(q->d->m, q->desc + i * sizeof(struct vring_desc),
			  sizeof(struct vring_desc));
}

struct vring_avail *drvq_avail(struct drvq *q)
{
	return machine_at(q->d->m, q->avail, VRING_AVAIL_BYTES(q->size));
}

struct vring_used *drvq_used(struct drvq *q)
{
	return machine_at(q->d->m, q->used, VRING_USED_BYTES(q->size));
}

void drvq_set_desc(struct drvq *q, unsigned int i, uint64_t addr, uint32_t len,
		   uint16_t flags, uint16_t next)
{
	*drvq_desc(q, i) = (struct vring_desc){ addr, len, flags, next };
}

void drv_fill_chain(struct vring_desc *table, const struct drv_seg *segs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		table[i] =
			(struct vring_desc){ .addr = segs[i].addr, .len = segs[i].len };
		if (segs[i].write)
			table[i].flags |= VRING_DESC_F_WRITE;
		if (i + 1 == n)
			break;
		table[i].flags |= VRING_DESC_F_NEXT;
		table[i].next = (le16)(i + 1);
	}
}

void drvq_offer(struct drvq *q, uint16_t head)
{
	struct vring_avail *avail = drvq_avail(q);

	avail->ring[q->avail_idx % q->size] = head;
	q->avail_idx++;
	__atomic_store_n(&avail->idx, q->avail_idx, __ATOMIC_RELEASE);
}

static uint16_t take_desc(struct drvq *q)
{
	uint16_t i = q->next_desc;

	q->next_desc = (uint16_t)((i + 1) % q->size);
	return i;
}

uint16_t drvq_add(struct drvq *q, const struct drv_seg *segs, unsigned int n)
{
	uint16_t head = q->next_desc;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t at = take_desc(q);
		uint16_t flags = segs[i].write ? VRING_DESC_F_WRITE : 0;

		if (i + 1 < n)
			flags |= VRING_DESC_F_NEXT;
		drvq_set_desc(q, at, segs[i].addr, segs[i].len, flags, q->next_desc);
	}
	drvq_offer(q, head);
	return head;
}

uint16_t drvq_add_indirect(struct drvq *q, const struct drv_seg *segs, unsigned int n,
			   uint64_t *table)
{
	uint64_t at = machine_alloc(q->d->m, (n + 1) * sizeof(struct vring_desc), 16);
	uint16_t head = take_desc(q);

	drv_fill_chain(machine_at(q->d->m, at, n * sizeof(struct vring_desc)), segs, n);
	drvq_set_desc(q, head, at, n * (uint32_t)sizeof(struct vring_desc),
		      VRING_DESC_F_INDIRECT, 0);
	drvq_offer(q, head);
	if (table)
		*table = at;
	return head;
}

void drvq_kick(struct drvq *q)
{
	machine_write(q->d->m, q->bell, 2, q->index);
	mock_host_run(&q->d->m->mh, WAIT_TURNS);
}

bool drvq_get(struct drvq *q, struct vring_used_elem *elem)
{
	struct vring_used *used = drvq_used(q);

	if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == q->last_used)
		return false;
	*elem = used->ring[q->last_used % q->size];
	q->last_used++;
	return true;
}

bool drvq_wait(struct drvq *q, struct vring_used_elem *elem)
{
	drvq_kick(q);
	for (unsigned int turn = 0; turn < WAIT_TURNS; turn++) {
		if (drvq_get(q, elem))
			return true;
		if (drv_status(q->d) & VIRTIO_CONFIG_S_NEEDS_RESET)
			return false;
		mock_host_poll(&q->d->m->mh, WAIT_MS);
	}
	return false;
}

struct mock_range drvq_used_range(const struct drvq *q)
{
	return (struct mock_range){ q->used, VRING_USED_BYTES(q->size) };
}
