/* SPDX-License-Identifier: MIT */
#include "devices/balloon/balloon_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/probe.h"

#define BITS 64u

static uint64_t map_bytes(const struct balloon_pages *p)
{
	return (p->nr + BITS - 1) / BITS * sizeof(*p->map);
}

int balloon_pages_init(struct balloon_pages *p)
{
	const struct ram_region *last = &p->ram->region[p->ram->nr - 1];

	/* Zeroed memory of this size costs nothing where no bit is set. */
	p->nr = p->ram->nr ? (last->gpa + last->size) / BALLOON_PAGE : 0;
	p->map = calloc(1, map_bytes(p) + 1);
	return p->map ? 0 : -ENOMEM;
}

void balloon_pages_fini(struct balloon_pages *p)
{
	free(p->map);
	p->map = NULL;
}

static uint64_t bit(uint64_t pfn)
{
	return 1ull << (pfn % BITS);
}

static bool holds(const struct balloon_pages *p, uint64_t pfn)
{
	return p->map[pfn / BITS] & bit(pfn);
}

/* Page number of RAM?  Nothing is known to use page 0 but firmware. */
static bool is_page(const struct balloon_pages *p, uint64_t pfn)
{
	return pfn && pfn < p->nr && ram_at(p->ram, pfn * BALLOON_PAGE, BALLOON_PAGE);
}

static void give_back(struct balloon_pages *p, uint8_t *host, uint64_t len)
{
	if (p->run_len && host == p->run + p->run_len) {
		p->run_len += len;
		return;
	}
	if (p->run_len && host + len == p->run) {
		p->run = host;
		p->run_len += len;
		return;
	}
	balloon_pages_flush(p);
	p->run = host;
	p->run_len = len;
}

void balloon_pages_flush(struct balloon_pages *p)
{
	if (!p->run_len)
		return;
	PROBE(memory_given, p->run, p->run_len);
	if (p->give_back(p->ctx, p->run, p->run_len))
		p->failed++;
	else
		p->given_back += p->run_len;
	p->run_len = 0;
}

/* Has the balloon all pages of the unit that starts at this page number? */
static bool is_whole(const struct balloon_pages *p, uint64_t first)
{
	for (uint64_t i = 0; i < p->unit / BALLOON_PAGE; i++)
		if (!holds(p, first + i))
			return false;
	return true;
}

bool balloon_pages_add(struct balloon_pages *p, uint64_t pfn)
{
	uint64_t first = pfn & ~(p->unit / BALLOON_PAGE - 1);
	uint8_t *host;

	if (!is_page(p, pfn) || holds(p, pfn)) {
		p->refused++;
		return false;
	}
	p->map[pfn / BITS] |= bit(pfn);
	p->held++;
	host = ram_at(p->ram, first * BALLOON_PAGE, p->unit);
	if (host && is_whole(p, first))
		give_back(p, host, p->unit);
	return true;
}

bool balloon_pages_remove(struct balloon_pages *p, uint64_t pfn)
{
	if (!is_page(p, pfn) || !holds(p, pfn)) {
		p->refused++;
		return false;
	}
	p->map[pfn / BITS] &= ~bit(pfn);
	p->held--;
	PROBE(memory_taken, pfn * BALLOON_PAGE, BALLOON_PAGE);
	return true;
}

void balloon_pages_report(struct balloon_pages *p, uint8_t *host, uint64_t len)
{
	uint64_t skip = -(uintptr_t)host & (p->unit - 1);

	if (len < skip)
		return;
	len = (len - skip) & ~(p->unit - 1);
	if (len)
		give_back(p, host + skip, len);
}

void balloon_pages_clear(struct balloon_pages *p)
{
	memset(p->map, 0, map_bytes(p));
	p->held = 0;
}
