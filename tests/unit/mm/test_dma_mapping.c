/* SPDX-License-Identifier: MIT */
/* Streaming mappings in direct mode: masks, refusals, accounting and the observer. */
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>
#include "dma_test.h"

/* --- streaming ----------------------------------------------------------------------- */

static void single_and_page_are_physical_addresses(void **state)
{
	char *p = kmalloc(3000, GFP_KERNEL | __GFP_DMA);
	dma_addr_t a, b;

	(void)state;
	a = dma_map_single(&dma_dev, p + 5, 1000, DMA_TO_DEVICE);
	assert_int_equal(a, virt_to_phys(p + 5));
	assert_int_equal(dma_mapping_error(&dma_dev, a), 0);
	b = dma_map_page(&dma_dev, virt_to_page(p), 16, 100, DMA_FROM_DEVICE);
	assert_int_equal(b, page_to_phys(virt_to_page(p)) + 16);
	dma_holds(2, 1100, 0, 0);
	dma_sync_single_for_cpu(&dma_dev, b, 100, DMA_FROM_DEVICE);
	dma_sync_single_for_device(&dma_dev, b, 100, DMA_FROM_DEVICE);
	dma_unmap_single(&dma_dev, a, 1000, DMA_TO_DEVICE);
	dma_holds(1, 100, 0, 0);
	dma_unmap_page(&dma_dev, b, 100, DMA_FROM_DEVICE);
	kfree(p);
}

static bool refused(dma_addr_t addr)
{
	assert_int_equal(dma_mapping_error(&dma_dev, addr),
			 addr == DMA_MAPPING_ERROR ? -ENOMEM : 0);
	return addr == DMA_MAPPING_ERROR;
}

/* The last byte counts: one below the mask is in, one above is out. */
static void memory_beyond_the_mask_is_refused(void **state)
{
	char *top = __va(DMA_BIT_MASK(28) + 1 - PAGE_SIZE);

	(void)state;
	swiotlb_setup("noforce");
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(28)), 0);
	assert_int_equal(dma_get_mask(&dma_dev), DMA_BIT_MASK(28));
	assert_false(refused(dma_map_single(&dma_dev, top, PAGE_SIZE, DMA_TO_DEVICE)));
	assert_int_equal(host_events.errors, 0);
	assert_true(refused(dma_map_single(&dma_dev, top, PAGE_SIZE + 1, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dma_dev, top + PAGE_SIZE, 1, DMA_TO_DEVICE)));
	assert_true(refused(
		dma_map_page(&dma_dev, virt_to_page(top), PAGE_SIZE, 1, DMA_TO_DEVICE)));
	assert_int_equal(host_events.errors, 1);
	assert_true(host_log_has("beyond the mask fffffff"));
	assert_int_equal(atomic_long_read(&dma_dev.dma.refused), 3);
	dma_unmap_single(&dma_dev, virt_to_phys(top), PAGE_SIZE, DMA_TO_DEVICE);
}

static void only_the_direct_map_can_be_lent(void **state)
{
	char *p = vmalloc(2 * PAGE_SIZE);
	static char in_the_image[16];
	char *last = __va(3 * GIB - 1);

	(void)state;
	assert_true(refused(dma_map_single(&dma_dev, p, 10, DMA_TO_DEVICE)));
	assert_true(host_log_has("rejecting DMA map of vmalloc memory"));
	assert_int_equal(host_events.errors, 1);
	assert_true(refused(dma_map_single(&dma_dev, in_the_image, 10, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dma_dev, NULL, 10, DMA_TO_DEVICE)));
	assert_int_equal(host_events.errors, 1);
	/* A buffer that runs out of RAM, and one that runs out of addresses. */
	dma_dev_mask = DMA_BIT_MASK(64);
	/* Ends in RAM, but begins in the hole below 4 GiB. */
	assert_true(
		refused(dma_map_single(&dma_dev, __va(4 * GIB - 8), 16, DMA_TO_DEVICE)));
	assert_false(refused(dma_map_single(&dma_dev, last, 1, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dma_dev, last, 600 * MIB, DMA_TO_DEVICE)));
	assert_true(refused(dma_map_single(&dma_dev, last, ~0UL, DMA_TO_DEVICE)));
	dma_unmap_single(&dma_dev, virt_to_phys(last), 1, DMA_TO_DEVICE);
	vfree(p);
}

static void calls_that_make_no_sense(void **state)
{
	char *p = kmalloc(100, GFP_KERNEL | __GFP_DMA);
	struct scatterlist sg[2];

	(void)state;
	assert_true(refused(dma_map_single(&dma_dev, p, 0, DMA_TO_DEVICE)));
	assert_true(host_log_has("no bytes"));
	assert_int_equal(host_events.errors, 1);
	assert_true(refused(dma_map_single(&dma_dev, p, 10, DMA_NONE)));
	assert_true(refused(dma_map_single(&dma_dev, p, 10, (enum dma_data_direction)7)));
	assert_true(
		refused(dma_map_page(&dma_dev, virt_to_page(p), 0, 0, DMA_TO_DEVICE)));
	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], p, 10);
	sg[1].length = 10;
	assert_int_equal(dma_map_sg(&dma_dev, sg, 2, DMA_TO_DEVICE), 0);
	sg_set_buf(&sg[1], p, 0);
	assert_int_equal(dma_map_sg(&dma_dev, sg, 2, DMA_TO_DEVICE), 0);
	sg_set_buf(&sg[1], p, 10);
	assert_int_equal(dma_map_sg(&dma_dev, sg, 3, DMA_TO_DEVICE), 0);
	assert_int_equal(dma_map_sg(&dma_dev, sg, 0, DMA_TO_DEVICE), 0);
	assert_int_equal(dma_map_sg(&dma_dev, sg, 1, DMA_NONE), 0);
	dma_dev.dma_mask = NULL;
	assert_true(refused(dma_map_single(&dma_dev, p, 10, DMA_TO_DEVICE)));
	assert_int_equal(atomic_long_read(&dma_dev.dma.refused), 10);
	assert_int_equal(host_events.errors, 1);
	kfree(p);
}

static void an_unmap_too_many_is_told(void **state)
{
	(void)state;
	dma_unmap_single(&dma_dev, 4096, 100, DMA_TO_DEVICE);
	assert_int_equal(host_events.warnings, 1);
	dma_unmap_single(&dma_dev, 4096, 100, DMA_TO_DEVICE);
	assert_int_equal(host_events.warnings, 1);
	dma_holds(0, 0, 0, 0);
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
	assert_int_equal(dma_map_sg(&dma_dev, table.sgl, 20, DMA_BIDIRECTIONAL), 20);
	dma_holds(1, 20 * 100 + 190, 0, 0);
	for_each_sg (table.sgl, sg, 20, i) {
		assert_int_equal(sg_dma_address(sg), sg_phys(sg));
		assert_int_equal(sg_dma_len(sg), 100 + i);
	}
	dma_sync_sg_for_cpu(&dma_dev, table.sgl, 20, DMA_BIDIRECTIONAL);
	dma_sync_sg_for_device(&dma_dev, table.sgl, 20, DMA_BIDIRECTIONAL);
	dma_unmap_sg(&dma_dev, table.sgl, 20, DMA_BIDIRECTIONAL);
	dma_holds(0, 0, 0, 0);

	assert_int_equal(dma_map_sgtable(&dma_dev, &table, DMA_TO_DEVICE, 0), 0);
	assert_int_equal(table.nents, 20);
	dma_unmap_sgtable(&dma_dev, &table, DMA_TO_DEVICE, 0);
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
	assert_int_equal(dma_map_sgtable(&dma_dev, &table, DMA_TO_DEVICE, 0), -EINVAL);
	assert_int_equal(atomic_long_read(&dma_dev.dma.refused), 1);
	dma_holds(0, 0, 0, 0);
	for_each_sg (table.sgl, sg, table.orig_nents, i) {
		__free_page(sg_page(sg));
	}
	sg_free_table(&table);
}

/* --- what the device can do ---------------------------------------------------------- */

static void masks_without_memory_are_refused(void **state)
{
	(void)state;
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(24)), 0);
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(23)), -EIO);
	assert_int_equal(dma_get_mask(&dma_dev), DMA_BIT_MASK(24));
	assert_int_equal(dma_set_coherent_mask(&dma_dev, DMA_BIT_MASK(23)), -EIO);
	assert_int_equal(dma_set_mask_and_coherent(&dma_dev, DMA_BIT_MASK(64)), 0);
	assert_int_equal(dma_get_mask(&dma_dev), DMA_BIT_MASK(64));
	assert_true(dma_dev.coherent_dma_mask == DMA_BIT_MASK(64));
	assert_true(dma_max_mapping_size(&dma_dev) == SIZE_MAX);
	dma_dev.dma_mask = NULL;
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(64)), -EIO);
	assert_int_equal(dma_get_mask(&dma_dev), DMA_BIT_MASK(32));
}

static void limits_of_segments(void **state)
{
	(void)state;
	assert_int_equal(dma_get_max_seg_size(&dma_dev), 64 << 10);
	assert_int_equal(dma_get_seg_boundary(&dma_dev), 0xffffffff);
	assert_int_equal(dma_set_max_seg_size(&dma_dev, 4096), 0);
	assert_int_equal(dma_set_seg_boundary(&dma_dev, 0xffff), 0);
	assert_int_equal(dma_get_max_seg_size(&dma_dev), 4096);
	assert_int_equal(dma_get_seg_boundary(&dma_dev), 0xffff);
	dma_dev.dma_parms = NULL;
	assert_int_equal(dma_set_max_seg_size(&dma_dev, 4096), -EIO);
	assert_int_equal(dma_set_seg_boundary(&dma_dev, 0xffff), -EIO);
	assert_int_equal(dma_get_max_seg_size(&dma_dev), 64 << 10);
}

/* --- the observer and other ops ------------------------------------------------------ */

static struct dma_event seen[16];
static unsigned long seen_from[16]; /* the return address: a frame does not last */
static unsigned int nr_seen;

static void record(const struct dma_event *event)
{
	seen_from[nr_seen % ARRAY_SIZE(seen)] = event->caller->pc;
	seen[nr_seen++ % ARRAY_SIZE(seen)] = *event;
}

static void expect_event(unsigned int n, enum dma_event_kind kind, size_t size)
{
	assert_true(n < nr_seen);
	assert_int_equal(seen[n].kind, kind);
	assert_int_equal(seen[n].size, size);
	assert_ptr_equal(seen[n].dev, &dma_dev);
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
	dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
	dma_mapping_error(&dma_dev, dma);
	dma_sync_single_for_cpu(&dma_dev, dma, 8, DMA_TO_DEVICE);
	dma_sync_single_for_device(&dma_dev, dma, 8, DMA_TO_DEVICE);
	dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	sg_init_one(&sg, p, 32);
	dma_map_sg(&dma_dev, &sg, 1, DMA_FROM_DEVICE);
	dma_sync_sg_for_cpu(&dma_dev, &sg, 1, DMA_FROM_DEVICE);
	dma_sync_sg_for_device(&dma_dev, &sg, 1, DMA_FROM_DEVICE);
	dma_unmap_sg(&dma_dev, &sg, 1, DMA_FROM_DEVICE);
	dma_map_single(&dma_dev, p, 0, DMA_TO_DEVICE);
	dma_observer = NULL;
	dma_map_single(&dma_dev, p, 0, DMA_TO_DEVICE);

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
		assert_in_range(seen_from[i], (unsigned long)the_observer_sees_every_call,
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
	p = dma_alloc_coherent(&dma_dev, 5000, &dma, GFP_KERNEL);
	dma_free_coherent(&dma_dev, 5000, p, dma);
	dma_observer = NULL;
	assert_int_equal(nr_seen, 2);
	expect_event(0, DMA_EVENT_ALLOC, 5000);
	expect_event(1, DMA_EVENT_FREE, 5000);
	for (unsigned int i = 0; i < nr_seen; i++) {
		assert_int_equal(seen[i].addr, dma);
		assert_int_equal(seen[i].phys, dma);
	}
}

#define REGISTERS (64 * GIB) /* beyond RAM */

static void resources_are_no_ram(void **state)
{
	dma_addr_t dma;

	(void)state;
	nr_seen = 0;
	dma_dev_mask = DMA_BIT_MASK(64);
	dma_observer = record;
	dma = dma_map_resource(&dma_dev, REGISTERS + 8, 64, DMA_BIDIRECTIONAL, 0);
	assert_int_equal(dma, REGISTERS + 8);
	dma_holds(1, 64, 0, 0);
	dma_unmap_resource(&dma_dev, dma, 64, DMA_BIDIRECTIONAL, 0);
	dma_holds(0, 0, 0, 0);
	assert_int_equal(nr_seen, 2);
	expect_event(0, DMA_EVENT_MAP_RESOURCE, 64);
	assert_int_equal(seen[0].phys, REGISTERS + 8);
	expect_event(1, DMA_EVENT_UNMAP_RESOURCE, 64);

	/* RAM, no bytes, beyond the mask. */
	assert_int_equal(dma_map_resource(&dma_dev, GIB, 64, DMA_TO_DEVICE, 0),
			 DMA_MAPPING_ERROR);
	assert_int_equal(seen[2].why, DMA_REFUSED_CALL);
	assert_int_equal(dma_map_resource(&dma_dev, REGISTERS, 0, DMA_TO_DEVICE, 0),
			 DMA_MAPPING_ERROR);
	assert_int_equal(seen[3].why, DMA_REFUSED_CALL);
	dma_dev_mask = DMA_BIT_MASK(32);
	assert_int_equal(dma_map_resource(&dma_dev, REGISTERS, 64, DMA_TO_DEVICE, 0),
			 DMA_MAPPING_ERROR);
	assert_int_equal(seen[4].why, DMA_REFUSED_REACH);
	dma_observer = NULL;
	host_log_clear();
}

static void the_observer_learns_why_a_call_is_refused(void **state)
{
	const struct dma_caller bell = { .pc = 0x1234 };
	char *high = (char *)__va(5 * GIB), *far = vmalloc(64);
	struct scatterlist sg;

	(void)state;
	nr_seen = 0;
	dma_observer = record;
	dma_map_single(&dma_dev, high, 64, DMA_NONE);
	dma_map_single(&dma_dev, far, 64, DMA_TO_DEVICE);
	dma_map_single(&dma_dev, high, 64, DMA_TO_DEVICE);
	sg_init_one(&sg, high, 32);
	dma_map_sg(&dma_dev, &sg, 1, DMA_NONE);
	dma_map_sg(&dma_dev, &sg, 1, DMA_TO_DEVICE);
	dma_driver_released(&dma_dev);
	dma_transfer_started(&dma_dev, 3, 0xfffe, 9, &bell);
	dma_observer = NULL;

	assert_int_equal(nr_seen, 7);
	for (unsigned int i = 0; i < 5; i++)
		expect_event(i, DMA_EVENT_REFUSED, i < 3 ? 64 : 32);
	assert_int_equal(seen[0].why, DMA_REFUSED_CALL);
	assert_int_equal(seen[1].why, DMA_REFUSED_MEMORY);
	assert_int_equal(seen[1].phys, (unsigned long)far);
	assert_int_equal(seen[2].why, DMA_REFUSED_REACH);
	assert_int_equal(seen[2].phys, virt_to_phys(high));
	assert_int_equal(seen[3].why, DMA_REFUSED_CALL);
	assert_int_equal(seen[4].why, DMA_REFUSED_REACH);
	expect_event(5, DMA_EVENT_RELEASED, 0);
	expect_event(6, DMA_EVENT_STARTED, 9);
	assert_int_equal(seen[6].addr, 3);
	assert_int_equal(seen[6].phys, 0xfffe);
	assert_int_equal(seen_from[6], 0x1234);
	vfree(far);
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
	dma_dev.dma_ops = &no_memory;
	assert_null(dma_alloc_coherent(&dma_dev, 0, &dma, GFP_KERNEL));
	assert_null(dma_alloc_coherent(&dma_dev, SIZE_MAX, &dma, GFP_KERNEL));
	dma_dev.coherent_dma_mask = 0;
	assert_null(dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL));
	assert_int_equal(asked, 0);
	dma_dev.coherent_dma_mask = 1;
	assert_null(dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL));
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
	dma_dev.dma_ops = &shifted;
	dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
	assert_int_equal(dma, virt_to_phys(p) + SHIFTED);
	dma_holds(1, 64, 0, 0);
	dma_sync_single_for_cpu(&dma_dev, dma, 64, DMA_TO_DEVICE);
	dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	/* One too many never reaches the ops. */
	dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(unmapped, 1);
	assert_int_equal(dma_set_mask(&dma_dev, 1), 0);
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
		dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
		dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	}
	kfree(p);
}

static void counts_are_exact_with_several_cpus(void **state)
{
	(void)state;
	host_run_on_cpus(4, map_and_unmap, NULL);
	dma_holds(0, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		dma_test(resources_are_no_ram),
		dma_test(the_observer_learns_why_a_call_is_refused),
		dma_test(ops_are_asked_only_what_makes_sense),
		dma_test(a_device_can_have_other_ops),
		dma_test(counts_are_exact_with_several_cpus),
	};

	return cmocka_run_group_tests_name("dma_mapping", tests, NULL, NULL);
}
