/* SPDX-License-Identifier: MIT */
/* Coherent buffers: alignment, masks and zones, sizes, bad frees. */
#include <linux/page_debug.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "dma_test.h"

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
			void *p =
				dma_alloc_coherent(&dma_dev, sizes[i], &dma, GFP_KERNEL);

			assert_non_null(p);
			assert_int_equal(dma, virt_to_phys(p));
			assert_true(IS_ALIGNED(dma, PAGE_SIZE << get_order(size)));
			assert_null(memchr_inv(p, 0, size));
			dma_holds(0, 0, 1, (long)size);
			memset(p, 0xee, size);
			dma_free_coherent(&dma_dev, sizes[i], p, dma);
			dma_holds(0, 0, 0, 0);
		}
}

static void only_whole_pages_are_kept(void **state)
{
	unsigned long before;
	dma_addr_t dma;
	void *p = dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL);

	(void)state;
	dma_free_coherent(&dma_dev, PAGE_SIZE, p, dma);
	drain_all_pages();
	before = nr_free_pages();
	p = dma_alloc_coherent(&dma_dev, 5 * PAGE_SIZE, &dma, GFP_KERNEL);
	drain_all_pages();
	assert_int_equal(before - nr_free_pages(), 5);
	dma_free_coherent(&dma_dev, 5 * PAGE_SIZE, p, dma);
}

static void sizes_that_cannot_be_had(void **state)
{
	dma_addr_t dma;

	(void)state;
	assert_null(dma_alloc_coherent(&dma_dev, 0, &dma, GFP_KERNEL));
	assert_null(dma_alloc_coherent(&dma_dev, 4 * MIB + 1, &dma, GFP_KERNEL));
	assert_null(dma_alloc_coherent(&dma_dev, ~0UL, &dma, GFP_KERNEL));
	dma_dev.coherent_dma_mask = 0;
	assert_null(dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL));
	dma_free_coherent(&dma_dev, PAGE_SIZE, NULL, 0);
}

static void the_coherent_mask_is_kept(void **state)
{
	static const unsigned int bits[] = { 24, 25, 28, 31, 32, 33, 40, 64 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
		void *p[64];
		dma_addr_t dma[64];

		assert_int_equal(dma_set_coherent_mask(&dma_dev, DMA_BIT_MASK(bits[i])),
				 0);
		for (unsigned int n = 0; n < 64; n++) {
			p[n] = dma_alloc_coherent(&dma_dev, 64 * PAGE_SIZE >> (n % 7),
						  &dma[n], GFP_KERNEL);
			assert_non_null(p[n]);
			assert_true(dma[n] + (64 * PAGE_SIZE >> (n % 7)) - 1 <=
				    DMA_BIT_MASK(bits[i]));
		}
		for (unsigned int n = 0; n < 64; n++)
			dma_free_coherent(&dma_dev, 64 * PAGE_SIZE >> (n % 7), p[n],
					  dma[n]);
	}
}

/* The mask alone says which zone; what the caller says of zones is dropped. */
static void the_largest_zone_that_does(void **state)
{
	dma_addr_t dma;
	void *p;

	(void)state;
	dma_dev.coherent_dma_mask = DMA_BIT_MASK(64);
	p = dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL | __GFP_DMA);
	assert_true(dma >= 4 * GIB);
	dma_free_coherent(&dma_dev, PAGE_SIZE, p, dma);
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
	dma_dev.coherent_dma_mask = DMA_BIT_MASK(28);
	p = dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL);
	dma_free_coherent(&dma_dev, PAGE_SIZE, p, dma);
	drain_all_pages();
	before = nr_free_pages();
	p = dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL);
	assert_non_null(p);
	assert_true(dma < 16 * MIB);
	drain_all_pages();
	assert_int_equal(before - nr_free_pages(), 1);
	dma_free_coherent(&dma_dev, PAGE_SIZE, p, dma);
	while (n--)
		__free_pages(low[n], MAX_ORDER);
}

static void zone_dma_runs_dry(void **state)
{
	void *p[8];
	dma_addr_t dma[8];
	unsigned int n = 0;

	(void)state;
	dma_dev.coherent_dma_mask = DMA_BIT_MASK(24);
	while (n < 8) {
		p[n] = dma_alloc_attrs(&dma_dev, 4 * MIB, &dma[n], GFP_KERNEL,
				       DMA_ATTR_NO_WARN);
		if (!p[n])
			break;
		n++;
	}
	assert_in_range(n, 1, 4);
	while (n--)
		dma_free_coherent(&dma_dev, 4 * MIB, p[n], dma[n]);
}

static void coherent_memory_in_atomic_context(void **state)
{
	dma_addr_t dma;
	void *p;

	(void)state;
	preempt_disable();
	p = dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_ATOMIC);
	assert_non_null(p);
	dma_free_coherent(&dma_dev, PAGE_SIZE, p, dma);
	assert_null(dma_alloc_coherent(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL));
	preempt_enable();
	assert_int_equal(host_events.violations, 1);
	host_log_clear();
}

static void bad_frees_free_nothing(void **state)
{
	dma_addr_t dma;
	char *p = dma_alloc_coherent(&dma_dev, 2 * PAGE_SIZE, &dma, GFP_KERNEL);
	void *scattered = vmalloc(2 * PAGE_SIZE);

	(void)state;
	dma_free_coherent(&dma_dev, 2 * PAGE_SIZE, p, dma + PAGE_SIZE);
	dma_free_coherent(&dma_dev, 2 * PAGE_SIZE, scattered, virt_to_phys(scattered));
	dma_free_coherent(&dma_dev, 2 * PAGE_SIZE, p + 1, dma + 1);
	dma_free_coherent(&dma_dev, 0, p, dma);
	dma_free_coherent(&dma_dev, 8 * MIB, p, dma);
	dma_free_coherent(&dma_dev, 2 * PAGE_SIZE, &dma, dma);
	/* Told once for each device. */
	assert_int_equal(host_events.warnings, 1);
	assert_true(host_log_has("no coherent buffer"));
	host_log_clear();
	dma_holds(0, 0, 1, 2 * PAGE_SIZE);
	vfree(scattered);
	dma_free_coherent(&dma_dev, 2 * PAGE_SIZE, p, dma);
}

static void no_memory_leaves_no_trace(void **state)
{
	struct fault_attr attr = { .probability = 100, .interval = 1, .times = { -1 } };
	dma_addr_t dma;

	(void)state;
	fail_page_alloc_set(&attr);
	assert_null(
		dma_alloc_attrs(&dma_dev, PAGE_SIZE, &dma, GFP_KERNEL, DMA_ATTR_NO_WARN));
	fail_page_alloc_set(NULL);
	dma_holds(0, 0, 0, 0);
}

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
	};

	return cmocka_run_group_tests_name("dma_coherent", tests, NULL, NULL);
}
