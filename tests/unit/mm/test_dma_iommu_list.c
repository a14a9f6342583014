/* SPDX-License-Identifier: MIT */
/* Scatter lists behind an IOMMU: one range for the device, in segments within its limits. */
#include <linux/iommu.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "dma_iommu_test.h"

#define ENTRIES 24

struct list {
	struct scatterlist sg[ENTRIES];
	void *block[ENTRIES];
	unsigned int order[ENTRIES];
	int n;
	size_t bytes;
	char *stream; /* what the device shall see */
};

static void make_list(struct list *l, int n)
{
	*l = (struct list){ .n = n };
	sg_init_table(l->sg, (unsigned int)n);
	l->stream = malloc((size_t)n * 5 * PAGE_SIZE);
	for (int i = 0; i < n; i++) {
		unsigned int order = (unsigned int)rand() % 3, offset = 0, length;

		length = (unsigned int)(PAGE_SIZE << order);
		if (rand() % 2) {
			offset = (unsigned int)rand() % length;
			length = 1 + (unsigned int)rand() % (length - offset);
		}
		l->order[i] = order;
		l->block[i] = page_address(alloc_pages(GFP_KERNEL, order));
		fill((char *)l->block[i] + offset, length, (unsigned int)rand());
		sg_set_page(&l->sg[i], virt_to_page(l->block[i]), length, offset);
		if (i + 1 == n)
			sg_mark_end(&l->sg[i]);
		memcpy(l->stream + l->bytes, (char *)l->block[i] + offset, length);
		l->bytes += length;
	}
}

static void free_list(struct list *l)
{
	for (int i = 0; i < l->n; i++)
		__free_pages(virt_to_page(l->block[i]), l->order[i]);
	free(l->stream);
}

/* The segments are the stream, each within the device's limits. */
static void check_segments(const struct list *l, unsigned int mapped)
{
	unsigned long boundary = dma_get_seg_boundary(&dma_dev);
	char *seen = malloc(l->bytes);
	size_t at = 0;

	for (unsigned int i = 0; i < mapped; i++) {
		dma_addr_t addr = sg_dma_address(&l->sg[i]);
		unsigned int len = sg_dma_len(&l->sg[i]);

		assert_true(len && at + len <= l->bytes);
		assert_true(fake_read(device, addr, seen + at, len));
		assert_true(len <= dma_get_max_seg_size(&dma_dev) ||
			    len <= 5 * PAGE_SIZE);
		assert_true((addr & boundary) + len - 1 <= boundary);
		at += len;
	}
	assert_int_equal(at, l->bytes);
	assert_memory_equal(seen, l->stream, at);
	free(seen);
}

static void scatter_lists_are_one_range_in_segments_within_limits(void **state)
{
	static const unsigned int max_segs[] = { 65536, 4096, 12288, 1U << 30 };
	static const unsigned long boundaries[] = { 0xffffffff, 0xffff, 0x7fff, ~0UL };
	struct list l;

	(void)state;
	srand(9);
	for (int round = 0; round < 400; round++) {
		unsigned int mapped;

		dma_set_max_seg_size(&dma_dev, max_segs[rand() % 4]);
		dma_set_seg_boundary(&dma_dev, boundaries[rand() % 4]);
		make_list(&l, 1 + rand() % ENTRIES);
		mapped = dma_map_sg(&dma_dev, l.sg, l.n, DMA_TO_DEVICE);
		assert_true(mapped > 0 && mapped <= (unsigned int)l.n);
		check_segments(&l, mapped);
		if (round % 8 == 0)
			assert_int_equal(iommu_dma_verify(&dma_dev), 0);
		dma_unmap_sg(&dma_dev, l.sg, l.n, DMA_TO_DEVICE);
		assert_int_equal(fake_visible(device), 0);
		nothing_left();
		free_list(&l);
	}
}

/* Whole pages from anywhere are one segment, and a vmalloc buffer is such a list. */
static void scattered_pages_become_one_segment(void **state)
{
	enum { PAGES = 16 };
	char *p = vmalloc(PAGES * PAGE_SIZE), *seen = malloc(PAGES * PAGE_SIZE);
	struct page *pages[PAGES];
	struct sg_table table;

	(void)state;
	fill(p, PAGES * PAGE_SIZE, 3);
	for (unsigned int i = 0; i < PAGES; i++)
		pages[i] = vmalloc_to_page(p + i * PAGE_SIZE);
	assert_int_equal(sg_alloc_table_from_pages(&table, pages, PAGES, 8,
						   PAGES * PAGE_SIZE - 16, GFP_KERNEL),
			 0);
	assert_int_equal(dma_map_sgtable(&dma_dev, &table, DMA_BIDIRECTIONAL, 0), 0);
	assert_int_equal(table.nents, 1);
	assert_int_equal(sg_dma_len(table.sgl), PAGES * PAGE_SIZE - 16);
	assert_true(fake_read(device, sg_dma_address(table.sgl), seen,
			      PAGES * PAGE_SIZE - 16));
	assert_memory_equal(seen, p + 8, PAGES * PAGE_SIZE - 16);
	dma_unmap_sgtable(&dma_dev, &table, DMA_BIDIRECTIONAL, 0);
	sg_free_table(&table);
	vfree(p);
	free(seen);
}

/* Each mapping of a list refused in turn. */
static void a_list_that_fails_in_the_middle_leaves_nothing(void **state)
{
	unsigned int n = 0;
	struct list l;

	(void)state;
	srand(11);
	make_list(&l, ENTRIES);
	do {
		fake_iommu.fail_map = ++n;
		fake_iommu.maps = 0;
		if (dma_map_sg(&dma_dev, l.sg, l.n, DMA_TO_DEVICE))
			break;
		assert_int_equal(fake_iommu.maps, n);
		assert_int_equal(fake_visible(device), 0);
		nothing_left();
	} while (n <= ENTRIES);
	assert_in_range(n, 8, ENTRIES + 1);
	fake_iommu.fail_map = 0;
	dma_unmap_sg(&dma_dev, l.sg, l.n, DMA_TO_DEVICE);
	fake_iommu.fail_sync = 1;
	assert_int_equal(dma_map_sg(&dma_dev, l.sg, l.n, DMA_TO_DEVICE), 0);
	nothing_left();
	free_list(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		iommu_test(scatter_lists_are_one_range_in_segments_within_limits),
		iommu_test(scattered_pages_become_one_segment),
		iommu_test(a_list_that_fails_in_the_middle_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
