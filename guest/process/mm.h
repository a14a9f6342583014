/* SPDX-License-Identifier: MIT */
/*
 * The address space of a process.
 *
 *	0x200000	   the page of results (guest/user/include/pagevisor.h)
 *	0x400000	   the program, then its heap, which brk() moves upwards
 *	... MMAP_TOP	   mmap() takes the highest gap that fits, as Linux does
 *	... TASK_SIZE	   the stack, growing down from the end
 *
 * Areas say what may be there; page tables say what is.  A page of an area gets its frame at
 * the first access (fault.c).  Two areas side by side that could be one are one.
 *
 * One thread lives in an address space, so its page tables are in use on one CPU at most,
 * and only while that thread runs there: an entry that it changes is flushed on this CPU
 * alone.  What others change, because a frame moves, they flush there (movable.c).
 */
#ifndef GUEST_PROCESS_MM_H
#define GUEST_PROCESS_MM_H

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/vma.h>
#include <guest/process.h>
#include <mm/range_tree.h>

#define MMAP_MIN  0x10000UL /* null pointers with an offset find nothing below */
#define STACK_MAX 0x800000UL /* Linux's usual limit */
#define STACK_GAP \
	0x100000UL /* below the limit: nothing is mapped this close to a stack */
#define MMAP_TOP (TASK_SIZE - STACK_MAX - STACK_GAP)

/* Frames of a shared anonymous mapping: who maps the same object sees the same frames. */
struct shared;

struct area {
	struct vm_area_struct vma; /* vm_start, vm_end: set by area_place() only */
	struct range range; /* the same, in mm->areas */
	struct shared *shared; /* a reference, for VM_SHARED without a file */
};

struct mm_struct {
	struct mutex lock; /* guards what follows; read without it: the counts */
	u64 *pgd; /* top level; its upper half is the kernel's */
	struct range_tree areas; /* of struct area */
	unsigned long brk_start, brk; /* heap [start, brk); its area ends at a page */
	struct process_usage usage;
	unsigned int refs; /* the process's, and others' for a while: mm_get() */
	int cpu; /* where the tables are in use; -1: nowhere */
};

/* --- whole spaces ---------------------------------------------------------------------- */

/* An empty one; NULL without memory. */
struct mm_struct *mm_create(void);
/* Everything goes, and the process's reference.  No CPU uses its tables any more. */
void mm_destroy(struct mm_struct *mm);
/* Keeps an address space, maybe an empty one, for somebody who is not its process. */
void mm_get(struct mm_struct *mm);
void mm_put(struct mm_struct *mm);
/* Copies parent's areas; private frames are shared until one of the two writes.  parent is
 * the space in use here.  -ENOMEM: the new space is to be destroyed. */
int mm_copy(struct mm_struct *mm, struct mm_struct *parent);
/* Takes the tables into use on this CPU in place of others; NULL: the kernel's. */
void mm_use(struct mm_struct *mm, struct mm_struct *before);
/* What is wrong with areas and counts, or NULL. */
const char *mm_fault_found(struct mm_struct *mm);

/* --- areas; the lock is held ------------------------------------------------------------ */

#define area_of(r) container_of(r, struct area, range)

static inline struct area *area_find(struct mm_struct *mm, unsigned long addr)
{
	struct range *r = range_tree_find(&mm->areas, addr);

	return r ? area_of(r) : NULL;
}

/* Its pages were mapped beforehand and come back by no fault. */
static inline bool area_is_drivers(const struct area *area)
{
	return area->vma.vm_file || area->vma.vm_flags & (VM_MIXEDMAP | VM_PFNMAP);
}

/* A new one with these flags, not yet in the tree. */
struct area *area_create(struct mm_struct *mm, unsigned long flags);
/* A second area with everything of the first but its place; NULL without memory. */
struct area *area_twin(const struct area *area);
/* Gives [start, end) to an area that is in no tree.  -EEXIST, -EINVAL. */
int area_insert(struct mm_struct *mm, struct area *area, unsigned long start,
		unsigned long end);
/* Takes it out and frees it; what is mapped there was zapped. */
void area_remove(struct mm_struct *mm, struct area *area);
void area_free(struct area *area);
/* Moves the ends of an area that is in the tree, into free space. */
void area_resize(struct mm_struct *mm, struct area *area, unsigned long start,
		 unsigned long end);
/* Cuts areas at addr, so that none crosses it. */
int area_split(struct mm_struct *mm, unsigned long addr);
/* Joins neighbours that are alike, from the one before start to the one after end. */
void area_merge(struct mm_struct *mm, unsigned long start, unsigned long end);
/* The highest free range of this size below MMAP_TOP; 0: none. */
unsigned long area_gap(struct mm_struct *mm, unsigned long size);

/* --- what system calls do; they take the lock ------------------------------------------- */

struct mapping {
	unsigned long addr, size; /* addr 0, or a hint unless `fixed` */
	unsigned long flags; /* VM_* */
	bool fixed; /* there and nowhere else, in place of what is there */
	struct file *file; /* or NULL: anonymous */
	unsigned long pgoff;
};
/* The address, or a negative errno. */
long mm_map(struct mm_struct *mm, const struct mapping *map);
int mm_unmap(struct mm_struct *mm, unsigned long addr, unsigned long size);
int mm_protect(struct mm_struct *mm, unsigned long addr, unsigned long size,
	       unsigned long flags);
/* madvise(MADV_DONTNEED): the frames go, the areas stay. */
int mm_discard(struct mm_struct *mm, unsigned long addr, unsigned long size);
/* The new break, or the old one when it cannot be had. */
unsigned long mm_brk(struct mm_struct *mm, unsigned long brk);
long mm_remap(struct mm_struct *mm, unsigned long addr, unsigned long old_size,
	      unsigned long size, bool may_move);

/* --- faults ------------------------------------------------------------------------------ */

/* Makes an access possible: 0; -EFAULT: it is not permitted; -ENOMEM: no frame. */
int mm_fault(struct mm_struct *mm, unsigned long addr, unsigned long access);

/* --- page tables; the lock is held -------------------------------------------------------- */

#define PTE_USER    0x004UL
#define PTE_NONE    0x100UL /* not present, but mapped: PROT_NONE; the frame stays */
#define PTE_SPECIAL 0x200UL /* the frame has no reference from here */

static inline bool pte_mapped(u64 pte)
{
	return pte & 0x101UL;
}

static inline struct page *pte_page(u64 pte)
{
	return phys_to_page(pte & 0x000ffffffffff000UL);
}

/* The entry for addr, NULL where there is no table (pt_get: no memory for one). */
u64 *pt_find(const struct mm_struct *mm, unsigned long addr);
u64 *pt_get(struct mm_struct *mm, unsigned long addr);
/* An entry as an area with these flags wants it; writable only if asked. */
u64 pt_entry(phys_addr_t pa, unsigned long vm_flags, bool writable);
/* Sets an entry, and makes this CPU forget the old one if the space is in use. */
void pt_set(struct mm_struct *mm, unsigned long addr, u64 *entry, u64 value);
/* Removes the mappings and gives up their frames. */
void pt_zap(struct mm_struct *mm, unsigned long start, unsigned long end,
	    unsigned long vm_flags);
void pt_protect(struct mm_struct *mm, unsigned long start, unsigned long end,
		unsigned long vm_flags);
/* Moves entries, frames and all, to another place. */
int pt_move(struct mm_struct *mm, unsigned long from, unsigned long to,
	    unsigned long size);
/* Copies the entries of an area to a child; private ones become read-only in both. */
int pt_copy(struct mm_struct *child, struct mm_struct *parent,
	    const struct vm_area_struct *vma);
/* Frees tables that lie in [floor, ceiling) as a whole: nothing is mapped there. */
void pt_free(struct mm_struct *mm, unsigned long floor, unsigned long ceiling);

/* --- frames -------------------------------------------------------------------------------- */

/* A zeroed frame for a process; NULL without memory. */
struct page *user_page_alloc(gfp_t gfp);
void user_page_put(struct page *page);

/* Now the frame is mapped at addr of mm and nowhere else: it can move. */
void frame_settle(struct page *page, struct mm_struct *mm, unsigned long addr);
/* It may be mapped elsewhere from now on, or not at all: it stays where it is. */
void frame_unsettle(struct page *page);
static inline bool frame_is_settled(const struct page *page)
{
	return PageUser(page) && PageMovable(page);
}

struct shared *shared_create(unsigned long pages);
void shared_get(struct shared *shared);
void shared_put(struct shared *shared);
/* The frame at an index, made if need be, with a reference; NULL without memory. */
struct page *shared_page(struct shared *shared, unsigned long index);

void file_get(struct file *file);
void file_put(struct file *file);

#endif
