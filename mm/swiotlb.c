/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers: pools of slots, and which mapping has which.
 *
 * A pool is one block of memory that lies below some mask; a device uses any pool that lies
 * below its own.  Linux takes 64 MiB at boot, below 4 GiB; here a device that cannot reach
 * all of RAM says so first (dma_set_mask), and what it needs is made then: below 16 MiB
 * where nothing else is low enough.
 *
 * What a slot is for is kept outside of it, so a device that writes beyond its mapping can
 * spoil other bytes in flight, but nothing that is relied on here.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/fault-inject.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/swiotlb.h>
#include "mm/dma_internal.h"
#include "mm/platform.h"
#include "mm/reset.h"

#define SLOTS_MAX 2048U

/* One for each slot. */
struct slot {
	phys_addr_t orig; /* of the byte that the slot's first byte stands for */
	unsigned int first; /* of its mapping: number of that slot + 1; 0: not in use */
	unsigned int bytes; /* at the mapping's first slot: of the mapping */
};

struct pool {
	struct pool *next; /* pools are added in front, and read without a lock */
	phys_addr_t start, end;
	unsigned int n; /* slots */
	spinlock_t lock; /* guards what follows */
	unsigned int used; /* slots */
	unsigned int hint; /* where the last search ended */
	struct slot slot[];
};

static struct pool *pools; /* grows under pools_lock; shrinks when nobody maps */
static DEFINE_SPINLOCK(pools_lock);
static unsigned int pool_slots = IO_TLB_SLOTS;
static bool force, forbidden;
static struct fault_attr fail_swiotlb;
static struct {
	atomic_long_t mappings, bytes_out, bytes_in, full, bad;
} counts;

void swiotlb_reset(void)
{
	pools = NULL;
	pool_slots = IO_TLB_SLOTS;
	force = forbidden = false;
	fail_swiotlb = (struct fault_attr){ 0 };
	memset(&counts, 0, sizeof(counts));
}

/* --- options ------------------------------------------------------------------------------- */

static bool parse_word(const char *word, size_t length, unsigned int *slots, bool *all,
		       bool *none)
{
	unsigned long n = 0;

	if (length == 5 && !memcmp(word, "force", 5))
		return *all = true;
	if (length == 7 && !memcmp(word, "noforce", 7))
		return *none = true;
	if (!length || length > 4)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		n = n * 10 + (unsigned long)(word[i] - '0');
	}
	if (!is_power_of_2(n) || n < IO_TLB_SEGSIZE || n > SLOTS_MAX)
		return false;
	*slots = (unsigned int)n;
	return true;
}

int swiotlb_setup(const char *arg)
{
	unsigned int slots = IO_TLB_SLOTS;
	bool all = false, none = false;

	for (;;) {
		const char *comma = strchr(arg, ',');
		size_t length = comma ? (size_t)(comma - arg) : strlen(arg);

		if (!parse_word(arg, length, &slots, &all, &none))
			return -EINVAL;
		if (!comma)
			break;
		arg = comma + 1;
	}
	if (all && none)
		return -EINVAL;
	pool_slots = slots;
	force = all;
	forbidden = none;
	return 0;
}

bool swiotlb_forced(void)
{
	return force;
}

int fail_swiotlb_setup(const char *arg)
{
	return setup_fault_attr(&fail_swiotlb, arg);
}

/* --- pools --------------------------------------------------------------------------------- */

static struct pool *first_pool(void)
{
	return __atomic_load_n(&pools, __ATOMIC_ACQUIRE);
}

static size_t pool_bytes(unsigned int slots)
{
	return (size_t)slots << IO_TLB_SHIFT;
}

static bool below(const struct pool *p, u64 mask)
{
	return p->end - 1 <= mask;
}

/* A pool below the mask, or NULL: no memory, or none that is low enough. */
static struct pool *new_pool(u64 mask, unsigned int slots, gfp_t gfp)
{
	struct pool *p = kvzalloc(sizeof(*p) + slots * sizeof(p->slot[0]), gfp);
	void *at;

	if (!p)
		return NULL;
	at = dma_alloc_in_zones(mask, pool_bytes(slots), gfp | __GFP_NOWARN);
	if (!at) {
		kvfree(p);
		return NULL;
	}
	p->n = slots;
	p->start = virt_to_phys(at);
	p->end = p->start + pool_bytes(slots);
	return p;
}

int swiotlb_prepare(struct device *dev)
{
	u64 mask = dma_get_mask(dev);
	unsigned int slots = pool_slots;
	struct pool *p = NULL;
	unsigned long flags;

	if (forbidden)
		return -ENODEV;
	for (p = first_pool(); p; p = p->next)
		if (below(p, mask))
			return 0;
	/* Low memory is small: less is better than none. */
	while (!(p = new_pool(mask, slots, GFP_KERNEL)) && slots > IO_TLB_SEGSIZE)
		slots /= 2;
	if (!p) {
		dev_warn(dev, "no memory for bounce buffers below %#llx\n",
			 (unsigned long long)mask);
		return -ENOMEM;
	}
	pr_info("swiotlb: %lu KiB at %#llx\n", pool_bytes(p->n) / 1024,
		(unsigned long long)p->start);
	spin_lock_irqsave(&pools_lock, flags);
	p->next = pools;
	__atomic_store_n(&pools, p, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&pools_lock, flags);
	return 0;
}

unsigned int swiotlb_release_unused(unsigned int keep)
{
	struct pool **link = &pools, *p, *unused = NULL;
	unsigned int released = 0, n = 0;
	unsigned long flags;

	spin_lock_irqsave(&pools_lock, flags);
	for (p = pools; p; p = p->next)
		n++;
	/* The newest come first. */
	for (; n > keep && (p = *link); n--) {
		if (p->used) {
			link = &p->next;
			continue;
		}
		*link = p->next;
		p->next = unused;
		unused = p;
	}
	spin_unlock_irqrestore(&pools_lock, flags);
	for (; (p = unused); released++) {
		unused = p->next;
		free_pages_exact(__va(p->start), pool_bytes(p->n));
		kvfree(p);
	}
	return released;
}

static struct pool *pool_of(phys_addr_t phys)
{
	struct pool *p = first_pool();

	while (p && (phys < p->start || phys >= p->end))
		p = p->next;
	return p;
}

bool is_swiotlb_buffer(phys_addr_t phys)
{
	return pool_of(phys);
}

/* --- slots; the pool's lock is held -------------------------------------------------------- */

static unsigned int slots_for(size_t size)
{
	return (unsigned int)((size + IO_TLB_SIZE - 1) >> IO_TLB_SHIFT);
}

/* Is [i, i + n) free, and on one side of the boundary?  Else *next is where to look next. */
static bool fits(const struct pool *p, unsigned int i, unsigned int n, u64 boundary,
		 unsigned int *next)
{
	phys_addr_t at = p->start + pool_bytes(i);

	for (unsigned int k = i + n; k-- > i;)
		if (p->slot[k].first) {
			*next = k + 1;
			return false;
		}
	*next = i + 1;
	return (at & boundary) + pool_bytes(n) - 1 <= boundary;
}

/* The first of n free slots in a row from `from` on, or p->n. */
static unsigned int search(const struct pool *p, unsigned int from, unsigned int n,
			   unsigned int stride, u64 boundary)
{
	unsigned int next;

	for (unsigned int i = ALIGN(from, stride); i + n <= p->n; i = ALIGN(next, stride))
		if (fits(p, i, n, boundary, &next))
			return i;
	return p->n;
}

/* What spans pages begins at one, as the buffers do that it stands for. */
static unsigned int find_slots(struct pool *p, unsigned int n, u64 boundary)
{
	unsigned int stride = pool_bytes(n) >= PAGE_SIZE ? PAGE_SIZE >> IO_TLB_SHIFT : 1;
	unsigned int i = search(p, p->hint, n, stride, boundary);

	if (i == p->n)
		i = search(p, 0, n, stride, boundary);
	if (i < p->n)
		p->hint = i + n;
	return i;
}

static phys_addr_t take_slots(struct pool *p, phys_addr_t orig, size_t size, u64 boundary)
{
	unsigned int n = slots_for(size), i;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, flags);
	i = find_slots(p, n, boundary);
	if (i < p->n) {
		p->slot[i].bytes = (unsigned int)size;
		for (unsigned int k = 0; k < n; k++) {
			p->slot[i + k].first = i + 1;
			p->slot[i + k].orig = orig + pool_bytes(k);
		}
		p->used += n;
	}
	spin_unlock_irqrestore(&p->lock, flags);
	return i < p->n ? p->start + pool_bytes(i) : PHYS_ADDR_MAX;
}

/* Where in memory the bytes at tlb belong, when [tlb, tlb + size) lies in one mapping;
 * PHYS_ADDR_MAX: it does not.  *whole: it is all of it. */
static phys_addr_t orig_of(struct pool *p, phys_addr_t tlb, size_t size, bool *whole)
{
	unsigned int i = (unsigned int)((tlb - p->start) >> IO_TLB_SHIFT), first;
	phys_addr_t start, orig = PHYS_ADDR_MAX;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, flags);
	first = p->slot[i].first;
	if (first) {
		start = p->start + pool_bytes(first - 1);
		if (size && size <= p->slot[first - 1].bytes &&
		    tlb - start <= p->slot[first - 1].bytes - size)
			orig = p->slot[first - 1].orig + (tlb - start);
		*whole = tlb == start && size == p->slot[first - 1].bytes;
	}
	spin_unlock_irqrestore(&p->lock, flags);
	return orig;
}

static void give_slots(struct pool *p, phys_addr_t tlb, size_t size)
{
	unsigned int i = (unsigned int)((tlb - p->start) >> IO_TLB_SHIFT);
	unsigned int n = slots_for(size);
	unsigned long flags;

	spin_lock_irqsave(&p->lock, flags);
	memset(&p->slot[i], 0, n * sizeof(p->slot[0]));
	p->used -= n;
	spin_unlock_irqrestore(&p->lock, flags);
}

/* --- bytes --------------------------------------------------------------------------------- */

/* Between slots, which the direct map shows, and memory, which it need not. */
static void copy(phys_addr_t orig, phys_addr_t tlb, size_t size, bool out)
{
	char *slot = __va(tlb);

	atomic_long_add((long)size, out ? &counts.bytes_out : &counts.bytes_in);
	while (size) {
		struct page *page = pfn_to_page(orig >> PAGE_SHIFT);
		size_t offset = offset_in_page(orig), now = min(size, PAGE_SIZE - offset);

		if (out)
			memcpy_from_page(slot, page, offset, now);
		else
			memcpy_to_page(page, offset, slot, now);
		orig += now;
		slot += now;
		size -= now;
	}
}

phys_addr_t swiotlb_map(struct device *dev, phys_addr_t phys, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	u64 mask = dma_get_mask(dev), boundary = dma_get_seg_boundary(dev);
	phys_addr_t tlb = PHYS_ADDR_MAX;

	(void)dir;
	if (size <= swiotlb_max_mapping_size() &&
	    !(unlikely(fail_swiotlb.probability) &&
	      should_fail(&fail_swiotlb, (ssize_t)size)))
		for (struct pool *p = first_pool(); p && tlb == PHYS_ADDR_MAX;
		     p = p->next)
			if (below(p, mask))
				tlb = take_slots(p, phys, size, boundary);
	if (tlb == PHYS_ADDR_MAX) {
		atomic_long_inc(&counts.full);
		if (!(attrs & DMA_ATTR_NO_WARN) &&
		    dma_first_trouble(dev, DMA_TROUBLE_MASK))
			dev_err(dev, "no bounce buffer of %lu bytes below %#llx\n", size,
				(unsigned long long)mask);
		return PHYS_ADDR_MAX;
	}
	atomic_long_inc(&counts.mappings);
	/* In any direction: else the device would see, or hand back, what a slot held for
	 * somebody else. */
	copy(phys, tlb, size, true);
	return tlb;
}

static bool device_writes(enum dma_data_direction dir)
{
	return dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL;
}

static bool device_reads(enum dma_data_direction dir)
{
	return dir == DMA_TO_DEVICE || dir == DMA_BIDIRECTIONAL;
}

static bool refuse(void)
{
	atomic_long_inc(&counts.bad);
	return false;
}

bool swiotlb_unmap(struct device *dev, phys_addr_t tlb, size_t size,
		   enum dma_data_direction dir, unsigned long attrs)
{
	struct pool *p = pool_of(tlb);
	phys_addr_t orig = PHYS_ADDR_MAX;
	bool whole = false;

	(void)dev;
	if (p)
		orig = orig_of(p, tlb, size, &whole);
	if (orig == PHYS_ADDR_MAX || !whole)
		return refuse();
	if (device_writes(dir) && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		copy(orig, tlb, size, false);
	give_slots(p, tlb, size);
	return true;
}

/* `wanted`: bytes move in this direction at all. */
static bool sync(phys_addr_t tlb, size_t size, bool wanted, bool out)
{
	struct pool *p = pool_of(tlb);
	phys_addr_t orig = PHYS_ADDR_MAX;
	bool whole;

	if (p)
		orig = orig_of(p, tlb, size, &whole);
	if (orig == PHYS_ADDR_MAX)
		return refuse();
	if (wanted)
		copy(orig, tlb, size, out);
	return true;
}

bool swiotlb_sync_for_cpu(struct device *dev, phys_addr_t tlb, size_t size,
			  enum dma_data_direction dir)
{
	(void)dev;
	return sync(tlb, size, device_writes(dir), false);
}

bool swiotlb_sync_for_device(struct device *dev, phys_addr_t tlb, size_t size,
			     enum dma_data_direction dir)
{
	(void)dev;
	return sync(tlb, size, device_reads(dir), true);
}

/* --- reports ------------------------------------------------------------------------------- */

void swiotlb_get_stats(struct swiotlb_stats *stats)
{
	*stats = (struct swiotlb_stats){
		.mappings = (unsigned long)atomic_long_read(&counts.mappings),
		.bytes_out = (unsigned long)atomic_long_read(&counts.bytes_out),
		.bytes_in = (unsigned long)atomic_long_read(&counts.bytes_in),
		.full = (unsigned long)atomic_long_read(&counts.full),
		.bad = (unsigned long)atomic_long_read(&counts.bad),
	};
	for (struct pool *p = first_pool(); p; p = p->next) {
		stats->pools++;
		stats->slots += p->n;
		stats->used += READ_ONCE(p->used);
	}
}

/* What is wrong with a pool, or NULL; its lock is held. */
static const char *pool_fault(const struct pool *p)
{
	unsigned int used = 0;

	if (p->end - p->start != pool_bytes(p->n))
		return "a pool is not as large as its slots";
	for (unsigned int i = 0, n; i < p->n; i += n) {
		n = p->slot[i].first ? slots_for(p->slot[i].bytes) : 1;
		if (p->slot[i].first && (!n || i + n > p->n))
			return "a mapping runs past its pool";
		for (unsigned int k = 0; p->slot[i].first && k < n; k++, used++)
			if (p->slot[i + k].first != i + 1 ||
			    p->slot[i + k].orig != p->slot[i].orig + pool_bytes(k))
				return "slots of a mapping disagree";
	}
	return used == p->used ? NULL : "wrong count of slots in use";
}

int swiotlb_verify(void)
{
	for (struct pool *p = first_pool(); p; p = p->next) {
		const char *fault;
		unsigned long flags;

		spin_lock_irqsave(&p->lock, flags);
		fault = pool_fault(p);
		spin_unlock_irqrestore(&p->lock, flags);
		if (!fault)
			continue;
		pr_err("swiotlb: pool at %#llx: %s\n", (unsigned long long)p->start,
		       fault);
		return -EINVAL;
	}
	return 0;
}
