/* SPDX-License-Identifier: MIT */
/* Open files and what a driver does with them (include/linux/fs.h): memory only. */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

#include <linux/types.h>

struct file;
struct vm_area_struct;

struct file_operations {
	/* Fills the area; 0, or an error and nothing stays mapped.  May sleep. */
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
};

/* One open(), shared after fork().  Areas mapped from it hold references. */
struct file {
	unsigned int refs; /* atomic */
	const struct file_operations *f_op;
	void *private_data; /* the device's: struct miscdevice */
};

#endif
