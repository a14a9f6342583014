/* SPDX-License-Identifier: MIT */
/* From an option to the sockets that a server serves. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/cli/command.h"
#include "vmm/qmp/qmp_internal.h"
#include "vmm/cli/rundir.h"

static int bad_option(const char *where, struct error *err)
{
	return error_set(err, EINVAL, "--qmp %s: not understood; give unix:PATH or fd=N",
			 where);
}

static int socket_option(int fd, int option)
{
	int value;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) ? -errno : value;
}

/* An inherited descriptor: a listening socket, or a client that is connected already. */
static int open_inherited(struct qmp_server *server, const char *where,
			  const char *number, struct error *err)
{
	unsigned int n;
	int fd, listens;

	if (parse_count(number, &n) || n > 1u << 20)
		return bad_option(where, err);
	fd = (int)n;
	listens = socket_option(fd, SO_ACCEPTCONN);
	if (listens < 0 || socket_option(fd, SO_TYPE) != SOCK_STREAM)
		return error_set(err, EBADF,
				 "--qmp fd=%d: not an inherited stream socket; open it "
				 "before, and leave it open",
				 fd);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return listens ? qmp_add_listener(server, fd, err)
		       : qmp_add_client(server, fd, err);
}

/* What may stand behind the path: the way it is done here anyway. */
static bool suffix_ok(const char *suffix)
{
	static const char *const words[] = { "server=on", "server", "wait=off",
					     "nowait" };
	size_t i, n;

	while (*suffix == ',') {
		n = strcspn(++suffix, ",");
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (n == strlen(words[i]) && !strncmp(suffix, words[i], n))
				break;
		if (i == sizeof(words) / sizeof(words[0]))
			return false;
		suffix += n;
	}
	return true;
}

static int open_unix(struct qmp_server *server, const char *where, const char *path,
		     struct error *err)
{
	size_t n = strcspn(path, ",");
	char *copy;
	int fd;

	if (!n || !suffix_ok(path + n))
		return bad_option(where, err);
	copy = strndup(path, n);
	if (!copy)
		return error_set(err, ENOMEM, "--qmp %s: no memory", where);
	fd = socket_listen(copy, err);
	if (fd < 0) {
		free(copy);
		return fd;
	}
	return qmp_listen_at(server, fd, copy, err);
}

int qmp_open(struct qmp_server *server, const char *where, struct error *err)
{
	if (!strncmp(where, "unix:", 5))
		return open_unix(server, where, where + 5, err);
	if (!strncmp(where, "fd=", 3))
		return open_inherited(server, where, where + 3, err);
	return bad_option(where, err);
}

int qmp_open_name(struct qmp_server *server, const char *name, struct error *err)
{
	char *path;
	int fd = rundir_listen(name, &path, err);

	return fd < 0 ? fd : qmp_listen_at(server, fd, path, err);
}
