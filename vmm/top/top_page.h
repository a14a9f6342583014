/* SPDX-License-Identifier: MIT */
/*
 * What `pagevisor top` shows, as rows of text with a style for each letter: a terminal
 * paints it, batch mode prints it, a test compares it.  Nothing here knows a terminal.
 */
#ifndef VMM_TOP_PAGE_H
#define VMM_TOP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vmm/top/top_sample.h"

#define TOP_DELAY_MIN 0.05 /* seconds */
#define TOP_DELAY_MAX 3600.0
#define TOP_WIDTH_MAX 400
#define TOP_ROWS_MAX  4400 /* more than there can be caches */

/* Styles: of the text, and from STYLE_KIND on the colour of a kind of frames. */
enum top_style {
	STYLE_PLAIN,
	STYLE_TITLE,
	STYLE_HEAD,
	STYLE_SORTED,
	STYLE_BAD,
	STYLE_KIND
};

struct top_row {
	char text[TOP_WIDTH_MAX + 1];
	uint8_t style[TOP_WIDTH_MAX];
	unsigned int used;
	const char
		*name; /* of the cache it is about, while the sample lives; else NULL */
};

struct top_page {
	unsigned int width; /* letters beyond are cut */
	size_t nr;
	size_t head; /* rows above the caches: they stay while these are scrolled */
	struct top_row *row;
};

/* By what caches are sorted; slabtop's keys, and r. */
struct top_sort {
	char key;
	const char *name; /* of it, for people */
	const char *column; /* in the head */
};
extern const struct top_sort top_sorts[];
extern const size_t top_nr_sorts;
/* -1: no such key. */
int top_sort_find(char key);

/* Some of the terms, which `|` separates, is part of the name, in either case; htop's
 * filter.  Nothing but separators: all names match. */
#define TOP_TERM_MAX 32 /* letters of all terms */
bool top_name_matches(const char *name, const char *terms);

/* Rows as they are written: to the last one, which top_row_add() begins. */
void top_row_add(struct top_page *page);
__attribute__((format(printf, 3, 4))) void
top_put(struct top_page *page, unsigned int style, const char *format, ...);
/* A size as slabtop writes it: "640", "12K", "1.5M". */
#define TOP_SIZE 8
const char *top_size(char buf[TOP_SIZE], uint64_t bytes);

struct top_settings {
	const char *name; /* of the machine */
	uint64_t mem_bytes, page_bytes;
	unsigned int cpus;
	int64_t started; /* the guest, seconds since 1970; 0: not known */
	int sort; /* index in top_sorts */
	bool reversed;
	const char *filter; /* only caches whose names match; NULL: all */
	bool paused;
	bool copied; /* all looks see one moment: the monitor's memory cannot be read */
	double delay; /* seconds */
	unsigned int strip_rows;
};

/* The page of a sample and the one before it, which may be the same.  0 or -ENOMEM. */
int top_page_fill(struct top_page *page, const struct top_settings *settings,
		  const struct top_sample *now, const struct top_sample *before);
/* The part of it about caches.  The same. */
int top_put_caches(struct top_page *page, const struct top_settings *settings,
		   const struct top_sample *now, const struct top_sample *before);
/* The page of help. */
int top_page_help(struct top_page *page, const struct top_settings *settings);
void top_page_free(struct top_page *page);
void top_page_print(FILE *f, const struct top_page *page);

#endif
