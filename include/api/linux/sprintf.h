/* SPDX-License-Identifier: MIT */
/*
 * Formatting into memory (include/linux/sprintf.h).  C's conversions for integers, strings
 * and characters with flags, width and precision; no floating point.  Besides:
 *   %p    the address in hexadecimal (nothing is hidden here)
 *   %pS   symbol+offset/size of an address; %ps the symbol alone
 *   %pe   an ERR_PTR by its number, another pointer as %p
 *   %*ph  a small buffer in hexadecimal, bytes apart by spaces; the width is its length
 */
#ifndef _LINUX_SPRINTF_H
#define _LINUX_SPRINTF_H

#include <stdarg.h>
#include <linux/types.h>

/* The length the whole text has, which may be size or more: then it was cut. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int snprintf(char *buf, size_t size, const char *fmt, ...);
/* The length written, always below size (0 for size 0). */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args);
int scnprintf(char *buf, size_t size, const char *fmt, ...);

/* Whole-string numbers in a base (0: by prefix).  0, -EINVAL or -ERANGE. */
int kstrtoul(const char *s, unsigned int base, unsigned long *value);
int kstrtouint(const char *s, unsigned int base, unsigned int *value);
int kstrtoint(const char *s, unsigned int base, int *value);

/* A number with an optional K, M, G or T behind it; *end is the first character after. */
unsigned long long memparse(const char *s, char **end);

#endif
