/* SPDX-License-Identifier: MIT */
/* What the tests of the DMA API share. */
#include "dma_test.h"

struct device dma_dev;
u64 dma_dev_mask;
static struct device_dma_parameters parms;

int dma_set_up(void **state)
{
	(void)state;
	host_mm_init(6 * GIB);
	dma_dev_mask = DMA_BIT_MASK(32);
	parms = (struct device_dma_parameters){ 0 };
	dma_dev = (struct device){
		.name = "0000:00:05.0",
		.endpoint = 5 << 3,
		.dma_mask = &dma_dev_mask,
		.coherent_dma_mask = DMA_BIT_MASK(32),
		.dma_parms = &parms,
	};
	return 0;
}

void dma_holds(long mappings, long bytes, long coherent, long coherent_bytes)
{
	struct dma_stats stats;

	dma_get_stats(&stats);
	assert_int_equal(atomic_long_read(&dma_dev.dma.mappings), mappings);
	assert_int_equal(atomic_long_read(&dma_dev.dma.mapped_bytes), bytes);
	assert_int_equal(atomic_long_read(&dma_dev.dma.coherent), coherent);
	assert_int_equal(atomic_long_read(&dma_dev.dma.coherent_bytes), coherent_bytes);
	assert_int_equal(stats.mappings, mappings);
	assert_int_equal(stats.mapped_bytes, bytes);
	assert_int_equal(stats.coherent, coherent);
	assert_int_equal(stats.coherent_bytes, coherent_bytes);
	assert_int_equal(stats.refused, atomic_long_read(&dma_dev.dma.refused));
}

int dma_tear_down(void **state)
{
	(void)state;
	dma_holds(0, 0, 0, 0);
	if (host_events.warnings || host_events.violations)
		fail_msg("unexpected: %s", host_log());
	host_mm_reset();
	return 0;
}
