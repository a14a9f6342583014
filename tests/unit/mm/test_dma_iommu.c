/* SPDX-License-Identifier: MIT */
/* The DMA API behind an IOMMU, seen from the device: what it reaches of single buffers, and
 * what is left of calls that failed half-way. */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/string.h>
#include "dma_iommu_test.h"

static void a_device_reaches_its_buffer_and_no_other_page(void **state)
{
	size_t size = 2 * PAGE_SIZE + 100;
	char *p = alloc_pages_exact(4 * PAGE_SIZE, GFP_KERNEL);
	char *seen = malloc(size);
	dma_addr_t dma;

	(void)state;
	fill(p, 4 * PAGE_SIZE, 1);
	dma = dma_map_single(&dma_dev, p + 300, size, DMA_TO_DEVICE);
	assert_int_equal(dma_mapping_error(&dma_dev, dma), 0);
	assert_int_equal(offset_in_page(dma), 300);
	assert_true(dma < 1UL << 32);
	assert_true(fake_read(device, dma, seen, size));
	assert_memory_equal(seen, p + 300, size);
	assert_int_equal(fake_reach(device, dma, IOMMU_WRITE), PHYS_ADDR_MAX);
	assert_int_equal(fake_reach(device, dma - 301, IOMMU_READ), PHYS_ADDR_MAX);
	assert_int_equal(fake_reach(device, dma - 300 + 3 * PAGE_SIZE, IOMMU_READ),
			 PHYS_ADDR_MAX);
	assert_int_equal(fake_live(device), 1);
	assert_int_equal(addresses_in_use(), 3);
	dma_unmap_single(&dma_dev, dma, size, DMA_TO_DEVICE);
	assert_int_equal(fake_visible(device), 0);
	free_pages_exact(p, 4 * PAGE_SIZE);
	free(seen);
}

static void directions_are_permissions(void **state)
{
	static const struct {
		enum dma_data_direction dir;
		bool read, write;
	} cases[] = { { DMA_TO_DEVICE, true, false },
		      { DMA_FROM_DEVICE, false, true },
		      { DMA_BIDIRECTIONAL, true, true } };
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		dma_addr_t dma = dma_map_page(&dma_dev, page, 16, 8, cases[i].dir);

		assert_int_equal(fake_reach(device, dma, IOMMU_READ) != PHYS_ADDR_MAX,
				 cases[i].read);
		assert_int_equal(fake_reach(device, dma, IOMMU_WRITE) != PHYS_ADDR_MAX,
				 cases[i].write);
		dma_unmap_page(&dma_dev, dma, 8, cases[i].dir);
	}
	__free_page(page);
}

/* Where memory lies is nothing to the device, where its addresses lie is everything. */
static void masks_bound_addresses_not_memory(void **state)
{
	static const unsigned int bits[] = { 20, 24, 28, 32, 48, 64 };
	struct page *high = alloc_page(GFP_KERNEL);

	(void)state;
	assert_true(page_to_phys(high) >= 4 * GIB);
	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
		dma_addr_t dma;

		assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(bits[i])), 0);
		dma = dma_map_page(&dma_dev, high, 0, PAGE_SIZE, DMA_TO_DEVICE);
		assert_int_equal(dma_mapping_error(&dma_dev, dma), 0);
		assert_true(dma + PAGE_SIZE - 1 <= DMA_BIT_MASK(bits[i]));
		assert_int_equal(fake_reach(device, dma, IOMMU_READ), page_to_phys(high));
		dma_unmap_page(&dma_dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	}
	assert_int_equal(dma_set_mask(&dma_dev, PAGE_SIZE), -EIO);
	assert_int_equal(dma_max_mapping_size(&dma_dev), SIZE_MAX);
	__free_page(high);
}

static void addresses_run_out_and_come_back(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t dma[64];
	unsigned int n = 0;

	(void)state;
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(17)), 0);
	while (n < 64) {
		dma[n] = dma_map_page(&dma_dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
		if (dma_mapping_error(&dma_dev, dma[n]))
			break;
		n++;
	}
	assert_int_equal(n, 31); /* page 0 is never given */
	assert_int_equal(atomic_long_read(&dma_dev.dma.refused), 1);
	for (unsigned int i = 0; i < n; i++)
		dma_unmap_page(&dma_dev, dma[i], PAGE_SIZE, DMA_TO_DEVICE);
	dma[0] = dma_map_page(&dma_dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	assert_int_equal(dma_mapping_error(&dma_dev, dma[0]), 0);
	dma_unmap_page(&dma_dev, dma[0], PAGE_SIZE, DMA_TO_DEVICE);
	__free_page(page);
}

/* What has no struct page is mapped by its address; what has one is not, in this way. */
static void resources_are_mapped_by_address(void **state)
{
	phys_addr_t registers = 0xd0000000 + 0x80;
	dma_addr_t dma =
		dma_map_resource(&dma_dev, registers, 0x1000, DMA_FROM_DEVICE, 0);

	(void)state;
	assert_int_equal(dma_mapping_error(&dma_dev, dma), 0);
	assert_int_equal(fake_reach(device, dma + 0xfff, IOMMU_WRITE), registers + 0xfff);
	assert_int_equal(fake_reach(device, dma, IOMMU_READ), PHYS_ADDR_MAX);
	assert_int_equal(addresses_in_use(), 2);
	dma_unmap_resource(&dma_dev, dma, 0x1000, DMA_FROM_DEVICE, 0);
	nothing_left();
	assert_true(dma_map_resource(&dma_dev, 64 * MIB, 8, DMA_TO_DEVICE, 0) ==
		    DMA_MAPPING_ERROR);
	assert_true(dma_map_resource(&dma_dev, 3 * GIB - 8, 16, DMA_TO_DEVICE, 0) ==
		    DMA_MAPPING_ERROR);
	assert_true(dma_map_resource(&dma_dev, registers, 0, DMA_TO_DEVICE, 0) ==
		    DMA_MAPPING_ERROR);
	fake_iommu.fail_map = 1;
	assert_true(dma_map_resource(&dma_dev, registers, 8, DMA_TO_DEVICE, 0) ==
		    DMA_MAPPING_ERROR);
	assert_int_equal(atomic_long_read(&dma_dev.dma.refused), 4);
}

static void a_refused_mapping_leaves_nothing(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	fake_iommu.fail_map = 1;
	assert_true(dma_map_page(&dma_dev, page, 0, 10, DMA_TO_DEVICE) ==
		    DMA_MAPPING_ERROR);
	nothing_left();
	fake_iommu.fail_sync = 1;
	assert_true(dma_map_page(&dma_dev, page, 0, 10, DMA_TO_DEVICE) ==
		    DMA_MAPPING_ERROR);
	nothing_left();
	assert_true(dma_map_page(&dma_dev, page, 1, ~0UL - 1, DMA_TO_DEVICE) ==
		    DMA_MAPPING_ERROR);
	nothing_left();
	assert_int_equal(atomic_long_read(&dma_dev.dma.refused), 3);
	__free_page(page);
}

/* What is not mapped so is reported, and its addresses are never given again. */
static void unmapping_something_else_is_reported(void **state)
{
	struct page *pages = alloc_pages(GFP_KERNEL, 1);
	dma_addr_t dma = dma_map_page(&dma_dev, pages, 0, 2 * PAGE_SIZE, DMA_TO_DEVICE);
	struct iommu_dma_stats stats;

	(void)state;
	/* Half of it: the IOMMU knows whole mappings only. */
	dma_unmap_page(&dma_dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	assert_int_equal(fake_live(device), 1);
	assert_int_equal(host_events.warnings, 1);
	assert_true(host_log_has("which are not mapped so"));
	iommu_dma_get_stats(&dma_dev, &stats);
	assert_int_equal(stats.bad_unmaps, 1);
	assert_int_equal(stats.mapped_pages, 2);
	assert_true(dma_map_page(&dma_dev, pages, 0, 2 * PAGE_SIZE, DMA_TO_DEVICE) !=
		    dma);
	assert_int_equal(iommu_dma_verify(&dma_dev), 0);
	__free_pages(pages, 1);
}

/* After a test that left something behind, as it should. */
static int throw_away(void **state)
{
	(void)state;
	iommu_release_device(&dma_dev);
	host_mm_reset();
	return 0;
}

static void reserved_addresses_are_not_used(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t dma[14];

	(void)state;
	iommu_release_device(&dma_dev);
	fake_iommu.resv_start = 4 * PAGE_SIZE;
	fake_iommu.resv_length = 3 * PAGE_SIZE - 1;
	fake_iommu.first = PAGE_SIZE + 1;
	behind_iommu_probe();
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(16)), 0);
	/* Of 16 pages, 0 and 1 lie below the aperture, 4 to 6 are reserved. */
	for (unsigned int i = 0; i < 11; i++) {
		dma[i] = dma_map_page(&dma_dev, page, 0, 1, DMA_TO_DEVICE);
		assert_int_equal(dma_mapping_error(&dma_dev, dma[i]), 0);
		assert_true(dma[i] >= 2 * PAGE_SIZE);
		assert_true(dma[i] < 4 * PAGE_SIZE || dma[i] >= 7 * PAGE_SIZE);
	}
	assert_true(dma_map_page(&dma_dev, page, 0, 1, DMA_TO_DEVICE) ==
		    DMA_MAPPING_ERROR);
	for (unsigned int i = 0; i < 11; i++)
		dma_unmap_page(&dma_dev, dma[i], 1, DMA_TO_DEVICE);
	__free_page(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		iommu_test(a_device_reaches_its_buffer_and_no_other_page),
		iommu_test(directions_are_permissions),
		iommu_test(masks_bound_addresses_not_memory),
		iommu_test(addresses_run_out_and_come_back),
		iommu_test(resources_are_mapped_by_address),
		iommu_test(a_refused_mapping_leaves_nothing),
		cmocka_unit_test_setup_teardown(unmapping_something_else_is_reported,
						behind_iommu, throw_away),
		iommu_test(reserved_addresses_are_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
