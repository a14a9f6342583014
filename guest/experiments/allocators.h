/* SPDX-License-Identifier: MIT */
/*
 * The allocators of the table behind one interface: opened for a size, they give and take
 * buffers of it.
 */
#ifndef GUEST_EXPERIMENTS_ALLOCATORS_H
#define GUEST_EXPERIMENTS_ALLOCATORS_H

#include <linux/types.h>

struct device;
struct allocator;

/* An allocator, opened for one size. */
struct source {
	const struct allocator *allocator;
	size_t size;
	void *store; /* the cache or pool that was made for it */
};

struct allocator {
	const char *name;
	/* Makes and ends `store`; absent where none is needed.  May sleep. */
	bool (*open)(struct source *s);
	void (*close)(struct source *s);
	/* A buffer, or NULL.  *dma is its bus address where the allocator tells it, else
	 * untouched. */
	void *(*get)(const struct source *s, gfp_t gfp, dma_addr_t *dma);
	void (*put)(const struct source *s, void *p, dma_addr_t dma);
	bool for_device; /* needs one; and *dma is set */
	bool to_the_end; /* can have all of RAM: its limit is dear to find */
	size_t loud_above; /* asking for more is answered with a complaint; 0: never */
};

extern const struct allocator allocators[];
extern const unsigned int nr_allocators;

/* The device that DMA memory is for: dmacheck, else a disk, else NULL. */
struct device *allocators_device(void);

/* False when the allocator cannot serve this size. */
bool source_open(struct source *s, const struct allocator *a, size_t size);
void source_close(struct source *s);

#endif
