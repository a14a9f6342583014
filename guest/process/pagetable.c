/* SPDX-License-Identifier: MIT */
/* The page tables of a process: entries, and the tables they stand in. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/vma.h>
#include <asm/cpu.h>
#include <asm/pagetable.h>
#include <mm/platform.h>

#include "mm.h"

/* Tables let everything through: the last level decides. */
#define PTE_USER_TABLE (PTE_TABLE | PTE_USER)

static u64 *lower_table(u64 entry)
{
	return entry & PTE_PRESENT ? __va(entry & PTE_ADDRESS) : NULL;
}

static u64 *get_table(struct mm_struct *mm, u64 *entry)
{
	struct page *page;

	if (*entry)
		return lower_table(*entry);
	page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!page)
		return NULL;
	__SetPageTable(page);
	mm->usage.tables++;
	*entry = page_to_phys(page) | PTE_USER_TABLE;
	return page_address(page);
}

u64 *pt_get(struct mm_struct *mm, unsigned long addr)
{
	u64 *table = get_table(mm, &mm->pgd[PML4_INDEX(addr)]);

	if (table)
		table = get_table(mm, &table[PDPT_INDEX(addr)]);
	if (table)
		table = get_table(mm, &table[PD_INDEX(addr)]);
	return table ? &table[PT_INDEX(addr)] : NULL;
}

/* The entry for addr, or NULL; then nothing is mapped up to *next. */
static u64 *find_entry(const struct mm_struct *mm, unsigned long addr,
		       unsigned long *next)
{
	u64 *table = lower_table(mm->pgd[PML4_INDEX(addr)]);

	*next = ALIGN_DOWN(addr, SIZE_PML4) + SIZE_PML4;
	if (!table)
		return NULL;
	table = lower_table(table[PDPT_INDEX(addr)]);
	*next = ALIGN_DOWN(addr, SIZE_PDPT) + SIZE_PDPT;
	if (!table)
		return NULL;
	table = lower_table(table[PD_INDEX(addr)]);
	*next = table ? addr + PAGE_SIZE : ALIGN_DOWN(addr, SIZE_PD) + SIZE_PD;
	return table ? &table[PT_INDEX(addr)] : NULL;
}

u64 *pt_find(const struct mm_struct *mm, unsigned long addr)
{
	unsigned long next;

	return find_entry(mm, addr, &next);
}

/* Every mapped entry of [start, end), with its address. */
#define for_each_mapped(mm, addr, entry, start, end)                              \
	for (unsigned long addr = (start), _next = 0; addr < (end); addr = _next) \
		if (!((entry) = find_entry(mm, addr, &_next)) ||                  \
		    !pte_mapped(*(entry))) {                                      \
		} else

u64 pt_entry(phys_addr_t pa, unsigned long vm_flags, bool writable)
{
	u64 entry = pa | PTE_USER | PTE_ACCESSED | PTE_DIRTY;

	entry |= vm_flags & (VM_READ | VM_WRITE | VM_EXEC) ? PTE_PRESENT : PTE_NONE;
	if (vm_flags & VM_WRITE && writable)
		entry |= PTE_WRITE;
	return vm_flags & VM_EXEC ? entry : entry | PTE_NX;
}

void pt_set(struct mm_struct *mm, unsigned long addr, u64 *entry, u64 value)
{
	WRITE_ONCE(*entry, value);
	/* Another space's entries are in no TLB: changing CR3 empties it. */
	if (read_cr3() == __pa(mm->pgd))
		invlpg(addr);
}

void pt_zap(struct mm_struct *mm, unsigned long start, unsigned long end,
	    unsigned long vm_flags)
{
	u64 *entry;

	for_each_mapped(mm, addr, entry, start, end)
	{
		u64 old = *entry;

		pt_set(mm, addr, entry, 0);
		if (vm_flags & VM_PFNMAP || old & PTE_SPECIAL)
			continue;
		mm->usage.rss--;
		frame_unsettle(pte_page(old));
		user_page_put(pte_page(old));
	}
}

void pt_protect(struct mm_struct *mm, unsigned long start, unsigned long end,
		unsigned long vm_flags)
{
	u64 *entry;

	for_each_mapped(mm, addr, entry, start, end)
	{
		/* A private frame becomes writable by a fault, which looks whose it is. */
		u64 value = pt_entry(*entry & PTE_ADDRESS, vm_flags,
				     vm_flags & (VM_SHARED | VM_PFNMAP));

		pt_set(mm, addr, entry, value | (*entry & PTE_SPECIAL));
	}
}

int pt_move(struct mm_struct *mm, unsigned long from, unsigned long to,
	    unsigned long size)
{
	u64 *entry, *target;

	/* All tables first: then nothing can fail half-way. */
	for_each_mapped(mm, addr, entry, from,
			from + size) if (!pt_get(mm, addr - from + to)) return -ENOMEM;
	for_each_mapped(mm, addr, entry, from, from + size)
	{
		target = pt_find(mm, addr - from + to);
		WRITE_ONCE(*target, *entry);
		pt_set(mm, addr, entry, 0);
		if (frame_is_settled(pte_page(*target)))
			frame_settle(pte_page(*target), mm, addr - from + to);
	}
	return 0;
}

int pt_copy(struct mm_struct *child, struct mm_struct *parent,
	    const struct vm_area_struct *vma)
{
	bool shared = vma->vm_flags & (VM_SHARED | VM_PFNMAP);
	u64 *entry, *copy;

	for_each_mapped(parent, addr, entry, vma->vm_start, vma->vm_end)
	{
		copy = pt_get(child, addr);
		if (!copy)
			return -ENOMEM;
		if (!shared && *entry & PTE_WRITE)
			pt_set(parent, addr, entry, *entry & ~PTE_WRITE);
		WRITE_ONCE(*copy, *entry);
		if (vma->vm_flags & VM_PFNMAP || *entry & PTE_SPECIAL)
			continue;
		frame_unsettle(pte_page(*entry));
		get_page(pte_page(*entry));
		child->usage.rss++;
	}
	return 0;
}

/* --- freeing tables ---------------------------------------------------------------------- */

/* [floor, ceiling) holds all that an entry of this size at addr can reach. */
static bool covers(unsigned long floor, unsigned long ceiling, unsigned long addr,
		   unsigned long size)
{
	return floor <= addr && addr + size <= ceiling;
}

static void free_table(struct mm_struct *mm, u64 *entry)
{
	struct page *page = pte_page(*entry);

	WRITE_ONCE(*entry, 0);
	__ClearPageTable(page);
	__free_page(page);
	mm->usage.tables--;
}

/* Frees what hangs from the entries of one table; each of them reaches `size` bytes, the
 * first from `base` on. */
static void free_below(struct mm_struct *mm, u64 *table, unsigned long base,
		       unsigned long size, unsigned long floor, unsigned long ceiling)
{
	unsigned long first = max(floor, base),
		      last = min(ceiling, base + size * PTRS_PER_TABLE);

	for (unsigned long addr = ALIGN_DOWN(first, size); addr < last; addr += size) {
		u64 *entry = &table[addr / size % PTRS_PER_TABLE];

		if (!*entry)
			continue;
		if (size > SIZE_PD)
			free_below(mm, lower_table(*entry), addr, size / PTRS_PER_TABLE,
				   floor, ceiling);
		if (covers(floor, ceiling, addr, size))
			free_table(mm, entry);
	}
}

void pt_free(struct mm_struct *mm, unsigned long floor, unsigned long ceiling)
{
	unsigned long tables = mm->usage.tables;

	free_below(mm, mm->pgd, 0, SIZE_PML4, floor, ceiling);
	/* The processor may keep the way to a freed table. */
	if (mm->usage.tables != tables && read_cr3() == __pa(mm->pgd))
		write_cr3(read_cr3());
}

/* --- for drivers -------------------------------------------------------------------------- */

static bool inside(const struct vm_area_struct *vma, unsigned long addr,
		   unsigned long size)
{
	return addr % PAGE_SIZE == 0 && addr >= vma->vm_start &&
	       size <= vma->vm_end - addr;
}

static int map_frame(struct vm_area_struct *vma, unsigned long addr, phys_addr_t pa,
		     u64 cache)
{
	u64 *entry = pt_get(vma->vm_mm, addr);

	if (!entry)
		return -ENOMEM;
	if (pte_mapped(*entry))
		return -EBUSY;
	WRITE_ONCE(*entry, pt_entry(pa, vma->vm_flags, true) | cache);
	return 0;
}

int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page)
{
	int err;

	if (addr < vma->vm_start || !inside(vma, addr, PAGE_SIZE))
		return -EFAULT;
	if (!PageLive(page) || PageSlab(page) || page_order(page))
		return -EINVAL;
	err = map_frame(vma, addr, page_to_phys(page), 0);
	if (err)
		return err;
	get_page(page);
	vma->vm_flags |= VM_MIXEDMAP;
	vma->vm_mm->usage.rss++;
	return 0;
}

/* How the processor is to cache it; what the process may do, the area says. */
static u64 cache_bits(pgprot_t prot)
{
	switch (prot) {
	case PAGE_KERNEL_NOCACHE:
		return PTE_PCD | PTE_PWT;
	case PAGE_KERNEL_WC:
		return PTE_PWT;
	default:
		return 0;
	}
}

int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		    unsigned long size, pgprot_t prot)
{
	int err;

	if (!inside(vma, addr, size) || vma->vm_flags & VM_MIXEDMAP)
		return -EINVAL;
	/* Also when it fails half-way: what is mapped has no references to drop. */
	vma->vm_flags |= VM_PFNMAP | VM_IO | VM_DONTEXPAND;
	for (unsigned long at = 0; at < size; at += PAGE_SIZE, pfn++) {
		err = map_frame(vma, addr + at, PFN_PHYS(pfn), cache_bits(prot));
		if (err)
			return err;
	}
	return 0;
}
