/* SPDX-License-Identifier: MIT */
/*
 * vm_map_ram: mappings that come and go often, in blocks of addresses (the idea of Linux's
 * vmap_block).
 *
 * A block is 2 MiB of addresses, 2 MiB aligned: one area, and one page table.  Mappings are
 * cut from it in address order, each with a guard page behind it, and no page of it is used
 * twice: what was unmapped waits, with its block, for the next flush of the whole range.  So
 * a mapping costs neither a search nor an area, and many share a flush.  When a request
 * does not fit any more the block is closed, and its last unmapping retires the area.
 *
 * Each CPU has a block to cut from, known by its address only.  All blocks stand in a hash
 * table by address, and a bucket's lock guards the blocks in it: there is no other way to a
 * block, so that none can be used after its end.  An address that has gone stale meanwhile
 * finds no block, or another CPU's, and that does no harm.
 *
 * Locks: vmap_lock() is taken before a bucket's, never under one.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "mm/vmap_area.h"
#include "mm/vmap_block.h"
#include "mm/vmap_internal.h"

#define MAX_PAGES 64U /* of a mapping in a block */
#define BLOCK_PAGES \
	(PMD_SIZE / PAGE_SIZE - 1) /* that can be mapped: the last is a guard */
#define BUCKETS 64

struct vmap_block {
	struct vmap_block *next; /* in the bucket */
	struct vm_area *area;
	unsigned int used; /* pages cut so far, guards included: the rest is untouched */
	unsigned int live; /* mappings, those being made included */
	bool closed; /* nothing is cut from it any more */
	bool stale; /* something was unmapped since the last flush */
	/* Pages of the mapping that begins at this page, all of them mapped; else 0. */
	u8 count[BLOCK_PAGES];
};

static struct bucket {
	spinlock_t lock;
	struct vmap_block *first;
} buckets[BUCKETS];

static struct {
	unsigned long base; /* of the block this CPU cuts from; may be stale; 0: none */
} __aligned(64) cpu_blocks[NR_CPUS];

void vmap_blocks_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		buckets[i] = (struct bucket){ .first = NULL };
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		cpu_blocks[cpu].base = 0;
}

static unsigned long base_of(const struct vmap_block *block)
{
	return vm_area_start(block->area);
}

static struct bucket *bucket_of(unsigned long addr)
{
	return &buckets[(addr >> PMD_SHIFT) % BUCKETS];
}

/* The block that addr lies in, or NULL; the bucket is locked. */
static struct vmap_block *find(const struct bucket *bucket, unsigned long addr)
{
	struct vmap_block *block = bucket->first;

	while (block && base_of(block) != (addr & PMD_MASK))
		block = block->next;
	return block;
}

static void unlink_block(struct bucket *bucket, struct vmap_block *block)
{
	struct vmap_block **at = &bucket->first;

	while (*at != block)
		at = &(*at)->next;
	*at = block->next;
}

/* The end of a block that nothing is mapped in and nobody finds. */
static void dispose(struct vmap_block *block)
{
	struct vm_area *area;

	if (!block)
		return;
	area = vm_area_take((void *)base_of(block), VM_BLOCK, "vm_unmap_ram", _RET_IP_);
	kfree(block);
	if (area)
		vm_area_retire(area);
}

/* Unlinks the block when it has served; the bucket is locked.  Returns it then. */
static struct vmap_block *end_if_served(struct bucket *bucket, struct vmap_block *block)
{
	if (block->live || !block->closed)
		return NULL;
	unlink_block(bucket, block);
	return block;
}

/* Room for count pages and a guard: the address, or 0. */
static unsigned long cut(struct vmap_block *block, unsigned int count)
{
	unsigned long at = block->used;

	if (block->closed || at + count > BLOCK_PAGES)
		return 0;
	block->used += count + 1;
	block->live++;
	return base_of(block) + at * PAGE_SIZE;
}

/* From the block of this CPU; closes it where it is too full.  0: there is none. */
static unsigned long cut_here(unsigned int count)
{
	unsigned long base = READ_ONCE(cpu_blocks[smp_processor_id()].base);
	struct bucket *bucket = bucket_of(base);
	struct vmap_block *block, *served = NULL;
	unsigned long flags, addr = 0;

	spin_lock_irqsave(&bucket->lock, flags);
	block = find(bucket, base);
	if (block)
		addr = cut(block, count);
	if (block && !addr) {
		block->closed = true;
		served = end_if_served(bucket, block);
	}
	spin_unlock_irqrestore(&bucket->lock, flags);
	dispose(served);
	return addr;
}

static struct vmap_block *make_block(unsigned long caller)
{
	struct vmap_block *block = kzalloc(sizeof(*block), GFP_KERNEL);
	struct vm_area *area;

	if (!block)
		return NULL;
	area = vm_area_create_aligned(BLOCK_PAGES, PMD_SIZE, VM_BLOCK, GFP_KERNEL,
				      caller);
	if (!area) {
		kfree(block);
		return NULL;
	}
	block->area = area;
	area->block = block;
	return block;
}

/* From a new block, which becomes that of this CPU.  0: no memory or no addresses. */
static unsigned long cut_new(unsigned int count, unsigned long caller)
{
	struct vmap_block *block = make_block(caller);
	unsigned long flags, addr;
	struct bucket *bucket;

	if (!block)
		return 0;
	addr = cut(block, count);
	vm_area_publish(block->area);
	bucket = bucket_of(addr);
	spin_lock_irqsave(&bucket->lock, flags);
	block->next = bucket->first;
	bucket->first = block;
	spin_unlock_irqrestore(&bucket->lock, flags);
	WRITE_ONCE(cpu_blocks[smp_processor_id()].base, addr);
	return addr;
}

static unsigned long page_in_block(unsigned long addr)
{
	return (addr & ~PMD_MASK) >> PAGE_SHIFT;
}

/* What was cut at addr is mapped. */
static void mark_mapped(unsigned long addr, unsigned int count)
{
	struct bucket *bucket = bucket_of(addr);
	unsigned long flags;

	spin_lock_irqsave(&bucket->lock, flags);
	find(bucket, addr)->count[page_in_block(addr)] = (u8)count;
	spin_unlock_irqrestore(&bucket->lock, flags);
}

/* One mapping less; the bucket is locked.  Returns the block when that was the end of it. */
static struct vmap_block *drop(struct bucket *bucket, struct vmap_block *block)
{
	block->live--;
	block->stale = true;
	return end_if_served(bucket, block);
}

/* What was cut at addr could not be mapped. */
static void give_up(unsigned long addr)
{
	struct bucket *bucket = bucket_of(addr);
	struct vmap_block *served;
	unsigned long flags;

	spin_lock_irqsave(&bucket->lock, flags);
	served = drop(bucket, find(bucket, addr));
	spin_unlock_irqrestore(&bucket->lock, flags);
	dispose(served);
}

static void *map_in_block(struct page **pages, unsigned int count, unsigned long caller)
{
	unsigned long addr = cut_here(count);

	if (!addr)
		addr = cut_new(count, caller);
	if (!addr)
		return vm_failed();
	if (platform_map_pages(addr, pages, count, PAGE_KERNEL, GFP_KERNEL)) {
		give_up(addr);
		return vm_failed();
	}
	mark_mapped(addr, count);
	return (void *)addr;
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	(void)node;
	if (!vm_may_create("vm_map_ram"))
		return vm_failed();
	if (!count || count > totalram_pages())
		return vm_failed();
	return count <= MAX_PAGES
		       ? map_in_block(pages, count, _RET_IP_)
		       : vm_map_area(pages, count, VM_RAM, PAGE_KERNEL, _RET_IP_);
}

static void unmap_in_block(unsigned long addr, unsigned int count)
{
	struct vmap_block *block, *served = NULL;
	unsigned long flags, at = page_in_block(addr);
	struct bucket *bucket = bucket_of(addr);

	spin_lock_irqsave(&bucket->lock, flags);
	block = PAGE_ALIGNED(addr) && at < BLOCK_PAGES ? find(bucket, addr) : NULL;
	if (block && block->count[at] == count) {
		block->count[at] = 0;
		platform_unmap(addr, count * PAGE_SIZE);
		served = drop(bucket, block);
	} else {
		block = NULL;
	}
	spin_unlock_irqrestore(&bucket->lock, flags);
	if (!block)
		vm_report_bad_range("vm_unmap_ram", addr, count);
	dispose(served);
}

static void unmap_area(const void *mem, unsigned int count, unsigned long caller)
{
	struct vm_area *area = vm_area_take(mem, VM_RAM, "vm_unmap_ram", caller);

	if (!area)
		return;
	if (area->nr_pages != count) {
		vm_area_publish(area);
		vm_report_bad_range("vm_unmap_ram", (unsigned long)mem, count);
		return;
	}
	vm_area_unmap(area);
	vm_area_retire(area);
}

void vm_unmap_ram(const void *mem, unsigned int count)
{
	if (count && count <= MAX_PAGES)
		unmap_in_block((unsigned long)mem, count);
	else
		unmap_area(mem, count, _RET_IP_);
}

/* What a look at all blocks yields. */
struct look {
	struct vmap_block *served; /* unlinked, by next */
	unsigned long start, end; /* around the blocks to flush; empty: none */
};

static void look_at(struct bucket *bucket, struct vmap_block *block, struct look *look)
{
	if (!block->live) {
		unlink_block(bucket, block);
		block->next = look->served;
		look->served = block;
	} else if (block->stale) {
		block->stale = false;
		look->start = min(look->start, base_of(block));
		look->end = max(look->end, base_of(block) + PMD_SIZE);
	}
}

void vmap_blocks_flush(void)
{
	struct look look = { .start = ~0UL };
	struct vmap_block *block, *next;
	unsigned long flags;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		spin_lock_irqsave(&buckets[i].lock, flags);
		for (block = buckets[i].first; block; block = next) {
			next = block->next;
			look_at(&buckets[i], block, &look);
		}
		spin_unlock_irqrestore(&buckets[i].lock, flags);
	}
	for (block = look.served; block; block = next) {
		next = block->next;
		dispose(block);
	}
	if (look.start < look.end)
		platform_flush_tlb(look.start, look.end - look.start);
}

void vmap_blocks_count(unsigned long *blocks, unsigned long *maps)
{
	unsigned long flags;

	*blocks = *maps = 0;
	for (unsigned int i = 0; i < BUCKETS; i++) {
		spin_lock_irqsave(&buckets[i].lock, flags);
		for (struct vmap_block *b = buckets[i].first; b; b = b->next) {
			++*blocks;
			*maps += b->live;
		}
		spin_unlock_irqrestore(&buckets[i].lock, flags);
	}
}

static bool is_mapped(unsigned long addr)
{
	return platform_translate(addr) != PHYS_ADDR_MAX;
}

static const char *mapping_fault(const struct vmap_block *block, unsigned int at)
{
	unsigned long addr = base_of(block) + at * PAGE_SIZE;
	unsigned int count = block->count[at];

	if (at + count >= block->used)
		return "mapping of a block beyond what is cut";
	for (unsigned int i = 0; i < count; i++)
		if (!is_mapped(addr + i * PAGE_SIZE) || (i && block->count[at + i]))
			return "page of a block not mapped, or mapped twice";
	if (is_mapped(addr + count * PAGE_SIZE))
		return "guard page mapped";
	return NULL;
}

static const char *counts_fault(const struct vmap_block *block)
{
	const char *fault = NULL;
	unsigned int live = 0;

	for (unsigned int at = 0; !fault && at < BLOCK_PAGES; at++) {
		live += block->count[at] != 0;
		if (block->count[at])
			fault = mapping_fault(block, at);
	}
	/* Those being made are not in count yet. */
	return fault ? fault : live > block->live ? "more mappings than counted" : NULL;
}

const char *vmap_block_fault(struct vmap_block *block)
{
	struct bucket *bucket = bucket_of(base_of(block));
	const char *fault = NULL;
	unsigned long flags;

	spin_lock_irqsave(&bucket->lock, flags);
	/* A new block is not there yet, one that has served no longer. */
	if (find(bucket, base_of(block)) == block)
		fault = counts_fault(block);
	spin_unlock_irqrestore(&bucket->lock, flags);
	return fault;
}
