/* SPDX-License-Identifier: MIT */
/* The command line: numbers, options, and what the tables promise. */
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/cli/command.h"
#include "vmm/cli/run.h"

#define ARGS_MAX 48

/* Splits `line` at spaces and parses it as the arguments of `run`. */
static int parse(const char *line, struct run_options *options, struct parsed *parsed,
		 struct error *err)
{
	static char copy[1024];
	static char name[] = "run";
	char *argv[ARGS_MAX] = { name }, *save = NULL, *word;
	int argc = 1;

	run_options_init(options);
	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return command_parse(&run_command, argc, argv, options, parsed, err);
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		unsigned long long size;
	} good[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "4096", 4096 },
		{ "1k", 1024 },
		{ "256M", 256ull << 20 },
		{ "3g", 3ull << 30 },
		{ "64G", 64ull << 30 },
		{ "2T", 2ull << 40 },
		{ "16777215T", 16777215ull << 40 },
	};
	static const char *const bad[] = { "",	  "M",	 "-1",	 "+1",	 " 1",
					   "1 M", "1MB", "0x10", "1.5G", "12Q" };
	static const char *const large[] = { "16777216T", "18446744073709551616",
					     "999999999999G" };
	unsigned long long size;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(parse_size(good[i].text, &size), 0);
		assert_true(size == good[i].size);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_size(bad[i], &size), -EINVAL);
	for (i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		assert_int_equal(parse_size(large[i], &size), -ERANGE);
}

static void counts(void **state)
{
	unsigned int n;

	(void)state;
	assert_int_equal(parse_count("4294967295", &n), 0);
	assert_true(n == 4294967295u);
	assert_int_equal(parse_count("4294967296", &n), -ERANGE);
	assert_int_equal(parse_count("2x", &n), -EINVAL);
	assert_int_equal(parse_count("", &n), -EINVAL);
	assert_int_equal(parse_count("-2", &n), -EINVAL);
}

static void all_options_arrive(void **state)
{
	struct run_options o;
	struct parsed parsed;
	struct error err = { "" };

	(void)state;
	assert_int_equal(
		parse("--mem 1G --cpus=4 --disk a,b --disk c,ro kernel --initrd i "
		      "--append x=y --report r --console pty --no-reboot -v",
		      &o, &parsed, &err),
		0);
	assert_string_equal(parsed.operand, "kernel");
	assert_true(o.machine.mem_size == 1ull << 30);
	assert_int_equal(o.machine.cpus, 4);
	assert_int_equal(o.machine.nr_disks, 2);
	assert_string_equal(o.machine.disks[0].path, "a,b");
	assert_false(o.machine.disks[0].readonly);
	assert_string_equal(o.machine.disks[1].path, "c");
	assert_true(o.machine.disks[1].readonly);
	assert_string_equal(o.machine.initrd, "i");
	assert_string_equal(o.machine.cmdline, "x=y");
	assert_string_equal(o.report, "r");
	assert_int_equal(o.machine.console.kind, CONSOLE_PTY);
	assert_false(o.machine.reboot);
	assert_true(o.verbose);
}

static void words_of_a_disk(void **state)
{
	static const struct {
		const char *line, *path;
		bool readonly, direct, through, no_flush;
	} rows[] = {
		{ "--disk d k", "d", false, false, false, false },
		{ "--disk d,cache=writeback k", "d", false, false, false, false },
		{ "--disk d,cache=none k", "d", false, true, false, false },
		{ "--disk d,cache=directsync k", "d", false, true, true, false },
		{ "--disk d,cache=writethrough k", "d", false, false, true, false },
		{ "--disk d,cache=unsafe k", "d", false, false, false, true },
		{ "--disk d,ro,cache=none k", "d", true, true, false, false },
		{ "--disk d,cache=none,ro k", "d", true, true, false, false },
		{ "--disk a,rw,ro k", "a,rw", true, false, false, false },
		{ "--disk a,b k", "a,b", false, false, false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run_options o;
		const struct disk_config *d = &o.machine.disks[0];
		struct parsed parsed;
		struct error err = { "" };

		assert_int_equal(parse(rows[i].line, &o, &parsed, &err), 0);
		assert_string_equal(d->path, rows[i].path);
		assert_int_equal(d->readonly, rows[i].readonly);
		assert_int_equal(d->direct, rows[i].direct);
		assert_int_equal(d->write_through, rows[i].through);
		assert_int_equal(d->no_flush, rows[i].no_flush);
	}
}

static void kinds_of_consoles(void **state)
{
	struct run_options o;
	struct parsed parsed;
	struct error err = { "" };

	(void)state;
	assert_int_equal(parse("--console unix:/s k", &o, &parsed, &err), 0);
	assert_int_equal(o.machine.console.kind, CONSOLE_SOCKET);
	assert_string_equal(o.machine.console.path, "/s");
	assert_int_equal(parse("--console file:f k", &o, &parsed, &err), 0);
	assert_int_equal(o.machine.console.kind, CONSOLE_FILE);
	assert_string_equal(o.machine.console.path, "f");
	assert_int_equal(parse("--console none k", &o, &parsed, &err), 0);
	assert_int_equal(o.machine.console.kind, CONSOLE_NONE);
}

static void defaults(void **state)
{
	struct run_options o;
	struct parsed parsed;
	struct error err = { "" };

	(void)state;
	assert_int_equal(parse("kernel", &o, &parsed, &err), 0);
	assert_true(o.machine.mem_size == 256ull << 20);
	assert_int_equal(o.machine.cpus, 1);
	assert_int_equal(o.machine.nr_disks, 0);
	assert_null(o.machine.initrd);
	assert_string_equal(o.machine.cmdline, "");
	assert_null(o.report);
	assert_int_equal(o.machine.console.kind, CONSOLE_STDIO);
	assert_true(o.machine.reboot);
	assert_false(o.verbose);
}

static void words_after_two_dashes_are_no_options(void **state)
{
	struct run_options o;
	struct parsed parsed;
	struct error err = { "" };

	(void)state;
	assert_int_equal(parse("-v -- --cpus", &o, &parsed, &err), 0);
	assert_string_equal(parsed.operand, "--cpus");
	assert_int_equal(parse("-", &o, &parsed, &err), 0);
	assert_string_equal(parsed.operand, "-");
}

static void help_wins(void **state)
{
	struct run_options o;
	struct parsed parsed;
	struct error err = { "" };

	(void)state;
	assert_int_equal(parse("--nonsense --help", &o, &parsed, &err), 0);
	assert_true(parsed.help);
	assert_int_equal(parse("k -- --help", &o, &parsed, &err), -EINVAL);
}

static void bad_lines_are_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "", "no KERNEL" },
		{ "-v", "no KERNEL" },
		{ "a b", "b: a is the KERNEL already" },
		{ "--nonsense k", "unknown option --nonsense" },
		{ "--me 1G k", "unknown option --me" },
		{ "--memory 1G k", "unknown option --memory" },
		{ "-x k", "unknown option -x" },
		{ "-vv k", "unknown option -vv" },
		{ "k --mem", "--mem: its value is missing; give --mem SIZE" },
		{ "--verbose=1 k", "--verbose: takes no value" },
		{ "--mem lots k", "--mem lots: not a size" },
		{ "--cpus two k", "--cpus two: not a number" },
		{ "--cpus -1 k", "--cpus -1: not a number" },
		{ "--disk= k", "--disk: no file" },
		{ "--disk ,ro k", "--disk: no file" },
		{ "--disk a,cache=b k", "--disk cache=b: unknown; give cache=writeback" },
		{ "--disk a,cache=,ro k", "--disk cache=: unknown" },
		{ "--console unix: k", "--console unix:: unknown" },
		{ "--console ptyx k", "--console ptyx: unknown" },
		{ "--uuid 123 k", "--uuid 123: not a UUID" },
		{ "--console vt k",
		  "--console vt: unknown; give stdio, pty, none, file:PATH or unix:PATH" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run_options o;
		struct parsed parsed;
		struct error err = { "" };

		assert_refused(parse(cases[i].line, &o, &parsed, &err), EINVAL, &err,
			       cases[i].says);
	}
}

static void a_size_beyond_64_bits_is_said_so(void **state)
{
	struct run_options o;
	struct parsed parsed;
	struct error err = { "" };

	(void)state;
	assert_refused(parse("--mem 99999999T k", &o, &parsed, &err), ERANGE, &err,
		       "--mem 99999999T: too large");
}

static void too_many_disks_are_refused(void **state)
{
	char line[1024] = "k";
	struct run_options o;
	struct parsed parsed;
	struct error err = { "" };
	unsigned int i;

	(void)state;
	for (i = 0; i < DISKS_MAX; i++)
		strcat(line, " --disk d");
	assert_int_equal(parse(line, &o, &parsed, &err), 0);
	assert_int_equal(o.machine.nr_disks, DISKS_MAX);
	strcat(line, " --disk d");
	assert_refused(parse(line, &o, &parsed, &err), EINVAL, &err, "at most 16");
}

static void messages_are_one_printable_line(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, EIO, "a\nb\tc\033[2Jd\x7f %s", "e"), -EIO);
	assert_string_equal(err.text, "a?b?c?[2Jd? e");
}

/* --- what a configuration may ask for ------------------------------------------------- */

static int check(uint64_t mem, unsigned int cpus, const char *cmdline, struct error *err)
{
	struct machine_config config;

	machine_config_init(&config);
	config.mem_size = mem;
	config.cpus = cpus;
	config.cmdline = cmdline;
	return machine_config_check(&config, err);
}

static void configurations(void **state)
{
	const uint64_t mib = 1ull << 20, limit = machine_mem_limit();
	char cmdline[CMDLINE_MAX + 1];
	struct error err = { "" };

	(void)state;
	assert_true(limit >= 64ull << 30);
	assert_int_equal(check(32 * mib, 1, "", &err), 0);
	assert_int_equal(check(33 * mib, 1, "", &err), 0);
	assert_int_equal(check(64ull << 30, 64, "", &err), 0);
	assert_int_equal(check(limit / mib * mib, 1, "", &err), 0);
	assert_refused(check(0, 1, "", &err), EINVAL, &err, "--mem 0");
	assert_refused(check(mib + 1, 1, "", &err), EINVAL, &err, "give e.g. 2M");
	assert_refused(check(32 * mib + 4096, 1, "", &err), EINVAL, &err,
		       "whole number of MiB");
	assert_refused(check((limit / mib + 1) * mib, 1, "", &err), ENOMEM, &err,
		       "more than this host can give");
	assert_refused(check(UINT64_MAX - mib + 1, 1, "", &err), ENOMEM, &err,
		       "more than");
	assert_refused(check(mib, 0, "", &err), EINVAL, &err, "--cpus 0");

	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[CMDLINE_MAX] = '\0';
	assert_refused(check(32 * mib, 1, cmdline, &err), E2BIG, &err,
		       "shorten it to 2047");
	cmdline[CMDLINE_MAX - 1] = '\0';
	assert_int_equal(check(32 * mib, 1, cmdline, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(counts),
		cmocka_unit_test(all_options_arrive),
		cmocka_unit_test(words_of_a_disk),
		cmocka_unit_test(kinds_of_consoles),
		cmocka_unit_test(defaults),
		cmocka_unit_test(words_after_two_dashes_are_no_options),
		cmocka_unit_test(help_wins),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(a_size_beyond_64_bits_is_said_so),
		cmocka_unit_test(too_many_disks_are_refused),
		cmocka_unit_test(messages_are_one_printable_line),
		cmocka_unit_test(configurations),
	};

	return cmocka_run_group_tests_name("vmm command", tests, NULL, NULL);
}
