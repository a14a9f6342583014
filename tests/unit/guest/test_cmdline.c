/* SPDX-License-Identifier: MIT */
/* The command line: cutting, quoting, dispatch, and what is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <cmocka.h>
#include <linux/errno.h>
#include <guest/cmdline.h>

static char seen[512]; /* every call, as text */

static void note(const char *kind, const char *name, const char *value)
{
	size_t n = strlen(seen);

	snprintf(seen + n, sizeof(seen) - n, "%s:%s=%s;", kind, name,
		 value ? value : "(none)");
}

static int set_alpha(char *value)
{
	note("set", "alpha", value);
	return 0;
}

static int set_strict(char *value)
{
	note("set", "strict", value);
	return value && !strcmp(value, "ok") ? 0 : -EINVAL;
}

static const struct kernel_param params[] = { { "alpha", set_alpha },
					      { "strict", set_strict } };

static void report(const char *name, const char *value, int error)
{
	note(error ? "refused" : "unknown", name, value);
}

static const char *parse(const char *line)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", line);
	seen[0] = 0;
	cmdline_parse(text, params, params + 2, report);
	return seen;
}

static void words_reach_their_parameter(void **state)
{
	(void)state;
	assert_string_equal(parse(""), "");
	assert_string_equal(parse("    "), "");
	assert_string_equal(parse("alpha"), "set:alpha=(none);");
	assert_string_equal(parse("alpha="), "set:alpha=;");
	assert_string_equal(parse("  alpha=1   alpha=2 "), "set:alpha=1;set:alpha=2;");
	assert_string_equal(parse("\talpha=1\r\nalpha=2\n"), "set:alpha=1;set:alpha=2;");
	assert_string_equal(parse("alpha=a=b,c"), "set:alpha=a=b,c;");
}

static void quotes_keep_spaces(void **state)
{
	(void)state;
	assert_string_equal(parse("alpha=\"one two\" alpha=3"),
			    "set:alpha=one two;set:alpha=3;");
	assert_string_equal(parse("\"alpha=one two\""), "set:alpha=one two;");
	assert_string_equal(parse("alpha=\"one\ttwo\""), "set:alpha=one\ttwo;");
	assert_string_equal(parse("alpha=a\"b c\"d"), "set:alpha=ab cd;");
	assert_string_equal(parse("alpha=\"never closed x"), "set:alpha=never closed x;");
}

static void strangers_are_reported_and_do_not_stop_it(void **state)
{
	(void)state;
	assert_string_equal(parse("beta alpha=1 =x alphax alph"),
			    "unknown:beta=(none);set:alpha=1;unknown:=x;"
			    "unknown:alphax=(none);unknown:alph=(none);");
	assert_string_equal(
		parse("strict=no alpha strict=ok"),
		"set:strict=no;refused:strict=no;set:alpha=(none);set:strict=ok;");
}

static void what_follows_two_dashes_is_not_ours(void **state)
{
	(void)state;
	assert_string_equal(parse("alpha=1 -- alpha=2 beta"), "set:alpha=1;");
	assert_string_equal(parse("alpha=1 --x"), "set:alpha=1;unknown:--x=(none);");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_reach_their_parameter),
		cmocka_unit_test(quotes_keep_spaces),
		cmocka_unit_test(strangers_are_reported_and_do_not_stop_it),
		cmocka_unit_test(what_follows_two_dashes_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
