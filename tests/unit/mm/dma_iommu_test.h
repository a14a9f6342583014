/* SPDX-License-Identifier: MIT */
/* dma_dev behind an IOMMU: what the tests of the DMA API there share. */
#ifndef DMA_IOMMU_TEST_H
#define DMA_IOMMU_TEST_H

#include "dma_test.h"
#include "fake_iommu.h"
#include "mm/platform.h"

extern struct fake_domain *device; /* what dma_dev sees */

void behind_iommu_probe(void);
int behind_iommu(void **state);
/* On a machine whose memory can be used up. */
int behind_iommu_small(void **state);
/* Nothing may be left. */
int leave_iommu(void **state);

unsigned long addresses_in_use(void);
/* Nothing is mapped, nobody holds an address, all books are right. */
void nothing_left(void);
/* Bytes that say where they are. */
void fill(void *p, size_t size, unsigned int seed);

#define iommu_test(f) cmocka_unit_test_setup_teardown(f, behind_iommu, leave_iommu)

#endif
