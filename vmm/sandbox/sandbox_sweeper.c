/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vmm/report/outcome.h"
#include "vmm/sandbox/sandbox_internal.h"
#include "vmm/sandbox/sandbox_sweeper.h"

int sandbox_sweeper_make(struct sock_fprog *filter, struct error *err)
{
	int ret = sandbox_filter_make(SANDBOX_SWEEPER, 0, filter);

	return ret ? error_set(
			     err, -ret,
			     "--sandbox on: no filters can be made (%s); use a newer host "
			     "kernel, or --sandbox off",
			     strerror(-ret))
		   : 0;
}

/* It has interrupted whatever misbehaves, which is not gone back to. */
static void on_forbidden(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	if (write(STDOUT_FILENO, &info->si_syscall, sizeof(info->si_syscall)) < 0)
		_exit(STATUS_USAGE);
	_exit(STATUS_FAILED);
}

int sandbox_sweeper_enter(const struct sock_fprog *filter)
{
	struct sigaction action = { .sa_sigaction = on_forbidden,
				    .sa_flags = SA_SIGINFO };

	sigfillset(&action.sa_mask);
	if (sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return sandbox_filter_load(filter);
}

bool sandbox_sweeper_forbidden(int fd, char *buf, size_t size)
{
	char *name;
	int nr;

	if (read(fd, &nr, sizeof(nr)) != sizeof(nr))
		return false;
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
	snprintf(buf, size,
		 "process pv-sweeper made the forbidden system call %s, number %d, and "
		 "removed no more files; report this",
		 name ? name : "?", nr);
	free(name);
	return true;
}
