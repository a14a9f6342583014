/* SPDX-License-Identifier: MIT */
/* What malloc says of itself. */
#include <malloc.h>
#include <stdio.h>

#include "heap.h"

struct mallinfo2 mallinfo2(void)
{
	struct mallinfo2 info = { .hblks = heap.mapped_blocks,
				  .hblkhd = heap.mapped_bytes };

	if (!heap.start)
		return info;
	info.keepcost = block_size(heap.top);
	info.arena = (size_t)(heap_end() - heap.start);
	info.ordblks = heap.free_blocks + 1;
	info.fordblks = heap.free_bytes + info.keepcost;
	info.uordblks = info.arena - info.fordblks;
	return info;
}

void malloc_stats(void)
{
	struct mallinfo2 info = mallinfo2();

	printf("Arena 0:\n");
	printf("system bytes     = %10zu\n", info.arena);
	printf("in use bytes     = %10zu\n", info.uordblks);
	printf("Total (incl. mmap):\n");
	printf("system bytes     = %10zu\n", info.arena + info.hblkhd);
	printf("in use bytes     = %10zu\n", info.uordblks + info.hblkhd);
	printf("max mmap regions = %10zu\n", heap.mapped_blocks_max);
	printf("max mmap bytes   = %10zu\n", heap.mapped_bytes_max);
}

static int in_a_bin(const struct block *b)
{
	for (unsigned int i = 0; i < BINS; i++)
		for (const struct block *f = heap.bin[i]; f; f = f->next)
			if (f == b)
				return 1;
	return 0;
}

static const char *free_block_fault(const struct block *b)
{
	const struct block *above = block_above(b);

	if (!(b->size & PREV_USED))
		return "two free blocks touch";
	if (above->prev_size != block_size(b))
		return "a free block's two sizes differ";
	return in_a_bin(b) ? NULL : "a free block is in no bin";
}

const char *malloc_verify(void)
{
	size_t bytes = 0, blocks = 0;
	const char *fault;

	if (!heap.start)
		return NULL;
	if (!(((struct block *)heap.start)->size & PREV_USED))
		return "something free below the heap";
	for (struct block *b = (struct block *)heap.start; b != heap.top;
	     b = block_above(b)) {
		if (b > heap.top || block_size(b) < BLOCK_MIN)
			return "the row of blocks does not lead to the top";
		if (!block_is_free(b))
			continue;
		fault = free_block_fault(b);
		if (fault)
			return fault;
		bytes += block_size(b);
		blocks++;
	}
	if (!(heap.top->size & PREV_USED))
		return "a free block touches the top";
	if (bytes != heap.free_bytes || blocks != heap.free_blocks)
		return "the counts of free memory are wrong";
	return NULL;
}
