/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "vmm/dma_check/dma_check_owner.h"

/* Chunks [from, to] of a mapping; empty when from > to. */
struct span {
	uint32_t from, to;
};

static struct span span_of(const struct dma_map *map, uint64_t first, uint64_t last)
{
	const struct dma_chunks *c = map->chunks;

	if (!c || first > map->bus.last || last < map->bus.first)
		return (struct span){ 1, 0 };
	first = first > map->bus.first ? first - map->bus.first : 0;
	last = (last < map->bus.last ? last : map->bus.last) - map->bus.first;
	return (struct span){ (uint32_t)(first / c->size), (uint32_t)(last / c->size) };
}

static uint64_t chunk_start(const struct dma_map *map, uint32_t i)
{
	return map->bus.first + i * map->chunks->size;
}

static uint64_t chunk_length(const struct dma_map *map, uint32_t i)
{
	uint64_t left = map->bus.last - chunk_start(map, i) + 1;

	return left < map->chunks->size ? left : map->chunks->size;
}

/* Bytes of chunk i that lie in [first, last], which touches it. */
static uint32_t bytes_in(const struct dma_map *map, uint32_t i, uint64_t first,
			 uint64_t last)
{
	uint64_t start = chunk_start(map, i), end = start + chunk_length(map, i) - 1;

	start = start > first ? start : first;
	end = end < last ? end : last;
	return (uint32_t)(end - start + 1);
}

static int feed(void *arg, void *piece, uint64_t len)
{
	XXH3_64bits_update(arg, piece, len);
	return 0;
}

static uint64_t hash_now(const struct dma_map *map, uint32_t i)
{
	enum dma_dir dir = map->dir == DMA_CHECK_FROM_DEVICE ? DMA_WRITE : DMA_READ;
	XXH3_state_t state;

	XXH3_64bits_reset(&state);
	dma_peek(map->chunks->port, chunk_start(map, i), chunk_length(map, i), dir, feed,
		 &state);
	return XXH3_64bits_digest(&state);
}

static bool is_still(const struct dma_chunk *chunk)
{
	return !chunk->cpu && !chunk->writing;
}

static void rehash(struct dma_map *map, uint32_t i)
{
	struct dma_chunk *chunk = &map->chunks->chunk[i];

	if (is_still(chunk))
		chunk->hash = hash_now(map, i);
}

void dma_chunks_make(struct dma_map *map, struct dma_port *port, bool device_owns)
{
	uint64_t size = DMA_CHUNK_MIN, bytes = dma_map_size(map);
	struct dma_chunks *c;
	uint32_t nr;

	if (!port || !bytes || bytes > DMA_HASHED_MAX)
		return;
	while (bytes > size * DMA_CHUNKS_MAX)
		size *= 2;
	nr = (uint32_t)((bytes + size - 1) / size);
	c = calloc(1, sizeof(*c) + nr * sizeof(c->chunk[0]));
	if (!c)
		return;
	*c = (struct dma_chunks){ .port = port, .size = size, .nr = nr };
	map->chunks = c;
	for (uint32_t i = 0; i < nr; i++) {
		if (device_owns)
			rehash(map, i);
		else
			c->chunk[i].cpu = (uint32_t)chunk_length(map, i);
	}
}

void dma_chunks_free(struct dma_map *map)
{
	free(map->chunks);
	map->chunks = NULL;
}

void dma_chunks_to_cpu(struct dma_map *map, uint64_t first, uint64_t last)
{
	struct span s = span_of(map, first, last);

	for (uint32_t i = s.from; i <= s.to; i++) {
		struct dma_chunk *chunk = &map->chunks->chunk[i];

		if (__builtin_add_overflow(chunk->cpu, bytes_in(map, i, first, last),
					   &chunk->cpu))
			chunk->cpu = UINT32_MAX;
	}
}

void dma_chunks_to_device(struct dma_map *map, uint64_t first, uint64_t last)
{
	struct span s = span_of(map, first, last);

	for (uint32_t i = s.from; i <= s.to; i++) {
		struct dma_chunk *chunk = &map->chunks->chunk[i];
		uint32_t bytes = bytes_in(map, i, first, last);

		chunk->cpu -= bytes < chunk->cpu ? bytes : chunk->cpu;
		rehash(map, i);
	}
}

bool dma_chunks_intact(struct dma_map *map, uint64_t first, uint64_t last, uint64_t *bad,
		       uint64_t *size)
{
	struct span s = span_of(map, first, last);
	bool intact = true;

	for (uint32_t i = s.from; i <= s.to; i++) {
		struct dma_chunk *chunk = &map->chunks->chunk[i];
		uint64_t hash = is_still(chunk) ? hash_now(map, i) : chunk->hash;

		if (hash != chunk->hash && intact) {
			intact = false;
			*bad = chunk_start(map, i);
			*size = chunk_length(map, i);
		}
		chunk->hash = hash;
	}
	return intact;
}

void dma_chunks_write_begin(struct dma_map *map, uint64_t first, uint64_t last)
{
	struct span s = span_of(map, first, last);

	for (uint32_t i = s.from; i <= s.to; i++)
		map->chunks->chunk[i].writing++;
}

void dma_chunks_write_end(struct dma_map *map, uint64_t first, uint64_t last)
{
	struct span s = span_of(map, first, last);

	for (uint32_t i = s.from; i <= s.to; i++) {
		struct dma_chunk *chunk = &map->chunks->chunk[i];

		chunk->writing -= chunk->writing ? 1 : 0;
		rehash(map, i);
	}
}
