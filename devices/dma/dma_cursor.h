/* SPDX-License-Identifier: MIT */
/*
 * A cursor over a list of I/O ranges read or written as one stream: how models take apart
 * a request without caring how the driver cut it into descriptors.
 *
 * Bytes are taken from the front.  A call that fails without a fault leaves the cursor where
 * it was; after -EFAULT it stands behind what has moved.
 */
#ifndef DEVICES_DMA_CURSOR_H
#define DEVICES_DMA_CURSOR_H

#include "devices/dma/dma.h"

/* Passed and copied by value; the segments must outlive it. */
struct dma_cursor {
	struct dma_port *port;
	const struct dma_seg *seg; /* the one that the next byte is in */
	uint64_t offset; /* of the next byte in it */
	uint64_t left; /* bytes to the end of the stream */
	enum dma_dir dir;
	dma_request
		request; /* the port's when the cursor was made: each access is for it */
};

/* The total of the lengths must not pass 2^64. */
struct dma_cursor dma_cursor(struct dma_port *port, enum dma_dir dir,
			     const struct dma_seg *seg, unsigned int nr);

/* 0; -EINVAL: the cursor is for the other direction; -ENODATA: fewer than len bytes are
 * left; -EFAULT: a fault was reported.  len 0 is 0. */
int dma_cursor_read(struct dma_cursor *c, void *buf, uint64_t len);
int dma_cursor_write(struct dma_cursor *c, const void *buf, uint64_t len);
int dma_cursor_skip(struct dma_cursor *c, uint64_t len);

/* Takes the next len bytes (at most what is left) off c as a cursor of their own.  The last
 * byte of a request: `data = dma_cursor_take(&c, c.left - 1)`, and c is at it. */
struct dma_cursor dma_cursor_take(struct dma_cursor *c, uint64_t len);

/* dma_walk over the next len bytes.  When fn ends it early the cursor stands behind the
 * pieces for which fn returned 0. */
int dma_cursor_walk(struct dma_cursor *c, uint64_t len, dma_walk_fn fn, void *arg);

/*
 * dma_map_segs over all that is left: returns the number of entries filled and moves past
 * what they hold.  c->left is 0 then, unless `max` was too small or the next byte cannot be
 * reached.  The segments must outlive the hold.
 */
int dma_cursor_map(struct dma_cursor *c, struct dma_hold *hold, struct iovec *iov,
		   unsigned int max);

#endif
