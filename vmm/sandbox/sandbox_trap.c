/* SPDX-License-Identifier: MIT */
/*
 * SIGSYS: a thread was about to make a call that its filter forbids.  The handler may have
 * interrupted anything, so it only notes the first such call and rings the alarm; the call
 * returns EPERM, and the thread goes on to where it will be told to end.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "vmm/report/outcome.h"
#include "vmm/sandbox/sandbox_internal.h"
#include "vmm/cli/terminal.h"

#define NAME_BYTES 16

static __thread char thread_name[NAME_BYTES];

static struct {
	int alarm_fd;
	atomic_int count; /* of forbidden calls */
	/* The first, written by the one thread that counted it, before `noted`. */
	long nr;
	uint64_t arg[3];
	char who[NAME_BYTES];
	atomic_bool noted, told;
} trap = { .alarm_fd = -1 };

static void note(const siginfo_t *info, const greg_t *regs)
{
	trap.nr = info->si_syscall;
	trap.arg[0] = (uint64_t)regs[REG_RDI];
	trap.arg[1] = (uint64_t)regs[REG_RSI];
	trap.arg[2] = (uint64_t)regs[REG_RDX];
	memcpy(trap.who, thread_name, sizeof(trap.who));
	atomic_store(&trap.noted, true);
}

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(STATUS_FAILED);
}

/* Nothing but system calls is safe here, so the call has no name. */
static void end_at_once(int nr)
{
	char digits[12], *d = digits + sizeof(digits);

	*--d = '\0';
	for (; nr > 0; nr /= 10)
		*--d = (char)('0' + nr % 10);
	terminal_restore();
	say("pagevisor: thread ");
	say(thread_name);
	say(" makes forbidden system calls again and again, now number ");
	say(d);
	say("\n");
	_exit(STATUS_FAILED);
}

static void on_forbidden(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	static const uint64_t one = 1;
	int error = errno, count;

	(void)signo;
	count = atomic_fetch_add(&trap.count, 1);
	if (!count)
		note(info, uc->uc_mcontext.gregs);
	else if (count >= SANDBOX_PATIENCE - 1)
		end_at_once(info->si_syscall);
	/* A full counter is an alarm already. */
	if (write(trap.alarm_fd, &one, sizeof(one)) < 0)
		errno = 0;
	uc->uc_mcontext.gregs[REG_RAX] = -EPERM;
	errno = error;
}

int sandbox_trap_init(int alarm_fd)
{
	struct sigaction action = { .sa_sigaction = on_forbidden,
				    .sa_flags = SA_SIGINFO };

	trap.alarm_fd = alarm_fd;
	sigfillset(&action.sa_mask);
	/* A bad access in the handler itself must still end the process with its signal. */
	sigdelset(&action.sa_mask, SIGSEGV);
	return sigaction(SIGSYS, &action, NULL) ? -errno : 0;
}

void sandbox_trap_name_thread(const char *name)
{
	snprintf(thread_name, sizeof(thread_name), "%s", name);
}

bool sandbox_forbidden(char *buf, size_t size)
{
	char *name;

	if (!atomic_load(&trap.noted) || atomic_exchange(&trap.told, true))
		return false;
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)trap.nr);
	snprintf(
		buf, size,
		"thread %s made the forbidden system call %s(%#llx, %#llx, %#llx), number "
		"%ld; report this, or run with --sandbox off if the guest is trusted",
		trap.who, name ? name : "?", (unsigned long long)trap.arg[0],
		(unsigned long long)trap.arg[1], (unsigned long long)trap.arg[2],
		trap.nr);
	free(name);
	return true;
}
