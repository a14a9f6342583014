/* SPDX-License-Identifier: MIT */
/*
 * virtio console: one port without MULTIPORT.
 *
 * A transmitted buffer completes at once: what the sink does not take waits in the
 * backlog, and while there is a backlog no further buffer is taken, which stops the
 * guest.  So no chain is ever held, and pause and reset have nothing to wait for.
 */
#include "devices/virtio_console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <abi/virtio_console.h>

#include "devices/util.h"

#define QUEUE_SIZE 64u
#define MAX_BUFFER (1u << 20) /* bytes of one; what is longer is cut, and counted */

struct virtio_console {
	struct virtio_dev vd;
	struct virtio_console_config_in embedder;
	struct virtio_console_config config;

	/* Bytes [sent, end) wait for the sink; NULL when there are none. */
	uint8_t *backlog;
	size_t sent, end;

	/* Input was turned away for want of buffers: say when there are some. */
	bool refused;
	uint64_t bytes_in, bytes_out, lost;
};

static struct virtio_console *of(struct virtio_dev *vd)
{
	return container_of(vd, struct virtio_console, vd);
}

struct virtio_dev *virtio_console_dev(struct virtio_console *console)
{
	return &console->vd;
}

/* --- from the guest --------------------------------------------------------------- */

static size_t emit(struct virtio_console *c, const void *bytes, size_t count)
{
	size_t taken = c->embedder.output(c->embedder.ctx, bytes, count);

	c->bytes_out += taken;
	return taken;
}

static void keep(struct virtio_console *c, const uint8_t *bytes, uint64_t count)
{
	uint64_t room;

	if (!c->backlog)
		c->backlog = malloc(MAX_BUFFER);
	room = c->backlog ? MAX_BUFFER - c->end : 0;
	if (count > room) {
		c->lost += count - room;
		count = room;
	}
	if (!count)
		return;
	memcpy(c->backlog + c->end, bytes, count);
	c->end += count;
}

static int send_piece(void *arg, void *piece, uint64_t len)
{
	struct virtio_console *c = arg;
	size_t taken = c->backlog ? 0 : emit(c, piece, len);

	if (taken < len)
		keep(c, (const uint8_t *)piece + taken, len - taken);
	return 0;
}

static bool send(void *arg, struct virtq_chain *chain)
{
	struct virtio_console *c = arg;
	struct dma_cursor out = virtq_readable(chain);
	uint64_t n = out.left < MAX_BUFFER ? out.left : MAX_BUFFER;

	c->lost += out.left - n;
	/* After a fault the rest is lost; the fault has been reported. */
	dma_cursor_walk(&out, n, send_piece, c);
	virtq_push(chain, 0);
	return !c->backlog;
}

static void send_all(struct virtio_console *c)
{
	struct virtq *q = &c->vd.queue[VIRTIO_CONSOLE_TXQ];

	if (!c->backlog)
		virtq_process(q, send, c);
}

void virtio_console_output_room(struct virtio_console *c)
{
	if (c->backlog) {
		c->sent += emit(c, c->backlog + c->sent, c->end - c->sent);
		if (c->sent < c->end)
			return;
		free(c->backlog);
		c->backlog = NULL;
		c->sent = 0;
		c->end = 0;
	}
	send_all(c);
}

/* Emergency write: works in any state of the device. */
static void console_config_write(struct virtio_dev *vd, unsigned int offset,
				 unsigned int len, uint64_t value)
{
	struct virtio_console *c = of(vd);
	uint8_t byte = (uint8_t)value;

	(void)len;
	if (offset == offsetof(struct virtio_console_config, emerg_wr))
		send_piece(c, &byte, 1);
}

/* --- to the guest ----------------------------------------------------------------- */

/* Into the next buffer the guest gave.  False: there is none. */
static bool fill_buffer(struct virtq *q, const uint8_t *from, size_t count,
			size_t *filled)
{
	struct virtq_chain *chain = virtq_pop(q);
	struct dma_cursor in;

	if (!chain && virtq_notify_on(q))
		chain = virtq_pop(q);
	if (!chain)
		return false;
	in = virtq_writable(chain);
	*filled = in.left < count ? in.left : count;
	/* A buffer that cannot be written goes back empty; the next one may do. */
	if (dma_cursor_write(&in, from, *filled))
		*filled = 0;
	virtq_push(chain, (uint32_t)*filled);
	return true;
}

size_t virtio_console_receive(struct virtio_console *c, const void *bytes, size_t count)
{
	struct virtq *q = &c->vd.queue[VIRTIO_CONSOLE_RXQ];
	unsigned int budget = q->size;
	const uint8_t *from = bytes;
	size_t taken = 0, filled;

	/* During a pause not even the rings are touched.  After a queue's worth of
	 * buffers others get their turn: another vCPU may return them for ever. */
	while (taken < count && budget && virtio_running(&c->vd) &&
	       fill_buffer(q, from + taken, count - taken, &filled)) {
		taken += filled;
		budget--;
	}
	c->refused = taken < count;
	if (c->refused && !budget)
		c->vd.transport->requeue(&c->vd, q);
	c->bytes_in += taken;
	virtq_signal(q);
	return taken;
}

static void console_notify(struct virtio_dev *vd, struct virtq *q)
{
	struct virtio_console *c = of(vd);

	if (q->index == VIRTIO_CONSOLE_TXQ) {
		send_all(c);
		return;
	}
	if (!c->refused)
		return;
	c->refused = false;
	if (c->embedder.input_room)
		c->embedder.input_room(c->embedder.ctx);
}

void virtio_console_resize(struct virtio_console *c, uint16_t cols, uint16_t rows)
{
	c->config.cols = cols;
	c->config.rows = rows;
	virtio_config_changed(&c->vd);
}

/* --- the device ------------------------------------------------------------------- */

static void console_drain(struct virtio_dev *vd, struct virtq *q)
{
	(void)vd;
	(void)q;
}

static void console_stats(struct virtio_dev *vd, stat_fn fn, void *arg)
{
	fn(arg, "bytes_in", of(vd)->bytes_in);
	fn(arg, "bytes_out", of(vd)->bytes_out);
	fn(arg, "lost", of(vd)->lost);
}

static void console_destroy(struct virtio_dev *vd)
{
	struct virtio_console *c = of(vd);

	virtio_fini(vd);
	free(c->backlog);
	free(c);
}

static const struct virtio_model console_model = {
	.id = VIRTIO_ID_CONSOLE,
	.pci_class = 0x0780, /* communication controller, other */
	.features = VIRTIO_FEATURE(VIRTIO_CONSOLE_F_SIZE) |
		    VIRTIO_FEATURE(VIRTIO_CONSOLE_F_EMERG_WRITE),
	.notify = console_notify,
	.drain = console_drain,
	.config_write = console_config_write,
	.stats = console_stats,
	.destroy = console_destroy,
};

int virtio_console_create(const struct virtio_console_config_in *config,
			  struct virtio_console **out)
{
	static const uint16_t sizes[] = { QUEUE_SIZE, QUEUE_SIZE };
	struct virtio_console *c = calloc(1, sizeof(*c));
	int error;

	if (!c)
		return -ENOMEM;
	c->embedder = *config;
	c->config.cols = config->cols;
	c->config.rows = config->rows;
	c->config.max_nr_ports = 1;
	error = virtio_init(&c->vd, &console_model, config->name, 0, sizes,
			    ARRAY_SIZE(sizes));
	if (error) {
		free(c);
		return error;
	}
	virtio_set_config(&c->vd, &c->config, sizeof(c->config));
	*out = c;
	return 0;
}
