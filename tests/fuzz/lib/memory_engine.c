/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/lib/memory_engine.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/lib/fuzz.h"

struct memory_engine memory_engine;

void memory_engine_init(bool read_only, bool lazy)
{
	struct memory_engine *e = &memory_engine;

	for (unsigned int i = 0; i < MEMORY_DISK_SIZE; i += 8)
		memcpy(e->disk + i, &(uint64_t){ 0x0101010101010101ull * (i / 512) }, 8);
	e->read_only = read_only;
	e->lazy = lazy;
	e->count = 0;
	e->due = 0;
	e->error = 0;
	e->cut = 0;
}

const char *memory_engine_path(void)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("disk", MFD_CLOEXEC);
		FUZZ_CHECK(fd >= 0 && !ftruncate(fd, MEMORY_DISK_SIZE));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	return path;
}

static void signal_due(unsigned int n)
{
	memory_engine.due += n;
	FUZZ_CHECK(!eventfd_write(memory_engine.event_fd, 1));
}

void memory_engine_end(int error, uint64_t cut)
{
	if (memory_engine.due >= memory_engine.count)
		return;
	memory_engine.error = error;
	memory_engine.cut = cut;
	signal_due(1);
}

static int engine_open(void **state, unsigned int depth, int event_fd)
{
	FUZZ_CHECK(depth <= MEMORY_STEPS);
	memory_engine.event_fd = event_fd;
	*state = &memory_engine;
	return 0;
}

static void engine_close(void *state)
{
	FUZZ_CHECK(state == &memory_engine && !memory_engine.count);
}

static void engine_start(void *state, const struct block_step *step,
			 struct block_request *req)
{
	struct memory_engine *e = state;

	FUZZ_CHECK(e->count < MEMORY_STEPS);
	e->step[e->count] = *step;
	e->req[e->count++] = req;
}

static void engine_kick(void *state)
{
	struct memory_engine *e = state;

	if (!e->lazy && e->due < e->count)
		signal_due(e->count - e->due);
}

/* The iovecs point into guest memory: a byte too many is a finding of the sanitizer. */
static int64_t transfer(struct memory_engine *e, const struct block_step *step)
{
	uint64_t at = step->offset;
	int64_t moved = 0;

	for (unsigned int i = 0; i < step->iovcnt; i++) {
		uint64_t len = step->iov[i].iov_len;

		FUZZ_CHECK(at <= MEMORY_DISK_SIZE && len <= MEMORY_DISK_SIZE - at);
		if (e->cut && len > e->cut - (uint64_t)moved)
			len = e->cut - (uint64_t)moved;
		if (step->kind == STEP_READV)
			memcpy(step->iov[i].iov_base, e->disk + at, len);
		else
			memcpy(e->disk + at, step->iov[i].iov_base, len);
		at += len;
		moved += (int64_t)len;
	}
	return moved;
}

static int64_t perform(struct memory_engine *e, const struct block_step *step)
{
	FUZZ_CHECK(!e->read_only || step->kind == STEP_READV ||
		   step->kind == STEP_FDATASYNC);
	if (e->error)
		return e->error;
	if (step->kind == STEP_READV || step->kind == STEP_WRITEV)
		return transfer(e, step);
	if (step->kind == STEP_FALLOCATE)
		FUZZ_CHECK(step->offset <= MEMORY_DISK_SIZE &&
			   step->length <= MEMORY_DISK_SIZE - step->offset);
	return 0;
}

static struct block_request *engine_reap(void *state, bool wait, int64_t *result)
{
	struct memory_engine *e = state;
	struct block_request *req;
	unsigned int at;

	if (!e->count || (!e->due && !wait))
		return NULL;
	/* A target that ends them one by one sees them in another order, too. */
	at = e->lazy && e->count > 1 ? e->count % 2 : 0;
	req = e->req[at];
	*result = perform(e, &e->step[at]);
	e->error = 0;
	e->cut = 0;
	if (e->due)
		e->due--;
	e->count--;
	for (unsigned int i = at; i < e->count; i++) {
		e->step[i] = e->step[i + 1];
		e->req[i] = e->req[i + 1];
	}
	return req;
}

const struct block_engine block_engine_memory = {
	.name = "memory",
	.open = engine_open,
	.close = engine_close,
	.start = engine_start,
	.kick = engine_kick,
	.reap = engine_reap,
};
