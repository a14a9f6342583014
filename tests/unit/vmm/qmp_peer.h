/* SPDX-License-Identifier: MIT */
/* The other end of a QMP server over a machine that is none. */
#ifndef TESTS_UNIT_VMM_QMP_PEER_H
#define TESTS_UNIT_VMM_QMP_PEER_H

#include <pthread.h>

#include "tests/unit/vmm/fake_control.h"
#include "vmm/machine/loop.h"
#include "vmm/qmp/qmp_internal.h"

#define CLIENTS 2

struct client {
	int fd; /* -1: not connected */
	char in[QMP_OUTPUT_MAX]; /* received, not looked at */
	size_t used;
};

struct fixture {
	pthread_mutex_t lock;
	struct loop loop;
	struct fake_control fake;
	struct qmp_server *server;
	struct client clients[CLIENTS];
	const char *arg; /* a test's own */
};

/* For cmocka: *state is a struct fixture. */
int peer_setup(void **state);
int peer_teardown(void **state);

void peer_connect(struct fixture *f, struct client *c);
void peer_disconnect(struct client *c);
/* Lets the server work until it has nothing to do. */
void peer_run(struct fixture *f);
/* All of it, the server working meanwhile. */
void peer_send_bytes(struct fixture *f, struct client *c, const char *bytes, size_t n);
void peer_send_line(struct fixture *f, struct client *c, const char *line);
/* The text with a descriptor. */
void peer_send_with_fd(struct fixture *f, struct client *c, const char *text, int fd);
void peer_receive(struct fixture *f, struct client *c);
/* The next value the client gets, or NULL. */
json_t *peer_next_value(struct fixture *f, struct client *c);

#endif
