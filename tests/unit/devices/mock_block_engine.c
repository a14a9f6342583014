/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_block_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <cmocka.h>

struct mock_engine mock_engine;

int64_t mock_engine_bytes(const struct block_step *step)
{
	int64_t bytes = 0;

	if (step->kind != STEP_READV && step->kind != STEP_WRITEV)
		return 0;
	for (unsigned int i = 0; i < step->iovcnt; i++)
		bytes += (int64_t)step->iov[i].iov_len;
	return bytes;
}

void mock_engine_end(int64_t result)
{
	mock_engine.result = result;
	mock_engine.due = 1;
	eventfd_write(mock_engine.event_fd, 1);
}

static int mock_open(void **state, unsigned int depth, int event_fd)
{
	assert_true(depth <= MOCK_STEPS);
	mock_engine = (struct mock_engine){ .event_fd = event_fd };
	*state = &mock_engine;
	return 0;
}

static void mock_close(void *state)
{
	assert_ptr_equal(state, &mock_engine);
	assert_int_equal(mock_engine.count, 0);
}

static void mock_start(void *state, const struct block_step *step,
		       struct block_request *req)
{
	struct mock_engine *e = state;

	assert_true(e->count < MOCK_STEPS);
	e->step[e->count] = *step;
	e->req[e->count++] = req;
	e->total++;
}

static void mock_kick(void *state)
{
	(void)state;
}

static struct block_request *mock_reap(void *state, bool wait, int64_t *result)
{
	struct mock_engine *e = state;
	unsigned int at = e->newest_first && e->count ? e->count - 1 : 0;
	struct block_request *req = e->req[at];

	if (!e->count || (!e->due && !wait))
		return NULL;
	*result = e->due ? e->result : mock_engine_bytes(&e->step[at]);
	e->due = 0;
	e->count--;
	for (unsigned int i = at; i < e->count; i++) {
		e->step[i] = e->step[i + 1];
		e->req[i] = e->req[i + 1];
	}
	return req;
}

const struct block_engine block_engine_mock = {
	.name = "mock",
	.open = mock_open,
	.close = mock_close,
	.start = mock_start,
	.kick = mock_kick,
	.reap = mock_reap,
};
