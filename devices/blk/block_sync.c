/* SPDX-License-Identifier: MIT */
/*
 * The engine for hosts that forbid io_uring: each step is one system call, made at
 * once; its result waits in a list until it is reaped, so that done() never runs inside
 * submit.
 */
#include "devices/blk/block_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct sync_engine {
	int event_fd; /* the backend's; readable while the list is not empty */
	struct block_request *done;
	struct block_request **done_end;
};

static int sync_open(void **state, unsigned int depth, int event_fd)
{
	struct sync_engine *engine = calloc(1, sizeof(*engine));

	(void)depth; /* any number of results fits in the list */
	if (!engine)
		return -ENOMEM;
	engine->event_fd = event_fd;
	engine->done_end = &engine->done;
	*state = engine;
	return 0;
}

static void sync_close(void *state)
{
	free(state);
}

static int64_t perform(const struct block_step *step)
{
	ssize_t result = -1;

	switch (step->kind) {
	case STEP_READV:
		result = preadv(step->fd, step->iov, (int)step->iovcnt,
				(off_t)step->offset);
		break;
	case STEP_WRITEV:
		result = pwritev(step->fd, step->iov, (int)step->iovcnt,
				 (off_t)step->offset);
		break;
	case STEP_FDATASYNC:
		result = fdatasync(step->fd);
		break;
	case STEP_FALLOCATE:
		result = fallocate(step->fd, step->mode, (off_t)step->offset,
				   (off_t)step->length);
		break;
	}
	return result < 0 ? -errno : result;
}

static void sync_start(void *state, const struct block_step *step,
		       struct block_request *req)
{
	struct sync_engine *engine = state;

	req->result = perform(step);
	req->next = NULL;
	*engine->done_end = req;
	engine->done_end = &req->next;
	eventfd_write(engine->event_fd, 1);
}

static void sync_kick(void *state)
{
	(void)state;
}

static struct block_request *sync_reap(void *state, bool wait, int64_t *result)
{
	struct sync_engine *engine = state;
	struct block_request *req = engine->done;

	(void)wait;
	if (!req)
		return NULL;
	engine->done = req->next;
	if (!engine->done)
		engine->done_end = &engine->done;
	*result = req->result;
	return req;
}

const struct block_engine block_engine_sync = {
	.name = "syscalls",
	.open = sync_open,
	.close = sync_close,
	.start = sync_start,
	.kick = sync_kick,
	.reap = sync_reap,
};
