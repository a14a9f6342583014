/* SPDX-License-Identifier: MIT */
/* Text of a run: see ktap.h.  Every writer goes through struct text, which never passes
 * its end. */
#include <linux/string.h>

#include "ktap.h"

struct text {
	char *buf;
	size_t size; /* at least 1 */
	size_t length; /* < size; buf[length] is the zero */
};

static void put_char(struct text *t, char c)
{
	if (t->length + 1 >= t->size)
		return;
	t->buf[t->length++] = c;
	t->buf[t->length] = '\0';
}

static void put(struct text *t, const char *s)
{
	while (*s)
		put_char(t, *s++);
}

static void put_number(struct text *t, u64 n)
{
	char digits[20];
	size_t i = 0;

	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		put_char(t, digits[--i]);
}

static struct text text_of(char *buf, size_t size)
{
	buf[0] = '\0';
	return (struct text){ .buf = buf, .size = size };
}

/* On a mismatch after a star, that star takes one character more and all after it is
 * tried again: earlier stars never need to change. */
bool glob_match(const char *pattern, size_t length, const char *name)
{
	const char *end = pattern + length, *star = NULL, *retry = NULL;

	while (*name) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (pattern < end && (*pattern == '?' || *pattern == *name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool glob_list_next(const char **list, const char **pattern, size_t *length)
{
	const char *end;

	while (*list && **list == ',')
		(*list)++;
	if (!*list || !**list)
		return false;
	end = strchr(*list, ',');
	*pattern = *list;
	*length = end ? (size_t)(end - *list) : strlen(*list);
	*list += *length;
	return true;
}

bool glob_list_match(const char *list, const char *name)
{
	const char *pattern;
	size_t length;

	if (!list || !*list)
		return true;
	while (glob_list_next(&list, &pattern, &length))
		if (glob_match(pattern, length, name))
			return true;
	return false;
}

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
	return c;
}

static bool starts_with_word(const char *s, const char *word)
{
	while (*word)
		if (lower(*s++) != *word++)
			return false;
	return true;
}

/* What follows the `#` of a result line is read as a directive when it starts so. */
static bool looks_like_directive(const char *s)
{
	static const char *const directives[] = { "skip", "todo", "xfail", "timeout",
						  "error" };

	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (starts_with_word(s, directives[i]))
			return true;
	return false;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void put_escaped(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '#' || *s == '\\')
			put_char(t, '\\');
		if (is_control(*s))
			put_char(t, ' ');
		else
			put_char(t, *s);
	}
}

size_t ktap_line(char *buf, size_t size, enum verdict verdict, unsigned int number,
		 const char *name, const char *evidence)
{
	struct text t = text_of(buf, size);

	put(&t, verdict == VERDICT_FAIL ? "not ok " : "ok ");
	put_number(&t, number);
	put_char(&t, ' ');
	put(&t, name);
	if (!*evidence && verdict != VERDICT_SKIP)
		return t.length;
	put(&t, " # ");
	if (verdict == VERDICT_SKIP)
		put(&t, "SKIP ");
	else if (verdict == VERDICT_REFUTED)
		put(&t, "refuted: ");
	else if (looks_like_directive(evidence))
		put(&t, "measured: ");
	put_escaped(&t, evidence);
	return t.length;
}

char *text_size(char buf[TEXT_SIZE], u64 bytes)
{
	static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct text t = text_of(buf, TEXT_SIZE);
	u64 tenths = 0;
	size_t unit = 0;

	while (bytes && (bytes % 1024 == 0 || bytes >= 10000)) {
		tenths = bytes % 1024 * 10 / 1024;
		bytes /= 1024;
		unit++;
	}
	put_number(&t, bytes);
	if (tenths) {
		put_char(&t, '.');
		put_number(&t, tenths);
	}
	put_char(&t, ' ');
	put(&t, units[unit]);
	return buf;
}

u64 median(u64 *samples, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		u64 moving = samples[i];
		size_t hole = i;

		for (; hole && samples[hole - 1] > moving; hole--)
			samples[hole] = samples[hole - 1];
		samples[hole] = moving;
	}
	return samples[(n - 1) / 2];
}

void table_widths(const struct table_row *rows, size_t n, unsigned int *widths)
{
	for (unsigned int c = 0; c < TABLE_COLUMNS; c++) {
		widths[c] = 0;
		for (size_t r = 0; r < n; r++) {
			unsigned int length = (unsigned int)strlen(rows[r].cell[c]);

			widths[c] = length > widths[c] ? length : widths[c];
		}
	}
}

size_t table_line(char *buf, size_t size, const struct table_row *row,
		  const unsigned int *widths)
{
	struct text t = text_of(buf, size);

	for (unsigned int c = 0; c < TABLE_COLUMNS; c++) {
		unsigned int column = widths[c] + 2;

		put(&t, row->cell[c]);
		for (size_t used = strlen(row->cell[c]); used < column; used++)
			put_char(&t, ' ');
	}
	while (t.length && t.buf[t.length - 1] == ' ')
		t.buf[--t.length] = '\0';
	return t.length;
}

static void put_json_string(struct text *t, const char *s)
{
	put_char(t, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			put_char(t, '\\');
		if (is_control(*s))
			put_char(t, ' ');
		else
			put_char(t, *s);
	}
	put_char(t, '"');
}

size_t table_json(char *buf, size_t size, const char *const *names,
		  const char *const *values, unsigned int n)
{
	struct text t = text_of(buf, size);

	put(&t, "# table {");
	for (unsigned int i = 0; i < n; i++) {
		put(&t, i ? ", " : "");
		put_json_string(&t, names[i]);
		put(&t, ": ");
		put_json_string(&t, values[i]);
	}
	put_char(&t, '}');
	if (t.length + 1 < size)
		return t.length;
	buf[0] = '\0'; /* half a row would be none */
	return 0;
}
