/* SPDX-License-Identifier: MIT */
/* The text of a run: choosing by name, KTAP lines, sizes, medians, tables. */
#include <linux/string.h>

#include "guest/experiments/ktap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static bool matches(const char *pattern, const char *name)
{
	return glob_match(pattern, strlen(pattern), name);
}

static void globs(void **state)
{
	(void)state;
	assert_true(matches("buddy.split", "buddy.split"));
	assert_false(matches("buddy.split", "buddy.splits"));
	assert_false(matches("buddy.splits", "buddy.split"));
	assert_true(matches("buddy.*", "buddy.split"));
	assert_true(matches("buddy.*", "buddy."));
	assert_false(matches("buddy.*", "buddy"));
	assert_true(matches("*", ""));
	assert_true(matches("**", "x"));
	assert_true(matches("*split", "buddy.split"));
	assert_true(matches("b*s?lit", "buddy.split"));
	assert_true(matches("*a*b", "aabab"));
	assert_false(matches("*a*b", "aabaa"));
	assert_false(matches("?", ""));
	assert_false(matches("", "x"));
	assert_true(matches("", ""));
}

/* Every pattern of up to 4 characters over {a, b, *, ?} against every name of up to 4 over
 * {a, b}, beside the definition written as a recursion. */
static bool reference_match(const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (*p == '*')
		return reference_match(p + 1, s) || (*s && reference_match(p, s + 1));
	return *s && (*p == '?' || *p == *s) && reference_match(p + 1, s + 1);
}

static void spell(char *to, unsigned int n, unsigned int length, const char *alphabet,
		  unsigned int letters)
{
	for (unsigned int i = 0; i < length; i++, n /= letters)
		to[i] = alphabet[n % letters];
	to[length] = '\0';
}

static void globs_against_definition(void **state)
{
	char pattern[5], name[5];

	(void)state;
	for (unsigned int p = 0; p < 5 * 256; p++) {
		spell(pattern, p % 256, p / 256, "ab*?", 4);
		for (unsigned int s = 0; s < 5 * 16; s++) {
			spell(name, s % 16, s / 16, "ab", 2);
			assert_int_equal(matches(pattern, name),
					 reference_match(pattern, name));
		}
	}
}

static void glob_lists(void **state)
{
	(void)state;
	assert_true(glob_list_match(NULL, "slab.lifo"));
	assert_true(glob_list_match("", "slab.lifo"));
	assert_true(glob_list_match("buddy.*,slab.lifo", "slab.lifo"));
	assert_true(glob_list_match("buddy.*,slab.lifo", "buddy.max"));
	assert_false(glob_list_match("buddy.*,slab.lifo", "slab.lists"));
	assert_true(glob_list_match(",,slab.lifo,", "slab.lifo"));
	assert_false(glob_list_match(",", "slab.lifo"));
}

static void line_is(const char *expected, enum verdict verdict, const char *evidence)
{
	char buf[128];
	size_t n = ktap_line(buf, sizeof(buf), verdict, 3, "buddy.split", evidence);

	assert_string_equal(buf, expected);
	assert_int_equal(n, strlen(expected));
}

static void lines(void **state)
{
	(void)state;
	line_is("ok 3 buddy.split # 1 of 512", VERDICT_PASS, "1 of 512");
	line_is("ok 3 buddy.split", VERDICT_PASS, "");
	line_is("not ok 3 buddy.split # none", VERDICT_FAIL, "none");
	line_is("ok 3 buddy.split # SKIP no disk", VERDICT_SKIP, "no disk");
	line_is("ok 3 buddy.split # refuted: 9 runs", VERDICT_REFUTED, "9 runs");
	line_is("ok 3 buddy.split # a \\# b \\\\ c", VERDICT_PASS, "a # b \\ c");
	line_is("ok 3 buddy.split # two lines", VERDICT_PASS, "two\nlines");
	line_is("ok 3 buddy.split # measured: Skipped 3", VERDICT_PASS, "Skipped 3");
	line_is("not ok 3 buddy.split # measured: TODO", VERDICT_FAIL, "TODO");
}

static void lines_are_cut(void **state)
{
	char buf[32];

	(void)state;
	for (size_t size = 1; size <= sizeof(buf); size++) {
		memset(buf, 'x', sizeof(buf));
		assert_int_equal(ktap_line(buf, size, VERDICT_FAIL, 12, "some.name",
					   "and a long evidence ##"),
				 size - 1);
		assert_int_equal(strlen(buf), size - 1);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 'x');
	}
}

static void sizes(void **state)
{
	static const struct {
		u64 bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 192, "192 B" },
		{ 4096, "4 KiB" },
		{ 6144, "6 KiB" },
		{ 9999, "9999 B" },
		{ 10001, "9.7 KiB" },
		{ 4UL << 20, "4 MiB" },
		{ 133955584, "127.7 MiB" },
		{ 1UL << 40, "1 TiB" },
		{ ~0UL, "15.9 EiB" },
	};
	char buf[TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(text_size(buf, cases[i].bytes), cases[i].text);
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static void medians(void **state)
{
	u64 samples[9], sorted[9];

	(void)state;
	srandom(1);
	for (int round = 0; round < 1000; round++) {
		size_t n = 1 + (size_t)random() % 9;

		for (size_t i = 0; i < n; i++)
			samples[i] = sorted[i] = (u64)random() % 12;
		qsort(sorted, n, sizeof(sorted[0]), by_value);
		assert_int_equal(median(samples, n), sorted[(n - 1) / 2]);
	}
}

static void tables(void **state)
{
	static const struct table_row rows[] = {
		{ { "allocator", "largest", "cost" } },
		{ { "kmalloc", "4 MiB", "12 ns" } },
		{ { "vmalloc", "127.9 MiB", "" } },
	};
	unsigned int widths[TABLE_COLUMNS];
	char buf[64];

	(void)state;
	table_widths(rows, 3, widths);
	assert_int_equal(widths[0], 9);
	assert_int_equal(widths[1], 9);
	assert_int_equal(widths[2], 5);
	assert_int_equal(widths[3], 0);
	assert_int_equal(table_line(buf, sizeof(buf), &rows[0], widths), 26);
	assert_string_equal(buf, "allocator  largest    cost");
	table_line(buf, sizeof(buf), &rows[1], widths);
	assert_string_equal(buf, "kmalloc    4 MiB      12 ns");
	table_line(buf, sizeof(buf), &rows[2], widths);
	assert_string_equal(buf, "vmalloc    127.9 MiB");
}

static void rows_for_programs(void **state)
{
	static const char *const names[] = { "allocator", "a \"b\\" };
	static const char *const values[] = { "kmalloc", "1\n2" };
	static const char want[] =
		"# table {\"allocator\": \"kmalloc\", \"a \\\"b\\\\\": \"1 2\"}";
	char buf[sizeof(want) + 1];

	(void)state;
	assert_int_equal(table_json(buf, sizeof(buf), names, values, 2), strlen(want));
	assert_string_equal(buf, want);
	/* Half a row is none. */
	for (size_t size = 1; size < sizeof(want); size++) {
		memset(buf, '?', sizeof(buf));
		assert_int_equal(table_json(buf, size, names, values, 2), 0);
		assert_string_equal(buf, "");
		assert_int_equal(buf[size], '?');
	}
	assert_int_equal(table_json(buf, sizeof(buf), names, values, 0), 10);
	assert_string_equal(buf, "# table {}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs),
		cmocka_unit_test(globs_against_definition),
		cmocka_unit_test(glob_lists),
		cmocka_unit_test(lines),
		cmocka_unit_test(lines_are_cut),
		cmocka_unit_test(sizes),
		cmocka_unit_test(medians),
		cmocka_unit_test(tables),
		cmocka_unit_test(rows_for_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
