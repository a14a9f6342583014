/* SPDX-License-Identifier: MIT */
/*
 * The device as a witness.  dmacheck reads and writes guest memory as any device does: by
 * bus addresses, one range at a time (<guest/dmacheck.h>).  What it finds in a buffer is
 * compared here with what the CPU sees through its page tables at the buffer's address.
 *
 * All of these may sleep.  A request that the device refuses fails the trial.
 */
#ifndef GUEST_EXPERIMENTS_WITNESS_H
#define GUEST_EXPERIMENTS_WITNESS_H

#include <linux/types.h>

#include "experiment.h"

/* Each guest instruction is emulated and costs about a microsecond: experiments do only
 * what their claim needs. */
bool machine_is_slow(void);

/* Writes the first word of each page, and the last word, as the pattern of this seed has
 * them: cheap, and no two pages are alike.  size is a multiple of 8. */
void stamp_pages(void *p, size_t size, u64 seed);
/* How many of these words are not those of the pattern. */
unsigned long wrong_words(const void *p, size_t size, u64 seed);

/*
 * The whole question at once: told the one range [dma, dma + size), does the device reach
 * the bytes that the CPU has at p?  The device fills the range with a pattern and hashes it;
 * the CPU hashes it, too, and both hashes must be equal.  A byte costs the CPU two
 * instructions: of what is larger than hashed_whole(), both hash 64 bytes of each page, at
 * a place that goes from page to page.  The buffer is the device's meanwhile (coherent, or
 * mapped DMA_BIDIRECTIONAL).
 */
bool is_one_range(struct trial *x, void *p, dma_addr_t dma, size_t size);
/* Up to how many bytes the CPU hashes whole. */
size_t hashed_whole(void);
/* The same for memory of the direct map, mapped and unmapped here. */
bool is_one_range_mapped(struct trial *x, void *p, size_t size);

/* Runs of contiguous physical memory behind the pages of a kernel buffer of any kind, as
 * the device finds them when it is given the pages one by one; 0 when it cannot say. */
unsigned long device_runs(struct trial *x, void *p, size_t size);

#endif
