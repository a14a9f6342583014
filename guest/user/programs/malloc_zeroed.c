/* SPDX-License-Identifier: MIT */
/* What a block holds before anything is written: zeros from a mapping, anything from the
 * heap. */
#include <malloc.h>
#include <results.h>
#include <string.h>
#include <unistd.h>

#define SIZE  (1UL << 20)
#define SMALL 4000UL
#define STALE 0x5a

static uint64_t count(const volatile unsigned char *p, size_t n, unsigned char byte)
{
	uint64_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += p[i] == byte;
	return found;
}

static void *volatile kept;

int main(void)
{
	struct usage before, after;
	unsigned char *p = malloc(SIZE), *small;

	if (!p)
		return 1;
	get_usage(&before);
	results[ZEROED_SIZE] = SIZE;
	results[ZEROED_WRONG] = SIZE - count(p, SIZE, 0);
	get_usage(&after);
	results[ZEROED_RSS_BEFORE] = before.rss;
	results[ZEROED_RSS_READ] = after.rss;
	results[ZEROED_ZERO_PAGE] = after.zero_page - before.zero_page;
	results[ZEROED_ADDRESS] = (uint64_t)p;
	pause_here();

	memset(p, STALE, SIZE);
	free(p);
	mallopt(M_MMAP_THRESHOLD, 128 << 10); /* else the next one comes from the heap */
	p = malloc(SIZE);
	if (!p)
		return 1;
	results[ZEROED_WRONG] += SIZE - count(p, SIZE, 0);

	small = malloc(SMALL);
	kept = malloc(16); /* keeps it from joining the top */
	memset(small, STALE, SMALL);
	free(small);
	small = malloc(SMALL);
	results[ZEROED_STALE] = count(small, SMALL, STALE);
	return 0;
}
