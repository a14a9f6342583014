/* SPDX-License-Identifier: MIT */
/* What the pictures over time share: the samples, the axis, and when experiments ran. */
#ifndef VMM_REPORT_TIMELINE_H
#define VMM_REPORT_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Pixels of the picture: where the plot begins and ends. */
#define TIMELINE_WIDTH 960
#define TIMELINE_LEFT  76
#define TIMELINE_RIGHT 944
#define TIMELINE_FOOT  44 /* height of axis and experiments below the plot */

struct timeline {
	const json_t *report;
	const json_t *samples;
	size_t nr; /* of samples, at least 2 */
	uint64_t end_us; /* above 0 */
};

/* False: there are too few samples for a picture. */
bool timeline_open(struct timeline *t, const json_t *report);
const json_t *timeline_sample(const struct timeline *t, size_t i);
double timeline_x(const struct timeline *t, uint64_t us);
/* Where sample i begins and where the next one does. */
double timeline_start(const struct timeline *t, size_t i);
double timeline_end(const struct timeline *t, size_t i);

/* <svg>, with a plot of that height and the axis below it; `label` says what is seen. */
void timeline_svg(FILE *f, const struct timeline *t, unsigned int height,
		  const char *label);

#endif
