/* SPDX-License-Identifier: MIT */
/* The server: who listens, who is connected, and what all of them are told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/qmp/qmp_internal.h"

/* --- events ------------------------------------------------------------------------------- */

static const char *cause_name(enum control_cause cause, bool reset)
{
	static const char *const names[] = {
		[CONTROL_BY_NONE] = "none",
		[CONTROL_BY_REQUEST] = "host-qmp-quit",
		[CONTROL_BY_SIGNAL] = "host-signal",
		[CONTROL_BY_USER] = "host-ui",
		[CONTROL_BY_HOST] = "host-error",
		[CONTROL_BY_GUEST_SHUTDOWN] = "guest-shutdown",
		[CONTROL_BY_GUEST_RESET] = "guest-reset",
		[CONTROL_BY_GUEST_PANIC] = "guest-panic",
	};

	return reset && cause == CONTROL_BY_REQUEST ? "host-qmp-system-reset"
						    : names[cause];
}

static json_t *cause_data(const struct control_event *event)
{
	return json_pack("{s:b, s:s}", "guest", event->cause >= CONTROL_BY_GUEST_SHUTDOWN,
			 "reason",
			 cause_name(event->cause, event->kind == CONTROL_EVENT_RESET));
}

static void on_control_event(struct control_listener *told,
			     const struct control_event *event)
{
	struct qmp_server *server =
		(struct qmp_server *)((char *)told - offsetof(struct qmp_server, told));

	switch (event->kind) {
	case CONTROL_EVENT_STOP:
		qmp_event(server, "STOP", NULL);
		break;
	case CONTROL_EVENT_RESUME:
		qmp_event(server, "RESUME", NULL);
		break;
	case CONTROL_EVENT_RESET:
		qmp_event(server, "RESET", cause_data(event));
		break;
	case CONTROL_EVENT_POWERDOWN:
		qmp_event(server, "POWERDOWN", NULL);
		break;
	case CONTROL_EVENT_PANIC:
		qmp_event(server, "GUEST_PANICKED",
			  json_pack("{s:s}", "action",
				    event->after == CONTROL_STAYS     ? "pause"
				    : event->after == CONTROL_GOES_ON ? "run"
								      : "poweroff"));
		break;
	case CONTROL_EVENT_IO_ERROR:
		qmp_event(server, "BLOCK_IO_ERROR",
			  qmp_io_error_data(server->control, event));
		break;
	case CONTROL_EVENT_BALLOON:
		qmp_event(server, "BALLOON_CHANGE", qmp_balloon_data(server->control));
		break;
	case CONTROL_EVENT_SHUTDOWN:
		qmp_event(server, "SHUTDOWN", cause_data(event));
		break;
	}
}

void qmp_event(struct qmp_server *server, const char *name, json_t *data)
{
	json_t *event = json_pack("{s:s, s:o*, s:o}", "event", name, "data", data,
				  "timestamp", qmp_timestamp());
	struct qmp_client *c;

	server->at_work++;
	for (c = server->clients; c; c = c->next)
		if (c->negotiated)
			qmp_client_send(c, json_incref(event));
	json_decref(event);
	server->at_work--;
	qmp_reap(server);
}

/* --- clients and listeners ------------------------------------------------------------------ */

static void accept_more(struct qmp_server *server, bool more)
{
	unsigned int i;

	for (i = 0; i < server->nr_listeners; i++)
		loop_watch_control(server->loop, &server->listeners[i].watch,
				   more ? EPOLLIN : 0);
}

void qmp_reap(struct qmp_server *server)
{
	struct qmp_client **link = &server->clients, *c;
	bool full = server->nr_clients >= QMP_CLIENTS_MAX;

	if (server->at_work)
		return;
	while ((c = *link)) {
		if (!c->gone) {
			link = &c->next;
			continue;
		}
		*link = c->next;
		qmp_client_destroy(c);
		server->nr_clients--;
	}
	if (full && server->nr_clients < QMP_CLIENTS_MAX)
		accept_more(server, true);
}

static void on_listener(void *arg, uint32_t events)
{
	struct qmp_listener *l = arg;
	struct qmp_server *server = l->server;
	int fd = accept4(l->watch.fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0 || qmp_client_create(server, fd))
		return;
	if (server->nr_clients >= QMP_CLIENTS_MAX)
		accept_more(server, false);
	qmp_reap(server);
}

int qmp_listen_at(struct qmp_server *server, int fd, char *path, struct error *err)
{
	struct qmp_listener *l = &server->listeners[server->nr_listeners];
	int ret;

	if (server->nr_listeners == QMP_LISTENERS_MAX) {
		close(fd);
		free(path);
		return error_set(err, EINVAL, "--qmp: one too many; give at most %d",
				 QMP_LISTENERS_MAX - 1);
	}
	*l = (struct qmp_listener){
		.server = server,
		.watch = { .fd = fd, .fn = on_listener, .arg = l },
		.path = path,
	};
	ret = loop_watch_control(server->loop, &l->watch, EPOLLIN);
	if (ret) {
		close(fd);
		free(path);
		return error_set(err, -ret, "--qmp: the socket cannot be watched (%s)",
				 strerror(-ret));
	}
	server->nr_listeners++;
	return 0;
}

int qmp_add_listener(struct qmp_server *server, int fd, struct error *err)
{
	return qmp_listen_at(server, fd, NULL, err);
}

int qmp_add_client(struct qmp_server *server, int fd, struct error *err)
{
	int ret = qmp_client_create(server, fd);

	if (ret)
		return error_set(err, -ret, "--qmp: the socket cannot be used (%s)",
				 strerror(-ret));
	qmp_reap(server);
	return 0;
}

struct qmp_server *qmp_create(struct control *control, struct loop *loop)
{
	struct qmp_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	json_object_seed(0); /* from a file: later, confined, none can be opened */
	server->control = control;
	server->loop = loop;
	server->told.event = on_control_event;
	control_listen(control, &server->told);
	return server;
}

void qmp_each_path(const struct qmp_server *server,
		   void (*fn)(void *arg, const char *path), void *arg)
{
	unsigned int i;

	for (i = 0; i < server->nr_listeners; i++)
		if (server->listeners[i].path)
			fn(arg, server->listeners[i].path);
}

void qmp_destroy(struct qmp_server *server)
{
	struct qmp_client *c, *next;
	unsigned int i;

	control_unlisten(server->control, &server->told);
	for (c = server->clients; c; c = next) {
		next = c->next;
		qmp_client_destroy(c);
	}
	for (i = 0; i < server->nr_listeners; i++) {
		struct qmp_listener *l = &server->listeners[i];

		loop_unwatch_control(server->loop, &l->watch);
		close(l->watch.fd);
		free(l->path);
	}
	free(server);
}
