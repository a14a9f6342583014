/* SPDX-License-Identifier: MIT */
/*
 * Formatting.  One conversion is parsed into a struct spec, and each kind of conversion is
 * a function from the spec to characters in a struct sink, which counts all of them and
 * stores those that fit.
 */
#include <linux/sprintf.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <guest/symbols.h>

struct sink {
	char *at; /* where the next character goes, while below end */
	char *end; /* the place of the terminating zero */
	size_t total; /* characters so far, those that did not fit included */
};

struct spec {
	bool left, plus, space, alternate, zero;
	int width; /* -1: none given */
	int precision; /* -1: none given */
	unsigned int bytes; /* size of an integer argument */
};

static void put(struct sink *out, char c)
{
	if (out->at < out->end)
		*out->at++ = c;
	out->total++;
}

static void put_run(struct sink *out, const char *s, size_t n)
{
	size_t room = (size_t)(out->end - out->at);
	size_t fit = n < room ? n : room;

	memcpy(out->at, s, fit);
	out->at += fit;
	out->total += n;
}

static void put_padding(struct sink *out, char c, int n)
{
	for (; n > 0; n--)
		put(out, c);
}

/* Text in its field. */
static void put_field(struct sink *out, const struct spec *spec, const char *s, size_t n)
{
	int pad = spec->width - (int)n;

	if (!spec->left)
		put_padding(out, ' ', pad);
	put_run(out, s, n);
	if (spec->left)
		put_padding(out, ' ', pad);
}

/* Digits of v, lowest first; how many (none for 0). */
static int digits_of(char *digits, u64 v, unsigned int base, const char *alphabet)
{
	int n = 0;

	if (base == 16)
		for (; v; v >>= 4)
			digits[n++] = alphabet[v & 15];
	else if (base == 8)
		for (; v; v >>= 3)
			digits[n++] = (char)('0' + (v & 7));
	else
		for (; v; v /= 10)
			digits[n++] = (char)('0' + v % 10);
	return n;
}

static void put_number(struct sink *out, const struct spec *spec, u64 v,
		       const char *prefix, unsigned int base, bool upper)
{
	char digits[24];
	int n = digits_of(digits, v, base,
			  upper ? "0123456789ABCDEF" : "0123456789abcdef");
	int least = spec->precision >= 0 ? spec->precision : 1;
	int signs = (int)strlen(prefix);
	int zeros = least > n ? least - n : 0;
	int pad = spec->width - signs - zeros - n;

	if (spec->zero && !spec->left && spec->precision < 0 && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!spec->left)
		put_padding(out, ' ', pad);
	put_run(out, prefix, (size_t)signs);
	put_padding(out, '0', zeros);
	while (n)
		put(out, digits[--n]);
	if (spec->left)
		put_padding(out, ' ', pad);
}

static void put_signed(struct sink *out, const struct spec *spec, s64 v)
{
	const char *sign = v < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	put_number(out, spec, v < 0 ? 0 - (u64)v : (u64)v, sign, 10, false);
}

static void put_unsigned(struct sink *out, const struct spec *spec, u64 v, char kind)
{
	unsigned int base = kind == 'u' ? 10 : kind == 'o' ? 8 : 16;
	const char *prefix = "";

	if (spec->alternate && v && base == 16)
		prefix = kind == 'X' ? "0X" : "0x";
	put_number(out, spec, v, prefix, base, kind == 'X');
}

static void put_string(struct sink *out, const struct spec *spec, const char *s)
{
	size_t n = 0;

	if (!s)
		s = "(null)";
	while ((spec->precision < 0 || n < (size_t)spec->precision) && s[n])
		n++;
	put_field(out, spec, s, n);
}

static void put_hex(struct sink *out, u64 v)
{
	static const struct spec plain = { .width = -1, .precision = -1 };

	put_number(out, &plain, v, "0x", 16, false);
}

static void put_symbol(struct sink *out, unsigned long addr, bool with_offset)
{
	unsigned long offset, size;
	const char *name = symbol_lookup(addr, &offset, &size);

	if (!name) {
		put_hex(out, addr);
		return;
	}
	put_run(out, name, strlen(name));
	if (!with_offset)
		return;
	put(out, '+');
	put_hex(out, offset);
	put(out, '/');
	put_hex(out, size);
}

static void put_bytes(struct sink *out, const struct spec *spec, const u8 *p)
{
	static const char hex[] = "0123456789abcdef";

	for (int i = 0; i < spec->width; i++) {
		if (i)
			put(out, ' ');
		put(out, hex[p[i] >> 4]);
		put(out, hex[p[i] & 15]);
	}
}

/* The letter after %p chooses the form; how many letters were used. */
static int put_pointer(struct sink *out, struct spec *spec, const char *letter,
		       const void *ptr)
{
	switch (*letter) {
	case 'S':
	case 's':
		put_symbol(out, (unsigned long)ptr, *letter == 'S');
		return 1;
	case 'h':
		put_bytes(out, spec, ptr);
		return 1;
	case 'e':
		if (IS_ERR(ptr))
			put_signed(out, spec, PTR_ERR(ptr));
		else
			put_hex(out, (unsigned long)ptr);
		return 1;
	default:
		spec->precision = 16;
		put_number(out, spec, (unsigned long)ptr, "", 16, false);
		return 0;
	}
}

static const char *parse_flags(struct spec *spec, const char *f)
{
	for (;; f++) {
		switch (*f) {
		case '-':
			spec->left = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		case '0':
			spec->zero = true;
			break;
		default:
			return f;
		}
	}
}

static const char *parse_number(const char *f, int *number)
{
	for (*number = 0; *f >= '0' && *f <= '9'; f++)
		*number = *number * 10 + (*f - '0');
	return f;
}

static const char *parse_length(struct spec *spec, const char *f)
{
	spec->bytes = sizeof(int);
	switch (*f) {
	case 'h':
		spec->bytes = f[1] == 'h' ? 1 : 2;
		return f + (f[1] == 'h' ? 2 : 1);
	case 'l':
		spec->bytes = 8;
		return f + (f[1] == 'l' ? 2 : 1);
	case 'z':
	case 't':
	case 'j':
		spec->bytes = 8;
		return f + 1;
	default:
		return f;
	}
}

static const char *parse_spec(struct spec *spec, const char *f, va_list *args)
{
	*spec = (struct spec){ .width = -1, .precision = -1 };
	f = parse_flags(spec, f);
	if (*f == '*') {
		spec->width = va_arg(*args, int);
		f++;
		if (spec->width < 0) {
			spec->left = true;
			spec->width = -spec->width;
		}
	} else if (*f >= '1' && *f <= '9') {
		f = parse_number(f, &spec->width);
	}
	if (*f == '.') {
		f++;
		if (*f == '*') {
			spec->precision = va_arg(*args, int);
			f++;
		} else {
			f = parse_number(f, &spec->precision);
		}
	}
	return parse_length(spec, f);
}

static u64 unsigned_arg(const struct spec *spec, va_list *args)
{
	u64 v = spec->bytes == 8 ? va_arg(*args, u64) : va_arg(*args, unsigned int);

	return spec->bytes >= 4 ? v : v & ((1U << spec->bytes * 8) - 1);
}

static s64 signed_arg(const struct spec *spec, va_list *args)
{
	s64 v = spec->bytes == 8 ? va_arg(*args, s64) : va_arg(*args, int);

	return spec->bytes == 1 ? (s8)v : spec->bytes == 2 ? (s16)v : v;
}

/* One conversion; f is behind its '%'.  Where the text goes on. */
static const char *convert(struct sink *out, const char *f, va_list *args)
{
	struct spec spec;
	char c;

	f = parse_spec(&spec, f, args);
	switch (*f) {
	case 'd':
	case 'i':
		put_signed(out, &spec, signed_arg(&spec, args));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(out, &spec, unsigned_arg(&spec, args), *f);
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_field(out, &spec, &c, 1);
		break;
	case 's':
		put_string(out, &spec, va_arg(*args, const char *));
		break;
	case 'p':
		return f + 1 + put_pointer(out, &spec, f + 1, va_arg(*args, void *));
	case '%':
		put(out, '%');
		break;
	case 0:
		return f;
	default: /* unknown: shown as it stands, no argument taken */
		put(out, '%');
		put(out, *f);
	}
	return f + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct sink out = { .at = buf, .end = size ? buf + size - 1 : buf };
	const char *run;
	va_list copy;

	va_copy(copy, args);
	while (*fmt) {
		for (run = fmt; *fmt && *fmt != '%'; fmt++)
			;
		put_run(&out, run, (size_t)(fmt - run));
		if (*fmt)
			fmt = convert(&out, fmt + 1, &copy);
	}
	va_end(copy);
	if (size)
		*out.at = 0;
	return (int)out.total;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);

	return (size_t)n < size ? n : size ? (int)size - 1 : 0;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}
