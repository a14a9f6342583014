/* SPDX-License-Identifier: MIT */
/*
 * Each access is a sequence of steps.  A step translates as much as is contiguous both in
 * guest-physical memory and for the host.  All steps of a range are tried before the first
 * byte moves; since the lock of host.h is held, what was reachable then stays so.
 */
#include "devices/dma.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct step {
	uint64_t gpa;
	void *host;
	uint64_t len;
};

void dma_port_init(struct dma_port *port, const char *name, uint32_t endpoint,
		   struct host *host, const struct ram *ram)
{
	*port = (struct dma_port){ .name = name,
				   .endpoint = endpoint,
				   .host = host,
				   .ram = ram,
				   .generation = 1 };
}

void dma_invalidate(struct dma_port *port)
{
	port->generation++;
}

void dma_set_enabled(struct dma_port *port, bool enabled)
{
	if (port->enabled == enabled)
		return;
	port->enabled = enabled;
	dma_invalidate(port);
}

const char *dma_reason_name(enum dma_reason reason)
{
	switch (reason) {
	case DMA_UNMAPPED:
		return "no memory is mapped there";
	case DMA_DENIED:
		return "the mapping does not allow this direction";
	case DMA_WRAPS:
		return "address and length pass the end of the address space";
	case DMA_DISABLED:
		return "bus mastering is off";
	}
	return "unknown";
}

static int fault(struct dma_port *port, struct dma_fault f)
{
	port->count.faults++;
	if (port->host && host_limit_pass(&port->reports))
		host_report(port->host, HOST_WARN, port->name,
			    "DMA fault %" PRIu64 ": %s of 0x%" PRIx64
			    " bytes at 0x%" PRIx64 " fails at 0x%" PRIx64 ": %s",
			    port->count.faults, f.dir == DMA_READ ? "read" : "write",
			    f.len, f.iova, f.bad, dma_reason_name(f.reason));
	if (port->fault)
		port->fault(port->arg, port, &f);
	return -EFAULT;
}

/* The first step of [iova, iova + len), len not 0.  False: *reason says why not. */
static bool translate(const struct dma_port *port, uint64_t iova, uint64_t len,
		      enum dma_dir dir, struct step *step, enum dma_reason *reason)
{
	const struct dma_translator *t = port->translator;
	uint64_t span;

	step->gpa = iova;
	step->len = len;
	if (t) {
		int64_t n = t->translate(t, port->endpoint, iova, len, dir, &step->gpa);

		*reason = n == -EACCES ? DMA_DENIED : DMA_UNMAPPED;
		if (n <= 0)
			return false;
		if ((uint64_t)n < len)
			step->len = (uint64_t)n;
	}
	*reason = DMA_UNMAPPED;
	span = ram_span(port->ram, step->gpa, &step->host);
	if (span < step->len)
		step->len = span;
	return span > 0;
}

/* Tries all steps.  False: *f is filled. */
static bool probe(const struct dma_port *port, uint64_t iova, uint64_t len,
		  enum dma_dir dir, struct dma_fault *f)
{
	struct step step;
	uint64_t last;

	*f = (struct dma_fault){ .iova = iova, .len = len, .bad = iova, .dir = dir };
	if (__builtin_add_overflow(iova, len - 1, &last)) {
		f->reason = DMA_WRAPS;
		return false;
	}
	for (uint64_t done = 0; done < len; done += step.len) {
		f->bad = iova + done;
		if (!translate(port, iova + done, len - done, dir, &step, &f->reason))
			return false;
	}
	return true;
}

/* 0 when all of the range can be reached; else the fault has been reported. */
static int reach(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir)
{
	struct dma_fault f;

	if (!len)
		return -EINVAL;
	if (!port->enabled)
		return fault(port,
			     (struct dma_fault){ iova, len, iova, dir, DMA_DISABLED });
	return probe(port, iova, len, dir, &f) ? 0 : fault(port, f);
}

uint64_t dma_reachable(struct dma_port *port, uint64_t iova, uint64_t len,
		       enum dma_dir dir)
{
	struct dma_fault f;

	if (!len || probe(port, iova, len, dir, &f))
		return len;
	return f.bad - iova;
}

/* The next step of a range that reach() has found good. */
static struct step next_step(const struct dma_port *port, uint64_t iova, uint64_t len,
			     enum dma_dir dir)
{
	struct step step;
	enum dma_reason reason;

	if (!translate(port, iova, len, dir, &step, &reason))
		step = (struct step){ 0 };
	return step;
}

static void account(struct dma_port *port, enum dma_dir dir, uint64_t len)
{
	if (dir == DMA_READ) {
		port->count.reads++;
		port->count.read_bytes += len;
	} else {
		port->count.writes++;
		port->count.written_bytes += len;
	}
}

int dma_walk(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
	     dma_walk_fn fn, void *arg)
{
	int err = reach(port, iova, len, dir);

	if (err)
		return err;
	account(port, dir, len);
	while (len) {
		struct step step = next_step(port, iova, len, dir);

		if (!step.len)
			return -EFAULT;
		err = fn(arg, step.host, step.len);
		if (err)
			return err;
		iova += step.len;
		len -= step.len;
	}
	return 0;
}

int dma_copy_out(void *arg, void *piece, uint64_t len)
{
	uint8_t **to = arg;

	memcpy(*to, piece, len);
	*to += len;
	return 0;
}

int dma_copy_in(void *arg, void *piece, uint64_t len)
{
	const uint8_t **from = arg;

	memcpy(piece, *from, len);
	*from += len;
	return 0;
}

int dma_read(struct dma_port *port, uint64_t iova, void *buf, uint64_t len)
{
	uint8_t *to = buf;

	return dma_walk(port, iova, len, DMA_READ, dma_copy_out, &to);
}

int dma_write(struct dma_port *port, uint64_t iova, const void *buf, uint64_t len)
{
	const uint8_t *from = buf;

	return dma_walk(port, iova, len, DMA_WRITE, dma_copy_in, &from);
}

static void hold_range(struct dma_port *port, struct dma_hold *hold, uint64_t first,
		       uint64_t last)
{
	if (hold->port) {
		hold->first = first < hold->first ? first : hold->first;
		hold->last = last > hold->last ? last : hold->last;
		return;
	}
	*hold = (struct dma_hold){ .port = port,
				   .next = port->holds,
				   .link = &port->holds,
				   .first = first,
				   .last = last };
	if (hold->next)
		hold->next->link = &hold->next;
	port->holds = hold;
}

int dma_map_iov(struct dma_port *port, struct dma_hold *hold, uint64_t iova, uint64_t len,
		enum dma_dir dir, struct iovec *iov, unsigned int max, uint64_t *mapped)
{
	uint64_t done = 0;
	unsigned int nr = 0;
	int err = reach(port, iova, len, dir);

	*mapped = 0;
	if (err)
		return err;
	while (done < len) {
		struct step step = next_step(port, iova + done, len - done, dir);
		struct iovec *last = nr ? &iov[nr - 1] : NULL;

		if (last && (char *)last->iov_base + last->iov_len == step.host)
			last->iov_len += step.len;
		else if (step.len && nr < max)
			iov[nr++] = (struct iovec){ step.host, step.len };
		else
			break;
		done += step.len;
	}
	if (!done)
		return 0;
	account(port, dir, done);
	hold_range(port, hold, iova, iova + done - 1);
	*mapped = done;
	return (int)nr;
}

void dma_unmap(struct dma_hold *hold)
{
	struct dma_port *port = hold->port;

	if (!port)
		return;
	*hold->link = hold->next;
	if (hold->next)
		hold->next->link = hold->link;
	*hold = (struct dma_hold){ 0 };
	if (port->released)
		port->released(port->arg, port);
}

bool dma_held(const struct dma_port *port, uint64_t first, uint64_t last)
{
	for (const struct dma_hold *h = port->holds; h; h = h->next)
		if (h->first <= last && h->last >= first)
			return true;
	return false;
}

int64_t dma_describe(struct dma_port *port, uint64_t iova, uint64_t len,
		     struct dma_run *runs, uint64_t max)
{
	struct dma_run run = { 0 };
	int64_t nr = 0;
	int err = reach(port, iova, len, DMA_READ);

	if (err)
		return err;
	while (len) {
		struct step step = next_step(port, iova, len, DMA_READ);

		if (!step.len)
			return -EFAULT;
		if (nr && run.gpa + run.len == step.gpa) {
			run.len += step.len;
		} else {
			run = (struct dma_run){ step.gpa, step.len };
			nr++;
		}
		if ((uint64_t)nr <= max)
			runs[nr - 1] = run;
		iova += step.len;
		len -= step.len;
	}
	return nr;
}

void *dma_direct(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir)
{
	struct step step;
	enum dma_reason reason;
	uint64_t last;

	if (!len || !port->enabled || __builtin_add_overflow(iova, len - 1, &last))
		return NULL;
	if (!translate(port, iova, len, dir, &step, &reason) || step.len < len)
		return NULL;
	return step.host;
}
