/* SPDX-License-Identifier: MIT */
/*
 * The run-time directory of the user: one QMP socket for each machine with a name, NAME.qmp,
 * in $XDG_RUNTIME_DIR/pagevisor, or in /run/pagevisor (root) or /tmp/pagevisor-UID where
 * that is not set.  Nobody else may enter it.
 *
 * Beside a machine's socket stands NAME.facts: what a reader of its memory has to know
 * (vmm/inspect/facts.h).
 *
 * A socket is alive while somebody listens on it.  What a killed machine left is removed by
 * whoever meets it: under a lock on the directory, so that no socket is removed between its
 * birth and its first connection.
 */
#ifndef VMM_RUNDIR_H
#define VMM_RUNDIR_H

#include <stdbool.h>

#include "vmm/util/error.h"

#define RUNDIR_NAME_MAX 64

/* 1 to RUNDIR_NAME_MAX letters, digits, `-`, `_`, `.`, `+`, `@`; the first no dot. */
bool rundir_name_ok(const char *name);

/* A listening socket at path, mode 0600; a dead one there makes way.  The descriptor, or
 * -EADDRINUSE (somebody listens there), another negative errno, the line in err. */
int socket_listen(const char *path, struct error *err);
/* A connection to it, or a negative errno; -EAGAIN: nobody takes connections there, and more
 * than those that wait already cannot. */
int socket_connect(const char *path);

/* The socket of the machine `name`, listening; *path (malloc'd) is where.  `given` is the
 * option as the user wrote it, for err. */
int rundir_listen(const char *name, char **path, struct error *err);
/* A connection to it.  -ENOENT: there is no such machine (any more). */
int rundir_connect(const char *name, struct error *err);
/* There is something of the machine `name`, alive or not. */
bool rundir_has(const char *name);
/* Puts down the facts of the machine `name`, in one go; *path (malloc'd) is where. */
int rundir_write_facts(const char *name, const char *text, char **path,
		       struct error *err);
/* *text (malloc'd) is what stands there.  -ENOENT: no such machine. */
int rundir_read_facts(const char *name, char **text, struct error *err);
/* Calls fn for each machine, in the order of their names, with a connection that is fn's to
 * close; dead sockets are removed on the way. */
int rundir_each(void (*fn)(void *arg, const char *name, int fd), void *arg,
		struct error *err);

#endif
