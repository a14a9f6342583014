/* SPDX-License-Identifier: MIT */
/*
 * PCI functions and the drivers that match them.  The list is made once, at boot; nothing is
 * plugged in later.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <guest/pci.h>

#define SLOTS		  32
#define FUNCTIONS	  8
#define HEADER_MULTI	  0x80
#define HEADER_TYPE	  0x7f
#define HEADER_BRIDGE	  1
#define PCI_SECONDARY_BUS 0x19
#define BRIDGE_DEPTH_MAX  8

static LIST_HEAD(devices); /* grows in pci_scan() only */
static LIST_HEAD(drivers); /* guarded by match_lock, as is every dev->driver */
static DEFINE_MUTEX(match_lock);

static void fill_in(struct pci_dev *dev)
{
	u32 class_revision;

	pci_read_config_word(dev, PCI_DEVICE_ID, &dev->device);
	pci_read_config_dword(dev, PCI_REVISION_ID, &class_revision);
	dev->revision = (u8)class_revision;
	dev->class = class_revision >> 8;
	pci_read_config_word(dev, PCI_SUBSYSTEM_VENDOR_ID, &dev->subsystem_vendor);
	pci_read_config_word(dev, PCI_SUBSYSTEM_ID, &dev->subsystem_device);
	scnprintf(dev->name, sizeof(dev->name), "0000:%02x:%02x.%u", dev->bus,
		  PCI_SLOT(dev->devfn), PCI_FUNC(dev->devfn));
	dev->dma_mask = 0xffffffff;
	dev->dev.name = dev->name;
	dev->dev.endpoint = (u32)dev->bus << 8 | dev->devfn;
	dev->dev.dma_mask = &dev->dma_mask;
	dev->dev.coherent_dma_mask = 0xffffffff;
	dev->dev.dma_parms = &dev->dma_parms;
	if ((dev->hdr_type & HEADER_TYPE) == 0)
		pci_read_bars(dev);
	list_add_tail(&dev->list, &devices);
}

/* The function there, or NULL when there is none. */
static struct pci_dev *scan_function(u8 bus, u8 devfn)
{
	struct pci_dev probe = { .bus = bus, .devfn = devfn }, *dev;

	pci_read_config_word(&probe, PCI_VENDOR_ID, &probe.vendor);
	if (probe.vendor == 0xffff || probe.vendor == 0)
		return NULL;
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev) {
		pr_err("pci: no memory for %02x:%02x.%u\n", bus, PCI_SLOT(devfn),
		       PCI_FUNC(devfn));
		return NULL;
	}
	dev->bus = bus;
	dev->devfn = devfn;
	dev->vendor = probe.vendor;
	pci_read_config_byte(dev, PCI_HEADER_TYPE, &dev->hdr_type);
	fill_in(dev);
	return dev;
}

static int scan_bus(u8 bus, unsigned int depth);

/* What lies behind a bridge that firmware has numbered. */
static int scan_behind(const struct pci_dev *dev, unsigned int depth)
{
	u8 secondary;

	if ((dev->hdr_type & HEADER_TYPE) != HEADER_BRIDGE || depth == BRIDGE_DEPTH_MAX)
		return 0;
	pci_read_config_byte(dev, PCI_SECONDARY_BUS, &secondary);
	return secondary > dev->bus && secondary != 0xff ? scan_bus(secondary, depth + 1)
							 : 0;
}

static int scan_bus(u8 bus, unsigned int depth)
{
	int found = 0;

	for (u8 slot = 0; slot < SLOTS; slot++) {
		u8 functions = 1;

		for (u8 f = 0; f < functions; f++) {
			struct pci_dev *dev = scan_function(bus, PCI_DEVFN(slot, f));

			if (!dev)
				continue;
			if (f == 0 && dev->hdr_type & HEADER_MULTI)
				functions = FUNCTIONS;
			found += 1 + scan_behind(dev, depth);
		}
	}
	return found;
}

int pci_scan(void)
{
	pci_config_init();
	return scan_bus(0, 0);
}

struct pci_dev *pci_get_device(u32 vendor, u32 device, struct pci_dev *from)
{
	struct list_head *at = from ? from->list.next : devices.next;

	for (; at != &devices; at = at->next) {
		struct pci_dev *dev = list_entry(at, struct pci_dev, list);

		if ((vendor == PCI_ANY_ID || dev->vendor == vendor) &&
		    (device == PCI_ANY_ID || dev->device == device))
			return dev;
	}
	return NULL;
}

/* --- drivers ---------------------------------------------------------------------------- */

static bool id_matches(u32 wanted, u32 id)
{
	return wanted == PCI_ANY_ID || wanted == id;
}

static const struct pci_device_id *match(const struct pci_driver *driver,
					 const struct pci_dev *dev)
{
	const struct pci_device_id *id = driver->id_table;

	for (; id->vendor || id->class_mask; id++)
		if (id_matches(id->vendor, dev->vendor) &&
		    id_matches(id->device, dev->device) &&
		    id_matches(id->subvendor, dev->subsystem_vendor) &&
		    id_matches(id->subdevice, dev->subsystem_device) &&
		    !((id->class ^ dev->class) & id->class_mask))
			return id;
	return NULL;
}

static void offer(struct pci_driver *driver, struct pci_dev *dev)
{
	const struct pci_device_id *id = match(driver, dev);
	int err;

	if (!id || dev->driver)
		return;
	dev->driver = driver;
	err = driver->probe(dev, id);
	if (err) {
		dev->driver = NULL;
		dma_driver_released(&dev->dev);
		dev_err(&dev->dev, "%s does not take it: %d\n", driver->name, err);
	}
}

int pci_register_driver(struct pci_driver *driver)
{
	struct pci_dev *dev;

	mutex_lock(&match_lock);
	list_add_tail(&driver->node, &drivers);
	list_for_each_entry (dev, &devices, list) {
		offer(driver, dev);
	}
	mutex_unlock(&match_lock);
	return 0;
}

void pci_unregister_driver(struct pci_driver *driver)
{
	struct pci_dev *dev;

	mutex_lock(&match_lock);
	list_for_each_entry (dev, &devices, list) {
		if (dev->driver != driver)
			continue;
		if (driver->remove)
			driver->remove(dev);
		dev->driver = NULL;
		dma_driver_released(&dev->dev);
	}
	list_del(&driver->node);
	mutex_unlock(&match_lock);
}
