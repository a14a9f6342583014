/* SPDX-License-Identifier: MIT */
/*
 * The page tables of x86-64 (AMD64 manual, volume 2, 5.3; Intel SDM, volume 3, 4.5), as far as
 * they are read here: bits of an entry, and of the registers that say what the tables are.
 */
#ifndef VMM_PAGE_TABLE_H
#define VMM_PAGE_TABLE_H

#include <stdint.h>

#define ENTRIES	      512u /* of a table */
#define ENTRY_PRESENT (UINT64_C(1) << 0)
#define ENTRY_LARGE   (UINT64_C(1) << 7) /* a page, where another level could be */
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)
#define ENTRY_NX      (UINT64_C(1) << 63)

#define CR0_PG	 (1ull << 31)
#define CR4_LA57 (1ull << 12) /* five levels, not four */
#define EFER_LMA (1ull << 10)

#endif
