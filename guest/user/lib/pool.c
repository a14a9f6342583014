/* SPDX-License-Identifier: MIT */
/*
 * Fixed-size pools: <pool.h>.  Free blocks are a stack threaded through themselves.  Blocks
 * that were never used are not on it: they are cut off the newest mapping one by one, so
 * that no frame is touched before its first use.
 */
#include <pool.h>
#include <stdint.h>
#include <sys/mman.h>

#define BLOCK_ALIGN 16UL
#define BLOCK_MAX   (64UL << 10)
#define COUNT_MAX   (1UL << 20)
#define PAGE	    4096UL

struct slab {
	struct slab *next;
	size_t bytes; /* of the mapping */
};

struct pool {
	struct free_block {
		struct free_block *next;
	} * free;
	char *fresh, *end; /* never used yet: [fresh, end) */
	size_t size, count, used;
	struct slab
		first; /* this mapping, where the pool itself stands; then the others */
};

static char *map_memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t mapping_size(size_t header, size_t size, size_t count)
{
	return (header + size * count + PAGE - 1) / PAGE * PAGE;
}

struct pool *pool_create(size_t size, size_t count)
{
	size_t bytes,
		header = (sizeof(struct pool) + BLOCK_ALIGN - 1) & ~(BLOCK_ALIGN - 1);
	struct pool *pool;
	char *memory;

	if (!size || size > BLOCK_MAX || !count || count > COUNT_MAX)
		return NULL;
	size = (size + BLOCK_ALIGN - 1) & ~(BLOCK_ALIGN - 1);
	bytes = mapping_size(header, size, count);
	memory = map_memory(bytes);
	if (!memory)
		return NULL;
	pool = (struct pool *)memory;
	pool->size = size;
	pool->count = count;
	pool->first.bytes = bytes;
	pool->fresh = memory + header;
	pool->end = pool->fresh + size * count;
	return pool;
}

/* Another mapping; the slab's header is its first block's worth of room. */
static int enlarge(struct pool *pool)
{
	size_t bytes = mapping_size(BLOCK_ALIGN, pool->size, pool->count);
	char *memory = map_memory(bytes);
	struct slab *slab = (struct slab *)memory;

	if (!memory)
		return 0;
	slab->next = pool->first.next;
	slab->bytes = bytes;
	pool->first.next = slab;
	pool->fresh = memory + BLOCK_ALIGN;
	pool->end = pool->fresh + pool->size * pool->count;
	return 1;
}

void *pool_alloc(struct pool *pool)
{
	struct free_block *b = pool->free;
	char *p;

	if (b) {
		pool->free = b->next;
		pool->used++;
		return b;
	}
	if (pool->fresh == pool->end && !enlarge(pool))
		return NULL;
	p = pool->fresh;
	pool->fresh += pool->size;
	pool->used++;
	return p;
}

void pool_free(struct pool *pool, void *p)
{
	struct free_block *b = p;

	if (!p)
		return;
	b->next = pool->free;
	pool->free = b;
	pool->used--;
}

void pool_destroy(struct pool *pool)
{
	struct slab *slab = pool->first.next, *next;

	for (; slab; slab = next) {
		next = slab->next;
		munmap(slab, slab->bytes);
	}
	munmap(pool, pool->first.bytes);
}

size_t pool_used(const struct pool *pool)
{
	return pool->used;
}
