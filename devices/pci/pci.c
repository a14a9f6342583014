/* SPDX-License-Identifier: MIT */
/*
 * The host bridge: two ways into configuration space, and what a write there sets off.
 *
 * Ports 0xCF8/0xCFC: a dword write to 0xCF8 chooses function and register, 0xCFC-0xCFF are
 * its bytes.  ECAM: a megabyte a bus, 4 KiB a function.  Only bus 0 has functions.
 */
#include "devices/pci/pci.h"

#include <errno.h>
#include <string.h>

#include "devices/pci/pci_internal.h"
#include "devices/util.h"

static uint32_t ones(unsigned int len)
{
	return len < 4 ? (1u << (8 * len)) - 1 : ~0u;
}

uint32_t pci_config_read(struct pci_host *pci, uint8_t devfn, unsigned int offset,
			 unsigned int len)
{
	struct pci_dev *dev = pci->dev[devfn];
	uint32_t value = 0;

	if (!dev || dev->gone || len > sizeof(value) || offset > PCI_CFG_SPACE_SIZE - len)
		return ones(len);
	if (dev->ops && dev->ops->config_read)
		dev->ops->config_read(dev, offset, len);
	memcpy(&value, dev->config + offset, len);
	return value;
}

/* Does [offset, offset + len) touch [at, at + size)? */
static bool touches(unsigned int offset, unsigned int len, unsigned int at,
		    unsigned int size)
{
	return offset < at + size && at < offset + len;
}

static void config_changed(struct pci_dev *dev, unsigned int offset, unsigned int len)
{
	bool command = touches(offset, len, PCI_COMMAND, 2);
	bool bars = touches(offset, len, PCI_BASE_ADDRESS_0, 4 * PCI_STD_NUM_BARS);
	bool msix = dev->msix.nr &&
		    touches(offset, len, dev->msix.cap + PCI_MSIX_FLAGS, 2);

	bool msi = dev->msi.cap && touches(offset, len, dev->msi.cap, PCI_MSI_SIZEOF_64);

	if (command)
		dma_set_enabled(&dev->dma, pci_command(dev) & PCI_COMMAND_MASTER);
	if (command || bars)
		pci_update_bars(dev->pci);
	if (msi)
		pci_msi_changed(dev);
	if (command || msix)
		pci_msix_update(dev);
	if (command || msi || msix)
		pci_intx_update(dev);
	if (dev->ops && dev->ops->config_written)
		dev->ops->config_written(dev, offset, len);
}

void pci_config_write(struct pci_host *pci, uint8_t devfn, unsigned int offset,
		      unsigned int len, uint32_t value)
{
	struct pci_dev *dev = pci->dev[devfn];

	if (!dev || dev->gone || len > sizeof(value) || offset > PCI_CFG_SPACE_SIZE - len)
		return;
	for (unsigned int i = 0; i < len; i++) {
		uint8_t mask = dev->writable[offset + i];
		uint8_t byte = (uint8_t)(value >> (8 * i));

		dev->config[offset + i] =
			(uint8_t)((dev->config[offset + i] & ~mask) | (byte & mask));
	}
	config_changed(dev, offset, len);
}

/* --- ports --------------------------------------------------------------------------- */

static uint64_t address_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct pci_host *pci = arg;

	return offset == 0 && size == 4 ? pci->address : ~0ull;
}

static void address_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pci_host *pci = arg;

	if (offset == 0 && size == 4)
		pci->address = (uint32_t)value;
}

/* False: configuration is off, or the address is of another bus. */
static bool decode(const struct pci_host *pci, uint8_t *devfn, unsigned int *reg)
{
	*devfn = (uint8_t)(pci->address >> PCI_CONF1_DEVFN_SHIFT);
	*reg = pci->address & PCI_CONF1_REG_MASK;
	return (pci->address & PCI_CONF1_ENABLE) &&
	       !(uint8_t)(pci->address >> PCI_CONF1_BUS_SHIFT);
}

static uint64_t data_read(void *arg, uint64_t offset, unsigned int size)
{
	struct pci_host *pci = arg;
	uint8_t devfn;
	unsigned int reg;

	if (!decode(pci, &devfn, &reg))
		return ~0ull;
	return pci_config_read(pci, devfn, reg + (unsigned int)offset, size);
}

static void data_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pci_host *pci = arg;
	uint8_t devfn;
	unsigned int reg;

	if (decode(pci, &devfn, &reg))
		pci_config_write(pci, devfn, reg + (unsigned int)offset, size,
				 (uint32_t)value);
}

/* --- ECAM ---------------------------------------------------------------------------- */

static uint64_t ecam_read(void *arg, uint64_t offset, unsigned int size)
{
	struct pci_host *pci = arg;
	uint8_t devfn = (uint8_t)(offset >> PCI_ECAM_DEVFN_SHIFT);
	unsigned int reg = offset % PCI_CFG_SPACE_EXP_SIZE;
	uint64_t value;

	if (offset >> PCI_ECAM_BUS_SHIFT)
		return ~0ull;
	if (size <= 4)
		return pci_config_read(pci, devfn, reg, size);
	value = pci_config_read(pci, devfn, reg, 4);
	return value | (uint64_t)pci_config_read(pci, devfn, reg + 4, size - 4) << 32;
}

static void ecam_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pci_host *pci = arg;
	uint8_t devfn = (uint8_t)(offset >> PCI_ECAM_DEVFN_SHIFT);
	unsigned int reg = offset % PCI_CFG_SPACE_EXP_SIZE;

	if (offset >> PCI_ECAM_BUS_SHIFT)
		return;
	pci_config_write(pci, devfn, reg, size < 4 ? size : 4, (uint32_t)value);
	if (size > 4)
		pci_config_write(pci, devfn, reg + 4, size - 4, (uint32_t)(value >> 32));
}

static const struct bus_ops address_ops = { address_read, address_write };
static const struct bus_ops data_ops = { data_read, data_write };
static const struct bus_ops ecam_ops = { ecam_read, ecam_write };

/* --- the bridge ---------------------------------------------------------------------- */

static void bridge_reset(struct device *device)
{
	struct pci_dev *dev = container_of(device, struct pci_dev, device);

	pci_dev_reset(dev);
	dev->pci->address = 0;
}

static void bridge_destroy(struct device *device)
{
	struct pci_dev *dev = container_of(device, struct pci_dev, device);
	struct pci_host *pci = dev->pci;

	pci_unplug(dev);
	bus_remove(pci->pio, &pci->address_range);
	bus_remove(pci->pio, &pci->data_range);
	bus_remove(pci->mmio, &pci->ecam_range);
}

static const struct device_ops bridge_device_ops = { .reset = bridge_reset,
						     .destroy = bridge_destroy };

static const struct pci_ids bridge_ids = {
	.vendor = PCI_VENDOR_ID_INTEL,
	.device = PCI_DEVICE_ID_INTEL_82441,
	.subsystem_vendor = PCI_SUBVENDOR_ID_REDHAT_QUMRANET,
	.subsystem = 0x1100,
	.class_code = PCI_CLASS_BRIDGE_HOST,
	.revision = 2,
};

int pci_host_init(struct pci_host *pci, struct host *host, struct bus *pio,
		  struct bus *mmio, const struct ram *ram, struct device_list *devices)
{
	int err;

	*pci = (struct pci_host){
		.host = host,
		.pio = pio,
		.mmio = mmio,
		.ram = ram,
		.devices = devices,
		.address_range = { "pci address", PV_PCI_ADDR_PORT, 4, &address_ops,
				   pci },
		.data_range = { "pci data", PV_PCI_DATA_PORT, 4, &data_ops, pci },
		.ecam_range = { "ecam", PV_ECAM_BASE, PV_ECAM_SIZE, &ecam_ops, pci },
	};
	err = bus_add(pio, &pci->address_range);
	if (!err)
		err = bus_add(pio, &pci->data_range);
	if (!err)
		err = bus_add(mmio, &pci->ecam_range);
	if (err)
		return err;
	pci_dev_init(&pci->bridge, "pci", &bridge_ids, NULL, &bridge_device_ops);
	return pci_plug(pci, &pci->bridge, PCI_DEVFN(0, 0));
}
