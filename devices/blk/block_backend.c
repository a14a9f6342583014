/* SPDX-License-Identifier: MIT */
/*
 * The front of the block backend: opening the medium, the queue, and progress.
 *
 * A request lives through steps.  Short transfers are ordinary (a signal, a 2 GiB
 * limit, a list longer than IOV_MAX): the request is advanced by what was moved and its
 * next step is started, until nothing is left or the host reports an error.  At most
 * `depth` requests have a step started; the others wait in the order in which they
 * came.  Past the host's page cache more is asked of a step: block_direct.h.
 */
#include "devices/blk/block_backend.h"
#include "devices/blk/block_direct.h"
#include "devices/blk/block_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_DEPTH 128
#define SECTOR_SIZE   512

struct block_backend {
	const struct block_engine *engine;
	void *state; /* the engine's */
	int fd;
	int event_fd;
	uint64_t size;
	unsigned int sector_size;
	bool read_only;
	bool is_device;
	struct block_direct direct;
	unsigned int depth;
	unsigned int started; /* requests with a step at the engine; <= depth */
	bool alone; /* the one that is started suffers no other */
	bool cancelling; /* a request ends with the step that it has started */
	/* Requests without a started step, in order; non-empty only while the first of
	 * them may not start, or until the next run_queue(). */
	struct block_request *waiting;
	struct block_request **waiting_end;
};

/*
 * Bytes of one fallocate(), which is waited for to its end.  What it costs to give storage back
 * goes by extents and cached pages; zeroes may have to be written.  Pieces end at multiples, so
 * that no block of the file system is cut in two and kept.
 */
#define PUNCH_MAX (16u << 20)
#define ZERO_MAX  (1u << 20)

/* Never written; not const, so that it costs no room in the binary. */
static _Alignas(4096) char zeroes[65536];

static void zero_step(struct block_request *req, struct block_step *step)
{
	uint64_t length = req->length;

	if (length > sizeof(zeroes))
		length = sizeof(zeroes);
	req->own_iov = (struct iovec){ .iov_base = zeroes, .iov_len = length };
	step->kind = STEP_WRITEV;
	step->iov = &req->own_iov;
	step->iovcnt = 1;
}

static void fallocate_step(struct block_request *req, struct block_step *step, int how)
{
	uint64_t most = how & FALLOC_FL_PUNCH_HOLE ? PUNCH_MAX : ZERO_MAX;

	most -= req->offset % most;
	req->piece = req->length < most ? req->length : most;
	step->kind = STEP_FALLOCATE;
	step->mode = FALLOC_FL_KEEP_SIZE | how;
	step->length = req->piece;
}

void block_next_step(struct block_request *req, int fd, struct block_step *step)
{
	*step = (struct block_step){
		.fd = fd,
		.iov = req->iov,
		.iovcnt = req->iovcnt < IOV_MAX ? req->iovcnt : IOV_MAX,
		.offset = req->offset,
		.length = req->length,
	};
	switch (req->op) {
	case BLOCK_READ:
		step->kind = STEP_READV;
		return;
	case BLOCK_WRITE:
		step->kind = STEP_WRITEV;
		return;
	case BLOCK_FLUSH:
		step->kind = STEP_FDATASYNC;
		return;
	case BLOCK_DISCARD:
		fallocate_step(req, step, FALLOC_FL_PUNCH_HOLE);
		return;
	case BLOCK_ZERO:
		break;
	}
	if (req->zero_by_write)
		zero_step(req, step);
	else
		fallocate_step(req, step,
			       req->unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
}

static void start(struct block_backend *be, struct block_request *req)
{
	struct block_step step;

	block_next_step(req, be->fd, &step);
	block_direct_step(&be->direct, req, &step);
	be->started++;
	be->engine->start(be->state, &step, req);
}

/* Takes what it needs when it may. */
static bool may_start(struct block_backend *be, struct block_request *req)
{
	if (be->started == be->depth || be->alone ||
	    !block_direct_admit(&be->direct, req))
		return false;
	if (!req->alone || !be->started)
		return true;
	block_direct_release(&be->direct, req);
	return false;
}

static void run_queue(struct block_backend *be)
{
	struct block_request *req;

	while (be->waiting && may_start(be, be->waiting)) {
		req = be->waiting;
		be->alone = req->alone;
		be->waiting = req->next;
		if (!be->waiting)
			be->waiting_end = &be->waiting;
		start(be, req);
	}
}

void block_submit(struct block_backend *be, struct block_request *req)
{
	req->zero_by_write = false;
	req->bounce = NULL;
	req->next = NULL;
	*be->waiting_end = req;
	be->waiting_end = &req->next;
	run_queue(be);
}

void block_kick(struct block_backend *be)
{
	be->engine->kick(be->state);
}

/* Drops the first `moved` bytes of what is left to do. */
static void advance(struct block_request *req, uint64_t moved)
{
	req->offset += moved;
	req->length -= moved;
	if (req->op == BLOCK_ZERO || req->op == BLOCK_DISCARD)
		return;
	while (req->iovcnt && moved >= req->iov->iov_len) {
		moved -= req->iov->iov_len;
		req->iov++;
		req->iovcnt--;
	}
	if (req->iovcnt) {
		req->iov->iov_base = (char *)req->iov->iov_base + moved;
		req->iov->iov_len -= moved;
	}
}

/* fallocate cannot do this here: by file system, by device, by alignment. */
static bool cannot(int64_t result)
{
	return result == -EOPNOTSUPP || result == -EINVAL || result == -ENODEV;
}

/* Discarding is a hint: a medium that cannot do it has done all that was asked. */
static int discard_result(const struct block_backend *be, const struct block_request *req,
			  int64_t result)
{
	uint64_t range[2] = { req->offset, req->piece };

	if (!cannot(result))
		return (int)result;
	if (!be->is_device || ioctl(be->fd, BLKDISCARD, range) == 0)
		return 0;
	return cannot(-errno) || errno == ENOTTY ? 0 : -errno;
}

/* What a step's result means: true when the request is at its end, with *error. */
static bool finished(const struct block_backend *be, struct block_request *req,
		     int64_t result, int *error)
{
	bool transfer = req->op == BLOCK_READ || req->op == BLOCK_WRITE ||
			(req->op == BLOCK_ZERO && req->zero_by_write);

	if (result == -EINTR || result == -EAGAIN)
		return false;
	*error = result < 0 ? (int)result : 0;
	if (req->op == BLOCK_DISCARD)
		*error = discard_result(be, req, result);
	if (req->op == BLOCK_ZERO && !transfer && cannot(result)) {
		req->zero_by_write = true;
		return false;
	}
	if (*error || req->op == BLOCK_FLUSH)
		return true;
	if (!transfer) {
		advance(req, req->piece);
		return req->length == 0;
	}
	result = block_direct_moved(&be->direct, req, result);
	if (result == BLOCK_DIRECT_MORE)
		return false;
	if (result < 0) {
		*error = (int)result;
		return true;
	}
	/* The medium is shorter than it was when it was opened, or full. */
	if (result == 0 || (uint64_t)result > req->length) {
		*error = req->op == BLOCK_READ ? -EIO : -ENOSPC;
		return true;
	}
	advance(req, (uint64_t)result);
	return req->length == 0;
}

static bool reap_one(struct block_backend *be, bool wait)
{
	struct block_request *req;
	int64_t result;
	int error = 0;
	bool end;

	req = be->engine->reap(be->state, wait, &result);
	if (!req)
		return false;
	be->started--;
	end = finished(be, req, result, &error);
	if (!end && be->cancelling)
		error = -ECANCELED;
	if (end || be->cancelling) {
		be->alone = false;
		block_direct_release(&be->direct, req);
		req->done(req, error);
	} else {
		start(be, req);
	}
	run_queue(be);
	return true;
}

/* What is started meanwhile is for the next time, even if it has ended already: else a request
 * of many steps, each of which the host does at once, would keep everybody else waiting. */
void block_poll(struct block_backend *be)
{
	unsigned int most = be->started;
	eventfd_t count;

	/* Emptied first: what finishes later signals again. */
	eventfd_read(be->event_fd, &count);
	while (most && reap_one(be, false))
		if (!--most && be->started)
			eventfd_write(be->event_fd, 1);
	block_kick(be);
}

void block_drain(struct block_backend *be)
{
	while (be->started) {
		block_kick(be);
		reap_one(be, true);
	}
}

void block_cancel(struct block_backend *be)
{
	struct block_request *req = be->waiting, *next;

	be->waiting = NULL;
	be->waiting_end = &be->waiting;
	for (; req; req = next) {
		next = req->next;
		req->done(req, -ECANCELED);
	}
	be->cancelling = true;
	block_drain(be);
	be->cancelling = false;
}

int block_event_fd(const struct block_backend *be)
{
	return be->event_fd;
}

uint64_t block_size(const struct block_backend *be)
{
	return be->size;
}

unsigned int block_sector_size(const struct block_backend *be)
{
	return be->sector_size;
}

bool block_read_only(const struct block_backend *be)
{
	return be->read_only;
}

bool block_engine_is_ring(const struct block_backend *be)
{
	return be->engine == &block_engine_uring;
}

bool block_is_device(const struct block_backend *be)
{
	return be->is_device;
}

const char *block_engine_name(const struct block_backend *be)
{
	return be->engine->name;
}

static int measure(struct block_backend *be)
{
	struct stat st;
	int sector = 0;

	be->sector_size = SECTOR_SIZE;
	if (fstat(be->fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode)) {
		be->size = (uint64_t)st.st_size;
	} else if (S_ISBLK(st.st_mode)) {
		be->is_device = true;
		if (ioctl(be->fd, BLKGETSIZE64, &be->size) < 0)
			return -errno;
		if (ioctl(be->fd, BLKSSZGET, &sector) == 0 && sector > SECTOR_SIZE)
			be->sector_size = (unsigned int)sector;
	} else {
		return -ENOTBLK;
	}
	return be->size ? 0 : -ENODATA;
}

static int open_medium(struct block_backend *be, const struct block_config *config)
{
	int flags = config->read_only ? O_RDONLY : O_RDWR;
	int error;

	if (config->direct)
		flags |= O_DIRECT;
	/* O_NONBLOCK: opening a FIFO by mistake must not hang. */
	be->fd = open(config->path, flags | O_CLOEXEC | O_NONBLOCK);
	if (be->fd < 0)
		return -errno;
	error = measure(be);
	if (!error && config->direct)
		error = block_direct_open(&be->direct, be->fd, config->align);
	if (error)
		return error;
	/* What is written goes in whole blocks, and the medium keeps its size. */
	if (config->direct && be->size % be->direct.align)
		return -EDOM;
	/* A file system without locks is no reason to refuse the disk. */
	if (flock(be->fd, (be->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0 &&
	    errno == EWOULDBLOCK)
		return -EBUSY;
	return 0;
}

static int open_engine(struct block_backend *be, const struct block_engine *wanted)
{
	int error;

	be->engine = wanted ? wanted : &block_engine_uring;
	error = be->engine->open(&be->state, be->depth, be->event_fd);
	if (!error || wanted)
		return error;
	be->engine = &block_engine_sync;
	return be->engine->open(&be->state, be->depth, be->event_fd);
}

int block_backend_open(const struct block_config *config, struct block_backend **out)
{
	struct block_backend *be = calloc(1, sizeof(*be));
	int error;

	if (!be)
		return -ENOMEM;
	be->event_fd = -1;
	be->read_only = config->read_only;
	be->depth = config->depth ? config->depth : DEFAULT_DEPTH;
	be->waiting_end = &be->waiting;
	error = open_medium(be, config);
	if (error)
		goto fail;
	be->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (be->event_fd < 0) {
		error = -errno;
		goto fail;
	}
	error = open_engine(be, config->engine);
	if (error)
		goto fail;
	*out = be;
	return 0;
fail:
	if (be->event_fd >= 0)
		close(be->event_fd);
	if (be->fd >= 0)
		close(be->fd);
	block_direct_close(&be->direct);
	free(be);
	return error;
}

void block_backend_close(struct block_backend *be)
{
	if (!be)
		return;
	block_cancel(be);
	be->engine->close(be->state);
	close(be->event_fd);
	close(be->fd);
	block_direct_close(&be->direct);
	free(be);
}
