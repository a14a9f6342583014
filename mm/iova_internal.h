/* SPDX-License-Identifier: MIT */
/* Between the tree of I/O addresses and the magazines in front of it. */
#ifndef MM_IOVA_INTERNAL_H
#define MM_IOVA_INTERNAL_H

#include <linux/fault-inject.h>
#include <linux/iova.h>

/* More pages than any request has; twice as many do not overflow. */
#define IOVA_SIZE_MAX (1UL << 62)

#define to_iova(r) container_of(r, struct iova, range)

/* The tree alone.  align is a power of two. */
struct iova *iova_tree_alloc(struct iova_domain *iovad, unsigned long size,
			     unsigned long limit_pfn, unsigned long align);
/* size 0: whatever range contains pfn; else exactly that one. */
void iova_tree_free(struct iova_domain *iovad, unsigned long pfn, unsigned long size);

bool iova_fails(unsigned long size);
void iova_count_failure(struct iova_domain *iovad);

/* The magazines alone. */
void iova_free_rcaches(struct iova_domain *iovad);
void iova_rcache_stats(struct iova_domain *iovad, struct iova_stats *stats);
/* What is wrong with them, or NULL. */
const char *iova_rcache_fault(struct iova_domain *iovad);

#endif
