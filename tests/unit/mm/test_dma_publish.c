/* SPDX-License-Identifier: MIT */
/* What the DMA API tells the monitor's checker: every call, in order, with its chain. */
#include <linux/fault-inject.h>
#include <linux/page_debug.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "dma_test.h"
#include "mm/dma_publish.h"
#include "mm/platform.h"

#define ENTRIES 8U

/* The monitor: what it has taken. */
static struct dma_check_entry seen[4096];
static unsigned int nr_seen, takes;

/* Takes all entries of all rings, by their numbers. */
static void take(void)
{
	struct dma_check_area *area = dma_publish_area();

	takes++;
	for (;;) {
		struct dma_check_ring *best = NULL;
		struct dma_check_entry *e = NULL;

		for (unsigned int i = 0; i < area->nr_rings; i++) {
			struct dma_check_ring *r = phys_to_virt(area->ring[i]);
			struct dma_check_entry *ring = (void *)(r + 1);

			if (r->head == r->tail)
				continue;
			assert_true(r->head - r->tail <= area->ring_entries);
			if (!best || ring[r->tail % area->ring_entries].seq < e->seq) {
				best = r;
				e = &ring[r->tail % area->ring_entries];
			}
		}
		if (!best)
			break;
		assert_true(nr_seen < ARRAY_SIZE(seen));
		seen[nr_seen++] = *e;
		best->tail++;
	}
}

static void start(unsigned int entries, bool each_call)
{
	nr_seen = takes = 0;
	assert_int_equal(dma_publish_start(entries, take, each_call), 0);
}

static void stop(void)
{
	take();
	dma_publish_stop();
	assert_null(dma_observer);
	for (unsigned int i = 0; i < nr_seen; i++)
		assert_int_equal(seen[i].seq, i + 1);
}

static const struct dma_check_entry *nth(unsigned int n, u8 kind)
{
	assert_true(n < nr_seen);
	assert_int_equal(seen[n].kind, kind);
	assert_int_equal(seen[n].endpoint, dma_dev.endpoint);
	return &seen[n];
}

static void the_area_describes_the_rings(void **state)
{
	const struct dma_check_area *area;
	unsigned long free;

	(void)state;
	drain_all_pages();
	free = nr_free_pages();
	start(ENTRIES, false);
	area = dma_publish_area();
	assert_true(PAGE_ALIGNED(area));
	assert_int_equal(area->magic, DMA_CHECK_MAGIC);
	assert_int_equal(area->version, DMA_CHECK_VERSION);
	assert_int_equal(area->nr_rings, num_possible_cpus());
	assert_int_equal(area->ring_entries, ENTRIES);
	assert_int_equal(dma_publish_start(ENTRIES, take, false), -EBUSY);
	stop();
	assert_null(dma_publish_area());
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	assert_int_equal(dma_publish_start(0, take, false), -EINVAL);
	assert_int_equal(dma_publish_start(12, take, false), -EINVAL);
	assert_int_equal(dma_publish_start(2 * DMA_CHECK_ENTRIES_MAX, take, false),
			 -EINVAL);
}

static noinline dma_addr_t map_here(void *p, size_t size)
{
	dma_addr_t dma = dma_map_single_attrs(&dma_dev, p, size, DMA_FROM_DEVICE,
					      DMA_ATTR_SKIP_CPU_SYNC);

	barrier();
	return dma;
}

/* What rings a doorbell for its caller. */
static noinline void start_here(void)
{
	dma_transfer_started(&dma_dev, 2, 77, 5, DMA_CALLER);
	barrier();
}

static void a_mapping_and_its_chain(void **state)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	const struct dma_check_entry *e;
	dma_addr_t dma;

	(void)state;
	start(ENTRIES, false);
	dma = map_here(p, 64);
	dma_mapping_error(&dma_dev, dma);
	dma_sync_single_for_cpu(&dma_dev, dma + 8, 8, DMA_FROM_DEVICE);
	dma_sync_single_for_device(&dma_dev, dma + 8, 8, DMA_FROM_DEVICE);
	dma_unmap_single(&dma_dev, dma, 64, DMA_FROM_DEVICE);
	dma_driver_released(&dma_dev);
	start_here();
	dma = dma_map_resource(&dma_dev, 7 * GIB, 64, DMA_FROM_DEVICE, DMA_ATTR_NO_WARN);
	assert_int_equal(dma, DMA_MAPPING_ERROR); /* beyond the mask */
	dma_dev_mask = DMA_BIT_MASK(64);
	dma = dma_map_resource(&dma_dev, 7 * GIB, 64, DMA_FROM_DEVICE, 0);
	dma_unmap_resource(&dma_dev, dma, 64, DMA_FROM_DEVICE, 0);
	stop();

	assert_int_equal(nr_seen, 10);
	nth(7, DMA_CHECK_REFUSED_REACH);
	assert_int_equal(nth(8, DMA_CHECK_MAP_RESOURCE)->phys, 7 * GIB);
	nth(9, DMA_CHECK_UNMAP_RESOURCE);
	dma = seen[0].addr;
	e = nth(0, DMA_CHECK_MAP);
	assert_int_equal(e->addr, dma);
	assert_int_equal(e->phys, virt_to_phys(p));
	assert_int_equal(e->size, 64);
	assert_int_equal(e->dir, DMA_CHECK_FROM_DEVICE);
	assert_int_equal(e->flags, DMA_CHECK_F_SKIP_SYNC);
	assert_int_equal(e->limit, DMA_BIT_MASK(32));
	assert_true(e->depth >= 2);
	assert_in_range(e->chain[0], (unsigned long)map_here,
			(unsigned long)map_here + 256);
	assert_in_range(e->chain[1], (unsigned long)a_mapping_and_its_chain,
			(unsigned long)a_mapping_and_its_chain + 4096);
	assert_int_equal(nth(1, DMA_CHECK_ERROR_ASKED)->addr, dma);
	assert_int_equal(nth(2, DMA_CHECK_SYNC_FOR_CPU)->addr, dma + 8);
	assert_int_equal(nth(3, DMA_CHECK_SYNC_FOR_DEVICE)->size, 8);
	e = nth(4, DMA_CHECK_UNMAP);
	assert_int_equal(e->addr, dma);
	assert_int_equal(e->size, 64);
	assert_int_equal(e->flags, 0);
	nth(5, DMA_CHECK_RELEASED);
	e = nth(6, DMA_CHECK_STARTED);
	assert_int_equal(e->addr, 2);
	assert_int_equal(e->phys, 77);
	assert_int_equal(e->size, 5);
	assert_true(e->depth >= 1);
	assert_in_range(e->chain[0], (unsigned long)a_mapping_and_its_chain,
			(unsigned long)a_mapping_and_its_chain + 4096);
	kfree(p);
}

static void a_list_is_told_by_segments(void **state)
{
	static struct device_dma_parameters parms = { .max_segment_size = 512,
						      .segment_boundary_mask = 0xfff };
	struct scatterlist sg[3];
	char *p = kmalloc(4096, GFP_KERNEL | __GFP_DMA);

	(void)state;
	dma_dev.dma_parms = &parms;
	sg_init_table(sg, 3);
	for (int i = 0; i < 3; i++)
		sg_set_buf(&sg[i], p + 1024 * i, 100 + i);
	start(ENTRIES, false);
	assert_int_equal(dma_map_sg(&dma_dev, sg, 3, DMA_TO_DEVICE), 3);
	dma_sync_sg_for_cpu(&dma_dev, sg, 3, DMA_TO_DEVICE);
	dma_unmap_sg(&dma_dev, sg, 3, DMA_TO_DEVICE);
	stop();

	assert_int_equal(nr_seen, 5);
	for (unsigned int i = 0; i < 3; i++) {
		const struct dma_check_entry *e = nth(i, DMA_CHECK_MAP_SG);

		assert_int_equal(e->index, i);
		assert_int_equal(e->entries, 3);
		assert_int_equal(e->addr, sg_dma_address(&sg[i]));
		assert_int_equal(e->phys, sg_phys(&sg[i]));
		assert_int_equal(e->size, 100 + i);
		assert_int_equal(e->max_segment, 512);
		assert_int_equal(e->boundary, 0xfff);
		assert_int_equal(!e->depth, i > 0);
	}
	assert_int_equal(nth(3, DMA_CHECK_SYNC_SG_FOR_CPU)->addr, sg_dma_address(&sg[0]));
	assert_int_equal(nth(4, DMA_CHECK_UNMAP_SG)->addr, sg_dma_address(&sg[0]));
	assert_int_equal(seen[4].entries, 3);
	assert_int_equal(seen[4].size, 303);
	kfree(p);
}

static void coherent_buffers_as_asked_for(void **state)
{
	dma_addr_t dma;
	void *p;

	(void)state;
	start(ENTRIES, false);
	p = dma_alloc_coherent(&dma_dev, 5000, &dma, GFP_KERNEL);
	dma_free_coherent(&dma_dev, 5000, p, dma);
	stop();
	assert_int_equal(nr_seen, 2);
	assert_int_equal(nth(0, DMA_CHECK_ALLOC)->size, 5000);
	assert_int_equal(seen[0].limit, DMA_BIT_MASK(32));
	assert_int_equal(nth(1, DMA_CHECK_FREE)->phys, seen[0].phys);
	assert_int_equal(seen[1].addr, dma);
}

static void why_a_call_is_refused(void **state)
{
	char *high = (char *)__va(5 * GIB), *far = vmalloc(64);
	long here;

	(void)state;
	start(ENTRIES, false);
	dma_map_single(&dma_dev, high, 0, DMA_TO_DEVICE);
	dma_map_single(&dma_dev, far, 64, DMA_TO_DEVICE);
	dma_map_single(&dma_dev, &here, 8, DMA_TO_DEVICE);
	dma_map_single(&dma_dev, high, 64, DMA_TO_DEVICE);
	stop();
	assert_int_equal(nr_seen, 4);
	nth(0, DMA_CHECK_REFUSED_CALL);
	assert_int_equal(nth(1, DMA_CHECK_REFUSED_MEMORY)->phys, (unsigned long)far);
	assert_int_equal(nth(2, DMA_CHECK_REFUSED_STACK)->phys, (unsigned long)&here);
	assert_int_equal(nth(3, DMA_CHECK_REFUSED_REACH)->phys, virt_to_phys(high));
	assert_int_equal(seen[3].limit, DMA_BIT_MASK(32));
	vfree(far);
}

static void a_full_ring_is_emptied(void **state)
{
	(void)state;
	start(ENTRIES, false);
	for (unsigned int i = 0; i < 5 * ENTRIES + 3; i++)
		dma_mapping_error(&dma_dev, i);
	assert_int_equal(takes, 5);
	stop();
	assert_int_equal(nr_seen, 5 * ENTRIES + 3);
	for (unsigned int i = 0; i < nr_seen; i++)
		assert_int_equal(nth(i, DMA_CHECK_ERROR_ASKED)->addr, i);
}

/* With each_call the monitor has looked before a call returns that hands something over. */
static void each_call_is_taken_at_once(void **state)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	struct scatterlist sg;
	dma_addr_t dma;

	(void)state;
	start(ENTRIES, true);
	dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
	assert_int_equal(nr_seen, 1);
	dma_mapping_error(&dma_dev, dma);
	assert_int_equal(nr_seen, 1); /* nothing changes hands */
	dma_sync_single_for_cpu(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(nr_seen, 3);
	dma_sync_single_for_device(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(nr_seen, 4);
	dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(nr_seen, 5);
	sg_init_one(&sg, p, 64);
	dma_map_sg(&dma_dev, &sg, 1, DMA_TO_DEVICE);
	assert_int_equal(nr_seen, 6);
	dma_unmap_sg(&dma_dev, &sg, 1, DMA_TO_DEVICE);
	assert_int_equal(nr_seen, 7);
	stop();
	kfree(p);
}

static void map_many(void *arg)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);

	(void)arg;
	for (unsigned int i = 0; i < 100; i++) {
		dma_addr_t dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);

		dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	}
	kfree(p);
}

/* Each CPU fills its own ring; together they use each number once. */
static void cpus_share_the_numbers(void **state)
{
	static bool used[4 * 200 + 1];

	(void)state;
	memset(used, 0, sizeof(used));
	start(256, false);
	host_run_on_cpus(4, map_many, NULL);
	take();
	assert_int_equal(nr_seen, 4 * 200);
	for (unsigned int i = 0; i < nr_seen; i++) {
		assert_in_range(seen[i].seq, 1, 4 * 200);
		assert_false(used[seen[i].seq]);
		used[seen[i].seq] = true;
	}
	stop();
}

static void without_memory_nothing_is_kept(void **state)
{
	struct fault_attr attr;
	unsigned long free;
	int err = -ENOMEM;

	(void)state;
	drain_all_pages();
	free = nr_free_pages();
	for (unsigned int n = 0; err; n++) {
		assert_true(n < 1000);
		/* The n-th request for pages fails. */
		attr = (struct fault_attr){ .interval = n + 1, .probability = 100 };
		atomic_set(&attr.times, 1);
		fail_page_alloc_set(&attr);
		err = dma_publish_start(ENTRIES, take, false);
		fail_page_alloc_set(NULL);
		assert_true(!err || err == -ENOMEM);
		if (err) {
			assert_null(dma_publish_area());
			assert_null(dma_observer);
			drain_all_pages();
			assert_int_equal(nr_free_pages(), free);
		}
	}
	dma_publish_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		dma_test(the_area_describes_the_rings),
		dma_test(a_mapping_and_its_chain),
		dma_test(a_list_is_told_by_segments),
		dma_test(coherent_buffers_as_asked_for),
		dma_test(why_a_call_is_refused),
		dma_test(a_full_ring_is_emptied),
		dma_test(each_call_is_taken_at_once),
		dma_test(cpus_share_the_numbers),
		dma_test(without_memory_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
