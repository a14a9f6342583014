/* SPDX-License-Identifier: MIT */
/* What the files of the DMA interface share. */
#ifndef DEVICES_DMA_INTERNAL_H
#define DEVICES_DMA_INTERNAL_H

#include "devices/dma/dma.h"

/* A piece contiguous both in guest-physical memory and for the host; len 0: none. */
struct dma_step {
	uint64_t gpa;
	void *host;
	uint64_t len;
};

/* What can be said of an access before it moves. */
struct dma_plan {
	struct dma_access access; /* fault: NULL or below */
	struct dma_fault fault;
	struct dma_step first;
};

/* The first step of [iova, iova + len), len not 0, which does not wrap.  False: *reason
 * says why there is none. */
bool dma_translate(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
		   struct dma_step *step, enum dma_reason *reason);

/* Tries all of [iova, iova + len), len not 0, as the port is now. */
void dma_plan(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
	      struct dma_plan *plan);
/* Counts and reports the plan's fault.  -EFAULT. */
int dma_plan_fault(struct dma_port *port, const struct dma_plan *plan);

/* The host's pointer to the range when it is one piece of RAM and may be reached. */
void *dma_one_piece(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir);

/* Counts a transfer of len bytes. */
void dma_account(struct dma_port *port, enum dma_dir dir, uint64_t len);

static inline void dma_witness_begin(struct dma_port *port, const struct dma_access *a)
{
	if (port->witness && port->witness->begin)
		port->witness->begin(port->witness, port, a);
}

static inline void dma_witness_end(struct dma_port *port, const struct dma_access *a)
{
	if (port->witness && port->witness->end)
		port->witness->end(port->witness, port, a);
}

#endif
