/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/gdb/gdb_listen.h"
#include "vmm/gdb/gdb_server.h"

#define INPUT_BYTES 4096
#define OUTPUT_ROOM (2 * GDB_FRAME_MAX + 16)

struct gdb_server {
	struct loop *loop;
	struct host_watch listener, client; /* client.fd -1: there is none */
	char *path; /* of a socket in the file system, or NULL */
	const struct gdb_ops *ops;
	const struct gdb_holder *holder;
	void *ctx;
	struct gdb_session session;
	struct gdb_reader reader;
	char in[INPUT_BYTES]; /* [in_at, in_n) was read and not looked at */
	size_t in_at, in_n;
	char out[OUTPUT_ROOM]; /* the first out_n bytes wait to be sent */
	size_t out_n;
	char last[GDB_FRAME_MAX]; /* the last frame, in case that it did not arrive */
	size_t last_n;
	bool gone; /* the client is to be let go of, after what it sent */
};

/* --- output ---------------------------------------------------------------------------------- */

static void flush(struct gdb_server *g)
{
	ssize_t n;

	while (g->out_n) {
		n = send(g->client.fd, g->out, g->out_n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			g->gone = true;
		if (n < 0)
			return;
		g->out_n -= (size_t)n;
		memmove(g->out, g->out + n, g->out_n);
	}
}

static void put(struct gdb_server *g, const char *bytes, size_t n)
{
	if (n > sizeof(g->out) - g->out_n) {
		g->gone = true; /* it does not read */
		return;
	}
	memcpy(g->out + g->out_n, bytes, n);
	g->out_n += n;
}

static void put_reply(struct gdb_server *g)
{
	g->last_n = gdb_frame(g->session.reply, g->session.reply_n, g->last);
	put(g, g->last, g->last_n);
}

static void rewatch(struct gdb_server *g)
{
	if (loop_watch_control(g->loop, &g->client, g->out_n ? EPOLLOUT : EPOLLIN))
		g->gone = true;
}

/* --- the client goes ---------------------------------------------------------------------- */

static void let_go(struct gdb_server *g)
{
	loop_unwatch_control(g->loop, &g->client);
	close(g->client.fd);
	g->client.fd = -1;
	g->holder->left(g->ctx);
	loop_watch_control(g->loop, &g->listener, EPOLLIN);
}

/* After anything that may have ended it. */
static void settle(struct gdb_server *g)
{
	if (!g->gone)
		flush(g);
	if (!g->gone)
		rewatch(g);
	if (g->gone)
		let_go(g);
}

/* --- input -------------------------------------------------------------------------------- */

static void on_packet(struct gdb_server *g)
{
	bool acks = g->session.acks;
	enum gdb_next next;

	if (acks)
		put(g, "+", 1);
	next = gdb_session_packet(&g->session, g->reader.body, g->reader.len);
	if (next == GDB_REPLY || next == GDB_LEAVES ||
	    (next == GDB_KILLS && g->session.reply_n))
		put_reply(g);
	if (next == GDB_KILLS)
		g->holder->kill(g->ctx);
	if (next == GDB_KILLS || next == GDB_LEAVES) {
		flush(g);
		g->gone = true;
	}
}

static void take_one(struct gdb_server *g)
{
	size_t taken;
	enum gdb_event event =
		gdb_read(&g->reader, g->in + g->in_at, g->in_n - g->in_at, &taken);

	g->in_at += taken;
	switch (event) {
	case GDB_PACKET:
		on_packet(g);
		break;
	case GDB_GARBLED:
		if (g->session.acks)
			put(g, "-", 1);
		break;
	case GDB_INTERRUPT:
		if (g->session.running)
			g->ops->stop(g->ctx);
		break;
	case GDB_NAK:
		if (g->session.acks)
			put(g, g->last, g->last_n);
		break;
	case GDB_ACK:
	case GDB_NOTHING:
		break;
	}
}

static void take_all(struct gdb_server *g)
{
	while (!g->gone && g->in_at < g->in_n) {
		take_one(g);
		if (!g->gone)
			flush(g);
		if (g->out_n)
			return; /* the rest when it has taken the answer */
	}
}

static void on_client(void *arg, uint32_t events)
{
	struct gdb_server *g = arg;
	ssize_t n;

	if (events & EPOLLOUT)
		flush(g);
	if (g->in_at == g->in_n && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		n = recv(g->client.fd, g->in, sizeof(g->in), MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
			g->gone = true;
		g->in_at = 0;
		g->in_n = n > 0 ? (size_t)n : 0;
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		g->gone = true; /* nobody is there to be answered */
	}
	if (!g->out_n)
		take_all(g);
	settle(g);
}

static void on_listener(void *arg, uint32_t events)
{
	struct gdb_server *g = arg;
	int fd = accept4(g->listener.fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	g->client = (struct host_watch){ .fd = fd, .fn = on_client, .arg = g };
	if (loop_watch_control(g->loop, &g->client, EPOLLIN)) {
		close(fd);
		g->client.fd = -1;
		return;
	}
	loop_watch_control(g->loop, &g->listener, 0);
	g->in_at = g->in_n = g->out_n = g->last_n = 0;
	g->gone = false;
	memset(&g->reader, 0, offsetof(struct gdb_reader, body));
	gdb_session_init(&g->session, g->ops, g->ctx);
	g->holder->arrived(g->ctx);
}

/* --- from the machine --------------------------------------------------------------------- */

bool gdb_server_has_client(const struct gdb_server *g)
{
	return g->client.fd >= 0;
}

bool gdb_server_waits(const struct gdb_server *g)
{
	return gdb_server_has_client(g) && g->session.running;
}

unsigned int gdb_server_cpu(const struct gdb_server *g)
{
	return g->session.cpu;
}

void gdb_server_stopped(struct gdb_server *g, const struct gdb_stop *stop)
{
	gdb_session_stopped(&g->session, stop);
	put_reply(g);
	flush(g);
	/* If it is gone, its descriptor says so: let_go() is not for within its call. */
	if (!g->gone)
		rewatch(g);
}

void gdb_server_ended(struct gdb_server *g, unsigned int status)
{
	gdb_session_ended(&g->session, status);
	put_reply(g);
	flush(g);
}

/* --- making ------------------------------------------------------------------------------- */

int gdb_server_create(struct gdb_server **out, struct loop *loop, const char *where,
		      const struct gdb_ops *ops, const struct gdb_holder *holder,
		      void *ctx, struct error *err)
{
	struct gdb_server *g = calloc(1, sizeof(*g));
	int ret;

	if (!g)
		return error_set(err, ENOMEM, "--gdb: no memory");
	g->loop = loop;
	g->ops = ops;
	g->holder = holder;
	g->ctx = ctx;
	g->client.fd = -1;
	g->listener = (struct host_watch){ .fn = on_listener, .arg = g };
	g->listener.fd = gdb_listen(where, &g->path, err);
	if (g->listener.fd < 0) {
		ret = g->listener.fd;
		free(g);
		return ret;
	}
	ret = loop_watch_control(loop, &g->listener, EPOLLIN);
	if (ret) {
		gdb_server_destroy(g);
		return error_set(err, -ret, "--gdb: the socket cannot be watched (%s)",
				 strerror(-ret));
	}
	*out = g;
	return 0;
}

const char *gdb_server_path(const struct gdb_server *g)
{
	return g->path;
}

void gdb_server_destroy(struct gdb_server *g)
{
	if (!g)
		return;
	if (g->client.fd >= 0) {
		loop_unwatch_control(g->loop, &g->client);
		close(g->client.fd);
	}
	loop_unwatch_control(g->loop, &g->listener);
	close(g->listener.fd);
	free(g->path);
	free(g);
}
