/* SPDX-License-Identifier: MIT */
/* Coherent buffers behind an IOMMU: one range, whatever their frames. */
#include <linux/iommu.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "dma_iommu_test.h"

static void coherent(size_t size, bool scattered)
{
	unsigned long before = nr_free_pages();
	char *seen = malloc(size);
	dma_addr_t dma;
	char *p = dma_alloc_coherent(&dma_dev, size, &dma, GFP_KERNEL);

	assert_non_null(p);
	assert_int_equal(is_vmalloc_addr(p), scattered);
	assert_null(memchr_inv(p, 0, size));
	fill(p, size, 5);
	assert_true(fake_read(device, dma, seen, min(size, 3 * PAGE_SIZE)));
	assert_memory_equal(seen, p, min(size, 3 * PAGE_SIZE));
	assert_true(fake_write(device, dma + size - 5, "abcd", 5));
	assert_string_equal(p + size - 5, "abcd");
	/* Values that do not belong together free nothing. */
	dma_free_coherent(&dma_dev, size, p, dma + PAGE_SIZE);
	assert_int_equal(host_events.warnings, 1);
	host_events.warnings = 0;
	dma_dev.dma_reported = 0;
	dma_free_coherent(&dma_dev, size, p, dma);
	vm_unmap_aliases();
	drain_all_pages();
	iommu_dma_drain();
	assert_in_range(before - nr_free_pages() + 64, 0, 128);
	nothing_left();
	free(seen);
}

static void coherent_buffers_are_one_range_whatever_their_frames(void **state)
{
	(void)state;
	coherent(PAGE_SIZE, false);
	coherent(3 * PAGE_SIZE, false);
	coherent(4 * MIB, false);
	coherent(4 * MIB + PAGE_SIZE, true);
	coherent(9 * MIB, true);
}

/* Takes all memory in single pages, a list by their first words. */
static void **take_everything(void)
{
	void **list = NULL, **p;

	while ((p = (void **)__get_free_page(GFP_KERNEL | __GFP_NOWARN |
					     __GFP_NORETRY))) {
		*p = list;
		list = p;
	}
	return list;
}

/* Gives pages of the list back: every n-th one, all that is left with 1. */
static void **give_back(void **list, unsigned int n)
{
	void **kept = NULL;

	for (unsigned int i = 0; list; i++) {
		void **next = *list;

		if (i % n == 0) {
			free_page((unsigned long)list);
		} else {
			*list = kept;
			kept = list;
		}
		list = next;
	}
	return kept;
}

/* No block larger than a page is to be had: frames from anywhere. */
static void coherent_buffers_of_single_frames(void **state)
{
	size_t size = 300 * PAGE_SIZE, last = size - PAGE_SIZE;
	void **all = give_back(take_everything(), 3);
	unsigned long before;
	dma_addr_t dma, none;
	char *p = dma_alloc_coherent(&dma_dev, size, &dma, GFP_KERNEL);

	(void)state;
	assert_non_null(p);
	assert_true(is_vmalloc_addr(p));
	assert_true(fake_live(device) >= 100);
	p[last] = 77;
	assert_int_equal(
		*(char *)__va(fake_reach(device, dma + last, IOMMU_READ | IOMMU_WRITE)),
		77);
	/* Without sleeping there is no vmap: refused, with nothing left. */
	assert_null(dma_alloc_coherent(&dma_dev, size, &none, GFP_ATOMIC | __GFP_NOWARN));
	dma_free_coherent(&dma_dev, size, p, dma);
	/* More frames than there are: those that there were are given back. */
	drain_all_pages();
	before = nr_free_pages();
	assert_null(dma_alloc_coherent(&dma_dev, 2500 * PAGE_SIZE, &none,
				       GFP_KERNEL | __GFP_NOWARN));
	drain_all_pages();
	assert_in_range(before - nr_free_pages() + 64, 0, 128);
	give_back(all, 1);
}

static void a_coherent_buffer_that_fails_half_way_leaves_nothing(void **state)
{
	size_t size = 4 * MIB + 3 * PAGE_SIZE;
	unsigned long before;
	dma_addr_t dma;

	(void)state;
	vm_unmap_aliases();
	drain_all_pages();
	before = nr_free_pages();
	for (unsigned int n = 1; n <= 2; n++) {
		fake_iommu.fail_map = n;
		assert_null(dma_alloc_coherent(&dma_dev, size, &dma, GFP_KERNEL));
		nothing_left();
	}
	fake_iommu.fail_map = 1;
	assert_null(dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL));
	fake_iommu.fail_map = 0;
	fake_iommu.fail_sync = 1;
	assert_null(dma_alloc_coherent(&dma_dev, size, &dma, GFP_KERNEL));
	nothing_left();
	host_fail_nth_map(1);
	assert_null(dma_alloc_coherent(&dma_dev, size, &dma, GFP_KERNEL | __GFP_NOWARN));
	nothing_left();
	assert_int_equal(fake_visible(device), 0);
	vm_unmap_aliases();
	drain_all_pages();
	iommu_dma_drain();
	assert_in_range(before - nr_free_pages() + 64, 0, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		iommu_test(coherent_buffers_are_one_range_whatever_their_frames),
		cmocka_unit_test_setup_teardown(coherent_buffers_of_single_frames,
						behind_iommu_small, leave_iommu),
		iommu_test(a_coherent_buffer_that_fails_half_way_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
