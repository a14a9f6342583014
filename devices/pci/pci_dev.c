/* SPDX-License-Identifier: MIT */
/* A PCI function: its configuration space, capabilities, interrupt pin, comings and goings. */
#include <errno.h>
#include <string.h>

#include "devices/inject/inject.h"
#include "devices/pci/pci_internal.h"
#include "devices/util.h"

/* Capabilities start after the header. */
#define FIRST_CAP 0x40

uint16_t pci_get16(const uint8_t *bytes, unsigned int offset)
{
	uint16_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

uint32_t pci_get32(const uint8_t *bytes, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

void pci_put16(uint8_t *bytes, unsigned int offset, uint16_t value)
{
	memcpy(bytes + offset, &value, sizeof(value));
}

void pci_put32(uint8_t *bytes, unsigned int offset, uint32_t value)
{
	memcpy(bytes + offset, &value, sizeof(value));
}

uint16_t pci_command(const struct pci_dev *dev)
{
	return pci_get16(dev->config, PCI_COMMAND);
}

void pci_dev_init(struct pci_dev *dev, const char *name, const struct pci_ids *ids,
		  const struct pci_ops *ops, const struct device_ops *device_ops)
{
	*dev = (struct pci_dev){ .device = { .name = name, .ops = device_ops },
				 .ops = ops,
				 .next_cap = FIRST_CAP };
	pci_put16(dev->config, PCI_VENDOR_ID, ids->vendor);
	pci_put16(dev->config, PCI_DEVICE_ID, ids->device);
	pci_put16(dev->config, PCI_SUBSYSTEM_VENDOR_ID, ids->subsystem_vendor);
	pci_put16(dev->config, PCI_SUBSYSTEM_ID, ids->subsystem);
	pci_put16(dev->config, PCI_CLASS_DEVICE, ids->class_code);
	dev->config[PCI_REVISION_ID] = ids->revision;
	pci_put16(dev->writable, PCI_COMMAND,
		  PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			  PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			  PCI_COMMAND_INTX_DISABLE);
	dev->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	dev->writable[PCI_LATENCY_TIMER] = 0xff;
	dev->writable[PCI_INTERRUPT_LINE] = 0xff;
}

unsigned int pci_add_cap(struct pci_dev *dev, uint8_t id, unsigned int len)
{
	unsigned int at = dev->next_cap;

	dev->config[at] = id;
	dev->config[at + 1] = dev->config[PCI_CAPABILITY_LIST];
	dev->config[PCI_CAPABILITY_LIST] = (uint8_t)at;
	dev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	dev->next_cap = (uint8_t)(at + ((len + 3) & ~3u));
	return at;
}

int pci_plug(struct pci_host *pci, struct pci_dev *dev, uint8_t devfn)
{
	int err;

	if (pci->dev[devfn])
		return -EBUSY;
	dev->pci = pci;
	dev->devfn = devfn;
	dma_port_init(&dev->dma, dev->device.name, devfn, pci->host, pci->ram);
	dev->dma.witness = pci->witness;
	err = pci_msix_plug(dev);
	if (!err)
		err = pci_msi_plug(dev);
	if (err) {
		pci_msix_unplug(dev);
		dev->pci = NULL;
		return err;
	}
	memcpy(dev->initial, dev->config, sizeof(dev->initial));
	pci->dev[devfn] = dev;
	device_add(pci->devices, &dev->device);
	return 0;
}

void pci_unplug(struct pci_dev *dev)
{
	struct pci_host *pci = dev->pci;

	if (pci) {
		pci_dev_reset(dev);
		inject_free(dev->dma.inject);
		dev->dma.inject = NULL;
		dma_port_fini(&dev->dma);
		device_remove(pci->devices, &dev->device);
		pci->dev[dev->devfn] = NULL;
	}
	pci_msix_unplug(dev);
	pci_msi_unplug(dev);
	dev->pci = NULL;
}

void pci_dev_reset(struct pci_dev *dev)
{
	pci_intx(dev, false);
	pci_remove_bars(dev);
	memcpy(dev->config, dev->initial, sizeof(dev->config));
	pci_msix_reset(dev);
	pci_msi_changed(dev);
	dma_set_enabled(&dev->dma, false);
	inject_reset(dev->dma.inject);
	dev->gone = false;
}

void pci_dev_vanish(struct pci_dev *dev)
{
	dev->device.ops->reset(&dev->device);
	dev->gone = true;
}

void pci_dma_stats(const struct pci_dev *dev, stat_fn fn, void *arg)
{
	const struct dma_counters *count = &dev->dma.count;

	fn(arg, "dma.reads", count->reads);
	fn(arg, "dma.read_bytes", count->read_bytes);
	fn(arg, "dma.writes", count->writes);
	fn(arg, "dma.written_bytes", count->written_bytes);
	fn(arg, "dma.faults", count->faults);
	inject_stats(dev->dma.inject, fn, arg);
	if (!dev->dma.translator)
		return;
	fn(arg, "dma.cache_hits", count->cache_hits);
	fn(arg, "dma.cache_misses", count->cache_misses);
}

/* --- the interrupt pin --------------------------------------------------------------- */

unsigned int pci_intx_gsi(const struct pci_dev *dev)
{
	unsigned int pin = dev->config[PCI_INTERRUPT_PIN] - 1u;

	return PV_INTX_GSI + (pin + PCI_SLOT(dev->devfn)) % PV_INTX_GSIS;
}

void pci_intx_update(struct pci_dev *dev)
{
	bool high = dev->intx && !(pci_command(dev) & PCI_COMMAND_INTX_DISABLE) &&
		    !pci_msi_enabled(dev) && !pci_msix_enabled(dev);
	unsigned int gsi, *count;

	if (high == dev->intx_high)
		return;
	dev->intx_high = high;
	gsi = pci_intx_gsi(dev);
	count = &dev->pci->intx_count[gsi - PV_INTX_GSI];
	*count += high ? 1 : -1u;
	if (*count == (high ? 1 : 0))
		host_irq_line(dev->pci->host, gsi, high);
}

void pci_intx(struct pci_dev *dev, bool level)
{
	if (!dev->config[PCI_INTERRUPT_PIN])
		return;
	if (dev->dma.inject && level && !dev->intx && !pci_msi_enabled(dev) &&
	    !pci_msix_enabled(dev) && inject_interrupt(dev->dma.inject))
		return;
	dev->intx = level;
	if (level)
		dev->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
	else
		dev->config[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTERRUPT;
	pci_intx_update(dev);
}
