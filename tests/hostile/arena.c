/* SPDX-License-Identifier: MIT */
/*
 * Memory for devices, in whole words.  Three pieces are watched: the arena itself, the code
 * of this guest, and the last KiB of the RAM below 4 GiB, past which some
 * cases aim.
 */
#include "tests/hostile/hostile.h"

#define WORD  sizeof(uint64_t)
#define WORDS (ARENA / WORD)
#define EDGE  1024u

extern const char start[], etext[]; /* of the code */

static uint64_t arena[WORDS] __attribute__((aligned(4096)));
static uint64_t copy[WORDS]; /* of the arena when the watch began */
static size_t used;
static size_t watched; /* words: what was in use then, and some behind */
static uint64_t others; /* a hash of the other two pieces */
static struct {
	uint64_t addr, len;
} allowed[ALLOWED];
static unsigned int nr_allowed;

uint64_t ram_end;

uint64_t arena_base(void)
{
	return (uint64_t)arena;
}

void arena_clear(void)
{
	for (size_t i = 0; i < (used + WORD - 1) / WORD; i++)
		arena[i] = 0;
	used = 0;
	nr_allowed = 0;
}

void *arena_get(size_t size, size_t align)
{
	size_t at = (used + align - 1) & ~(align - 1);

	if (at + size > ARENA) {
		say("Bail out! the arena is too small\n");
		out8(PV_EXIT_PORT, 2);
	}
	used = at + size;
	return (char *)arena + at;
}

static uint64_t hash(uint64_t h, const void *from, const void *to)
{
	for (const uint64_t *w = from; (const void *)(w + 1) <= to; w++)
		h = (h << 7 | h >> 57) ^ *w * 0x9e3779b97f4a7c15ull;
	return h;
}

static uint64_t hash_others(void)
{
	const char *edge = (const char *)ram_end;

	return hash(hash(0, start, etext), edge - EDGE, edge);
}

void watch_start(void)
{
	watched = used + EDGE < ARENA ? (used + EDGE) / WORD : WORDS;
	for (size_t i = 0; i < watched; i++)
		copy[i] = arena[i];
	others = hash_others();
}

void watch_allow(uint64_t addr, uint64_t len)
{
	if (nr_allowed == ALLOWED) {
		say("Bail out! too many ranges are allowed\n");
		out8(PV_EXIT_PORT, 2);
	}
	allowed[nr_allowed].addr = addr;
	allowed[nr_allowed++].len = len;
}

/* Byte by byte: a range may end inside a word. */
static bool may_change(uint64_t addr)
{
	for (unsigned int i = 0; i < nr_allowed; i++)
		if (addr - allowed[i].addr < allowed[i].len)
			return true;
	return false;
}

static bool edge_may_change(void)
{
	for (unsigned int i = 0; i < nr_allowed; i++)
		if (allowed[i].addr >= ram_end - EDGE && allowed[i].addr < ram_end)
			return true;
	return false;
}

bool watch_ok(const char *what)
{
	for (size_t i = 0; i < watched; i++) {
		if (arena[i] == copy[i])
			continue;
		for (size_t k = i * WORD; k < (i + 1) * WORD; k++) {
			uint64_t addr = (uint64_t)((char *)arena + k);

			if (((char *)arena)[k] == ((char *)copy)[k] || may_change(addr))
				continue;
			say("# %s: memory at 0x%x changed\n", what, addr);
			return false;
		}
	}
	if (edge_may_change() || hash_others() == others)
		return true;
	say("# %s: memory outside of the arena changed\n", what);
	return false;
}
