/* SPDX-License-Identifier: MIT */
/*
 * Memory of the process that runs (include/linux/uaccess.h).  Every address a process hands
 * over goes through these: they refuse what is not its half of the address space, fault in
 * what is not there yet, and come back when a fault cannot be resolved.  They may sleep.
 */
#ifndef _LINUX_UACCESS_H
#define _LINUX_UACCESS_H

#include <linux/types.h>
#include <linux/compiler.h>

/* One page below the end of the lower half: the byte after the last instruction must still
 * be a canonical address. */
#define TASK_SIZE 0x00007ffffffff000UL

/* All of [addr, addr + size) lies in the process's half. */
static inline bool access_ok(const void __user *addr, unsigned long size)
{
	return size <= TASK_SIZE && (unsigned long)addr <= TASK_SIZE - size;
}

/* Bytes that could not be copied: 0 is success. */
unsigned long __must_check copy_to_user(void __user *to, const void *from,
					unsigned long n);
unsigned long __must_check copy_from_user(void *to, const void __user *from,
					  unsigned long n);
unsigned long __must_check clear_user(void __user *to, unsigned long n);

/* Length of the string without its zero; -EFAULT; `count` when no zero is among the first
 * count bytes (then none is written either). */
long strncpy_from_user(char *to, const char __user *from, long count);

#endif
