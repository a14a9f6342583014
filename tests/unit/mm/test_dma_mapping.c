/* SPDX-License-Identifier: MIT */
/* The DMA API in direct mode: masks, refusals, accounting and the observer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "tests/host/host.h"

#define MIB (1UL << 20)
#define GIB (1UL << 30)

static struct device dev;
static u64 dma_mask;
static struct device_dma_parameters parms;

/* 6 GiB, so that there is memory in every zone. */
static int set_up(void **state)
{
	(void)state;
	host_mm_init(6 * GIB);
	dma_mask = DMA_BIT_MASK(32);
	parms = (struct device_dma_parameters){ 0 };
	dev = (struct device){
		.name = "0000:00:05.0",
		.endpoint = 5 << 3,
		.dma_mask = &dma_mask,
		.coherent_dma_mask = DMA_BIT_MASK(32),
		.dma_parms = &parms,
	};
	return 0;
}

/* The device holds exactly this, and so does the machine: it has no other device. */
static void holds(long mappings, long bytes, long coherent, long coherent_bytes)
{
	struct dma_stats stats;

	dma_get_stats(&stats);
	assert_int_equal(atomic_long_read(&dev.dma.mappings), mappings);
	assert_int_equal(atomic_long_read(&dev.dma.mapped_bytes), bytes);
	assert_int_equal(atomic_long_read(&dev.dma.coherent), coherent);
	assert_int_equal(atomic_long_read(&dev.dma.coherent_bytes), coherent_bytes);
	assert_int_equal(stats.mappings, mappings);
	assert_int_equal(stats.mapped_bytes, bytes);
	assert_int_equal(stats.coherent, coherent);
	assert_int_equal(stats.coherent_bytes, coherent_bytes);
	assert_int_equal(stats.refused, atomic_long_read(&dev.dma.refused));
}

static int tear_down(void **state)
{
	(void)state;
	holds(0, 0, 0, 0);
	if (host_events.warnings || host_events.violations)
		fail_msg("unexpected: %s", host_log());
	host_mm_reset();
	return 0;
}

/* --- coherent buffers ---------------------------------------------------------------- */

static void coherent_buffers_are_aligned_zeroed_and_reachable(void **state)
{
	static const size_t sizes[] = {
		1,	 PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE, 100 * PAGE_SIZE,
		MIB + 1, 4 * MIB
	};

	(void)state;
	for (unsigned int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			size_t size = PAGE_ALIGN(sizes[i]);
			dma_addr_t dma;
			void *p = dma_alloc_coherent(&dev, sizes[i], &dma, GFP_KERNEL);

			assert_non_null(p);
			assert_int_equal(dma, virt_to_phys(p));
			assert_true(IS_ALIGNED(dma, PAGE_SIZE << get_order(size)));
			assert_null(memchr_inv(p, 0, size));
			holds(0, 0, 1, (long)size);
			memset(p, 0xee, size);
			dma_free_coherent(&dev, sizes[i], p, dma);
			holds(0, 0, 0, 0);
		}
}

static void only_whole_pages_are_kept(void **state)
{
	unsigned long before;
	dma_addr_t dma;
	void *p = dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL);

	(void)state;
	dma_free_coherent(&dev, PAGE_SIZE, p, dma);
	drain_all_pages();
	before = nr_free_pages();
	p = dma_alloc_coherent(&dev, 5 * PAGE_SIZE, &dma, GFP_KERNEL);
	drain_all_pages();
	assert_int_equal(before - nr_free_pages(), 5);
	dma_free_coherent(&dev, 5 * PAGE_SIZE, p, dma);
}

static void sizes_that_cannot_be_had(void **state)
{
	dma_addr_t dma;

	(void)state;
	assert_null(dma_alloc_coherent(&dev, 0, &dma, GFP_KERNEL));
	assert_null(dma_alloc_coherent(&dev, 4 * MIB + 1, &dma, GFP_KERNEL));
	assert_null(dma_alloc_coherent(&dev, ~0UL, &dma, GFP_KERNEL));
	dev.coherent_dma_mask = 0;
	assert_null(dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL));
	dma_free_coherent(&dev, PAGE_SIZE, NULL, 0);
}

static void the_coherent_mask_is_kept(void **state)
{
	static const unsigned int bits[] = { 24, 25, 28, 31, 32, 33, 40, 64 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
		void *p[64];
		dma_addr_t dma[64];

		assert_int_equal(dma_set_coherent_mask(&dev, DMA_BIT_MASK(bits[i])), 0);
		for (unsigned int n = 0; n < 64; n++) {
			p[n] = dma_alloc_coherent(&dev, 64 * PAGE_SIZE >> (n % 7),
						  &dma[n], GFP_KERNEL);
			assert_non_null(p[n]);
			assert_true(dma[n] + (64 * PAGE_SIZE >> (n % 7)) - 1 <=
				    DMA_BIT_MASK(bits[i]));
		}
		for (unsigned int n = 0; n < 64; n++)
			dma_free_coherent(&dev, 64 * PAGE_SIZE >> (n % 7), p[n], dma[n]);
	}
}

/* The mask alone says which zone; what the caller says of zones is dropped. */
static void the_largest_zone_that_does(void **state)
{
	dma_addr_t dma;
	void *p;

	(void)state;
	dev.coherent_dma_mask = DMA_BIT_MASK(64);
	p = dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL | __GFP_DMA);
	assert_true(dma >= 4 * GIB);
	dma_free_coherent(&dev, PAGE_SIZE, p, dma);
}

/* When the memory of a zone lies beyond the mask, a smaller zone is asked. */
static void masks_between_zones(void **state)
{
	struct page *low[64];
	unsigned int n = 0;
	unsigned long before;
	dma_addr_t dma;
	void *p;

	(void)state;
	/* All of ZONE_DMA32 below 256 MiB is in use. */
	do
		low[n] = alloc_pages(GFP_KERNEL | GFP_DMA32, MAX_ORDER);
	while (page_to_phys(low[n++]) < 256 * MIB && n < 64);
	dev.coherent_dma_mask = DMA_BIT_MASK(28);
	p = dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL);
	dma_free_coherent(&dev, PAGE_SIZE, p, dma);
	drain_all_pages();
	before = nr_free_pages();
	p = dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL);
	assert_non_null(p);
	assert_true(dma < 16 * MIB);
	drain_all_pages();
	assert_int_equal(before - nr_free_pages(), 1);
	dma_free_coherent(&dev, PAGE_SIZE, p, dma);
	while (n--)
		__free_pages(low[n], MAX_ORDER);
}

static void zone_dma_runs_dry(void **state)
{
	void *p[8];
	dma_addr_t dma[8];
	unsigned int n = 0;

	(void)state;
	dev.coherent_dma_mask = DMA_BIT_MASK(24);
	while (n < 8) {
		p[n] = dma_alloc_attrs(&dev, 4 * MIB, &dma[n], GFP_KERNEL,
				       DMA_ATTR_NO_WARN);
		if (!p[n])
			break;
		n++;
	}
	assert_in_range(n, 1, 4);
	while (n--)
		dma_free_coherent(&dev, 4 * MIB, p[n], dma[n]);
}

static void coherent_memory_in_atomic_context(void **state)
{
	dma_addr_t dma;
	void *p;

	(void)state;
	preempt_disable();
	p = dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_ATOMIC);
	assert_non_null(p);
	dma_free_coherent(&dev, PAGE_SIZE, p, dma);
	assert_null(dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL));
	preempt_enable();
	assert_int_equal(host_events.violations, 1);
	host_log_clear();
}

static void bad_frees_free_nothing(void **state)
{
	dma_addr_t dma;
	char *p = dma_alloc_coherent(&dev, 2 * PAGE_SIZE, &dma, GFP_KERNEL);
	void *scattered = vmalloc(2 * PAGE_SIZE);

	(void)state;
	dma_free_coherent(&dev, 2 * PAGE_SIZE, p, dma + PAGE_SIZE);
	dma_free_coherent(&dev, 2 * PAGE_SIZE, scattered, virt_to_phys(scattered));
	dma_free_coherent(&dev, 2 * PAGE_SIZE, p + 1, dma + 1);
	dma_free_coherent(&dev, 0, p, dma);
	dma_free_coherent(&dev, 8 * MIB, p, dma);
	dma_free_coherent(&dev, 2 * PAGE_SIZE, &dma, dma);
	/* Told once for each device. */
	assert_int_equal(host_events.warnings, 1);
	assert_true(host_log_has("no coherent buffer"));
	host_log_clear();
	holds(0, 0, 1, 2 * PAGE_SIZE);
	vfree(scattered);
	dma_free_coherent(&dev, 2 * PAGE_SIZE, p, dma);
}

static void no_memory_leaves_no_trace(void **state)
{
	struct fault_attr attr = { .probability = 100, .interval = 1, .times = { -1 } };
	dma_addr_t dma;

	(void)state;
	fail_page_alloc_set(&attr);
	assert_null(dma_alloc_attrs(&dev, PAGE_SIZE, &dma, GFP_KERNEL, DMA_ATTR_NO_WARN));
	fail_page_alloc_set(NULL);
	holds(0, 0, 0, 0);
}

/* --- streaming ----------------------------------------------------------------------- */

static void single_and_page_are_physical_addresses(void **state)
{
	char *p = kmalloc(3000, GFP_KERNEL | __GFP_DMA);
	dma_addr_t a, b;

	(void)state;
	a = dma_map_single(&dev, p + 5, 1000, DMA_TO_DEVICE);
	assert_int_equal(a, virt_to_phys(p + 5));
	assert_int_equal(dma_mapping_error(&dev, a), 0);
	b = dma_map_page(&dev, virt_to_page(p), 16, 100, DMA_FROM_DEVICE);
	assert_int_equal(b, page_to_phys(virt_to_page(p)) + 16);
	holds(2, 1100, 0, 0);
	dma_sync_single_for_cpu(&dev, b, 100, DMA_FROM_DEVICE);
	dma_sync_single_for_device(&dev, b, 100, DMA_FROM_DEVICE);
	dma_unmap_single(&dev, a, 1000, DMA_TO_DEVICE);
	holds(1, 100, 0, 0);
	dma_unmap_page(&dev, b, 100, DMA_FROM_DEVICE);
	kfree(p);
}

static bool refused(dma_addr_t addr)
{
	assert_int_equal(dma_mapping_error(&dev, addr),
			 addr == DMA_MAPPING_ERROR ? -ENOMEM : 0);
	return addr == DMA_MAPPING_ERROR;
}

/* The last byte counts: one below the mask is in, one above is out. */
static void memory_beyond_the_mask_is_refused(void **state)
{
	char *top = __va(DMA_BIT_MASK(28) + 1 - PAGE_SIZE);

	(void)state;
	assert_int_equal(dma_set_mask(&dev, DMA_BIT_MASK(28)), 0);
	assert_int_equal(dma_get_mask(&dev), DMA_BIT_MASK(28));
	assert_false(refused(dma_map_single(&dev, top, PAGE_SIZE, DMA_TO_DEVICE)));
	assert_int_equal(host_events.errors, 0);
	assert_true(refused(dma_map_single(&dev, top, PAGE_SIZE + 1, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dev, top + PAGE_SIZE, 1, DMA_TO_DEVICE)));
	assert_true(refused(
		dma_map_page(&dev, virt_to_page(top), PAGE_SIZE, 1, DMA_TO_DEVICE)));
	assert_int_equal(host_events.errors, 1);
	assert_true(host_log_has("beyond the mask fffffff"));
	assert_int_equal(atomic_long_read(&dev.dma.refused), 3);
	dma_unmap_single(&dev, virt_to_phys(top), PAGE_SIZE, DMA_TO_DEVICE);
}

static void only_the_direct_map_can_be_lent(void **state)
{
	char *p = vmalloc(2 * PAGE_SIZE);
	static char in_the_image[16];
	char *last = __va(3 * GIB - 1);

	(void)state;
	assert_true(refused(dma_map_single(&dev, p, 10, DMA_TO_DEVICE)));
	assert_true(host_log_has("rejecting DMA map of vmalloc memory"));
	assert_int_equal(host_events.errors, 1);
	assert_true(refused(dma_map_single(&dev, in_the_image, 10, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dev, NULL, 10, DMA_TO_DEVICE)));
	assert_int_equal(host_events.errors, 1);
	/* A buffer that runs out of RAM, and one that runs out of addresses. */
	dma_mask = DMA_BIT_MASK(64);
	/* Ends in RAM, but begins in the hole below 4 GiB. */
	assert_true(refused(dma_map_single(&dev, __va(4 * GIB - 8), 16, DMA_TO_DEVICE)));
	assert_false(refused(dma_map_single(&dev, last, 1, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dev, last, 600 * MIB, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dev, last, ~0UL, DMA_TO_DEVICE)));
	dma_unmap_single(&dev, virt_to_phys(last), 1, DMA_TO_DEVICE);
	vfree(p);
}

static void calls_that_make_no_sense(void **state)
{
	char *p = kmalloc(100, GFP_KERNEL | __GFP_DMA);
	struct scatterlist sg[2];

	(void)state;
	assert_true(refused(dma_map_single(&dev, p, 0, DMA_TO_DEVICE)));
	assert_true(host_log_has("no bytes"));
	assert_int_equal(host_events.errors, 1);
	assert_true(refused(dma_map_single(&dev, p, 10, DMA_NONE)));
	assert_true(refused(dma_map_single(&dev, p, 10, (enum dma_data_direction)7)));
	assert_true(refused(dma_map_page(&dev, virt_to_page(p), 0, 0, DMA_TO_DEVICE)));
	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], p, 10);
	sg[1].length = 10;
	assert_int_equal(dma_map_sg(&dev, sg, 2, DMA_TO_DEVICE), 0);
	sg_set_buf(&sg[1], p, 0);
	assert_int_equal(dma_map_sg(&dev, sg, 2, DMA_TO_DEVICE), 0);
	sg_set_buf(&sg[1], p, 10);
	assert_int_equal(dma_map_sg(&dev, sg, 3, DMA_TO_DEVICE), 0);
	assert_int_equal(dma_map_sg(&dev, sg, 0, DMA_TO_DEVICE), 0);
	assert_int_equal(dma_map_sg(&dev, sg, 1, DMA_NONE), 0);
	dev.dma_mask = NULL;
	assert_true(refused(dma_map_single(&dev, p, 10, DMA_TO_DEVICE)));
	assert_int_equal(atomic_long_read(&dev.dma.refused), 10);
	assert_int_equal(host_events.errors, 1);
	kfree(p);
}

static void an_unmap_too_many_is_told(void **state)
{
	(void)state;
	dma_unmap_single(&dev, 4096, 100, DMA_TO_DEVICE);
	assert_int_equal(host_events.warnings, 1);
	dma_unmap_single(&dev, 4096, 100, DMA_TO_DEVICE);
	assert_int_equal(host_events.warnings, 1);
	holds(0, 0, 0, 0);
	host_log_clear();
}

/* --- scatter lists ------------------------------------------------------------------- */

static void a_list_is_mapped_entry_by_entry(void **state)
{
	struct sg_table table;
	struct scatterlist *sg;
	unsigned int i;

	(void)state;
	assert_int_equal(sg_alloc_table(&table, 20, GFP_KERNEL), 0);
	for_each_sg (table.sgl, sg, table.orig_nents, i) {
		sg_set_page(sg, alloc_page(GFP_KERNEL | GFP_DMA32), 100 + i, i);
	}
	assert_int_equal(dma_map_sg(&dev, table.sgl, 20, DMA_BIDIRECTIONAL), 20);
	holds(1, 20 * 100 + 190, 0, 0);
	for_each_sg (table.sgl, sg, 20, i) {
		assert_int_equal(sg_dma_address(sg), sg_phys(sg));
		assert_int_equal(sg_dma_len(sg), 100 + i);
	}
	dma_sync_sg_for_cpu(&dev, table.sgl, 20, DMA_BIDIRECTIONAL);
	dma_sync_sg_for_device(&dev, table.sgl, 20, DMA_BIDIRECTIONAL);
	dma_unmap_sg(&dev, table.sgl, 20, DMA_BIDIRECTIONAL);
	holds(0, 0, 0, 0);

	assert_int_equal(dma_map_sgtable(&dev, &table, DMA_TO_DEVICE, 0), 0);
	assert_int_equal(table.nents, 20);
	dma_unmap_sgtable(&dev, &table, DMA_TO_DEVICE, 0);
	for_each_sg (table.sgl, sg, table.orig_nents, i) {
		__free_page(sg_page(sg));
	}
	sg_free_table(&table);
}

static void one_entry_beyond_the_mask_refuses_the_list(void **state)
{
	struct sg_table table;
	struct scatterlist *sg;
	unsigned int i;

	(void)state;
	assert_int_equal(sg_alloc_table(&table, 5, GFP_KERNEL), 0);
	for_each_sg (table.sgl, sg, table.orig_nents, i) {
		sg_set_page(sg, alloc_page(GFP_KERNEL | (i == 3 ? 0 : GFP_DMA32)), 512,
			    0);
	}
	assert_true(sg_phys(&table.sgl[3]) >= 4 * GIB);
	assert_int_equal(dma_map_sgtable(&dev, &table, DMA_TO_DEVICE, 0), -EINVAL);
	assert_int_equal(atomic_long_read(&dev.dma.refused), 1);
	holds(0, 0, 0, 0);
	for_each_sg (table.sgl, sg, table.orig_nents, i) {
		__free_page(sg_page(sg));
	}
	sg_free_table(&table);
}

/* --- what the device can do ---------------------------------------------------------- */

static void masks_without_memory_are_refused(void **state)
{
	(void)state;
	assert_int_equal(dma_set_mask(&dev, DMA_BIT_MASK(24)), 0);
	assert_int_equal(dma_set_mask(&dev, DMA_BIT_MASK(23)), -EIO);
	assert_int_equal(dma_get_mask(&dev), DMA_BIT_MASK(24));
	assert_int_equal(dma_set_coherent_mask(&dev, DMA_BIT_MASK(23)), -EIO);
	assert_int_equal(dma_set_mask_and_coherent(&dev, DMA_BIT_MASK(64)), 0);
	assert_int_equal(dma_get_mask(&dev), DMA_BIT_MASK(64));
	assert_true(dev.coherent_dma_mask == DMA_BIT_MASK(64));
	assert_true(dma_max_mapping_size(&dev) == SIZE_MAX);
	dev.dma_mask = NULL;
	assert_int_equal(dma_set_mask(&dev, DMA_BIT_MASK(64)), -EIO);
	assert_int_equal(dma_get_mask(&dev), DMA_BIT_MASK(32));
}

static void limits_of_segments(void **state)
{
	(void)state;
	assert_int_equal(dma_get_max_seg_size(&dev), 64 << 10);
	assert_int_equal(dma_get_seg_boundary(&dev), 0xffffffff);
	assert_int_equal(dma_set_max_seg_size(&dev, 4096), 0);
	assert_int_equal(dma_set_seg_boundary(&dev, 0xffff), 0);
	assert_int_equal(dma_get_max_seg_size(&dev), 4096);
	assert_int_equal(dma_get_seg_boundary(&dev), 0xffff);
	dev.dma_parms = NULL;
	assert_int_equal(dma_set_max_seg_size(&dev, 4096), -EIO);
	assert_int_equal(dma_set_seg_boundary(&dev, 0xffff), -EIO);
	assert_int_equal(dma_get_max_seg_size(&dev), 64 << 10);
}

/* --- the observer and other ops ------------------------------------------------------ */

static struct dma_event seen[16];
static unsigned int nr_seen;

static void record(const struct dma_event *event)
{
	seen[nr_seen++ % ARRAY_SIZE(seen)] = *event;
}

static void expect_event(unsigned int n, enum dma_event_kind kind, size_t size)
{
	assert_true(n < nr_seen);
	assert_int_equal(seen[n].kind, kind);
	assert_int_equal(seen[n].size, size);
	assert_ptr_equal(seen[n].dev, &dev);
}

/* Every call is shown once, with the address it returns to. */
static void the_observer_sees_every_call(void **state)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	struct scatterlist sg;
	dma_addr_t dma;

	(void)state;
	nr_seen = 0;
	dma_observer = record;
	dma = dma_map_single(&dev, p, 64, DMA_TO_DEVICE);
	dma_mapping_error(&dev, dma);
	dma_sync_single_for_cpu(&dev, dma, 8, DMA_TO_DEVICE);
	dma_sync_single_for_device(&dev, dma, 8, DMA_TO_DEVICE);
	dma_unmap_single(&dev, dma, 64, DMA_TO_DEVICE);
	sg_init_one(&sg, p, 32);
	dma_map_sg(&dev, &sg, 1, DMA_FROM_DEVICE);
	dma_sync_sg_for_cpu(&dev, &sg, 1, DMA_FROM_DEVICE);
	dma_sync_sg_for_device(&dev, &sg, 1, DMA_FROM_DEVICE);
	dma_unmap_sg(&dev, &sg, 1, DMA_FROM_DEVICE);
	dma_map_single(&dev, p, 0, DMA_TO_DEVICE);
	dma_observer = NULL;
	dma_map_single(&dev, p, 0, DMA_TO_DEVICE);

	assert_int_equal(nr_seen, 10);
	expect_event(0, DMA_EVENT_MAP, 64);
	assert_int_equal(seen[0].addr, dma);
	assert_int_equal(seen[0].phys, virt_to_phys(p));
	expect_event(1, DMA_EVENT_CHECK, 0);
	expect_event(2, DMA_EVENT_SYNC_FOR_CPU, 8);
	expect_event(3, DMA_EVENT_SYNC_FOR_DEVICE, 8);
	expect_event(4, DMA_EVENT_UNMAP, 64);
	expect_event(5, DMA_EVENT_MAP_SG, 32);
	assert_int_equal(seen[5].mapped, 1);
	expect_event(6, DMA_EVENT_SYNC_SG_FOR_CPU, 0);
	expect_event(7, DMA_EVENT_SYNC_SG_FOR_DEVICE, 0);
	expect_event(8, DMA_EVENT_UNMAP_SG, 32);
	expect_event(9, DMA_EVENT_REFUSED, 0);
	for (unsigned int i = 0; i < nr_seen; i++)
		assert_in_range(seen[i].caller,
				(unsigned long)the_observer_sees_every_call,
				(unsigned long)the_observer_sees_every_call + 8192);
	kfree(p);
}

static void the_observer_sees_coherent_buffers(void **state)
{
	dma_addr_t dma;
	void *p;

	(void)state;
	nr_seen = 0;
	dma_observer = record;
	p = dma_alloc_coherent(&dev, 5000, &dma, GFP_KERNEL);
	dma_free_coherent(&dev, 5000, p, dma);
	dma_observer = NULL;
	assert_int_equal(nr_seen, 2);
	expect_event(0, DMA_EVENT_ALLOC, 2 * PAGE_SIZE);
	assert_int_equal(seen[0].addr, dma);
	assert_int_equal(seen[0].phys, dma);
	expect_event(1, DMA_EVENT_FREE, 2 * PAGE_SIZE);
}

#define SHIFTED 0x1000000000ULL
static unsigned int unmapped;

static dma_addr_t shifted_map(struct device *d, struct page *page, size_t offset,
			      size_t size, enum dma_data_direction dir,
			      unsigned long attrs)
{
	(void)d, (void)size, (void)dir, (void)attrs;
	return page_to_phys(page) + offset + SHIFTED;
}

static void shifted_unmap(struct device *d, dma_addr_t handle, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	(void)d, (void)size, (void)dir, (void)attrs;
	assert_true(handle >= SHIFTED);
	unmapped++;
}

static unsigned int asked;

static void *never(struct device *d, size_t size, dma_addr_t *handle, gfp_t gfp,
		   unsigned long attrs)
{
	(void)d, (void)size, (void)handle, (void)gfp, (void)attrs;
	asked++;
	return NULL;
}

static void ops_are_asked_only_what_makes_sense(void **state)
{
	static const struct dma_map_ops no_memory = { .alloc = never };
	dma_addr_t dma;

	(void)state;
	asked = 0;
	dev.dma_ops = &no_memory;
	assert_null(dma_alloc_coherent(&dev, 0, &dma, GFP_KERNEL));
	assert_null(dma_alloc_coherent(&dev, 4 * MIB + 1, &dma, GFP_KERNEL));
	dev.coherent_dma_mask = 0;
	assert_null(dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL));
	assert_int_equal(asked, 0);
	dev.coherent_dma_mask = 1;
	assert_null(dma_alloc_coherent(&dev, PAGE_SIZE, &dma, GFP_KERNEL));
	assert_int_equal(asked, 1);
}

static void a_device_can_have_other_ops(void **state)
{
	static const struct dma_map_ops shifted = { .map_page = shifted_map,
						    .unmap_page = shifted_unmap };
	char *p = kmalloc(64, GFP_KERNEL);
	dma_addr_t dma;

	(void)state;
	unmapped = 0;
	dev.dma_ops = &shifted;
	dma = dma_map_single(&dev, p, 64, DMA_TO_DEVICE);
	assert_int_equal(dma, virt_to_phys(p) + SHIFTED);
	holds(1, 64, 0, 0);
	dma_sync_single_for_cpu(&dev, dma, 64, DMA_TO_DEVICE);
	dma_unmap_single(&dev, dma, 64, DMA_TO_DEVICE);
	/* One too many never reaches the ops. */
	dma_unmap_single(&dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(unmapped, 1);
	assert_int_equal(dma_set_mask(&dev, 1), 0);
	host_log_clear();
	kfree(p);
}

/* --- several CPUs -------------------------------------------------------------------- */

static void map_and_unmap(void *arg)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	dma_addr_t dma;

	(void)arg;
	for (unsigned int i = 0; i < 20000; i++) {
		dma = dma_map_single(&dev, p, 64, DMA_TO_DEVICE);
		dma_unmap_single(&dev, dma, 64, DMA_TO_DEVICE);
	}
	kfree(p);
}

static void counts_are_exact_with_several_cpus(void **state)
{
	(void)state;
	host_run_on_cpus(4, map_and_unmap, NULL);
	holds(0, 0, 0, 0);
}

#define dma_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		dma_test(coherent_buffers_are_aligned_zeroed_and_reachable),
		dma_test(only_whole_pages_are_kept),
		dma_test(sizes_that_cannot_be_had),
		dma_test(the_coherent_mask_is_kept),
		dma_test(the_largest_zone_that_does),
		dma_test(masks_between_zones),
		dma_test(zone_dma_runs_dry),
		dma_test(coherent_memory_in_atomic_context),
		dma_test(bad_frees_free_nothing),
		dma_test(no_memory_leaves_no_trace),
		dma_test(single_and_page_are_physical_addresses),
		dma_test(memory_beyond_the_mask_is_refused),
		dma_test(only_the_direct_map_can_be_lent),
		dma_test(calls_that_make_no_sense),
		dma_test(an_unmap_too_many_is_told),
		dma_test(a_list_is_mapped_entry_by_entry),
		dma_test(one_entry_beyond_the_mask_refuses_the_list),
		dma_test(masks_without_memory_are_refused),
		dma_test(limits_of_segments),
		dma_test(the_observer_sees_every_call),
		dma_test(the_observer_sees_coherent_buffers),
		dma_test(ops_are_asked_only_what_makes_sense),
		dma_test(a_device_can_have_other_ops),
		dma_test(counts_are_exact_with_several_cpus),
	};

	return cmocka_run_group_tests_name("dma_mapping", tests, NULL, NULL);
}
