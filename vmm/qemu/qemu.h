/* SPDX-License-Identifier: MIT */
/*
 * The program under its other name, pagevisor-system-x86_64: a machine by QEMU's command
 * line, for managers such as libvirt.  -machine none is not a machine but a place to ask,
 * over QMP, what this program can do.
 */
#ifndef VMM_QEMU_H
#define VMM_QEMU_H

#include <stdbool.h>

#include "vmm/util/error.h"
#include "vmm/qemu/qemu_line.h"

/* Whether a program that was called so is QEMU's stand-in. */
bool qemu_is_name(const char *argv0);
/* The whole program; returns the exit status. */
int qemu_main(int argc, char **argv);

/* qemu_daemon.c: -daemonize and -pidfile.  The parent waits in qemu_daemon_begin() and ends
 * with the child's word: it ends well when the child calls qemu_daemon_ready(), and with the
 * child's status otherwise. */
struct qemu_daemon {
	int word_fd; /* of the child; -1: there is no parent that waits */
	const char *pidfile; /* or NULL */
};
int qemu_daemon_begin(struct qemu_daemon *daemon, const struct qemu_line *line,
		      struct error *err);
int qemu_daemon_ready(struct qemu_daemon *daemon, struct error *err);
void qemu_daemon_end(struct qemu_daemon *daemon);

/* qemu_probe.c: serves -machine none until quit; the exit status. */
int qemu_probe(const struct qemu_line *line, struct qemu_daemon *daemon,
	       struct error *err);

#endif
