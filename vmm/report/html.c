/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdbool.h>

#include "vmm/report/html.h"

static const char *entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		/* HTML has no control characters. */
		return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? "&#xfffd;"
									 : NULL;
	}
}

void html_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		const char *e = entity((unsigned char)*text);

		if (e)
			fputs(e, f);
		else
			putc(*text, f);
	}
}

void html_member(FILE *f, const json_t *object, const char *name)
{
	html_text(f, json_text(object, name));
}

void html_bytes(FILE *f, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned int unit = 0;
	bool whole;

	for (; bytes >> 10 * (unit + 1) && unit < 4; unit++)
		;
	whole = !(bytes & ((1ull << 10 * unit) - 1));
	if (!bytes)
		putc('0', f);
	else if (whole || bytes >> 10 * unit >= 10)
		fprintf(f, "%" PRIu64 " %s", bytes >> 10 * unit, units[unit]);
	else
		fprintf(f, "%.1f %s", (double)bytes / (double)(1ull << 10 * unit),
			units[unit]);
}

void html_time(FILE *f, uint64_t us)
{
	if (us >= 1000000)
		fprintf(f, "%.3g s", (double)us / 1e6);
	else if (us >= 1000)
		fprintf(f, "%.3g ms", (double)us / 1e3);
	else
		fprintf(f, us ? "%" PRIu64 " µs" : "%" PRIu64, us);
}

static uint64_t number(const json_t *value)
{
	json_int_t n = json_integer_value(value);

	return n > 0 ? (uint64_t)n : 0;
}

uint64_t json_number(const json_t *object, const char *name)
{
	return number(json_object_get(object, name));
}

uint64_t json_number_at(const json_t *array, size_t i)
{
	return number(json_array_get(array, i));
}

const char *json_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

uint64_t whole_number(double value)
{
	if (!(value > 0))
		return 0;
	return value < 0x1p63 ? (uint64_t)value : UINT64_MAX;
}
