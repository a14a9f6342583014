/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/cli/terminal.h"

static struct termios saved;
static volatile sig_atomic_t saved_fd = -1; /* saved is valid while this is not -1 */

bool terminal_raw(int fd)
{
	struct termios raw;

	/* In the background, changing the terminal would only stop this process. */
	if (saved_fd >= 0 || !isatty(fd) || tcgetpgrp(fd) != getpgrp())
		return false;
	if (tcgetattr(fd, &saved))
		return false;
	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST | ONLCR;
	saved_fd = fd;
	tcsetattr(fd, TCSANOW, &raw);
	return true;
}

void terminal_restore(void)
{
	int error = errno;

	if (saved_fd >= 0)
		tcsetattr(saved_fd, TCSANOW, &saved);
	saved_fd = -1;
	errno = error;
}
