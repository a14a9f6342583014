/* SPDX-License-Identifier: MIT */
/*
 * Runs a program on a terminal of its own, types, and reads what stands on the screen.
 *
 *   pty COLUMNS ROWS COMMAND...		the steps come on standard input, one a line
 *
 *   see TEXT		waits until some row of the screen holds it
 *   miss TEXT		waits until none does
 *   key TEXT		types it; \e, \r, \b, \f, \\ as in C
 *   resize COLUMNS ROWS
 *   signal NUMBER	to the program
 *   run COMMAND	of the shell, beside the program; it must succeed
 *   ends STATUS	waits for it to end so (128 + N: by signal N)
 *   restored		the terminal's modes are what they were before, the cursor is seen
 *
 * Status 0: all went as said; else the step that did not, and the screen, on standard error.
 * The screen is a DEC VT52, which has so few commands that they stand here.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#define SIDE_MAX    256
#define PATIENCE_MS 60000
#define STEP_MS	    50

static char screen[SIDE_MAX][SIDE_MAX + 1];
static int columns, rows, x, y;
static int master;
static pid_t child;
static int child_status = -1; /* of waitpid(); -1: it runs */
static struct termios before;
static const char *step;

static void fail(const char *why)
{
	int i;

	fprintf(stderr, "%s: %s; the screen:\n", step, why);
	for (i = 0; i < rows; i++)
		fprintf(stderr, "|%.*s|\n", columns, screen[i]);
	if (child_status < 0)
		kill(child, SIGKILL);
	exit(1);
}

/* --- the screen -------------------------------------------------------------------------- */

static void clear_from(int row, int column)
{
	for (; row < SIDE_MAX; row++, column = 0)
		memset(screen[row] + column, ' ', (size_t)(SIDE_MAX - column));
}

static void scroll_up(void)
{
	memmove(screen[0], screen[1], (size_t)(rows - 1) * sizeof(screen[0]));
	memset(screen[rows - 1], ' ', SIDE_MAX);
}

static void put_letter(unsigned char c)
{
	if (c == '\r')
		x = 0;
	else if (c == '\b')
		x -= x > 0;
	else if (c == '\n' && y == rows - 1)
		scroll_up();
	else if (c == '\n')
		y++;
	else if (c == '\t')
		x = (x | 7) + 1 < columns ? (x | 7) + 1 : columns - 1;
	else if (c >= ' ' && x < columns)
		screen[y][x++] = (char)c;
}

/* The letter behind ESC; how many more belong to it. */
static int escape(unsigned char c)
{
	switch (c) {
	case 'A':
	case 'I':
		y -= y > 0;
		break;
	case 'B':
		y += y < rows - 1;
		break;
	case 'C':
		x += x < columns - 1;
		break;
	case 'D':
		x -= x > 0;
		break;
	case 'H':
		x = y = 0;
		break;
	case 'J':
		clear_from(y, x);
		break;
	case 'K':
		memset(screen[y] + x, ' ', (size_t)(SIDE_MAX - x));
		break;
	case 'Y':
		return 2;
	}
	return 0;
}

static void show(const unsigned char *bytes, ssize_t n)
{
	static int state; /* 0: letters, 1: behind ESC, 2: a row comes, 3: a column */

	for (; n > 0; n--, bytes++) {
		unsigned char c = *bytes;

		if (state == 1) {
			state = escape(c);
		} else if (state == 2) {
			y = c - ' ' < rows ? c - ' ' : rows - 1;
			state = 3;
		} else if (state == 3) {
			x = c - ' ' < columns ? c - ' ' : columns - 1;
			state = 0;
		} else if (c == 27) {
			state = 1;
		} else {
			put_letter(c);
		}
	}
}

/* Takes what the program writes, for a moment. */
static void take(void)
{
	struct pollfd fd = { .fd = master, .events = POLLIN };
	unsigned char buf[4096];
	int status;
	ssize_t n;

	if (poll(&fd, 1, STEP_MS) > 0) {
		n = read(master, buf, sizeof(buf));
		if (n > 0)
			show(buf, n);
		else
			usleep(STEP_MS * 1000);
	}
	if (child_status < 0 && waitpid(child, &status, WNOHANG) == child)
		child_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						   : WEXITSTATUS(status);
}

static bool stands_there(const char *text)
{
	int i;

	for (i = 0; i < rows; i++)
		if (strstr(screen[i], text))
			return true;
	return false;
}

static int number(const char *text)
{
	long n = strtol(text, NULL, 10);

	return n > 0 && n < SIDE_MAX ? (int)n : 0;
}

/* --- steps ------------------------------------------------------------------------------- */

static void wait_for(const char *text, bool there)
{
	int i;

	for (i = 0; stands_there(text) != there; i++) {
		if (i == PATIENCE_MS / STEP_MS)
			fail("it does not come to that");
		if (child_status >= 0)
			fail("the program has ended");
		take();
	}
}

static void type(const char *text)
{
	static const char from[] = "erbf\\", to[] = "\033\r\b\f\\";

	for (; *text; text++) {
		const char *which = *text == '\\' ? strchr(from, text[1]) : NULL;
		char c = *text;

		if (which && text[1]) {
			c = to[which - from];
			text++;
		}
		if (write(master, &c, 1) != 1)
			fail("it takes no keys");
	}
}

static void resize(const char *text)
{
	struct winsize size = { 0 };

	columns = number(text);
	rows = strchr(text, ' ') ? number(strchr(text, ' ')) : 0;
	size.ws_col = (unsigned short)columns;
	size.ws_row = (unsigned short)rows;
	clear_from(0, 0);
	if (ioctl(master, TIOCSWINSZ, &size))
		fail(strerror(errno));
}

static void wait_for_end(int want)
{
	int i;

	for (i = 0; child_status < 0; i++) {
		if (i == PATIENCE_MS / STEP_MS)
			fail("it does not end");
		take();
	}
	if (child_status != want)
		fail("it ended otherwise");
}

static void check_modes(void)
{
	struct termios now;

	if (tcgetattr(master, &now))
		fail(strerror(errno));
	if (now.c_lflag != before.c_lflag || now.c_iflag != before.c_iflag ||
	    now.c_oflag != before.c_oflag)
		fail("the modes are others");
}

static void take_step(char *line)
{
	char *rest = strchr(line, ' ');

	step = strdup(line);
	if (rest)
		*rest++ = '\0';
	else
		rest = line + strlen(line);
	if (!strcmp(line, "see"))
		wait_for(rest, true);
	else if (!strcmp(line, "miss"))
		wait_for(rest, false);
	else if (!strcmp(line, "key"))
		type(rest);
	else if (!strcmp(line, "resize"))
		resize(rest);
	else if (!strcmp(line, "signal"))
		kill(child, number(rest));
	else if (!strcmp(line, "run") && !system(rest))
		return;
	else if (!strcmp(line, "ends"))
		wait_for_end(number(rest));
	else if (!strcmp(line, "restored"))
		check_modes();
	else
		fail("no such step");
}

int main(int argc, char **argv)
{
	struct winsize size = { 0 };
	char line[512];
	int slave;

	if (argc < 4)
		return 2;
	columns = number(argv[1]);
	rows = number(argv[2]);
	size.ws_col = (unsigned short)columns;
	size.ws_row = (unsigned short)rows;
	clear_from(0, 0);
	if (openpty(&master, &slave, NULL, NULL, &size) || tcgetattr(slave, &before))
		return 2;
	child = fork();
	if (!child) {
		close(master);
		setenv("TERM", "vt52", 1);
		unsetenv("LINES");
		unsetenv("COLUMNS");
		if (!login_tty(slave))
			execvp(argv[3], argv + 3);
		_exit(127);
	}
	/* The slave stays open: with its last user the modes would go. */
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] && line[0] != '#')
			take_step(line);
	}
	if (child_status < 0)
		kill(child, SIGKILL);
	return 0;
}
