/* SPDX-License-Identifier: MIT */
/* MSI (PCI 3.0, 6.8.1), in its smallest form: one vector, a 64-bit address, no mask. */
#include <errno.h>
#include <string.h>

#include "devices/inject/inject.h"
#include "devices/pci/pci_internal.h"

void pci_add_msi(struct pci_dev *dev)
{
	unsigned int cap = pci_add_cap(dev, PCI_CAP_ID_MSI, PCI_MSI_SIZEOF_64);

	dev->msi = (struct pci_msi){ .cap = (uint8_t)cap, .handle = -ENOSYS };
	pci_put16(dev->config, cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
	pci_put16(dev->writable, cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	pci_put32(dev->writable, cap + PCI_MSI_ADDRESS_LO, ~3u);
	pci_put32(dev->writable, cap + PCI_MSI_ADDRESS_HI, ~0u);
	pci_put16(dev->writable, cap + PCI_MSI_DATA_64, 0xffff);
}

bool pci_msi_enabled(const struct pci_dev *dev)
{
	return dev->msi.cap && (pci_get16(dev->config, dev->msi.cap + PCI_MSI_FLAGS) &
				PCI_MSI_FLAGS_ENABLE);
}

void pci_msi_changed(struct pci_dev *dev)
{
	dev->msi.routed = false;
}

int pci_msi_plug(struct pci_dev *dev)
{
	if (!dev->msi.cap)
		return 0;
	dev->msi.handle = host_msi_open(dev->pci->host, dev->device.name, 1);
	return dev->msi.handle < 0 && dev->msi.handle != -ENOSYS ? dev->msi.handle : 0;
}

void pci_msi_unplug(struct pci_dev *dev)
{
	if (dev->msi.cap && dev->msi.handle >= 0)
		host_msi_close(dev->pci->host, dev->msi.handle, 1);
	dev->msi = (struct pci_msi){ 0 };
}

static struct msi_msg message(const struct pci_dev *dev)
{
	unsigned int cap = dev->msi.cap;

	return (struct msi_msg){
		.addr = (uint64_t)pci_get32(dev->config, cap + PCI_MSI_ADDRESS_HI) << 32 |
			pci_get32(dev->config, cap + PCI_MSI_ADDRESS_LO),
		.data = pci_get16(dev->config, cap + PCI_MSI_DATA_64),
	};
}

void pci_msi_fire(struct pci_dev *dev)
{
	const struct msi_msg msg = message(dev);
	struct pci_msi *m = &dev->msi;
	int err = 0;

	if (!pci_msi_enabled(dev) || !(pci_command(dev) & PCI_COMMAND_MASTER) ||
	    m->handle < 0)
		return;
	if (dev->dma.inject && inject_interrupt(dev->dma.inject))
		return;
	if (!m->routed) {
		err = host_msi_route(dev->pci->host, m->handle, &msg);
		m->routed = !err;
	}
	if (!err)
		host_msi_fire(dev->pci->host, m->handle);
	else if (host_limit_pass(&m->reports))
		host_report(dev->pci->host, HOST_WARN, dev->device.name,
			    "its MSI has no route: %s", strerror(-err));
}
