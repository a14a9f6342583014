/* SPDX-License-Identifier: MIT */
/*
 * Writing HTML from what nobody has checked: the text of a report comes from guests and
 * files, so every string goes through html_text(), and numbers are numbers.
 */
#ifndef VMM_HTML_H
#define VMM_HTML_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* The text as text, in an element or in a quoted attribute, whatever it holds. */
void html_text(FILE *f, const char *text);
/* The same of a string in a JSON object; nothing where there is none. */
void html_member(FILE *f, const json_t *object, const char *name);
/* A size as people say it: "252 KiB". */
void html_bytes(FILE *f, uint64_t bytes);
/* A time: "1.25 s". */
void html_time(FILE *f, uint64_t us);

/* Members of a JSON object that may not be there: 0 (also for what is below 0 or no number)
 * and "". */
uint64_t json_number(const json_t *object, const char *name);
const char *json_text(const json_t *object, const char *name);
/* A number that was reckoned with fractions, as a whole one: within bounds, whatever it is. */
uint64_t whole_number(double value);
/* Element i of an array of numbers. */
uint64_t json_number_at(const json_t *array, size_t i);

#endif
