/* SPDX-License-Identifier: MIT */
/*
 * Requests of the virtio block device: chains become requests, requests become
 * operations of the backend.
 *
 * A request is checked whole before anything happens: a range outside the disk, a write
 * to a read-only disk or a malformed list of ranges changes nothing.  Then its data is
 * mapped and moved straight between guest memory and the medium, max_iov host pieces and
 * PIECE_MAX bytes at a time; requests with a list of ranges (discard, write zeroes) go range
 * by range.  Between two of these a request can be stopped; it begins anew later.
 */
#include "devices/probe.h"
#include "devices/blk/virtio_blk_request.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "devices/util.h"

#define SECTOR	   ((uint64_t)VIRTIO_BLK_SECTOR_SIZE)
#define MAX_PIECES 256u /* more than segments, where an IOMMU cuts them */
#define PIECE_MAX \
	(1u << 20) /* bytes: for so long, times the depth, a reset or pause waits */
#define HOST_PAGE 4096u

struct blk_request {
	struct block_request io;
	struct virtio_blk *blk;
	struct virtq_chain *chain;
	struct blk_request *next; /* of those that wait */
	struct virtio_blk_op_stats *stats; /* of its kind */
	uint64_t start; /* ns */

	/* Read, write: what is not yet under way.  io.offset goes on from piece to
	 * piece. */
	struct dma_cursor data;
	struct dma_hold hold; /* of the piece under way */
	uint64_t piece; /* its bytes */
	uint64_t moved; /* of the pieces that are done */
	uint64_t bytes; /* of the whole request */

	/* Discard, write zeroes: a private copy; range[0 .. next) are done or under
	 * way. */
	unsigned int nr_ranges, next_range;
	struct virtio_blk_discard_write_zeroes *range;

	unsigned int max_iov;
	struct iovec iov[];
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* --- completion ------------------------------------------------------------------- */

/*
 * Writes the status, the last writable byte, and completes the chain.  `filled` is how
 * many bytes before it were written: the used length counts from the front without a
 * gap.
 */
static void complete(struct virtq_chain *chain, uint8_t status, uint64_t filled)
{
	struct dma_cursor c = virtq_writable(chain);
	uint64_t used = filled;

	if (chain->in_len && dma_cursor_skip(&c, chain->in_len - 1) == 0 &&
	    dma_cursor_write(&c, &status, 1) == 0 && filled == chain->in_len - 1)
		used++;
	virtq_push(chain, (uint32_t)used);
}

static void account(const struct blk_request *req, int error)
{
	req->stats->requests++;
	req->stats->ns += now() - req->start;
	if (error)
		req->stats->errors++;
	else
		req->stats->bytes += req->bytes;
}

static void finish(struct blk_request *req, int error)
{
	uint64_t filled = req->io.op == BLOCK_READ ? req->moved : 0;

	dma_unmap(&req->hold);
	PROBE(block_done, req->blk->vd.name, req, req->io.op, req->bytes, error);
	account(req, error);
	if (!req->chain->q->enabled)
		virtq_drop(req->chain);
	else
		complete(req->chain, error ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK,
			 filled);
	free(req->range);
	free(req);
}

/* --- waiting ---------------------------------------------------------------------- */

/* The host failed the request: it waits instead of failing, if that is the policy. */
static bool wait(struct blk_request *req, int error)
{
	struct virtio_blk *blk = req->blk;
	enum virtio_blk_policy policy = req->io.op == BLOCK_READ ? blk->read_errors
								 : blk->write_errors;
	bool waits = policy == VIRTIO_BLK_WAIT ||
		     (policy == VIRTIO_BLK_WAIT_ENOSPC && error == -ENOSPC);

	if (error == -ECANCELED || !req->chain->q->enabled)
		return false;
	if (blk->failed)
		blk->failed(blk->ctx, req->io.op, error, waits);
	if (!waits)
		return false;
	dma_unmap(&req->hold);
	PROBE(block_wait, blk->vd.name, req, req->io.op, error);
	req->next = blk->waiting;
	blk->waiting = req;
	return true;
}

static struct virtq_chain *take_chain(struct blk_request *req)
{
	struct virtq_chain *chain = req->chain;

	free(req->range);
	free(req);
	return chain;
}

/* The list has the newest first; the oldest begins, else it could be overtaken for ever. */
static void begin_anew(struct virtio_blk *blk, struct blk_request **list)
{
	struct blk_request *req = NULL, *next;

	while (*list) {
		next = *list;
		*list = next->next;
		next->next = req;
		req = next;
	}
	for (; req; req = next) {
		next = req->next;
		virtio_blk_handle(blk, take_chain(req));
	}
}

void virtio_blk_retry(struct virtio_blk *blk)
{
	begin_anew(blk, &blk->waiting);
}

void virtio_blk_go_on(struct virtio_blk *blk)
{
	begin_anew(blk, &blk->stopped);
}

static void forget(struct blk_request **link)
{
	struct blk_request *req;

	while ((req = *link)) {
		if (req->chain->q->enabled) {
			link = &req->next;
			continue;
		}
		*link = req->next;
		account(req, -ECANCELED);
		virtq_drop(take_chain(req));
	}
}

void virtio_blk_forget(struct virtio_blk *blk)
{
	forget(&blk->waiting);
	forget(&blk->stopped);
}

static void stop(struct blk_request *req)
{
	dma_unmap(&req->hold);
	req->next = req->blk->stopped;
	req->blk->stopped = req;
}

void virtio_blk_stop(struct virtio_blk *blk)
{
	blk->stopping = true;
	block_cancel(blk->backend);
	blk->stopping = false;
}

static bool refuse(struct virtio_blk *blk, struct virtq_chain *chain, uint8_t status)
{
	blk->stats.refused++;
	complete(chain, status, 0);
	return true;
}

/* --- going on --------------------------------------------------------------------- */

static bool write_through(const struct blk_request *req)
{
	return !req->blk->config.writeback && !req->blk->no_flush &&
	       (req->io.op == BLOCK_WRITE || req->io.op == BLOCK_DISCARD ||
		req->io.op == BLOCK_ZERO);
}

/* Maps the next piece of the data.  0, or an error: nothing is mapped then. */
static int next_piece(struct blk_request *req)
{
	struct dma_cursor piece = req->data;
	uint64_t most = piece.left < PIECE_MAX ? piece.left : PIECE_MAX;
	int nr;

	dma_unmap(&req->hold);
	piece.left = most;
	nr = dma_cursor_map(&piece, &req->hold, req->iov, req->max_iov);
	if (nr < 0)
		return nr;
	req->io.iov = req->iov;
	req->io.iovcnt = (unsigned int)nr;
	req->piece = most - piece.left;
	dma_cursor_skip(&req->data, req->piece);
	req->io.length = req->piece;
	return req->piece ? 0 : -EFAULT;
}

static void next_range(struct blk_request *req)
{
	const struct virtio_blk_discard_write_zeroes *range =
		&req->range[req->next_range++];

	req->io.offset = range->sector * SECTOR;
	req->io.length = range->num_sectors * SECTOR;
	req->io.unmap = range->flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
}

static void submit(struct blk_request *req)
{
	PROBE(block_submit, req->blk->vd.name, req, req->io.op, req->io.offset,
	      req->io.length);
	block_submit(req->blk->backend, &req->io);
}

static bool has_more(const struct blk_request *req)
{
	return req->data.left || req->next_range < req->nr_ranges || write_through(req);
}

/* Starts what comes next; false when there is nothing more, or *error is set. */
static bool start_next(struct blk_request *req, int *error)
{
	*error = 0;
	if (!has_more(req))
		return false;
	if (req->data.left)
		*error = next_piece(req);
	else if (req->next_range < req->nr_ranges)
		next_range(req);
	else
		req->io.op = BLOCK_FLUSH; /* and that is the last: a flush is no write */
	if (*error)
		return false;
	submit(req);
	return true;
}

static void operation_done(struct block_request *io, int error)
{
	struct blk_request *req = container_of(io, struct blk_request, io);

	/* A queue that is being reset takes nothing further. */
	if (!error && !req->chain->q->enabled)
		error = -ECANCELED;
	if (req->blk->stopping && req->chain->q->enabled &&
	    (error ? error == -ECANCELED : has_more(req))) {
		stop(req);
		return;
	}
	if (error && wait(req, error))
		return;
	if (!error) {
		req->moved += req->piece;
		req->piece = 0;
		if (start_next(req, &error))
			return;
	}
	finish(req, error);
}

/* --- taking requests -------------------------------------------------------------- */

static struct blk_request *new_request(struct virtio_blk *blk, struct virtq_chain *chain,
				       enum block_op op,
				       struct virtio_blk_op_stats *stats,
				       unsigned int max_iov)
{
	struct blk_request *req =
		calloc(1, sizeof(*req) + max_iov * sizeof(struct iovec));

	if (!req)
		return NULL;
	req->io.op = op;
	req->io.done = operation_done;
	req->blk = blk;
	req->chain = chain;
	req->stats = stats;
	req->start = now();
	req->max_iov = max_iov;
	PROBE(block_queue, blk->vd.name, req, op);
	return req;
}

static bool in_disk(const struct virtio_blk *blk, uint64_t sector, uint64_t count)
{
	return sector <= blk->capacity && count <= blk->capacity - sector;
}

/* The first step of a checked request; what fails here fails as it would later. */
static bool go(struct blk_request *req)
{
	int error;

	if (!start_next(req, &error))
		finish(req, error);
	return true;
}

static bool transfer(struct virtio_blk *blk, struct virtq_chain *chain, enum block_op op,
		     uint64_t sector, struct dma_cursor data)
{
	uint64_t pieces = (uint64_t)chain->nr_out + chain->nr_in + data.left / HOST_PAGE;
	struct blk_request *req;

	if (!data.left || data.left % SECTOR || !in_disk(blk, sector, data.left / SECTOR))
		return refuse(blk, chain, VIRTIO_BLK_S_IOERR);
	if (op == BLOCK_WRITE && block_read_only(blk->backend))
		return refuse(blk, chain, VIRTIO_BLK_S_IOERR);
	req = new_request(blk, chain, op,
			  op == BLOCK_READ ? &blk->stats.read : &blk->stats.write,
			  pieces < MAX_PIECES ? (unsigned int)pieces : MAX_PIECES);
	if (!req)
		return refuse(blk, chain, VIRTIO_BLK_S_IOERR);
	req->io.offset = sector * SECTOR;
	req->bytes = data.left;
	req->data = data;
	return go(req);
}

static bool flush(struct virtio_blk *blk, struct virtq_chain *chain)
{
	struct blk_request *req =
		new_request(blk, chain, BLOCK_FLUSH, &blk->stats.flush, 0);

	if (!req)
		return refuse(blk, chain, VIRTIO_BLK_S_IOERR);
	if (blk->no_flush)
		finish(req, 0);
	else
		submit(req);
	return true;
}

/* VIRTIO_BLK_S_OK when every range is one that may be worked on. */
static uint8_t check_ranges(struct blk_request *req)
{
	uint32_t allowed = req->io.op == BLOCK_ZERO ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP
						    : 0;

	for (unsigned int i = 0; i < req->nr_ranges; i++) {
		const struct virtio_blk_discard_write_zeroes *range = &req->range[i];

		if (range->flags & ~allowed)
			return VIRTIO_BLK_S_UNSUPP;
		if (!range->num_sectors || range->num_sectors > VIRTIO_BLK_MAX_SECTORS ||
		    !in_disk(req->blk, range->sector, range->num_sectors))
			return VIRTIO_BLK_S_IOERR;
		req->bytes += range->num_sectors * SECTOR;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t read_ranges(struct blk_request *req, struct dma_cursor data)
{
	uint64_t nr = data.left / sizeof(*req->range);

	if (!nr || nr > VIRTIO_BLK_MAX_RANGES || data.left % sizeof(*req->range) ||
	    block_read_only(req->blk->backend))
		return VIRTIO_BLK_S_IOERR;
	req->range = calloc(nr, sizeof(*req->range));
	if (!req->range || dma_cursor_read(&data, req->range, data.left))
		return VIRTIO_BLK_S_IOERR;
	req->nr_ranges = (unsigned int)nr;
	return check_ranges(req);
}

static bool ranges(struct virtio_blk *blk, struct virtq_chain *chain, enum block_op op,
		   struct dma_cursor data)
{
	struct blk_request *req =
		new_request(blk, chain, op,
			    op == BLOCK_ZERO ? &blk->stats.zero : &blk->stats.discard, 0);
	uint8_t status = req ? read_ranges(req, data) : VIRTIO_BLK_S_IOERR;

	if (status == VIRTIO_BLK_S_OK)
		return go(req);
	if (req)
		free(req->range);
	free(req);
	return refuse(blk, chain, status);
}

static bool get_id(struct virtio_blk *blk, struct virtq_chain *chain,
		   struct dma_cursor data)
{
	uint64_t len = data.left < sizeof(blk->serial) ? data.left : sizeof(blk->serial);

	if (dma_cursor_write(&data, blk->serial, len))
		return refuse(blk, chain, VIRTIO_BLK_S_IOERR);
	complete(chain, VIRTIO_BLK_S_OK, len);
	return true;
}

static bool takes_no_data(uint32_t type)
{
	return type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_FLUSH ||
	       type == VIRTIO_BLK_T_GET_ID;
}

bool virtio_blk_handle(void *arg, struct virtq_chain *chain)
{
	struct virtio_blk *blk = arg;
	struct dma_cursor out = virtq_readable(chain), in = virtq_writable(chain);
	struct virtio_blk_outhdr header;
	struct dma_cursor data;

	/* No room for the status, or no header: no request. */
	if (!chain->in_len || dma_cursor_read(&out, &header, sizeof(header)))
		return refuse(blk, chain, VIRTIO_BLK_S_IOERR);
	if (out.left && takes_no_data(header.type))
		return refuse(blk, chain, VIRTIO_BLK_S_IOERR);
	data = dma_cursor_take(&in, in.left - 1);
	switch (header.type) {
	case VIRTIO_BLK_T_IN:
		return transfer(blk, chain, BLOCK_READ, header.sector, data);
	case VIRTIO_BLK_T_OUT:
		return transfer(blk, chain, BLOCK_WRITE, header.sector, out);
	case VIRTIO_BLK_T_FLUSH:
		return flush(blk, chain);
	case VIRTIO_BLK_T_GET_ID:
		return get_id(blk, chain, data);
	case VIRTIO_BLK_T_DISCARD:
		if (virtio_has(&blk->vd, VIRTIO_BLK_F_DISCARD))
			return ranges(blk, chain, BLOCK_DISCARD, out);
		break;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		if (virtio_has(&blk->vd, VIRTIO_BLK_F_WRITE_ZEROES))
			return ranges(blk, chain, BLOCK_ZERO, out);
		break;
	default:
		break;
	}
	return refuse(blk, chain, VIRTIO_BLK_S_UNSUPP);
}
