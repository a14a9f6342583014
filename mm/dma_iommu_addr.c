/* SPDX-License-Identifier: MIT */
/*
 * Addresses for DMA, and when they are free again.
 *
 * Strict: once the IOMMU confirms the unmapping.  Lazy: the unmapping is handed to the IOMMU
 * and not waited for; the address waits in a queue of this CPU's until a flush has confirmed
 * everything that was queued before it began.  So a device with a stale address meets the old
 * buffer for a while, but never somebody else's.
 */
#include <linux/iommu.h>
#include <linux/slab.h>
#include "mm/dma_iommu.h"
#include "mm/platform.h"

static LIST_HEAD(cookies); /* guarded by cookies_lock */
static DEFINE_SPINLOCK(cookies_lock);
static bool lazy;

void (*iommu_dma_flush_wanted)(void);

void iommu_dma_reset(void)
{
	INIT_LIST_HEAD(&cookies);
	lazy = false;
	iommu_dma_flush_wanted = NULL;
}

bool iommu_dma_strict(void)
{
	return !lazy;
}

void iommu_set_dma_strict(bool strict)
{
	lazy = !strict;
}

/* --- the queue ----------------------------------------------------------------------------- */

static unsigned int fq_tail(struct iova_fq *fq)
{
	unsigned int tail;
	unsigned long flags;

	spin_lock_irqsave(&fq->lock, flags);
	tail = fq->tail;
	spin_unlock_irqrestore(&fq->lock, flags);
	return tail;
}

/* Entries up to `mark` are flushed: their addresses are free. */
static void fq_release(struct iommu_dma_cookie *cookie, struct iova_fq *fq,
		       unsigned int mark)
{
	unsigned long flags;

	spin_lock_irqsave(&fq->lock, flags);
	for (; (int)(mark - fq->head) > 0; fq->head++) {
		struct iova_fq_entry *e = &fq->entry[fq->head % IOVA_FQ_SIZE];

		free_iova_fast(&cookie->iovad, e->pfn, e->pages);
	}
	spin_unlock_irqrestore(&fq->lock, flags);
}

/* Only what was queued before the flush began can be released after it. */
static void flush(struct iommu_dma_cookie *cookie)
{
	unsigned int marks[NR_CPUS], n = num_possible_cpus();

	if (!cookie->fq)
		return;
	WRITE_ONCE(cookie->flush_wanted, false);
	for (unsigned int cpu = 0; cpu < n; cpu++)
		marks[cpu] = fq_tail(&cookie->fq[cpu]);
	iommu_flush_iotlb_all(cookie->domain);
	for (unsigned int cpu = 0; cpu < n; cpu++)
		fq_release(cookie, &cookie->fq[cpu], marks[cpu]);
	__atomic_fetch_add(&cookie->flushes, 1, __ATOMIC_RELAXED);
}

static bool fq_add(struct iova_fq *fq, unsigned long pfn, unsigned long pages)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&fq->lock, flags);
	room = fq->tail - fq->head < IOVA_FQ_SIZE;
	if (room)
		fq->entry[fq->tail++ % IOVA_FQ_SIZE] =
			(struct iova_fq_entry){ pfn, pages };
	spin_unlock_irqrestore(&fq->lock, flags);
	return room;
}

static void queue(struct iommu_dma_cookie *cookie, dma_addr_t iova, size_t size)
{
	/* Any CPU's queue is right; this one's is the one that nobody else wants. */
	struct iova_fq *fq = &cookie->fq[arch_cpu_id()];

	while (!fq_add(fq, iova_pfn(iova), size >> PAGE_SHIFT))
		flush(cookie);
	if (READ_ONCE(cookie->flush_wanted))
		return;
	WRITE_ONCE(cookie->flush_wanted, true);
	if (iommu_dma_flush_wanted)
		iommu_dma_flush_wanted();
}

/* No cookie goes while somebody flushes it: flushing is short, and any context. */
static void for_each_cookie(void (*fn)(struct iommu_dma_cookie *cookie))
{
	struct iommu_dma_cookie *cookie;
	unsigned long flags;

	spin_lock_irqsave(&cookies_lock, flags);
	list_for_each_entry (cookie, &cookies, node) {
		fn(cookie);
	}
	spin_unlock_irqrestore(&cookies_lock, flags);
}

void iommu_dma_flush(void)
{
	for_each_cookie(flush);
}

static void drain(struct iommu_dma_cookie *cookie)
{
	flush(cookie);
	iova_drain(&cookie->iovad);
}

void iommu_dma_drain(void)
{
	for_each_cookie(drain);
}

/* --- addresses ----------------------------------------------------------------------------- */

/* The last page all of whose bytes are at or below mask; 0: none that can be given. */
static unsigned long last_page_below(u64 mask)
{
	return mask >= PAGE_SIZE - 1 ? (mask - (PAGE_SIZE - 1)) >> PAGE_SHIFT : 0;
}

static unsigned long find_pages(struct iommu_dma_cookie *cookie, unsigned long pages,
				u64 mask)
{
	unsigned long last = last_page_below(mask), pfn = 0;

	/* What says 64 bits does not always have them all, nor do the bridges before it. */
	if (mask > DMA_BIT_MASK(32))
		pfn = alloc_iova_fast(&cookie->iovad, pages,
				      last_page_below(DMA_BIT_MASK(32)), false);
	if (!pfn && last)
		pfn = alloc_iova_fast(&cookie->iovad, pages, last, true);
	return pfn;
}

dma_addr_t iommu_dma_alloc_iova(struct iommu_dma_cookie *cookie, size_t size, u64 mask)
{
	unsigned long pages = size >> PAGE_SHIFT, pfn;

	pfn = find_pages(cookie, pages, mask);
	if (!pfn && cookie->fq) {
		flush(cookie);
		pfn = find_pages(cookie, pages, mask);
	}
	if (pfn)
		atomic_long_add((long)pages, &cookie->mapped_pages);
	return (dma_addr_t)pfn << PAGE_SHIFT;
}

void iommu_dma_free_iova(struct iommu_dma_cookie *cookie, dma_addr_t iova, size_t size)
{
	atomic_long_sub((long)(size >> PAGE_SHIFT), &cookie->mapped_pages);
	free_iova_fast(&cookie->iovad, iova_pfn(iova), size >> PAGE_SHIFT);
}

bool iommu_dma_unmap(struct iommu_dma_cookie *cookie, dma_addr_t iova, size_t size,
		     size_t mapped)
{
	struct iommu_iotlb_gather gather;
	size_t done;

	iommu_iotlb_gather_init(&gather);
	gather.queued = cookie->fq;
	done = iommu_unmap_fast(cookie->domain, iova, size, &gather);
	if (!gather.queued || done != mapped)
		iommu_iotlb_sync(cookie->domain, &gather);
	if (unlikely(done != mapped)) {
		atomic_long_inc(&cookie->bad_unmaps);
		return false;
	}
	if (!cookie->fq) {
		iommu_dma_free_iova(cookie, iova, size);
		return true;
	}
	atomic_long_sub((long)(size >> PAGE_SHIFT), &cookie->mapped_pages);
	queue(cookie, iova, size);
	return true;
}

/* --- cookies --------------------------------------------------------------------------------- */

/* Addresses that are no memory for the device, those of interrupts above all. */
static int reserve_regions(struct iommu_dma_cookie *cookie, struct device *dev)
{
	struct iommu_resv_region *r;
	LIST_HEAD(regions);
	int err = 0;

	iommu_get_resv_regions(dev, &regions);
	list_for_each_entry (r, &regions, list) {
		phys_addr_t last = r->start + (r->length - 1);

		if (!err && r->length && last >= r->start)
			err = reserve_iova(&cookie->iovad, iova_pfn(r->start),
					   iova_pfn(last));
	}
	iommu_put_resv_regions(&regions);
	return err;
}

static int make_queues(struct iommu_dma_cookie *cookie)
{
	cookie->fq = kvcalloc(num_possible_cpus(), sizeof(*cookie->fq), GFP_KERNEL);
	return cookie->fq ? 0 : -ENOMEM;
}

int iommu_dma_set_lazy(struct device *dev, bool on)
{
	struct iommu_dma_cookie *cookie;
	struct iova_fq *fq;
	unsigned long flags;

	if (!dev->iommu)
		return -ENODEV;
	cookie = dma_cookie(dev);
	if (on)
		return cookie->fq ? 0 : make_queues(cookie);
	flush(cookie);
	/* Who flushes all devices meanwhile is done with the queues. */
	spin_lock_irqsave(&cookies_lock, flags);
	fq = cookie->fq;
	cookie->fq = NULL;
	spin_unlock_irqrestore(&cookies_lock, flags);
	kvfree(fq);
	return 0;
}

static int fill_in(struct iommu_dma_cookie *cookie, struct device *dev)
{
	int err = reserve_regions(cookie, dev);

	if (!err)
		err = iova_domain_init_rcaches(&cookie->iovad);
	return err || !lazy ? err : make_queues(cookie);
}

int iommu_get_dma_cookie(struct iommu_domain *domain, struct device *dev)
{
	const struct iommu_domain_geometry *g = &domain->geometry;
	struct iommu_dma_cookie *cookie;
	unsigned long flags;

	if (!(domain->pgsize_bitmap & (PAGE_SIZE | (PAGE_SIZE - 1))) ||
	    g->aperture_end < PAGE_SIZE)
		return -EOPNOTSUPP;
	cookie = kzalloc(sizeof(*cookie), GFP_KERNEL);
	if (!cookie)
		return -ENOMEM;
	cookie->domain = domain;
	init_iova_domain(&cookie->iovad, PFN_UP(g->aperture_start),
			 last_page_below(g->aperture_end) + 1);
	domain->iova_cookie = cookie;
	spin_lock_irqsave(&cookies_lock, flags);
	list_add_tail(&cookie->node, &cookies);
	spin_unlock_irqrestore(&cookies_lock, flags);
	return fill_in(cookie, dev);
}

void iommu_put_dma_cookie(struct iommu_domain *domain)
{
	struct iommu_dma_cookie *cookie = domain->iova_cookie;
	unsigned long flags;

	if (!cookie)
		return;
	flush(cookie);
	spin_lock_irqsave(&cookies_lock, flags);
	list_del(&cookie->node);
	spin_unlock_irqrestore(&cookies_lock, flags);
	domain->iova_cookie = NULL;
	put_iova_domain(&cookie->iovad);
	kvfree(cookie->fq);
	kfree(cookie);
}

/* --- reports ------------------------------------------------------------------------------ */

static unsigned long queued_pages(struct iommu_dma_cookie *cookie)
{
	unsigned long pages = 0, flags;

	for (unsigned int cpu = 0; cookie->fq && cpu < num_possible_cpus(); cpu++) {
		struct iova_fq *fq = &cookie->fq[cpu];

		spin_lock_irqsave(&fq->lock, flags);
		for (unsigned int i = fq->head; i != fq->tail; i++)
			pages += fq->entry[i % IOVA_FQ_SIZE].pages;
		spin_unlock_irqrestore(&fq->lock, flags);
	}
	return pages;
}

int iommu_dma_get_stats(struct device *dev, struct iommu_dma_stats *stats)
{
	struct iommu_dma_cookie *cookie;
	struct iova_stats iova;

	if (!dev->iommu)
		return -ENODEV;
	cookie = dma_cookie(dev);
	iova_get_stats(&cookie->iovad, &iova);
	*stats = (struct iommu_dma_stats){
		.mapped_pages = (unsigned long)atomic_long_read(&cookie->mapped_pages),
		.queued_pages = queued_pages(cookie),
		.flushes = cookie->flushes,
		.bad_unmaps = (unsigned long)atomic_long_read(&cookie->bad_unmaps),
		.iova = { .fast = iova.fast, .slow = iova.slow },
	};
	return 0;
}

/* Every queued range is one that is taken. */
static bool queue_is_sound(struct iommu_dma_cookie *cookie)
{
	for (unsigned int cpu = 0; cookie->fq && cpu < num_possible_cpus(); cpu++) {
		const struct iova_fq *fq = &cookie->fq[cpu];

		if (fq->tail - fq->head > IOVA_FQ_SIZE)
			return false;
		for (unsigned int i = fq->head; i != fq->tail; i++)
			if (!iova_in_use(&cookie->iovad, fq->entry[i % IOVA_FQ_SIZE].pfn))
				return false;
	}
	return true;
}

int iommu_dma_verify(struct device *dev)
{
	struct iommu_dma_cookie *cookie;

	if (!dev->iommu)
		return 0;
	cookie = dma_cookie(dev);
	if (!queue_is_sound(cookie)) {
		dev_err(dev, "a queue of unmapped addresses holds what is free\n");
		return -EINVAL;
	}
	return iova_verify(&cookie->iovad);
}
