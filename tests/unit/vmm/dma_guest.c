/* SPDX-License-Identifier: MIT */
#include "tests/unit/vmm/dma_guest.h"

void dma_guest_make(struct dma_guest *g)
{
	*g = (struct dma_guest){ .bytes = calloc(1, GUEST_RAM) };
	assert_non_null(g->bytes);
	assert_int_equal(ram_add(&g->ram, 0, GUEST_RAM, g->bytes), 0);
	g->area = (void *)(g->bytes + GUEST_AREA);
	*g->area = (struct dma_check_area){ .magic = DMA_CHECK_MAGIC,
					    .version = DMA_CHECK_VERSION,
					    .nr_rings = GUEST_RINGS,
					    .ring_entries = GUEST_ENTRIES };
	for (unsigned int i = 0; i < GUEST_RINGS; i++)
		g->area->ring[i] = GUEST_RING(i);
}

void dma_guest_free(struct dma_guest *g)
{
	free(g->bytes);
}

struct dma_check_ring *dma_guest_ring(const struct dma_guest *g, unsigned int ring)
{
	return (void *)(g->bytes + GUEST_RING(ring));
}

void dma_guest_tell(struct dma_guest *g, unsigned int ring, struct dma_check_entry e)
{
	struct dma_check_ring *r = dma_guest_ring(g, ring);
	struct dma_check_entry *entries = (void *)(r + 1);

	assert_true(r->head - r->tail < GUEST_ENTRIES);
	e.seq = ++g->seq;
	entries[r->head % GUEST_ENTRIES] = e;
	r->head++;
}
