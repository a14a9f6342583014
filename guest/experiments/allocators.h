/* SPDX-License-Identifier: MIT */
/*
 * The ways to memory that the table compares, behind one interface: opened for a size, they
 * give and take buffers of it.
 */
#ifndef GUEST_EXPERIMENTS_ALLOCATORS_H
#define GUEST_EXPERIMENTS_ALLOCATORS_H

#include <linux/types.h>

struct device;
struct allocator;
struct table_row;

/* An allocator, opened for one size. */
struct source {
	const struct allocator *allocator;
	size_t size;
	void *store; /* the cache or pool that was made for it */
};

struct allocator {
	const char *name;
	const char *principle, *best_for; /* a few words each */
	/* Why it cannot be had in this run, or NULL; absent where it always can. */
	const char *(*missing)(void);
	/* What has no buffers of any size to give here: measures its row in a way of its own
	 * (table_row.h).  All else is absent then. */
	void (*measure)(struct table_row *row);
	/* Makes and ends `store`; absent where none is needed.  May sleep. */
	bool (*open)(struct source *s);
	void (*close)(struct source *s);
	/* A buffer, or NULL.  *dma is its bus address where the allocator tells it, else
	 * untouched. */
	void *(*get)(const struct source *s, gfp_t gfp, dma_addr_t *dma);
	void (*put)(const struct source *s, void *p, dma_addr_t dma);
	/* Asking for more would be answered with a complaint, or is senseless; absent: any
	 * size may be asked for. */
	size_t (*highest)(void);
	bool (*untouchable)(void); /* what it gives is no RAM; absent: it is */
	const char *(*note)(void); /* what to know of its row, or NULL; absent: nothing */
	bool tells_dma; /* *dma is set */
	bool to_the_end; /* can have all of RAM: its limit is only found roughly */
	bool clears; /* so all of a piece is touched, and costs the host memory */
	bool dear; /* its limit takes too long to find where each instruction is emulated */
};

/* In the order of the table. */
extern const struct allocator allocators[];
extern const unsigned int nr_allocators;

/* The one of that name, or NULL. */
const struct allocator *allocator_find(const char *name);

/* The device that DMA memory is for: dmacheck, else a disk, else NULL. */
struct device *allocators_device(void);

/* False when the allocator cannot serve this size. */
bool source_open(struct source *s, const struct allocator *a, size_t size);
void source_close(struct source *s);

#endif
