/* SPDX-License-Identifier: MIT */
/* The buses, before the drivers of what is on them. */
#include <linux/pci.h>
#include <guest/boot.h>
#include <guest/dma_check.h>
#include <guest/viommu.h>

void drivers_init(void)
{
	int n = pci_scan();

	dma_check_init();
	pr_debug("pci: %d functions\n", n);
	virtio_pci_init();
	virtio_iommu_init();
	initcalls_run();
}
