/* SPDX-License-Identifier: MIT */
/* A large block: how many frames it has before and after it is touched. */
#include <malloc.h>
#include <results.h>
#include <unistd.h>

#define SIZE (16UL << 20)
#define PAGE 4096UL

static uint64_t rss(void)
{
	struct usage usage;

	get_usage(&usage);
	return usage.rss;
}

int main(void)
{
	volatile char *p;

	pause_here();
	results[LAZY_RSS_BEFORE] = rss();
	p = malloc(SIZE);
	if (!p)
		return 1;
	results[LAZY_ADDRESS] = (uint64_t)p;
	results[LAZY_SIZE] = SIZE;
	results[LAZY_RSS_ALLOCATED] = rss();
	pause_here();
	for (unsigned long at = 0; at < SIZE; at += PAGE)
		p[at] = 1;
	results[LAZY_RSS_TOUCHED] = rss();
	pause_here();
	return 0;
}
