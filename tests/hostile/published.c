/* SPDX-License-Identifier: MIT */
/*
 * Case 39: memory state that makes no sense (abi/memstate.h; start.S has the note that leads
 * here).  The monitor reads it every few milliseconds while this guest runs, and at its end.
 */
#include <abi/memstate.h>

#include "tests/hostile/hostile.h"

#define SHAPE_MS 60u /* more than one reading */
#define RACE_MS	 200u
#define FOUR_GIB 0x100000000ull
#define MM_WORDS (sizeof(struct memstate_mm) / sizeof(uint32_t))

extern struct memstate published;
struct memstate published __attribute__((aligned(16)));
static union {
	struct memstate_mm mm;
	uint32_t word[MM_WORDS];
	uint64_t quad[MM_WORDS / 2];
} table __attribute__((aligned(4096)));
static uint32_t nr_cpus = 2;

/* All that is needed to come as far as the table. */
static void publish(void)
{
	published = (struct memstate){
		.magic = MEMSTATE_MAGIC,
		.version = MEMSTATE_VERSION,
		.size = sizeof(published),
		.range[0] = { 0, 0, FOUR_GIB },
		.nr_cpus_va = (uint64_t)&nr_cpus,
		.mm_va = (uint64_t)&table,
	};
	table.mm.version = MEMSTATE_VERSION;
	table.mm.size = sizeof(table.mm);
	table.mm.page_size = 4096;
}

static uint32_t next_random(void)
{
	static uint32_t seed = 39;

	seed = seed * 1664525 + 1013904223;
	return seed >> 4;
}

static void fill_words(uint32_t value)
{
	for (unsigned int i = 0; i < MM_WORDS; i++)
		table.word[i] = value;
	publish();
}

static void all_ones(void)
{
	fill_words(~0u);
}

static void small_numbers(void)
{
	fill_words(8);
}

/* Every address is the table's own: lists that lead back to where they are. */
static void cycles(void)
{
	for (unsigned int i = 0; i < MM_WORDS / 2; i++)
		table.quad[i] = (uint64_t)&table;
	publish();
}

static void random_words(void)
{
	for (unsigned int i = 0; i < MM_WORDS; i++)
		table.word[i] = next_random();
	publish();
}

static void no_magic(void)
{
	publish();
	published.magic ^= 1;
}

static void wild_header(void)
{
	publish();
	published.page_table = ~0ull;
	published.mm_va = 0xffff800000000000ull;
	for (unsigned int i = 0; i < MEMSTATE_RANGES; i++)
		published.range[i] = (struct memstate_range){ ~0ull - i, ~0ull, ~0ull };
}

static void rewrite(void)
{
	table.word[next_random() % MM_WORDS] = next_random();
	table.word[next_random() % MM_WORDS] = 0;
	publish();
}

void publish_nonsense(void)
{
	static void (*const shape[])(void) = { no_magic, wild_header, all_ones,
					       small_numbers, random_words };

	for (unsigned int i = 0; i < ARRAY_SIZE(shape); i++) {
		shape[i]();
		pause_ms(SHAPE_MS);
	}
	if (second_start(rewrite)) {
		pause_ms(RACE_MS);
		second_stop();
	}
	cycles();
	pause_ms(SHAPE_MS);
}
