/* SPDX-License-Identifier: MIT */
/*
 * Command-line parameters and the order of start (include/linux/init.h).  An entry is a
 * structure in a linker section: naming it is enough, no list is kept by hand.
 */
#ifndef _LINUX_INIT_H
#define _LINUX_INIT_H

#include <linux/types.h>
#include <linux/compiler.h>

/* `name` or `name=value` on the kernel command line.  value is NULL without '='; the string
 * lives for ever.  0, or a negative errno: the parameter is reported and left alone. */
struct kernel_param {
	const char *name;
	int (*set)(char *value);
};

/* Called in command-line order before the memory subsystem starts. */
#define early_param(str, fn)                                                     \
	static const struct kernel_param __param_##fn __used __section(".param") \
		__aligned(8) = { str, fn }

typedef int (*initcall_t)(void);

/* Called once every CPU runs, in link order; the result is only reported. */
#define device_initcall(fn)                                                  \
	static const initcall_t __initcall_##fn __used __section("initcall") \
		__aligned(8) = fn

#endif
