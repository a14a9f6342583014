/* SPDX-License-Identifier: MIT */
/*
 * Memory that is read before anybody wrote to it (include/linux/kmsan-checks.h).
 *
 * Linux's KMSAN keeps a shadow of every byte.  Here fresh memory, pages and objects, is
 * filled with a pattern of eight bytes that nothing else contains, and a checked reader
 * looks for it: whole aligned words that still hold it were never written.  Shorter gaps
 * are not seen, and memory that was allocated cleared counts as written.
 *
 * kmsan=on switches it on at boot.  DMA mappings that a device will read are checked then.
 */
#ifndef _LINUX_KMSAN_CHECKS_H
#define _LINUX_KMSAN_CHECKS_H

#include <linux/compiler.h>
#include <linux/dma-direction.h>
#include <linux/types.h>

struct page;
struct scatterlist;

/* Set while memory is filled and checked.  Whoever checks on a path that must be quick
 * tests this first. */
extern bool kmsan_on;

/* kmsan=on|off, before mm_init().  0 or -EINVAL. */
int kmsan_setup(const char *arg);
/* While running: pages from now on, and the objects of caches created from now on. */
void kmsan_set(bool on);

/* The range counts as never written; as written (what was not reads as zero). */
void kmsan_poison_memory(const void *addr, size_t size, gfp_t gfp);
void kmsan_unpoison_memory(const void *addr, size_t size);

/*
 * Reports a range of which a part was never written, once: it counts as written then.  The
 * report names the caller and, as far as it is known, who allocated the memory.
 */
void kmsan_check_memory(const void *addr, size_t size);
/* The same for what a device is about to read (no check for DMA_FROM_DEVICE), on behalf of
 * the call at ip. */
void kmsan_handle_dma(struct page *page, size_t offset, size_t size,
		      enum dma_data_direction dir, unsigned long ip);
void kmsan_handle_dma_sg(struct scatterlist *sg, int nents, enum dma_data_direction dir,
			 unsigned long ip);

/* The last report, and how many there were since boot. */
struct kmsan_report {
	unsigned long count;
	const void *address; /* the first word that was never written */
	unsigned long ip; /* who read it */
	unsigned long created_at; /* who allocated it; 0: not known */
};
void kmsan_last_report(struct kmsan_report *report);

#endif
