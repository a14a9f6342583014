/* SPDX-License-Identifier: MIT */
/* Values of a report. */
#ifndef VMM_REPORT_JSON_H
#define VMM_REPORT_JSON_H

#include <jansson.h>
#include <stdint.h>

/* jansson takes signed numbers; none here comes near 2^63. */
void report_number(json_t *object, const char *name, uint64_t value);

/* What a guest or a person wrote need not be UTF-8; what is not becomes '?'. */
json_t *report_string(const char *text);
void report_text(json_t *object, const char *name, const char *text);

/* An array of numbers. */
json_t *report_numbers(const uint64_t *values, size_t nr);

#endif
