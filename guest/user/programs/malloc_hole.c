/* SPDX-License-Identifier: MIT */
/* A free block with a used one above it: what becomes of it. */
#include <malloc.h>
#include <results.h>
#include <string.h>
#include <unistd.h>

#define SIZE (100UL << 10)

static uint64_t rss(void)
{
	struct usage usage;

	get_usage(&usage);
	return usage.rss;
}

int main(void)
{
	char *below = malloc(SIZE);
	static char *above;

	above = malloc(64);
	if (!below || !above)
		return 1;
	memset(below, 1, SIZE);
	results[HOLE_SIZE] = SIZE;
	results[HOLE_ADDRESS] = (uint64_t)below;
	results[HOLE_BREAK_BEFORE] = (uint64_t)sbrk(0);
	results[HOLE_RSS_BEFORE] = rss();
	free(below);
	results[HOLE_BREAK_AFTER] = (uint64_t)sbrk(0);
	results[HOLE_RSS_AFTER] = rss();
	results[HOLE_FREE_BYTES] = mallinfo2().fordblks - mallinfo2().keepcost;
	results[HOLE_REUSED] = (uint64_t)malloc(SIZE - 4096);
	return malloc_verify() != NULL;
}
