/* SPDX-License-Identifier: MIT */
#include "devices/dma/ram.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

int ram_add(struct ram *ram, uint64_t gpa, uint64_t size, void *host)
{
	uint64_t last;
	unsigned int at = 0;

	if (!size || !host || __builtin_add_overflow(gpa, size - 1, &last))
		return -EINVAL;
	if (ram->nr == RAM_MAX_REGIONS)
		return -ENOSPC;
	while (at < ram->nr && ram->region[at].gpa < gpa)
		at++;
	if (at > 0 && gpa - ram->region[at - 1].gpa < ram->region[at - 1].size)
		return -EEXIST;
	if (at < ram->nr && ram->region[at].gpa <= last)
		return -EEXIST;
	for (unsigned int i = ram->nr; i > at; i--)
		ram->region[i] = ram->region[i - 1];
	ram->region[at] = (struct ram_region){ gpa, size, host };
	ram->nr++;
	return 0;
}

uint64_t ram_span(const struct ram *ram, uint64_t gpa, void **host)
{
	for (unsigned int i = 0; i < ram->nr; i++) {
		const struct ram_region *r = &ram->region[i];
		uint64_t offset = gpa - r->gpa;

		if (gpa < r->gpa || offset >= r->size)
			continue;
		if (host)
			*host = r->host + offset;
		return r->size - offset;
	}
	return 0;
}

void *ram_at(const struct ram *ram, uint64_t gpa, uint64_t len)
{
	void *host;

	if (!len || ram_span(ram, gpa, &host) < len)
		return NULL;
	return host;
}

/* Pages asked for at once. */
#define LOOK_PAGES 64

uint64_t ram_resident(const struct ram *ram, uint64_t gpa, uint64_t len)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE), sum = 0;
	uintptr_t from = (uintptr_t)ram_at(ram, gpa, len), end = from + len;
	unsigned char there[LOOK_PAGES];

	while (from && from < end) {
		uintptr_t page = from & ~(page_size - 1);
		uint64_t pages = (end - page + page_size - 1) / page_size;

		if (pages > LOOK_PAGES)
			pages = LOOK_PAGES;
		if (mincore((void *)page, pages * page_size, there))
			return 0;
		for (uint64_t i = 0; i < pages; i++, from = page) {
			page += page_size;
			if (there[i] & 1)
				sum += (page < end ? page : end) - from;
		}
	}
	return sum;
}

uint64_t ram_size(const struct ram *ram)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < ram->nr; i++)
		sum += ram->region[i].size;
	return sum;
}
