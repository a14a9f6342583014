/* SPDX-License-Identifier: MIT */
/* A client of QMP: one line an answer, events are passed over. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/cli/ctl.h"

#define ROOM 65536u

static int gone(const struct ctl *ctl, struct error *err)
{
	return error_set(err, ECONNRESET, "%s: the machine went away", ctl->name);
}

/* Waits for more and appends it. */
static int receive(struct ctl *ctl, int patience_ms, struct error *err)
{
	struct pollfd fd = { .fd = ctl->fd, .events = POLLIN };
	char *buf;
	ssize_t n;

	if (ctl->used == ctl->room) {
		buf = ctl->room < CTL_ANSWER_MAX ? realloc(ctl->buf, ctl->room + ROOM)
						 : NULL;
		if (!buf)
			return error_set(err, EMSGSIZE, "%s: its answer is too long",
					 ctl->name);
		ctl->buf = buf;
		ctl->room += ROOM;
	}
	n = poll(&fd, 1, patience_ms);
	if (!n)
		return error_set(err, ETIMEDOUT, "%s: the machine does not answer",
				 ctl->name);
	n = n < 0 ? n : recv(ctl->fd, ctl->buf + ctl->used, ctl->room - ctl->used, 0);
	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : gone(ctl, err);
	ctl->used += (size_t)n;
	return 0;
}

/* The next value that the machine sent, or NULL. */
static json_t *next_value(struct ctl *ctl, int patience_ms, struct error *err)
{
	json_t *value;
	char *end;
	size_t n;

	while (!ctl->used || !(end = memchr(ctl->buf, '\n', ctl->used)))
		if (receive(ctl, patience_ms, err))
			return NULL;
	n = (size_t)(end - ctl->buf) + 1;
	value = json_loadb(ctl->buf, n, 0, NULL);
	ctl->used -= n;
	memmove(ctl->buf, ctl->buf + n, ctl->used);
	if (!value)
		error_set(err, EPROTO, "%s: what answers there speaks no QMP", ctl->name);
	return value;
}

static int send_text(const struct ctl *ctl, const char *text, int send_fd,
		     struct error *err)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (send_fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &send_fd, sizeof(send_fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.bytes);
	}
	return sendmsg(ctl->fd, &msg, MSG_NOSIGNAL) == (ssize_t)iov.iov_len
		       ? 0
		       : gone(ctl, err);
}

/* What an answer returned, or NULL with its error; the answer's reference is taken. */
static json_t *unwrap(const struct ctl *ctl, json_t *answer, struct error *err)
{
	json_t *value = json_incref(json_object_get(answer, "return"));
	const char *desc = json_string_value(
		json_object_get(json_object_get(answer, "error"), "desc"));

	if (!value)
		error_set(err, EREMOTEIO, "%s: %s", ctl->name,
			  desc ? desc : "an answer without a meaning");
	json_decref(answer);
	return value;
}

json_t *ctl_execute(struct ctl *ctl, const char *command, json_t *arguments, int send_fd,
		    struct error *err)
{
	bool is_dump = !strcmp(command, "dump-guest-memory");
	json_t *request =
		json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
	char *text = request ? json_dumps(request, 0) : NULL;
	json_t *value;
	int ret;

	json_decref(request);
	ret = text ? send_text(ctl, text, send_fd, err)
		   : error_set(err, EINVAL, "%s: not a command", ctl->name);
	free(text);
	if (ret)
		return NULL;
	while ((value = next_value(ctl, is_dump ? -1 : CTL_PATIENCE_MS, err))) {
		if (!json_object_get(value, "event"))
			return unwrap(ctl, value, err);
		json_decref(value);
	}
	return NULL;
}

int ctl_dump(struct ctl *ctl, int fd, bool paging, struct error *err)
{
	json_t *done =
		ctl_execute(ctl, "getfd", json_pack("{s:s}", "fdname", "core"), fd, err);

	json_decref(done);
	if (!done)
		return -EREMOTEIO;
	done = ctl_execute(
		ctl, "dump-guest-memory",
		json_pack("{s:b, s:s}", "paging", paging, "protocol", "fd:core"), -1,
		err);
	json_decref(done);
	return done ? 0 : -EREMOTEIO;
}

int ctl_open(struct ctl *ctl, const char *name, int fd, struct error *err)
{
	json_t *value;

	*ctl = (struct ctl){ .name = name, .fd = fd };
	value = next_value(ctl, CTL_PATIENCE_MS, err);
	if (!value)
		return -EPROTO;
	json_decref(value);
	value = ctl_execute(ctl, "qmp_capabilities", NULL, -1, err);
	json_decref(value);
	return value ? 0 : -EPROTO;
}

void ctl_close(struct ctl *ctl)
{
	close(ctl->fd);
	free(ctl->buf);
}
