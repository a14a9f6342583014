/* SPDX-License-Identifier: MIT */
/*
 * The rings themselves: indices, heads in flight, used elements, who wants to be told.
 * Descriptor chains are in virtq_chain.c.
 *
 * A ring lies at I/O addresses.  While it is one piece of RAM the host's pointer is kept in
 * a window of the DMA port; otherwise each word goes through the DMA interface.  Words that
 * both sides use at once are loaded and stored whole.
 */
#include "devices/virtio/virtq_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/inject/inject.h"
#include "devices/virtio/virtio.h"

#define IN_FLIGHT_WORDS (VIRTQ_MAX_SIZE / 64)

/* Offsets in the available and in the used ring */
#define RING_FLAGS 0u
#define RING_IDX   2u
#define RING_START 4u

int virtq_init(struct virtq *q, struct virtio_dev *vd, unsigned int index,
	       uint16_t max_size)
{
	*q = (struct virtq){ .vd = vd, .index = (uint16_t)index, .max_size = max_size };
	q->in_flight = calloc(IN_FLIGHT_WORDS, sizeof(*q->in_flight));
	q->scratch = calloc(max_size, sizeof(*q->scratch));
	if (!q->in_flight || !q->scratch)
		return -ENOMEM;
	virtq_stop(q);
	return 0;
}

void virtq_fini(struct virtq *q)
{
	free(q->in_flight);
	free(q->scratch);
	q->in_flight = NULL;
	q->scratch = NULL;
}

void virtq_start(struct virtq *q)
{
	for (unsigned int i = 0; i < VIRTQ_AREAS; i++) {
		struct virtq_area *a = &q->area[i];

		dma_window_open(&a->window, q->vd->dma, a->iova, a->bytes, a->dir);
	}
	q->enabled = true;
}

void virtq_stop(struct virtq *q)
{
	for (unsigned int i = 0; i < VIRTQ_AREAS; i++)
		dma_window_close(&q->area[i].window);
	q->enabled = false;
	q->size = q->max_size;
	q->area[VIRTQ_DESC] = (struct virtq_area){ .dir = DMA_READ };
	q->area[VIRTQ_AVAIL] = (struct virtq_area){ .dir = DMA_READ };
	q->area[VIRTQ_USED] = (struct virtq_area){ .dir = DMA_WRITE };
	q->last_avail = 0;
	q->used_idx = 0;
	q->signalled_used = 0;
	q->notify_off = false;
	q->nr_in_flight = 0;
	memset(q->in_flight, 0, IN_FLIGHT_WORDS * sizeof(*q->in_flight));
}

static bool overlap(const struct virtq_area *a, const struct virtq_area *b)
{
	return a->iova < b->iova ? b->iova - a->iova < a->bytes
				 : a->iova - b->iova < b->bytes;
}

static bool area_reachable(const struct virtq *q, const struct virtq_area *a)
{
	return dma_reachable(q->vd->dma, a->iova, a->bytes, a->dir) == a->bytes;
}

const char *virtq_check(struct virtq *q, bool event_idx)
{
	struct virtq_area *desc = &q->area[VIRTQ_DESC], *avail = &q->area[VIRTQ_AVAIL],
			  *used = &q->area[VIRTQ_USED];
	uint32_t event_bytes = event_idx ? sizeof(le16) : 0;
	uint32_t n = q->size;

	if (!n || (n & (n - 1)) || n > q->max_size)
		return "its size is not a power of two up to the maximum";
	desc->bytes = n * sizeof(struct vring_desc);
	avail->bytes = sizeof(struct vring_avail) + n * sizeof(le16) + event_bytes;
	used->bytes = sizeof(struct vring_used) + n * sizeof(struct vring_used_elem) +
		      event_bytes;
	if (desc->iova % VRING_DESC_ALIGN || avail->iova % VRING_AVAIL_ALIGN ||
	    used->iova % VRING_USED_ALIGN)
		return "a ring is not aligned";
	if (overlap(desc, avail) || overlap(desc, used) || overlap(avail, used))
		return "its rings overlap";
	for (unsigned int i = 0; i < VIRTQ_AREAS; i++)
		if (!area_reachable(q, &q->area[i]))
			return "a ring is outside memory";
	return NULL;
}

void *virtq_host(struct virtq_area *area)
{
	if (!area->window.fresh)
		dma_window_refresh(&area->window);
	return area->window.host;
}

static bool unreachable(struct virtq *q)
{
	virtio_broken(q->vd, "queue %u: a ring cannot be reached any more", q->index);
	return false;
}

/* Loads a word of the available ring. */
static bool load16(struct virtq *q, uint32_t offset, uint16_t *value)
{
	struct virtq_area *a = &q->area[VIRTQ_AVAIL];
	const char *host = virtq_host(a);

	if (host) {
		const uint16_t *at = (const void *)(host + offset);

		*value = __atomic_load_n(at, __ATOMIC_ACQUIRE);
		return true;
	}
	q->vd->dma->request = DMA_NO_REQUEST;
	return !dma_read(q->vd->dma, a->iova + offset, value, sizeof(*value)) ||
	       unreachable(q);
}

/* Stores a word of the used ring. */
static bool store16(struct virtq *q, uint32_t offset, uint16_t value)
{
	struct virtq_area *a = &q->area[VIRTQ_USED];
	char *host = virtq_host(a);

	if (host) {
		uint16_t *at = (void *)(host + offset);

		__atomic_store_n(at, value, __ATOMIC_RELEASE);
		return true;
	}
	q->vd->dma->request = DMA_NO_REQUEST;
	return !dma_write(q->vd->dma, a->iova + offset, &value, sizeof(value)) ||
	       unreachable(q);
}

static bool store_elem(struct virtq *q, struct vring_used_elem elem)
{
	struct virtq_area *a = &q->area[VIRTQ_USED];
	uint32_t offset = RING_START + q->used_idx % q->size * sizeof(elem);
	char *host = virtq_host(a);

	if (host) {
		memcpy(host + offset, &elem, sizeof(elem));
		return true;
	}
	q->vd->dma->request = DMA_NO_REQUEST;
	return !dma_write(q->vd->dma, a->iova + offset, &elem, sizeof(elem)) ||
	       unreachable(q);
}

static bool is_in_flight(const struct virtq *q, uint16_t head)
{
	return q->in_flight[head / 64] >> head % 64 & 1;
}

static void set_in_flight(struct virtq *q, uint16_t head)
{
	q->in_flight[head / 64] |= 1ull << head % 64;
	q->nr_in_flight++;
}

static void clear_in_flight(struct virtq *q, uint16_t head)
{
	q->in_flight[head / 64] &= ~(1ull << head % 64);
	q->nr_in_flight--;
}

/* The head at q->last_avail.  False: there is none, or the device broke. */
static bool next_head(struct virtq *q, uint16_t *head)
{
	uint16_t idx, ahead;

	if (!load16(q, RING_IDX, &idx))
		return false;
	ahead = (uint16_t)(idx - q->last_avail);
	if (!ahead)
		return false;
	if (ahead > q->size) {
		virtio_broken(q->vd,
			      "queue %u: available index %u is not within %u of %u",
			      q->index, idx, q->size, q->last_avail);
		return false;
	}
	if (!load16(q, RING_START + q->last_avail % q->size * sizeof(le16), head))
		return false;
	if (*head >= q->size) {
		virtio_broken(q->vd, "queue %u: available head %u of a queue of %u",
			      q->index, *head, q->size);
		return false;
	}
	if (is_in_flight(q, *head)) {
		virtio_broken(q->vd, "queue %u: head %u offered again while in flight",
			      q->index, *head);
		return false;
	}
	return true;
}

struct virtq_chain *virtq_pop(struct virtq *q)
{
	struct virtq_chain *chain;
	uint16_t head;

	if (!q->enabled || !virtio_running(q->vd) || !next_head(q, &head))
		return NULL;
	q->vd->dma->request = dma_request_of(q->index, q->last_avail);
	chain = virtq_read_chain(q, head);
	if (!chain)
		return NULL;
	q->last_avail++;
	set_in_flight(q, head);
	q->count.popped++;
	return chain;
}

void virtq_unpop(struct virtq_chain *chain)
{
	struct virtq *q = chain->q;

	q->last_avail--;
	q->count.popped--;
	virtq_drop(chain);
}

void virtq_drop(struct virtq_chain *chain)
{
	clear_in_flight(chain->q, chain->head);
	free(chain);
}

void virtq_push(struct virtq_chain *chain, uint32_t written)
{
	struct inject *inject = chain->q->vd->dma->inject;

	if (!inject || !inject_completion(inject, chain, &written))
		virtq_complete(chain, written);
}

void virtq_complete(struct virtq_chain *chain, uint32_t written)
{
	struct virtq *q = chain->q;
	struct vring_used_elem elem = {
		.id = chain->head,
		.len = written < chain->in_len ? written : (uint32_t)chain->in_len,
	};

	virtq_drop(chain);
	if (!q->enabled || !virtio_live(q->vd) || !store_elem(q, elem))
		return;
	if (store16(q, RING_IDX, (uint16_t)(q->used_idx + 1))) {
		q->used_idx++;
		q->count.pushed++;
	}
}

/*
 * Does the driver want to hear of the used elements since signalled_used?  The fence makes
 * the new index visible before the driver's wish is read; the driver does the same the
 * other way round, so one of the two sees the other.
 */
static bool wants_signal(struct virtq *q)
{
	uint16_t old = q->signalled_used, now = q->used_idx;
	uint16_t value;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (virtio_has(q->vd, VIRTIO_RING_F_EVENT_IDX)) {
		if (!load16(q, VRING_USED_EVENT_OFFSET(q->size), &value))
			return false;
		return (uint16_t)(now - value - 1) < (uint16_t)(now - old);
	}
	if (!load16(q, RING_FLAGS, &value))
		return false;
	return !(value & VRING_AVAIL_F_NO_INTERRUPT);
}

void virtq_signal(struct virtq *q)
{
	bool wanted;

	if (!q->enabled || !virtio_live(q->vd) || q->signalled_used == q->used_idx)
		return;
	wanted = wants_signal(q);
	q->signalled_used = q->used_idx;
	if (!wanted)
		return;
	q->count.interrupts++;
	q->vd->transport->queue_interrupt(q->vd, q);
}

void virtq_notify_off(struct virtq *q)
{
	if (!q->enabled || !virtio_live(q->vd) || q->notify_off)
		return;
	q->notify_off = true;
	/* With EVENT_IDX the event stays behind the driver's index: that is off. */
	if (!virtio_has(q->vd, VIRTIO_RING_F_EVENT_IDX))
		store16(q, RING_FLAGS, VRING_USED_F_NO_NOTIFY);
}

bool virtq_notify_on(struct virtq *q)
{
	uint16_t idx;
	bool stored;

	if (!q->enabled || !virtio_live(q->vd))
		return false;
	q->notify_off = false;
	if (virtio_has(q->vd, VIRTIO_RING_F_EVENT_IDX))
		stored = store16(q, VRING_AVAIL_EVENT_OFFSET(q->size), q->last_avail);
	else
		stored = store16(q, RING_FLAGS, 0);
	/* The wish is visible before the index is read again. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return stored && load16(q, RING_IDX, &idx) && idx != q->last_avail;
}

void virtq_process(struct virtq *q, bool (*handle)(void *arg, struct virtq_chain *chain),
		   void *arg)
{
	unsigned int budget = q->size;
	struct virtq_chain *chain;
	bool more = true;

	do {
		virtq_notify_off(q);
		while (more && (chain = virtq_pop(q))) {
			more = handle(arg, chain);
			if (more && --budget == 0) {
				budget = q->size;
				more = !q->vd->transport->requeue(q->vd, q);
			}
		}
	} while (virtq_notify_on(q) && more && virtio_running(q->vd));
	virtq_signal(q);
}

struct dma_cursor virtq_readable(const struct virtq_chain *chain)
{
	chain->q->vd->dma->request = chain->request;
	return dma_cursor(chain->q->vd->dma, DMA_READ, chain->seg, chain->nr_out);
}

struct dma_cursor virtq_writable(const struct virtq_chain *chain)
{
	chain->q->vd->dma->request = chain->request;
	return dma_cursor(chain->q->vd->dma, DMA_WRITE, chain->seg + chain->nr_out,
			  chain->nr_in);
}
