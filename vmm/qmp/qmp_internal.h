/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the QMP server. */
#ifndef VMM_QMP_INTERNAL_H
#define VMM_QMP_INTERNAL_H

#include "vmm/qmp/qmp.h"
#include "vmm/qmp/qmp_frame.h"

#define QMP_INPUT_BYTES	  4096
#define QMP_LISTENERS_MAX 4

struct qmp_named_fd {
	char *name; /* NULL: free */
	int fd;
};

/* qmp_client.c */
struct qmp_client {
	struct qmp_server *server;
	struct qmp_client *next;
	struct host_watch watch;
	bool negotiated;
	bool gone; /* to be freed when nobody is at work with it */
	struct qmp_frame frame;
	char in[QMP_INPUT_BYTES]; /* read; of that, [in_at, in_n) not looked at yet */
	size_t in_at, in_n;
	char *out; /* out_n bytes wait to be sent */
	size_t out_n, out_room;
	int received_fd; /* came with the last message; -1: none */
	struct qmp_named_fd fds[QMP_FDS_MAX];
};

/* qmp.c */
struct qmp_listener {
	struct qmp_server *server;
	struct host_watch watch;
	char *path; /* of a socket that it made; NULL: it did not */
};

struct qmp_server {
	struct control *control;
	struct loop *loop;
	struct control_listener told;
	struct qmp_listener listeners[QMP_LISTENERS_MAX];
	unsigned int nr_listeners;
	struct qmp_client *clients;
	unsigned int nr_clients;
	const char *dump_status; /* how the last dump ended; NULL: there was none */
	uint64_t dump_bytes; /* of memory that it shows */
	unsigned int at_work; /* calls on clients that are under way: none is freed */
};

/* Takes the socket (closed on failure, too).  0 or a negative errno. */
int qmp_client_create(struct qmp_server *server, int fd);
void qmp_client_destroy(struct qmp_client *client);
/* Queues one JSON value and sends what goes.  Takes the reference. */
void qmp_client_send(struct qmp_client *client, json_t *value);
/* Frees the clients that are gone, unless somebody is at work with them. */
void qmp_reap(struct qmp_server *server);
/* As qmp_add_listener(); path is freed at the end. */
int qmp_listen_at(struct qmp_server *server, int fd, char *path, struct error *err);

/* qmp_dispatch.c: answers one value of the client. */
void qmp_dispatch(struct qmp_client *client, const char *text, size_t size);
/* An error reply without a command; id may be NULL. */
json_t *qmp_error_reply(const char *class, const char *desc, const json_t *id);
/* {"seconds": ..., "microseconds": ...} */
json_t *qmp_timestamp(void);
json_t *qmp_greeting(void);
json_t *qmp_version(void);
/* qmp_balloon.c: {"actual": bytes}; NULL: there is no balloon. */
json_t *qmp_balloon_data(struct control *control);

/* qmp_block.c: that of BLOCK_IO_ERROR. */
json_t *qmp_io_error_data(struct control *control, const struct control_event *event);

/* qmp_query.c and others: the tables. */
extern const struct qmp_command qmp_core_commands[];
extern const struct qmp_command qmp_control_commands[];
extern const struct qmp_command qmp_action_commands[];
extern const struct qmp_command qmp_query_commands[];
extern const struct qmp_command qmp_block_commands[];
extern const struct qmp_command qmp_dump_commands[];
extern const struct qmp_command qmp_probe_commands[];
extern const struct qmp_command qmp_balloon_commands[];
extern const struct qmp_command qmp_monitor_commands[];
extern const struct qmp_command qmp_inspect_commands[];

#endif
