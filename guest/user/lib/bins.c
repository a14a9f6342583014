/* SPDX-License-Identifier: MIT */
/* Free blocks by size: heap.h. */
#include "heap.h"

static unsigned int bin_of(size_t size)
{
	unsigned int log;

	if (size < SMALL_MAX)
		return (unsigned int)(size / BLOCK_ALIGN);
	log = 63U - (unsigned int)__builtin_clzl(size);
	return SMALL_BINS + (log - 10) * 4 + (unsigned int)(size >> (log - 2) & 3);
}

void bin_insert(struct block *b)
{
	unsigned int i = bin_of(block_size(b));

	b->prev = NULL;
	b->next = heap.bin[i];
	if (b->next)
		b->next->prev = b;
	heap.bin[i] = b;
	heap.filled[i / 64] |= 1UL << i % 64;
	heap.free_bytes += block_size(b);
	heap.free_blocks++;
}

void bin_remove(struct block *b)
{
	unsigned int i = bin_of(block_size(b));

	if (b->next)
		b->next->prev = b->prev;
	if (b->prev)
		b->prev->next = b->next;
	else
		heap.bin[i] = b->next;
	if (!heap.bin[i])
		heap.filled[i / 64] &= ~(1UL << i % 64);
	heap.free_bytes -= block_size(b);
	heap.free_blocks--;
}

/* The smallest block of a bin that is large enough, or NULL. */
static struct block *best_of(struct block *b, size_t size)
{
	struct block *best = NULL;

	for (; b; b = b->next)
		if (block_size(b) >= size && (!best || block_size(b) < block_size(best)))
			best = b;
	return best;
}

/* The first bin that is not empty from i on, or BINS. */
static unsigned int filled_from(unsigned int i)
{
	while (i < BINS) {
		uint64_t word = heap.filled[i / 64] >> i % 64;

		if (word)
			return i + (unsigned int)__builtin_ctzl(word);
		i = (i / 64 + 1) * 64;
	}
	return BINS;
}

struct block *bin_take(size_t size)
{
	unsigned int i = bin_of(size);
	struct block *b = i < BINS ? best_of(heap.bin[i], size) : NULL;

	/* Any block of a higher bin is larger. */
	if (!b && (i = filled_from(i + 1)) < BINS)
		b = best_of(heap.bin[i], size);
	if (b)
		bin_remove(b);
	return b;
}
