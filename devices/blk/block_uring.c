/* SPDX-License-Identifier: MIT */
/*
 * The asynchronous engine: io_uring.  The ring holds `depth` submissions and twice as
 * many completions, and the front never has more than `depth` steps started: neither
 * overflows.
 */
#include "devices/blk/block_engine.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHORT_OF_MEMORY_US 1000

/* All that a disk needs; a ring is opened for these and, where the host can do that, for no
 * others ever: what it is asked passes by every filter of system calls. */
static const int operations[] = { IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC,
				  IORING_OP_FALLOCATE };

struct uring {
	struct io_uring ring; /* first: a test looks at it */
	int event_fd;
};

void block_uring_prep(struct io_uring_sqe *sqe, const struct block_step *step)
{
	switch (step->kind) {
	case STEP_READV:
		io_uring_prep_readv(sqe, step->fd, step->iov, step->iovcnt, step->offset);
		break;
	case STEP_WRITEV:
		io_uring_prep_writev(sqe, step->fd, step->iov, step->iovcnt,
				     step->offset);
		break;
	case STEP_FDATASYNC:
		io_uring_prep_fsync(sqe, step->fd, IORING_FSYNC_DATASYNC);
		break;
	case STEP_FALLOCATE:
		io_uring_prep_fallocate(sqe, step->fd, step->mode, (off_t)step->offset,
					(off_t)step->length);
		break;
	}
}

/* The host may know io_uring and yet lack an operation, or filter some. */
static int probe(struct io_uring *ring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	int error = probe ? 0 : -ENOSYS;

	for (size_t i = 0; !error && i < sizeof(operations) / sizeof(operations[0]);
	     i++) {
		if (!io_uring_opcode_supported(probe, operations[i]))
			error = -ENOSYS;
	}
	io_uring_free_probe(probe);
	return error;
}

int block_uring_restrict(struct io_uring *ring)
{
	struct io_uring_restriction only[sizeof(operations) / sizeof(operations[0])];
	unsigned int nr = sizeof(only) / sizeof(only[0]), i;

	memset(only, 0, sizeof(only));
	for (i = 0; i < nr; i++) {
		only[i].opcode = IORING_RESTRICTION_SQE_OP;
		only[i].sqe_op = (uint8_t)operations[i];
	}
	/* liburing 2.3 declares functions for these two, and lacks them. */
	if (syscall(SYS_io_uring_register, ring->ring_fd, IORING_REGISTER_RESTRICTIONS,
		    only, nr) ||
	    syscall(SYS_io_uring_register, ring->ring_fd, IORING_REGISTER_ENABLE_RINGS,
		    NULL, 0))
		return -errno;
	return 0;
}

/* A ring that takes nothing else, or on hosts before Linux 5.10 any ring. */
static int make_ring(struct io_uring *ring, unsigned int depth, int event_fd)
{
	int error = io_uring_queue_init(depth, ring, IORING_SETUP_R_DISABLED);
	bool restricted = !error;

	if (error == -EINVAL)
		error = io_uring_queue_init(depth, ring, 0);
	if (error)
		return error;
	error = probe(ring);
	if (!error)
		error = io_uring_register_eventfd(ring, event_fd);
	if (!error && restricted)
		error = block_uring_restrict(ring);
	if (error)
		io_uring_queue_exit(ring);
	return error;
}

static int uring_open(void **state, unsigned int depth, int event_fd)
{
	struct uring *uring = calloc(1, sizeof(*uring));
	int error;

	if (!uring)
		return -ENOMEM;
	error = make_ring(&uring->ring, depth, event_fd);
	if (error) {
		free(uring);
		return error;
	}
	uring->event_fd = event_fd;
	*state = uring;
	return 0;
}

static void uring_close(void *state)
{
	struct uring *uring = state;

	io_uring_queue_exit(&uring->ring);
	free(uring);
}

static void uring_kick(void *state)
{
	struct uring *uring = state;

	/* EAGAIN, EBUSY: the host is short of memory for now.  What it did not take
	 * stays in the ring; the signal brings the next poll, which kicks again. */
	if (io_uring_sq_ready(&uring->ring) && io_uring_submit(&uring->ring) < 0)
		eventfd_write(uring->event_fd, 1);
}

static void uring_start(void *state, const struct block_step *step,
			struct block_request *req)
{
	struct uring *uring = state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	block_uring_prep(sqe, step);
	io_uring_sqe_set_data(sqe, req);
}

static struct block_request *uring_reap(void *state, bool wait, int64_t *result)
{
	struct uring *uring = state;
	struct block_request *req;
	struct io_uring_cqe *cqe;
	int error;

	error = io_uring_peek_cqe(&uring->ring, &cqe);
	while (wait && error) {
		/* Waiting for what the host would not take could last for ever. */
		if (io_uring_submit(&uring->ring) < 0) {
			usleep(SHORT_OF_MEMORY_US);
			error = io_uring_peek_cqe(&uring->ring, &cqe);
		} else {
			error = io_uring_wait_cqe(&uring->ring, &cqe);
		}
	}
	if (error)
		return NULL;
	req = io_uring_cqe_get_data(cqe);
	*result = cqe->res;
	io_uring_cqe_seen(&uring->ring, cqe);
	return req;
}

const struct block_engine block_engine_uring = {
	.name = "io_uring",
	.open = uring_open,
	.close = uring_close,
	.start = uring_start,
	.kick = uring_kick,
	.reap = uring_reap,
};
