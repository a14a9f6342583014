/* SPDX-License-Identifier: MIT */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <guest/virtio_ring.h>
#include "tests/host/host.h"
#include "tests/unit/guest/mock_virtio.h"

#define RING_FEATURES                                                               \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET) | \
	 VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) |                              \
	 VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX))

#define to_mock(v) container_of(v, struct mock_virtio, vdev)

static struct mock_virtio *plugged; /* the one whose memory is watched */

/* --- what the device holds --------------------------------------------------------------- */

static bool meets(const struct vring_desc *seg, dma_addr_t addr, size_t len)
{
	return seg->addr < addr + len && addr < seg->addr + seg->len;
}

static void check_not_held(struct mock_virtio *m, dma_addr_t addr, size_t len)
{
	for (unsigned int q = 0; q < MOCK_QUEUES; q++)
		for (unsigned int i = 0; i < m->queue[q].nr_held; i++) {
			const struct mock_chain *c = &m->queue[q].held[i];

			for (unsigned int k = 0; k < c->n; k++)
				m->stolen += meets(&c->seg[k], addr, len);
		}
}

static void observe(const struct dma_event *e)
{
	struct scatterlist *sg;
	int i;

	if (!plugged || e->dev != &plugged->bus)
		return;
	if (e->kind == DMA_EVENT_UNMAP || e->kind == DMA_EVENT_FREE)
		check_not_held(plugged, e->addr, e->size);
	if (e->kind != DMA_EVENT_UNMAP_SG)
		return;
	for_each_sg (e->sg, sg, e->nents, i) {
		check_not_held(plugged, sg_dma_address(sg), sg_dma_len(sg));
	}
}

/* --- the rings --------------------------------------------------------------------------- */

void *mock_virtio_at(const struct vring_desc *seg)
{
	return __va(seg->addr);
}

static void *area(dma_addr_t addr)
{
	return __va(addr);
}

static void read_chain(struct mock_chain *c, const struct vring_desc *table, u16 at)
{
	const struct vring_desc *d;

	do {
		d = &table[at];
		if (d->flags & VRING_DESC_F_INDIRECT) {
			read_chain(c, area(d->addr), 0);
			return;
		}
		if (c->n < MOCK_SEGS)
			c->seg[c->n++] = *d;
		at = d->next;
	} while (d->flags & VRING_DESC_F_NEXT);
}

static void take_new(struct mock_virtio *m, unsigned int index)
{
	struct mock_queue *q = &m->queue[index];
	const struct vring_avail *avail;
	struct vring_addresses at;

	vring_addresses(q->vq, &at);
	avail = area(at.avail);
	for (; q->seen != avail->idx && q->nr_held < MOCK_RING; q->seen++) {
		struct mock_chain c = { .head = avail->ring[q->seen % MOCK_RING],
					.queue = index };

		read_chain(&c, area(at.desc), c.head);
		for (unsigned int k = 0; k < c.n; k++)
			check_not_held(m, c.seg[k].addr, c.seg[k].len);
		q->held[q->nr_held++] = c;
	}
}

static void give_back(struct mock_queue *q, u16 head, u32 len)
{
	struct vring_addresses at;
	struct vring_used *used;

	vring_addresses(q->vq, &at);
	used = area(at.used);
	used->ring[q->used % MOCK_RING] = (struct vring_used_elem){ head, len };
	used->idx = ++q->used;
}

/* Answers what it holds, but for what it keeps; true when there was something. */
static bool answer(struct mock_virtio *m, struct mock_queue *q)
{
	unsigned int kept = 0, n = q->nr_held;

	for (unsigned int i = 0; i < n; i++) {
		struct mock_chain c = q->held[i];
		int len = m->serve(m, &c);

		if (len < 0)
			q->held[kept++] = c;
		else
			give_back(q, c.head, (u32)max(len - m->cut, 0));
	}
	q->nr_held = kept;
	return kept < n;
}

void mock_virtio_work(struct mock_virtio *m)
{
	for (unsigned int i = 0; i < m->nr_queues; i++) {
		struct mock_queue *q = &m->queue[i];

		if (!q->enabled)
			continue;
		take_new(m, i);
		if (m->silent || !answer(m, q) || m->mute)
			continue;
		host_irq_enter();
		vring_interrupt(q->vq);
		host_irq_exit();
	}
}

static void work(void *arg)
{
	mock_virtio_work(arg);
}

/* --- the transport ----------------------------------------------------------------------- */

static void get(struct virtio_device *vdev, unsigned int offset, void *buf,
		unsigned int len)
{
	memcpy(buf, to_mock(vdev)->config + offset, len);
}

static void set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		unsigned int len)
{
	if (!to_mock(vdev)->fixed)
		memcpy(to_mock(vdev)->config + offset, buf, len);
}

static u32 generation(struct virtio_device *vdev)
{
	(void)vdev;
	return 0;
}

static u8 get_status(struct virtio_device *vdev)
{
	return to_mock(vdev)->status;
}

static void set_status(struct virtio_device *vdev, u8 status)
{
	to_mock(vdev)->status = status;
}

static void forget(struct mock_queue *q)
{
	q->enabled = false;
	q->nr_held = 0;
}

static int reset(struct virtio_device *vdev)
{
	struct mock_virtio *m = to_mock(vdev);

	m->resets++;
	m->status = 0;
	for (unsigned int i = 0; i < MOCK_QUEUES; i++)
		forget(&m->queue[i]);
	return m->stuck ? -ETIMEDOUT : 0;
}

static u64 get_features(struct virtio_device *vdev)
{
	return (RING_FEATURES & ~to_mock(vdev)->without) | to_mock(vdev)->with;
}

static int finalize_features(struct virtio_device *vdev)
{
	(void)vdev;
	return 0;
}

static unsigned int num_queues(struct virtio_device *vdev)
{
	(void)vdev;
	return MOCK_QUEUES;
}

static void notify(struct virtqueue *vq)
{
	(void)vq; /* it looks by itself */
}

static int find_vqs(struct virtio_device *vdev, unsigned int n, struct virtqueue *vqs[],
		    vq_callback_t *callbacks[], const char *const names[])
{
	struct mock_virtio *m = to_mock(vdev);

	for (unsigned int i = 0; i < n; i++) {
		vqs[i] = vring_create(vdev, i, MOCK_RING, callbacks[i], names[i], notify);
		m->queue[i] = (struct mock_queue){ .vq = vqs[i], .enabled = true };
	}
	m->nr_queues = n;
	if (m->has_queues)
		m->has_queues();
	return 0;
}

static void del_vqs(struct virtio_device *vdev)
{
	struct mock_virtio *m = to_mock(vdev);

	for (unsigned int i = 0; i < m->nr_queues; i++)
		vring_destroy(m->queue[i].vq);
	m->nr_queues = 0;
}

static int reset_vq(struct virtqueue *vq)
{
	struct mock_virtio *m = to_mock(vq->vdev);
	struct mock_queue *q = &m->queue[vq->index];

	if (!virtio_has_feature(vq->vdev, VIRTIO_F_RING_RESET))
		return -EOPNOTSUPP;
	vring_break(vq);
	if (m->deaf)
		return -ETIMEDOUT;
	if (m->late)
		answer(m, q);
	forget(q);
	m->queue_resets++;
	return 0;
}

static int enable_vq(struct virtqueue *vq)
{
	vring_reinit(vq);
	to_mock(vq->vdev)->queue[vq->index] =
		(struct mock_queue){ .vq = vq, .enabled = true };
	return 0;
}

static const struct virtio_config_ops ops = {
	.get = get,
	.set = set,
	.generation = generation,
	.get_status = get_status,
	.set_status = set_status,
	.reset = reset,
	.find_vqs = find_vqs,
	.del_vqs = del_vqs,
	.get_features = get_features,
	.finalize_features = finalize_features,
	.reset_vq = reset_vq,
	.enable_vq = enable_vq,
	.num_queues = num_queues,
};

/* --- coming and going -------------------------------------------------------------------- */

/* A program may have no driver with an initcall. */
extern const initcall_t __start_initcall[] __attribute__((weak)),
	__stop_initcall[] __attribute__((weak));

int mock_virtio_drivers(void)
{
	int err = 0;

	for (const initcall_t *call = __start_initcall; call != __stop_initcall && !err;
	     call++)
		err = (*call)();
	return err;
}

void mock_virtio_plug(struct mock_virtio *m)
{
	m->mask = DMA_BIT_MASK(64);
	m->bus = (struct device){ .name = "mock",
				  .dma_mask = &m->mask,
				  .coherent_dma_mask = DMA_BIT_MASK(64) };
	dma_set_mask_and_coherent(&m->bus, DMA_BIT_MASK(64)); /* direct or bounced */
	m->vdev = (struct virtio_device){ .id = m->vdev.id,
					  .config = &ops,
					  .dev = { .parent = &m->bus } };
	m->silent = m->mute = m->late = m->deaf = m->stuck = m->fixed = false;
	m->cut = 0;
	m->queue_resets = m->resets = m->stolen = 0;
	plugged = m;
	dma_observer = observe;
	host_on_sleep(work, m);
	register_virtio_device(&m->vdev);
}

void mock_virtio_unplug(struct mock_virtio *m)
{
	unregister_virtio_device(&m->vdev);
	host_on_sleep(NULL, NULL);
	dma_observer = NULL;
	plugged = NULL;
}
