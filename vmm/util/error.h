/* SPDX-License-Identifier: MIT */
/*
 * How a failure travels: inside, a negative errno as everywhere; beside it one line for
 * the person, written where the thing and the mend are known and printed once, at the edge.
 */
#ifndef VMM_ERROR_H
#define VMM_ERROR_H

struct error {
	char text[512]; /* one line, no newline; empty while all is well */
};

/* Notes the line and returns -errnum, so that `return error_set(err, ENOENT, ...)` reads well. */
int error_set(struct error *err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
