/* SPDX-License-Identifier: MIT */
/*
 * mm/platform.h: memory behind the array of struct page.
 *
 * 2 MiB of the array describe 128 MiB.  Where at least half of those are RAM the array gets
 * one 2 MiB page, otherwise 4 KiB pages for just what is asked, so that a machine of 32 MiB
 * does not spend 2 of them.  Nothing is cleared where RAM comes zeroed, and then a large
 * page costs no more than what is really used of it.
 */
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <asm/pagetable.h>
#include <mm/platform.h>

/* RAM that one 2 MiB page of the array describes. */
#define BLOCK_RAM (SIZE_PD / sizeof(struct page) * PAGE_SIZE)

static phys_addr_t alloc_zeroed(unsigned long size, unsigned long align)
{
	phys_addr_t pa = memblock_phys_alloc(size, align);

	if (pa && !platform_ram_is_zeroed())
		memset(__va(pa), 0, size);
	return pa;
}

/* The table below *entry, made when there is none; NULL without memory. */
static u64 *lower_table(u64 *entry)
{
	phys_addr_t pa;

	if (!*entry) {
		pa = alloc_zeroed(PAGE_SIZE, PAGE_SIZE);
		if (!pa)
			return NULL;
		*entry = pa | PTE_TABLE;
	}
	return __va(*entry & PTE_ADDRESS);
}

static u64 *directory_entry(unsigned long va)
{
	u64 *table = lower_table(&kernel_pml4[PML4_INDEX(va)]);

	if (table)
		table = lower_table(&table[PDPT_INDEX(va)]);
	return table ? &table[PD_INDEX(va)] : NULL;
}

/* Bytes of RAM among the frames that the 2 MiB of the array at va describe. */
static phys_addr_t ram_described(unsigned long va)
{
	phys_addr_t start = (va - VMEMMAP_START) / SIZE_PD * BLOCK_RAM, sum = 0;
	const struct memblock_region *r;

	for_each_mem_region (r) {
		phys_addr_t from = max(r->base, start);
		phys_addr_t to = min(r->base + r->size, start + BLOCK_RAM);

		if (from < to)
			sum += to - from;
	}
	return sum;
}

/* 4 KiB pages for [va, end), which lies in one page table. */
static int fill_table(u64 *table, unsigned long va, unsigned long end)
{
	phys_addr_t pa;

	while (va < end && table[PT_INDEX(va)])
		va += PAGE_SIZE;
	if (va >= end)
		return 0;
	pa = alloc_zeroed(end - va, PAGE_SIZE);
	if (!pa)
		return -ENOMEM;
	for (; va < end; va += PAGE_SIZE, pa += PAGE_SIZE)
		if (!table[PT_INDEX(va)])
			table[PT_INDEX(va)] = pa | PTE_KERNEL;
	return 0;
}

/* [va, end) lies in one 2 MiB of the array. */
static int populate_block(unsigned long va, unsigned long end)
{
	u64 *entry = directory_entry(va), *table;
	phys_addr_t pa;

	if (!entry)
		return -ENOMEM;
	if (*entry & PTE_LARGE)
		return 0;
	if (!*entry && ram_described(va) >= BLOCK_RAM / 2) {
		pa = alloc_zeroed(SIZE_PD, SIZE_PD);
		if (!pa)
			return -ENOMEM;
		*entry = pa | PTE_KERNEL | PTE_LARGE;
		return 0;
	}
	table = lower_table(entry);
	return table ? fill_table(table, va, end) : -ENOMEM;
}

/*
 * Large machines: whole 2 MiB of the array that are asked for as a whole and not there yet,
 * as far as they share a directory, with one allocation.  How many bytes were done.
 */
static unsigned long populate_run(unsigned long va, unsigned long end)
{
	unsigned long last = min(end, ALIGN_DOWN(va, SIZE_PDPT) + SIZE_PDPT), n, i;
	u64 *entry = directory_entry(va);
	phys_addr_t pa;

	if (!entry || va % SIZE_PD)
		return 0;
	for (n = 0; va + (n + 1) * SIZE_PD <= last && !entry[n]; n++)
		;
	pa = n > 1 ? alloc_zeroed(n * SIZE_PD, SIZE_PD) : 0;
	if (!pa)
		return 0;
	for (i = 0; i < n; i++)
		entry[i] = (pa + i * SIZE_PD) | PTE_KERNEL | PTE_LARGE;
	return n * SIZE_PD;
}

int platform_populate_vmemmap(unsigned long start_pfn, unsigned long end_pfn)
{
	unsigned long va = ALIGN_DOWN((unsigned long)pfn_to_page(start_pfn), PAGE_SIZE);
	unsigned long end = PAGE_ALIGN((unsigned long)pfn_to_page(end_pfn));
	unsigned long next, done;
	int err = 0;

	for (; va < end && !err; va = next) {
		done = populate_run(va, end);
		next = done ? va + done : min(ALIGN_DOWN(va, SIZE_PD) + SIZE_PD, end);
		if (!done)
			err = populate_block(va, next);
	}
	return err;
}
