/* SPDX-License-Identifier: MIT */
/*
 * Reads KTAP out of what a guest prints (Documentation/dev-tools/ktap.rst of Linux):
 *
 *     ok 3 buddy.split # evidence
 *     not ok 4 buddy.merge # evidence
 *     ok 5 dma.sg # SKIP reason
 *
 * A line may be indented (a subtest), and may have a dash before its name.  Beside these a
 * guest may print rows of a table, one JSON object of strings each:
 *
 *     # table {"allocator": "kmalloc", "largest": "4 MiB"}
 *
 * All other lines pass unread.  A guest may print anything, for ever: lines, results and
 * rows are bounded.
 */
#ifndef VMM_KTAP_H
#define VMM_KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define KTAP_LINE_MAX	 2048 /* a longer line is cut */
#define KTAP_RESULTS_MAX 4096 /* later results are only counted */
#define KTAP_ROWS_MAX	 256 /* later rows are dropped */

enum ktap_verdict {
	KTAP_PASSED,
	KTAP_FAILED,
	KTAP_SKIPPED,
};
#define KTAP_VERDICTS 3

struct ktap_result {
	enum ktap_verdict verdict;
	char *name; /* never NULL; may be empty */
	char *evidence; /* what stands behind '#', without SKIP; may be empty */
	struct timespec when; /* CLOCK_MONOTONIC: its line was complete */
};

struct ktap {
	char line[KTAP_LINE_MAX]; /* the line that is not complete yet */
	size_t len;
	uint64_t counts[KTAP_VERDICTS];
	struct ktap_result *results; /* the first KTAP_RESULTS_MAX */
	size_t nr_results;
	size_t capacity;
	char *rows[KTAP_ROWS_MAX]; /* the text behind "# table", unchecked */
	size_t nr_rows;
};

/* Zeroed is empty. */
void ktap_feed(struct ktap *ktap, const void *bytes, size_t count);
void ktap_fini(struct ktap *ktap);

#endif
