/* SPDX-License-Identifier: MIT */
/* The run-time directory: who is in it, who is not any more, and what is none of ours. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/vmm/run_folder.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/cli/rundir.h"

static char base[RUN_FOLDER_MAX], dir[80];

static int setup(void **state)
{
	(void)state;
	if (run_folder_make(base))
		return -1;
	snprintf(dir, sizeof(dir), "%s/pagevisor", base);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return run_folder_remove(base);
}

static const char *in_dir(const char *entry)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, entry);
	return path;
}

static bool exists(const char *entry)
{
	struct stat st;

	return !lstat(in_dir(entry), &st);
}

static int listen_as(const char *name)
{
	struct error err = { "" };
	char *path = NULL;
	int fd = rundir_listen(name, &path, &err);

	if (fd < 0)
		assert_true(err.text[0] && !strchr(err.text, '\n'));
	else
		assert_string_equal(strrchr(path, '/') + 1 + strlen(name), ".qmp");
	free(path);
	return fd;
}

static int connect_to(const char *name)
{
	struct error err = { "" };
	int fd = rundir_connect(name, &err);

	assert_true(fd >= 0 || (err.text[0] && !strchr(err.text, '\n')));
	return fd;
}

static char listed[256];

static void note(void *arg, const char *name, int fd)
{
	(void)arg;
	strcat(listed, name);
	strcat(listed, " ");
	close(fd);
}

static const char *list(void)
{
	struct error err = { "" };

	listed[0] = '\0';
	assert_int_equal(rundir_each(note, NULL, &err), 0);
	return listed;
}

static void names(void **state)
{
	static const char *const good[] = { "a", "vm-1", "A.b", "x_y@host+2", "0" };
	static const char *const bad[] = { "",	       ".",   "..",    ".hidden", "a/b",
					   "../a",     "a b", "a\nb",  "a:b",	  "%s",
					   "\xc3\xa4", "a;b", "$HOME", "a\\b",	  "*" };
	char name[RUNDIR_NAME_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(rundir_name_ok(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(rundir_name_ok(bad[i]));
		assert_int_equal(listen_as(bad[i]), -EINVAL);
		assert_int_equal(connect_to(bad[i]), -EINVAL);
	}
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_false(rundir_name_ok(name));
	name[RUNDIR_NAME_MAX] = '\0';
	assert_true(rundir_name_ok(name));
	assert_int_equal(access(dir, F_OK), -1); /* not even the directory was made */
}

static void is_the_users_alone(void **state)
{
	mode_t old = umask(0);
	int fd = listen_as("vm");
	struct stat st;

	(void)state;
	umask(old);
	assert_true(fd >= 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(in_dir("vm.qmp"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
}

/* What others could have prepared is not used, and not touched. */
static void a_directory_that_is_not_ours(void **state)
{
	static const mode_t modes[] = { 0755, 0770, 0701, 0777 };
	char other[80];
	size_t i;
	int fd;

	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(dir, modes[i]), 0);
		assert_int_equal(listen_as("vm"), -EPERM);
		assert_int_equal(connect_to("vm"), -EPERM);
	}
	assert_int_equal(rmdir(dir), 0);
	/* A link to a good one; a file. */
	snprintf(other, sizeof(other), "%s/other", base);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(symlink(other, dir), 0);
	assert_true(listen_as("vm") < 0);
	assert_int_equal(unlink(dir), 0);
	fd = open(dir, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_true(listen_as("vm") < 0);
	if (!getuid()) { /* somebody else's */
		assert_int_equal(unlink(dir), 0);
		assert_int_equal(mkdir(dir, 0700), 0);
		assert_int_equal(chown(dir, 65534, 65534), 0);
		assert_int_equal(listen_as("vm"), -EPERM);
	}
}

static void one_of_a_name(void **state)
{
	int first = listen_as("vm"), other, client;

	(void)state;
	assert_true(first >= 0);
	assert_int_equal(listen_as("vm"), -EADDRINUSE);
	other = listen_as("vm2");
	assert_true(other >= 0);
	client = connect_to("vm");
	assert_true(client >= 0);
	close(client);
	close(first);
	/* The name is free again, without anybody having tidied up. */
	assert_true(exists("vm.qmp"));
	first = listen_as("vm");
	assert_true(first >= 0);
	close(first);
	close(other);
}

/* A machine that is killed leaves its socket; whoever meets it removes it. */
static void crash_leftovers(void **state)
{
	int pipes[2], fd, status;
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child) {
		struct error err;
		char *path;

		if (rundir_listen("crashed", &path, &err) < 0 ||
		    write(pipes[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	assert_string_equal(list(), "crashed ");
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(exists("crashed.qmp"));
	assert_int_equal(connect_to("crashed"), -ENOENT);
	assert_false(exists("crashed.qmp"));

	fd = listen_as("stale");
	close(fd);
	fd = listen_as("alive");
	assert_string_equal(list(), "alive ");
	assert_false(exists("stale.qmp"));
	assert_true(exists("alive.qmp"));
	close(fd);
	assert_string_equal(list(), "");
}

/* Files that are no sockets are never removed, nor taken for machines. */
static void strange_entries(void **state)
{
	static const char *const files[] = { "file.qmp", "note.txt", ".hidden.qmp",
					     "a b.qmp",	 "qmp",	     "..qmp",
					     "\xff.qmp" };
	int b = listen_as("b"), a = listen_as("a"), fd;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fd = open(in_dir(files[i]), O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	assert_int_equal(mkdir(in_dir("dir.qmp"), 0700), 0);
	assert_int_equal(mkfifo(in_dir("fifo.qmp"), 0600), 0);
	assert_int_equal(symlink("nowhere", in_dir("dangling.qmp")), 0);
	assert_int_equal(symlink("note.txt", in_dir("link.qmp")), 0);
	assert_string_equal(list(), "a b ");
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_true(exists(files[i]));
	assert_true(exists("dir.qmp") && exists("fifo.qmp") && exists("dangling.qmp") &&
		    exists("link.qmp"));
	assert_int_equal(listen_as("file"), -EADDRINUSE);
	assert_int_equal(listen_as("dir"), -EADDRINUSE);
	assert_int_equal(listen_as("fifo"), -EADDRINUSE);
	assert_int_equal(listen_as("dangling"), -EADDRINUSE);
	assert_int_equal(listen_as("link"), -EADDRINUSE);
	assert_true(connect_to("file") < 0 && connect_to("link") < 0 &&
		    connect_to("dangling") < 0);
	assert_true(exists("file.qmp") && exists("link.qmp") && exists("note.txt") &&
		    exists("dangling.qmp") && !exists("nowhere"));
	close(a);
	close(b);
}

static void paths_that_are_too_long(void **state)
{
	char path[200];
	struct error err = { "" };

	(void)state;
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(socket_listen(path, &err), -ENAMETOOLONG);
	assert_int_equal(socket_connect(path), -ENAMETOOLONG);
	assert_int_equal(socket_listen("", &err), -ENAMETOOLONG);
}

/* One that nobody waits for in vain: the queue of a monitor that hangs is full one day. */
static void a_full_queue_is_refused(void **state)
{
	enum { MOST = 256 };
	struct error err = { "" };
	int fd[MOST], n = 0, last = 0, one = listen_as("hung");

	(void)state;
	while (n < MOST && (last = rundir_connect("hung", &err)) >= 0)
		fd[n++] = last;
	assert_in_range(n, 1, MOST - 1);
	assert_refused(last, EAGAIN, &err, "hung: its monitor does not answer");
	assert_non_null(strstr(err.text, "/hung.facts"));
	assert_true(exists("hung.qmp"));
	while (n)
		close(fd[--n]);
	close(one);
}

/* Many want one name at once: one gets it. */
static void a_race(void **state)
{
	enum { RACERS = 8 };
	pid_t child[RACERS];
	unsigned int i, won = 0, round;
	int go[2], hold[2], status;
	char byte;

	(void)state;
	for (round = 0; round < 5; round++) {
		assert_int_equal(pipe(go) | pipe(hold), 0);
		for (i = 0; i < RACERS; i++) {
			child[i] = fork();
			if (child[i])
				continue;
			struct error err;
			char *path;
			int fd;

			close(go[1]);
			close(hold[1]);
			(void)!read(go[0], &byte, 1);
			fd = rundir_listen("race", &path, &err);
			if (fd >= 0) /* holds it until all have tried */
				(void)!read(hold[0], &byte, 1);
			_exit(fd >= 0 ? 0 : fd == -EADDRINUSE ? 1 : 2);
		}
		close(go[0]);
		close(hold[0]);
		close(go[1]);
		for (i = 0, won = 0; i + 1 < RACERS; i++) {
			assert_true(wait(&status) > 0);
			assert_int_equal(WEXITSTATUS(status), 1);
		}
		close(hold[1]);
		assert_true(wait(&status) > 0);
		won += WEXITSTATUS(status) == 0;
		assert_int_equal(won, 1);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(names),
		TEST(is_the_users_alone),
		TEST(one_of_a_name),
		TEST(a_directory_that_is_not_ours),
		TEST(crash_leftovers),
		TEST(strange_entries),
		TEST(a_race),
		TEST(paths_that_are_too_long),
		TEST(a_full_queue_is_refused),
	};

	return cmocka_run_group_tests_name("run-time directory", tests, NULL, NULL);
}
