/* SPDX-License-Identifier: MIT */
/* Many small blocks, from malloc and from a pool of that size: time and room. */
#include <malloc.h>
#include <pool.h>
#include <results.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS 1000
#define BLOCK  64UL
#define TURNS  20

static void *block[BLOCKS];

static uint64_t malloc_batch(void)
{
	uint64_t start = cycles();

	for (int i = 0; i < BLOCKS; i++)
		block[i] = malloc(BLOCK);
	for (int i = BLOCKS; i--;)
		free(block[i]);
	return cycles() - start;
}

static uint64_t pool_batch(struct pool *pool)
{
	uint64_t start = cycles();

	for (int i = 0; i < BLOCKS; i++)
		block[i] = pool_alloc(pool);
	for (int i = BLOCKS; i--;)
		pool_free(pool, block[i]);
	return cycles() - start;
}

int main(void)
{
	struct pool *pool = pool_create(BLOCK, BLOCKS);
	uint64_t by_malloc = UINT64_MAX, by_pool = UINT64_MAX, taken;
	char *first, *second;

	if (!pool)
		return 1;
	for (int i = 0; i < TURNS; i++) {
		taken = malloc_batch();
		by_malloc = taken < by_malloc ? taken : by_malloc;
		taken = pool_batch(pool);
		by_pool = taken < by_pool ? taken : by_pool;
	}
	results[SPEED_BLOCK] = BLOCK;
	results[SPEED_MALLOC] = by_malloc / BLOCKS;
	results[SPEED_POOL] = by_pool / BLOCKS;
	first = malloc(BLOCK);
	second = malloc(BLOCK);
	results[SPEED_MALLOC_BYTES] = (uint64_t)(second - first);
	pool_destroy(pool);
	pool = pool_create(BLOCK, BLOCKS);
	first = pool_alloc(pool);
	second = pool_alloc(pool);
	results[SPEED_POOL_BYTES] = (uint64_t)(second - first);
	return pool_used(pool) != 2;
}
