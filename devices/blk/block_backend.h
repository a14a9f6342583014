/* SPDX-License-Identifier: MIT */
/*
 * The medium behind a disk: a file or a block device of the host, worked on
 * asynchronously.
 *
 * A request is started by block_submit(), handed to the host by block_kick() (so that
 * many requests cost one system call), and finished by its done() callback, which runs
 * inside block_poll() or block_drain() and nowhere else.  The embedder calls
 * block_poll() when block_event_fd() is readable.
 *
 * Order: requests in flight at the same time are not ordered and finish in any order.
 * BLOCK_FLUSH makes durable all that had finished before the flush was submitted.
 *
 * Two engines do the work: io_uring, and, where the host forbids io_uring, plain system
 * calls (the same interface; the caller is then held for the length of each operation).
 *
 * All calls on one backend must be serialised by the caller.  A backend must be opened
 * by the process that uses it: it does not survive fork().
 */
#ifndef DEVICES_BLOCK_BACKEND_H
#define DEVICES_BLOCK_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct block_backend;
struct block_engine;

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH, /* fdatasync; iov, offset and length unused */
	BLOCK_DISCARD, /* the range's contents no longer matter; a hint */
	BLOCK_ZERO, /* the range reads as zeroes afterwards */
};

/*
 * One request, owned by the caller and untouched by it from block_submit() until
 * done().  The range must lie inside [0, block_size()), and length must not be 0 (but
 * for FLUSH).
 */
struct block_request {
	enum block_op op;
	bool unmap; /* BLOCK_ZERO: giving the storage back is welcome */
	struct iovec *iov; /* READ, WRITE: together `length` bytes; consumed on the way */
	unsigned int iovcnt;
	uint64_t offset; /* bytes; advanced on the way */
	uint64_t length; /* bytes; counted down on the way */
	/* error: 0 or negative errno; -ECANCELED when block_cancel() came first.  May
	 * submit again, this request included, or free it. */
	void (*done)(struct block_request *req, int error);

	/* The backend's own. */
	bool zero_by_write; /* no fallocate here: BLOCK_ZERO goes on by writing */
	bool alone; /* nothing else may be started meanwhile */
	bool bounce_filled; /* with what the medium has around what will be written */
	char *bounce; /* the buffer that it goes through, or NULL */
	struct iovec own_iov;
	uint64_t piece; /* DISCARD, ZERO: bytes of the step that is started */
	int64_t result;
	struct block_request *next;
};

struct block_config {
	const char *path;
	bool read_only;
	bool direct; /* past the host's page cache */
	unsigned int align; /* of direct transfers; 0: what the host says */
	unsigned int depth; /* most operations the host sees at once; 0: 128 */
	const struct block_engine *engine; /* NULL: io_uring, else system calls */
};

/*
 * Opens the medium and locks it (shared when read-only, else exclusively) against other
 * VMs of this host.  0, or: what open(2) says (-ENOENT, -EACCES, ...; -EINVAL: no direct
 * transfers on this file system), -EISDIR, -ENOTBLK (neither file nor block device),
 * -ENODATA (empty), -EDOM (direct, and its size is no multiple of the host's blocks), -EBUSY
 * (another VM writes it), -ENOMEM.
 */
int block_backend_open(const struct block_config *config, struct block_backend **out);
/* Waits for what the host still works on, cancels the rest, closes. */
void block_backend_close(struct block_backend *be);

void block_submit(struct block_backend *be, struct block_request *req);
void block_kick(struct block_backend *be);

/* Readable when block_poll() has something to do. */
int block_event_fd(const struct block_backend *be);
void block_poll(struct block_backend *be);
/* Returns when no request is left; every done() has run. */
void block_drain(struct block_backend *be);
/*
 * The same, but what the host has not been given yet, whole requests or what they have left,
 * ends with -ECANCELED.  What done() submits meanwhile is done.
 *
 * This waits for one step of each request that is started.  A step is bounded for all but a
 * flush: fdatasync() is one call, as long as what the host's cache holds of the file takes to
 * be written.  It cannot be cut (sync_file_range() settles neither the file's extents nor the
 * cache of the medium) nor called back once it has begun (to cancel it in the ring only takes
 * away what has not).  It is not left to itself either: what becomes of the file during a pause
 * (a copy, another host) must find it settled.
 */
void block_cancel(struct block_backend *be);

/* Bytes; constant while open. */
uint64_t block_size(const struct block_backend *be);
/* The medium's own sector size in bytes: 512 or more, a power of two. */
unsigned int block_sector_size(const struct block_backend *be);
bool block_read_only(const struct block_backend *be);
/* "io_uring" or "syscalls", for reports. */
/* Does it go through io_uring?  Is it a block device? */
bool block_engine_is_ring(const struct block_backend *be);
bool block_is_device(const struct block_backend *be);
const char *block_engine_name(const struct block_backend *be);

#endif
