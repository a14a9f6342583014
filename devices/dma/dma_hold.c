/* SPDX-License-Identifier: MIT */
/*
 * Holds: ranges that asynchronous I/O works on.  A hold remembers which pieces of I/O space
 * it covers, not where they were: that was settled when it began.
 */
#include <errno.h>

#include "devices/dma/dma_internal.h"
#include "devices/probe.h"

/* Where a stream of segments is being taken apart. */
struct stream {
	const struct dma_seg *seg;
	uint64_t offset, left;
};

/* The next piece that lies in one segment; false at the end. */
static bool next_piece(struct stream *s, uint64_t *iova, uint64_t *len)
{
	uint64_t n;

	if (!s->left)
		return false;
	n = s->seg->len - s->offset;
	*iova = s->seg->iova + s->offset;
	*len = n < s->left ? n : s->left;
	s->left -= *len;
	s->seg++;
	s->offset = 0;
	return true;
}

static struct stream pieces_of(const struct dma_hold *hold)
{
	return (struct stream){ hold->seg, hold->offset, hold->len };
}

/* --- taking host memory ------------------------------------------------------------------ */

struct iov_list {
	struct iovec *iov;
	unsigned int nr, max;
};

static bool add_step(struct iov_list *list, const struct dma_step *step)
{
	struct iovec *last = list->nr ? &list->iov[list->nr - 1] : NULL;

	if (last && (char *)last->iov_base + last->iov_len == step->host)
		last->iov_len += step->len;
	else if (list->nr < list->max)
		list->iov[list->nr++] = (struct iovec){ step->host, step->len };
	else
		return false;
	return true;
}

/* As much of the plan's range as there is room for: bytes. */
static uint64_t take_planned(struct dma_port *port, const struct dma_plan *plan,
			     struct iov_list *list)
{
	const struct dma_access *a = &plan->access;
	struct dma_step step = plan->first;
	enum dma_reason reason;
	uint64_t done = 0;

	while (done < a->reached) {
		if (done && !dma_translate(port, a->iova + done, a->reached - done,
					   a->dir, &step, &reason))
			break;
		if (!add_step(list, &step))
			break;
		done += step.len;
	}
	return done;
}

/* What the witness is told of a piece: the hold reaches all that it covers. */
static struct dma_access access_of(const struct dma_hold *hold, uint64_t iova,
				   uint64_t len)
{
	return (struct dma_access){ iova, len, len, hold->dir, NULL };
}

static void begin(struct dma_port *port, struct dma_hold *hold)
{
	struct stream s = pieces_of(hold);
	uint64_t iova, len;

	hold->port = port;
	hold->next = port->holds;
	hold->link = &port->holds;
	hold->epoch = port->translator ? port->translator->epoch : 0;
	if (hold->next)
		hold->next->link = &hold->next;
	port->holds = hold;
	dma_account(port, hold->dir, hold->len);
	while (port->witness && next_piece(&s, &iova, &len)) {
		struct dma_access a = access_of(hold, iova, len);

		dma_witness_begin(port, &a);
	}
}

static int refuse(struct dma_port *port, const struct dma_plan *plan)
{
	dma_witness_begin(port, &plan->access);
	dma_witness_end(port, &plan->access);
	return dma_plan_fault(port, plan);
}

/* Fills the list from the stream, up to where there is no more room or no more memory. */
static int take_stream(struct dma_port *port, struct stream s, enum dma_dir dir,
		       struct iov_list *list, uint64_t *mapped)
{
	uint64_t iova, len, taken;
	struct dma_plan plan;

	do {
		if (!next_piece(&s, &iova, &len))
			break;
		dma_plan(port, iova, len, dir, &plan);
		if (!plan.access.reached && !*mapped)
			return refuse(port, &plan);
		taken = take_planned(port, &plan, list);
		PROBE(dma_access, port->name, port->endpoint, iova, len, dir, taken);
		*mapped += taken;
	} while (taken == len);
	return 0;
}

int dma_map_segs(struct dma_port *port, struct dma_hold *hold, const struct dma_seg *seg,
		 uint64_t offset, uint64_t len, enum dma_dir dir, struct iovec *iov,
		 unsigned int max, uint64_t *mapped)
{
	struct iov_list list = { .iov = iov, .max = max };
	int err;

	*mapped = 0;
	if (!len)
		return -EINVAL;
	err = take_stream(port, (struct stream){ seg, offset, len }, dir, &list, mapped);
	if (err || !*mapped)
		return err;
	hold->seg = seg;
	hold->offset = offset;
	hold->len = *mapped;
	hold->dir = dir;
	begin(port, hold);
	return (int)list.nr;
}

int dma_map_iov(struct dma_port *port, struct dma_hold *hold, uint64_t iova, uint64_t len,
		enum dma_dir dir, struct iovec *iov, unsigned int max, uint64_t *mapped)
{
	hold->own = (struct dma_seg){ iova, len };
	return dma_map_segs(port, hold, &hold->own, 0, len, dir, iov, max, mapped);
}

/* --- the end of a hold, and who asks for it ----------------------------------------------- */

void dma_unmap(struct dma_hold *hold)
{
	struct dma_port *port = hold->port;
	struct stream s = pieces_of(hold);
	uint64_t iova, len;

	if (!port)
		return;
	*hold->link = hold->next;
	if (hold->next)
		hold->next->link = hold->link;
	while (port->witness && next_piece(&s, &iova, &len)) {
		struct dma_access a = access_of(hold, iova, len);

		dma_witness_end(port, &a);
	}
	if (port->translator && port->translator->released)
		port->translator->released(port->translator, port, hold);
	*hold = (struct dma_hold){ 0 };
}

bool dma_hold_touches(const struct dma_hold *hold, uint64_t first, uint64_t last)
{
	struct stream s = pieces_of(hold);
	uint64_t iova, len;

	while (next_piece(&s, &iova, &len))
		if (iova <= last && iova + (len - 1) >= first)
			return true;
	return false;
}

uint64_t dma_held_before(const struct dma_port *port, uint64_t first, uint64_t last,
			 uint64_t epoch)
{
	uint64_t nr = 0;

	for (const struct dma_hold *h = port->holds; h; h = h->next)
		if (h->epoch < epoch && dma_hold_touches(h, first, last))
			nr++;
	return nr;
}

bool dma_held(const struct dma_port *port, uint64_t first, uint64_t last)
{
	return dma_held_before(port, first, last, UINT64_MAX) > 0;
}
