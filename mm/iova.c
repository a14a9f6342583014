/* SPDX-License-Identifier: MIT */
/*
 * I/O virtual addresses: the tree behind the magazines (iova_rcache.c).
 *
 * Addresses are given from the top of what the device reaches downwards, each range at a
 * multiple of its size: neighbours are then of like size, a large range can be had after
 * many small ones, and a scatter list cannot cross a boundary that is not smaller than it.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include "mm/iova_internal.h"
#include "mm/reset.h"

static LIST_HEAD(domains); /* guarded by domains_lock */
static DEFINE_SPINLOCK(domains_lock);
static struct fault_attr fail_iova;

void iova_reset(void)
{
	INIT_LIST_HEAD(&domains);
	fail_iova = (struct fault_attr){ 0 };
}

int fail_iova_setup(const char *arg)
{
	return setup_fault_attr(&fail_iova, arg);
}

bool iova_fails(unsigned long size)
{
	return unlikely(fail_iova.probability) && should_fail(&fail_iova, (ssize_t)size);
}

void init_iova_domain(struct iova_domain *iovad, unsigned long start_pfn,
		      unsigned long end_pfn)
{
	unsigned long flags;

	*iovad = (struct iova_domain){ .cpu_rcaches = NULL };
	range_tree_init(&iovad->tree, max(start_pfn, 1UL), end_pfn);
	spin_lock_irqsave(&domains_lock, flags);
	list_add_tail(&iovad->node, &domains);
	spin_unlock_irqrestore(&domains_lock, flags);
}

void put_iova_domain(struct iova_domain *iovad)
{
	unsigned long flags;

	spin_lock_irqsave(&domains_lock, flags);
	list_del(&iovad->node);
	spin_unlock_irqrestore(&domains_lock, flags);
	iova_free_rcaches(iovad);
	while (range_first(&iovad->tree) != &iovad->tree.tail) {
		struct range *range = range_first(&iovad->tree);

		range_tree_remove(&iovad->tree, range);
		kfree(to_iova(range));
	}
}

void iova_drain_all(void)
{
	struct iova_domain *iovad;
	unsigned long flags;

	spin_lock_irqsave(&domains_lock, flags);
	list_for_each_entry (iovad, &domains, node) {
		iova_drain(iovad);
	}
	spin_unlock_irqrestore(&domains_lock, flags);
}

/* A new range was given `pages` of the tree; the lock is held. */
static void count_range(struct iova_domain *iovad, const struct iova *iova)
{
	iovad->counts.ranges++;
	iovad->counts.pages += iova->range.end - iova->range.start;
	iovad->counts.reserved += iova->reserved;
}

static struct iova *new_iova(void)
{
	return kmalloc(sizeof(struct iova), GFP_ATOMIC | __GFP_NOWARN);
}

struct iova *iova_tree_alloc(struct iova_domain *iovad, unsigned long size,
			     unsigned long limit_pfn, unsigned long align)
{
	struct iova *iova = new_iova();
	unsigned long flags;
	int err = iova ? 0 : -ENOMEM;

	spin_lock_irqsave(&iovad->lock, flags);
	if (!err)
		err = range_tree_alloc_high(&iovad->tree, &iova->range, size, align,
					    limit_pfn + 1);
	if (!err) {
		iova->reserved = false;
		count_range(iovad, iova);
		iovad->counts.slow++;
	}
	spin_unlock_irqrestore(&iovad->lock, flags);
	if (!err)
		return iova;
	kfree(iova);
	return NULL;
}

void iova_count_failure(struct iova_domain *iovad)
{
	unsigned long flags;

	spin_lock_irqsave(&iovad->lock, flags);
	iovad->counts.failed++;
	spin_unlock_irqrestore(&iovad->lock, flags);
}

struct iova *alloc_iova(struct iova_domain *iovad, unsigned long size,
			unsigned long limit_pfn, bool size_aligned)
{
	struct iova *iova = NULL;

	if (size && size <= IOVA_SIZE_MAX && limit_pfn < ~0UL && !iova_fails(size))
		iova = iova_tree_alloc(iovad, size, limit_pfn,
				       size_aligned ? roundup_pow_of_two(size) : 1);
	if (!iova)
		iova_count_failure(iovad);
	return iova;
}

/* The range of `size` pages (0: any) that contains pfn leaves the tree; NULL: there is none
 * that can. */
static struct iova *take_out(struct iova_domain *iovad, unsigned long pfn,
			     unsigned long size)
{
	struct range *range = range_tree_find(&iovad->tree, pfn);

	if (!range || to_iova(range)->reserved ||
	    (size && (range->start != pfn || range->end - pfn != size))) {
		iovad->counts.bad_frees++;
		return NULL;
	}
	range_tree_remove(&iovad->tree, range);
	iovad->counts.ranges--;
	iovad->counts.pages -= range->end - range->start;
	return to_iova(range);
}

void iova_tree_free(struct iova_domain *iovad, unsigned long pfn, unsigned long size)
{
	unsigned long flags;
	struct iova *iova;

	spin_lock_irqsave(&iovad->lock, flags);
	iova = take_out(iovad, pfn, size);
	spin_unlock_irqrestore(&iovad->lock, flags);
	if (!iova)
		pr_err("iova: free of %lu pages at frame %#lx, which is no range\n", size,
		       pfn);
	kfree(iova);
}

void free_iova(struct iova_domain *iovad, unsigned long pfn)
{
	iova_tree_free(iovad, pfn, 0);
}

/* The first gap in [lo, hi) becomes *iova's; false: there is none.  The lock is held. */
static bool fill_gap(struct iova_domain *iovad, struct iova *iova, unsigned long lo,
		     unsigned long hi)
{
	struct range *above = range_tree_above(&iovad->tree, lo);

	for (; above && above->start <= lo; above = range_tree_above(&iovad->tree, lo))
		lo = above->end;
	if (lo >= hi)
		return false;
	iova->range.start = lo;
	iova->range.end = above ? min(above->start, hi) : hi;
	iova->reserved = true;
	if (range_tree_insert(&iovad->tree, &iova->range))
		return false;
	count_range(iovad, iova);
	return true;
}

int reserve_iova(struct iova_domain *iovad, unsigned long pfn_lo, unsigned long pfn_hi)
{
	unsigned long lo = max(pfn_lo, iovad->tree.head.end);
	unsigned long hi = min(pfn_hi, iovad->tree.tail.start - 1) + 1, flags;
	struct iova *iova;
	bool more = lo < hi;

	while (more) {
		iova = new_iova();
		if (!iova)
			return -ENOMEM;
		spin_lock_irqsave(&iovad->lock, flags);
		more = fill_gap(iovad, iova, lo, hi);
		spin_unlock_irqrestore(&iovad->lock, flags);
		if (!more)
			kfree(iova);
	}
	return 0;
}

bool iova_in_use(struct iova_domain *iovad, unsigned long pfn)
{
	unsigned long flags;
	bool used;

	spin_lock_irqsave(&iovad->lock, flags);
	used = range_tree_find(&iovad->tree, pfn);
	spin_unlock_irqrestore(&iovad->lock, flags);
	return used;
}

void iova_get_stats(struct iova_domain *iovad, struct iova_stats *stats)
{
	unsigned long flags;

	spin_lock_irqsave(&iovad->lock, flags);
	*stats = iovad->counts;
	spin_unlock_irqrestore(&iovad->lock, flags);
	iova_rcache_stats(iovad, stats);
}

static const char *tree_fault(struct iova_domain *iovad)
{
	const char *fault = range_tree_fault(&iovad->tree);
	struct iova_stats seen = { 0 };
	struct range *range;

	if (fault)
		return fault;
	range_tree_for_each(range, &iovad->tree)
	{
		seen.ranges++;
		seen.pages += range->end - range->start;
		seen.reserved += to_iova(range)->reserved;
	}
	if (seen.ranges != iovad->counts.ranges || seen.pages != iovad->counts.pages ||
	    seen.reserved != iovad->counts.reserved)
		return "wrong counts";
	return NULL;
}

int iova_verify(struct iova_domain *iovad)
{
	const char *fault = tree_fault(iovad);

	if (!fault)
		fault = iova_rcache_fault(iovad);
	if (!fault)
		return 0;
	pr_err("iova: %s\n", fault);
	return -EINVAL;
}
