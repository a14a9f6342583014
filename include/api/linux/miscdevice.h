/* SPDX-License-Identifier: MIT */
/* Character devices by name (include/linux/miscdevice.h): /dev/NAME for processes. */
#ifndef _LINUX_MISCDEVICE_H
#define _LINUX_MISCDEVICE_H

#include <linux/fs.h>
#include <linux/list.h>

struct miscdevice {
	const char *name;
	const struct file_operations *fops;
	struct list_head list;
	unsigned int users; /* open files; atomic */
};

/* -EEXIST: the name is taken; -EINVAL: no name or no fops. */
int misc_register(struct miscdevice *misc);
/* Nobody may have it open: -EBUSY, and it stays (Linux relies on module references). */
int misc_deregister(struct miscdevice *misc);

#endif
