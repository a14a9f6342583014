/* SPDX-License-Identifier: MIT */
/* Pages and page frame numbers (include/linux/pfn.h, asm/page.h). */
#ifndef _LINUX_PFN_H
#define _LINUX_PFN_H

#include <linux/types.h>
#include <linux/kernel.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define PAGE_ALIGN(addr)   ALIGN(addr, PAGE_SIZE)
#define PAGE_ALIGNED(addr) IS_ALIGNED((unsigned long)(addr), PAGE_SIZE)
#define offset_in_page(p)  ((unsigned long)(p) & ~PAGE_MASK)

#define PFN_UP(x)   (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define PHYS_PFN(x) ((unsigned long)((x) >> PAGE_SHIFT))

/* The smallest order whose block holds size bytes; 0 for size 0 (Linux: undefined). */
static inline unsigned int get_order(size_t size)
{
	return size <= PAGE_SIZE
		       ? 0
		       : 64 - (unsigned int)__builtin_clzl((size - 1) >> PAGE_SHIFT);
}

#endif
