/* SPDX-License-Identifier: MIT */
/* Domains that are their owner's, and devices that cannot be put behind an IOMMU. */
#include <linux/iommu.h>
#include <linux/string.h>
#include "dma_iommu_test.h"

static int faults;
static unsigned long fault_address;

static int note_fault(struct iommu_domain *domain, struct device *dev, unsigned long iova,
		      int flags, void *token)
{
	assert_ptr_equal(token, &faults);
	assert_ptr_equal(dev, &dma_dev);
	assert_ptr_equal(domain, iommu_get_domain_for_dev(dev));
	assert_int_equal(flags, IOMMU_FAULT_WRITE);
	fault_address = iova;
	faults++;
	return 0;
}

static void map_well_and_badly(struct iommu_domain *own)
{
	assert_int_equal(iommu_map(own, 0, 0x1000, PAGE_SIZE, IOMMU_READ, GFP_KERNEL), 0);
	assert_int_equal(iommu_map(own, 0, 0x2000, PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
			 -EEXIST);
	assert_int_equal(iommu_map(own, 8, 0x1000, PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(iommu_map(own, PAGE_SIZE, 0x1000, 0, IOMMU_READ, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(
		iommu_map(own, PAGE_SIZE, 0x1001, PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
		-EINVAL);
	assert_int_equal(iommu_map(own, PAGE_SIZE, 0x1000, PAGE_SIZE, 0, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(
		iommu_map(own, 1UL << 48, 0x1000, PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
		-EINVAL);
	assert_int_equal(
		iommu_map(own, -PAGE_SIZE, 0x1000, 2 * PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
		-EINVAL);
}

static void unmanaged_domains(void **state)
{
	struct iommu_domain *own = iommu_domain_alloc(&dma_dev);
	struct device stranger = { .name = "stranger" };

	(void)state;
	assert_non_null(own);
	assert_int_equal(own->type, IOMMU_DOMAIN_UNMANAGED);
	assert_int_equal(iommu_attach_device(own, &stranger), -ENODEV);
	assert_null(iommu_domain_alloc(&stranger));
	assert_null(iommu_get_domain_for_dev(&stranger));
	map_well_and_badly(own);
	assert_int_equal(iommu_iova_to_phys(own, 12), 0x100c);
	assert_int_equal(iommu_iova_to_phys(own, PAGE_SIZE), 0);
	assert_int_equal(iommu_attach_device(own, &dma_dev), 0);
	assert_ptr_equal(iommu_get_domain_for_dev(&dma_dev), own);
	iommu_set_fault_handler(own, note_fault, &faults);
	faults = 0;
	assert_int_equal(report_iommu_fault(own, &dma_dev, 0x5000, IOMMU_FAULT_WRITE), 0);
	assert_int_equal(faults, 1);
	assert_int_equal(fault_address, 0x5000);
	iommu_set_fault_handler(own, NULL, NULL);
	assert_int_equal(report_iommu_fault(own, &dma_dev, 0x5000, IOMMU_FAULT_READ),
			 -ENOSYS);
	assert_true(host_log_has("0000:00:05.0: IOMMU fault: read of 0x5000"));
	assert_int_equal(iommu_unmap(own, 0, 4 * PAGE_SIZE), PAGE_SIZE);
	iommu_detach_device(own, &dma_dev);
	assert_ptr_equal(iommu_get_domain_for_dev(&dma_dev), &device->domain);
	iommu_domain_free(own);
}

static void iommu_map_sg_undoes_what_it_did(void **state)
{
	struct iommu_domain *own = iommu_domain_alloc(&dma_dev);
	struct fake_domain *d = container_of(own, struct fake_domain, domain);
	struct scatterlist sg[4];

	(void)state;
	sg_init_table(sg, 4);
	for (unsigned int i = 0; i < 4; i++)
		sg_set_page(&sg[i], pfn_to_page(100 + 3 * i), PAGE_SIZE, 0);
	assert_int_equal(iommu_map_sg(own, PAGE_SIZE, sg, 4, IOMMU_READ, GFP_KERNEL),
			 4 * PAGE_SIZE);
	assert_int_equal(iommu_iova_to_phys(own, 4 * PAGE_SIZE), 109 * PAGE_SIZE);
	assert_int_equal(iommu_unmap(own, PAGE_SIZE, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	for (unsigned int n = 1; n <= 4; n++) {
		fake_iommu.fail_map = n;
		assert_int_equal(
			iommu_map_sg(own, PAGE_SIZE, sg, 4, IOMMU_READ, GFP_KERNEL),
			-ENOMEM);
		assert_int_equal(fake_live(d), 0);
	}
	sg[2].length = 100;
	assert_int_equal(iommu_map_sg(own, PAGE_SIZE, sg, 4, IOMMU_READ, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(iommu_map_sg(own, PAGE_SIZE, sg, 0, IOMMU_READ, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(fake_live(d), 0);
	iommu_domain_free(own);
}

static void devices_that_cannot_be_taken(void **state)
{
	struct device other = { .name = "other" };

	(void)state;
	assert_int_equal(iommu_probe_device(&dma_dev, &fake_iommu_ops, NULL), -EBUSY);
	fake_iommu.fail_alloc = true;
	assert_int_equal(iommu_probe_device(&other, &fake_iommu_ops, NULL), -ENOMEM);
	fake_iommu.fail_alloc = false;
	fake_iommu.fail_attach = true;
	assert_int_equal(iommu_probe_device(&other, &fake_iommu_ops, NULL), -ENOSPC);
	fake_iommu.fail_attach = false;
	fake_iommu.granule = 4 * PAGE_SIZE;
	assert_int_equal(iommu_probe_device(&other, &fake_iommu_ops, NULL), -EOPNOTSUPP);
	assert_int_equal(fake_iommu.domains, 1);
	assert_null(other.iommu);
	assert_null(other.dma_ops);
	assert_int_equal(iommu_dma_set_lazy(&other, true), -ENODEV);
	assert_int_equal(iommu_dma_verify(&other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		iommu_test(unmanaged_domains),
		iommu_test(iommu_map_sg_undoes_what_it_did),
		iommu_test(devices_that_cannot_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
