/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/machine/signals.h"

static void (*fatal_last_words)(void);

static void on_fatal(int signo)
{
	fatal_last_words();
	/* SA_RESETHAND has restored the default action: die of it, core dump included. */
	raise(signo);
}

static void on_kick(int signo)
{
	(void)signo; /* its arrival alone ends the system call */
}

static void handle_fatal(void)
{
	/* Failures, limits, and what ends a process that nobody sends it on purpose. */
	static const int fatal[] = { SIGSEGV, SIGABRT, SIGBUS,	  SIGILL,  SIGFPE,
				     SIGSYS,  SIGTRAP, SIGXCPU,	  SIGXFSZ, SIGALRM,
				     SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGIO };
	struct sigaction action = { .sa_handler = on_fatal, .sa_flags = SA_RESETHAND };
	size_t i;

	sigfillset(&action.sa_mask);
	sigdelset(&action.sa_mask, SIGSYS); /* a forbidden call is refused here, too */
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &action, NULL);
}

static int open_signalfd(const sigset_t *set)
{
	int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int signals_init(void (*last_words)(void))
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction kick = { .sa_handler = on_kick }; /* no SA_RESTART */
	sigset_t set;
	int fd;

	fatal_last_words = last_words;
	handle_fatal();
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGNAL_KICK, &kick, NULL);

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	fd = open_signalfd(&set);
	if (fd < 0)
		return fd;
	sigaddset(&set, SIGNAL_KICK);
	sigaddset(&set, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return fd;
}

int signals_window(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	return open_signalfd(&set);
}

int signals_read(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

void signals_unblock_kick(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL_KICK);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
