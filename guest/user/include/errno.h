/* SPDX-License-Identifier: MIT */
/* Why the last call failed; Linux's numbers. */
#ifndef ERRNO_H
#define ERRNO_H

extern int errno;

#define ENOENT 2
#define EBADF  9
#define ECHILD 10
#define EAGAIN 11
#define ENOMEM 12
#define EFAULT 14
#define ENODEV 19
#define EINVAL 22
#define ENOSYS 38

#endif
