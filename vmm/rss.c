/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "vmm/rss.h"

int rss_read(const void *guest_ram, size_t size, struct rss *rss)
{
	uintptr_t ram = (uintptr_t)guest_ram;
	unsigned long start, end, kib;
	bool is_guest = false;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		return -errno;
	*rss = (struct rss){ 0, 0 };
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			is_guest = start >= ram && end <= ram + size;
		else if (sscanf(line, "Rss: %lu kB", &kib) == 1)
			*(is_guest ? &rss->guest : &rss->monitor) += (uint64_t)kib << 10;
	}
	fclose(f);
	return 0;
}
