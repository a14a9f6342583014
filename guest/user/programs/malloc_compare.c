/* SPDX-License-Identifier: MIT */
/* What malloc gives, for the table of all ways to memory. */
#include <malloc.h>
#include <results.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096UL
#define PAIRS	100
#define TURNS	5
#define HIGHEST (1UL << 46) /* no address space is larger */

static uint64_t largest(void)
{
	uint64_t good = 0, size = PAGE;
	void *p;

	for (; size <= HIGHEST; size *= 2) {
		p = malloc(size);
		if (!p)
			break;
		free(p);
		good = size;
	}
	for (size = good / 2; size > good / 16; size /= 2) {
		p = malloc(good + size);
		if (p)
			good += size;
		free(p);
	}
	return good;
}

/* Words of a block that still hold what stood there before it was freed. */
static uint64_t stale_words(void)
{
	volatile uint64_t *p = malloc(PAGE);
	uint64_t n = 0;

	for (unsigned long i = 0; p && i < PAGE / 8; i++)
		p[i] = ~0UL;
	free((void *)p);
	p = malloc(PAGE);
	for (unsigned long i = 0; p && i < PAGE / 8; i++)
		n += p[i] == ~0UL;
	free((void *)p);
	return n;
}

static uint64_t cycles_of_pair(void)
{
	uint64_t best = UINT64_MAX;

	for (int turn = 0; turn < TURNS; turn++) {
		uint64_t start = cycles();

		for (int i = 0; i < PAIRS; i++)
			free(malloc(PAGE));
		start = cycles() - start;
		best = start < best ? start : best;
	}
	return best / PAIRS;
}

/* A frame comes at the first touch: as a program does, in an order of its own. */
static void touch_pages(char *start)
{
	static const unsigned int order[] = { 2, 0, 3, 1 };

	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		*(volatile char *)(start + order[i] * PAGE) = 0;
}

int main(void)
{
	char *p = malloc(COMPARE_SIZE + 2 * PAGE);
	uint64_t start = ((uint64_t)p + 2 * PAGE - 1) & ~(PAGE - 1);

	if (!p)
		return 1;
	touch_pages((char *)start);
	for (unsigned long at = 0; at < COMPARE_SIZE; at += 8)
		*(uint64_t *)(start + at) = at;
	results[COMPARE_ADDRESS] = start;
	pause_here();
	results[COMPARE_STALE] = stale_words();
	results[COMPARE_CYCLES] = cycles_of_pair();
	results[COMPARE_LARGEST] = largest();
	return 0;
}
