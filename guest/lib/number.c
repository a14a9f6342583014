/* SPDX-License-Identifier: MIT */
/* Numbers out of text. */
#include <linux/sprintf.h>
#include <linux/errno.h>
#include <linux/string.h>

/* The value of a digit; 36 for what is none. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned int)(c - 'A') + 10;
	return 36;
}

static const char *skip_prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

/* Digits up to the first that is none; false when the value passes 64 bits. */
static bool scan_digits(const char **s, unsigned int base, unsigned long *value)
{
	unsigned int d;

	for (*value = 0; (d = digit_value(**s)) < base; (*s)++)
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, d, value))
			return false;
	return true;
}

int kstrtoul(const char *s, unsigned int base, unsigned long *value)
{
	unsigned long v;
	const char *digits;

	if (*s == '+')
		s++;
	digits = skip_prefix(s, &base);
	s = digits;
	if (!scan_digits(&s, base, &v))
		return -ERANGE;
	if (s == digits || (*s && !(*s == '\n' && !s[1])))
		return -EINVAL;
	*value = v;
	return 0;
}

int kstrtouint(const char *s, unsigned int base, unsigned int *value)
{
	unsigned long v;
	int err = kstrtoul(s, base, &v);

	if (err)
		return err;
	if (v > UINT32_MAX)
		return -ERANGE;
	*value = (unsigned int)v;
	return 0;
}

int kstrtoint(const char *s, unsigned int base, int *value)
{
	bool negative = *s == '-';
	unsigned long v;
	int err = kstrtoul(negative ? s + 1 : s, base, &v);

	if (err)
		return err;
	if (negative && s[1] == '+')
		return -EINVAL;
	if (v > (unsigned long)INT32_MAX + negative)
		return -ERANGE;
	*value = negative ? (int)-(long)v : (int)v;
	return 0;
}

unsigned long long memparse(const char *s, char **end)
{
	unsigned int base = 0;
	unsigned long v;
	unsigned int shift = 0;
	static const char suffixes[] = "kmgt";

	s = skip_prefix(s, &base);
	if (!scan_digits(&s, base, &v))
		v = ~0UL;
	for (unsigned int i = 0; i < 4; i++)
		if (*s && (*s | 0x20) == suffixes[i])
			shift = (i + 1) * 10;
	if (shift) {
		v = v > ~0UL >> shift ? ~0UL : v << shift;
		s++;
	}
	if (end)
		*end = (char *)(uintptr_t)s;
	return v;
}
