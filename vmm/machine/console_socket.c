/* SPDX-License-Identifier: MIT */
/* A console that is a socket.  Its file goes with the machine: vmm/machine/sweep.h. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/cli/rundir.h"
#include "vmm/machine/console.h"

static int check_inherited(int fd, struct error *err)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) || !listens)
		return error_set(
			err, EBADF,
			"the console's descriptor %d: not an inherited socket that "
			"listens",
			fd);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* Also of one that somebody else bound. */
static void note_path(struct console *c, int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNSPEC };
	socklen_t size = sizeof(addr);

	if (!getsockname(fd, (struct sockaddr *)&addr, &size) &&
	    addr.sun_family == AF_UNIX && size > offsetof(struct sockaddr_un, sun_path))
		snprintf(c->socket_path, sizeof(c->socket_path), "%.*s",
			 (int)sizeof(addr.sun_path), addr.sun_path);
}

int console_socket_open(struct console *c, const struct console_config *config,
			struct error *err)
{
	int fd = config->path ? socket_listen(config->path, err)
			      : check_inherited(config->inherited, err);

	if (fd < 0)
		return fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	note_path(c, fd);
	c->listener.fd = fd;
	return 0;
}

static void on_client(void *arg, uint32_t events)
{
	struct console *c = arg;
	int fd = accept4(c->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	c->watch = (struct host_watch){ .fd = fd, .fn = console_on_input, .arg = c };
	if (loop_watch(c->loop, &c->watch, EPOLLIN)) {
		close(fd);
		return;
	}
	c->in_fd = c->out_fd = fd;
	loop_unwatch(c->loop, &c->listener);
}

void console_socket_start(struct console *c)
{
	c->listener.fn = on_client;
	c->listener.arg = c;
	loop_watch(c->loop, &c->listener, EPOLLIN);
}

void console_socket_lost(struct console *c)
{
	loop_unwatch(c->loop, &c->watch);
	close(c->in_fd);
	c->in_fd = c->out_fd = -1;
	loop_watch(c->loop, &c->listener, EPOLLIN);
}
