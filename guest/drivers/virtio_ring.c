/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue, the driver's side (virtio 1.2, section 2.7).
 *
 * The device can write to the used ring only, and what it writes there is checked.  The
 * descriptor table is ours to write: what it says about a chain is kept a second time in
 * memory that the device never sees (struct slot), and only that is believed when the chain
 * comes back.
 *
 * Buffers are mapped through the DMA API when they are added and unmapped when they return,
 * unless their owner mapped them.  A chain longer than INDIRECT_FROM goes into a table of
 * its own, which takes one descriptor here.
 */
#include <linux/atomic.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <abi/virtio_ring.h>
#include <linux/virtio_config.h>
#include <guest/virtio_ring.h>

#define INDIRECT_FROM 6U

/* What a descriptor of a chain lends to the device. */
struct lent {
	dma_addr_t addr;
	u32 len;
	u16 flags; /* VRING_DESC_F_* as the device got them */
	bool ours; /* mapped here, to be unmapped here */
};

/* A table of descriptors of its own, and what it lends. */
struct indirect {
	unsigned int n;
	dma_addr_t addr;
	struct vring_desc *desc;
	struct lent lent[];
};

/* One for each descriptor of the ring. */
struct slot {
	struct lent lent;
	u16 skip; /* the next of the chain or the free list is this + 1 + skip: so a list of all
		   * slots in their order is what zeroed memory says */
	u16 length; /* at a chain's head: descriptors it has, else 0 */
	void *data; /* at a chain's head: the driver's name for the request */
	struct indirect *indirect; /* at a chain's head, or NULL */
};

struct vring {
	struct virtqueue vq;
	void (*notify)(struct virtqueue *vq);
	struct device *dma_dev;
	unsigned int n; /* descriptors; a power of two */
	bool event_idx, use_indirect, broken;
	bool callbacks; /* wanted */

	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	le16 *used_event; /* behind avail */
	const le16 *avail_event; /* behind used */
	dma_addr_t dma; /* of desc; the others follow */
	size_t bytes;

	u16 free_head; /* vq.num_free of them, linked by slot.next */
	u16 avail_idx; /* chains offered, modulo 2^16 */
	u16 kicked_idx; /* of those, the device was told */
	u16 used_idx; /* chains taken back */
	struct slot slots[];
};

#define to_vring(q) container_of(q, struct vring, vq)

static size_t avail_offset(unsigned int n)
{
	return VRING_DESC_BYTES(n);
}

static size_t used_offset(unsigned int n)
{
	return ALIGN(avail_offset(n) + VRING_AVAIL_BYTES(n), (size_t)VRING_USED_ALIGN);
}

static u16 next_slot(const struct vring *r, u16 i)
{
	return (u16)(i + 1 + r->slots[i].skip);
}

static void set_next_slot(struct vring *r, u16 i, u16 next)
{
	r->slots[i].skip = (u16)(next - i - 1);
}

/* Rings and slots are all zero. */
static void start_state(struct vring *r)
{
	r->free_head = 0;
	r->avail_idx = 0;
	r->kicked_idx = 0;
	r->used_idx = 0;
	r->broken = false;
	r->vq.num_free = r->n;
	r->callbacks = r->vq.callback;
	if (!r->callbacks)
		r->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
}

struct virtqueue *vring_create(struct virtio_device *vdev, unsigned int index,
			       unsigned int n, void (*callback)(struct virtqueue *vq),
			       const char *name, void (*notify)(struct virtqueue *vq))
{
	struct vring *r = kzalloc(sizeof(*r) + n * sizeof(r->slots[0]), GFP_KERNEL);

	if (!r)
		return NULL;
	r->vq = (struct virtqueue){ .vdev = vdev,
				    .callback = callback,
				    .name = name,
				    .index = index,
				    .num_max = n };
	r->notify = notify;
	r->dma_dev = vdev->dev.parent;
	r->n = n;
	r->event_idx = virtio_has_feature(vdev, VIRTIO_RING_F_EVENT_IDX);
	r->use_indirect = virtio_has_feature(vdev, VIRTIO_RING_F_INDIRECT_DESC);
	r->bytes = used_offset(n) + VRING_USED_BYTES(n);
	r->desc = dma_alloc_coherent(r->dma_dev, r->bytes, &r->dma, GFP_KERNEL);
	if (!r->desc) {
		kfree(r);
		return NULL;
	}
	r->avail = (struct vring_avail *)((char *)r->desc + avail_offset(n));
	r->used = (struct vring_used *)((char *)r->desc + used_offset(n));
	r->used_event = (le16 *)((char *)r->avail + VRING_USED_EVENT_OFFSET(n));
	r->avail_event = (le16 *)((char *)r->used + VRING_AVAIL_EVENT_OFFSET(n));
	start_state(r);
	return &r->vq;
}

void vring_destroy(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);

	dma_free_coherent(r->dma_dev, r->bytes, r->desc, r->dma);
	kfree(r);
}

void vring_reinit(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);

	memset(r->desc, 0, r->bytes);
	memset(r->slots, 0, r->n * sizeof(r->slots[0]));
	start_state(r);
}

void vring_addresses(const struct virtqueue *vq, struct vring_addresses *a)
{
	const struct vring *r = to_vring((struct virtqueue *)(uintptr_t)vq);

	a->desc = r->dma;
	a->avail = r->dma + avail_offset(r->n);
	a->used = r->dma + used_offset(r->n);
}

unsigned int virtqueue_get_vring_size(const struct virtqueue *vq)
{
	return vq->num_max;
}

bool virtqueue_is_broken(const struct virtqueue *vq)
{
	return to_vring((struct virtqueue *)(uintptr_t)vq)->broken;
}

void vring_break(struct virtqueue *vq)
{
	to_vring(vq)->broken = true;
}

/* The device broke the rules: nothing it says of this queue is believed any more. */
static void *condemn(struct vring *r, const char *what, unsigned int value)
{
	r->broken = true;
	dev_err(&r->vq.vdev->dev, "queue %s: device %s %u; the queue is given up\n",
		r->vq.name, what, value);
	return NULL;
}

/* --- lending --------------------------------------------------------------------------- */

static void unmap(struct vring *r, const struct lent *l)
{
	if (l->ours)
		dma_unmap_page(r->dma_dev, l->addr, l->len,
			       l->flags & VRING_DESC_F_WRITE ? DMA_FROM_DEVICE
							     : DMA_TO_DEVICE);
}

/* Fills in what one list entry lends. */
static int lend(const struct vring *r, struct lent *l, const struct scatterlist *sg,
		u16 flags, bool premapped)
{
	l->flags = flags;
	l->ours = !premapped;
	if (premapped) {
		l->addr = sg_dma_address(sg);
		l->len = sg_dma_len(sg);
		return 0;
	}
	l->len = sg->length;
	l->addr = dma_map_page(r->dma_dev, sg_page(sg), sg->offset, sg->length,
			       flags & VRING_DESC_F_WRITE ? DMA_FROM_DEVICE
							  : DMA_TO_DEVICE);
	return dma_mapping_error(r->dma_dev, l->addr) ? -EIO : 0;
}

/* The entries of a request, one after the other: lists that the device reads, then lists
 * that it writes. */
struct cursor {
	struct scatterlist **lists;
	const unsigned int *nents; /* of each list; NULL: up to its end mark */
	unsigned int out, total; /* lists */
	unsigned int list; /* the next one */
	struct scatterlist *at; /* the next entry of the list before; NULL: none */
	unsigned int left; /* entries of that list from `at` on, where nents tells */
};

static __always_inline struct scatterlist *next_entry(struct cursor *c, u16 *flags)
{
	struct scatterlist *sg;

	while (!c->at) {
		if (c->list == c->total)
			return NULL;
		c->left = c->nents ? c->nents[c->list] : 0;
		c->at = c->lists[c->list++];
	}
	sg = c->at;
	*flags = c->list > c->out ? VRING_DESC_F_WRITE : 0;
	if (c->nents)
		c->at = --c->left ? sg + 1 : NULL;
	else
		c->at = sg_next(sg);
	return sg;
}

static unsigned int count_entries(const struct cursor *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->total; i++) {
		if (c->nents)
			n += c->nents[i];
		else
			for (struct scatterlist *sg = c->lists[i]; sg; sg = sg_next(sg))
				n++;
	}
	return n;
}

static void write_desc(struct vring_desc *d, const struct lent *l, u16 extra, u16 next)
{
	d->addr = l->addr;
	d->len = l->len;
	d->flags = l->flags | extra;
	d->next = next;
}

/* A chain in the ring's own table; the slots after free_head in their order. */
static int fill_direct(struct vring *r, struct cursor *c, unsigned int n)
{
	struct scatterlist *sg;
	u16 flags = 0, at = r->free_head;
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		struct lent *lent = &r->slots[at].lent;
		struct vring_desc *desc = &r->desc[at];

		sg = next_entry(c, &flags);
		err = lend(r, lent, sg, flags, c->nents);
		if (err)
			break;
		at = next_slot(r, at);
		write_desc(desc, lent, i + 1 < n ? VRING_DESC_F_NEXT : 0,
			   i + 1 < n ? at : 0);
	}
	if (err)
		for (at = r->free_head; i--; at = next_slot(r, at))
			unmap(r, &r->slots[at].lent);
	return err;
}

static void free_indirect(struct vring *r, struct indirect *table, unsigned int lent)
{
	for (unsigned int i = 0; i < lent; i++)
		unmap(r, &table->lent[i]);
	kfree(table->desc);
	kfree(table);
}

static struct indirect *new_indirect(unsigned int n, gfp_t gfp)
{
	struct indirect *t = kmalloc(sizeof(*t) + n * sizeof(t->lent[0]), gfp);

	if (!t)
		return NULL;
	t->n = n;
	t->desc = kmalloc(n * sizeof(t->desc[0]), gfp);
	if (!t->desc) {
		kfree(t);
		return NULL;
	}
	return t;
}

static int fill_indirect(struct vring *r, struct cursor *c, unsigned int n, gfp_t gfp)
{
	struct indirect *t = new_indirect(n, gfp);
	struct slot *head = &r->slots[r->free_head];
	struct scatterlist *sg;
	unsigned int i;
	u16 flags = 0;

	if (!t)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		sg = next_entry(c, &flags);
		if (lend(r, &t->lent[i], sg, flags, c->nents))
			goto undo;
		write_desc(&t->desc[i], &t->lent[i], i + 1 < n ? VRING_DESC_F_NEXT : 0,
			   (u16)(i + 1 < n ? i + 1 : 0));
	}
	t->addr = dma_map_single(r->dma_dev, t->desc, n * sizeof(t->desc[0]),
				 DMA_TO_DEVICE);
	if (dma_mapping_error(r->dma_dev, t->addr))
		goto undo;
	head->indirect = t;
	head->lent = (struct lent){ .addr = t->addr,
				    .len = (u32)(n * sizeof(t->desc[0])),
				    .flags = VRING_DESC_F_INDIRECT,
				    .ours = true };
	write_desc(&r->desc[r->free_head], &head->lent, 0, 0);
	return 0;
undo:
	free_indirect(r, t, i);
	return -EIO;
}

/* The first n free descriptors have become a chain: offers it. */
static void publish(struct vring *r, unsigned int n, void *data)
{
	u16 head = r->free_head;

	r->slots[head].data = data;
	r->slots[head].length = (u16)n;
	for (unsigned int i = 0; i < n; i++)
		r->free_head = next_slot(r, r->free_head);
	r->vq.num_free -= n;
	r->avail->ring[r->avail_idx & (r->n - 1)] = head;
	r->avail_idx++;
	smp_store_release(&r->avail->idx, r->avail_idx);
}

static int add(struct virtqueue *vq, struct cursor *c, void *data, gfp_t gfp)
{
	struct vring *r = to_vring(vq);
	unsigned int n = count_entries(c);
	bool indirect = r->use_indirect && (n >= INDIRECT_FROM || n > vq->num_free);
	unsigned int taken = indirect ? 1 : n;
	int err;

	if (r->broken)
		return -EIO;
	if (WARN_ON(!n || !data || n > VRING_MAX_SIZE))
		return -EINVAL;
	if (vq->num_free < taken || n > r->n)
		return -ENOSPC;
	err = indirect ? fill_indirect(r, c, n, gfp) : fill_direct(r, c, n);
	if (!err)
		publish(r, taken, data);
	return err;
}

int virtqueue_add_sgs(struct virtqueue *vq, struct scatterlist *sgs[], unsigned int out,
		      unsigned int in, void *data, gfp_t gfp)
{
	struct cursor c = { .lists = sgs, .out = out, .total = out + in };

	return add(vq, &c, data, gfp);
}

int virtqueue_add_sgs_premapped(struct virtqueue *vq, struct scatterlist *sgs[],
				const unsigned int nents[], unsigned int out,
				unsigned int in, void *data, gfp_t gfp)
{
	struct cursor c = { .lists = sgs, .nents = nents, .out = out, .total = out + in };

	return add(vq, &c, data, gfp);
}

int virtqueue_add_outbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int n,
			 void *data, gfp_t gfp)
{
	(void)n;
	return virtqueue_add_sgs(vq, &sg, 1, 0, data, gfp);
}

int virtqueue_add_inbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int n,
			void *data, gfp_t gfp)
{
	(void)n;
	return virtqueue_add_sgs(vq, &sg, 0, 1, data, gfp);
}

/* --- telling the device ---------------------------------------------------------------- */

bool virtqueue_kick_prepare(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);
	u16 old = r->kicked_idx, new = r->avail_idx;

	/* Said even where no doorbell is needed: the device is at it already. */
	dma_transfer_started(r->dma_dev, vq->index, old, (u16)(new - old), DMA_CALLER);
	/* The index is out before we look whether the device sleeps. */
	smp_mb();
	r->kicked_idx = new;
	if (r->event_idx)
		return (u16)(new - READ_ONCE(*r->avail_event) - 1) < (u16)(new - old);
	return !(READ_ONCE(r->used->flags) & VRING_USED_F_NO_NOTIFY);
}

bool virtqueue_notify(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);

	if (r->broken)
		return false;
	r->notify(vq);
	return true;
}

bool virtqueue_kick(struct virtqueue *vq)
{
	return virtqueue_kick_prepare(vq) ? virtqueue_notify(vq) : true;
}

/* --- taking back ----------------------------------------------------------------------- */

/* The chain comes back to the free list; what it was called. */
static void *take_back(struct vring *r, u16 head)
{
	struct slot *s = &r->slots[head];
	unsigned int n = s->length;
	void *data = s->data;
	u16 last = head;

	s->length = 0;
	s->data = NULL;
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			last = next_slot(r, last);
		unmap(r, &r->slots[last].lent);
	}
	if (s->indirect) {
		free_indirect(r, s->indirect, s->indirect->n);
		s->indirect = NULL;
	}
	set_next_slot(r, last, r->free_head);
	r->free_head = head;
	r->vq.num_free += n;
	return data;
}

static bool more_used(const struct vring *r)
{
	return smp_load_acquire(&r->used->idx) != r->used_idx;
}

/* Asks for an interrupt at the next used chain; a device that interrupts from then on and
 * one that used a chain before are told apart by looking again. */
static void arm_callbacks(struct vring *r)
{
	if (r->event_idx)
		WRITE_ONCE(*r->used_event, r->used_idx);
	smp_mb();
}

void *virtqueue_get_buf(struct virtqueue *vq, unsigned int *len)
{
	struct vring *r = to_vring(vq);
	struct vring_used_elem e;
	u16 pending;

	if (r->broken || !more_used(r))
		return NULL;
	pending = (u16)(READ_ONCE(r->used->idx) - r->used_idx);
	if (pending > r->n)
		return condemn(r, "moved the used index too far, by", pending);
	e.id = READ_ONCE(r->used->ring[r->used_idx & (r->n - 1)].id);
	e.len = READ_ONCE(r->used->ring[r->used_idx & (r->n - 1)].len);
	if (e.id >= r->n || !r->slots[e.id].length)
		return condemn(r, "returned a request it does not have,", e.id);
	r->used_idx++;
	*len = e.len;
	if (r->callbacks)
		arm_callbacks(r);
	return take_back(r, (u16)e.id);
}

void virtqueue_disable_cb(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);

	r->callbacks = false;
	if (r->event_idx)
		/* A place it reaches only after the whole ring. */
		WRITE_ONCE(*r->used_event, (u16)(r->used_idx - 1));
	else
		WRITE_ONCE(r->avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
}

bool virtqueue_enable_cb(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);

	r->callbacks = true;
	if (!r->event_idx)
		WRITE_ONCE(r->avail->flags, 0);
	arm_callbacks(r);
	return !more_used(r);
}

void *virtqueue_detach_unused_buf(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);

	for (unsigned int i = 0; i < r->n; i++)
		if (r->slots[i].length)
			return take_back(r, (u16)i);
	return NULL;
}

int virtqueue_reset(struct virtqueue *vq,
		    void (*recycle)(struct virtqueue *vq, void *data))
{
	const struct virtio_config_ops *config = vq->vdev->config;
	void *data;
	int err;

	/* The device needs more than that. */
	if (config->get_status(vq->vdev) & VIRTIO_CONFIG_S_NEEDS_RESET)
		return -EIO;
	err = config->reset_vq(vq);
	if (err)
		return err;
	while ((data = virtqueue_detach_unused_buf(vq)))
		recycle(vq, data);
	return config->enable_vq(vq);
}

bool vring_interrupt(struct virtqueue *vq)
{
	struct vring *r = to_vring(vq);

	if (r->broken || !more_used(r))
		return false;
	if (vq->callback)
		vq->callback(vq);
	return true;
}
