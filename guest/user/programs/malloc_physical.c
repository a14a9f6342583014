/* SPDX-License-Identifier: MIT */
/* A block of which every page is touched and holds its own number. */
#include <malloc.h>
#include <results.h>
#include <unistd.h>

#define PAGE 4096UL

int main(void)
{
	char *p = malloc(PHYSICAL_BLOCK + PAGE);
	uint64_t start = ((uint64_t)p + PAGE - 1) & ~(PAGE - 1);

	if (!p)
		return 1;
	for (unsigned long at = 0; at < PHYSICAL_BLOCK; at += 8)
		*(uint64_t *)(start + at) = at;
	results[PHYSICAL_ADDRESS] = start;
	pause_here();
	return 0;
}
