/* SPDX-License-Identifier: MIT */
/*
 * I/O virtual addresses (include/linux/iova.h): who uses which pages of a device's address
 * space.  Numbers are page frames of that space (IOVA >> PAGE_SHIFT), sizes are pages.
 *
 * A domain is a balanced tree of ranges, filled from the top down, and in front of it, for
 * powers of two up to 32 pages, magazines of free ranges for each CPU and a depot that all
 * CPUs share.  A range in a magazine is free for alloc_iova_fast() and taken for the tree.
 *
 * All calls work in any context.
 */
#ifndef _LINUX_IOVA_H
#define _LINUX_IOVA_H

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <mm/range_tree.h>

#define IOVA_RANGE_CACHE_MAX_SIZE 6 /* orders that are cached: 1, 2, ... 32 pages */
#define IOVA_MAG_SIZE		  62 /* ranges in a magazine */
#define MAX_GLOBAL_MAGS		  32 /* full magazines in the depot of an order */

/* A range in use: pages range.start up to, not including, range.end. */
struct iova {
	struct range range;
	bool reserved; /* by reserve_iova(): never given back */
};

/* How often what happened; read without a lock. */
struct iova_stats {
	unsigned long ranges; /* in the tree, reserved ones and cached ones included */
	unsigned long pages; /* in them */
	unsigned long reserved; /* of the ranges, those nobody can have */
	unsigned long cached; /* of the ranges, those waiting in magazines */
	unsigned long fast; /* allocations served from a magazine */
	unsigned long slow; /* and from the tree */
	unsigned long failed;
	unsigned long drains; /* magazines emptied because the tree had nothing */
	unsigned long bad_frees; /* of what was not allocated; nothing changed */
};

struct iova_cpu_rcache;
struct iova_magazine;

struct iova_domain {
	spinlock_t lock; /* guards tree and counts; any context */
	struct range_tree tree;
	struct iova_stats counts; /* but for cached, fast and drains */

	struct iova_cpu_rcache *cpu_rcaches; /* [cpu]; NULL: none */
	spinlock_t depot_lock; /* guards what follows */
	struct iova_magazine *depot[IOVA_RANGE_CACHE_MAX_SIZE]; /* full ones, linked */
	unsigned int depot_size[IOVA_RANGE_CACHE_MAX_SIZE];
	struct list_head node; /* of all domains */
};

/* The pages [start_pfn, end_pfn) are free.  Page 0 is not: start_pfn > 0. */
void init_iova_domain(struct iova_domain *iovad, unsigned long start_pfn,
		      unsigned long end_pfn);
/* Magazines for it.  -ENOMEM: it works without. */
int iova_domain_init_rcaches(struct iova_domain *iovad);
/* Forgets everything, ranges in use included. */
void put_iova_domain(struct iova_domain *iovad);

/* The highest free range that ends at or below limit_pfn (the last page it may hold); with
 * size_aligned its start is a multiple of size, rounded up to a power of two.  NULL: there
 * is none, or no memory for it. */
struct iova *alloc_iova(struct iova_domain *iovad, unsigned long size,
			unsigned long limit_pfn, bool size_aligned);
/* Gives back the range that contains pfn, or reports that there is none. */
void free_iova(struct iova_domain *iovad, unsigned long pfn);
/* Takes [pfn_lo, pfn_hi] out of use for ever; parts that are taken or outside the domain
 * are passed over.  -ENOMEM. */
int reserve_iova(struct iova_domain *iovad, unsigned long pfn_lo, unsigned long pfn_hi);
/* Is pfn in a range of the tree? */
bool iova_in_use(struct iova_domain *iovad, unsigned long pfn);

/* The same through the magazines: size-aligned; sizes up to 32 pages are rounded up to a
 * power of two.  0: none.  flush_rcache: empty the magazines rather than fail. */
unsigned long alloc_iova_fast(struct iova_domain *iovad, unsigned long size,
			      unsigned long limit_pfn, bool flush_rcache);
/* size as it was asked for. */
void free_iova_fast(struct iova_domain *iovad, unsigned long pfn, unsigned long size);

/* Empties all magazines and gives their memory back: of one domain, of all. */
void iova_drain(struct iova_domain *iovad);
void iova_drain_all(void);

void iova_get_stats(struct iova_domain *iovad, struct iova_stats *stats);
/* Walks everything; 0, or -EINVAL after one printed line for the first thing wrong.  No call
 * on the domain is in flight. */
int iova_verify(struct iova_domain *iovad);
/* fail_iova=interval,probability,space,times: allocations that fail on purpose.  -EINVAL. */
int fail_iova_setup(const char *arg);

static inline unsigned long iova_pfn(dma_addr_t iova)
{
	return (unsigned long)(iova >> PAGE_SHIFT);
}

#endif
