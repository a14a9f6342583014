/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/cli/command.h"
#include "vmm/cli/rundir.h"
#include "vmm/gdb/gdb_listen.h"
#include "vmm/util/log.h"

#define LOOPBACK "127.0.0.1"
#define WAIT	 ",wait"

bool gdb_where_waits(const char *where)
{
	size_t n = strlen(where), word = strlen(WAIT);

	return n >= word && !strcmp(where + n - word, WAIT);
}

static int bad_option(const char *where, struct error *err)
{
	return error_set(err, EINVAL,
			 "--gdb %s: not understood; give tcp:" LOOPBACK ":PORT or "
			 "unix:PATH, and " WAIT " behind it to have the guest wait",
			 where);
}

static int bind_port(int fd, unsigned int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;

	/* Each packet waits for its answer; accepted sockets inherit it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1) ? -errno : 0;
}

static unsigned int port_of(int fd)
{
	struct sockaddr_in at = { .sin_port = 0 };
	socklen_t size = sizeof(at);

	getsockname(fd, (struct sockaddr *)&at, &size);
	return ntohs(at.sin_port);
}

static int listen_tcp(const char *where, const char *text, struct error *err)
{
	unsigned int port;
	int fd, ret;

	/* Whoever connects owns the guest: nobody beyond this host. */
	if (strncmp(text, LOOPBACK ":", strlen(LOOPBACK ":")) != 0)
		return error_set(err, EINVAL,
				 "--gdb %s: only " LOOPBACK
				 " can be listened at, gdb has no "
				 "password; from elsewhere come through ssh -L",
				 where);
	if (parse_count(text + strlen(LOOPBACK ":"), &port) || port > 65535)
		return bad_option(where, err);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ret = fd < 0 ? -errno : bind_port(fd, port);
	if (ret) {
		if (fd >= 0)
			close(fd);
		return error_set(err, -ret, "--gdb %s: %s; give another port, or 0",
				 where, strerror(-ret));
	}
	log_line("gdb: target remote " LOOPBACK ":%u", port_of(fd));
	return fd;
}

static int listen_unix(const char *where, const char *text, char **path,
		       struct error *err)
{
	int fd;

	if (!*text)
		return bad_option(where, err);
	fd = socket_listen(text, err);
	if (fd < 0)
		return fd;
	*path = strdup(text);
	log_line("gdb: target remote %s", text);
	return fd;
}

int gdb_listen(const char *where, char **path, struct error *err)
{
	size_t n = strlen(where) - (gdb_where_waits(where) ? strlen(WAIT) : 0);
	char *text = strndup(where, n);
	int fd;

	*path = NULL;
	if (!text)
		return error_set(err, ENOMEM, "--gdb %s: no memory", where);
	if (!strncmp(text, "tcp:", 4))
		fd = listen_tcp(where, text + 4, err);
	else if (!strncmp(text, "unix:", 5))
		fd = listen_unix(where, text + 5, path, err);
	else
		fd = bad_option(where, err);
	free(text);
	return fd;
}
