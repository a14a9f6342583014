/* SPDX-License-Identifier: MIT */
/* What proc(5) tells of a process. */
#ifndef VMM_PROCESS_H
#define VMM_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct process_stat {
	char state; /* 'R', 'S', 'T' stopped by a signal, 't' held by a debugger, ... */
	uint64_t birth; /* clock ticks since the host was started */
};

/* 0, or -ESRCH: there is no such process; then all of it is zero. */
int process_stat(pid_t pid, struct process_stat *stat);

#endif
