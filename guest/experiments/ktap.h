/* SPDX-License-Identifier: MIT */
/*
 * The text side of a run, free of any machine: choosing experiments by name, lines of
 * KTAP (Documentation/dev-tools/ktap.rst of Linux), numbers for people, medians, tables.
 */
#ifndef GUEST_EXPERIMENTS_KTAP_H
#define GUEST_EXPERIMENTS_KTAP_H

#include <linux/types.h>
#include <linux/compiler.h>

/* `*` stands for any characters, `?` for one; all others for themselves. */
bool glob_match(const char *pattern, size_t length, const char *name);
/* One of the comma-separated patterns matches; NULL or "" matches every name. */
bool glob_list_match(const char *list, const char *name);
/* The pattern at *list; *list moves past it and its comma.  False at the end. */
bool glob_list_next(const char **list, const char **pattern, size_t *length);

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_SKIP,
	VERDICT_REFUTED, /* a popular claim, shown to be wrong: the experiment passed */
};

/*
 * "ok 3 buddy.split # evidence" and its kin, without a newline, cut to size - 1
 * characters.  The evidence is escaped: no line breaks, no second `#`, and nothing at its
 * start that a parser takes for a directive.  Returns the length.
 */
size_t ktap_line(char *buf, size_t size, enum verdict verdict, unsigned int number,
		 const char *name, const char *evidence);

/* Longest text of text_size() with its zero. */
#define TEXT_SIZE 16
/* "4 MiB", "192 B", "1.5 GiB": exact down to the largest unit that divides the number;
 * from 10000 of a unit on, the next larger one, rounded down to a tenth.  Returns buf. */
char *text_size(char buf[TEXT_SIZE], u64 bytes);

/* Sorts the samples; the middle one, the lower of two. */
u64 median(u64 *samples, size_t n);

#define TABLE_COLUMNS 8
#define TABLE_CELL    24 /* longest cell with its zero */
struct table_row {
	char cell[TABLE_COLUMNS][TABLE_CELL];
};
/* Width of each column: its longest cell. */
void table_widths(const struct table_row *rows, size_t n, unsigned int *widths);
/* A row with its cells padded to the widths, two spaces apart, none at the end.
 * Returns the length. */
size_t table_line(char *buf, size_t size, const struct table_row *row,
		  const unsigned int *widths);

/* A row for programs: `# table {"name": "value", ...}`, without a newline.  Returns the
 * length; 0, and an empty buf, where it does not fit. */
size_t table_json(char *buf, size_t size, const char *const *names,
		  const char *const *values, unsigned int n);

#endif
