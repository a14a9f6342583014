/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/report/outcome.h"
#include "vmm/qemu/qemu.h"

/* The parent: ends as the child says, or as the child ended. */
static _Noreturn void wait_for_word(int fd, pid_t child)
{
	char word;
	int status;
	ssize_t n;

	do
		n = read(fd, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(STATUS_WELL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			_exit(STATUS_USAGE);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status)
						       : STATUS_USAGE);
}

int qemu_daemon_begin(struct qemu_daemon *daemon, const struct qemu_line *line,
		      struct error *err)
{
	int fds[2];
	pid_t child;

	*daemon = (struct qemu_daemon){ .word_fd = -1, .pidfile = line->pidfile };
	if (!line->daemonize)
		return 0;
	if (pipe2(fds, O_CLOEXEC))
		return error_set(err, errno, "-daemonize: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return error_set(err, errno, "-daemonize: %s", strerror(errno));
	if (child) {
		close(fds[1]);
		wait_for_word(fds[0], child);
	}
	close(fds[0]);
	daemon->word_fd = fds[1];
	setsid();
	return 0;
}

static int write_pid(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int ret = fd < 0 ? -errno : 0;

	if (!ret && write(fd, text, (size_t)n) != n)
		ret = -EIO;
	if (fd >= 0 && close(fd) && !ret)
		ret = -errno;
	return ret ? error_set(err, -ret, "-pidfile %s: %s", path, strerror(-ret)) : 0;
}

/* Nobody holds the terminal, or a pipe of whoever started us, open any longer. */
static void leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int qemu_daemon_ready(struct qemu_daemon *daemon, struct error *err)
{
	int ret = daemon->pidfile ? write_pid(daemon->pidfile, err) : 0;

	if (ret || daemon->word_fd < 0)
		return ret;
	leave_terminal();
	if (write(daemon->word_fd, "", 1) != 1)
		return error_set(err, EPIPE, "-daemonize: the parent is gone");
	close(daemon->word_fd);
	daemon->word_fd = -1;
	return 0;
}

/* That of a confined machine its sweeper has removed by now. */
void qemu_daemon_end(struct qemu_daemon *daemon)
{
	if (daemon->pidfile)
		unlink(daemon->pidfile);
}
