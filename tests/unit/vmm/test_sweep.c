/* SPDX-License-Identifier: MIT */
/* Files that go with a machine, however it goes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/machine/sweep.h"

#define TURNS 3000 /* of 10 ms */

static char dir[] = "/tmp/pagevisor-sweep-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[4][256];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, 256, "%s/%s", dir, name);
	return p;
}

static const char *make(const char *name)
{
	const char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	return path;
}

static bool there(const char *name)
{
	return !access(path_of(name), F_OK);
}

static void await_gone(const char *name)
{
	unsigned int i;

	for (i = 0; i < TURNS && there(name); i++)
		usleep(10000);
	assert_false(there(name));
}

static void start(struct sweep *sweep)
{
	struct error err = { "" };

	*sweep = (struct sweep){ 0 };
	assert_int_equal(sweep_start(sweep, true, &err), 0);
}

static void files_go_when_it_is_told(void **state)
{
	struct sweep sweep;

	(void)state;
	start(&sweep);
	sweep_add(&sweep, make("a"));
	sweep_add(&sweep, make("b"));
	make("others");
	assert_true(there("a") && there("b"));
	sweep_seal(&sweep);
	assert_true(there("a") && there("b"));
	sweep_end(&sweep);
	assert_false(there("a") || there("b"));
	assert_true(there("others"));
	unlink(path_of("others"));
	sweep_end(&sweep); /* twice is once */
}

/* Also when that was early. */
static void an_end_needs_no_seal(void **state)
{
	struct sweep sweep;

	(void)state;
	start(&sweep);
	sweep_add(&sweep, make("a"));
	sweep_end(&sweep);
	assert_false(there("a"));
}

/* A monitor that is killed says nothing more. */
static void files_go_with_a_killed_process(void **state)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		struct sweep sweep = { 0 };
		struct error err;

		if (sweep_start(&sweep, true, &err))
			_exit(1);
		sweep_add(&sweep, make("a"));
		sweep_seal(&sweep);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_true(there("a"));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	await_gone("a");
	close(ready[0]);
	close(ready[1]);
}

/* Somebody else's file of that name stays, even where its number is used again. */
static void another_file_of_the_name_stays(void **state)
{
	struct sweep sweep;

	(void)state;
	start(&sweep);
	sweep_add(&sweep, make("a"));
	sweep_add(&sweep, make("gone"));
	sweep_add(&sweep, make("last"));
	sweep_seal(&sweep);
	unlink(path_of("a"));
	unlink(path_of("gone"));
	make("a");
	sweep_end(&sweep);
	assert_true(there("a"));
	assert_false(there("gone") || there("last"));
	unlink(path_of("a"));
}

/* A core's, say. */
static void a_file_that_was_written_to_stays(void **state)
{
	struct sweep sweep;
	int fd;

	(void)state;
	start(&sweep);
	sweep_add(&sweep, make("core"));
	sweep_add(&sweep, make("untouched"));
	sweep_seal(&sweep);
	fd = open(path_of("core"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "more", 4), 4);
	close(fd);
	sweep_end(&sweep);
	assert_true(there("core"));
	assert_false(there("untouched"));
	unlink(path_of("core"));
}

/* Whoever takes over a confined monitor cannot have other files removed. */
static void sealed_it_hears_nothing(void **state)
{
	struct sweep sweep;

	(void)state;
	start(&sweep);
	sweep_add(&sweep, make("a"));
	sweep_seal(&sweep);
	sweep_add(&sweep, make("b"));
	sweep_end(&sweep);
	assert_false(there("a"));
	assert_true(there("b"));
	unlink(path_of("b"));
}

static void what_is_too_much_stays(void **state)
{
	char name[16], path[SWEEP_PATH_MAX + 8];
	struct sweep sweep;
	unsigned int i;

	(void)state;
	start(&sweep);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	sweep_add(&sweep, path);
	sweep_add(&sweep, "");
	sweep_add(&sweep, path_of("never-there"));
	for (i = 0; i <= SWEEP_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		sweep_add(&sweep, make(name));
	}
	sweep_end(&sweep);
	for (i = 0; i < SWEEP_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_false(there(name));
	}
	snprintf(name, sizeof(name), "%u", i);
	assert_true(there(name));
	unlink(path_of(name));
}

static void none_is_none(void **state)
{
	struct sweep sweep = { 0 };

	(void)state;
	sweep_add(&sweep, make("a"));
	sweep_seal(&sweep);
	sweep_end(&sweep);
	assert_true(there("a"));
	unlink(path_of("a"));
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_go_when_it_is_told),
		cmocka_unit_test(an_end_needs_no_seal),
		cmocka_unit_test(files_go_with_a_killed_process),
		cmocka_unit_test(another_file_of_the_name_stays),
		cmocka_unit_test(a_file_that_was_written_to_stays),
		cmocka_unit_test(sealed_it_hears_nothing),
		cmocka_unit_test(what_is_too_much_stays),
		cmocka_unit_test(none_is_none),
	};

	return cmocka_run_group_tests_name("vmm sweep", tests, make_dir, remove_dir);
}
