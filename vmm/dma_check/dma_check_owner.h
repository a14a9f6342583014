/* SPDX-License-Identifier: MIT */
/*
 * Whose is the buffer?  From map to unmap it is the device's, but for what a sync has handed
 * to the CPU.  What is the device's only the device may write: its bytes are hashed when
 * they become the device's and after each of its writes, and must be the same whenever the
 * device touches them and when they go back.
 *
 * A mapping is hashed in chunks, so that a small access to a large buffer costs little.  A
 * chunk is not looked at while
 *   - the CPU has bytes of it (a part may have been synced: counted in bytes), or
 *   - the device is writing to it (asynchronous transfers: counted).
 */
#ifndef VMM_DMA_CHECK_OWNER_H
#define VMM_DMA_CHECK_OWNER_H

#include "devices/dma/dma.h"
#include "vmm/dma_check/dma_check_map.h"

#define DMA_CHUNK_MIN  4096u
#define DMA_CHUNKS_MAX 4096u
#define DMA_HASHED_MAX (16u << 20) /* bytes: larger mappings are not hashed */

struct dma_chunk {
	uint64_t hash; /* of the bytes while they are the device's */
	uint32_t cpu; /* bytes that are the CPU's */
	uint32_t writing; /* transfers of the device that have not ended */
};

struct dma_chunks {
	struct dma_port *port; /* the way to the bytes */
	uint64_t size; /* of a chunk, the last one may be shorter */
	uint32_t nr;
	struct dma_chunk chunk[];
};

/* The mapping becomes the device's, all of it (or nothing: DMA_ATTR_SKIP_CPU_SYNC).  Where it
 * cannot be hashed, it is not. */
void dma_chunks_make(struct dma_map *map, struct dma_port *port, bool device_owns);
void dma_chunks_free(struct dma_map *map);

/* The part of [first, last] that the mapping has changes hands. */
void dma_chunks_to_cpu(struct dma_map *map, uint64_t first, uint64_t last);
void dma_chunks_to_device(struct dma_map *map, uint64_t first, uint64_t last);

/* Is what the device has of [first, last] as it left it?  False: *bad is where the first
 * chunk begins that is not, *size how long it is.  It counts as right from then on. */
bool dma_chunks_intact(struct dma_map *map, uint64_t first, uint64_t last, uint64_t *bad,
		       uint64_t *size);

/* The device begins, and has ended, to write there. */
void dma_chunks_write_begin(struct dma_map *map, uint64_t first, uint64_t last);
void dma_chunks_write_end(struct dma_map *map, uint64_t first, uint64_t last);

#endif
