/* SPDX-License-Identifier: MIT */
/* How a page is mapped (include/linux/pgtable.h). */
#ifndef _LINUX_PGTABLE_H
#define _LINUX_PGTABLE_H

#include <linux/pfn.h>

typedef enum pgprot {
	PAGE_KERNEL, /* read, write, cached */
	PAGE_KERNEL_RO, /* read, cached */
	PAGE_KERNEL_NOCACHE, /* read, write, uncached: device registers */
	PAGE_KERNEL_WC, /* read, write, write-combining */
	PAGE_KERNEL_WT, /* read, write, write-through */
} pgprot_t;

/* The next larger page: what one entry of a page directory maps at once. */
#define PMD_SHIFT 21
#define PMD_SIZE  (1UL << PMD_SHIFT)
#define PMD_MASK  (~(PMD_SIZE - 1))
#define PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)

#endif
