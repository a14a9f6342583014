/* SPDX-License-Identifier: MIT */
/*
 * From a head to a chain: each descriptor is copied once, then checked, then kept.  What
 * other vCPUs write into the table meanwhile is either in the copy or was never there.
 *
 * Every descriptor adds a segment and a chain has at most as many as the queue has entries,
 * so loops end.  Whether a segment can be reached is not asked here: the DMA interface will,
 * when the model touches it.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "devices/virtio/virtq_ring.h"

struct walk {
	struct virtq *q;
	/* The table that `next` counts in: the queue's, or an indirect one. */
	uint64_t table;
	const char *host; /* NULL: read by DMA */
	unsigned int entries;
	bool indirect;
	/* What was found so far; segments are in q->scratch. */
	unsigned int nr_out, nr_in;
	uint64_t out_len, in_len;
};

static bool broken(const struct walk *w, unsigned int index, const char *what)
{
	virtio_broken(w->q->vd, "queue %u: %sdescriptor %u: %s", w->q->index,
		      w->indirect ? "indirect " : "", index, what);
	return false;
}

static bool fetch(const struct walk *w, unsigned int index, struct vring_desc *d)
{
	uint64_t offset = (uint64_t)index * sizeof(*d);

	if (!w->host)
		return !dma_read(w->q->vd->dma, w->table + offset, d, sizeof(*d)) ||
		       broken(w, index, "its table cannot be reached");
	memcpy(d, w->host + offset, sizeof(*d));
	/* The compiler must not read the table again in place of the copy. */
	__asm__ volatile("" : "+m"(*d));
	return true;
}

/* d->len is not 0. */
static bool wraps(const struct vring_desc *d)
{
	uint64_t last;

	return __builtin_add_overflow(d->addr, d->len - 1, &last);
}

static bool add_segment(struct walk *w, unsigned int index, const struct vring_desc *d)
{
	bool writable = d->flags & VRING_DESC_F_WRITE;
	unsigned int nr = w->nr_out + w->nr_in;

	if (nr == w->q->size)
		return broken(w, index, "the chain is longer than the queue or loops");
	if (!d->len)
		return broken(w, index, "length 0");
	if (wraps(d))
		return broken(w, index, "address and length pass 2^64");
	if (!writable && w->nr_in)
		return broken(w, index, "readable after a writable one");
	if (w->out_len + w->in_len + d->len > UINT32_MAX)
		return broken(w, index, "the chain's lengths pass 4 GiB");
	w->q->scratch[nr] = (struct dma_seg){ .iova = d->addr, .len = d->len };
	if (writable) {
		w->nr_in++;
		w->in_len += d->len;
	} else {
		w->nr_out++;
		w->out_len += d->len;
	}
	return true;
}

static bool enter_indirect(struct walk *w, unsigned int index, const struct vring_desc *d)
{
	struct dma_port *dma = w->q->vd->dma;

	if (!virtio_has(w->q->vd, VIRTIO_RING_F_INDIRECT_DESC))
		return broken(w, index, "INDIRECT was not negotiated");
	if (w->indirect)
		return broken(w, index, "an indirect table inside an indirect table");
	if (d->flags & VRING_DESC_F_NEXT)
		return broken(w, index, "INDIRECT together with NEXT");
	if (!d->len || d->len % sizeof(*d))
		return broken(w, index, "an indirect table of no whole descriptors");
	if (wraps(d))
		return broken(w, index, "its indirect table passes 2^64");
	w->table = d->addr;
	w->entries = d->len / sizeof(*d);
	w->host = dma_direct(dma, d->addr, d->len, DMA_READ);
	w->indirect = true;
	return true;
}

static bool follow(struct walk *w, unsigned int index)
{
	struct vring_desc d;

	for (;;) {
		if (!fetch(w, index, &d))
			return false;
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (!enter_indirect(w, index, &d))
				return false;
			index = 0;
			continue;
		}
		if (!add_segment(w, index, &d))
			return false;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return true;
		if (d.next >= w->entries)
			return broken(w, index, "next is outside the table");
		index = d.next;
	}
}

struct virtq_chain *virtq_read_chain(struct virtq *q, uint16_t head)
{
	struct walk w = { .q = q,
			  .table = q->area[VIRTQ_DESC].iova,
			  .host = virtq_host(&q->area[VIRTQ_DESC]),
			  .entries = q->size };
	struct virtq_chain *chain;
	size_t bytes;

	if (!follow(&w, head))
		return NULL;
	bytes = (size_t)(w.nr_out + w.nr_in) * sizeof(chain->seg[0]);
	chain = malloc(sizeof(*chain) + bytes);
	if (!chain) {
		virtio_broken(q->vd, "queue %u: out of memory for a chain", q->index);
		return NULL;
	}
	*chain = (struct virtq_chain){ .q = q,
				       .head = head,
				       .request = q->vd->dma->request,
				       .nr_out = (uint16_t)w.nr_out,
				       .nr_in = (uint16_t)w.nr_in,
				       .out_len = w.out_len,
				       .in_len = w.in_len };
	memcpy(chain->seg, q->scratch, bytes);
	return chain;
}
