/* SPDX-License-Identifier: MIT */
/* How memory goes back to the kernel: from the top by itself, from holes when asked. */
#include <malloc.h>
#include <results.h>
#include <string.h>
#include <unistd.h>

static char *block[TRIM_BLOCKS];

static uint64_t rss(void)
{
	struct usage usage;

	get_usage(&usage);
	return usage.rss;
}

static void allocate_all(void)
{
	for (int i = 0; i < TRIM_BLOCKS; i++) {
		block[i] = malloc(TRIM_BLOCK_SIZE);
		memset(block[i], i + 1, TRIM_BLOCK_SIZE);
	}
}

int main(void)
{
	const char *top;

	allocate_all();
	results[TRIM_RSS_FULL] = rss();
	for (int i = 0; i < TRIM_BLOCKS - 1; i++)
		free(block[i]);
	results[TRIM_RSS_FREED] = rss();
	results[TRIM_BREAK_FREED] = (uint64_t)sbrk(0);
	results[TRIM_RETURNED] = (uint64_t)malloc_trim(0);
	results[TRIM_RSS_TRIMMED] = rss();
	results[TRIM_BREAK_TRIMMED] = (uint64_t)sbrk(0);
	top = block[TRIM_BLOCKS - 1];
	for (unsigned long i = 0; i < TRIM_BLOCK_SIZE; i++)
		results[TRIM_BAD] += top[i] != TRIM_BLOCKS;
	free(block[TRIM_BLOCKS - 1]);
	results[TRIM_BREAK_TOP_FREED] = (uint64_t)sbrk(0);
	results[TRIM_RSS_TOP_FREED] = rss();

	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	allocate_all();
	for (int i = 0; i < TRIM_BLOCKS; i++)
		free(block[i]);
	results[TRIM_KEPT] = mallinfo2().keepcost;
	return malloc_verify() != NULL;
}
