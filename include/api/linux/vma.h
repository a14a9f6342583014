/* SPDX-License-Identifier: MIT */
/*
 * An area of a process's address space, as a driver's mmap sees it (include/linux/mm.h, where
 * Linux declares all of this), and the ways to put pages there.
 */
#ifndef _LINUX_VMA_H
#define _LINUX_VMA_H

#include <linux/types.h>
#include <linux/pgtable.h>

struct page;
struct file;
struct mm_struct;

/* vm_flags; Linux's values. */
#define VM_READ	      0x00000001UL
#define VM_WRITE      0x00000002UL
#define VM_EXEC	      0x00000004UL
#define VM_SHARED     0x00000008UL /* writes are for everyone; else copied on write */
#define VM_GROWSDOWN  0x00000100UL /* a stack */
#define VM_PFNMAP     0x00000400UL /* frames without references: remap_pfn_range() */
#define VM_IO	      0x00004000UL /* device registers */
#define VM_DONTEXPAND 0x00040000UL /* mremap() must not enlarge it */
#define VM_MIXEDMAP   0x10000000UL /* pages a driver inserted: vm_insert_page() */

struct vm_area_struct {
	unsigned long vm_start, vm_end; /* [vm_start, vm_end), page-aligned */
	unsigned long vm_pgoff; /* page offset of vm_start in the object behind it */
	unsigned long vm_flags;
	struct mm_struct *vm_mm;
	struct file *vm_file; /* NULL: anonymous */
	void *vm_private_data; /* the driver's */
};

/*
 * Maps a single page of the driver's at addr, with the area's permissions, and takes a
 * reference to it.  Inside the driver's mmap only.  -EFAULT: addr is not in the area;
 * -EBUSY: something is mapped there; -EINVAL: no page that may be mapped; -ENOMEM.
 */
int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page);

/* Maps frames from pfn on at addr; no struct page is looked at, none need exist. */
int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		    unsigned long size, pgprot_t prot);

#endif
