/* SPDX-License-Identifier: MIT */
/* Error numbers, Linux's values; functions return them negative. */
#ifndef _LINUX_ERRNO_H
#define _LINUX_ERRNO_H

#define EPERM	    1
#define ENOENT	    2
#define EINTR	    4
#define EIO	    5
#define ENXIO	    6
#define E2BIG	    7
#define ENOEXEC	    8
#define EBADF	    9
#define ECHILD	    10
#define EAGAIN	    11
#define EWOULDBLOCK EAGAIN
#define ENOMEM	    12
#define EACCES	    13
#define EFAULT	    14
#define EBUSY	    16
#define EEXIST	    17
#define ENODEV	    19
#define EINVAL	    22
#define ENOSPC	    28
#define EROFS	    30
#define EDOM	    33
#define ERANGE	    34
#define ENOSYS	    38
#define EOVERFLOW   75
#define EILSEQ	    84
#define EMSGSIZE    90
#define EPROTO	    71
#define EBADMSG	    74
#define ENODATA	    61
#define ETIME	    62
#define EOPNOTSUPP  95
#define ENOTSUPP    524
#define EREMOTEIO   121
#define ETIMEDOUT   110

#endif
