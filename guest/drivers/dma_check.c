/* SPDX-License-Identifier: MIT */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <abi/platform.h>
#include <asm/cpu.h>
#include <guest/dma_check.h>
#include <guest/machine.h>
#include <mm/dma_publish.h>

/* A driver that maps a few dozen buffers at once makes no exit. */
#define ENTRIES 256U

struct dma_check_area *dma_check_area(void)
{
	return dma_publish_area();
}

void dma_check_take(void)
{
	outl(DMA_CHECK_TAKE, PV_DMA_CHECK_PORT);
}

void dma_check_init(void)
{
	int err;

	if (!hypervisor.dma_check)
		return;
	err = dma_publish_start(ENTRIES, dma_check_take, hypervisor.dma_check_hash);
	if (err) {
		pr_err("the DMA checker learns nothing: %d\n", err);
		return;
	}
	outl((u32)PHYS_PFN(virt_to_phys(dma_publish_area())), PV_DMA_CHECK_PORT);
}
