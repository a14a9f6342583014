/* SPDX-License-Identifier: MIT */
/*
 * A pool of blocks of one size: allocation and free are a handful of instructions, because
 * nothing is searched, split or joined.  Memory comes in mappings of many blocks and goes
 * back all at once.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>

struct pool;

/* Blocks of `size` bytes (1 .. 64 KiB), a multiple of 16 apart, `count` to a mapping.  NULL:
 * no memory, or a size or count that makes no sense. */
struct pool *pool_create(size_t size, size_t count);
/* NULL without memory.  Contents: undefined. */
void *pool_alloc(struct pool *pool);
void pool_free(struct pool *pool, void *p);
/* Blocks still in use go, too. */
void pool_destroy(struct pool *pool);
/* Blocks handed out now. */
size_t pool_used(const struct pool *pool);

#endif
