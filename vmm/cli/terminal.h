/* SPDX-License-Identifier: MIT */
/* The terminal that the monitor was started from, raw while a guest has it. */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include <stdbool.h>

/* Makes the terminal fd raw, but for output, where a line feed still returns the carriage.
 * Nothing and false when fd is no terminal or this process is not in its foreground. */
bool terminal_raw(int fd);

/* Undoes terminal_raw(), if it was done.  May be called from a signal handler. */
void terminal_restore(void);

#endif
