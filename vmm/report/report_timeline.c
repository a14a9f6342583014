/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_timeline.h"

#define SAMPLES_SHOWN 512
#define TICKS	      6 /* about */
#define BAND_HEIGHT   16
#define LETTER_WIDTH  5.2 /* of the small text in the band */

bool timeline_open(struct timeline *t, const json_t *report)
{
	const json_t *memory = json_object_get(report, "memory");
	const json_t *samples =
		json_object_get(json_object_get(memory, "samples"), "list");
	size_t nr = json_array_size(samples);

	*t = (struct timeline){
		.report = report,
		.samples = samples,
		.nr = nr < SAMPLES_SHOWN ? nr : SAMPLES_SHOWN,
		.end_us = json_number(json_object_get(report, "time"), "run_us"),
	};
	if (t->nr < 2)
		return false;
	if (t->end_us < json_number(timeline_sample(t, t->nr - 1), "us"))
		t->end_us = json_number(timeline_sample(t, t->nr - 1), "us");
	return t->end_us;
}

const json_t *timeline_sample(const struct timeline *t, size_t i)
{
	return json_array_get(t->samples, i);
}

double timeline_x(const struct timeline *t, uint64_t us)
{
	double part = (double)us / (double)t->end_us;

	return TIMELINE_LEFT + (part < 1 ? part : 1) * (TIMELINE_RIGHT - TIMELINE_LEFT);
}

double timeline_start(const struct timeline *t, size_t i)
{
	return timeline_x(t, json_number(timeline_sample(t, i), "us"));
}

double timeline_end(const struct timeline *t, size_t i)
{
	double start = timeline_start(t, i), end;

	end = i + 1 < t->nr ? timeline_start(t, i + 1) : TIMELINE_RIGHT;
	return end > start ? end : start;
}

/* 1, 2 or 5 times a power of ten, so that the axis gets about TICKS of them. */
static uint64_t tick_us(const struct timeline *t)
{
	static const unsigned int steps[] = { 1, 2, 5 };
	uint64_t scale = 1;
	unsigned int i;

	for (;; scale *= 10)
		for (i = 0; i < 3; i++)
			if (scale > UINT64_MAX / 100 ||
			    t->end_us / (steps[i] * scale) <= TICKS)
				return steps[i] * scale;
}

static void draw_axis(FILE *f, const struct timeline *t, unsigned int top)
{
	uint64_t step = tick_us(t), n;

	fprintf(f, "<path class=\"axis\" d=\"M%d %u.5H%d\"/>", TIMELINE_LEFT, top,
		TIMELINE_RIGHT);
	for (n = 0; n <= t->end_us / step; n++) {
		double x = timeline_x(t, n * step);

		fprintf(f,
			"<path class=\"axis\" d=\"M%.1f %uv4\"/><text x=\"%.1f\" "
			"y=\"%u\" text-anchor=\"middle\">",
			x, top, x, top + 16);
		html_time(f, n * step);
		fputs("</text>", f);
	}
}

/* One experiment: from where the one before ended to where it reported. */
static void draw_experiment(FILE *f, const json_t *e, double from, double to,
			    unsigned int top, bool odd)
{
	const char *name = json_text(e, "name"), *result = json_text(e, "result");
	const char *class = !strcmp(result, "pass")   ? "pass"
			    : !strcmp(result, "fail") ? "fail"
						      : "skip";

	fprintf(f,
		"<g class=\"band %s%s\"><rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" "
		"height=\"%d\"/><title>",
		class, odd ? " odd" : "", from, top, to - from, BAND_HEIGHT);
	html_text(f, name);
	fputs(": ", f);
	html_text(f, result);
	fputs("</title>", f);
	if ((double)strlen(name) * LETTER_WIDTH < to - from) {
		fprintf(f, "<text x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">",
			(from + to) / 2, top + 12);
		html_text(f, name);
		fputs("</text>", f);
	}
	fputs("</g>", f);
}

static void draw_experiments(FILE *f, const struct timeline *t, unsigned int top)
{
	const json_t *list = json_object_get(t->report, "experiments"), *e;
	double from = TIMELINE_LEFT, to;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		e = json_array_get(list, i);
		if (!json_number(e, "at_us"))
			continue;
		to = timeline_x(t, json_number(e, "at_us"));
		if (to < from)
			continue;
		draw_experiment(f, e, from, to, top, i % 2);
		from = to;
	}
}

void timeline_svg(FILE *f, const struct timeline *t, unsigned int height,
		  const char *label)
{
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" role=\"img\" aria-label=\"",
		TIMELINE_WIDTH, height + TIMELINE_FOOT);
	html_text(f, label);
	fputs("\">", f);
	draw_axis(f, t, height);
	draw_experiments(f, t, height + TIMELINE_FOOT - BAND_HEIGHT - 2);
}
