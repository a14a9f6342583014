/* SPDX-License-Identifier: MIT */
/* Address spaces as a whole: making, copying, using, ending one; and its books. */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/cpu.h>
#include <asm/pagetable.h>

#include "mm.h"

#define HALF	   (PTRS_PER_TABLE / 2) /* entries of the top level for each half */
#define USER_LIMIT (HALF * SIZE_PML4)

struct mm_struct *mm_create(void)
{
	struct mm_struct *mm = kzalloc(sizeof(*mm), GFP_KERNEL);

	if (!mm)
		return NULL;
	mm->pgd = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!mm->pgd) {
		kfree(mm);
		return NULL;
	}
	memcpy(mm->pgd + HALF, kernel_pml4 + HALF, HALF * sizeof(u64));
	mm->usage.tables = 1;
	mm->refs = 1;
	mm->cpu = -1;
	mutex_init(&mm->lock);
	range_tree_init(&mm->areas, MMAP_MIN, TASK_SIZE);
	return mm;
}

void mm_destroy(struct mm_struct *mm)
{
	struct range *r;

	mutex_lock(&mm->lock);
	while ((r = range_first(&mm->areas)) != &mm->areas.tail) {
		struct vm_area_struct *vma = &area_of(r)->vma;

		pt_zap(mm, vma->vm_start, vma->vm_end, vma->vm_flags);
		area_remove(mm, area_of(r));
	}
	pt_free(mm, 0, USER_LIMIT);
	WARN_ON(mm->usage.rss || mm->usage.tables != 1 || mm->usage.total);
	mutex_unlock(&mm->lock);
	mm_put(mm);
}

static int copy_area(struct mm_struct *mm, struct mm_struct *parent, struct area *area)
{
	struct area *copy = area_twin(area);
	int err;

	if (!copy)
		return -ENOMEM;
	copy->vma.vm_mm = mm;
	err = area_insert(mm, copy, area->vma.vm_start, area->vma.vm_end);
	if (err) {
		area_free(copy);
		return err;
	}
	return pt_copy(mm, parent, &area->vma);
}

int mm_copy(struct mm_struct *mm, struct mm_struct *parent)
{
	struct range *r;
	int err = 0;

	mutex_lock(&parent->lock);
	mm->brk_start = parent->brk_start;
	mm->brk = parent->brk;
	range_tree_for_each(r, &parent->areas)
	{
		err = copy_area(mm, parent, area_of(r));
		if (err)
			break;
	}
	mutex_unlock(&parent->lock);
	return err;
}

void mm_use(struct mm_struct *mm, struct mm_struct *before)
{
	if (mm)
		WRITE_ONCE(mm->cpu, (int)smp_processor_id());
	/* Serialising: others see the store before this CPU reads an entry. */
	write_cr3(mm ? __pa(mm->pgd) : image_phys(kernel_pml4));
	if (before)
		WRITE_ONCE(before->cpu, -1);
}

bool process_kernel_half_fault(unsigned long addr)
{
	u64 *top = __va(read_cr3() & PTE_ADDRESS);
	u64 entry = kernel_pml4[PML4_INDEX(addr)];

	if (addr < USER_LIMIT || top[PML4_INDEX(addr)] || !entry)
		return false;
	top[PML4_INDEX(addr)] = entry;
	return true;
}

/* --- books --------------------------------------------------------------------------------- */

/* Frames that the area's entries hold references to. */
static unsigned long frames_of(struct mm_struct *mm, const struct vm_area_struct *vma)
{
	unsigned long frames = 0;

	for (unsigned long addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
		const u64 *entry = pt_find(mm, addr);

		frames += entry && pte_mapped(*entry) && !(*entry & PTE_SPECIAL) &&
			  !(vma->vm_flags & VM_PFNMAP);
	}
	return frames;
}

const char *mm_fault_found(struct mm_struct *mm)
{
	unsigned long rss = 0, total = 0;
	const char *fault;
	struct range *r;

	mutex_lock(&mm->lock);
	fault = range_tree_fault(&mm->areas);
	range_tree_for_each(r, &mm->areas)
	{
		const struct vm_area_struct *vma = &area_of(r)->vma;

		if (vma->vm_start != r->start || vma->vm_end != r->end)
			fault = "an area's ends are not those of its range";
		rss += frames_of(mm, vma);
		total += (r->end - r->start) / PAGE_SIZE;
	}
	if (!fault && rss != mm->usage.rss)
		fault = "rss is not the number of frames mapped";
	if (!fault && total != mm->usage.total)
		fault = "the size is not that of all areas";
	mutex_unlock(&mm->lock);
	return fault;
}
