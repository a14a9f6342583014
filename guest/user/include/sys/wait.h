/* SPDX-License-Identifier: MIT */
#ifndef SYS_WAIT_H
#define SYS_WAIT_H

#include <pagevisor.h>

#define WIFEXITED(status)   (((status)&0x7f) == 0)
#define WEXITSTATUS(status) ((status) >> 8 & 0xff)
#define WTERMSIG(status)    ((status)&0x7f)

/* pid -1: any child. */
int waitpid(int pid, int *status, int options);

#endif
