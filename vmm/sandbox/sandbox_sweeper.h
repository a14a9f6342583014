/* SPDX-License-Identifier: MIT */
/*
 * Confinement of the sweeper (vmm/machine/sweep.h), a process of its own.  It has to remove
 * files of the user's, so it stays that user, and Landlock cannot be told before which files;
 * but its filter permits it little else.  A call that is not on the list ends it at once, and
 * its number is what it says last, to the monitor.
 */
#ifndef VMM_SANDBOX_SWEEPER_H
#define VMM_SANDBOX_SWEEPER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "vmm/util/error.h"

/* The monitor's part: the filter, to be freed with free(filter->filter).  0 or a negative
 * errno, with the line in err. */
int sandbox_sweeper_make(struct sock_fprog *filter, struct error *err);
/* The sweeper's: confined from now on, and gaining nothing by executing a file.  Standard
 * output is where the number of a forbidden call goes.  0 or a negative errno. */
int sandbox_sweeper_enter(const struct sock_fprog *filter);
/* The monitor's again, at the end: what came from there, as one sentence; false when there is
 * nothing. */
bool sandbox_sweeper_forbidden(int fd, char *buf, size_t size);

#endif
