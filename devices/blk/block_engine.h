/* SPDX-License-Identifier: MIT */
/*
 * Inside the block backend: how the front (block_backend.c: order, retries, progress)
 * speaks to an engine (block_uring.c, block_sync.c: one host operation at a time).
 *
 * The front turns each request into a sequence of steps.  A step is one operation of
 * the host; an engine starts it, and later reports its result, which is what the system
 * call would have returned, or a negative errno.
 */
#ifndef DEVICES_BLOCK_ENGINE_H
#define DEVICES_BLOCK_ENGINE_H

#include "devices/blk/block_backend.h"

enum block_step_kind { STEP_READV, STEP_WRITEV, STEP_FDATASYNC, STEP_FALLOCATE };

struct block_step {
	enum block_step_kind kind;
	int fd;
	const struct iovec *iov; /* READV, WRITEV: valid until the step's result is in */
	unsigned int iovcnt; /* at most IOV_MAX */
	int mode; /* FALLOCATE */
	uint64_t offset;
	uint64_t length; /* FALLOCATE */
};

struct block_engine {
	const char *name;
	/* Completions are signalled on event_fd.  0 or negative errno. */
	int (*open)(void **state, unsigned int depth, int event_fd);
	void (*close)(void *state);
	/* Never fails: the front keeps at most `depth` steps started. */
	void (*start)(void *state, const struct block_step *step,
		      struct block_request *req);
	/* Hands everything started to the host. */
	void (*kick)(void *state);
	/* The request of one finished step and its result, or NULL when there is
	 * none yet.  With `wait`, which the front sets only while a step is started,
	 * never NULL. */
	struct block_request *(*reap)(void *state, bool wait, int64_t *result);
};

extern const struct block_engine block_engine_uring;
extern const struct block_engine block_engine_sync;

/* The step that carries req on from where it is. */
void block_next_step(struct block_request *req, int fd, struct block_step *step);

struct io_uring;
/* A ring made with IORING_SETUP_R_DISABLED begins to work: for the steps above, and for good.
 * 0 or a negative errno. */
int block_uring_restrict(struct io_uring *ring);

struct io_uring_sqe;
/* Describes a step to io_uring. */
void block_uring_prep(struct io_uring_sqe *sqe, const struct block_step *step);

#endif
