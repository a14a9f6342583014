/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/vmm/qmp_peer.h"
#include "tests/unit/vmm/vmm_test.h"

/* --- the two ends --------------------------------------------------------------------------- */

/* Lets the server work until it has nothing to do. */
void peer_run(struct fixture *f)
{
	struct pollfd ready = { .fd = f->loop.control.fd, .events = POLLIN };

	while (poll(&ready, 1, 0) > 0)
		loop_run_once(&f->loop);
}

void peer_connect(struct fixture *f, struct client *c)
{
	struct error err = { "" };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	c->fd = pair[0];
	c->used = 0;
	assert_int_equal(qmp_add_client(f->server, pair[1], &err), 0);
}

void peer_disconnect(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

int peer_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned int i;

	pthread_mutex_init(&f->lock, NULL);
	assert_int_equal(loop_init(&f->loop, &f->lock), 0);
	fake_control_init(&f->fake);
	f->server = qmp_create(&f->fake.control, &f->loop);
	for (i = 0; i < CLIENTS; i++)
		f->clients[i].fd = -1;
	*state = f;
	return 0;
}

int peer_teardown(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	qmp_destroy(f->server);
	for (i = 0; i < CLIENTS; i++)
		peer_disconnect(&f->clients[i]);
	loop_fini(&f->loop);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return 0;
}

/* All of it, the server working meanwhile. */
void peer_send_bytes(struct fixture *f, struct client *c, const char *bytes, size_t n)
{
	ssize_t sent;

	while (n) {
		sent = send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		assert_true(sent > 0 || errno == EAGAIN);
		if (sent > 0) {
			bytes += sent;
			n -= (size_t)sent;
		}
		peer_run(f);
	}
}

void peer_send_line(struct fixture *f, struct client *c, const char *line)
{
	peer_send_bytes(f, c, line, strlen(line));
	peer_send_bytes(f, c, "\n", 1);
}

void peer_receive(struct fixture *f, struct client *c)
{
	ssize_t n;

	do {
		peer_run(f);
		n = recv(c->fd, c->in + c->used, sizeof(c->in) - c->used, MSG_DONTWAIT);
		c->used += n > 0 ? (size_t)n : 0;
	} while (n > 0);
}

/* The next value the client gets, or NULL. */
json_t *peer_next_value(struct fixture *f, struct client *c)
{
	json_t *value;
	char *end;
	size_t n;

	peer_receive(f, c);
	end = memchr(c->in, '\n', c->used);
	if (!end)
		return NULL;
	n = (size_t)(end - c->in) + 1;
	value = json_loadb(c->in, n, 0, NULL);
	assert_non_null(value);
	c->used -= n;
	memmove(c->in, c->in + n, c->used);
	return value;
}

void peer_send_with_fd(struct fixture *f, struct client *c, const char *text, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control.bytes) };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	assert_true(sendmsg(c->fd, &msg, 0) > 0);
	peer_run(f);
}
