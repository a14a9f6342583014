/* SPDX-License-Identifier: MIT */
/* What a process may change about its areas: mmap, munmap, mprotect, madvise, brk, mremap. */
#include <linux/fs.h>
#include <linux/kernel.h>

#include "mm.h"

/* [addr, addr + *size) as whole pages of the process's half; -EINVAL if it is not. */
static int check_range(unsigned long addr, unsigned long *size)
{
	if (addr % PAGE_SIZE || !*size || *size > TASK_SIZE)
		return -EINVAL;
	*size = ALIGN(*size, PAGE_SIZE);
	return addr >= MMAP_MIN && access_ok((void *)addr, *size) ? 0 : -EINVAL;
}

/* The first area of [addr, end), or NULL. */
static struct area *first_area(struct mm_struct *mm, unsigned long addr,
			       unsigned long end)
{
	struct range *r = range_tree_above(&mm->areas, addr);

	return r && r != &mm->areas.tail && r->start < end ? area_of(r) : NULL;
}

/* --- munmap --------------------------------------------------------------------------------- */

/* Tables that no area needs any more around a hole. */
static void free_tables(struct mm_struct *mm, unsigned long addr)
{
	struct range *next = range_tree_above(&mm->areas, addr);
	struct range *prev = next ? next->prev : mm->areas.tail.prev;
	bool last = !next || next == &mm->areas.tail;

	pt_free(mm, prev == &mm->areas.head ? 0 : prev->end,
		last ? TASK_SIZE + PAGE_SIZE : next->start);
}

static int unmap(struct mm_struct *mm, unsigned long addr, unsigned long end)
{
	struct area *area;
	int err = area_split(mm, addr);

	if (!err)
		err = area_split(mm, end);
	if (err)
		return err;
	while ((area = first_area(mm, addr, end))) {
		pt_zap(mm, area->vma.vm_start, area->vma.vm_end, area->vma.vm_flags);
		area_remove(mm, area);
	}
	free_tables(mm, addr);
	return 0;
}

int mm_unmap(struct mm_struct *mm, unsigned long addr, unsigned long size)
{
	int err = check_range(addr, &size);

	if (err)
		return err;
	mutex_lock(&mm->lock);
	err = unmap(mm, addr, addr + size);
	mutex_unlock(&mm->lock);
	return err;
}

/* --- mmap ----------------------------------------------------------------------------------- */

/* What stands behind a new area. */
static int back(struct area *area, const struct mapping *map, unsigned long pages)
{
	if (map->file) {
		file_get(map->file);
		area->vma.vm_file = map->file;
		area->vma.vm_pgoff = map->pgoff;
	} else if (map->flags & VM_SHARED) {
		area->shared = shared_create(pages);
		if (!area->shared)
			return -ENOMEM;
	}
	return 0;
}

static int insert(struct mm_struct *mm, const struct mapping *map, unsigned long addr,
		  unsigned long size)
{
	struct area *area = area_create(mm, map->flags);
	int err = area ? back(area, map, size / PAGE_SIZE) : -ENOMEM;

	if (!err)
		err = area_insert(mm, area, addr, addr + size);
	if (err) {
		if (area)
			area_free(area);
		return err;
	}
	if (map->file)
		err = map->file->f_op->mmap(map->file, &area->vma);
	if (err)
		unmap(mm, addr, addr + size);
	else
		area_merge(mm, addr, addr + size);
	return err;
}

/* Where the mapping goes; 0 or a negative errno: nowhere. */
static long choose_place(struct mm_struct *mm, const struct mapping *map,
			 unsigned long size)
{
	unsigned long checked = size;
	int err;

	if (map->fixed) {
		err = check_range(map->addr, &checked);
		if (!err)
			err = unmap(mm, map->addr, map->addr + size);
		return err ? err : (long)map->addr;
	}
	if (map->addr && !check_range(map->addr, &checked) &&
	    !first_area(mm, map->addr, map->addr + size))
		return (long)map->addr;
	return (long)area_gap(mm, size);
}

long mm_map(struct mm_struct *mm, const struct mapping *map)
{
	unsigned long size = ALIGN(map->size, PAGE_SIZE);
	long addr, err;

	if (!map->size || map->size > TASK_SIZE)
		return -EINVAL;
	mutex_lock(&mm->lock);
	addr = choose_place(mm, map, size);
	err = addr > 0 ? insert(mm, map, (unsigned long)addr, size)
	      : addr   ? addr
		       : -ENOMEM;
	mutex_unlock(&mm->lock);
	return err ? err : addr;
}

/* --- mprotect, madvise ------------------------------------------------------------------------ */

/* All of [addr, end) belongs to areas. */
static bool all_mapped(struct mm_struct *mm, unsigned long addr, unsigned long end)
{
	while (addr < end) {
		struct area *area = area_find(mm, addr);

		if (!area)
			return false;
		addr = area->vma.vm_end;
	}
	return true;
}

#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)

static int protect(struct mm_struct *mm, unsigned long addr, unsigned long end,
		   unsigned long flags)
{
	int err = all_mapped(mm, addr, end) ? area_split(mm, addr) : -ENOMEM;

	if (!err)
		err = area_split(mm, end);
	if (err)
		return err;
	for (struct area *area; addr < end; addr = area->vma.vm_end) {
		area = area_find(mm, addr);
		area->vma.vm_flags = (area->vma.vm_flags & ~VM_ACCESS) | flags;
		pt_protect(mm, addr, area->vma.vm_end, area->vma.vm_flags);
	}
	return 0;
}

int mm_protect(struct mm_struct *mm, unsigned long addr, unsigned long size,
	       unsigned long flags)
{
	int err = check_range(addr, &size);

	if (err)
		return err;
	mutex_lock(&mm->lock);
	err = protect(mm, addr, addr + size, flags);
	area_merge(mm, addr, addr + size);
	mutex_unlock(&mm->lock);
	return err;
}

int mm_discard(struct mm_struct *mm, unsigned long addr, unsigned long size)
{
	int err = check_range(addr, &size);
	unsigned long end = addr + size;

	if (err)
		return err;
	mutex_lock(&mm->lock);
	if (!all_mapped(mm, addr, end))
		err = -ENOMEM;
	for (struct area *area; !err && addr < end; addr = area->vma.vm_end) {
		area = area_find(mm, addr);
		if (area_is_drivers(area))
			err = -EINVAL;
		else
			pt_zap(mm, addr, min(end, area->vma.vm_end), area->vma.vm_flags);
	}
	mutex_unlock(&mm->lock);
	return err;
}

/* --- brk -------------------------------------------------------------------------------------- */

static int move_break(struct mm_struct *mm, unsigned long from, unsigned long to)
{
	const struct mapping heap = { .flags = VM_READ | VM_WRITE };

	if (to == from)
		return 0;
	return to < from ? unmap(mm, to, from) : insert(mm, &heap, from, to - from);
}

unsigned long mm_brk(struct mm_struct *mm, unsigned long brk)
{
	mutex_lock(&mm->lock);
	if (brk >= mm->brk_start && brk < MMAP_TOP &&
	    !move_break(mm, ALIGN(mm->brk, PAGE_SIZE), ALIGN(brk, PAGE_SIZE)))
		mm->brk = brk;
	brk = mm->brk;
	mutex_unlock(&mm->lock);
	return brk;
}

/* --- mremap ----------------------------------------------------------------------------------- */

/* The whole area moves to where it has room; -ENOMEM: there is none. */
static long move_area(struct mm_struct *mm, struct area *area, unsigned long size)
{
	unsigned long from = area->vma.vm_start, old = area->vma.vm_end - from;
	unsigned long to = area_gap(mm, size);
	struct area *moved = to ? area_twin(area) : NULL;
	int err;

	if (!moved)
		return -ENOMEM;
	err = area_insert(mm, moved, to, to + size);
	if (err) {
		area_free(moved);
		return err;
	}
	err = pt_move(mm, from, to, old);
	area_remove(mm, err ? moved : area);
	free_tables(mm, err ? to : from);
	area_merge(mm, to, to + size);
	return err ? err : (long)to;
}

static long enlarge(struct mm_struct *mm, unsigned long addr, unsigned long old,
		    unsigned long size, bool may_move)
{
	struct area *area = area_find(mm, addr);

	/* A shared object has a size of its own. */
	if (!area || area->vma.vm_end < addr + old || area->shared ||
	    area_is_drivers(area) || area->vma.vm_flags & VM_DONTEXPAND)
		return -EFAULT;
	if (area_split(mm, addr) || area_split(mm, addr + old))
		return -ENOMEM;
	area = area_find(mm, addr);
	if (addr + size <= MMAP_TOP && !first_area(mm, addr + old, addr + size)) {
		area_resize(mm, area, addr, addr + size);
		area_merge(mm, addr, addr + size);
		return (long)addr;
	}
	return may_move ? move_area(mm, area, size) : -ENOMEM;
}

long mm_remap(struct mm_struct *mm, unsigned long addr, unsigned long old_size,
	      unsigned long size, bool may_move)
{
	long err = check_range(addr, &old_size);

	if (err || !size || size > TASK_SIZE)
		return -EINVAL;
	size = ALIGN(size, PAGE_SIZE);
	mutex_lock(&mm->lock);
	if (size > old_size)
		err = enlarge(mm, addr, old_size, size, may_move);
	else if (size < old_size)
		err = unmap(mm, addr + size, addr + old_size);
	mutex_unlock(&mm->lock);
	return err ? err : (long)addr;
}
