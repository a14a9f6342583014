/* SPDX-License-Identifier: MIT */
/*
 * Signals.  Those that ask the monitor to end (SIGINT, SIGTERM, SIGHUP, SIGQUIT) are blocked
 * in every thread and read from a descriptor by the main loop; so is SIGWINCH, from one of
 * its own.  One real-time signal kicks
 * a vCPU thread out of the guest and does nothing else.  Those that kill the monitor
 * (SIGSEGV, SIGABRT, ...) first put the terminal right.
 */
#ifndef VMM_SIGNALS_H
#define VMM_SIGNALS_H

#include <signal.h>

#define SIGNAL_KICK SIGRTMIN
#define SIGNAL_TICK (SIGRTMIN + 1) /* of a profiler's timer, to a vCPU's thread */

/* For the main thread, before it starts others: blocks the ending signals and returns a
 * descriptor that delivers them, or a negative errno.  `last_words` runs, in signal
 * context, before a fatal signal kills the process. */
int signals_init(void (*last_words)(void));

/* A descriptor that delivers SIGWINCH, or a negative errno; after signals_init(). */
int signals_window(void);

/* The next signal from the descriptor, or 0 when there is none. */
int signals_read(int fd);

/* For vCPU threads: lets SIGNAL_KICK through. */
void signals_unblock_kick(void);

#endif
