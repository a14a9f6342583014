/* SPDX-License-Identifier: MIT */
/* When things happened in a run. */
#ifndef VMM_RUN_TIMES_H
#define VMM_RUN_TIMES_H

#include <stdint.h>
#include <time.h>

/* First thing in main(). */
void run_times_process_start(void);

/* Microseconds from exec to this moment of CLOCK_MONOTONIC.  What passed before main() is
 * taken from the process's CPU time: loading hardly waits. */
uint64_t run_times_since_exec(const struct timespec *moment);

/* Microseconds from a to b. */
uint64_t run_times_between(const struct timespec *a, const struct timespec *b);

#endif
