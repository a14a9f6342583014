/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "vmm/util/log.h"

#define LINE_MAX_BYTES 1024

static bool is_verbose;

void log_set_verbose(bool verbose)
{
	is_verbose = verbose;
}

static void print(const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];

	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "pagevisor: %s\n", line);
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
}

void log_step(const char *format, ...)
{
	va_list args;

	if (!is_verbose)
		return;
	va_start(args, format);
	print(format, args);
	va_end(args);
}
