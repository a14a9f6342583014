/* SPDX-License-Identifier: MIT */
/* From the option --gdb to a listening socket. */
#ifndef VMM_GDB_LISTEN_H
#define VMM_GDB_LISTEN_H

#include <stdbool.h>

#include "vmm/util/error.h"

/*
 * where: tcp:127.0.0.1:PORT or unix:PATH, each also with ",wait" behind it, which is not
 * looked at here.  The descriptor, or a negative errno with the line in err; says where gdb
 * finds it.  *path: of the socket in the file system, malloc'd, or NULL.
 */
int gdb_listen(const char *where, char **path, struct error *err);

/* The guest does not start before a gdb lets it: `where` ends with ",wait". */
bool gdb_where_waits(const char *where);

#endif
