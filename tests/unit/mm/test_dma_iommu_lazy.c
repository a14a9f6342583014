/* SPDX-License-Identifier: MIT */
/* Strict and lazy unmapping, and several CPUs at both. */
#include <linux/iommu.h>
#include <linux/string.h>
#include "dma_iommu_test.h"

static unsigned int wanted;

static void want_flush(void)
{
	wanted++;
}

static void lazy_unmapping_leaves_a_window_but_no_address(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct iommu_dma_stats stats;
	dma_addr_t dma, next;

	(void)state;
	wanted = 0;
	iommu_dma_flush_wanted = want_flush;
	assert_int_equal(iommu_dma_set_lazy(&dma_dev, true), 0);
	dma = dma_map_page(&dma_dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	dma_unmap_page(&dma_dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	assert_int_equal(fake_reach(device, dma, IOMMU_READ), page_to_phys(page));
	assert_int_equal(wanted, 1);
	iommu_dma_get_stats(&dma_dev, &stats);
	assert_int_equal(stats.queued_pages, 1);
	assert_int_equal(stats.mapped_pages, 0);
	next = dma_map_page(&dma_dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	assert_true(next != dma);
	dma_unmap_page(&dma_dev, next, PAGE_SIZE, DMA_TO_DEVICE);
	assert_int_equal(wanted, 1);
	iommu_dma_flush();
	assert_int_equal(fake_visible(device), 0);
	iommu_dma_get_stats(&dma_dev, &stats);
	assert_int_equal(stats.queued_pages, 0);
	assert_int_equal(stats.flushes, 1);
	/* Strict again: the window is shut. */
	assert_int_equal(iommu_dma_set_lazy(&dma_dev, false), 0);
	dma = dma_map_page(&dma_dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
	dma_unmap_page(&dma_dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	assert_int_equal(fake_visible(device), 0);
	iommu_dma_flush_wanted = NULL;
	__free_page(page);
}

/* A queue that is full, and a space that is, flush by themselves. */
static void lazy_queues_flush_when_they_must(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct iommu_dma_stats stats;

	(void)state;
	assert_int_equal(iommu_dma_set_lazy(&dma_dev, true), 0);
	for (unsigned int i = 0; i < 1000; i++) {
		dma_addr_t dma = dma_map_page(&dma_dev, page, 0, 8, DMA_TO_DEVICE);

		assert_int_equal(dma_mapping_error(&dma_dev, dma), 0);
		dma_unmap_page(&dma_dev, dma, 8, DMA_TO_DEVICE);
	}
	iommu_dma_get_stats(&dma_dev, &stats);
	assert_in_range(stats.flushes, 3, 5);
	assert_in_range(stats.queued_pages, 1, 256);
	assert_int_equal(iommu_dma_verify(&dma_dev), 0);
	/* 31 pages in all: far fewer than the queue holds. */
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(17)), 0);
	for (unsigned int i = 0; i < 100; i++) {
		dma_addr_t dma = dma_map_page(&dma_dev, page, 0, 8, DMA_TO_DEVICE);

		assert_int_equal(dma_mapping_error(&dma_dev, dma), 0);
		dma_unmap_page(&dma_dev, dma, 8, DMA_TO_DEVICE);
	}
	assert_int_equal(iommu_dma_set_lazy(&dma_dev, false), 0);
	__free_page(page);
}

#define SMP_ROUNDS 600

/* Each CPU's page holds its number; what the device reads there must be that. */
static void map_read_unmap(void *arg)
{
	unsigned int me = arch_cpu_id(), seed = me, wrong = 0;
	struct page *pages = alloc_pages(GFP_KERNEL, 2);

	memset(page_address(pages), (int)me + 1, 4 * PAGE_SIZE);
	for (unsigned int i = 0; i < SMP_ROUNDS; i++) {
		size_t size = 1 + (size_t)rand_r(&seed) % (4 * PAGE_SIZE);
		dma_addr_t dma = dma_map_page(&dma_dev, pages, 0, size, DMA_TO_DEVICE);
		phys_addr_t phys = fake_reach(device, dma + size - 1, IOMMU_READ);

		if (phys == PHYS_ADDR_MAX || *(unsigned char *)__va(phys) != me + 1)
			wrong++;
		dma_unmap_page(&dma_dev, dma, size, DMA_TO_DEVICE);
		if (i % 64 == 0)
			iommu_dma_flush();
	}
	__free_pages(pages, 2);
	__atomic_fetch_add((unsigned int *)arg, wrong, __ATOMIC_SEQ_CST);
}

static void several_cpus_map_and_unmap(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	host_run_on_cpus(4, map_read_unmap, &wrong);
	assert_int_equal(wrong, 0);
	nothing_left();
	assert_int_equal(iommu_dma_set_lazy(&dma_dev, true), 0);
	host_run_on_cpus(4, map_read_unmap, &wrong);
	assert_int_equal(wrong, 0);
	assert_int_equal(iommu_dma_set_lazy(&dma_dev, false), 0);
	assert_int_equal(fake_visible(device), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		iommu_test(lazy_unmapping_leaves_a_window_but_no_address),
		iommu_test(lazy_queues_flush_when_they_must),
		iommu_test(several_cpus_map_and_unmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
