/* SPDX-License-Identifier: MIT */
/*
 * The contiguous memory area: which pages of it are given to somebody as a range.  One bit
 * a page; the others are the page allocator's, in page blocks of MIGRATE_CMA.
 *
 * One range is made at a time, under a mutex: two that share a page block would undo each
 * other's isolation.
 */
#include <linux/bitops.h>
#include <linux/cma.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/sprintf.h>
#include "mm/cma.h"
#include "mm/contig.h"
#include "mm/highmem.h"
#include "mm/memblock.h"
#include "mm/platform.h"
#include "mm/reset.h"
#include "mm/zone.h"

static struct {
	unsigned long wanted; /* bytes; (b) */
	unsigned long start, nr; /* (b) frames */
	struct mutex making; /* held while a range is made */
	spinlock_t lock; /* guards what follows */
	unsigned long *used; /* a bit a page */
	struct cma_info info;
} cma;

void cma_reset(void)
{
	cma.wanted = cma.start = cma.nr = 0;
	cma.used = NULL;
	cma.info = (struct cma_info){ 0 };
	mutex_init(&cma.making);
	spin_lock_init(&cma.lock);
}

/* --- boot --- */

int cma_setup(const char *value)
{
	char *end;
	unsigned long long size = memparse(value, &end);

	if (end == value || *end || size > 1ULL << 40)
		return -EINVAL;
	cma.wanted = ALIGN(size, MAX_ORDER_SIZE);
	return 0;
}

/* In one zone, with a direct map, and where 32-bit devices reach it. */
void cma_keep(void)
{
	phys_addr_t top = min(PFN_PHYS(MAX_DMA32_PFN), highmem_start());
	phys_addr_t base;

	mutex_init(&cma.making);
	spin_lock_init(&cma.lock);
	if (!cma.wanted)
		return;
	base = memblock_phys_alloc_range(cma.wanted, MAX_ORDER_SIZE,
					 PFN_PHYS(MAX_DMA_PFN), top);
	if (base)
		cma.used = memblock_alloc(
			BITS_TO_LONGS(PHYS_PFN(cma.wanted)) * sizeof(long), 0);
	if (!cma.used) {
		pr_warn("cma=%lu: no such piece of memory\n", cma.wanted);
		if (base)
			memblock_phys_free(base, cma.wanted);
		return;
	}
	cma.start = PHYS_PFN(base);
	cma.nr = PHYS_PFN(cma.wanted);
}

void cma_lend(void)
{
	if (!cma.nr)
		return;
	if (memblock_release_late(PFN_PHYS(cma.start), PFN_PHYS(cma.nr))) {
		pr_warn("cma: no room in the table of boot memory\n");
		cma.nr = 0;
		return;
	}
	zone_add_cma(&zones[pfn_zone(cma.start)], cma.start, cma.start + cma.nr,
		     platform_ram_is_zeroed());
}

/* --- the map of pages --- */

/* Are pages [bit, bit + n) all not given to anybody?  If not, *last is one of them that
 * is, the highest in its word. */
static bool unused(unsigned long bit, unsigned long n, unsigned long *last)
{
	for (unsigned long end = bit + n; bit < end;) {
		unsigned long word = bit / BITS_PER_LONG, from = bit % BITS_PER_LONG;
		unsigned long stop = min(end - word * BITS_PER_LONG, 64UL);
		unsigned long bits = cma.used[word] & (~0UL << from) &
				     (~0UL >> (BITS_PER_LONG - stop));

		if (bits) {
			*last = word * BITS_PER_LONG + 63 -
				(unsigned long)__builtin_clzl(bits);
			return false;
		}
		bit = (word + 1) * BITS_PER_LONG;
	}
	return true;
}

static void mark(unsigned long bit, unsigned long n, bool used)
{
	for (unsigned long end = bit + n; bit < end; bit++) {
		if (used)
			__set_bit((unsigned int)bit, cma.used);
		else
			__clear_bit((unsigned int)bit, cma.used);
	}
}

/* Marks n unused pages from `bit` on, at a multiple of 1 << align frames, as used; false:
 * there are none.  *at is the first one. */
static bool claim_range(unsigned long bit, unsigned long n, unsigned int align,
			unsigned long *at)
{
	unsigned long step = 1UL << align, last, flags;
	bool found = false;

	spin_lock_irqsave(&cma.lock, flags);
	bit = ALIGN(cma.start + bit, step) - cma.start;
	while (!found && bit <= cma.nr && n <= cma.nr - bit) {
		found = unused(bit, n, &last);
		if (found)
			mark(bit, n, true);
		else
			bit = ALIGN(cma.start + last + 1, step) - cma.start;
	}
	cma.info.used += found ? n : 0;
	spin_unlock_irqrestore(&cma.lock, flags);
	*at = bit;
	return found;
}

static void drop_range(unsigned long bit, unsigned long n)
{
	unsigned long flags;

	spin_lock_irqsave(&cma.lock, flags);
	mark(bit, n, false);
	cma.info.used -= n;
	spin_unlock_irqrestore(&cma.lock, flags);
}

/* --- allocating --- */

/* The first place where it can be done. */
static struct page *make_range(unsigned long count, unsigned int align, gfp_t gfp)
{
	unsigned long bit = 0;

	while (claim_range(bit, count, align, &bit)) {
		unsigned long pfn = cma.start + bit;
		int err = alloc_contig_range(pfn, pfn + count, gfp);

		if (!err)
			return pfn_to_page(pfn);
		drop_range(bit, count);
		if (err == -ENOMEM)
			break;
		cma.info.busy++;
		bit++;
	}
	return NULL;
}

static struct page *alloc_from_area(unsigned long count, unsigned int align, gfp_t gfp)
{
	struct page *page = NULL;

	if (!cma.nr || !count || align > MAX_ORDER)
		return NULL;
	if (in_atomic()) {
		platform_context_violation("cma_alloc() in atomic context");
		return NULL;
	}
	mutex_lock(&cma.making);
	page = make_range(count, align, gfp);
	if (page)
		cma.info.allocs++;
	else
		cma.info.failures++;
	mutex_unlock(&cma.making);
	if (!page && !(gfp & __GFP_NOWARN))
		pr_warn("cma_alloc: no %lu pages in a row, aligned to %lu, of %lu\n",
			count, 1UL << align, cma.nr);
	return page;
}

struct page *cma_alloc(unsigned long count, unsigned int align, bool no_warn)
{
	return alloc_from_area(count, align, GFP_KERNEL | (no_warn ? __GFP_NOWARN : 0));
}

static bool all_used(unsigned long bit, unsigned long n)
{
	for (unsigned long i = bit; i < bit + n; i++)
		if (!test_bit((unsigned int)i, cma.used))
			return false;
	return true;
}

bool cma_release(const struct page *pages, unsigned long count)
{
	unsigned long pfn = page_to_pfn(pages), flags;
	bool good;

	if (pfn < cma.start || pfn - cma.start >= cma.nr || !count ||
	    count > cma.nr - (pfn - cma.start))
		return false;
	spin_lock_irqsave(&cma.lock, flags);
	good = all_used(pfn - cma.start, count);
	spin_unlock_irqrestore(&cma.lock, flags);
	if (!good)
		return false;
	free_contig_range(pfn, count);
	drop_range(pfn - cma.start, count);
	return true;
}

struct page *dma_alloc_contiguous(struct device *dev, size_t size, gfp_t gfp)
{
	unsigned int align = min_t(unsigned int, get_order(size), MAX_ORDER);

	(void)dev;
	if (!gfpflags_allow_blocking(gfp))
		return NULL;
	return alloc_from_area(PFN_UP(size), align, gfp | __GFP_ZERO);
}

bool dma_free_contiguous(struct device *dev, const struct page *page, size_t size)
{
	(void)dev;
	return cma_release(page, PFN_UP(size));
}

/* --- what can be read about it --- */

phys_addr_t cma_get_base(void)
{
	return PFN_PHYS(cma.start);
}

unsigned long cma_get_size(void)
{
	return PFN_PHYS(cma.nr);
}

void cma_info(struct cma_info *info)
{
	unsigned long flags;

	spin_lock_irqsave(&cma.lock, flags);
	*info = cma.info;
	spin_unlock_irqrestore(&cma.lock, flags);
}
