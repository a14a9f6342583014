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

#define ROOM	   65536u
#define SILENCE_MS 1000 /* so long nobody wonders */

static int gone(const struct ctl *ctl, struct error *err)
{
	return error_set(err, ECONNRESET, "%s: the machine went away", ctl->name);
}

/* As poll(): until something came, or for as long as there is patience. */
static int wait_for_more(struct ctl *ctl)
{
	struct pollfd fd = { .fd = ctl->fd, .events = POLLIN };
	int all = ctl->patience_ms, n;

	if (all >= 0 && all <= SILENCE_MS)
		return poll(&fd, 1, all);
	n = poll(&fd, 1, SILENCE_MS);
	if (n)
		return n;
	ctl_tell_waiting(ctl);
	return poll(&fd, 1, all < 0 ? -1 : all - SILENCE_MS);
}

/* Waits for more and appends it. */
static int receive(struct ctl *ctl, struct error *err)
{
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
	n = wait_for_more(ctl);
	if (!n)
		return ctl_late(ctl, err);
	n = n < 0 ? n : recv(ctl->fd, ctl->buf + ctl->used, ctl->room - ctl->used, 0);
	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : gone(ctl, err);
	ctl->used += (size_t)n;
	return 0;
}

/* The next value that the machine sent, or NULL. */
static json_t *next_value(struct ctl *ctl, struct error *err)
{
	json_t *value;
	char *end;
	size_t n;

	while (!ctl->used || !(end = memchr(ctl->buf, '\n', ctl->used)))
		if (receive(ctl, err))
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

static int send_command(struct ctl *ctl, const char *command, json_t *arguments,
			int send_fd, struct error *err)
{
	json_t *request =
		json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
	char *text = request ? json_dumps(request, 0) : NULL;
	int ret;

	json_decref(request);
	ret = text ? send_text(ctl, text, send_fd, err)
		   : error_set(err, EINVAL, "%s: not a command", ctl->name);
	free(text);
	if (!ret)
		ctl->owed++;
	return ret;
}

/* The last answer that is owed: the others in front of it belong to nobody any more. */
static json_t *last_answer(struct ctl *ctl, struct error *err)
{
	json_t *value;

	ctl->late = false;
	while ((value = next_value(ctl, err))) {
		if (!json_object_get(value, "event") && !--ctl->owed)
			return value;
		json_decref(value);
	}
	return NULL;
}

json_t *ctl_execute(struct ctl *ctl, const char *command, json_t *arguments, int send_fd,
		    struct error *err)
{
	int patience_ms = ctl->patience_ms;
	json_t *value = ctl->owed ? last_answer(ctl, err) : NULL;

	/* Nobody who does not read is written to. */
	json_decref(value);
	if (ctl->owed) {
		json_decref(arguments);
		return NULL;
	}
	if (send_command(ctl, command, arguments, send_fd, err))
		return NULL;
	if (!strcmp(command, "dump-guest-memory"))
		ctl->patience_ms = -1;
	value = last_answer(ctl, err);
	ctl->patience_ms = patience_ms;
	return value ? unwrap(ctl, value, err) : NULL;
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

int ctl_start(struct ctl *ctl, const char *name, int fd, struct error *err)
{
	/* The greeting is an answer to having come. */
	*ctl = (struct ctl){
		.name = name, .fd = fd, .patience_ms = CTL_PATIENCE_MS, .owed = 1
	};
	return send_command(ctl, "qmp_capabilities", NULL, -1, err);
}

int ctl_open(struct ctl *ctl, const char *name, int fd, struct error *err)
{
	int ret = ctl_start(ctl, name, fd, err);
	json_t *value = ret ? NULL : last_answer(ctl, err);

	if (value)
		value = unwrap(ctl, value, err);
	json_decref(value);
	return value ? 0 : -EPROTO;
}

void ctl_close(struct ctl *ctl)
{
	close(ctl->fd);
	free(ctl->buf);
}
