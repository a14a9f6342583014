/* SPDX-License-Identifier: MIT */
/*
 * Cuts a stream of bytes into JSON values, by brackets alone: whether what stands between
 * them is JSON is the parser's to say.  Values need no separator.
 *
 * After something that is no value, reading goes on where the next one can begin: outside
 * of values at the next bracket or line, in a value whose string holds a line feed (which
 * JSON forbids) right there, in one that is too large or too deep at its end.  So a client
 * gets one error for each mistake, and is understood again after it.
 */
#ifndef VMM_QMP_FRAME_H
#define VMM_QMP_FRAME_H

#include <stdbool.h>
#include <stddef.h>

enum qmp_frame_result {
	QMP_FRAME_MORE, /* all bytes were taken, nothing is complete */
	QMP_FRAME_VALUE, /* one value stands in buf[0, used) */
	QMP_FRAME_GARBAGE, /* something that is no value */
	QMP_FRAME_TOO_LARGE,
	QMP_FRAME_TOO_DEEP,
	QMP_FRAME_NO_MEMORY,
};

/* Zeroed, with the limits set, is empty. */
struct qmp_frame {
	size_t value_max; /* bytes of a value */
	unsigned int depth_max;

	char *buf;
	size_t used, room;
	unsigned int depth; /* of open brackets; 0: between values */
	bool in_string, escaped;
	bool skipping; /* what comes belongs to something that was reported already */
	bool delivered; /* buf holds a value that the caller has seen */
};

/* Takes bytes up to the first thing to report; *taken says how many. */
enum qmp_frame_result qmp_frame_take(struct qmp_frame *f, const char *bytes, size_t n,
				     size_t *taken);
void qmp_frame_fini(struct qmp_frame *f);

#endif
