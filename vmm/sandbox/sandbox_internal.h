/* SPDX-License-Identifier: MIT */
/* What the parts of sandbox.c share. */
#ifndef VMM_SANDBOX_INTERNAL_H
#define VMM_SANDBOX_INTERNAL_H

#include <linux/filter.h>
#include <stdbool.h>

#include "vmm/sandbox/sandbox.h"

/* sandbox_filter.c: the table as a program for the kernel, to be freed with free(filter).
 * 0 or a negative errno. */
int sandbox_filter_make(enum sandbox_thread thread, unsigned int features,
			struct sock_fprog *program);
/* The calling thread's own, for good.  It has PR_SET_NO_NEW_PRIVS. */
int sandbox_filter_load(const struct sock_fprog *program);

/* sandbox_landlock.c: a rule set that permits nothing.  Its descriptor, or a negative errno;
 * *abi is the version of Landlock, 0 for none. */
int sandbox_landlock_make(int *abi);
int sandbox_landlock_enter(int fd);

/* sandbox_privileges.c: of the calling thread alone.  0 or a negative errno. */
int sandbox_drop_privileges(void);

/* sandbox_trap.c: SIGSYS. */
int sandbox_trap_init(int alarm_fd);
void sandbox_trap_name_thread(const char *name);

#endif
