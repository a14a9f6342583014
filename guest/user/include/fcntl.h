/* SPDX-License-Identifier: MIT */
#ifndef FCNTL_H
#define FCNTL_H

#define O_RDWR 2

/* Of a character device, /dev/NAME. */
int open(const char *path, int flags);

#endif
