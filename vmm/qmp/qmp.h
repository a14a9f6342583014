/* SPDX-License-Identifier: MIT */
/*
 * The QMP server: QEMU's machine protocol (QEMU, docs/interop/qmp-spec.rst) over stream
 * sockets, as libvirt and others speak it.
 *
 * Any number of listeners, several clients at once, each with a negotiation, an input and
 * an output of its own.  A client costs bounded memory whatever it sends or does not read:
 * a value larger than QMP_VALUE_MAX or deeper than QMP_DEPTH_MAX is answered with an error
 * and skipped, nothing is read from a client whose answers pile up, and one that does not
 * read its events either is dropped.
 *
 * Commands are rows of struct qmp_command; qmp_commands.c names the tables.  A handler gets
 * arguments that were checked against its row: what is required is there, each has its
 * type, and nothing else is there.
 *
 * All on the main thread, without the device lock (loop_watch_control()).
 */
#ifndef VMM_QMP_H
#define VMM_QMP_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "vmm/machine/control.h"
#include "vmm/machine/loop.h"

#define QMP_VALUE_MAX	(256u << 10) /* bytes of one JSON value from a client */
#define QMP_DEPTH_MAX	64
#define QMP_OUTPUT_MAX	(1u << 20) /* bytes that wait for a client, events included */
#define QMP_CLIENTS_MAX 8 /* of one listener; more wait until one leaves */
#define QMP_FDS_MAX	16 /* named descriptors of one client */

enum qmp_type { QMP_STRING, QMP_INT, QMP_BOOL, QMP_LIST, QMP_OBJECT, QMP_ANY };

struct qmp_arg {
	const char *name;
	enum qmp_type type;
	bool optional;
};

/* One command on its way. */
struct qmp_call {
	struct control *control;
	struct qmp_client *client; /* whose descriptors qmp_take_fd() takes */
	json_t *arguments; /* an object, never NULL */
	/* QMP's error class and text, set by qmp_error(). */
	const char *error_class;
	struct error error;
};

struct qmp_command {
	const char *name; /* NULL ends a table */
	/* The value of "return" (a new reference), or NULL after qmp_error().  NULL without an
	 * error means {}. */
	json_t *(*handler)(struct qmp_call *call);
	const struct qmp_arg *args; /* ends with a row without name; NULL: none */
	bool before_negotiation; /* qmp_capabilities alone */
};

/* All tables; ends with NULL. */
extern const struct qmp_command *const qmp_command_tables[];

/* For handlers: makes the call fail with GenericError; always NULL. */
__attribute__((format(printf, 2, 3))) json_t *qmp_error(struct qmp_call *call,
							const char *fmt, ...);
/* The same with another class. */
__attribute__((format(printf, 3, 4))) json_t *
qmp_error_class(struct qmp_call *call, const char *class, const char *fmt, ...);
/* The answer to a control op that returned ret with its line in call->error. */
json_t *qmp_done(struct qmp_call *call, int ret);
/* The descriptor that the client gave this name (getfd); the caller closes it.  -1: none. */
int qmp_take_fd(struct qmp_client *client, const char *name);
/* Names the descriptor that came with the last message; 0, -ENOENT, -ENOSPC, -EINVAL. */
int qmp_name_fd(struct qmp_client *client, const char *name);

struct qmp_server;

/* A server for a machine, without listeners.  NULL: no memory. */
struct qmp_server *qmp_create(struct control *control, struct loop *loop);
/* Closes all; the sockets that it made are left to whoever asked for their paths. */
void qmp_destroy(struct qmp_server *server);
/* Their paths. */
void qmp_each_path(const struct qmp_server *server,
		   void (*fn)(void *arg, const char *path), void *arg);

/* Takes a listening socket, or one that is connected already, from here on the server's. */
int qmp_add_listener(struct qmp_server *server, int fd, struct error *err);
int qmp_add_client(struct qmp_server *server, int fd, struct error *err);
/* Opens what an option says: unix:PATH[,server=on][,wait=off] (also bare `server`, `nowait`),
 * or fd=N.  0, or a negative errno with the line in err. */
int qmp_open(struct qmp_server *server, const char *where, struct error *err);
/* Listens in the run-time directory, see vmm/cli/rundir.h. */
int qmp_open_name(struct qmp_server *server, const char *name, struct error *err);
/* An event of any kind (data may be NULL; its reference is taken). */
void qmp_event(struct qmp_server *server, const char *name, json_t *data);

#endif
