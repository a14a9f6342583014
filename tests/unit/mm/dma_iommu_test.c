/* SPDX-License-Identifier: MIT */
#include <linux/iommu.h>
#include "dma_iommu_test.h"

struct fake_domain *device;

void behind_iommu_probe(void)
{
	assert_int_equal(iommu_probe_device(&dma_dev, &fake_iommu_ops, NULL), 0);
	device = fake_domain_of(&dma_dev);
}

int behind_iommu(void **state)
{
	dma_set_up(state);
	fake_iommu_reset();
	behind_iommu_probe();
	return 0;
}

int behind_iommu_small(void **state)
{
	dma_set_up(state);
	host_mm_init(16 * MIB);
	fake_iommu_reset();
	behind_iommu_probe();
	return 0;
}

unsigned long addresses_in_use(void)
{
	struct iommu_dma_stats stats;

	assert_int_equal(iommu_dma_get_stats(&dma_dev, &stats), 0);
	return stats.mapped_pages;
}

void nothing_left(void)
{
	assert_int_equal(fake_live(device), 0);
	assert_int_equal(addresses_in_use(), 0);
	assert_int_equal(iommu_dma_verify(&dma_dev), 0);
}

int leave_iommu(void **state)
{
	nothing_left();
	iommu_release_device(&dma_dev);
	assert_int_equal(fake_iommu.domains, 0);
	assert_null(dma_dev.iommu);
	return dma_tear_down(state);
}

void fill(void *p, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)p)[i] = (unsigned char)(i * 7 + (i >> 8) + seed);
}
