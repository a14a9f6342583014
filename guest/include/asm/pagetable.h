/* SPDX-License-Identifier: MIT */
/*
 * Page tables: 4 levels, 512 entries each.  Tables lie in RAM that the direct map covers,
 * and are reached there.
 *
 *   level 1 (pml4) 512 GiB an entry	level 2 (pdpt) 1 GiB
 *   level 3 (pd)	   2 MiB	level 4 (pt)   4 KiB
 */
#ifndef GUEST_ASM_PAGETABLE_H
#define GUEST_ASM_PAGETABLE_H

#include <linux/types.h>

#define PTE_PRESENT   0x001UL
#define PTE_WRITE     0x002UL
#define PTE_PWT	      0x008UL /* with our PAT: write-combining */
#define PTE_PCD	      0x010UL
#define PTE_ACCESSED  0x020UL
#define PTE_DIRTY     0x040UL
#define PTE_LARGE     0x080UL /* levels 2 and 3: a page, not a table */
#define PTE_PAT	      0x080UL /* level 4: the upper half of the page attribute table */
#define PTE_PAT_LARGE 0x1000UL /* the same where PTE_LARGE is set */
#define PTE_NX	      (1UL << 63)
#define PTE_ADDRESS   0x000ffffffffff000UL

/* Tables stay writable and executable: the last level decides. */
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE)
/* Accessed and dirty beforehand: nobody looks at these bits, and a processor that sets them
 * by itself needs an atomic access more. */
#define PTE_KERNEL (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

#define PTRS_PER_TABLE 512UL
#define SIZE_PT	       0x1000UL
#define SIZE_PD	       0x200000UL
#define SIZE_PDPT      0x40000000UL
#define SIZE_PML4      0x8000000000UL

#define PML4_INDEX(va) ((va) / SIZE_PML4 % PTRS_PER_TABLE)
#define PDPT_INDEX(va) ((va) / SIZE_PDPT % PTRS_PER_TABLE)
#define PD_INDEX(va)   ((va) / SIZE_PD % PTRS_PER_TABLE)
#define PT_INDEX(va)   ((va) / SIZE_PT % PTRS_PER_TABLE)

extern u64 kernel_pml4[PTRS_PER_TABLE]; /* of all CPUs */

/* The physical address of something in the kernel image. */
phys_addr_t image_phys(const void *p);

/* From the memory map in memblock: the direct map of all RAM, and onto our own tables.
 * Allocates tables for what lies above the first GiB. */
void paging_init(void);
/* What every CPU sets up for itself: page attribute table, our tables. */
void paging_init_cpu(void);

/* A view of any physical memory before there is another one; valid until the next call.
 * NULL: more than EARLY_MAP_MAX bytes. */
#define EARLY_MAP_MAX 0x400000UL
void *early_map(phys_addr_t pa, size_t size);
/* 2 MiB of device registers at a fixed address, for those that exist once. */
enum registers { MAP_LAPIC, MAP_ECAM, MAP_IOAPIC };
void *map_registers(enum registers which, phys_addr_t pa);

#endif
