/* SPDX-License-Identifier: MIT */
/*
 * Faults of completions.  A chain that waits here is still in flight: the driver does not
 * get it back, and the core finds it in a drain.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "devices/inject/inject_internal.h"
#include "devices/virtio/virtq_ring.h"

#define NS_PER_MS 1000000ull

/* --- holding back ------------------------------------------------------------------------- */

static bool hold(struct inject *in, struct virtq_chain *chain, uint32_t written,
		 uint64_t ms, bool until_next)
{
	struct inject_held *h = calloc(1, sizeof(*h));

	if (!h)
		return false;
	*h = (struct inject_held){ .next = in->held,
				   .chain = chain,
				   .written = written,
				   .due_ns = inject_clock_ns() + ms * NS_PER_MS,
				   .until_next = until_next };
	in->held = h;
	inject_set_timer(in);
	return true;
}

/* Completes the one at *link, which leaves the list.  Signalling is the caller's. */
static void let_go(struct inject_held **link)
{
	struct inject_held *h = *link;

	*link = h->next;
	virtq_complete(h->chain, h->written);
	free(h);
}

/* Oldest last in the list: so those that waited longest come last too, which is as good. */
void inject_complete_due(struct inject *in, uint64_t now_ns)
{
	struct inject_held **link = &in->held;

	while (*link) {
		struct virtq *q = (*link)->chain->q;

		if ((*link)->due_ns > now_ns) {
			link = &(*link)->next;
			continue;
		}
		let_go(link);
		virtq_signal(q);
	}
}

void inject_drain(struct inject *in, const struct virtq *q)
{
	struct inject_held **link = &in->held;

	while (*link) {
		struct virtq *of = (*link)->chain->q;

		if (q && of != q) {
			link = &(*link)->next;
			continue;
		}
		let_go(link);
		virtq_signal(of);
	}
	inject_set_timer(in);
}

/* Those of the queue that waited for the one that has just been completed. */
static void complete_overtaken(struct inject *in, const struct virtq *q)
{
	struct inject_held **link = &in->held;

	while (*link)
		if ((*link)->until_next && (*link)->chain->q == q)
			let_go(link);
		else
			link = &(*link)->next;
}

static bool is_waited_for(const struct inject *in, const struct virtq *q)
{
	for (const struct inject_held *h = in->held; h; h = h->next)
		if (h->until_next && h->chain->q == q)
			return true;
	return false;
}

/* --- what is wrong with the bytes --------------------------------------------------------- */

static int invert(void *arg, void *piece, uint64_t len)
{
	const uint8_t *mask = arg;
	uint8_t *byte = piece;

	(void)len;
	*byte ^= *mask;
	return 0;
}

static void flip(struct inject *in, const struct virtq_chain *chain, uint32_t written)
{
	struct dma_cursor c = virtq_writable(chain);
	uint64_t bit;
	uint8_t mask;

	if (!written || !inject_now(in, INJECT_FLIP))
		return;
	bit = inject_random(in, INJECT_FLIP, (uint64_t)written * 8);
	mask = (uint8_t)(1u << bit % 8);
	dma_cursor_skip(&c, bit / 8);
	dma_cursor_walk(&c, 1, invert, &mask);
	inject_tell(in, INJECT_FLIP,
		    "bit %" PRIu64 " of byte %" PRIu64 " of %" PRIu32 ", queue %u",
		    bit % 8, bit / 8, written, chain->q->index);
}

static void fail(struct inject *in, const struct virtq_chain *chain, uint32_t *written)
{
	const struct virtio_status *s = in->vd->model->status;
	struct dma_cursor c = virtq_writable(chain);

	if (!s || c.left < s->size || c.left < s->from_end ||
	    !inject_now(in, INJECT_ERROR))
		return;
	if (s->size) {
		dma_cursor_skip(&c, s->from_end ? c.left - s->from_end : 0);
		dma_cursor_write(&c, &s->error, s->size);
	} else {
		*written = 0;
	}
	inject_tell(in, INJECT_ERROR, "queue %u, head %u", chain->q->index, chain->head);
}

static void shorten(struct inject *in, const struct virtq_chain *chain, uint32_t *written)
{
	uint32_t all = *written;

	if (!all || !inject_now(in, INJECT_SHORT))
		return;
	*written = (uint32_t)inject_random(in, INJECT_SHORT, all);
	inject_tell(in, INJECT_SHORT, "%" PRIu32 " of %" PRIu32 " bytes, queue %u",
		    *written, all, chain->q->index);
}

/* --- when --------------------------------------------------------------------------------- */

static void leave(struct inject *in)
{
	if (!inject_now(in, INJECT_GONE))
		return;
	inject_tell(in, INJECT_GONE, "the device goes");
	in->leaving = true;
	inject_set_timer(in);
}

static bool delay(struct inject *in, struct virtq_chain *chain, uint32_t written)
{
	struct virtq *q = chain->q;
	uint64_t ms;

	if (is_waited_for(in, q)) {
		virtq_complete(chain, written);
		complete_overtaken(in, q);
		return true;
	}
	if (inject_now(in, INJECT_REORDER) &&
	    hold(in, chain, written, INJECT_REORDER_MS, true)) {
		inject_tell(in, INJECT_REORDER, "queue %u, head %u waits for the next",
			    q->index, chain->head);
		return true;
	}
	if (!inject_now(in, INJECT_LATE))
		return false;
	ms = 1 + inject_random(in, INJECT_LATE, INJECT_LATE_MS);
	if (!hold(in, chain, written, ms, false))
		return false;
	inject_tell(in, INJECT_LATE, "queue %u, head %u after %" PRIu64 " ms", q->index,
		    chain->head, ms);
	return true;
}

bool inject_completion(struct inject *in, struct virtq_chain *chain, uint32_t *written)
{
	/* A queue that was stopped gets nothing back: the core drops the chain. */
	if (!chain->q->enabled || !virtio_running(in->vd))
		return false;
	flip(in, chain, *written);
	fail(in, chain, written);
	shorten(in, chain, written);
	leave(in);
	return delay(in, chain, *written);
}
