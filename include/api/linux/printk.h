/* SPDX-License-Identifier: MIT */
/* The kernel log (include/linux/printk.h).  %pS prints an address as symbol+offset. */
#ifndef _LINUX_PRINTK_H
#define _LINUX_PRINTK_H

#include <linux/compiler.h>

#define KERN_ERR     "\0013"
#define KERN_WARNING "\0014"
#define KERN_NOTICE  "\0015"
#define KERN_INFO    "\0016"
#define KERN_DEBUG   "\0017"

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

/* Not checked as printf: the kernel's %pS-style formats are not libc's. */
int printk(const char *fmt, ...);

#define pr_err(fmt, ...)   printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)  printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)  printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)

/* The call chain of the caller, symbolised. */
void dump_stack(void);

#endif
