/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/machine/sweep.h"
#include "vmm/sandbox/sandbox_sweeper.h"
#include "vmm/util/log.h"

#define PATIENCE_MS 5000

/* A file, and which one it is: another may have its name later, and even its number.  An empty
 * path seals.  One is written at once, so none comes in part. */
struct order {
	char path[SWEEP_PATH_MAX];
	struct stat st;
};
_Static_assert(sizeof(struct order) <= PIPE_BUF, "a pipe takes it whole");

/* --- the sweeper's side --------------------------------------------------------------------- */

static bool is_same(const struct order *file)
{
	struct stat st;

	return !lstat(file->path, &st) && st.st_dev == file->st.st_dev &&
	       st.st_ino == file->st.st_ino && st.st_size == file->st.st_size &&
	       st.st_mtim.tv_sec == file->st.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == file->st.st_mtim.tv_nsec;
}

/* False at the end of what the monitor has to say. */
static bool next_order(int fd, struct order *order)
{
	ssize_t n;

	do
		n = read(fd, order, sizeof(*order));
	while (n < 0 && errno == EINTR);
	return n == sizeof(*order) && order->path[0];
}

static _Noreturn void serve(int order_fd)
{
	static struct order files[SWEEP_FILES_MAX], another;
	struct pollfd end = { .fd = order_fd };
	unsigned int i, nr = 0;

	while (next_order(order_fd, nr < SWEEP_FILES_MAX ? &files[nr] : &another))
		nr += nr < SWEEP_FILES_MAX;
	while (poll(&end, 1, -1) < 0)
		;
	for (i = 0; i < nr; i++)
		if (is_same(&files[i]))
			unlink(files[i].path);
	_exit(0);
}

/* Nothing of the monitor's stays open here, no key of a terminal and no order to end comes
 * through: it goes when the monitor has gone. */
static _Noreturn void become_sweeper(int order_fd, int done_fd,
				     const struct sock_fprog *filter)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	size_t i;

	setsid();
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "pv-sweeper");
	/* To where nothing else is, then all else is closed. */
	if (dup2(order_fd, STDIN_FILENO) < 0 || dup2(done_fd, STDOUT_FILENO) < 0 ||
	    close_range(STDERR_FILENO, ~0u, 0) ||
	    (filter->filter && sandbox_sweeper_enter(filter)))
		_exit(1);
	serve(STDIN_FILENO);
}

/* --- the monitor's side --------------------------------------------------------------------- */

/* Two generations, so that it is nobody's child who has to be waited for. */
static int make_sweeper(int order_fd, int done_fd, const struct sock_fprog *filter)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		pid = fork();
		if (!pid)
			become_sweeper(order_fd, done_fd, filter);
		_exit(pid < 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) /* who started us may have it reaped already */
			return errno == ECHILD ? 0 : -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EAGAIN;
}

int sweep_start(struct sweep *sweep, bool confined, struct error *err)
{
	int order[2] = { -1, -1 }, done[2] = { -1, -1 };
	struct sock_fprog filter = { .filter = NULL };
	int ret = confined ? sandbox_sweeper_make(&filter, err) : 0;

	if (ret)
		return ret;
	if (pipe2(order, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		ret = -errno;
	if (!ret) {
		sweep->order_fd = order[1];
		sweep->done_fd = done[0];
		ret = make_sweeper(order[0], done[1], &filter);
	}
	free(filter.filter);
	close(order[0]);
	close(done[1]);
	if (!ret)
		return 0;
	close(order[1]);
	close(done[0]);
	*sweep = (struct sweep){ 0 };
	return error_set(err, -ret, "no process can be made to remove sockets later (%s)",
			 strerror(-ret));
}

static void say(const struct sweep *sweep, const struct order *order)
{
	/* A sweeper that somebody killed removes nothing. */
	if (sweep->order_fd && write(sweep->order_fd, order, sizeof(*order)) < 0)
		return;
}

void sweep_add(struct sweep *sweep, const char *path)
{
	struct order order;

	memset(&order, 0, sizeof(order));
	if (!*path || strlen(path) >= sizeof(order.path) || lstat(path, &order.st))
		return;
	strcpy(order.path, path);
	say(sweep, &order);
}

void sweep_seal(struct sweep *sweep)
{
	static const struct order none;

	say(sweep, &none);
}

void sweep_end(struct sweep *sweep)
{
	struct pollfd gone = { .fd = sweep->done_fd, .events = POLLIN };
	char text[160];

	if (!sweep->order_fd)
		return;
	close(sweep->order_fd);
	while (poll(&gone, 1, PATIENCE_MS) < 0 && errno == EINTR)
		;
	if (gone.revents & POLLIN &&
	    sandbox_sweeper_forbidden(gone.fd, text, sizeof(text)))
		log_line("%s", text);
	close(sweep->done_fd);
	*sweep = (struct sweep){ 0 };
}
