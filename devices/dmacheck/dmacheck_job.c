/* SPDX-License-Identifier: MIT */
/*
 * What dmacheck does with memory.  A job is a snapshot: header and segments are read
 * once and never looked at again.  It advances by units of at most DMACHECK_UNIT bytes;
 * after a fault the exact byte is searched for without touching anything.
 */
#include "devices/dmacheck/dmacheck_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "devices/util.h"

_Static_assert(sizeof(struct dma_seg) == sizeof(struct dmacheck_seg) &&
		       offsetof(struct dma_seg, iova) ==
			       offsetof(struct dmacheck_seg, addr) &&
		       offsetof(struct dma_seg, len) ==
			       offsetof(struct dmacheck_seg, len),
	       "segments are read from the wire as they are");
_Static_assert(sizeof(struct dma_run) == sizeof(struct dmacheck_run), "so are runs");
_Static_assert(DMACHECK_UNIT % sizeof(uint64_t) == 0, "the pattern is cut at its words");

/* Runs of one unit: translation is by pages, so a page each and a part at either
 * end. */
#define UNIT_RUNS (DMACHECK_UNIT / 4096 + 2)

int dmacheck_job_init(struct dmacheck_job *job)
{
	job->xxh = XXH3_createState();
	return job->xxh ? 0 : -ENOMEM;
}

void dmacheck_job_fini(struct dmacheck_job *job)
{
	dmacheck_job_end(job);
	XXH3_freeState(job->xxh);
	job->xxh = NULL;
}

void dmacheck_job_end(struct dmacheck_job *job)
{
	free(job->seg);
	free(job->runs);
	job->seg = NULL;
	job->runs = NULL;
}

/* --- taking a request apart ------------------------------------------------------- */

static uint32_t check_header(const struct dmacheck_req *req)
{
	bool src = false, dst = false;

	switch (req->op) {
	case DMACHECK_OP_HASH:
	case DMACHECK_OP_DESCRIBE:
	case DMACHECK_OP_RESIDENT:
		src = true;
		break;
	case DMACHECK_OP_FILL:
		dst = true;
		break;
	case DMACHECK_OP_COPY:
		src = true;
		dst = true;
		break;
	default:
		return DMACHECK_S_UNSUPP;
	}
	if (req->flags || req->reserved || src != (req->n_src > 0) ||
	    dst != (req->n_dst > 0))
		return DMACHECK_S_INVAL;
	if (req->n_src > DMACHECK_MAX_SEGMENTS || req->n_dst > DMACHECK_MAX_SEGMENTS)
		return DMACHECK_S_TOOBIG;
	return DMACHECK_S_OK;
}

/* The total of a list, which has no empty and no wrapping segment. */
static uint32_t check_list(const struct dma_seg *seg, uint32_t nr, uint64_t max_bytes,
			   uint64_t *total)
{
	uint64_t last;

	*total = 0;
	for (uint32_t i = 0; i < nr; i++) {
		if (!seg[i].len ||
		    __builtin_add_overflow(seg[i].iova, seg[i].len - 1, &last))
			return DMACHECK_S_INVAL;
		if (seg[i].len > max_bytes - *total)
			return DMACHECK_S_TOOBIG;
		*total += seg[i].len;
	}
	return DMACHECK_S_OK;
}

static uint32_t read_lists(struct dmacheck_job *job, struct dma_cursor *request,
			   uint64_t max_bytes)
{
	uint32_t n_src = job->req.n_src, n_dst = job->req.n_dst;
	uint64_t bytes = ((uint64_t)n_src + n_dst) * sizeof(*job->seg);
	uint64_t src_total, dst_total;
	uint32_t status;

	job->seg = malloc(bytes);
	if (!job->seg || dma_cursor_read(request, job->seg, bytes))
		return DMACHECK_S_INVAL;
	status = check_list(job->seg, n_src, max_bytes, &src_total);
	if (status == DMACHECK_S_OK)
		status = check_list(job->seg + n_src, n_dst, max_bytes, &dst_total);
	if (status != DMACHECK_S_OK)
		return status;
	if (job->req.op == DMACHECK_OP_COPY && src_total != dst_total)
		return DMACHECK_S_INVAL;
	job->src = dma_cursor(request->port, DMA_READ, job->seg, n_src);
	job->dst = dma_cursor(request->port, DMA_WRITE, job->seg + n_src, n_dst);
	return DMACHECK_S_OK;
}

static uint32_t start(struct dmacheck_job *job, struct dma_cursor *request,
		      uint64_t max_bytes)
{
	uint32_t status;

	if (dma_cursor_read(request, &job->req, sizeof(job->req)))
		return DMACHECK_S_INVAL;
	job->resp.tag = job->req.tag;
	status = check_header(&job->req);
	if (status == DMACHECK_S_OK)
		status = read_lists(job, request, max_bytes);
	if (status != DMACHECK_S_OK || job->req.op != DMACHECK_OP_DESCRIBE)
		return status;
	job->runs = job->max_runs ? calloc(job->max_runs, sizeof(*job->runs)) : NULL;
	return job->runs || !job->max_runs ? DMACHECK_S_OK : DMACHECK_S_TOOBIG;
}

bool dmacheck_job_start(struct dmacheck_job *job, struct dma_cursor request,
			uint64_t max_bytes, uint64_t max_runs)
{
	job->req = (struct dmacheck_req){ 0 };
	job->resp = (struct dmacheck_resp){ 0 };
	job->pos = 0;
	job->resident = 0;
	job->last = (struct dmacheck_run){ 0 };
	job->max_runs = max_runs < DMACHECK_MAX_RUNS ? max_runs : DMACHECK_MAX_RUNS;
	XXH3_64bits_reset(job->xxh);
	job->resp.status = start(job, &request, max_bytes);
	return job->resp.status == DMACHECK_S_OK;
}

/* --- faults ----------------------------------------------------------------------- */

/* Where in the cursor's next bytes the first one out of reach is. */
static uint64_t reachable(const struct dma_cursor *c)
{
	uint64_t n = c->seg->len - c->offset;
	uint64_t part = dma_reachable(c->port, c->seg->iova + c->offset, n, c->dir);

	return part < n ? part : 0; /* all of it: the device may not use the bus */
}

/* The cursor stands behind what has moved; `left` was its rest before. */
static bool fail(struct dmacheck_job *job, const struct dma_cursor *at, uint64_t left)
{
	job->resp.status = DMACHECK_S_FAULT;
	job->resp.bytes = job->pos + (left - at->left) + reachable(at);
	return false;
}

/* --- operations ------------------------------------------------------------------- */

static int feed(void *arg, void *piece, uint64_t len)
{
	XXH3_64bits_update(arg, piece, len);
	return 0;
}

static bool hash_unit(struct dmacheck_job *job, uint64_t n)
{
	uint64_t left = job->src.left;

	if (dma_cursor_walk(&job->src, n, feed, job->xxh))
		return fail(job, &job->src, left);
	return true;
}

/* The pattern from `pos`, a multiple of 8, on. */
static void make_pattern(uint8_t *piece, uint64_t n, uint64_t seed, uint64_t pos)
{
	uint64_t index = pos / sizeof(le64);

	for (uint64_t at = 0; at < n; at += sizeof(le64)) {
		le64 word = DMACHECK_PATTERN(seed, index++);

		memcpy(piece + at, &word, n - at < sizeof(word) ? n - at : sizeof(word));
	}
}

static bool write_piece(struct dmacheck_job *job, uint64_t n)
{
	uint64_t left = job->dst.left;

	XXH3_64bits_update(job->xxh, job->piece, n);
	if (dma_cursor_write(&job->dst, job->piece, n))
		return fail(job, &job->dst, left);
	return true;
}

static bool copy_unit(struct dmacheck_job *job, uint64_t n)
{
	uint64_t left = job->src.left;

	if (dma_cursor_read(&job->src, job->piece, n))
		return fail(job, &job->src, left);
	return write_piece(job, n);
}

/* The run at stream offset `at` goes on the last one or begins a new one. */
static void add_run(struct dmacheck_job *job, const struct dma_run *run, uint64_t at)
{
	struct dmacheck_resp *resp = &job->resp;

	if (resp->n_runs && job->last.addr + job->last.len == run->gpa) {
		job->last.len += run->len;
	} else {
		if (resp->n_runs == 1)
			resp->first_break = at;
		resp->n_runs++;
		job->last = (struct dmacheck_run){ run->gpa, run->len };
	}
	if (resp->n_runs <= job->max_runs)
		job->runs[resp->n_runs - 1] = job->last;
}

/* One of the two operations that look but do not touch, on the runs behind the next n bytes
 * of the source, which lie in one segment. */
static bool look_at_unit(struct dmacheck_job *job, uint64_t n)
{
	struct dma_run runs[UNIT_RUNS];
	uint64_t iova = job->src.seg->iova + job->src.offset;
	uint64_t at = job->pos;
	int64_t nr = dma_describe(job->src.port, iova, n, runs, ARRAY_SIZE(runs));

	if (nr < 0)
		return fail(job, &job->src, job->src.left);
	for (int64_t i = 0; i < nr && i < (int64_t)ARRAY_SIZE(runs);
	     at += runs[i].len, i++) {
		if (job->req.op == DMACHECK_OP_DESCRIBE)
			add_run(job, &runs[i], at);
		else
			job->resident += ram_resident(job->src.port->ram, runs[i].gpa,
						      runs[i].len);
	}
	dma_cursor_skip(&job->src, n);
	return true;
}

static bool only_looks(const struct dmacheck_job *job)
{
	return job->req.op == DMACHECK_OP_DESCRIBE || job->req.op == DMACHECK_OP_RESIDENT;
}

/* How much the next step does: a unit, and when it only looks not past the end of a
 * segment. */
static uint64_t unit(const struct dmacheck_job *job)
{
	uint64_t left = job->src.left > job->dst.left ? job->src.left : job->dst.left;
	uint64_t n = left < DMACHECK_UNIT ? left : DMACHECK_UNIT;

	if (only_looks(job)) {
		uint64_t in_segment = job->src.seg->len - job->src.offset;

		n = in_segment < n ? in_segment : n;
	}
	return n;
}

static bool finish(struct dmacheck_job *job)
{
	struct dmacheck_resp *resp = &job->resp;

	resp->bytes = job->pos;
	if (!only_looks(job))
		resp->hash = XXH3_64bits_digest(job->xxh);
	else if (job->req.op == DMACHECK_OP_RESIDENT)
		resp->resident = job->resident;
	else if (resp->n_runs == 1)
		resp->first_break = job->pos;
	return false;
}

bool dmacheck_job_step(struct dmacheck_job *job)
{
	uint64_t n = unit(job);
	bool good = false;

	switch (job->req.op) {
	case DMACHECK_OP_HASH:
		good = hash_unit(job, n);
		break;
	case DMACHECK_OP_FILL:
		make_pattern(job->piece, n, job->req.seed, job->pos);
		good = write_piece(job, n);
		break;
	case DMACHECK_OP_COPY:
		good = copy_unit(job, n);
		break;
	case DMACHECK_OP_DESCRIBE:
	case DMACHECK_OP_RESIDENT:
		good = look_at_unit(job, n);
		break;
	default: /* refused at the start */
		break;
	}
	if (!good)
		return false;
	job->pos += n;
	return job->src.left || job->dst.left || finish(job);
}

uint32_t dmacheck_job_answer(const struct dmacheck_job *job, struct dma_cursor response)
{
	uint64_t nr = job->runs ? job->resp.n_runs : 0;
	uint64_t bytes;

	if (nr > job->max_runs)
		nr = job->max_runs;
	bytes = nr * sizeof(*job->runs);
	if (dma_cursor_write(&response, &job->resp, sizeof(job->resp)) ||
	    dma_cursor_write(&response, job->runs, bytes))
		return 0;
	return (uint32_t)(sizeof(job->resp) + bytes);
}
