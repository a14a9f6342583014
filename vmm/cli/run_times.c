/* SPDX-License-Identifier: MIT */
#include "vmm/cli/run_times.h"

static struct timespec main_started; /* CLOCK_MONOTONIC */
static uint64_t before_main; /* microseconds */

uint64_t run_times_between(const struct timespec *a, const struct timespec *b)
{
	int64_t us = (int64_t)(b->tv_sec - a->tv_sec) * 1000000 +
		     (b->tv_nsec - a->tv_nsec) / 1000;

	return us > 0 ? (uint64_t)us : 0;
}

void run_times_process_start(void)
{
	static const struct timespec zero;
	struct timespec cpu;

	clock_gettime(CLOCK_MONOTONIC, &main_started);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	before_main = run_times_between(&zero, &cpu);
}

uint64_t run_times_since_exec(const struct timespec *moment)
{
	return before_main + run_times_between(&main_started, moment);
}
