/* SPDX-License-Identifier: MIT */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <abi/platform.h>
#include <asm/cpu.h>
#include <guest/dma_check.h>
#include <guest/machine.h>
#include <mm/dma_publish.h>
#include <mm/platform.h>

/* A driver that maps a few dozen buffers at once makes no exit. */
#define ENTRIES 256U

struct dma_check_area *dma_check_area(void)
{
	return dma_publish_area();
}

void dma_check_take(void)
{
	if (hypervisor.dma_check)
		outl(DMA_CHECK_TAKE, PV_DMA_CHECK_PORT);
}

void dma_check_provoke(u64 kinds)
{
	struct dma_check_area *area = dma_check_area();

	if (!area)
		return;
	dma_check_take();
	WRITE_ONCE(area->provoked, kinds);
}

u64 dma_check_unexpected(void)
{
	const struct dma_check_area *area = dma_check_area();

	if (!area)
		return 0;
	dma_check_take();
	return READ_ONCE(area->unexpected);
}

void dma_check_init(void)
{
	struct dma_check_area *area;
	int err;

	if (!hypervisor.dma_check)
		return;
	err = dma_publish_start(ENTRIES, dma_check_take, hypervisor.dma_check_hash);
	if (err) {
		pr_err("the DMA checker learns nothing: %d\n", err);
		return;
	}
	area = dma_publish_area();
	area->text_start = platform_translate((unsigned long)_text);
	area->text_end = area->text_start + (le64)(_erodata - _text);
	outl((u32)PHYS_PFN(virt_to_phys(area)), PV_DMA_CHECK_PORT);
}
