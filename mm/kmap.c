/* SPDX-License-Identifier: MIT */
/*
 * Mappings of single pages of high memory.
 *
 * kmap() gives a page one of LAST_PKMAP slots, at the same address for all CPUs.  A slot
 * whose last user is gone stays mapped, "idle": the same page may come again, and taking
 * it down costs a flush of every TLB.  Only when no slot is left all idle ones are taken
 * down, with one flush for all; and when none is idle either, the caller waits for a
 * kunmap().
 *
 *	FREE --kmap--> USED <--kmap, kunmap--> IDLE --flush--> FREE
 *
 * kmap_local_page() uses a stack of slots that each CPU has for itself; as only this CPU
 * looks there, flushing is one instruction, and preemption stays off meanwhile.
 *
 * Behind each slot one page of addresses stays empty: running past the end of the mapped
 * page faults.  The page tables of all slots are made at boot, so mapping never allocates.
 */
#include <linux/highmem.h>
#include <linux/irqflags.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "mm/highmem.h"
#include "mm/platform.h"
#include "mm/reset.h"
#include "mm/zone.h"

#define SLOT_SIZE   (2 * PAGE_SIZE)
#define LOCAL_START (KMAP_START + LAST_PKMAP * SLOT_SIZE)
#define BUCKETS	    128U
#define NO_SLOT	    0xffff

_Static_assert(LOCAL_START + NR_CPUS * KMAP_LOCAL_SIZE <= KMAP_END,
	       "slots have addresses");
_Static_assert(LAST_PKMAP < NO_SLOT, "a slot's number has 16 bits");

struct slot {
	struct page *page; /* mapped here; NULL: the slot is free, or being taken down */
	unsigned int users; /* 0: idle */
	u16 next; /* in its bucket, or in the list of free slots */
};

static struct {
	spinlock_t lock; /* guards all of this */
	struct slot slot[LAST_PKMAP];
	u16 bucket[BUCKETS]; /* slots by page */
	u16 free; /* the first free slot */
	struct kmap_info info;
	struct wait_queue_head wait; /* for a slot */
} kmaps;

/* Written by its CPU alone. */
static struct {
	unsigned int depth; /* slots in use */
} ____cacheline_aligned local[NR_CPUS];

void kmap_reset(void)
{
	kmaps.info = (struct kmap_info){ 0 };
	spin_lock_init(&kmaps.lock);
	init_waitqueue_head(&kmaps.wait);
	for (unsigned int i = 0; i < BUCKETS; i++)
		kmaps.bucket[i] = NO_SLOT;
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		kmaps.slot[i] = (struct slot){ .next = (u16)(i + 1) };
	kmaps.slot[LAST_PKMAP - 1].next = NO_SLOT;
	kmaps.free = 0;
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		local[cpu].depth = 0;
}

/* Mapping something once makes the page tables, which then stay. */
void kmap_init(void)
{
	unsigned long end = LOCAL_START + num_possible_cpus() * KMAP_LOCAL_SIZE;

	if (highmem_pfn == ~0UL)
		return;
	kmap_reset();
	for (unsigned long va = KMAP_START; va < end; va += SLOT_SIZE)
		if (platform_map_phys(va, 0, PAGE_SIZE, PAGE_KERNEL_RO, GFP_KERNEL))
			panic("no memory for the page tables of high memory");
	platform_unmap(KMAP_START, end - KMAP_START);
}

static void map_page(unsigned long va, const struct page *page)
{
	struct page *one = (struct page *)page;

	if (platform_map_pages(va, &one, 1, PAGE_KERNEL, 0))
		panic("kmap: no page table for %#lx", va);
}

/* --- kmap: the lock is held ------------------------------------------------------------- */

static unsigned long slot_address(unsigned int slot)
{
	return KMAP_START + slot * SLOT_SIZE;
}

static u16 *bucket_of(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	return &kmaps.bucket[(pfn ^ pfn / BUCKETS) % BUCKETS];
}

/* The slot that shows the page, or NO_SLOT. */
static unsigned int find_slot(const struct page *page)
{
	unsigned int slot = *bucket_of(page);

	while (slot != NO_SLOT && kmaps.slot[slot].page != page)
		slot = kmaps.slot[slot].next;
	return slot;
}

/* A free slot becomes the page's, with no user yet; NO_SLOT when there is none. */
static unsigned int take_slot(struct page *page)
{
	unsigned int slot = kmaps.free;
	u16 *bucket = bucket_of(page);

	if (slot == NO_SLOT)
		return NO_SLOT;
	kmaps.free = kmaps.slot[slot].next;
	kmaps.slot[slot] = (struct slot){ .page = page, .next = *bucket };
	*bucket = (u16)slot;
	kmaps.info.idle++;
	map_page(slot_address(slot), page);
	return slot;
}

static void *use_slot(unsigned int slot)
{
	if (!kmaps.slot[slot].users++) {
		kmaps.info.idle--;
		kmaps.info.used++;
	}
	return (void *)slot_address(slot);
}

/* Takes the idle slots out of their buckets into a list of their own; its first. */
static unsigned int take_idle(void)
{
	unsigned int first = NO_SLOT;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		u16 *link = &kmaps.bucket[i];

		while (*link != NO_SLOT) {
			unsigned int at = *link;
			struct slot *slot = &kmaps.slot[at];

			if (slot->users) {
				link = &slot->next;
				continue;
			}
			*link = slot->next;
			slot->page = NULL;
			slot->next = (u16)first;
			first = at;
			kmaps.info.idle--;
		}
	}
	return first;
}

static void free_slots(unsigned int first)
{
	while (first != NO_SLOT) {
		unsigned int next = kmaps.slot[first].next;

		kmaps.slot[first].next = kmaps.free;
		kmaps.free = (u16)first;
		first = next;
	}
}

/* --- kmap ------------------------------------------------------------------------------- */

/* Takes idle slots down; false when there are none.  The flush waits for other CPUs, so it
 * is done without the lock; until then nobody finds these slots. */
static bool flush_idle(void)
{
	unsigned long flags, low = KMAP_END, high = 0;
	unsigned int first;

	spin_lock_irqsave(&kmaps.lock, flags);
	first = take_idle();
	spin_unlock_irqrestore(&kmaps.lock, flags);
	if (first == NO_SLOT)
		return false;
	for (unsigned int slot = first; slot != NO_SLOT; slot = kmaps.slot[slot].next) {
		unsigned long va = slot_address(slot);

		platform_unmap(va, PAGE_SIZE);
		low = min(low, va);
		high = max(high, va + PAGE_SIZE);
	}
	platform_flush_tlb(low, high - low);
	spin_lock_irqsave(&kmaps.lock, flags);
	free_slots(first);
	kmaps.info.flushes++;
	spin_unlock_irqrestore(&kmaps.lock, flags);
	wake_up_all(&kmaps.wait);
	return true;
}

static void *map_once(struct page *page)
{
	unsigned long flags;
	unsigned int slot;
	void *va = NULL;

	spin_lock_irqsave(&kmaps.lock, flags);
	slot = find_slot(page);
	if (slot == NO_SLOT)
		slot = take_slot(page);
	if (slot != NO_SLOT)
		va = use_slot(slot);
	spin_unlock_irqrestore(&kmaps.lock, flags);
	return va;
}

static void *map_or_flush(struct page *page)
{
	void *va = map_once(page);

	while (!va && flush_idle())
		va = map_once(page);
	return va;
}

void *kmap_high(struct page *page)
{
	void *va;

	if (in_atomic())
		return NULL;
	va = map_or_flush(page);
	if (va)
		return va;
	__atomic_fetch_add(&kmaps.info.waits, 1, __ATOMIC_RELAXED);
	wait_event(kmaps.wait, (va = map_or_flush(page)));
	return va;
}

void kunmap_high(struct page *page)
{
	unsigned long flags;
	unsigned int slot;
	bool idle = false;

	spin_lock_irqsave(&kmaps.lock, flags);
	slot = find_slot(page);
	if (slot != NO_SLOT && kmaps.slot[slot].users) {
		idle = --kmaps.slot[slot].users == 0;
		kmaps.info.used -= idle;
		kmaps.info.idle += idle;
	} else {
		slot = NO_SLOT;
	}
	spin_unlock_irqrestore(&kmaps.lock, flags);
	if (slot == NO_SLOT) {
		pr_err("BUG: kunmap: page %#lx is not mapped\n", page_to_pfn(page));
		WARN_ON(slot == NO_SLOT);
	}
	if (idle)
		wake_up(&kmaps.wait);
}

void *high_page_address(const struct page *page)
{
	unsigned long flags;
	unsigned int slot;
	bool used;

	spin_lock_irqsave(&kmaps.lock, flags);
	slot = find_slot(page);
	used = slot != NO_SLOT && kmaps.slot[slot].users;
	spin_unlock_irqrestore(&kmaps.lock, flags);
	return used ? (void *)slot_address(slot) : NULL;
}

struct page *kmap_to_page(const void *addr)
{
	unsigned long va = (unsigned long)addr;

	if (va - KMAP_START < KMAP_END - KMAP_START)
		return phys_to_page(platform_translate(va));
	return virt_to_page(addr);
}

void kmap_flush_unused(void)
{
	might_sleep();
	if (highmem_pfn != ~0UL)
		flush_idle();
}

void kmap_get_info(struct kmap_info *info)
{
	unsigned long flags;

	spin_lock_irqsave(&kmaps.lock, flags);
	*info = kmaps.info;
	spin_unlock_irqrestore(&kmaps.lock, flags);
}

/* --- kmap_local_page -------------------------------------------------------------------- */

static unsigned long local_address(unsigned int cpu, unsigned int depth)
{
	return LOCAL_START + cpu * KMAP_LOCAL_SIZE + depth * SLOT_SIZE;
}

/* An interrupt between any two steps uses the slots above and leaves them as they were. */
void *kmap_local_high(const struct page *page)
{
	unsigned int cpu, depth;

	preempt_disable();
	cpu = smp_processor_id();
	depth = local[cpu].depth;
	if (depth == KM_MAX_IDX)
		panic("kmap_local_page: more than %u pages at once on CPU %u", KM_MAX_IDX,
		      cpu);
	WRITE_ONCE(local[cpu].depth, depth + 1);
	map_page(local_address(cpu, depth), page);
	return (void *)local_address(cpu, depth);
}

void kunmap_local_high(unsigned long addr)
{
	unsigned int cpu = smp_processor_id();
	unsigned int depth = local[cpu].depth;

	if (!depth || addr != local_address(cpu, depth - 1)) {
		pr_err("BUG: kunmap_local: %#lx is not what CPU %u mapped last\n", addr,
		       cpu);
		WARN_ON(addr);
		return;
	}
	platform_unmap(addr, PAGE_SIZE);
	platform_flush_tlb_here(addr);
	WRITE_ONCE(local[cpu].depth, depth - 1);
	preempt_enable();
}
