/* SPDX-License-Identifier: MIT */
/* Bounce buffers: what the device sees in its slot, what comes back, and whose slots are
 * whose, against a copy of every buffer. */
#include <linux/errno.h>
#include <linux/page_debug.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swiotlb.h>
#include "dma_test.h"

#define MASK DMA_BIT_MASK(28)

static int narrow_device(void **state)
{
	dma_set_up(state);
	assert_int_equal(dma_set_mask_and_coherent(&dma_dev, MASK), 0);
	return 0;
}

static void slots(unsigned long used)
{
	struct swiotlb_stats stats;

	assert_int_equal(swiotlb_verify(), 0);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.used, used);
}

static int all_slots_back(void **state)
{
	slots(0);
	return dma_tear_down(state);
}

#define bounce_test(f) cmocka_unit_test_setup_teardown(f, narrow_device, all_slots_back)

/* A buffer above 4 GiB, which a device of 28 bits cannot reach. */
static char *high_pages(unsigned int order)
{
	struct page *pages = alloc_pages(GFP_KERNEL, order);

	assert_true(page_to_phys(pages) >= 4 * GIB);
	return page_address(pages);
}

static void free_high(void *p, unsigned int order)
{
	__free_pages(virt_to_page(p), order);
}

static void fill(void *p, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)p)[i] = (unsigned char)(i * 5 + (i >> 9) + seed);
}

static char *at_device(dma_addr_t dma)
{
	assert_true(dma <= MASK);
	return __va(dma);
}

/* --- one mapping --------------------------------------------------------------------------- */

static void bytes_travel_by_direction(void **state)
{
	char *p = high_pages(1), *seen;
	size_t size = 5000;
	dma_addr_t dma;

	(void)state;
	fill(p, size, 1);
	dma = dma_map_single(&dma_dev, p, size, DMA_TO_DEVICE);
	assert_int_equal(dma_mapping_error(&dma_dev, dma), 0);
	seen = at_device(dma);
	assert_ptr_not_equal(seen, p);
	assert_memory_equal(seen, p, size);
	assert_true(is_swiotlb_buffer(dma));
	slots(3);
	/* What the device writes where it shall only read is lost. */
	seen[0] ^= 1;
	dma_unmap_single(&dma_dev, dma, size, DMA_TO_DEVICE);
	assert_int_equal(p[0], 1);

	/* From the device: what it leaves alone comes back as it was. */
	dma = dma_map_single(&dma_dev, p, size, DMA_FROM_DEVICE);
	memset(at_device(dma) + 100, 0xab, 50);
	assert_int_equal((unsigned char)p[100], (unsigned char)(100 * 5 + 1));
	dma_unmap_single(&dma_dev, dma, size, DMA_FROM_DEVICE);
	assert_null(memchr_inv(p + 100, 0xab, 50));
	assert_int_equal((unsigned char)p[99], (unsigned char)(99 * 5 + 1));
	assert_int_equal((unsigned char)p[4999],
			 (unsigned char)(4999 * 5 + (4999 >> 9) + 1));
	free_high(p, 1);
}

static void what_the_device_reaches_is_not_copied(void **state)
{
	char *p = kmalloc(100, GFP_KERNEL | __GFP_DMA);
	dma_addr_t dma = dma_map_single(&dma_dev, p, 100, DMA_BIDIRECTIONAL);
	struct swiotlb_stats stats;

	(void)state;
	assert_int_equal(dma, virt_to_phys(p));
	dma_sync_single_for_cpu(&dma_dev, dma, 100, DMA_BIDIRECTIONAL);
	dma_sync_single_for_device(&dma_dev, dma, 100, DMA_BIDIRECTIONAL);
	dma_unmap_single(&dma_dev, dma, 100, DMA_BIDIRECTIONAL);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.mappings, 0);
	kfree(p);
}

/* Parts of a mapping change hands, each in its direction. */
static void parts_are_synchronised(void **state)
{
	char *p = high_pages(1), *seen;
	dma_addr_t dma;

	(void)state;
	memset(p, 1, 8000);
	dma = dma_map_single(&dma_dev, p, 8000, DMA_BIDIRECTIONAL);
	seen = at_device(dma);
	memset(p, 2, 8000);
	dma_sync_single_for_device(&dma_dev, dma + 3000, 2500, DMA_BIDIRECTIONAL);
	assert_null(memchr_inv(seen, 1, 3000));
	assert_null(memchr_inv(seen + 3000, 2, 2500));
	assert_null(memchr_inv(seen + 5500, 1, 2500));
	memset(seen, 3, 8000);
	dma_sync_single_for_cpu(&dma_dev, dma + 7999, 1, DMA_BIDIRECTIONAL);
	assert_int_equal(p[7998], 2);
	assert_int_equal(p[7999], 3);
	/* The other direction moves nothing. */
	dma_sync_single_for_cpu(&dma_dev, dma, 8000, DMA_TO_DEVICE);
	assert_int_equal(p[0], 2);
	dma_sync_single_for_device(&dma_dev, dma, 8000, DMA_FROM_DEVICE);
	assert_int_equal(seen[0], 3);
	dma_unmap_single_attrs(&dma_dev, dma, 8000, DMA_BIDIRECTIONAL,
			       DMA_ATTR_SKIP_CPU_SYNC);
	assert_int_equal(p[0], 2);
	free_high(p, 1);
}

static void lists_bounce_where_they_must(void **state)
{
	char *high = high_pages(0), *low = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	struct scatterlist sg[3];

	(void)state;
	fill(high, PAGE_SIZE, 2);
	fill(low, 64, 3);
	sg_init_table(sg, 3);
	sg_set_buf(&sg[0], high + 10, 1000);
	sg_set_buf(&sg[1], low, 64);
	sg_set_buf(&sg[2], high + 2000, 96);
	assert_int_equal(dma_map_sg(&dma_dev, sg, 3, DMA_BIDIRECTIONAL), 3);
	slots(2);
	assert_int_equal(sg_dma_address(&sg[1]), virt_to_phys(low));
	assert_memory_equal(at_device(sg_dma_address(&sg[0])), high + 10, 1000);
	at_device(sg_dma_address(&sg[2]))[95] = 0x5d;
	dma_sync_sg_for_cpu(&dma_dev, sg, 3, DMA_BIDIRECTIONAL);
	assert_int_equal(high[2095], 0x5d);
	high[10] = 0x6e;
	dma_sync_sg_for_device(&dma_dev, sg, 3, DMA_BIDIRECTIONAL);
	assert_int_equal(at_device(sg_dma_address(&sg[0]))[0], 0x6e);
	dma_unmap_sg(&dma_dev, sg, 3, DMA_BIDIRECTIONAL);
	slots(0);
	/* Too large for slots: the list is refused, and what came before is undone. */
	sg[2].length = (unsigned int)swiotlb_max_mapping_size() + 1;
	assert_int_equal(dma_map_sg(&dma_dev, sg, 3, DMA_TO_DEVICE), 0);
	slots(0);
	kfree(low);
	free_high(high, 0);
}

static void segments_cross_no_boundary(void **state)
{
	char *p = high_pages(3);
	dma_addr_t dma[40];

	(void)state;
	dma_set_seg_boundary(&dma_dev, 0x7fff);
	for (unsigned int i = 0; i < 40; i++) {
		size_t size = 1 + (i * 4099) % 20000;

		dma[i] = dma_map_single(&dma_dev, p, size, DMA_TO_DEVICE);
		assert_int_equal(dma_mapping_error(&dma_dev, dma[i]), 0);
		assert_int_equal(dma[i] >> 15, (dma[i] + size - 1) >> 15);
		if (size >= PAGE_SIZE)
			assert_true(PAGE_ALIGNED(dma[i]));
	}
	for (unsigned int i = 0; i < 40; i++)
		dma_unmap_single(&dma_dev, dma[i], 1 + (i * 4099) % 20000, DMA_TO_DEVICE);
	free_high(p, 3);
}

/* --- who has which slot --------------------------------------------------------------------- */

#define LIVE 48

/* Random mappings: each device-side slot holds its buffer's bytes, whatever the others do. */
static void random_mappings_keep_their_bytes(void **state)
{
	struct {
		char *buf;
		size_t size;
		dma_addr_t dma;
		unsigned int seed;
	} live[LIVE] = { 0 };
	unsigned long used = 0;

	(void)state;
	srand(21);
	for (unsigned int step = 0; step < 6000; step++) {
		unsigned int i = (unsigned int)rand() % LIVE;

		if (live[i].size) {
			char want[16];
			size_t check = min(live[i].size, sizeof(want));

			fill(want, check, live[i].seed);
			assert_memory_equal(at_device(live[i].dma), want, check);
			memset(at_device(live[i].dma), 0x11, live[i].size);
			dma_unmap_single(&dma_dev, live[i].dma, live[i].size,
					 DMA_BIDIRECTIONAL);
			assert_null(memchr_inv(live[i].buf, 0x11, live[i].size));
			used -= (live[i].size + IO_TLB_SIZE - 1) / IO_TLB_SIZE;
			free_high(live[i].buf, 3);
			live[i].size = 0;
		} else {
			live[i].buf = high_pages(3);
			live[i].size = 1 + (size_t)rand() % (8 * PAGE_SIZE);
			live[i].seed = step;
			fill(live[i].buf, live[i].size, step);
			live[i].dma = dma_map_single(&dma_dev, live[i].buf, live[i].size,
						     DMA_BIDIRECTIONAL);
			if (dma_mapping_error(&dma_dev, live[i].dma)) {
				free_high(live[i].buf, 3);
				live[i].size = 0;
				continue;
			}
			used += (live[i].size + IO_TLB_SIZE - 1) / IO_TLB_SIZE;
		}
		slots(used);
	}
	for (unsigned int i = 0; i < LIVE; i++)
		if (live[i].size) {
			dma_unmap_single(&dma_dev, live[i].dma, live[i].size,
					 DMA_BIDIRECTIONAL);
			free_high(live[i].buf, 3);
		}
}

static void slots_run_out_and_come_back(void **state)
{
	char *p = high_pages(MAX_ORDER);
	size_t most = dma_max_mapping_size(&dma_dev);
	dma_addr_t dma[16] = { 0 };
	unsigned int n = 0;

	(void)state;
	assert_int_equal(most, 256 * 1024);
	assert_true(dma_map_single(&dma_dev, p, most + 1, DMA_TO_DEVICE) ==
		    DMA_MAPPING_ERROR);
	while (n < 16) {
		dma[n] = dma_map_single(&dma_dev, p, most, DMA_TO_DEVICE);
		if (dma_mapping_error(&dma_dev, dma[n]))
			break;
		n++;
	}
	assert_int_equal(n, IO_TLB_SLOTS / IO_TLB_SEGSIZE);
	assert_true(host_log_has("no bounce buffer"));
	assert_int_equal(host_events.errors, 1);
	assert_int_equal(atomic_long_read(&dma_dev.dma.refused), 2);
	dma_unmap_single(&dma_dev, dma[1], most, DMA_TO_DEVICE);
	dma[1] = dma_map_single(&dma_dev, p, most, DMA_TO_DEVICE);
	assert_int_equal(dma_mapping_error(&dma_dev, dma[1]), 0);
	while (n--)
		dma_unmap_single(&dma_dev, dma[n], most, DMA_TO_DEVICE);
	free_high(p, MAX_ORDER);
}

/* Each of these is counted, the first is printed, and the mapping stays. */
static void what_is_not_mapped_so_is_reported(void **state)
{
	char *p = high_pages(0);
	dma_addr_t dma = dma_map_single(&dma_dev, p, 3000, DMA_BIDIRECTIONAL);
	struct swiotlb_stats stats;

	(void)state;
	p[0] = 9;
	assert_false(swiotlb_unmap(&dma_dev, dma, 2999, DMA_BIDIRECTIONAL, 0));
	assert_false(swiotlb_unmap(&dma_dev, dma + 1, 2999, DMA_BIDIRECTIONAL, 0));
	assert_false(swiotlb_unmap(&dma_dev, dma + IO_TLB_SIZE, 1, DMA_BIDIRECTIONAL, 0));
	assert_false(swiotlb_unmap(&dma_dev, virt_to_phys(p), 1, DMA_BIDIRECTIONAL, 0));
	assert_false(swiotlb_sync_for_cpu(&dma_dev, dma, 3001, DMA_BIDIRECTIONAL));
	assert_false(swiotlb_sync_for_cpu(&dma_dev, dma, 0, DMA_BIDIRECTIONAL));
	assert_false(swiotlb_sync_for_device(&dma_dev, dma + 2999, 2, DMA_TO_DEVICE));
	assert_false(swiotlb_sync_for_device(&dma_dev, dma + 4096, 1, DMA_TO_DEVICE));
	assert_int_equal(p[0], 9);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.bad, 8);
	slots(2);
	dma_sync_single_for_cpu(&dma_dev, dma + 3000, 8, DMA_FROM_DEVICE);
	assert_int_equal(host_events.warnings, 1);
	assert_true(host_log_has("no bounce buffer of 8 bytes"));
	host_events.warnings = 0;
	dma_unmap_single(&dma_dev, dma, 3000, DMA_BIDIRECTIONAL);
	assert_false(swiotlb_unmap(&dma_dev, dma, 3000, DMA_BIDIRECTIONAL, 0));
	free_high(p, 0);
}

/* --- pools and options ------------------------------------------------------------------------ */

static void pools_lie_below_the_mask_and_are_shared(void **state)
{
	struct swiotlb_stats stats;

	(void)state;
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.pools, 1);
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(30)), 0);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.pools, 1);
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(24)), 0);
	swiotlb_get_stats(&stats);
	assert_in_range(stats.pools, 1, 2);
	assert_int_equal(swiotlb_release_unused((unsigned int)stats.pools), 0);
	assert_int_equal(swiotlb_release_unused(0), stats.pools);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.pools, 0);
	assert_int_equal(swiotlb_release_unused(0), 0);
}

/* The oldest pools can be kept, and one in use is. */
static void pools_go_the_newest_first(void **state)
{
	char *p = high_pages(0);
	struct swiotlb_stats stats;
	dma_addr_t dma;

	(void)state;
	swiotlb_release_unused(0);
	swiotlb_setup("force");
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(64)), 0);
	dma = dma_map_single(&dma_dev, p, 1, DMA_TO_DEVICE);
	assert_true(dma >= 4 * GIB);
	assert_int_equal(dma_set_mask(&dma_dev, MASK), 0);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.pools, 2);
	assert_int_equal(swiotlb_release_unused(1), 1);
	assert_int_equal(swiotlb_release_unused(0), 0);
	assert_true(is_swiotlb_buffer(dma));
	dma_unmap_single(&dma_dev, dma, 1, DMA_TO_DEVICE);
	assert_int_equal(swiotlb_release_unused(0), 1);
	assert_false(is_swiotlb_buffer(dma));
	free_high(p, 0);
}

/* A device that reaches everything goes direct, but not while it has slots. */
static void ops_follow_the_mask(void **state)
{
	char *p = high_pages(0);
	dma_addr_t dma = dma_map_single(&dma_dev, p, 100, DMA_FROM_DEVICE);

	(void)state;
	p[5] = 1;
	at_device(dma)[5] = 8;
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(64)), 0);
	dma_unmap_single(&dma_dev, dma, 100, DMA_FROM_DEVICE);
	assert_int_equal(p[5], 8);
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(64)), 0);
	assert_null(dma_dev.dma_ops);
	dma = dma_map_single(&dma_dev, p, 100, DMA_FROM_DEVICE);
	assert_int_equal(dma, virt_to_phys(p));
	dma_unmap_single(&dma_dev, dma, 100, DMA_FROM_DEVICE);
	free_high(p, 0);
}

static void options(void **state)
{
	static const char *const bad[] = {
		"",   "1000",	"64",	  "4096", "force,noforce", "128,",   "x",
		"-1", "forced", ",force", "no",	  "12 8",	   "0x1000", "9999999999"
	};
	char *p = high_pages(0);
	struct swiotlb_stats stats;
	dma_addr_t dma;

	(void)state;
	swiotlb_release_unused(0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(swiotlb_setup(bad[i]), -EINVAL);
	assert_int_equal(swiotlb_setup("128,force"), 0);
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(64)), 0);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.slots, 128);
	dma = dma_map_single(&dma_dev, p, 100, DMA_TO_DEVICE);
	assert_true(is_swiotlb_buffer(dma));
	dma_unmap_single(&dma_dev, dma, 100, DMA_TO_DEVICE);
	assert_int_equal(swiotlb_setup("noforce"), 0);
	swiotlb_release_unused(0);
	dma_dev.dma_ops = NULL;
	assert_int_equal(dma_set_mask(&dma_dev, MASK), 0);
	assert_true(dma_map_single(&dma_dev, p, 100, DMA_TO_DEVICE) == DMA_MAPPING_ERROR);
	swiotlb_get_stats(&stats);
	assert_int_equal(stats.pools, 0);
	free_high(p, 0);
}

static void failures_on_purpose(void **state)
{
	char *p = high_pages(0);
	dma_addr_t dma;

	(void)state;
	assert_int_equal(fail_swiotlb_setup("1"), -EINVAL);
	assert_int_equal(fail_swiotlb_setup("1,100,0,1"), 0);
	assert_true(dma_map_single(&dma_dev, p, 1, DMA_TO_DEVICE) == DMA_MAPPING_ERROR);
	dma = dma_map_single(&dma_dev, p, 1, DMA_TO_DEVICE);
	assert_int_equal(dma_mapping_error(&dma_dev, dma), 0);
	dma_unmap_single(&dma_dev, dma, 1, DMA_TO_DEVICE);
	free_high(p, 0);
}

/* Without low memory the device is left with what it reaches, and one line says so. */
static void without_memory_for_a_pool(void **state)
{
	struct fault_attr all = { .probability = 100, .interval = 1, .times = { -1 } };
	char *high = high_pages(0), *low = kmalloc(8, GFP_KERNEL | __GFP_DMA);
	dma_addr_t dma;

	(void)state;
	swiotlb_release_unused(0);
	dma_dev.dma_ops = NULL;
	fail_page_alloc_set(&all);
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(24)), 0);
	fail_page_alloc_set(NULL);
	assert_true(host_log_has("no memory for bounce buffers"));
	assert_true(dma_map_single(&dma_dev, high, 1, DMA_TO_DEVICE) ==
		    DMA_MAPPING_ERROR);
	dma = dma_map_single(&dma_dev, low, 8, DMA_TO_DEVICE);
	assert_int_equal(dma, virt_to_phys(low));
	dma_unmap_single(&dma_dev, dma, 8, DMA_TO_DEVICE);
	/* The next try finds some. */
	assert_int_equal(dma_set_mask(&dma_dev, DMA_BIT_MASK(24)), 0);
	dma = dma_map_single(&dma_dev, high, 1, DMA_TO_DEVICE);
	assert_true(is_swiotlb_buffer(dma));
	dma_unmap_single(&dma_dev, dma, 1, DMA_TO_DEVICE);
	kfree(low);
	free_high(high, 0);
}

/* --- several CPUs --------------------------------------------------------------------------- */

static void map_check_unmap(void *arg)
{
	unsigned int me = arch_cpu_id() + 1, seed = me, wrong = 0;
	char *p = page_address(alloc_pages(GFP_KERNEL, 2));

	for (unsigned int i = 0; i < 3000; i++) {
		size_t size = 1 + (size_t)rand_r(&seed) % (4 * PAGE_SIZE);
		dma_addr_t dma;

		memset(p, (int)me, size);
		dma = dma_map_single(&dma_dev, p, size, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(&dma_dev, dma))
			continue;
		wrong += memchr_inv(__va(dma), (int)me, size) != NULL;
		memset(__va(dma), (int)me + 100, size);
		dma_unmap_single(&dma_dev, dma, size, DMA_BIDIRECTIONAL);
		wrong += memchr_inv(p, (int)me + 100, size) != NULL;
	}
	__free_pages(virt_to_page(p), 2);
	__atomic_fetch_add((unsigned int *)arg, wrong, __ATOMIC_SEQ_CST);
}

static void several_cpus_share_a_pool(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	host_run_on_cpus(4, map_check_unmap, &wrong);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bounce_test(bytes_travel_by_direction),
		bounce_test(what_the_device_reaches_is_not_copied),
		bounce_test(parts_are_synchronised),
		bounce_test(lists_bounce_where_they_must),
		bounce_test(segments_cross_no_boundary),
		bounce_test(random_mappings_keep_their_bytes),
		bounce_test(slots_run_out_and_come_back),
		bounce_test(what_is_not_mapped_so_is_reported),
		bounce_test(pools_lie_below_the_mask_and_are_shared),
		bounce_test(pools_go_the_newest_first),
		bounce_test(ops_follow_the_mask),
		bounce_test(options),
		bounce_test(failures_on_purpose),
		bounce_test(without_memory_for_a_pool),
		bounce_test(several_cpus_share_a_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
