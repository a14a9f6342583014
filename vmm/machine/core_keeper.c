/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/machine/core_keeper.h"

#define PATIENCE_MS 5000

/* What the keeper has open. */
enum { END, CORE, GONE, FDS };

static void remove_if_empty(const char *path)
{
	struct stat core, there;

	if (fstat(CORE, &core) || core.st_size || stat(path, &there))
		return;
	if (core.st_dev == there.st_dev && core.st_ino == there.st_ino)
		unlink(path);
}

static _Noreturn void keep(const char *path, const int *fds)
{
	int high[FDS], i;
	sigset_t all;
	char word;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	for (i = 0; i < FDS; i++)
		high[i] = fcntl(fds[i], F_DUPFD, FDS);
	for (i = 0; i < FDS; i++)
		if (high[i] < 0 || dup2(high[i], i) != i)
			_exit(1);
	close_range(FDS, ~0u, 0);
	while (read(END, &word, 1) < 0 && errno == EINTR)
		;
	remove_if_empty(path);
	_exit(0);
}

/* As a grandchild: nobody has to wait for it. */
static int leave_keeper(const char *path, const int *fds)
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child) {
		if (!fork())
			keep(path, fds);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

int core_keeper_start(struct core_keeper *keeper, const char *path, int core_fd)
{
	int end[2], gone[2], ret;

	*keeper = CORE_KEEPER_NONE;
	if (pipe2(end, O_CLOEXEC))
		return -errno;
	if (pipe2(gone, O_CLOEXEC)) {
		ret = -errno;
		close(end[0]);
		close(end[1]);
		return ret;
	}
	ret = leave_keeper(path, (const int[FDS]){ end[0], core_fd, gone[1] });
	close(end[0]);
	close(gone[1]);
	*keeper = (struct core_keeper){ end[1], gone[0] };
	return ret;
}

void core_keeper_end(struct core_keeper *keeper)
{
	struct pollfd gone = { .fd = keeper->gone_fd };

	if (keeper->end_fd >= 0)
		close(keeper->end_fd);
	if (keeper->gone_fd >= 0) {
		poll(&gone, 1, PATIENCE_MS);
		close(keeper->gone_fd);
	}
	*keeper = CORE_KEEPER_NONE;
}
