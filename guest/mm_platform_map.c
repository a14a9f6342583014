/* SPDX-License-Identifier: MIT */
/*
 * mm/platform.h: mappings in the vmalloc range.
 *
 * A page table below the top is made when it is first needed, so a walk needs no lock: two
 * CPUs that miss the same table both make one, and one of them wins by compare-and-swap.
 * It is never taken away but for one case: where a large page is to stand in its place, and
 * then all of its addresses belong to the owner of that page.  Entries of one range are
 * written by its owner alone.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <asm/cpu.h>
#include <asm/pagetable.h>
#include <mm/platform.h>

#define FLUSH_BY_PAGE_MAX 32UL /* above, one reload of CR3 is cheaper */

static const u64 prot_bits[] = {
	[PAGE_KERNEL] = PTE_KERNEL,
	[PAGE_KERNEL_RO] = PTE_KERNEL & ~PTE_WRITE,
	[PAGE_KERNEL_NOCACHE] = PTE_KERNEL | PTE_PCD | PTE_PWT,
	[PAGE_KERNEL_WC] = PTE_KERNEL | PTE_PWT,
	[PAGE_KERNEL_WT] = PTE_KERNEL | PTE_PWT | PTE_PAT,
};

static unsigned long table_pages; /* atomic */

unsigned long platform_pagetable_pages(void)
{
	return __atomic_load_n(&table_pages, __ATOMIC_RELAXED);
}

/* The table that *entry leads to, or NULL: there is nothing, or a large page. */
static u64 *lower_table(const u64 *entry)
{
	u64 e = READ_ONCE(*entry);

	return (e & (PTE_PRESENT | PTE_LARGE)) == PTE_PRESENT ? __va(e & PTE_ADDRESS)
							      : NULL;
}

static noinline u64 *make_table(u64 *entry, gfp_t gfp)
{
	u64 none = 0;
	struct page *page = alloc_pages((gfp & ~__GFP_HIGHMEM) | __GFP_ZERO, 0);

	if (!page)
		return NULL;
	if (__atomic_compare_exchange_n(entry, &none, page_to_phys(page) | PTE_TABLE,
					false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		__atomic_fetch_add(&table_pages, 1, __ATOMIC_RELAXED);
	else
		__free_pages(page, 0);
	return lower_table(entry);
}

static u64 *get_table(u64 *entry, gfp_t gfp)
{
	u64 *table = lower_table(entry);

	return likely(table) ? table : make_table(entry, gfp);
}

/* The directory entry that va's 2 MiB have, its tables made as needed; NULL without
 * memory. */
static inline u64 *get_directory_entry(unsigned long va, gfp_t gfp)
{
	u64 *table = get_table(&kernel_pml4[PML4_INDEX(va)], gfp);

	if (table)
		table = get_table(&table[PDPT_INDEX(va)], gfp);
	return table ? &table[PD_INDEX(va)] : NULL;
}

/* The entry of va's page, likewise. */
static u64 *get_entry(unsigned long va, gfp_t gfp)
{
	u64 *directory = get_directory_entry(va, gfp);
	u64 *table = directory ? get_table(directory, gfp) : NULL;

	return table ? &table[PT_INDEX(va)] : NULL;
}

/* The entry of va's page, or NULL; then nothing is mapped up to *skip. */
static u64 *find_entry(unsigned long va, unsigned long *skip)
{
	u64 *table = lower_table(&kernel_pml4[PML4_INDEX(va)]);

	*skip = ALIGN_DOWN(va, SIZE_PML4) + SIZE_PML4;
	if (!table)
		return NULL;
	table = lower_table(&table[PDPT_INDEX(va)]);
	*skip = ALIGN_DOWN(va, SIZE_PDPT) + SIZE_PDPT;
	if (!table)
		return NULL;
	table = lower_table(&table[PD_INDEX(va)]);
	*skip = ALIGN_DOWN(va, SIZE_PD) + SIZE_PD;
	return table ? &table[PT_INDEX(va)] : NULL;
}

/* How many of `left` pages from va on have their entries in va's table. */
static unsigned long run_in_table(unsigned long va, unsigned long left)
{
	return min(left, PTRS_PER_TABLE - PT_INDEX(va));
}

int platform_map_pages(unsigned long va, struct page *const *pages, unsigned long n,
		       pgprot_t prot, gfp_t gfp)
{
	unsigned long start = va, run;
	u64 *entry;

	for (; n; n -= run) {
		run = run_in_table(va, n);
		entry = get_entry(va, gfp);
		if (!entry) {
			platform_unmap(start, va - start);
			return -ENOMEM;
		}
		va += run * PAGE_SIZE;
		for (unsigned long i = 0; i < run; i++)
			entry[i] = page_to_phys(pages[i]) | prot_bits[prot];
		pages += run;
	}
	return 0;
}

/* An earlier area left a page table, empty, where a large page shall stand.  It is freed
 * when no CPU can have it in its caches of the upper levels. */
static noinline void drop_table(u64 *entry, unsigned long va)
{
	struct page *page = phys_to_page(*entry & PTE_ADDRESS);

	WRITE_ONCE(*entry, 0);
	platform_flush_tlb(va, PAGE_SIZE);
	__free_page(page);
	__atomic_fetch_sub(&table_pages, 1, __ATOMIC_RELAXED);
}

static bool map_large(unsigned long va, phys_addr_t pa, pgprot_t prot, gfp_t gfp)
{
	u64 *entry = get_directory_entry(va, gfp), bits = prot_bits[prot];

	if (!entry)
		return false;
	if (lower_table(entry))
		drop_table(entry, va);
	if (bits & PTE_PAT)
		bits |= PTE_PAT_LARGE;
	WRITE_ONCE(*entry, pa | bits | PTE_LARGE);
	return true;
}

/* Small pages for `run` bytes, which one page table maps. */
static bool map_small(unsigned long va, phys_addr_t pa, unsigned long run, pgprot_t prot,
		      gfp_t gfp)
{
	u64 *entry = get_entry(va, gfp);

	if (!entry)
		return false;
	for (unsigned long i = 0; i < run / PAGE_SIZE; i++, pa += PAGE_SIZE)
		entry[i] = pa | prot_bits[prot];
	return true;
}

int platform_map_phys(unsigned long va, phys_addr_t pa, unsigned long size, pgprot_t prot,
		      gfp_t gfp)
{
	unsigned long run;

	for (unsigned long done = 0; done < size; done += run) {
		unsigned long at = va + done;
		bool large, mapped;

		run = min(size - done, SIZE_PD - at % SIZE_PD);
		large = run == SIZE_PD && !((pa + done) % SIZE_PD);
		mapped = large ? map_large(at, pa + done, prot, gfp)
			       : map_small(at, pa + done, run, prot, gfp);
		if (!mapped) {
			platform_unmap(va, done);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Nothing leads to a page table for va: either there is nothing, or a large page. */
static noinline void unmap_large(unsigned long va)
{
	u64 *table = lower_table(&kernel_pml4[PML4_INDEX(va)]);

	if (table)
		table = lower_table(&table[PDPT_INDEX(va)]);
	if (table)
		WRITE_ONCE(table[PD_INDEX(va)], 0);
}

void platform_unmap(unsigned long va, unsigned long size)
{
	unsigned long end = va + size, next, run;
	u64 *entry;

	for (; va < end; va = next) {
		entry = find_entry(va, &next);
		if (!entry) {
			unmap_large(va);
			continue;
		}
		run = run_in_table(va, (end - va) / PAGE_SIZE);
		for (unsigned long i = 0; i < run; i++)
			entry[i] = 0;
		next = va + run * PAGE_SIZE;
	}
}

struct flush {
	unsigned long va, size;
};

static void flush_here(void *info)
{
	const struct flush *f = info;

	if (f->size > FLUSH_BY_PAGE_MAX * PAGE_SIZE) {
		write_cr3(read_cr3());
		return;
	}
	for (unsigned long at = 0; at < f->size; at += PAGE_SIZE)
		invlpg(f->va + at);
}

void platform_flush_tlb(unsigned long va, unsigned long size)
{
	struct flush f = { va, size };

	on_each_cpu(flush_here, &f, 1);
}

void platform_flush_tlb_here(unsigned long va)
{
	invlpg(va);
}

/* The entry that maps va, and how much it maps; 0 when there is none. */
static u64 last_entry(unsigned long va, unsigned long *size)
{
	const u64 *table = kernel_pml4;
	u64 entry;

	for (*size = SIZE_PML4;; *size /= PTRS_PER_TABLE) {
		entry = READ_ONCE(table[va / *size % PTRS_PER_TABLE]);
		if (!(entry & PTE_PRESENT))
			return 0;
		if (*size == SIZE_PT || (*size < SIZE_PML4 && entry & PTE_LARGE))
			return entry;
		table = __va(entry & PTE_ADDRESS);
	}
}

phys_addr_t platform_translate(unsigned long va)
{
	unsigned long size;
	u64 entry = last_entry(va, &size);

	if (!entry)
		return PHYS_ADDR_MAX;
	return (entry & PTE_ADDRESS & ~(size - 1)) | (va & (size - 1));
}

unsigned long platform_mapping_size(unsigned long va)
{
	unsigned long size;

	return last_entry(va, &size) ? size : 0;
}
