/* SPDX-License-Identifier: MIT */
/* The window of a console: its size, and that a change of it is told. */
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
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
	struct machine_config config = { .console = kind };
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

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(change_of_size_is_told),
		TEST(window_without_a_size_is_80_by_25),
		TEST(other_consoles_have_no_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
