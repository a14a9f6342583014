/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/util/rss.h"

/* A line that begins a mapping: "start-end ...", in hexadecimal. */
static bool lies_inside(const char *line, uintptr_t ram, size_t size)
{
	char *dash;
	uintptr_t start = strtoul(line, &dash, 16);
	uintptr_t end = *dash == '-' ? strtoul(dash + 1, NULL, 16) : 0;

	return start >= ram && end <= ram + size && end > start;
}

FILE *rss_open(void)
{
	return fopen("/proc/self/smaps", "re");
}

int rss_read(FILE *smaps, const void *guest_ram, size_t size, struct rss *rss)
{
	char line[512], buffer[4096];
	bool is_guest = false;

	/* With a buffer of its own the library does not ask what kind of file it is. */
	if (setvbuf(smaps, buffer, _IOFBF, sizeof(buffer)))
		return -EINVAL;
	*rss = (struct rss){ 0, 0 };
	while (fgets(line, sizeof(line), smaps)) {
		if (!strncmp(line, "Rss:", 4))
			*(is_guest ? &rss->guest : &rss->monitor) +=
				strtoull(line + 4, NULL, 10) << 10;
		else if (!isupper((unsigned char)line[0]))
			is_guest = lies_inside(line, (uintptr_t)guest_ram, size);
	}
	return setvbuf(smaps, NULL, _IONBF, 0) ? -EINVAL : 0;
}
