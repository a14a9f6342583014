/* SPDX-License-Identifier: MIT */
/*
 * Where the guest's consoles lead: the monitor's own standard input and output, a
 * pseudo-terminal, a file, a socket, or nowhere.
 *
 * Several console devices of the guest (COM1, virtio) may share one, each through a port.  What
 * any of them prints goes out, and is read for KTAP on the way.  What comes in goes to the
 * port that printed last; what the device has no room for waits here, and reading stops
 * until it is gone.  On a terminal, Ctrl-A x asks to end the run, and Ctrl-A Ctrl-A is one
 * Ctrl-A for the guest.
 *
 * Whoever connects to a socket has the console until he leaves; the next waits for that.  A
 * socket or a pseudo-terminal without a reader, or with one that does not read, loses what is
 * printed: the guest does not wait for it.
 *
 * All under the device lock.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/machine/config.h"
#include "vmm/report/ktap.h"
#include "vmm/machine/loop.h"

struct console;

/* One console device of the guest. */
struct console_port {
	struct console *console;
	/* Gives input to the device; how many bytes it took. */
	size_t (*feed)(void *device, const void *bytes, size_t count);
	void *device;
	struct ktap ktap;
};

/* What a console tells its machine, and how it is told not to wait for its reader. */
struct console_events {
	void (*quit)(void *ctx); /* Ctrl-A x */
	void (*gone)(void *ctx, int error); /* output is not possible any more */
	void (*resized)(void *ctx); /* console_size() says something else now */
	void *ctx;
	/* Once one of these is readable, output that cannot be written at once is dropped. */
	int give_up_fd[2];
};

#define CONSOLE_INPUT_MAX 256

struct console {
	enum console_kind kind;
	struct loop *loop;
	struct console_events events;
	int in_fd; /* -1: none, or at its end */
	int out_fd; /* -1: output is thrown away */
	struct host_watch listener; /* of a socket; fd -1: there is none */
	int slave_fd; /* of a pseudo-terminal: held open, so that it outlives its users */
	char pty_path[64];
	char socket_path[108]; /* where a socket listens; "": at no path */
	const char *made; /* the file that was new; NULL: none, or it was started */
	bool anew; /* what was in the file goes when it is started */
	bool is_terminal; /* in_fd is; keys are looked at */
	bool plain_file; /* in_fd is always readable and epoll does not take it */
	bool escaped; /* Ctrl-A came last */
	struct console_port
		*target; /* gets the input; NULL before anything was printed */
	struct host_watch watch; /* of in_fd */
	struct host_watch window; /* of the signal that its size changed; fd -1: none */
	char input[CONSOLE_INPUT_MAX]; /* read and not yet taken */
	size_t nr_input;
};

/* Opens what the configuration says; the terminal is not touched before console_start(). */
int console_open(struct console *console, const struct console_config *config,
		 struct loop *loop, const struct console_events *events,
		 struct error *err);
/* Makes the terminal raw and begins to read; input goes to `first` until another prints. */
void console_start(struct console *console, struct console_port *first);
/* Puts the terminal right and closes. */
void console_close(struct console *console);

/* The window that the output goes to; 80 by 25 where there is none. */
void console_size(const struct console *console, uint16_t *cols, uint16_t *rows);

/* In QEMU's words: "pty:/dev/pts/3", "file", "unix:/path,server=on". */
void console_describe(const struct console *console, char *buf, size_t size);

/* What the port's device printed: takes everything. */
void console_output(struct console_port *port, const void *bytes, size_t count);
/* The port's device has room for input again. */
void console_room(struct console_port *port);

/* console_socket.c, for console.c: listens; and lets the next in when the client has gone. */
int console_socket_open(struct console *console, const struct console_config *config,
			struct error *err);
void console_socket_start(struct console *console);
void console_socket_lost(struct console *console);
/* Input came from the client: what its watch does. */
void console_on_input(void *console, uint32_t events);

#endif
