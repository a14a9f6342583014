/* SPDX-License-Identifier: MIT */
#include "devices/dma_cursor.h"

#include <errno.h>

struct dma_cursor dma_cursor(struct dma_port *port, enum dma_dir dir,
			     const struct dma_seg *seg, unsigned int nr)
{
	struct dma_cursor c = { .port = port, .seg = seg, .dir = dir };

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
	struct dma_cursor at = *c;

	if (len > c->left)
		return -ENODATA;
	while (len) {
		uint64_t n = in_segment(&at, len);
		int err = dma_walk(at.port, at.seg->iova + at.offset, n, at.dir, fn, arg);

		if (err)
			return err;
		advance(&at, n);
		len -= n;
	}
	*c = at;
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

/* Makes the hold again what it was before, its place in the port's list apart. */
static void restore(struct dma_hold *hold, const struct dma_hold *before)
{
	if (!before->port) {
		dma_unmap(hold);
		return;
	}
	hold->first = before->first;
	hold->last = before->last;
}

int dma_cursor_map(struct dma_cursor *c, struct dma_hold *hold, struct iovec *iov,
		   unsigned int max)
{
	const struct dma_hold before = *hold;
	struct dma_cursor at = *c;
	unsigned int nr = 0;

	while (at.left && nr < max) {
		uint64_t mapped;
		int n = dma_map_iov(at.port, hold, at.seg->iova + at.offset,
				    in_segment(&at, at.left), at.dir, iov + nr, max - nr,
				    &mapped);

		if (n < 0) {
			restore(hold, &before);
			return n;
		}
		nr += (unsigned int)n;
		advance(&at, mapped);
	}
	*c = at;
	return (int)nr;
}
