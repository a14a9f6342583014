/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "vmm/util/output.h"

int output_open(const char *path, mode_t mode, bool *made)
{
	const int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
	int fd = open(path, flags | O_EXCL, mode);

	*made = fd >= 0;
	return *made || errno != EEXIST ? fd : open(path, flags, mode);
}

void output_drop(int fd, const char *path, bool made)
{
	if (fd >= 0)
		close(fd);
	if (made)
		unlink(path);
}
