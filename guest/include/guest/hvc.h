/* SPDX-License-Identifier: MIT */
/* The virtio console: a second console, for lines from and to the outside. */
#ifndef GUEST_HVC_H
#define GUEST_HVC_H

#include <linux/types.h>

struct device *hvc_device(void); /* NULL: there is none */
/* All of it, or a negative errno.  Sleeps. */
ssize_t hvc_write(const void *buf, size_t len);
/* One line with its newline, cut at size, or what came until `timeout` ticks passed (may be
 * 0).  Sleeps. */
ssize_t hvc_read_line(char *buf, size_t size, unsigned long timeout);

#endif
