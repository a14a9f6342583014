/* SPDX-License-Identifier: MIT */
/* High memory at boot. */
#ifndef MM_HIGHMEM_H
#define MM_HIGHMEM_H

#include <linux/types.h>

/* The option highmem=SIZE ("64M"): 0, or -EINVAL. */
int highmem_setup(const char *arg);
/*
 * Decides where high memory begins: the top SIZE bytes of RAM, whole 4 MiB blocks, but so
 * that LOWMEM_LEAST bytes stay below.  Once RAM is known to memblock, before a direct map
 * is made; boot memory comes from below afterwards.
 */
#define LOWMEM_LEAST (32UL << 20)
void highmem_place(void);
/* Its first byte; ~0 without any.  The direct map ends there. */
phys_addr_t highmem_start(void);
/* Makes ready what kmap() needs, where there is high memory. */
void kmap_init(void);

#endif
