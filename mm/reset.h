/* SPDX-License-Identifier: MIT */
/*
 * Starting over: each of these makes its module as it was when the program was loaded,
 * forgetting all it held (RAM itself, struct pages and mappings are the platform's to
 * drop).  For platforms that build one memory system after another, as the host's tests
 * do; a module that is not linked has no state, so its function may be absent.
 */
#ifndef MM_RESET_H
#define MM_RESET_H

void __attribute__((weak)) memblock_reset(void);
void __attribute__((weak)) bootmem_reset(void);
void __attribute__((weak)) cma_reset(void);
void __attribute__((weak)) highmem_reset(void);
void __attribute__((weak)) kmap_reset(void);
void __attribute__((weak)) stack_depot_reset(void);
void __attribute__((weak)) page_alloc_reset(void);
void __attribute__((weak)) page_debug_reset(void);
void __attribute__((weak)) slab_reset(void);
void __attribute__((weak)) vmalloc_reset(void);
void __attribute__((weak)) dma_reset(void);
void __attribute__((weak)) iova_reset(void);
void __attribute__((weak)) dma_iommu_reset(void);
void __attribute__((weak)) swiotlb_reset(void);
void __attribute__((weak)) dma_publish_reset(void);
void __attribute__((weak)) trace_reset(void);

#endif
