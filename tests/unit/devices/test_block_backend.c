/* SPDX-License-Identifier: MIT */
/*
 * The block backend against real files (both engines, a reference model in memory, many
 * requests in flight) and against an engine that misbehaves on purpose.
 */
#include "devices/blk/block_backend.h"
#include "devices/blk/block_engine.h"
#include "tests/unit/devices/mock_block_engine.h"
#include "tests/unit/devices/mock_block_medium.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/loop.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static struct block_backend *open_backend(const struct block_engine *engine,
					  unsigned int depth)
{
	struct block_config config = { .path = medium_path,
				       .engine = engine,
				       .depth = depth };
	struct block_backend *be = NULL;

	assert_int_equal(block_backend_open(&config, &be), 0);
	return be;
}

static void random_run(const struct block_engine *engine, unsigned int depth)
{
	struct block_config config = { .path = medium_path,
				       .engine = engine,
				       .depth = depth };

	medium_random_run(&config);
}

static void test_random_uring(void **state)
{
	(void)state;
	random_run(&block_engine_uring, 0);
	random_run(&block_engine_uring, 3);
}

static void test_random_sync(void **state)
{
	(void)state;
	random_run(&block_engine_sync, 0);
	random_run(&block_engine_sync, 1);
}

/* --- an engine that does as the test says ----------------------------------------- */

static struct block_request *ended[64];
static int ended_error[64];
static unsigned int ended_count;

static void note_end(struct block_request *req, int error)
{
	ended[ended_count] = req;
	ended_error[ended_count++] = error;
}

static struct block_backend *mock_backend(unsigned int depth)
{
	ended_count = 0;
	medium_make(NULL, MEDIUM_SIZE);
	return open_backend(&block_engine_mock, depth);
}

/* One started step ends with `result`; nothing else does. */
static void step_ends(struct block_backend *be, int64_t result)
{
	mock_engine_end(result);
	block_poll(be);
	assert_int_equal(mock_engine.due, 0);
}

static void test_short_transfers(void **state)
{
	char a[100], b[50];
	struct iovec iov[] = { { a, 100 }, { NULL, 0 }, { b, 50 } };
	struct block_request req = { .op = BLOCK_READ,
				     .iov = iov,
				     .iovcnt = 3,
				     .offset = 1000,
				     .length = 150,
				     .done = note_end };
	struct block_backend *be = mock_backend(1);

	(void)state;
	block_submit(be, &req);
	assert_int_equal(mock_engine.step[0].kind, STEP_READV);
	assert_int_equal(mock_engine.step[0].iovcnt, 3);
	step_ends(be, -EINTR);
	assert_int_equal(mock_engine.step[0].offset, 1000);
	step_ends(be, 60);
	assert_int_equal(mock_engine.step[0].offset, 1060);
	assert_ptr_equal(mock_engine.step[0].iov->iov_base, a + 60);
	assert_int_equal(mock_engine.step[0].iov->iov_len, 40);
	step_ends(be, 40);
	assert_int_equal(mock_engine.step[0].iovcnt, 1);
	assert_ptr_equal(mock_engine.step[0].iov->iov_base, b);
	step_ends(be, -EAGAIN);
	assert_int_equal(ended_count, 0);
	step_ends(be, 50);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended_error[0], 0);
	block_backend_close(be);
}

static int error_of(struct block_backend *be, enum block_op op, int64_t result)
{
	static char data[100];
	struct iovec iov = { data, 100 };
	struct block_request req = {
		.op = op, .iov = &iov, .iovcnt = 1, .length = 100, .done = note_end
	};

	block_submit(be, &req);
	step_ends(be, result);
	assert_int_equal(mock_engine.count, 0);
	return ended_error[--ended_count];
}

static void test_errors(void **state)
{
	struct block_backend *be = mock_backend(4);

	(void)state;
	assert_int_equal(error_of(be, BLOCK_READ, -EIO), -EIO);
	assert_int_equal(error_of(be, BLOCK_READ, 0), -EIO);
	assert_int_equal(error_of(be, BLOCK_READ, 101), -EIO);
	assert_int_equal(error_of(be, BLOCK_WRITE, -ENOSPC), -ENOSPC);
	assert_int_equal(error_of(be, BLOCK_WRITE, 0), -ENOSPC);
	assert_int_equal(error_of(be, BLOCK_FLUSH, -EIO), -EIO);
	assert_int_equal(error_of(be, BLOCK_FLUSH, 0), 0);
	assert_int_equal(error_of(be, BLOCK_DISCARD, -EIO), -EIO);
	assert_int_equal(error_of(be, BLOCK_DISCARD, -EOPNOTSUPP), 0);
	assert_int_equal(error_of(be, BLOCK_DISCARD, 0), 0);
	assert_int_equal(error_of(be, BLOCK_ZERO, -ENOSPC), -ENOSPC);
	assert_int_equal(error_of(be, BLOCK_ZERO, 0), 0);
	block_backend_close(be);
}

/* Where fallocate cannot, zeroes are written, in pieces. */
static void test_zero_by_write(void **state)
{
	struct block_request req = { .op = BLOCK_ZERO,
				     .unmap = true,
				     .offset = 5,
				     .length = 100000,
				     .done = note_end };
	struct block_backend *be = mock_backend(1);
	const char *bytes;

	(void)state;
	block_submit(be, &req);
	assert_int_equal(mock_engine.step[0].kind, STEP_FALLOCATE);
	assert_int_equal(mock_engine.step[0].mode,
			 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
	step_ends(be, -EOPNOTSUPP);
	assert_int_equal(mock_engine.step[0].kind, STEP_WRITEV);
	assert_int_equal(mock_engine.step[0].offset, 5);
	assert_int_equal(mock_engine.step[0].iov->iov_len, 65536);
	bytes = mock_engine.step[0].iov->iov_base;
	for (int i = 0; i < 65536; i++)
		assert_int_equal(bytes[i], 0);
	step_ends(be, 65536);
	assert_int_equal(mock_engine.step[0].offset, 5 + 65536);
	assert_int_equal(mock_engine.step[0].iov->iov_len, 100000 - 65536);
	step_ends(be, 100000 - 65536);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended_error[0], 0);
	block_backend_close(be);
}

/* What the host is given at once ends at a multiple of `most`, and at the end. */
static void expect_pieces(struct block_backend *be, enum block_op op, uint64_t most)
{
	uint64_t offset = 3 * most + 7 * 512, end = 5 * most + 512;
	struct block_request req = {
		.op = op, .offset = offset, .length = end - offset, .done = note_end
	};
	unsigned int pieces = 0;

	ended_count = 0;
	block_submit(be, &req);
	for (; !ended_count; pieces++) {
		const struct block_step *step = &mock_engine.step[0];
		uint64_t to = offset - offset % most + most;

		assert_int_equal(step->kind, STEP_FALLOCATE);
		assert_true(step->offset == offset);
		offset = to < end ? to : end;
		assert_true(step->offset + step->length == offset);
		step_ends(be, 0);
	}
	assert_int_equal(pieces, 3);
	assert_true(offset == end);
	assert_int_equal(ended_error[0], 0);
}

static void test_ranges_go_in_pieces(void **state)
{
	struct block_backend *be = mock_backend(1);
	struct block_request req = { .op = BLOCK_DISCARD,
				     .length = 1u << 31,
				     .done = note_end };

	(void)state;
	expect_pieces(be, BLOCK_DISCARD, 16 << 20);
	expect_pieces(be, BLOCK_ZERO, 1 << 20);
	/* An error is the request's, wherever it comes. */
	ended_count = 0;
	block_submit(be, &req);
	step_ends(be, 0);
	step_ends(be, -EIO);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended_error[0], -EIO);
	block_backend_close(be);
}

/* At most `depth` steps at the engine, started in order, ending in any order. */
static void test_depth_and_order(void **state)
{
	struct block_request reqs[6];
	struct block_backend *be = mock_backend(3);

	(void)state;
	for (int i = 0; i < 6; i++) {
		reqs[i] = (struct block_request){ .op = BLOCK_FLUSH, .done = note_end };
		block_submit(be, &reqs[i]);
	}
	assert_int_equal(mock_engine.count, 3);
	mock_engine.newest_first = true;
	step_ends(be, 0);
	assert_ptr_equal(ended[0], &reqs[2]);
	assert_int_equal(mock_engine.count, 3);
	assert_ptr_equal(mock_engine.req[2], &reqs[3]);
	step_ends(be, 0);
	assert_ptr_equal(ended[1], &reqs[3]);
	mock_engine.newest_first = false;
	block_drain(be);
	assert_int_equal(ended_count, 6);
	assert_ptr_equal(ended[2], &reqs[0]);
	assert_ptr_equal(ended[5], &reqs[5]);
	block_backend_close(be);
}

static void test_cancel(void **state)
{
	struct block_request reqs[4];
	struct block_backend *be = mock_backend(2);

	(void)state;
	for (int i = 0; i < 4; i++) {
		reqs[i] = (struct block_request){ .op = BLOCK_FLUSH, .done = note_end };
		block_submit(be, &reqs[i]);
	}
	block_cancel(be);
	assert_int_equal(ended_count, 4);
	assert_ptr_equal(ended[0], &reqs[2]);
	assert_int_equal(ended_error[0], -ECANCELED);
	assert_int_equal(ended_error[1], -ECANCELED);
	assert_ptr_equal(ended[2], &reqs[0]);
	assert_int_equal(ended_error[2], 0);
	/* The backend goes on. */
	assert_int_equal(error_of(be, BLOCK_FLUSH, 0), 0);
	block_backend_close(be);
}

/* Gigabytes to be discarded are not waited for: one step of them is. */
static void test_cancel_long_discard(void **state)
{
	struct block_request req = { .op = BLOCK_DISCARD,
				     .length = 1u << 31,
				     .done = note_end };
	struct block_backend *be = mock_backend(2);

	(void)state;
	block_submit(be, &req);
	block_cancel(be);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended_error[0], -ECANCELED);
	assert_int_equal(mock_engine.total, 1);
	block_backend_close(be);
}

/* Gigabytes of zeroes to be written are not waited for: one step of them is. */
static void test_cancel_long(void **state)
{
	struct block_request req = { .op = BLOCK_ZERO,
				     .length = 1u << 31,
				     .done = note_end };
	struct block_backend *be = mock_backend(2);

	(void)state;
	block_submit(be, &req);
	step_ends(be, -EOPNOTSUPP);
	assert_int_equal(mock_engine.step[0].kind, STEP_WRITEV);
	block_cancel(be);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended_error[0], -ECANCELED);
	assert_int_equal(mock_engine.total, 2);
	block_backend_close(be);
}

/* --- flush is fdatasync ----------------------------------------------------------- */

static int datasyncs;

/* Stands before libc's: the engine of plain system calls is linked to this one. */
int fdatasync(int fd)
{
	datasyncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

static void test_flush_syncs(void **state)
{
	struct block_request req = { .op = BLOCK_FLUSH, .done = note_end };
	struct block_backend *be;
	struct block_step step;
	struct io_uring_sqe sqe;

	(void)state;
	medium_make(NULL, MEDIUM_SIZE);
	be = open_backend(&block_engine_sync, 0);
	ended_count = 0;
	datasyncs = 0;
	block_submit(be, &req);
	assert_int_equal(ended_count, 0); /* never from inside submit */
	block_drain(be);
	assert_int_equal(ended_count, 1);
	assert_int_equal(datasyncs, 1);
	block_backend_close(be);

	block_next_step(&req, 7, &step);
	block_uring_prep(&sqe, &step);
	assert_int_equal(sqe.opcode, IORING_OP_FSYNC);
	assert_int_equal(sqe.fsync_flags, IORING_FSYNC_DATASYNC);
	assert_int_equal(sqe.fd, 7);
}

/* More pieces than one system call takes. */
static void many_pieces(const struct block_engine *engine)
{
	enum { PIECES = IOV_MAX * 2 + 100, PIECE = 7 };
	struct iovec *iov = calloc(PIECES, sizeof(*iov));
	uint8_t *bytes = malloc(PIECES * PIECE);
	struct block_request req = { .op = BLOCK_WRITE,
				     .iov = iov,
				     .iovcnt = PIECES,
				     .length = PIECES * PIECE,
				     .done = note_end };
	struct block_backend *be;

	for (int i = 0; i < PIECES * PIECE; i++)
		bytes[i] = (uint8_t)(i * 31);
	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){ bytes + i * PIECE, PIECE };
	medium_make(NULL, PIECES * PIECE);
	be = open_backend(engine, 0);
	ended_count = 0;
	block_submit(be, &req);
	block_drain(be);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended_error[0], 0);
	block_backend_close(be);
	assert_true(medium_hash(PIECES * PIECE) == XXH3_64bits(bytes, PIECES * PIECE));
	free(bytes);
	free(iov);
}

static void test_many_pieces(void **state)
{
	(void)state;
	many_pieces(&block_engine_uring);
	many_pieces(&block_engine_sync);
}

/* A file that shrinks under the VM: an error, and the engine lives. */
static void test_truncated_below(void **state)
{
	const struct block_engine *engines[] = { &block_engine_uring,
						 &block_engine_sync };
	static char data[4096];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct iovec iov = { data, 4096 };
		struct block_request req = { .op = BLOCK_READ,
					     .iov = &iov,
					     .iovcnt = 1,
					     .offset = MEDIUM_SIZE - 4096,
					     .length = 4096,
					     .done = note_end };
		struct block_backend *be;

		medium_make(NULL, MEDIUM_SIZE);
		be = open_backend(engines[i], 0);
		assert_int_equal(truncate(medium_path, MEDIUM_SIZE - 1000), 0);
		ended_count = 0;
		block_submit(be, &req);
		block_drain(be);
		assert_int_equal(ended_count, 1);
		assert_int_equal(ended_error[0], -EIO);
		block_backend_close(be);
	}
}

/* --- a block device --------------------------------------------------------------- */

/* A loop device with sectors of 4096 bytes on the file; skips the test where there
 * is none. */
static int make_loop(char *name, size_t size)
{
	struct loop_config config = { .block_size = 4096,
				      .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	int fd = -1, file = open(medium_path, O_RDWR);

	if (number >= 0) {
		snprintf(name, size, "/dev/loop%d", number);
		fd = open(name, O_RDWR);
		config.fd = (uint32_t)file;
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) < 0) {
			close(fd);
			fd = -1;
		}
	}
	if (control >= 0)
		close(control);
	close(file);
	if (fd < 0)
		skip();
	return fd;
}

static int run_one(struct block_backend *be, enum block_op op, void *bytes,
		   uint64_t offset, uint64_t length)
{
	struct iovec iov = { bytes, length };
	struct block_request req = { .op = op,
				     .unmap = true,
				     .iov = &iov,
				     .iovcnt = 1,
				     .offset = offset,
				     .length = length,
				     .done = note_end };

	ended_count = 0;
	block_submit(be, &req);
	block_drain(be);
	assert_int_equal(ended_count, 1);
	return ended_error[0];
}

/* Unaligned to its sectors too: zeroes are then written, and a discard is only a
 * hint. */
static void test_block_device(void **state)
{
	static uint8_t want[16384], bytes[16384];
	struct block_config config = { 0 };
	struct block_backend *be;
	char name[32];
	int loop;

	(void)state;
	medium_make(NULL, MEDIUM_SIZE);
	loop = make_loop(name, sizeof(name));
	config.path = name;
	assert_int_equal(block_backend_open(&config, &be), 0);
	assert_int_equal(block_size(be), MEDIUM_SIZE);
	assert_int_equal(block_sector_size(be), 4096);
	memset(want, 0x5a, sizeof(want));
	assert_int_equal(run_one(be, BLOCK_WRITE, want, 0, sizeof(want)), 0);
	assert_int_equal(run_one(be, BLOCK_ZERO, NULL, 4096, 4096), 0);
	assert_int_equal(run_one(be, BLOCK_ZERO, NULL, 9000, 1000), 0);
	memset(want + 4096, 0, 4096);
	memset(want + 9000, 0, 1000);
	assert_int_equal(run_one(be, BLOCK_DISCARD, NULL, 12288, 4096), 0);
	assert_int_equal(run_one(be, BLOCK_DISCARD, NULL, 10001, 500), 0);
	assert_int_equal(run_one(be, BLOCK_FLUSH, NULL, 0, 0), 0);
	assert_int_equal(run_one(be, BLOCK_READ, bytes, 0, 12288), 0);
	assert_memory_equal(bytes, want, 10001);
	assert_memory_equal(bytes + 10501, want + 10501, 12288 - 10501);
	block_backend_close(be);
	close(loop);
}

/* --- opening ---------------------------------------------------------------------- */

static int open_error(const char *name, bool read_only)
{
	struct block_config config = { .path = name, .read_only = read_only };
	struct block_backend *be = NULL;
	int error = block_backend_open(&config, &be);

	if (!error)
		block_backend_close(be);
	return error;
}

static void test_open_errors(void **state)
{
	char other[80];

	(void)state;
	snprintf(other, sizeof(other), "%s/other", medium_dir);
	assert_int_equal(open_error(other, false), -ENOENT);
	assert_int_equal(open_error(medium_dir, false), -EISDIR);
	assert_int_equal(open_error(medium_dir, true), -EISDIR);
	assert_int_equal(open_error("/dev/null", false), -ENOTBLK);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(open_error(other, true), -ENOTBLK);
	unlink(other);
	medium_make(NULL, 0);
	assert_int_equal(open_error(medium_path, false), -ENODATA);
}

static void test_lock(void **state)
{
	struct block_config shared = { .path = medium_path, .read_only = true };
	struct block_backend *be;

	(void)state;
	medium_make(NULL, MEDIUM_SIZE);
	be = open_backend(NULL, 0);
	assert_false(block_read_only(be));
	assert_string_equal(block_engine_name(be), "io_uring");
	assert_int_equal(open_error(medium_path, false), -EBUSY);
	assert_int_equal(open_error(medium_path, true), -EBUSY);
	block_backend_close(be);
	assert_int_equal(block_backend_open(&shared, &be), 0);
	assert_true(block_read_only(be));
	assert_int_equal(open_error(medium_path, true), 0);
	assert_int_equal(open_error(medium_path, false), -EBUSY);
	block_backend_close(be);
}

static void forbid_io_uring(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(2);
}

static void test_fallback(void **state)
{
	struct block_config config = { .path = medium_path };
	struct block_backend *be;
	int status;
	pid_t child;

	(void)state;
	medium_make(NULL, MEDIUM_SIZE);
	child = fork();
	if (child == 0) {
		forbid_io_uring();
		if (block_backend_open(&config, &be))
			_exit(3);
		_exit(strcmp(block_engine_name(be), "syscalls") == 0 ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int result_of(struct io_uring *ring, const struct io_uring_sqe *request)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int result;

	*sqe = *request;
	assert_int_equal(io_uring_submit_and_wait(ring, 1), 1);
	assert_int_equal(io_uring_peek_cqe(ring, &cqe), 0);
	result = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return result;
}

/* A ring for disks cannot be used for anything else, nor be changed. */
static void test_restricted(void **state)
{
	struct io_uring_sqe sqe = { 0 };
	struct io_uring ring;
	uint8_t byte[8];
	struct iovec iov = { byte, sizeof(byte) };
	int fd;

	(void)state;
	medium_make(NULL, MEDIUM_SIZE);
	fd = open(medium_path, O_RDWR);
	assert_int_equal(io_uring_queue_init(4, &ring, IORING_SETUP_R_DISABLED), 0);
	assert_int_equal(block_uring_restrict(&ring), 0);

	io_uring_prep_readv(&sqe, fd, &iov, 1, 0);
	assert_int_equal(result_of(&ring, &sqe), sizeof(byte));
	io_uring_prep_writev(&sqe, fd, &iov, 1, 0);
	assert_int_equal(result_of(&ring, &sqe), sizeof(byte));
	io_uring_prep_fsync(&sqe, fd, IORING_FSYNC_DATASYNC);
	assert_int_equal(result_of(&ring, &sqe), 0);
	io_uring_prep_fallocate(&sqe, fd, 0, 0, 512);
	assert_int_equal(result_of(&ring, &sqe), 0);

	io_uring_prep_openat(&sqe, AT_FDCWD, medium_path, O_RDONLY, 0);
	assert_int_equal(result_of(&ring, &sqe), -EACCES);
	io_uring_prep_close(&sqe, fd);
	assert_int_equal(result_of(&ring, &sqe), -EACCES);
	io_uring_prep_nop(&sqe);
	assert_int_equal(result_of(&ring, &sqe), -EACCES);
	assert_int_equal(io_uring_register_eventfd(&ring, fd), -EACCES);
	io_uring_queue_exit(&ring);
	close(fd);
}

/* And the engine's is such a ring: what it is made of refuses to be changed. */
static void test_engine_is_restricted(void **state)
{
	int event_fd = eventfd(0, EFD_NONBLOCK);
	void *engine;

	(void)state;
	assert_int_equal(block_engine_uring.open(&engine, 4, event_fd), 0);
	/* The ring stands first in its engine. */
	assert_int_equal(io_uring_register_eventfd(engine, event_fd), -EACCES);
	block_engine_uring.close(engine);
	close(event_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_uring),
		cmocka_unit_test(test_random_sync),
		cmocka_unit_test(test_short_transfers),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_zero_by_write),
		cmocka_unit_test(test_ranges_go_in_pieces),
		cmocka_unit_test(test_depth_and_order),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_long),
		cmocka_unit_test(test_cancel_long_discard),
		cmocka_unit_test(test_flush_syncs),
		cmocka_unit_test(test_many_pieces),
		cmocka_unit_test(test_truncated_below),
		cmocka_unit_test(test_block_device),
		cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_restricted),
		cmocka_unit_test(test_engine_is_restricted),
	};

	return cmocka_run_group_tests(tests, medium_make_dir, medium_remove_dir);
}
