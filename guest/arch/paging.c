/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own page tables: image, direct map, early views.
 *
 * boot/entry.S left tables in which the image is mapped with its final permissions
 * (kernel_pdpt, kernel_pd, image_pt) and the first 2 MiB one to one.  kernel_pml4 takes over
 * the former and leaves the latter to CPUs that start.  The direct map consists of 2 MiB
 * pages, 1 GiB pages where the processor has them, and begins with image_pt itself, so that
 * the text is read-only there as well.  Everything but text is no-execute.
 */
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/pagetable.h>
#include <mm/highmem.h>

u64 kernel_pml4[PTRS_PER_TABLE] __section(".bss.page_aligned") __aligned(4096);
static u64 direct_pdpt[PTRS_PER_TABLE] __section(".bss.page_aligned") __aligned(4096);
/* Of the first GiB: there before any memory can be allocated. */
static u64 direct_pd[PTRS_PER_TABLE] __section(".bss.page_aligned") __aligned(4096);

/* boot/entry.S */
extern u64 boot_pml4[], kernel_pd[], image_pt[];

/* Entries of kernel_pd behind the image: device registers, then the early view. */
#define REGISTERS_SLOT 500UL
#define EARLY_SLOT     504UL
#define EARLY_SLOTS    3UL /* EARLY_MAP_MAX at any offset */
#define SLOT_VA(slot)  ((void *)(KERNEL_BASE + (slot)*SIZE_PD))

#define PAT_OURS 0x0007040600070106UL /* WB WC UC- UC, twice but for PA5 WT */

phys_addr_t image_phys(const void *p)
{
	return (unsigned long)p - KERNEL_BASE;
}

void *early_map(phys_addr_t pa, size_t size)
{
	unsigned long offset = pa % SIZE_PD;

	if (size > EARLY_MAP_MAX)
		return NULL;
	for (unsigned long i = 0; i * SIZE_PD < offset + size; i++) {
		kernel_pd[EARLY_SLOT + i] = (pa - offset + i * SIZE_PD) | PTE_KERNEL |
					    PTE_LARGE;
		invlpg((unsigned long)SLOT_VA(EARLY_SLOT + i));
	}
	return (char *)SLOT_VA(EARLY_SLOT) + offset;
}

void *map_registers(enum registers which, phys_addr_t pa)
{
	unsigned long offset = pa % SIZE_PD;
	unsigned long slot = REGISTERS_SLOT + which;

	kernel_pd[slot] = (pa - offset) | PTE_KERNEL | PTE_LARGE | PTE_PCD | PTE_PWT;
	invlpg((unsigned long)SLOT_VA(slot));
	return (char *)SLOT_VA(slot) + offset;
}

static bool has_gigabyte_pages(void)
{
	return cpuid(0x80000000).eax >= 0x80000001 && cpuid(0x80000001).edx & 1 << 26;
}

/* The directory that maps the GiB of pa; made when there is none. */
static u64 *direct_directory(phys_addr_t pa)
{
	u64 *entry = &direct_pdpt[PDPT_INDEX(pa)];
	void *table;

	if (!*entry) {
		table = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
		if (!table)
			panic("no memory for the page tables of %#llx",
			      (unsigned long long)pa);
		*entry = __pa(table) | PTE_TABLE;
	}
	return __va(*entry & PTE_ADDRESS);
}

/* 2 MiB pages for [pa, end), which lies in one GiB.  A machine without 1 GiB pages has
 * thousands of these to fill in: hence the unrolling. */
static void fill_directory(u64 *pd, phys_addr_t pa, phys_addr_t end)
{
	u64 *entry = &pd[PD_INDEX(pa)];
	u64 value = pa | PTE_KERNEL | PTE_LARGE;

#pragma GCC unroll 8
	for (unsigned long n = (end - pa + SIZE_PD - 1) / SIZE_PD; n; n--) {
		*entry++ = value;
		value += SIZE_PD;
	}
}

/* Maps the part of [start, end) that lies above the first GiB. */
static void map_above(phys_addr_t start, phys_addr_t end, bool gigabyte_pages)
{
	phys_addr_t next;

	for (start = max(start, (phys_addr_t)SIZE_PDPT); start < end; start = next) {
		next = min(ALIGN(start + 1, SIZE_PDPT), end);
		if (gigabyte_pages && next - start == SIZE_PDPT)
			direct_pdpt[PDPT_INDEX(start)] = start | PTE_KERNEL | PTE_LARGE;
		else
			fill_directory(direct_directory(start), start, next);
	}
}

void paging_init(void)
{
	const struct memblock_region *r;
	bool gigabyte_pages = has_gigabyte_pages();
	phys_addr_t end = highmem_start(); /* high memory is left out */
	phys_addr_t first = min(end, (phys_addr_t)SIZE_PDPT);

	if (memblock_end_of_DRAM() > SIZE_PML4) {
		pr_warn("memory: RAM above 512 GiB is not used\n");
		memblock_remove(SIZE_PML4, memblock_end_of_DRAM() - SIZE_PML4);
	}
	kernel_pml4[PML4_INDEX(KERNEL_BASE)] = boot_pml4[PML4_INDEX(KERNEL_BASE)];
	kernel_pml4[PML4_INDEX(PAGE_OFFSET)] = image_phys(direct_pdpt) | PTE_TABLE;
	direct_pdpt[0] = image_phys(direct_pd) | PTE_TABLE;
	for_each_mem_region (r) {
		if (r->base < first)
			fill_directory(direct_pd, ALIGN_DOWN(r->base, SIZE_PD),
				       min(r->base + r->size, first));
	}
	/* The image keeps its permissions here as well. */
	direct_pd[0] = image_phys(image_pt) | PTE_TABLE;
	direct_pd[1] = (image_phys(image_pt) + PAGE_SIZE) | PTE_TABLE;
	paging_init_cpu();
	memblock_set_current_limit(first);
	for_each_mem_region (r) {
		map_above(ALIGN_DOWN(r->base, SIZE_PD),
			  min(ALIGN(r->base + r->size, SIZE_PD), end), gigabyte_pages);
	}
	memblock_set_current_limit(end);
}

void paging_init_cpu(void)
{
	wrmsr(MSR_PAT, PAT_OURS);
	write_cr3(image_phys(kernel_pml4));
}
