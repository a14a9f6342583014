/* SPDX-License-Identifier: MIT */
#include "devices/dma/dma_cursor.h"

#include <errno.h>

struct dma_cursor dma_cursor(struct dma_port *port, enum dma_dir dir,
			     const struct dma_seg *seg, unsigned int nr)
{
	struct dma_cursor c = {
		.port = port, .seg = seg, .dir = dir, .request = port->request
	};

	for (unsigned int i = 0; i < nr; i++)
		c.left += seg[i].len;
	return c;
}

/* How many of the next `len` bytes, not 0 and not more than are left, lie in one segment. */
static uint64_t in_segment(const struct dma_cursor *c, uint64_t len)
{
	uint64_t n = c->seg->len - c->offset;

	return n < len ? n : len;
}

/* Moves past n bytes of the present segment. */
static void advance(struct dma_cursor *c, uint64_t n)
{
	c->offset += n;
	c->left -= n;
	if (c->offset == c->seg->len) {
		c->seg++;
		c->offset = 0;
	}
}

int dma_cursor_skip(struct dma_cursor *c, uint64_t len)
{
	if (len > c->left)
		return -ENODATA;
	while (len) {
		uint64_t n = in_segment(c, len);

		advance(c, n);
		len -= n;
	}
	return 0;
}

struct dma_cursor dma_cursor_take(struct dma_cursor *c, uint64_t len)
{
	struct dma_cursor part = *c;

	part.left = len < c->left ? len : c->left;
	dma_cursor_skip(c, part.left);
	return part;
}

int dma_cursor_walk(struct dma_cursor *c, uint64_t len, dma_walk_fn fn, void *arg)
{
	if (len > c->left)
		return -ENODATA;
	c->port->request = c->request;
	while (len) {
		uint64_t n = in_segment(c, len), moved;
		int err = dma_walk(c->port, c->seg->iova + c->offset, n, c->dir, fn, arg,
				   &moved);

		advance(c, moved);
		if (err)
			return err;
		len -= n;
	}
	return 0;
}

int dma_cursor_read(struct dma_cursor *c, void *buf, uint64_t len)
{
	uint8_t *to = buf;

	if (c->dir != DMA_READ)
		return -EINVAL;
	return dma_cursor_walk(c, len, dma_copy_out, &to);
}

int dma_cursor_write(struct dma_cursor *c, const void *buf, uint64_t len)
{
	const uint8_t *from = buf;

	if (c->dir != DMA_WRITE)
		return -EINVAL;
	return dma_cursor_walk(c, len, dma_copy_in, &from);
}

int dma_cursor_map(struct dma_cursor *c, struct dma_hold *hold, struct iovec *iov,
		   unsigned int max)
{
	uint64_t mapped;
	int nr;

	if (!c->left)
		return 0;
	c->port->request = c->request;
	nr = dma_map_segs(c->port, hold, c->seg, c->offset, c->left, c->dir, iov, max,
			  &mapped);
	if (nr > 0)
		dma_cursor_skip(c, mapped);
	return nr;
}
