/* SPDX-License-Identifier: MIT */
/*
 * `pagevisor ctl` and `pagevisor list`: the control socket for people, and the client of
 * QMP that both are made of.
 */
#ifndef VMM_CTL_H
#define VMM_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "vmm/cli/command.h"
#include "vmm/util/error.h"

#define CTL_PATIENCE_MS 10000 /* for one answer; a dump has as long as it takes */
#define CTL_ANSWER_MAX	(1u << 20)

/*
 * A connection.  A command that waits longer than a second for an answer says so, once, and
 * what would mend it.  An answer that did not come in time is passed over when it comes.
 */
struct ctl {
	const char *name; /* of the machine, for err */
	int fd;
	int patience_ms; /* for one answer; negative: without end */
	unsigned int owed; /* answers that stand in front of the next one */
	bool told; /* that it waits */
	bool late; /* the last failure is that nothing came in time */
	char *buf; /* used bytes of what was received and is no whole line yet */
	size_t used, room;
};

/* Takes the connected socket; greets.  0, or a negative errno with the line in err; to be
 * closed in any case. */
int ctl_open(struct ctl *ctl, const char *name, int fd, struct error *err);
/* The same without waiting: the first command waits for the answer to the greeting. */
int ctl_start(struct ctl *ctl, const char *name, int fd, struct error *err);
void ctl_close(struct ctl *ctl);

/*
 * Has a command executed.  arguments: an object whose reference is taken, or NULL.  send_fd:
 * a descriptor that goes with it, or -1.  Returns what it returned, or NULL with the line in
 * err.
 */
json_t *ctl_execute(struct ctl *ctl, const char *command, json_t *arguments, int send_fd,
		    struct error *err);

/* Has an ELF core written to fd; with `paging`, by virtual addresses as well.  0, or a negative
 * errno with the line in err. */
int ctl_dump(struct ctl *ctl, int fd, bool paging, struct error *err);

/* --- for the client alone: what is said of a monitor that does not answer ------------------- */

/* That it is waited for; once. */
void ctl_tell_waiting(struct ctl *ctl);
/* That it was waited for in vain: sets `late`; -ETIMEDOUT with the line in err. */
int ctl_late(struct ctl *ctl, struct error *err);

extern const struct command ctl_command, list_command;

#endif
