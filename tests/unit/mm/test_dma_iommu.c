/* SPDX-License-Identifier: MIT */
/* The DMA API behind an IOMMU, seen from the device: what it reaches, when, and what is left
 * of calls that failed half-way. */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/page_debug.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "dma_test.h"
#include "fake_iommu.h"
#include "mm/platform.h"

static struct fake_domain *device; /* what dma_dev sees */

static void probe(void)
{
	assert_int_equal(iommu_probe_device(&dma_dev, &fake_iommu_ops, NULL), 0);
	device = fake_domain_of(&dma_dev);
}

static int behind_iommu(void **state)
{
	dma_set_up(state);
	fake_iommu_reset();
	probe();
	return 0;
}

/* On a machine whose memory can be used up. */
static int behind_iommu_small(void **state)
{
	dma_set_up(state);
	host_mm_init(16 * MIB);
	fake_iommu_reset();
	probe();
	return 0;
}

static unsigned long addresses_in_use(void)
{
	struct iommu_dma_stats stats;

	assert_int_equal(iommu_dma_get_stats(&dma_dev, &stats), 0);
	return stats.mapped_pages;
}

/* Nothing is mapped, nobody holds an address, all books are right. */
static void nothing_left(void)
{
	assert_int_equal(fake_live(device), 0);
	assert_int_equal(addresses_in_use(), 0);
	assert_int_equal(iommu_dma_verify(&dma_dev), 0);
}

static int leave_iommu(void **state)
{
	nothing_left();
	iommu_release_device(&dma_dev);
	assert_int_equal(fake_iommu.domains, 0);
	assert_null(dma_dev.iommu);
	return dma_tear_down(state);
}

#define iommu_test(f) cmocka_unit_test_setup_teardown(f, behind_iommu, leave_iommu)

static void fill(void *p, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)p)[i] = (unsigned char)(i * 7 + (i >> 8) + seed);
}

/* --- single buffers -------------------------------------------------------------------------- */

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
	probe();
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

/* --- scatter lists --------------------------------------------------------------------------- */

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

/* --- coherent buffers --------------------------------------------------------------------- */

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

/* --- strict and lazy ----------------------------------------------------------------------- */

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

/* --- domains that are their owner's ----------------------------------------------------------- */

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
		iommu_test(a_device_reaches_its_buffer_and_no_other_page),
		iommu_test(directions_are_permissions),
		iommu_test(masks_bound_addresses_not_memory),
		iommu_test(addresses_run_out_and_come_back),
		iommu_test(resources_are_mapped_by_address),
		iommu_test(a_refused_mapping_leaves_nothing),
		cmocka_unit_test_setup_teardown(unmapping_something_else_is_reported,
						behind_iommu, throw_away),
		iommu_test(reserved_addresses_are_not_used),
		iommu_test(scatter_lists_are_one_range_in_segments_within_limits),
		iommu_test(scattered_pages_become_one_segment),
		iommu_test(a_list_that_fails_in_the_middle_leaves_nothing),
		iommu_test(coherent_buffers_are_one_range_whatever_their_frames),
		cmocka_unit_test_setup_teardown(coherent_buffers_of_single_frames,
						behind_iommu_small, leave_iommu),
		iommu_test(a_coherent_buffer_that_fails_half_way_leaves_nothing),
		iommu_test(lazy_unmapping_leaves_a_window_but_no_address),
		iommu_test(lazy_queues_flush_when_they_must),
		iommu_test(several_cpus_map_and_unmap),
		iommu_test(unmanaged_domains),
		iommu_test(iommu_map_sg_undoes_what_it_did),
		iommu_test(devices_that_cannot_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
