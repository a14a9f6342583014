/* SPDX-License-Identifier: MIT */
/* Text with numbers for the console. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE 160

struct line {
	char text[LINE];
	size_t used;
	int total;
};

static void flush(struct line *line)
{
	write(1, line->text, line->used);
	line->used = 0;
}

static void put(struct line *line, char c)
{
	if (line->used == LINE)
		flush(line);
	line->text[line->used++] = c;
	line->total++;
}

struct spec {
	unsigned int width;
	char pad;
	unsigned char size; /* bytes of the argument */
};

static const char *parse(const char *fmt, struct spec *spec)
{
	*spec = (struct spec){ .pad = *fmt == '0' ? '0' : ' ', .size = sizeof(int) };
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		spec->width = spec->width * 10 + (unsigned int)(*fmt - '0');
	for (; *fmt == 'l' || *fmt == 'z'; fmt++)
		spec->size = sizeof(long);
	return fmt;
}

static void put_text(struct line *line, const struct spec *spec, const char *s, size_t n)
{
	for (size_t i = n; i < spec->width; i++)
		put(line, spec->pad);
	while (n--)
		put(line, *s++);
}

static void put_number(struct line *line, const struct spec *spec, uint64_t v,
		       unsigned int base, int negative)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = "0123456789abcdef"[v % base];
	while (v /= base);
	if (negative)
		*--at = '-';
	put_text(line, spec, at, (size_t)(digits + sizeof(digits) - at));
}

static uint64_t unsigned_arg(const struct spec *spec, va_list *args)
{
	return spec->size == sizeof(long) ? va_arg(*args, unsigned long)
					  : va_arg(*args, unsigned int);
}

static void put_argument(struct line *line, char what, const struct spec *spec,
			 va_list *args)
{
	const char *s;
	int64_t v;

	switch (what) {
	case 's':
		s = va_arg(*args, const char *);
		put_text(line, spec, s, strlen(s));
		break;
	case 'c':
		put(line, (char)va_arg(*args, int));
		break;
	case 'd':
		v = spec->size == sizeof(long) ? va_arg(*args, long) : va_arg(*args, int);
		put_number(line, spec, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0);
		break;
	case 'u':
		put_number(line, spec, unsigned_arg(spec, args), 10, 0);
		break;
	case 'x':
		put_number(line, spec, unsigned_arg(spec, args), 16, 0);
		break;
	default:
		put(line, what);
	}
}

int printf(const char *fmt, ...)
{
	struct line line = { .used = 0 };
	struct spec spec;
	va_list args;

	va_start(args, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&line, *fmt);
			continue;
		}
		fmt = parse(fmt + 1, &spec);
		if (!*fmt)
			break;
		put_argument(&line, *fmt, &spec, &args);
	}
	va_end(args);
	flush(&line);
	return line.total;
}
