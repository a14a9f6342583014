/* SPDX-License-Identifier: MIT */
/*
 * One request of dmacheck: taken apart and checked, then worked on unit by unit, so
 * that no request, however long, holds the event loop.  Knows nothing of queues.
 */
#ifndef DEVICES_DMACHECK_JOB_H
#define DEVICES_DMACHECK_JOB_H

#include <abi/dmacheck.h>

#include "devices/dma/dma_cursor.h"

/* What one dmacheck_job_step() moves at most: the piece of a COPY. */
#define DMACHECK_UNIT DMACHECK_COPY_PIECE

struct XXH3_state_s;

struct dmacheck_job {
	struct dmacheck_req req;
	struct dmacheck_resp resp;

	/* The guest's segments, copied once: first the sources, then the
	 * destinations. */
	struct dma_seg *seg;
	struct dma_cursor src, dst; /* what is not yet done */
	uint64_t pos; /* bytes of the stream that are done */
	struct XXH3_state_s *xxh;
	uint8_t piece[DMACHECK_UNIT];

	uint64_t resident; /* RESIDENT: bytes so far */
	/* DESCRIBE: resp.n_runs counts; the first max_runs are kept. */
	struct dmacheck_run *runs;
	uint64_t max_runs;
	struct dmacheck_run last; /* the run that may still grow */
};

/* Zeroed is idle.  0 or -ENOMEM; dmacheck_job_fini() undoes it. */
int dmacheck_job_init(struct dmacheck_job *job);
void dmacheck_job_fini(struct dmacheck_job *job);

/*
 * Reads and checks a request.  False: it is refused, resp.status says why.  max_runs:
 * how many runs the response has room for.
 */
bool dmacheck_job_start(struct dmacheck_job *job, struct dma_cursor request,
			uint64_t max_bytes, uint64_t max_runs);
/* Works on; false when the job is at its end and resp is complete. */
bool dmacheck_job_step(struct dmacheck_job *job);
/* Writes the response; returns how many bytes, 0 when it could not be written. */
uint32_t dmacheck_job_answer(const struct dmacheck_job *job, struct dma_cursor response);
/* Frees what the request took; ready for the next. */
void dmacheck_job_end(struct dmacheck_job *job);

#endif
