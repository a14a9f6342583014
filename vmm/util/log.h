/* SPDX-License-Identifier: MIT */
/* Lines for the person, on standard error, each in one piece. */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include <stdbool.h>

/* From now on steps are told, too. */
void log_set_verbose(bool verbose);

/* Always, and only with -v. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_step(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
