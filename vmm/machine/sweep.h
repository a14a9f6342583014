/* SPDX-License-Identifier: MIT */
/*
 * The files that go with a machine: the sockets where it listens, its facts, its pid file, and
 * the one for a core that nothing was written to.
 *
 * A confined monitor can remove no file, and one that is killed does nothing at all.  So there
 * is a sweeper, a process of its own made before anything else: it is told the path of each
 * file once that is there, waits until the monitor has gone or says so, and then removes those
 * that are still the same files, and were not written to since.
 *
 * What a guest could take over must not get such a hand outside: the sweeper listens until it
 * is sealed, which is before the first thread is confined.  From then on it waits for the end
 * of its pipe and reads nothing.
 */
#ifndef VMM_SWEEP_H
#define VMM_SWEEP_H

#include <stdbool.h>

#include "vmm/util/error.h"

#define SWEEP_FILES_MAX 12
#define SWEEP_PATH_MAX	512 /* bytes with the final NUL */

struct sweep {
	int order_fd; /* to the sweeper; closed it is the end.  0: there is none */
	int done_fd; /* at its end when the sweeper has gone */
};

/* Makes the sweeper; confined, it can do nothing but this (vmm/sandbox/sandbox_sweeper.h).  The
 * process must have one thread.  0, or a negative errno with the line in err. */
int sweep_start(struct sweep *sweep, bool confined, struct error *err);
/* One more file, which is there and has what it shall have.  What is too long or too much
 * stays when the machine goes. */
void sweep_add(struct sweep *sweep, const char *path);
/* No more of them. */
void sweep_seal(struct sweep *sweep);
/* Has all removed; they are gone when it returns, or the sweeper is (it is not waited for
 * longer than a few seconds).  Also of one that was never started. */
void sweep_end(struct sweep *sweep);

#endif
