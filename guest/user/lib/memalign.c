/* SPDX-License-Identifier: MIT */
/*
 * Blocks at addresses that are multiples of something: a block large enough to have such an
 * address inside, cut there.  In the heap what lies before is a free block like any other;
 * in a mapping it stays, and prev_size says how much it is.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "heap.h"

static int is_power_of_two(size_t n)
{
	return n && !(n & (n - 1));
}

/* Cuts a used block at offset, and gives back what is before and behind. */
static struct block *cut(struct block *b, size_t offset, size_t size)
{
	struct block *upper = block_at(b, offset);
	size_t rest = block_size(b) - offset;

	if (b->size & MAPPED) {
		upper->prev_size = b->prev_size + offset;
		upper->size = rest | MAPPED;
		return upper;
	}
	if (offset) {
		upper->size = rest | PREV_USED;
		b->size = offset | (b->size & FLAGS);
		block_release(b);
	}
	block_shrink(upper, size);
	return upper;
}

/* align is a power of two. */
static void *allocate_aligned(size_t align, size_t request)
{
	struct block *b;
	uintptr_t p, q;

	if (align <= BLOCK_ALIGN)
		return malloc(request);
	if (align > REQUEST_MAX || request > REQUEST_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	/* The room before it is a block, or nothing. */
	b = block_allocate(request + align + BLOCK_MIN);
	if (!b)
		return NULL;
	p = (uintptr_t)block_memory(b);
	q = (p + align - 1) & -align;
	if (q != p && q - p < BLOCK_MIN)
		q += align;
	return block_memory(cut(b, q - p, block_size_for(request)));
}

void *aligned_alloc(size_t align, size_t size)
{
	if (is_power_of_two(align))
		return allocate_aligned(align, size);
	errno = EINVAL;
	return NULL;
}

void *memalign(size_t align, size_t size)
{
	size_t power = BLOCK_ALIGN;

	while (power < align && power <= REQUEST_MAX)
		power *= 2;
	return allocate_aligned(power, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	int saved = errno;
	void *q;

	if (!is_power_of_two(align) || align % sizeof(void *))
		return EINVAL;
	q = allocate_aligned(align, size);
	errno = saved;
	if (!q)
		return ENOMEM;
	*p = q;
	return 0;
}
