/* SPDX-License-Identifier: MIT */
/* A driver written as a module is built in here (include/linux/module.h). */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

#include <linux/init.h>

struct module;

#define THIS_MODULE	((struct module *)NULL)
#define module_init(fn) device_initcall(fn)
/* Built-in code is never unloaded; the name stays checked. */
#define module_exit(fn)			static void (*const __exit_##fn)(void) __maybe_unused = fn
#define MODULE_LICENSE(s)		_Static_assert(sizeof(s), "license")
#define MODULE_AUTHOR(s)		_Static_assert(sizeof(s), "author")
#define MODULE_DESCRIPTION(s)		_Static_assert(sizeof(s), "description")
#define MODULE_DEVICE_TABLE(bus, table) _Static_assert(sizeof(table), #bus)
#define EXPORT_SYMBOL(sym)		_Static_assert(sizeof(&sym), "exported")
#define EXPORT_SYMBOL_GPL(sym)		EXPORT_SYMBOL(sym)

#endif
