/* SPDX-License-Identifier: MIT */
/* The buses, before the drivers of what is on them. */
#include <linux/pci.h>
#include <guest/boot.h>

void drivers_init(void)
{
	int n = pci_scan();

	pr_debug("pci: %d functions\n", n);
	virtio_pci_init();
	initcalls_run();
}
