/* SPDX-License-Identifier: MIT */
/*
 * From I/O addresses to host pointers.  An access is a sequence of steps; each translates
 * as much as is contiguous both in guest-physical memory and for the host.  Since the lock
 * of host.h is held, what was reachable when an access was planned stays so until it is
 * done.
 *
 * The cache holds whole mappings, as the translator gave them, and replaces the one met
 * longest ago.  An entry goes when anything inside it is invalidated, and no other does.
 */
#include <errno.h>
#include <inttypes.h>

#include "devices/dma/dma_internal.h"
#include "devices/probe.h"

const char *dma_reason_name(enum dma_reason reason)
{
	switch (reason) {
	case DMA_UNMAPPED:
		return "no memory is there";
	case DMA_NO_MAPPING:
		return "the IOMMU has no mapping";
	case DMA_NO_DOMAIN:
		return "the device is attached to no domain";
	case DMA_DENIED:
		return "the mapping does not allow this direction";
	case DMA_WRAPS:
		return "address and length pass the end of the address space";
	case DMA_DISABLED:
		return "bus mastering is off";
	}
	return "unknown";
}

static const struct dma_mapping *find_cached(struct dma_cache *c, uint64_t iova)
{
	for (unsigned int i = 0; i < DMA_CACHE_SIZE; i++) {
		const struct dma_mapping *m = &c->mapping[i];

		if (c->used[i] && m->first <= iova && iova <= m->last) {
			c->used[i] = ++c->clock;
			return m;
		}
	}
	return NULL;
}

static const struct dma_mapping *add_cached(struct dma_cache *c,
					    const struct dma_mapping *mapping)
{
	unsigned int oldest = 0;

	for (unsigned int i = 1; i < DMA_CACHE_SIZE; i++)
		if (c->used[i] < c->used[oldest])
			oldest = i;
	c->mapping[oldest] = *mapping;
	c->used[oldest] = ++c->clock;
	return &c->mapping[oldest];
}

/* The mapping that covers iova, or NULL: *reason says why there is none. */
static const struct dma_mapping *find_mapping(struct dma_port *port, uint64_t iova,
					      enum dma_reason *reason)
{
	const struct dma_mapping *cached = find_cached(&port->cache, iova);
	struct dma_mapping found;
	int err;

	if (cached) {
		port->count.cache_hits++;
		return cached;
	}
	port->count.cache_misses++;
	err = port->translator->find(port->translator, port->endpoint, iova, &found);
	*reason = err == -ENODEV ? DMA_NO_DOMAIN : DMA_NO_MAPPING;
	return err ? NULL : add_cached(&port->cache, &found);
}

/* Through the IOMMU: sets step->gpa and shortens step->len to the mapping's. */
static bool translate_mapped(struct dma_port *port, uint64_t iova, enum dma_dir dir,
			     struct dma_step *step, enum dma_reason *reason)
{
	const struct dma_mapping *m = find_mapping(port, iova, reason);

	if (!m)
		return false;
	*reason = DMA_DENIED;
	if (!(dir == DMA_READ ? m->read : m->write))
		return false;
	step->gpa = m->gpa + (iova - m->first);
	if (m->last - iova < step->len)
		step->len = m->last - iova + 1;
	PROBE(dma_translate, port->name, port->endpoint, iova, step->gpa, step->len, dir);
	return true;
}

bool dma_translate(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
		   struct dma_step *step, enum dma_reason *reason)
{
	uint64_t span;

	step->gpa = iova;
	step->len = len;
	if (port->translator && !translate_mapped(port, iova, dir, step, reason))
		return false;
	*reason = DMA_UNMAPPED;
	span = ram_span(port->ram, step->gpa, &step->host);
	if (span < step->len)
		step->len = span;
	return span > 0;
}

/* How many bytes can be reached; less than len: f->bad and f->reason are set. */
static uint64_t probe(struct dma_port *port, uint64_t iova, uint64_t len,
		      enum dma_dir dir, struct dma_step *first, struct dma_fault *f)
{
	struct dma_step step;
	uint64_t last, done;

	*f = (struct dma_fault){ iova, len, iova, dir, DMA_WRAPS };
	if (__builtin_add_overflow(iova, len - 1, &last) ||
	    !dma_translate(port, iova, len, dir, first, &f->reason))
		return 0;
	for (done = first->len; done < len; done += step.len) {
		f->bad = iova + done;
		if (!dma_translate(port, f->bad, len - done, dir, &step, &f->reason))
			return done;
	}
	return len;
}

void dma_plan(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
	      struct dma_plan *plan)
{
	plan->access = (struct dma_access){ iova, len, 0, dir, &plan->fault };
	if (!port->enabled) {
		plan->fault = (struct dma_fault){ iova, len, iova, dir, DMA_DISABLED };
		return;
	}
	plan->access.reached = probe(port, iova, len, dir, &plan->first, &plan->fault);
	if (plan->access.reached == len)
		plan->access.fault = NULL;
	else if (!port->translator)
		plan->access.reached = 0;
}

int dma_plan_fault(struct dma_port *port, const struct dma_plan *plan)
{
	const struct dma_fault *f = &plan->fault;

	port->count.faults++;
	PROBE(dma_fault, port->name, port->endpoint, f->iova, f->len, f->dir, f->bad,
	      f->reason);
	if (port->host && host_limit_pass(&port->reports))
		host_report(port->host, HOST_WARN, port->name,
			    "DMA fault %" PRIu64 ": %s of 0x%" PRIx64
			    " bytes at 0x%" PRIx64 " fails at 0x%" PRIx64 ": %s",
			    port->count.faults, f->dir == DMA_READ ? "read" : "write",
			    f->len, f->iova, f->bad, dma_reason_name(f->reason));
	if (port->translator && port->translator->fault)
		port->translator->fault(port->translator, port, f);
	return -EFAULT;
}

uint64_t dma_reachable(struct dma_port *port, uint64_t iova, uint64_t len,
		       enum dma_dir dir)
{
	struct dma_step first;
	struct dma_fault f;

	return len ? probe(port, iova, len, dir, &first, &f) : 0;
}

void *dma_one_piece(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir)
{
	enum dma_reason reason;
	struct dma_step step;
	uint64_t last;

	if (!len || !port->enabled || __builtin_add_overflow(iova, len - 1, &last))
		return NULL;
	if (!dma_translate(port, iova, len, dir, &step, &reason) || step.len < len)
		return NULL;
	return step.host;
}
