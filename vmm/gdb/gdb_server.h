/* SPDX-License-Identifier: MIT */
/*
 * The socket that gdb connects to.  One gdb at a time; others wait until it has left.
 *
 * A client costs two frames of memory, whatever it sends or does not read: nothing is read
 * from one whose answer is not sent yet, and one that lets a second answer wait is dropped.
 * All on the main thread, without the device lock.
 */
#ifndef VMM_GDB_SERVER_H
#define VMM_GDB_SERVER_H

#include "vmm/gdb/gdb_session.h"
#include "vmm/machine/loop.h"

struct gdb_server;

/* Of the machine, beside what a session asks. */
struct gdb_holder {
	void (*arrived)(
		void *ctx); /* a gdb has come: the machine stands when this returns */
	void (*left)(
		void *ctx); /* it has left: no point stays, and the machine goes on */
	void (*kill)(void *ctx); /* the machine shall end */
};

/* Listens at tcp:127.0.0.1:PORT (0: the kernel chooses) or unix:PATH, and says where.  0, or
 * a negative errno with the line in err. */
int gdb_server_create(struct gdb_server **out, struct loop *loop, const char *where,
		      const struct gdb_ops *ops, const struct gdb_holder *holder,
		      void *ctx, struct error *err);
void gdb_server_destroy(struct gdb_server *server);

/* The socket that it made in the file system, left to whoever asks; NULL: none. */
const char *gdb_server_path(const struct gdb_server *server);

/* For a gdb that is there and waits: the machine stands again, or has ended. */
void gdb_server_stopped(struct gdb_server *server, const struct gdb_stop *stop);
void gdb_server_ended(struct gdb_server *server, unsigned int status);
/* One is there, and it lets the machine run. */
bool gdb_server_waits(const struct gdb_server *server);
bool gdb_server_has_client(const struct gdb_server *server);
/* The vCPU that it looks at. */
unsigned int gdb_server_cpu(const struct gdb_server *server);

#endif
