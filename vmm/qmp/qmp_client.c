/* SPDX-License-Identifier: MIT */
/*
 * One client of the QMP server: its socket, and what waits on either side of it.
 *
 * Input is read only while little output waits, so answers do not pile up; events are
 * added in any case, and a client that lets them grow beyond QMP_OUTPUT_MAX is dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/qmp/qmp_internal.h"

/* More output than this waiting: the client gets no further answers for now. */
#define OUTPUT_PATIENCE (64u << 10)
#define CMSG_FDS	4 /* that may come with one message: one is kept */

/* --- descriptors ---------------------------------------------------------------------- */

static void drop_received(struct qmp_client *c)
{
	if (c->received_fd >= 0)
		close(c->received_fd);
	c->received_fd = -1;
}

static struct qmp_named_fd *find_fd(struct qmp_client *c, const char *name)
{
	unsigned int i;

	for (i = 0; i < QMP_FDS_MAX; i++)
		if (name && c->fds[i].name ? !strcmp(c->fds[i].name, name)
					   : name == c->fds[i].name)
			return &c->fds[i];
	return NULL;
}

int qmp_take_fd(struct qmp_client *client, const char *name)
{
	struct qmp_named_fd *named = find_fd(client, name);

	if (!named)
		return -1;
	free(named->name);
	named->name = NULL;
	return named->fd;
}

int qmp_name_fd(struct qmp_client *client, const char *name)
{
	struct qmp_named_fd *named = find_fd(client, name);
	int old;

	if (client->received_fd < 0)
		return -ENOENT;
	if (named) {
		old = named->fd;
		named->fd = client->received_fd;
		close(old);
	} else {
		named = find_fd(client, NULL);
		if (!named)
			return -ENOSPC;
		named->name = strdup(name);
		if (!named->name)
			return -ENOMEM;
		named->fd = client->received_fd;
	}
	client->received_fd = -1;
	return 0;
}

/* --- output ----------------------------------------------------------------------------- */

static void leave(struct qmp_client *c)
{
	c->gone = true;
	c->out_n = 0;
	loop_unwatch_control(c->server->loop, &c->watch);
}

static void send_some(struct qmp_client *c)
{
	ssize_t n;

	while (c->out_n) {
		n = send(c->watch.fd, c->out, c->out_n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			leave(c);
		if (n < 0)
			return;
		c->out_n -= (size_t)n;
		memmove(c->out, c->out + n, c->out_n);
	}
}

/* What to wait for now. */
static void rewatch(struct qmp_client *c)
{
	uint32_t events = c->out_n ? EPOLLOUT : 0;

	if (c->gone)
		return;
	if (c->out_n < OUTPUT_PATIENCE && c->in_at == c->in_n)
		events |= EPOLLIN;
	if (loop_watch_control(c->server->loop, &c->watch, events))
		leave(c);
}

static bool queue(struct qmp_client *c, const char *text, size_t n)
{
	size_t room = c->out_room ? c->out_room : QMP_INPUT_BYTES;
	char *out;

	while (room - c->out_n < n)
		room *= 2;
	if (room > c->out_room) {
		out = realloc(c->out, room);
		if (!out)
			return false;
		c->out = out;
		c->out_room = room;
	}
	memcpy(c->out + c->out_n, text, n);
	c->out_n += n;
	return true;
}

void qmp_client_send(struct qmp_client *c, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	json_decref(value);
	if (c->gone) {
		free(text);
		return;
	}
	/* Half an answer would be worse than none. */
	if (!text || c->out_n + strlen(text) > QMP_OUTPUT_MAX ||
	    !queue(c, text, strlen(text)) || !queue(c, "\r\n", 2)) {
		free(text);
		leave(c);
		return;
	}
	free(text);
	send_some(c);
	rewatch(c);
}

/* --- input -------------------------------------------------------------------------------- */

static void complain(struct qmp_client *c, const char *text)
{
	qmp_client_send(c, qmp_error_reply("GenericError", text, NULL));
}

static void take_one(struct qmp_client *c)
{
	enum qmp_frame_result result;
	size_t taken;

	result = qmp_frame_take(&c->frame, c->in + c->in_at, c->in_n - c->in_at, &taken);
	c->in_at += taken;
	switch (result) {
	case QMP_FRAME_MORE:
		break;
	case QMP_FRAME_VALUE:
		qmp_dispatch(c, c->frame.buf, c->frame.used);
		drop_received(c);
		break;
	case QMP_FRAME_GARBAGE:
		complain(c, "Invalid JSON syntax");
		break;
	case QMP_FRAME_TOO_LARGE:
		complain(c, "JSON value is too large");
		break;
	case QMP_FRAME_TOO_DEEP:
		complain(c, "JSON nesting is too deep");
		break;
	case QMP_FRAME_NO_MEMORY:
		complain(c, "no memory for the value");
		break;
	}
}

static void take_all(struct qmp_client *c)
{
	while (!c->gone && c->in_at < c->in_n && c->out_n < OUTPUT_PATIENCE)
		take_one(c);
}

static void keep_first_fd(struct qmp_client *c, struct msghdr *msg)
{
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fds[CMSG_FDS];
	size_t i, n;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
		return;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(cmsg), n * sizeof(int));
	drop_received(c);
	c->received_fd = fds[0];
	for (i = 1; i < n; i++)
		close(fds[i]);
}

static ssize_t receive(struct qmp_client *c)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(CMSG_FDS * sizeof(int))];
	} control;
	struct iovec iov = { c->in, sizeof(c->in) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(c->watch.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	keep_first_fd(c, &msg);
	return n ? n : -ENOTCONN;
}

static void on_client(void *arg, uint32_t events)
{
	struct qmp_client *c = arg;
	struct qmp_server *server = c->server;
	ssize_t n = 0;

	server->at_work++;
	if (events & EPOLLOUT)
		send_some(c);
	if (c->in_at == c->in_n && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		n = receive(c);
		c->in_at = 0;
		c->in_n = n > 0 ? (size_t)n : 0;
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		n = -ENOTCONN; /* nobody is there to be answered */
	}
	take_all(c);
	if (n < 0)
		leave(c);
	rewatch(c);
	server->at_work--;
	qmp_reap(server);
}

int qmp_client_create(struct qmp_server *server, int fd)
{
	struct qmp_client *c = calloc(1, sizeof(*c));
	int ret;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->server = server;
	c->received_fd = -1;
	c->frame = (struct qmp_frame){ .value_max = QMP_VALUE_MAX,
				       .depth_max = QMP_DEPTH_MAX };
	c->watch = (struct host_watch){ .fd = fd, .fn = on_client, .arg = c };
	ret = loop_watch_control(server->loop, &c->watch, EPOLLIN);
	if (ret) {
		close(fd);
		free(c);
		return ret;
	}
	c->next = server->clients;
	server->clients = c;
	server->nr_clients++;
	qmp_client_send(c, qmp_greeting());
	return 0;
}

void qmp_client_destroy(struct qmp_client *c)
{
	unsigned int i;

	loop_unwatch_control(c->server->loop, &c->watch);
	close(c->watch.fd);
	drop_received(c);
	for (i = 0; i < QMP_FDS_MAX; i++) {
		if (!c->fds[i].name)
			continue;
		free(c->fds[i].name);
		close(c->fds[i].fd);
	}
	qmp_frame_fini(&c->frame);
	free(c->out);
	free(c);
}
