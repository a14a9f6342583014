/* SPDX-License-Identifier: MIT */
/*
 * <linux/sprintf.h> over libc's printf.  %pS becomes module+offset (what addr2line wants)
 * in two passes: libc prints the address between two marks, then the marks are replaced.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sprintf.h>
#include "internal.h"

#define MARK	 '\002'
#define FMT_MAX	 512
#define TEXT_MAX 2048

/* fmt with every %pS and %ps as MARK %p MARK; false when there is none, or no room. */
static bool mark_symbols(char *out, const char *fmt)
{
	bool any = false;
	size_t n = 0;

	for (; *fmt && n < FMT_MAX - 5; fmt++) {
		if (fmt[0] == '%' && fmt[1] == 'p' && (fmt[2] == 'S' || fmt[2] == 's')) {
			memcpy(out + n, (char[]){ MARK, '%', 'p', MARK }, 4);
			n += 4;
			fmt += 2;
			any = true;
		} else {
			out[n++] = *fmt;
		}
	}
	out[n] = '\0';
	return any && !*fmt;
}

static int write_symbol(char *out, size_t size, unsigned long pc)
{
	const char *file;
	Dl_info info;

	if (!dladdr((void *)pc, &info) || !info.dli_fname)
		return snprintf(out, size, "%#lx", pc);
	if (info.dli_sname)
		return snprintf(out, size, "%s+%#lx", info.dli_sname,
				pc - (unsigned long)info.dli_saddr);
	file = strrchr(info.dli_fname, '/');
	return snprintf(out, size, "%s+%#lx", file ? file + 1 : info.dli_fname,
			pc - (unsigned long)info.dli_fbase);
}

/* Copies text to buf, addresses between marks as symbols; the length written. */
static size_t replace_symbols(char *buf, size_t size, const char *text)
{
	size_t n = 0;

	while (*text && n + 1 < size) {
		if (*text != MARK) {
			buf[n++] = *text++;
			continue;
		}
		n += (size_t)write_symbol(buf + n, size - n, strtoul(text + 1, NULL, 0));
		n = n < size ? n : size - 1;
		text = strchr(text + 1, MARK);
		if (!text)
			break;
		text++;
	}
	buf[n] = '\0';
	return n;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	char marked[FMT_MAX], text[TEXT_MAX];
	int len;

	if (!size)
		return 0;
	if (mark_symbols(marked, fmt)) {
		vsnprintf(text, sizeof(text), marked, args);
		return (int)replace_symbols(buf, size, text);
	}
	len = vsnprintf(buf, size, fmt, args);
	return len < (int)size ? len : (int)size - 1;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

int kstrtoul(const char *s, unsigned int base, unsigned long *value)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, (int)base);
	if (errno == ERANGE)
		return -ERANGE;
	if (end == s || *end || strchr(s, '-'))
		return -EINVAL;
	*value = v;
	return 0;
}

int kstrtoint(const char *s, unsigned int base, int *value)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, (int)base);
	if (errno == ERANGE || v != (int)v)
		return -ERANGE;
	if (end == s || *end)
		return -EINVAL;
	*value = (int)v;
	return 0;
}

int kstrtouint(const char *s, unsigned int base, unsigned int *value)
{
	unsigned long v;
	int err = kstrtoul(s, base, &v);

	if (err)
		return err;
	if (v != (unsigned int)v)
		return -ERANGE;
	*value = (unsigned int)v;
	return 0;
}

unsigned long long memparse(const char *s, char **end)
{
	unsigned long long v = strtoull(s, end, 0);
	const char *unit = "KMGT", *at = **end ? strchr(unit, **end & ~0x20) : NULL;

	if (at) {
		v <<= 10 * (at - unit + 1);
		(*end)++;
	}
	return v;
}
