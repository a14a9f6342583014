/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/machine/console.h"
#include "vmm/machine/signals.h"
#include "vmm/cli/terminal.h"
#include "vmm/util/output.h"

#define CTRL_A 0x01

/* A pipe that can be written to takes so much without blocking. */
#define WRITE_MAX 4096

/*
 * A terminal that is stopped (Ctrl-S) must not hold the monitor: it is opened a second time,
 * for an O_NONBLOCK of its own, which nobody else who has it sees.
 */
static int open_stdout(void)
{
	int fd = -1;

	if (isatty(STDOUT_FILENO))
		fd = open("/proc/self/fd/1",
			  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? STDOUT_FILENO : fd;
}

static int open_pty(struct console *c, struct error *err)
{
	struct termios raw;

	c->in_fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (c->in_fd < 0 || grantpt(c->in_fd) || unlockpt(c->in_fd) ||
	    ptsname_r(c->in_fd, c->pty_path, sizeof(c->pty_path)))
		return error_set(err, errno, "--console pty: %s; is /dev/pts mounted?",
				 strerror(errno));
	c->out_fd = c->in_fd;
	c->slave_fd = open(c->pty_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->slave_fd < 0 || tcgetattr(c->slave_fd, &raw))
		return error_set(err, errno, "--console pty: %s: %s", c->pty_path,
				 strerror(errno));
	cfmakeraw(&raw);
	tcsetattr(c->slave_fd, TCSANOW, &raw);
	return 0;
}

static int open_file(struct console *c, const struct console_config *config,
		     struct error *err)
{
	bool made = false;

	c->out_fd = config->path ? output_open(config->path, 0600, &made)
				 : config->inherited;
	c->made = made ? config->path : NULL;
	if (config->append && c->out_fd >= 0)
		fcntl(c->out_fd, F_SETFL, O_APPEND);
	c->anew = config->path && !config->append;
	return c->out_fd < 0
		       ? error_set(
				 err, errno,
				 "the console's file %s: %s; name a file that can be written",
				 config->path, strerror(errno))
		       : 0;
}

int console_open(struct console *c, const struct console_config *config,
		 struct loop *loop, const struct console_events *events,
		 struct error *err)
{
	int ret = 0;

	*c = (struct console){
		.kind = config->kind,
		.loop = loop,
		.events = *events,
		.in_fd = -1,
		.out_fd = -1,
		.slave_fd = -1,
		.window.fd = -1,
		.listener.fd = -1,
	};
	if (c->kind == CONSOLE_STDIO) {
		c->in_fd = STDIN_FILENO;
		c->out_fd = open_stdout();
	} else if (c->kind == CONSOLE_PTY) {
		ret = open_pty(c, err);
	} else if (c->kind == CONSOLE_FILE) {
		ret = open_file(c, config, err);
	} else if (c->kind == CONSOLE_SOCKET) {
		ret = console_socket_open(c, config, err);
	}
	if (ret)
		console_close(c);
	return ret;
}

static void close_if_own(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

void console_close(struct console *c)
{
	terminal_restore();
	if (c->loop) { /* else it was never opened */
		loop_unwatch(c->loop, &c->watch);
		loop_unwatch(c->loop, &c->window);
		loop_unwatch(c->loop, &c->listener);
	}
	close_if_own(c->listener.fd);
	close_if_own(c->window.fd);
	if (c->made)
		unlink(c->made);
	if (c->out_fd != c->in_fd)
		close_if_own(c->out_fd);
	close_if_own(c->in_fd);
	close_if_own(c->slave_fd);
	c->in_fd = c->out_fd = c->slave_fd = c->window.fd = c->listener.fd = -1;
}

/* Looks at the keys in buf, in place; how many bytes are left for the guest. */
static size_t filter_keys(struct console *c, char *buf, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++) {
		if (c->escaped && buf[i] == 'x')
			c->events.quit(c->events.ctx);
		else if (c->escaped || buf[i] != CTRL_A)
			buf[kept++] = buf[i];
		c->escaped = !c->escaped && buf[i] == CTRL_A;
	}
	return kept;
}

/* Gives the target what it takes; true when nothing is left. */
static bool feed(struct console *c)
{
	size_t taken;

	if (!c->nr_input)
		return true;
	taken = c->target->feed(c->target->device, c->input, c->nr_input);
	c->nr_input -= taken;
	memmove(c->input, c->input + taken, c->nr_input);
	return !c->nr_input;
}

/* Reads once; true when more can be expected at once. */
static bool read_input(struct console *c)
{
	ssize_t n = read(c->in_fd, c->input, sizeof(c->input));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0 && c->kind == CONSOLE_SOCKET) {
		console_socket_lost(c);
		return false;
	}
	if (n <= 0) {
		loop_unwatch(c->loop, &c->watch);
		close_if_own(c->in_fd == c->out_fd ? -1 : c->in_fd);
		c->in_fd = -1;
		return false;
	}
	c->nr_input = c->is_terminal ? filter_keys(c, c->input, (size_t)n) : (size_t)n;
	return true;
}

/*
 * Moves input on.  With some left over, reading waits for console_room(): the descriptor
 * leaves the loop, since a pipe whose writer has gone would be reported for ever.
 */
static void pump(struct console *c)
{
	bool empty = feed(c);

	while (empty && c->plain_file && c->in_fd >= 0 && read_input(c))
		empty = feed(c);
	if (c->plain_file || c->in_fd < 0)
		return;
	if (!empty)
		loop_unwatch(c->loop, &c->watch);
	else if (!c->watch.host_data)
		loop_watch(c->loop, &c->watch, EPOLLIN);
}

void console_on_input(void *arg, uint32_t events)
{
	struct console *c = arg;

	(void)events;
	read_input(c);
	pump(c);
}

void console_size(const struct console *c, uint16_t *cols, uint16_t *rows)
{
	struct winsize size = { 0 };

	if (c->kind == CONSOLE_STDIO)
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*cols = size.ws_col ? size.ws_col : 80;
	*rows = size.ws_row ? size.ws_row : 25;
}

static void on_window(void *arg, uint32_t events)
{
	struct console *c = arg;

	(void)events;
	while (signals_read(c->window.fd))
		;
	c->events.resized(c->events.ctx);
}

/* Without the signal the guest keeps the size it started with. */
static void watch_window(struct console *c)
{
	if (c->kind != CONSOLE_STDIO || !isatty(STDOUT_FILENO))
		return;
	c->window =
		(struct host_watch){ .fd = signals_window(), .fn = on_window, .arg = c };
	if (c->window.fd >= 0)
		loop_watch(c->loop, &c->window, EPOLLIN);
}

void console_start(struct console *c, struct console_port *first)
{
	c->target = first;
	c->made = NULL;
	if (c->anew && ftruncate(c->out_fd, 0))
		c->anew = false; /* a pipe or a device */
	watch_window(c);
	if (c->kind == CONSOLE_SOCKET)
		console_socket_start(c);
	if (c->in_fd < 0)
		return;
	if (c->kind == CONSOLE_STDIO) {
		c->is_terminal = terminal_raw(c->in_fd);
		/* A terminal of somebody else's foreground is not ours to read. */
		if (!c->is_terminal && isatty(c->in_fd)) {
			c->in_fd = -1;
			return;
		}
	}
	c->watch =
		(struct host_watch){ .fd = c->in_fd, .fn = console_on_input, .arg = c };
	c->plain_file = loop_watch(c->loop, &c->watch, EPOLLIN) == -EPERM;
	if (c->plain_file)
		pump(c);
}

/* Waits until out_fd can be written to; false when it should wait no more. */
static bool wait_writable(const struct console *c)
{
	struct pollfd fds[] = {
		{ .fd = c->out_fd, .events = POLLOUT },
		{ .fd = c->events.give_up_fd[0], .events = POLLIN },
		{ .fd = c->events.give_up_fd[1], .events = POLLIN },
	};

	/* Nobody may be there to read it. */
	if (c->kind == CONSOLE_PTY || c->kind == CONSOLE_SOCKET)
		return poll(fds, 1, 0) > 0;
	while (poll(fds, 3, -1) < 0)
		if (errno != EINTR)
			return false;
	return fds[0].revents;
}

static void write_all(struct console *c, const char *s, size_t count)
{
	while (count && wait_writable(c)) {
		ssize_t n = write(c->out_fd, s, count < WRITE_MAX ? count : WRITE_MAX);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0 && c->kind == CONSOLE_SOCKET) {
			console_socket_lost(c);
			return;
		}
		if (n < 0) {
			c->events.gone(c->events.ctx, errno);
			close_if_own(c->out_fd);
			c->out_fd = -1;
			return;
		}
		s += n;
		count -= (size_t)n;
	}
}

void console_describe(const struct console *c, char *buf, size_t size)
{
	static const char *const names[] = {
		[CONSOLE_STDIO] = "stdio", [CONSOLE_PTY] = "pty:",
		[CONSOLE_FILE] = "file",   [CONSOLE_SOCKET] = "unix:",
		[CONSOLE_NONE] = "null",
	};
	bool is_socket = c->kind == CONSOLE_SOCKET;

	snprintf(buf, size, "%s%s%s%s%s",
		 is_socket && c->in_fd < 0 ? "disconnected:" : "", names[c->kind],
		 c->pty_path, c->socket_path, is_socket ? ",server=on" : "");
}

void console_output(struct console_port *port, const void *bytes, size_t count)
{
	struct console *c = port->console;

	c->target = port;
	ktap_feed(&port->ktap, bytes, count);
	if (c->out_fd >= 0)
		write_all(c, bytes, count);
}

void console_room(struct console_port *port)
{
	if (port == port->console->target)
		pump(port->console);
}
