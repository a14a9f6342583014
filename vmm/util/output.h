/* SPDX-License-Identifier: MIT */
/*
 * Files that a run will write, opened before it starts.  Until it does, what was there stays:
 * when the run is refused for something else, no file is new, and none has lost its contents.
 */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include <stdbool.h>
#include <sys/types.h>

/* A descriptor, or -1 with errno; *made: there was no such file. */
int output_open(const char *path, mode_t mode, bool *made);
/* The run is refused: closes it (-1: nothing) and removes what was made. */
void output_drop(int fd, const char *path, bool made);

#endif
