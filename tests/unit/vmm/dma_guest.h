/* SPDX-License-Identifier: MIT */
/*
 * A guest that publishes its DMA calls, as far as the checker sees it: RAM with the area and
 * the rings, and entries written as an honest guest writes them.
 */
#ifndef TESTS_UNIT_VMM_DMA_GUEST_H
#define TESTS_UNIT_VMM_DMA_GUEST_H

#include <abi/dma_check.h>

#include "devices/dma/ram.h"
#include "tests/unit/vmm/vmm_test.h"

#define GUEST_RAM     (1u << 20)
#define GUEST_RINGS   3u
#define GUEST_ENTRIES 16u
#define GUEST_AREA    0x10000u
#define GUEST_RING(i) (0x20000u + (i)*0x4000u)
#define GUEST_FREE    0x80000u /* from here on RAM is the test's */

struct dma_guest {
	struct ram ram;
	uint8_t *bytes;
	struct dma_check_area *area;
	uint64_t seq; /* of the last entry */
};

void dma_guest_make(struct dma_guest *g);
void dma_guest_free(struct dma_guest *g);

struct dma_check_ring *dma_guest_ring(const struct dma_guest *g, unsigned int ring);
/* Writes e with the next number into the ring, which must have room. */
void dma_guest_tell(struct dma_guest *g, unsigned int ring, struct dma_check_entry e);

#endif
