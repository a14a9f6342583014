/* SPDX-License-Identifier: MIT */
/* What the tests of the DMA API share. */
#ifndef DMA_TEST_H
#define DMA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include "tests/host/host.h"

#define MIB (1UL << 20)
#define GIB (1UL << 30)

/* A fresh device with 32-bit masks on a machine of 6 GiB: there is memory in every zone. */
extern struct device dma_dev;
extern u64 dma_dev_mask;

int dma_set_up(void **state);
/* Nothing may be mapped or allocated any more, and no report be left. */
int dma_tear_down(void **state);

#define dma_test(f) cmocka_unit_test_setup_teardown(f, dma_set_up, dma_tear_down)

/* The device holds exactly this, and so does the machine: it has no other device. */
void dma_holds(long mappings, long bytes, long coherent, long coherent_bytes);

#endif
