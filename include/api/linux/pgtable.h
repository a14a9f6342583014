/* SPDX-License-Identifier: MIT */
/* How a page is mapped (include/linux/pgtable.h). */
#ifndef _LINUX_PGTABLE_H
#define _LINUX_PGTABLE_H

typedef enum pgprot {
	PAGE_KERNEL, /* read, write, cached */
	PAGE_KERNEL_RO, /* read, cached */
	PAGE_KERNEL_NOCACHE, /* read, write, uncached: device registers */
	PAGE_KERNEL_WC, /* read, write, write-combining */
} pgprot_t;

#endif
