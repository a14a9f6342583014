/* SPDX-License-Identifier: MIT */
/*
 * Inside malloc: a heap of blocks with tags at both ends (Knuth, volume 1, 2.5).
 *
 * The heap is a row of blocks from heap.start to the break.  Each says how large it is; a
 * free one says so again at its end, in the prev_size of the block above, which also knows
 * by a flag that there is a free one below.  So a block that becomes free finds its
 * neighbours and joins them: never do two free blocks touch.  The last block is the top,
 * which is free, in no bin, and has room for a header at least.  Free blocks stand in bins
 * by size: an exact size each below 1 KiB, four to a power of two above.
 *
 * A block in a mapping of its own has the flag MAPPED and no neighbours; its prev_size says
 * where in the mapping it begins.
 */
#ifndef USER_LIB_HEAP_H
#define USER_LIB_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct block {
	size_t prev_size; /* of the block below, while that is free; else its user's */
	size_t size; /* of this one, a multiple of BLOCK_ALIGN, and flags */
	struct block *next, *prev; /* in its bin, while free; else the user's */
};

#define BLOCK_ALIGN  16UL
#define BLOCK_MIN    sizeof(struct block)
#define BLOCK_HEADER offsetof(struct block, next)
#define PREV_USED    1UL /* the block below is not free */
#define MAPPED	     2UL
#define FLAGS	     (BLOCK_ALIGN - 1)
#define OVERHEAD     sizeof(size_t) /* the rest of the header is lent from the block below */
#define PAGE	     4096UL
#define REQUEST_MAX  ((size_t)1 << 46) /* no address space is larger */

#define SMALL_BINS 64U /* bin i: blocks of i * 16 bytes exactly */
#define SMALL_MAX  (SMALL_BINS * BLOCK_ALIGN)
#define BINS	   (SMALL_BINS + 4 * 38) /* up to 2^48 */

struct heap {
	char *start; /* NULL: nothing was ever allocated */
	struct block *top; /* ends at the break */
	struct block *bin[BINS]; /* NULL: empty */
	uint64_t filled[(BINS + 63) / 64]; /* a bit for each bin that is not empty */
	size_t free_bytes, free_blocks; /* in the bins */
	size_t mapped_bytes, mapped_blocks, mapped_bytes_max, mapped_blocks_max;

	size_t mmap_threshold, trim_threshold, top_pad, mmap_max;
	int fixed_thresholds; /* mallopt() was called: they do not adapt */
};
extern struct heap heap;

static inline size_t block_size(const struct block *b)
{
	return b->size & ~FLAGS;
}

static inline struct block *block_at(const void *p, size_t offset)
{
	return (struct block *)((char *)p + offset);
}

static inline struct block *block_above(const struct block *b)
{
	return block_at(b, block_size(b));
}

static inline int block_is_free(const struct block *b)
{
	return b == heap.top || !(block_above(b)->size & PREV_USED);
}

static inline void *block_memory(struct block *b)
{
	return (char *)b + BLOCK_HEADER;
}

static inline struct block *block_of(void *p)
{
	return (struct block *)((char *)p - BLOCK_HEADER);
}

/* One past the last byte of the heap. */
static inline char *heap_end(void)
{
	return (char *)block_above(heap.top);
}

/* Of a block that holds so much for its user; at most REQUEST_MAX. */
static inline size_t block_size_for(size_t request)
{
	size_t size = (request + OVERHEAD + BLOCK_ALIGN - 1) & ~(BLOCK_ALIGN - 1);

	return size < BLOCK_MIN ? BLOCK_MIN : size;
}

/* One that holds so much, in the heap or mapped; NULL and ENOMEM. */
struct block *block_allocate(size_t request);
/* A block that is no longer used joins its free neighbours. */
void block_release(struct block *b);
/* Cuts a used block down to this size, if the rest makes a block. */
void block_shrink(struct block *b, size_t size);

/* A free block into, or out of, the bin of its size; its tags are not touched. */
void bin_insert(struct block *b);
void bin_remove(struct block *b);
/* The smallest free block of at least this size, roughly: out of its bin; or NULL. */
struct block *bin_take(size_t size);

#endif
