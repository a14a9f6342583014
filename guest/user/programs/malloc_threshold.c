/* SPDX-License-Identifier: MIT */
/* Where blocks just below and just at malloc's mmap threshold come from. */
#include <malloc.h>
#include <results.h>
#include <stdlib.h>
#include <unistd.h>

#define SMALL 64UL

/* Blocks that stay. */
static void *volatile kept;

/* Until little is left at the top of the heap, so that the next request needs memory. */
static void use_up_top(void)
{
	while (mallinfo2().keepcost > 2 * SMALL)
		kept = malloc(mallinfo2().keepcost > 4096 + SMALL ? 4000 : SMALL - 8);
}

int main(void)
{
	void *p;

	results[THRESHOLD_HEAP_LOW] = (uint64_t)malloc(1) & ~4095UL;
	use_up_top();
	results[THRESHOLD_HEAP_HIGH] = (uint64_t)sbrk(0);
	results[THRESHOLD_BELOW] = (uint64_t)malloc(THRESHOLD_REQUEST - 1);
	results[THRESHOLD_BELOW_MAPPINGS] = mallinfo2().hblks;
	use_up_top();
	p = malloc(THRESHOLD_REQUEST);
	results[THRESHOLD_AT] = (uint64_t)p;
	results[THRESHOLD_AT_MAPPINGS] = mallinfo2().hblks;
	free(p);
	results[THRESHOLD_FREED_MAPPINGS] = mallinfo2().hblks;
	use_up_top();
	kept = malloc(THRESHOLD_REQUEST);
	results[THRESHOLD_ADAPTED_MAPPINGS] = mallinfo2().hblks;
	if (!mallopt(M_MMAP_THRESHOLD, 64 << 10))
		return 1;
	use_up_top();
	kept = malloc(70000);
	results[THRESHOLD_SET_MAPPINGS] = mallinfo2().hblks;
	results[THRESHOLD_HEAP_END] = (uint64_t)sbrk(0);
	return malloc_verify() != NULL;
}
