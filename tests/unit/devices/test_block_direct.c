/* SPDX-License-Identifier: MIT */
/* Transfers past the page cache, and what is not aligned for them. */
#include "devices/blk/block_direct.h"
#include "tests/unit/devices/mock_block_engine.h"
#include "tests/unit/devices/mock_block_medium.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static unsigned int done_count;

static void count_done(struct block_request *req, int error)
{
	(void)req;
	assert_int_equal(error, 0);
	done_count++;
}

/* --- past the page cache ---------------------------------------------------------- */

#define STRICT 4096u

static uint64_t strict_steps, strict_bounced;

static void strict_start(void *state, const struct block_step *step,
			 struct block_request *req)
{
	bool transfer = step->kind == STEP_READV || step->kind == STEP_WRITEV;
	uint64_t bits = step->offset;

	for (unsigned int i = 0; transfer && i < step->iovcnt; i++)
		bits |= (uintptr_t)step->iov[i].iov_base | step->iov[i].iov_len;
	if (transfer)
		assert_int_equal(bits % STRICT, 0);
	strict_steps += transfer;
	strict_bounced += transfer && req->bounce;
	block_engine_sync.start(state, step, req);
}

/* Not every file system of /tmp can do it. */
static void need_direct(void)
{
	int fd;

	medium_make(NULL, MEDIUM_SIZE);
	fd = open(medium_path, O_RDONLY | O_DIRECT);
	if (fd < 0)
		skip();
	close(fd);
}

/* A medium whose blocks are as large as they get, and that is strict about it: every byte
 * and every piece of memory that the model asks for is misaligned. */
static void test_direct_strict(void **state)
{
	struct block_engine strict = block_engine_sync;
	struct block_config config = { .path = medium_path,
				       .engine = &strict,
				       .depth = 7,
				       .direct = true,
				       .align = STRICT };

	(void)state;
	need_direct();
	strict.start = strict_start;
	medium_random_run(&config);
	assert_true(strict_steps > 500 && strict_bounced > 500);
}

static void test_direct(void **state)
{
	static const struct block_engine *const engines[] = { &block_engine_uring,
							      &block_engine_sync };

	(void)state;
	need_direct();
	for (unsigned int i = 0; i < 2; i++) {
		struct block_config config = { .path = medium_path,
					       .engine = engines[i],
					       .depth = 5 + i,
					       .direct = true };

		medium_random_run(&config);
	}
}

/* A medium past the page cache, with the engine in the test's hands; nothing is done yet. */
static struct block_backend *open_direct(unsigned int align)
{
	struct block_config config = { .path = medium_path,
				       .engine = &block_engine_mock,
				       .depth = 20,
				       .direct = true,
				       .align = align };
	struct block_backend *be;

	need_direct();
	medium_make(NULL, MEDIUM_SIZE);
	assert_int_equal(block_backend_open(&config, &be), 0);
	done_count = 0;
	return be;
}

/* One sector of the medium, with its request. */
struct sector {
	char data[512];
	struct iovec iov;
	struct block_request req;
};

static void submit_sector(struct block_backend *be, struct sector *s, enum block_op op,
			  unsigned int number)
{
	s->iov = (struct iovec){ s->data, sizeof(s->data) };
	s->req = (struct block_request){ .op = op,
					 .iov = &s->iov,
					 .iovcnt = 1,
					 .offset = sizeof(s->data) * number,
					 .length = sizeof(s->data),
					 .done = count_done };
	block_submit(be, &s->req);
}

/* What is aligned goes straight to the caller's memory. */
static void test_direct_straight(void **state)
{
	static _Alignas(512) char data[1024];
	struct iovec iov = { data, sizeof(data) };
	struct block_request req = { .op = BLOCK_WRITE,
				     .iov = &iov,
				     .iovcnt = 1,
				     .offset = 512,
				     .length = sizeof(data),
				     .done = count_done };
	struct block_backend *be = open_direct(512);

	(void)state;
	block_submit(be, &req);
	assert_int_equal(mock_engine.count, 1);
	assert_ptr_equal(mock_engine.step[0].iov->iov_base, data);
	mock_engine_end(700); /* cut short within a block, which is written again */
	block_poll(be);
	assert_int_equal(mock_engine.step[0].offset, 1024);
	assert_ptr_equal(mock_engine.step[0].iov->iov_base, data + 512);
	mock_engine_end(512);
	block_poll(be);
	assert_int_equal(done_count, 1);
	block_backend_close(be);
}

/* A part of a block is read, changed and written with nobody else at the engine. */
static void test_direct_alone(void **state)
{
	struct block_backend *be = open_direct(4096);
	struct sector sector[3] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		submit_sector(be, &sector[i], i ? BLOCK_WRITE : BLOCK_READ, 1 + i);
	assert_int_equal(mock_engine.count, 1); /* the read, and nothing beside it */
	for (unsigned int i = 0; i < 3; i++) {
		if (i) {
			assert_int_equal(mock_engine.count, 1);
			assert_int_equal(mock_engine.step[0].kind, STEP_READV);
			mock_engine_end(4096);
			block_poll(be);
			assert_int_equal(mock_engine.step[0].kind, STEP_WRITEV);
		}
		assert_int_equal(mock_engine.step[0].offset, 0);
		assert_int_equal(mock_engine.count, 1);
		mock_engine_end(4096);
		block_poll(be);
		assert_int_equal(done_count, i + 1);
	}
	block_backend_close(be);
}

/* There are fewer buffers than requests may be in flight. */
static void test_direct_buffers(void **state)
{
	struct block_backend *be = open_direct(4096);
	static struct sector sector[20];

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		submit_sector(be, &sector[i], BLOCK_READ, i);
	assert_in_range(mock_engine.count, 2, 19);
	while (mock_engine.count) {
		mock_engine_end(4096);
		block_poll(be);
	}
	assert_int_equal(done_count, 20);
	block_backend_close(be);
}

/* Writing its last block would make the file longer. */
static void test_direct_odd_size(void **state)
{
	struct block_config config = { .path = medium_path,
				       .direct = true,
				       .align = 4096 };
	struct block_backend *be = NULL;

	(void)state;
	need_direct();
	medium_make(NULL, MEDIUM_SIZE + 512);
	assert_int_equal(block_backend_open(&config, &be), -EDOM);
	config.direct = false;
	assert_int_equal(block_backend_open(&config, &be), 0);
	block_backend_close(be);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_direct_strict),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_direct_straight),
		cmocka_unit_test(test_direct_alone),
		cmocka_unit_test(test_direct_buffers),
		cmocka_unit_test(test_direct_odd_size),
	};

	return cmocka_run_group_tests(tests, medium_make_dir, medium_remove_dir);
}
