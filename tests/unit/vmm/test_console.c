/* SPDX-License-Identifier: MIT */
/* The window of a console: its size, and that a change of it is told; and a console that is a
 * socket: one client after the other, none of whom the guest waits for. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/cli/rundir.h"
#include "vmm/machine/console.h"
#include "vmm/machine/signals.h"
#include "vmm/cli/terminal.h"

struct fixture {
	pthread_mutex_t lock;
	struct loop loop;
	struct console console;
	struct console_port port;
	int pty; /* its other side */
	int saved[2]; /* standard input and output of the test */
	int signal_fd;
	sigset_t mask;
	unsigned int resized;
};

static void on_resized(void *ctx)
{
	struct fixture *f = ctx;

	f->resized++;
}

static void set_size(const struct fixture *f, unsigned short cols, unsigned short rows)
{
	struct winsize size = { .ws_col = cols, .ws_row = rows };

	assert_int_equal(ioctl(f->pty, TIOCSWINSZ, &size), 0);
}

static void assert_size(const struct fixture *f, uint16_t cols, uint16_t rows)
{
	uint16_t c, r;

	console_size(&f->console, &c, &r);
	assert_int_equal(c, cols);
	assert_int_equal(r, rows);
}

/* Standard input and output become a terminal of 100 by 30. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int terminal;

	*state = f;
	pthread_mutex_init(&f->lock, NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &f->mask);
	f->signal_fd = signals_init(terminal_restore);
	if (f->signal_fd < 0 || loop_init(&f->loop, &f->lock) ||
	    openpty(&f->pty, &terminal, NULL, NULL, NULL))
		return -1;
	for (int fd = 0; fd < 2; fd++) {
		f->saved[fd] = dup(fd);
		dup2(terminal, fd);
	}
	close(terminal);
	set_size(f, 100, 30);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	console_close(&f->console);
	for (int fd = 0; fd < 2; fd++) {
		dup2(f->saved[fd], fd);
		close(f->saved[fd]);
	}
	loop_fini(&f->loop);
	close(f->pty);
	close(f->signal_fd);
	pthread_sigmask(SIG_SETMASK, &f->mask, NULL);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return 0;
}

static void start(struct fixture *f, enum console_kind kind)
{
	struct console_events events = { .resized = on_resized,
					 .ctx = f,
					 .give_up_fd = { -1, -1 } };
	struct console_config config = { .kind = kind };
	struct error err;

	assert_int_equal(console_open(&f->console, &config, &f->loop, &events, &err), 0);
	console_start(&f->console, &f->port);
}

static void change_of_size_is_told(void **state)
{
	struct fixture *f = *state;

	start(f, CONSOLE_STDIO);
	assert_size(f, 100, 30);
	set_size(f, 132, 43);
	assert_int_equal(f->resized, 0);
	kill(getpid(), SIGWINCH);
	kill(getpid(), SIGWINCH);
	loop_run_once(&f->loop);
	assert_int_equal(f->resized, 1); /* it is one change */
	assert_size(f, 132, 43);
	set_size(f, 90, 20);
	kill(getpid(), SIGWINCH);
	loop_run_once(&f->loop);
	assert_int_equal(f->resized, 2);
	assert_size(f, 90, 20);
}

static void window_without_a_size_is_80_by_25(void **state)
{
	struct fixture *f = *state;

	start(f, CONSOLE_STDIO);
	set_size(f, 0, 0);
	assert_size(f, 80, 25);
}

/* The terminal is not the guest's then. */
static void other_consoles_have_no_window(void **state)
{
	struct fixture *f = *state;

	start(f, CONSOLE_NONE);
	assert_size(f, 80, 25);
	assert_int_equal(f->console.window.fd, -1);
}

/* --- a socket ------------------------------------------------------------------------------- */

static struct {
	char text[64];
	size_t used, room;
} fed;

static size_t feed(void *device, const void *bytes, size_t count)
{
	size_t n = count < fed.room ? count : fed.room;

	(void)device;
	memcpy(fed.text + fed.used, bytes, n);
	fed.used += n;
	fed.room -= n;
	return n;
}

static void run(struct fixture *f)
{
	struct pollfd ready = { .fd = f->loop.devices.fd, .events = POLLIN };

	while (poll(&ready, 1, 0) > 0)
		loop_run_once(&f->loop);
}

static void start_socket(struct fixture *f, char *path)
{
	struct console_events events = { .ctx = f, .give_up_fd = { -1, -1 } };
	struct console_config config = { .kind = CONSOLE_SOCKET, .path = path };
	struct error err;

	strcpy(path, "/tmp/pagevisor-console-XXXXXX");
	close(mkstemp(path));
	unlink(path);
	memset(&fed, 0, sizeof(fed));
	fed.room = sizeof(fed.text);
	f->port.console = &f->console;
	f->port.feed = feed;
	if (console_open(&f->console, &config, &f->loop, &events, &err))
		fail_msg("%s", err.text);
	console_start(&f->console, &f->port);
}

static void expect_text(int fd, const char *text)
{
	char got[64] = "";
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_int_equal(n, (ssize_t)strlen(text));
	assert_string_equal(got, text);
}

static void expect_description(const struct fixture *f, const char *form,
			       const char *path)
{
	char is[160], wanted[160];

	console_describe(&f->console, is, sizeof(is));
	snprintf(wanted, sizeof(wanted), form, path);
	assert_string_equal(is, wanted);
}

static void one_client_after_the_other(void **state)
{
	struct fixture *f = *state;
	int first, second;
	char path[64];

	start_socket(f, path);
	expect_description(f, "disconnected:unix:%s,server=on", path);
	console_output(&f->port, "lost", 4);
	first = socket_connect(path);
	second = socket_connect(path);
	assert_true(first >= 0 && second >= 0);
	run(f);
	expect_description(f, "unix:%s,server=on", path);
	console_output(&f->port, "one", 3);
	expect_text(first, "one");
	assert_int_equal(send(first, "abc", 3, 0), 3);
	assert_int_equal(send(second, "def", 3, 0), 3); /* waits for its turn */
	run(f);
	assert_string_equal(fed.text, "abc");
	close(first);
	run(f);
	assert_string_equal(fed.text, "abcdef");
	console_output(&f->port, "two", 3);
	expect_text(second, "two");
	close(second);
	console_output(&f->port, "gone", 4); /* finds out by writing */
	run(f);
	console_output(&f->port, "lost", 4);
	first = socket_connect(path);
	run(f);
	console_output(&f->port, "three", 5);
	expect_text(first, "three");
	close(first);
	unlink(path);
}

/* It has room for some; the rest is lost, and later output arrives. */
static void who_does_not_read_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	static char many[65536];
	char path[64];
	unsigned int i;
	ssize_t n;
	int fd;

	start_socket(f, path);
	fd = socket_connect(path);
	run(f);
	memset(many, 'x', sizeof(many));
	for (i = 0; i < 64; i++)
		console_output(&f->port, many, sizeof(many));
	do
		n = recv(fd, many, sizeof(many), MSG_DONTWAIT);
	while (n > 0);
	console_output(&f->port, "again", 5);
	expect_text(fd, "again");
	close(fd);
	unlink(path);
}

/* A guest that takes no input does not keep the next client out. */
static void input_waits_for_room(void **state)
{
	struct fixture *f = *state;
	int first, second;
	char path[64];

	start_socket(f, path);
	fed.room = 2;
	first = socket_connect(path);
	run(f);
	assert_int_equal(send(first, "abcd", 4, 0), 4);
	run(f);
	assert_string_equal(fed.text, "ab");
	close(first);
	second = socket_connect(path);
	console_output(&f->port, "x", 1);
	run(f);
	console_output(&f->port, "y", 1);
	expect_text(second, "y");
	fed.room = 10;
	console_room(&f->port);
	assert_string_equal(fed.text, "abcd");
	close(second);
	unlink(path);
}

static void a_descriptor_must_listen(void **state)
{
	struct fixture *f = *state;
	struct console_events events = { .ctx = f };
	struct console_config config = { .kind = CONSOLE_SOCKET,
					 .inherited = f->signal_fd };
	struct error err = { "" };

	assert_int_equal(console_open(&f->console, &config, &f->loop, &events, &err),
			 -EBADF);
	assert_non_null(strstr(err.text, "listens"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(change_of_size_is_told),
		TEST(window_without_a_size_is_80_by_25),
		TEST(other_consoles_have_no_window),
		TEST(one_client_after_the_other),
		TEST(who_does_not_read_is_not_waited_for),
		TEST(input_waits_for_room),
		TEST(a_descriptor_must_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
