/* SPDX-License-Identifier: MIT */
/* Formatting beside libc's for what both know; the kernel's own conversions; numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <cmocka.h>
#include <linux/errno.h>

int guest_snprintf(char *buf, size_t size, const char *fmt, ...);
int scnprintf(char *buf, size_t size, const char *fmt, ...);
int kstrtoul(const char *s, unsigned int base, unsigned long *value);
int kstrtouint(const char *s, unsigned int base, unsigned int *value);
int kstrtoint(const char *s, unsigned int base, int *value);
unsigned long long memparse(const char *s, char **end);
const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size);

/* A kernel with one function. */
const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	if (addr < 0x1000 || addr >= 0x1080)
		return NULL;
	*offset = addr - 0x1000;
	*size = 0x80;
	return "lonely";
}

#define SAME(...)                                                                     \
	do {                                                                          \
		char ours[128], theirs[128];                                          \
		int n = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                \
		assert_int_equal(guest_snprintf(ours, sizeof(ours), __VA_ARGS__), n); \
		assert_string_equal(ours, theirs);                                    \
	} while (0)

#define GIVES(text, ...)                                                          \
	do {                                                                      \
		char ours[128];                                                   \
		assert_int_equal(guest_snprintf(ours, sizeof(ours), __VA_ARGS__), \
				 strlen(text));                                   \
		assert_string_equal(ours, text);                                  \
	} while (0)

static const long long values[] = { 0,	       1,	 -1,	    9,	       10,
				    -10,       255,	 256,	    4095,      65535,
				    -32768,    1000000,	 INT32_MAX, INT32_MIN, UINT32_MAX,
				    INT64_MAX, INT64_MIN };
#define VALUES (sizeof(values) / sizeof(values[0]))

/* Every combination of flags, width, precision and length, against libc. */
static void integers_equal_libc(void **state)
{
	static const char *const flags[] = {
		"", "-", "0", "+", " ", "#", "-#", "0#", "+0"
	};
	static const char *const widths[] = { "", "1", "7", "25" };
	static const char *const precisions[] = { "", ".0", ".1", ".5", ".22" };
	static const char kinds[] = "diuxXo";
	char fmt[32];

	(void)state;
	for (size_t f = 0; f < 9; f++)
		for (size_t w = 0; w < 4; w++)
			for (size_t p = 0; p < 5; p++)
				for (const char *k = kinds; *k; k++) {
					if (*k == 'o' && strchr(flags[f], '#'))
						continue; /* the kernel has no 0 before octal */
					snprintf(fmt, sizeof(fmt), "<%%%s%s%sll%c>",
						 flags[f], widths[w], precisions[p], *k);
					for (size_t v = 0; v < VALUES; v++)
						SAME(fmt, values[v]);
				}
}

static void lengths_equal_libc(void **state)
{
	(void)state;
	for (size_t v = 0; v < VALUES; v++) {
		SAME("%d %u %x", (int)values[v], (unsigned int)values[v], (int)values[v]);
		SAME("%ld %lu %lx", (long)values[v], (unsigned long)values[v],
		     (unsigned long)values[v]);
		SAME("%hd %hu %hhd %hhu", (short)values[v], (unsigned short)values[v],
		     (signed char)values[v], (unsigned char)values[v]);
		SAME("%zu %zx %td", (size_t)values[v], (size_t)values[v],
		     (ptrdiff_t)values[v]);
	}
}

static void text_equals_libc(void **state)
{
	(void)state;
	SAME("%s|%5s|%-5s|%.2s|%7.3s|%-7.3s|", "abcd", "ab", "ab", "abcd", "abcd",
	     "abcd");
	SAME("%c|%3c|%-3c|", 'x', 'y', 'z');
	SAME("%*d|%-*d|%*d|%.*s|", 5, 42, 5, 42, -5, 42, 2, "abcd");
	SAME("100%% %s%%", "sure");
	SAME("%s", "");
	GIVES("(null)", "%s", (char *)NULL);
}

static void unknown_conversions_show_as_they_are(void **state)
{
	(void)state;
	GIVES("%q 7", "%q %d", 7);
	GIVES("end", "end%");
}

static void kernel_conversions(void **state)
{
	static const unsigned char bytes[] = { 0x00, 0xff, 0x1a };

	(void)state;
	GIVES("00000000deadbeef", "%p", (void *)0xdeadbeef);
	GIVES("lonely+0x10/0x80", "%pS", (void *)0x1010);
	GIVES("lonely", "%ps", (void *)0x1010);
	GIVES("0x2000", "%pS", (void *)0x2000);
	GIVES("-12", "%pe", (void *)-12L);
	GIVES("0x1234", "%pe", (void *)0x1234);
	GIVES("00 ff 1a", "%*ph", 3, bytes);
	GIVES("<lonely+0x0/0x80> 5", "<%pS> %d", (void *)0x1000, 5);
}

/* Cut anywhere, the text is a prefix, ended, and the length is of the whole. */
static void a_short_buffer_holds_a_prefix(void **state)
{
	static const char whole[] = "value 0x00001234, name";
	char buf[64];

	(void)state;
	for (size_t size = 0; size < sizeof(buf); size++) {
		size_t fits = size ? (size - 1 < strlen(whole) ? size - 1 : strlen(whole))
				   : 0;

		memset(buf, '#', sizeof(buf));
		assert_int_equal(
			guest_snprintf(buf, size, "value 0x%08x, %s", 0x1234, "name"),
			strlen(whole));
		if (size) {
			assert_memory_equal(buf, whole, fits);
			assert_int_equal(buf[fits], 0);
		}
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
		assert_int_equal(scnprintf(buf, size, "value 0x%08x, %s", 0x1234, "name"),
				 fits);
	}
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
	unsigned long ul = 77;
	unsigned int u = 77;
	int i = 77;

	(void)state;
	assert_int_equal(kstrtoul("18446744073709551615", 10, &ul), 0);
	assert_int_equal(ul, UINT64_MAX);
	assert_int_equal(kstrtoul("18446744073709551616", 10, &ul), -ERANGE);
	assert_int_equal(ul, UINT64_MAX);
	assert_int_equal(kstrtoul("0x1F\n", 0, &ul), 0);
	assert_int_equal(ul, 31);
	assert_int_equal(kstrtoul("017", 0, &ul), 0);
	assert_int_equal(ul, 15);
	assert_int_equal(kstrtoul("+5", 0, &ul), 0);
	assert_int_equal(ul, 5);
	for (const char **s = (const char *[]){ "", "x", "12x", "0x", "-1", "1 ", "\n",
						"08", "++1", NULL };
	     *s; s++)
		assert_int_equal(kstrtoul(*s, 0, &ul), -EINVAL);
	assert_int_equal(ul, 5);
	assert_int_equal(kstrtouint("4294967295", 10, &u), 0);
	assert_int_equal(u, UINT32_MAX);
	assert_int_equal(kstrtouint("4294967296", 10, &u), -ERANGE);
	assert_int_equal(kstrtoint("-2147483648", 10, &i), 0);
	assert_int_equal(i, INT32_MIN);
	assert_int_equal(kstrtoint("-2147483649", 10, &i), -ERANGE);
	assert_int_equal(kstrtoint("2147483647", 10, &i), 0);
	assert_int_equal(kstrtoint("2147483648", 10, &i), -ERANGE);
	assert_int_equal(kstrtoint("-+1", 10, &i), -EINVAL);
	assert_int_equal(i, INT32_MAX);
}

static void sizes_take_a_suffix(void **state)
{
	char *end;

	(void)state;
	assert_int_equal(memparse("64", &end), 64);
	assert_int_equal(memparse("64k", &end), 64 << 10);
	assert_int_equal(memparse("64M,", &end), 64 << 20);
	assert_int_equal(*end, ',');
	assert_int_equal(memparse("0x10G", &end), 16ULL << 30);
	assert_int_equal(memparse("2T", NULL), 2ULL << 40);
	assert_int_equal(memparse("99999999999T", &end), UINT64_MAX);
	assert_int_equal(memparse("x", &end), 0);
	assert_int_equal(*end, 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_equal_libc),
		cmocka_unit_test(lengths_equal_libc),
		cmocka_unit_test(text_equals_libc),
		cmocka_unit_test(unknown_conversions_show_as_they_are),
		cmocka_unit_test(kernel_conversions),
		cmocka_unit_test(a_short_buffer_holds_a_prefix),
		cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
		cmocka_unit_test(sizes_take_a_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
