/* SPDX-License-Identifier: MIT */
/* The kernel command line: words apart by spaces, tabs or line ends, `name` or `name=value`;
 * double quotes keep these in a value.  Words after a word `--` are not ours. */
#ifndef GUEST_CMDLINE_H
#define GUEST_CMDLINE_H

#include <linux/init.h>

#define COMMAND_LINE_SIZE 2048

/* A parameter whose value mm/ understands: setup(value), or setup(none) where it has none. */
#define SETUP_PARAM(name, setup, none)              \
	static int param_##setup(char *value)       \
	{                                           \
		return setup(value ? value : none); \
	}                                           \
	early_param(name, param_##setup)

/*
 * Cuts the text in place and calls the parameter each word names.  `report` hears of the
 * words that name none (error 0) or were refused (error below 0).
 */
void cmdline_parse(char *text, const struct kernel_param *params,
		   const struct kernel_param *end,
		   void (*report)(const char *name, const char *value, int error));

#endif
