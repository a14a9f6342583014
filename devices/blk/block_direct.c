/* SPDX-License-Identifier: MIT */
#include "devices/blk/block_direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BOUNCES	    8u
#define BOUNCE_SIZE 65536u
#define ALIGN_MAX   4096u /* what every medium takes */

/* --- what the host wants ------------------------------------------------------------ */

/* Hosts before Linux 6.1, and some file systems, do not say. */
static void ask_host(struct block_direct *d, int fd)
{
	struct statx st = { .stx_mask = 0 };

	d->align = d->memory = ALIGN_MAX;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) ||
	    !(st.stx_mask & STATX_DIOALIGN) || !st.stx_dio_offset_align)
		return;
	d->align = st.stx_dio_offset_align;
	d->memory = st.stx_dio_mem_align;
}

static bool usable(unsigned int align)
{
	return align && align <= ALIGN_MAX && !(align & (align - 1));
}

int block_direct_open(struct block_direct *d, int fd, unsigned int align)
{
	if (align)
		d->align = d->memory = align;
	else
		ask_host(d, fd);
	if (!usable(d->align) || !usable(d->memory))
		return -EINVAL;
	d->pool = aligned_alloc(ALIGN_MAX, (size_t)BOUNCES * BOUNCE_SIZE);
	d->free = (1u << BOUNCES) - 1;
	return d->pool ? 0 : -ENOMEM;
}

void block_direct_close(struct block_direct *d)
{
	free(d->pool);
	d->pool = NULL;
}

/* --- requests ------------------------------------------------------------------------- */

static bool range_fits(const struct block_direct *d, const struct block_request *req)
{
	return !((req->offset | req->length) & (d->align - 1));
}

static bool memory_fits(const struct block_direct *d, const struct block_request *req)
{
	uintptr_t bits = 0;
	unsigned int i;

	if (req->op == BLOCK_ZERO)
		return true;
	for (i = 0; i < req->iovcnt; i++) {
		if ((uintptr_t)req->iov[i].iov_base & (d->memory - 1))
			return false;
		bits |= req->iov[i].iov_len;
	}
	return !(bits & (d->align - 1)) && !(bits & (d->memory - 1));
}

bool block_direct_admit(struct block_direct *d, struct block_request *req)
{
	bool moves = req->op == BLOCK_READ || req->op == BLOCK_WRITE ||
		     req->op == BLOCK_ZERO;

	req->alone = false;
	if (!d->align || !moves || (range_fits(d, req) && memory_fits(d, req)))
		return true;
	if (!d->free)
		return false;
	req->bounce = d->pool + (size_t)__builtin_ctz(d->free) * BOUNCE_SIZE;
	req->bounce_filled = false;
	d->free &= d->free - 1;
	req->alone = req->op != BLOCK_READ && !range_fits(d, req);
	return true;
}

void block_direct_release(struct block_direct *d, struct block_request *req)
{
	if (req->bounce)
		d->free |= 1u << (size_t)(req->bounce - d->pool) / BOUNCE_SIZE;
	req->bounce = NULL;
}

/* --- windows ---------------------------------------------------------------------------- */

struct window {
	uint64_t start; /* in the medium */
	size_t size;
	size_t head; /* bytes of the window before the request's */
	size_t wanted; /* the request's */
};

static struct window window_of(const struct block_direct *d,
			       const struct block_request *req)
{
	uint64_t start = req->offset & ~((uint64_t)d->align - 1);
	uint64_t end = (req->offset + req->length + d->align - 1) &
		       ~((uint64_t)d->align - 1);
	struct window w = { .start = start, .head = (size_t)(req->offset - start) };

	w.size = end - start < BOUNCE_SIZE ? (size_t)(end - start) : BOUNCE_SIZE;
	w.wanted = w.size - w.head < req->length ? w.size - w.head : (size_t)req->length;
	return w;
}

/* Between the front of what is left of the request and its place in the buffer. */
static void copy(const struct block_request *req, size_t head, size_t count, bool out)
{
	char *at = req->bounce + head;
	unsigned int i;

	if (req->op == BLOCK_ZERO)
		memset(at, 0, count);
	for (i = 0; req->op != BLOCK_ZERO && count && i < req->iovcnt; i++) {
		size_t n = req->iov[i].iov_len < count ? req->iov[i].iov_len : count;

		if (out)
			memcpy(req->iov[i].iov_base, at, n);
		else
			memcpy(at, req->iov[i].iov_base, n);
		at += n;
		count -= n;
	}
}

void block_direct_step(const struct block_direct *d, struct block_request *req,
		       struct block_step *step)
{
	bool writes = step->kind == STEP_WRITEV;
	struct window w;

	if (!req->bounce || (!writes && step->kind != STEP_READV))
		return;
	w = window_of(d, req);
	if (writes && w.wanted == w.size)
		req->bounce_filled = true;
	if (writes && req->bounce_filled)
		copy(req, w.head, w.wanted, false);
	else
		step->kind = STEP_READV;
	req->own_iov = (struct iovec){ .iov_base = req->bounce, .iov_len = w.size };
	step->iov = &req->own_iov;
	step->iovcnt = 1;
	step->offset = w.start;
}

int64_t block_direct_moved(const struct block_direct *d, struct block_request *req,
			   int64_t result)
{
	struct window w;
	size_t moved;

	if (result <= 0 || !d->align)
		return result;
	if (!req->bounce) /* the rest shall be aligned as the whole was */
		return result & ~((int64_t)d->align - 1);
	w = window_of(d, req);
	if (req->op != BLOCK_READ && !req->bounce_filled) {
		req->bounce_filled = (size_t)result == w.size;
		return req->bounce_filled ? BLOCK_DIRECT_MORE : -EIO;
	}
	req->bounce_filled = false;
	if ((size_t)result <= w.head)
		return 0;
	moved = (size_t)result - w.head < w.wanted ? (size_t)result - w.head : w.wanted;
	if (req->op == BLOCK_READ)
		copy(req, w.head, moved, true);
	return (int64_t)moved;
}
