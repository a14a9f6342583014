/* SPDX-License-Identifier: MIT */
/*
 * mm/platform.h: one block of the direct map, mapped page by page.
 *
 * The direct map consists of large pages.  To divide one means to put a table of its parts
 * in its place: they map the same, so nothing changes for anybody.  Joining puts the old
 * entry back, and frees the table when no CPU can have it in its caches any more.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <asm/cpu.h>
#include <asm/pagetable.h>
#include <mm/platform.h>

/* A large page that was divided; entry NULL: it was not. */
struct division {
	u64 *entry;
	u64 before; /* what stood there */
};

static struct {
	unsigned long va; /* the block; 0: none is divided */
	u64 *table; /* the entries of its pages */
	struct division gigabyte, block;
} direct;

/* The table that *entry leads to; made of its parts, of `size` bytes each, where it is a
 * large page.  NULL without memory. */
static u64 *divide(struct division *division, u64 *entry, unsigned long size)
{
	u64 value = *entry;
	struct page *page;
	u64 *table;

	if (!(value & PTE_LARGE))
		return __va(value & PTE_ADDRESS);
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return NULL;
	__SetPageTable(page);
	table = page_to_virt(page);
	if (size == SIZE_PT)
		value &= ~PTE_LARGE;
	for (unsigned long i = 0; i < PTRS_PER_TABLE; i++)
		table[i] = value + i * size;
	division->entry = entry;
	division->before = *entry;
	WRITE_ONCE(*entry, page_to_phys(page) | PTE_TABLE);
	return table;
}

/* The page of the table that goes; NULL: it was not divided. */
static struct page *join(struct division *division)
{
	struct page *page;

	if (!division->entry)
		return NULL;
	page = phys_to_page(*division->entry & PTE_ADDRESS);
	WRITE_ONCE(*division->entry, division->before);
	division->entry = NULL;
	return page;
}

static void free_table(struct page *page)
{
	if (!page)
		return;
	__ClearPageTable(page);
	__free_page(page);
}

int platform_direct_divide(unsigned long va)
{
	u64 *table = __va(kernel_pml4[PML4_INDEX(va)] & PTE_ADDRESS);

	if (direct.va)
		return -EBUSY;
	table = divide(&direct.gigabyte, &table[PDPT_INDEX(va)], SIZE_PD);
	if (!table)
		return -ENOMEM;
	direct.table = divide(&direct.block, &table[PD_INDEX(va)], SIZE_PT);
	if (!direct.table) {
		struct page *page = join(&direct.gigabyte);

		platform_flush_tlb(va, PMD_SIZE);
		free_table(page);
		return -ENOMEM;
	}
	direct.va = va;
	return 0;
}

void platform_direct_set(unsigned long va, bool mapped)
{
	u64 *entry = &direct.table[PT_INDEX(va)];

	BUG_ON(!direct.va || va - direct.va >= PMD_SIZE);
	WRITE_ONCE(*entry, mapped ? *entry | PTE_PRESENT : *entry & ~PTE_PRESENT);
	invlpg(va);
}

void platform_direct_join(unsigned long va)
{
	struct page *block, *gigabyte;

	BUG_ON(va != direct.va);
	for (unsigned long i = 0; i < PTRS_PER_TABLE; i++)
		direct.table[i] |= PTE_PRESENT;
	block = join(&direct.block);
	gigabyte = join(&direct.gigabyte);
	direct.va = 0;
	platform_flush_tlb(va, PMD_SIZE);
	free_table(block);
	free_table(gigabyte);
}
