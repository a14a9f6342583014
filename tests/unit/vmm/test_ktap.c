/* SPDX-License-Identifier: MIT */
/* KTAP out of a console stream. */
#include <stdio.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/report/ktap.h"

static void feed(struct ktap *ktap, const char *text)
{
	ktap_feed(ktap, text, strlen(text));
}

static void assert_result(const struct ktap *ktap, size_t i, enum ktap_verdict verdict,
			  const char *name, const char *evidence)
{
	assert_true(i < ktap->nr_results);
	assert_int_equal(ktap->results[i].verdict, verdict);
	assert_string_equal(ktap->results[i].name, name);
	assert_string_equal(ktap->results[i].evidence, evidence);
}

static void results_are_read(void **state)
{
	struct ktap ktap = { .len = 0 };

	(void)state;
	feed(&ktap, "booting\r\nKTAP version 1\n1..5\n"
		    "ok 1 buddy.split # 512 and 256  \r\n"
		    "not ok 2 buddy.merge # list 3 differs\n"
		    "ok 3 dma.sg # SKIP no device\n"
		    "# ok 9 not.a.result\n"
		    "    ok 4 - nested\n"
		    "ok 5\n"
		    "3 passed, 1 failed, 1 skipped\n");
	assert_int_equal(ktap.nr_results, 5);
	assert_result(&ktap, 0, KTAP_PASSED, "buddy.split", "512 and 256");
	assert_result(&ktap, 1, KTAP_FAILED, "buddy.merge", "list 3 differs");
	assert_result(&ktap, 2, KTAP_SKIPPED, "dma.sg", "no device");
	assert_result(&ktap, 3, KTAP_PASSED, "nested", "");
	assert_result(&ktap, 4, KTAP_PASSED, "", "");
	assert_int_equal(ktap.counts[KTAP_PASSED], 3);
	assert_int_equal(ktap.counts[KTAP_FAILED], 1);
	assert_int_equal(ktap.counts[KTAP_SKIPPED], 1);
	ktap_fini(&ktap);
}

static void other_lines_are_not(void **state)
{
	static const char *const lines[] = {
		"ok",
		"okay 1 x",
		"ok x",
		"not 1 x",
		"notok 1 x",
		"not ok x",
		"look 1 x",
		"not okay 1 x",
		"",
		"   ",
		"1 ok x",
		"# ok 1 x",
		"not  not ok 1 x",
	};
	struct ktap ktap = { .len = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		feed(&ktap, lines[i]);
		feed(&ktap, "\n");
	}
	assert_int_equal(ktap.nr_results, 0);
	ktap_fini(&ktap);
}

static void a_failure_that_says_skip_is_a_failure(void **state)
{
	struct ktap ktap = { .len = 0 };

	(void)state;
	feed(&ktap, "not ok 1 x # SKIP it does not work\n");
	assert_result(&ktap, 0, KTAP_FAILED, "x", "it does not work");
	ktap_fini(&ktap);
}

static void pieces_make_lines(void **state)
{
	static const char text[] = "ok 1 one # first\nnot ok 2 two # second\n";
	struct ktap ktap = { .len = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++)
		ktap_feed(&ktap, &text[i], 1);
	assert_result(&ktap, 0, KTAP_PASSED, "one", "first");
	assert_result(&ktap, 1, KTAP_FAILED, "two", "second");
	ktap_fini(&ktap);
}

static void long_lines_and_zeroes_are_survived(void **state)
{
	char text[3 * KTAP_LINE_MAX] = "ok 1 ";
	struct ktap ktap = { .len = 0 };

	(void)state;
	memset(text + 5, 'x', sizeof(text) - 5);
	ktap_feed(&ktap, text, sizeof(text));
	feed(&ktap, "\nok 2 y\n");
	ktap_feed(&ktap, "o\0k 3 z\n", 8);
	assert_int_equal(ktap.nr_results, 3);
	assert_int_equal(strlen(ktap.results[0].name), KTAP_LINE_MAX - 1 - 5);
	assert_result(&ktap, 1, KTAP_PASSED, "y", "");
	assert_result(&ktap, 2, KTAP_PASSED, "z", "");
	ktap_fini(&ktap);
}

static void results_are_bounded(void **state)
{
	struct ktap ktap = { .len = 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < KTAP_RESULTS_MAX + 100; i++)
		feed(&ktap, "ok 1 again # and again\n");
	assert_int_equal(ktap.nr_results, KTAP_RESULTS_MAX);
	assert_int_equal(ktap.counts[KTAP_PASSED], KTAP_RESULTS_MAX + 100);
	ktap_fini(&ktap);
}

static void rows_of_tables_are_kept(void **state)
{
	struct ktap ktap = { .len = 0 };
	unsigned int i;

	(void)state;
	feed(&ktap, "# table {\"a\": \"1\"}\r\n# tables {}\n#table {}\n# table\n");
	assert_int_equal(ktap.nr_rows, 2);
	assert_string_equal(ktap.rows[0], "{\"a\": \"1\"}");
	assert_string_equal(ktap.rows[1], "");
	assert_int_equal(ktap.nr_results, 0);
	for (i = 0; i < KTAP_ROWS_MAX; i++)
		feed(&ktap, "# table {}\n");
	assert_int_equal(ktap.nr_rows, KTAP_ROWS_MAX);
	ktap_fini(&ktap);
	assert_int_equal(ktap.nr_rows, 0);
}

static void results_come_in_time(void **state)
{
	struct ktap ktap = { .len = 0 };

	(void)state;
	feed(&ktap, "ok 1 a\nok 2 b\n");
	assert_true(ktap.results[0].when.tv_sec > 0 || ktap.results[0].when.tv_nsec > 0);
	assert_true(ktap.results[1].when.tv_sec >= ktap.results[0].when.tv_sec);
	ktap_fini(&ktap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_read),
		cmocka_unit_test(other_lines_are_not),
		cmocka_unit_test(a_failure_that_says_skip_is_a_failure),
		cmocka_unit_test(pieces_make_lines),
		cmocka_unit_test(long_lines_and_zeroes_are_survived),
		cmocka_unit_test(results_are_bounded),
		cmocka_unit_test(rows_of_tables_are_kept),
		cmocka_unit_test(results_come_in_time),
	};

	return cmocka_run_group_tests_name("vmm ktap", tests, NULL, NULL);
}
