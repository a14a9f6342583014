/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/trace/trace_reader.h"

#define PLACE_MASK (~(uint64_t)(sizeof(struct trace_record) - 1))
#define BATCH	   256u /* records read at once */

_Static_assert((sizeof(struct trace_record) & (sizeof(struct trace_record) - 1)) == 0,
	       "places have free low bits");
_Static_assert(BATCH > TRACE_FOLLOW_MAX, "the longest event is in one batch");

static int get(const struct trace_reader *r, uint64_t gpa, void *buf, size_t len)
{
	return r->source.read(r->source.arg, gpa, buf, len);
}

/* --- the area ---------------------------------------------------------------------------- */

static uint64_t ring_at(const struct trace_reader *r, unsigned int ring)
{
	return r->area.rings + ring * r->area.stride;
}

static uint64_t size_of(const struct trace_area *area)
{
	return sizeof(struct trace_ring) + area->ring_bytes +
	       area->ring_bytes / sizeof(struct trace_record) *
		       sizeof(struct trace_chain);
}

static int check(const struct trace_area *area, struct error *err)
{
	uint64_t end;

	if (area->magic != TRACE_MAGIC || area->version != TRACE_VERSION ||
	    area->size != sizeof(*area))
		return error_set(err, EBADMSG,
				 "events: version %u of %u bytes; known is version %u of "
				 "%zu",
				 area->version, area->size, TRACE_VERSION, sizeof(*area));
	if (!area->nr_rings)
		return error_set(err, EAGAIN, "events: the guest has no rings yet");
	if (area->nr_rings > TRACE_RINGS_MAX || area->ring_bytes < TRACE_BYTES_MIN ||
	    area->ring_bytes > TRACE_BYTES_MAX ||
	    (area->ring_bytes & (area->ring_bytes - 1)))
		return error_set(err, EBADMSG, "events: %u rings of %u bytes",
				 area->nr_rings, area->ring_bytes);
	if (area->stride < size_of(area) ||
	    __builtin_mul_overflow(area->stride, area->nr_rings, &end) ||
	    __builtin_add_overflow(end, area->rings, &end))
		return error_set(err, EBADMSG, "events: rings at %#llx, %#llx apart",
				 (unsigned long long)area->rings,
				 (unsigned long long)area->stride);
	return 0;
}

int trace_reader_open(struct trace_reader *r, const struct trace_source *source,
		      uint64_t gpa, bool all, struct error *err)
{
	unsigned int i;
	int ret;

	*r = (struct trace_reader){ .source = *source };
	if (get(r, gpa, &r->area, sizeof(r->area)))
		return error_set(err, EBADMSG, "events: said to be at %#llx, outside RAM",
				 (unsigned long long)gpa);
	ret = check(&r->area, err);
	if (ret)
		return ret;
	for (i = 0; i < r->area.nr_rings; i++) {
		if (get(r, ring_at(r, i), &r->at[i], sizeof(r->at[i])))
			return error_set(err, EBADMSG, "events: ring %u is outside RAM",
					 i);
		r->at[i] = all ? 0 : r->at[i] & PLACE_MASK;
	}
	r->records = calloc(BATCH, sizeof(*r->records));
	r->chains = calloc(BATCH, sizeof(*r->chains));
	r->segments = calloc(TRACE_SEGMENTS_MAX, sizeof(*r->segments));
	if (r->records && r->chains && r->segments)
		return 0;
	trace_reader_close(r);
	return error_set(err, ENOMEM, "events: no memory");
}

void trace_reader_close(struct trace_reader *r)
{
	free(r->records);
	free(r->chains);
	free(r->segments);
	r->records = NULL;
	r->chains = NULL;
	r->segments = NULL;
}

/* --- one ring ---------------------------------------------------------------------------- */

struct walk {
	struct trace_reader *reader;
	unsigned int ring;
	uint64_t head; /* of the ring, as read last */
	trace_fn fn;
	void *arg;
};

static int read_head(struct walk *w)
{
	return get(w->reader, ring_at(w->reader, w->ring), &w->head, sizeof(w->head));
}

static void lose(struct walk *w, uint64_t records)
{
	w->reader->untold[w->ring] += records;
	w->reader->counts.lost += records;
}

/* Passes over what the guest has written over since, or is about to. */
static void skip_overtaken(struct walk *w)
{
	struct trace_reader *r = w->reader;
	uint64_t behind = w->head - r->at[w->ring];

	if (behind > r->area.ring_bytes) {
		lose(w, (behind - r->area.ring_bytes) / sizeof(struct trace_record));
		r->at[w->ring] = w->head - r->area.ring_bytes;
	}
}

/* How many records are read next. */
static size_t batch_of(const struct walk *w)
{
	uint64_t left = w->head - w->reader->at[w->ring];

	left /= sizeof(struct trace_record);
	return left < BATCH ? left : BATCH;
}

/* n records, and their chains, that lie in one piece from that place on. */
static int read_piece(const struct walk *w, uint64_t place, size_t first, size_t n)
{
	const struct trace_reader *r = w->reader;
	uint64_t offset = place & (r->area.ring_bytes - 1), chains;
	uint64_t records = ring_at(r, w->ring) + sizeof(struct trace_ring);
	int ret;

	if (!n)
		return 0;
	ret = get(r, records + offset, &r->records[first], n * sizeof(*r->records));
	chains = records + r->area.ring_bytes +
		 offset / sizeof(struct trace_record) * sizeof(struct trace_chain);
	return ret ? ret : get(r, chains, &r->chains[first], n * sizeof(*r->chains));
}

static int read_batch(const struct walk *w, size_t n)
{
	const struct trace_reader *r = w->reader;
	uint64_t at = r->at[w->ring];
	size_t to_end = (r->area.ring_bytes - (at & (r->area.ring_bytes - 1))) /
			sizeof(struct trace_record);
	size_t first = n < to_end ? n : to_end;
	int ret = read_piece(w, at, 0, first);

	return ret ? ret
		   : read_piece(w, at + first * sizeof(struct trace_record), first,
				n - first);
}

static void tell(struct walk *w, const struct trace_record *record,
		 const struct trace_chain *chain, size_t follow)
{
	struct trace_event event = {
		.id = record->head & TRACE_ID_MASK,
		.cpu = w->ring,
		.tsc = record->tsc,
		.site = record->site,
		.nr_segments = (unsigned int)follow * TRACE_SEGMENTS_EACH,
		.segments = w->reader->segments,
	};
	unsigned int i;

	for (i = 0; i < sizeof(event.arg) / sizeof(event.arg[0]); i++)
		event.arg[i] = record->arg[i];
	while (record->head & TRACE_HAS_CHAIN && event.depth < TRACE_CHAIN_MAX &&
	       chain->pc[event.depth]) {
		event.chain[event.depth] = chain->pc[event.depth];
		event.depth++;
	}
	w->reader->counts.events++;
	w->fn(w->arg, &event, w->reader->untold[w->ring]);
	w->reader->untold[w->ring] = 0;
}

static bool is_done(const struct trace_record *record, uint64_t place)
{
	return (record->head & PLACE_MASK) == place && record->head & TRACE_ID_MASK;
}

/* How many records follow that belong to this one. */
static uint64_t follow_of(const struct trace_record *record)
{
	unsigned int id = record->head & TRACE_ID_MASK;

	return id == TRACE_DMA_MAP_SG || id == TRACE_DMA_UNMAP_SG ? record->arg[4] : 0;
}

/* Those that follow the i-th record; false: one is not done yet. */
static bool gather(struct walk *w, size_t i, size_t follow, bool *right)
{
	const struct trace_reader *r = w->reader;
	size_t n;

	for (n = 1; n <= follow; n++) {
		const struct trace_record *record = &r->records[i + n];
		struct trace_segments more;

		if (!is_done(record, r->at[w->ring] + n * sizeof(*record)))
			return false;
		*right &= (record->head & TRACE_ID_MASK) == TRACE_SEGMENTS;
		memcpy(&more, record, sizeof(more));
		memcpy(&r->segments[(n - 1) * TRACE_SEGMENTS_EACH], more.segment,
		       sizeof(more.segment));
	}
	return true;
}

/*
 * The i-th of the n records that were read, with those that follow it; how many that are.
 * 0: one is not done yet, or the event goes on behind those that were read.
 */
static size_t take(struct walk *w, size_t i, size_t n)
{
	struct trace_reader *r = w->reader;
	const struct trace_record *record = &r->records[i];
	unsigned int id = record->head & TRACE_ID_MASK;
	uint64_t at = r->at[w->ring], follow;
	bool right = true;

	/* Overtaken while it was copied, or before. */
	if (w->head - at > r->area.ring_bytes) {
		lose(w, 1);
		return 1;
	}
	if (!is_done(record, at))
		return 0;
	if (id == TRACE_SEGMENTS) { /* of an event that was overtaken */
		lose(w, 1);
		return 1;
	}
	follow = follow_of(record);
	if (id >= TRACE_IDS || follow > TRACE_FOLLOW_MAX ||
	    follow >= (w->head - at) / sizeof(*record)) {
		r->counts.wrong++;
		return 1;
	}
	if (follow >= n - i || !gather(w, i, follow, &right))
		return 0;
	if (right)
		tell(w, record, &r->chains[i], follow);
	else
		r->counts.wrong++;
	return 1 + follow;
}

/* Takes the n records that were read; how many of them were: the rest waits. */
static size_t take_batch(struct walk *w, size_t n)
{
	size_t i = 0, taken;

	while (i < n && (taken = take(w, i, n))) {
		w->reader->at[w->ring] += taken * sizeof(struct trace_record);
		i += taken;
	}
	return i;
}

static int start_anew(struct walk *w, uint64_t at, struct error *err)
{
	w->reader->at[w->ring] = w->head & PLACE_MASK;
	return error_set(err, EBADMSG, "events: ring %u is at %#llx after %#llx", w->ring,
			 (unsigned long long)w->head, (unsigned long long)at);
}

static int poll_ring(struct walk *w, struct error *err)
{
	struct trace_reader *r = w->reader;
	uint64_t at = r->at[w->ring], budget = r->area.ring_bytes;

	if (read_head(w))
		return -EFAULT;
	if (w->head < at || w->head & ~PLACE_MASK)
		return start_anew(w, at, err);
	for (;;) {
		size_t n, taken;

		skip_overtaken(w);
		n = batch_of(w);
		/* What a fast guest adds meanwhile is for the next time. */
		if (!n || n * sizeof(struct trace_record) > budget)
			return 0;
		at = w->head;
		if (read_batch(w, n) || read_head(w))
			return -EFAULT;
		if (w->head < at || w->head & ~PLACE_MASK)
			return start_anew(w, at, err);
		taken = take_batch(w, n);
		/* Either one is not done yet, or the last goes on in the next batch. */
		if (taken < n && (n < BATCH || taken < BATCH - TRACE_FOLLOW_MAX))
			return 0;
		budget -= taken * sizeof(struct trace_record);
	}
}

int trace_reader_poll(struct trace_reader *r, trace_fn fn, void *arg, struct error *err)
{
	int ret = 0, one;
	unsigned int i;

	for (i = 0; i < r->area.nr_rings && ret != -EFAULT; i++) {
		struct walk walk = { .reader = r, .ring = i, .fn = fn, .arg = arg };

		one = poll_ring(&walk, err);
		if (one)
			ret = one;
	}
	return ret;
}
