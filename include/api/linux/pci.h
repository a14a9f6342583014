/* SPDX-License-Identifier: MIT */
/*
 * PCI devices and their drivers (include/linux/pci.h).  Functions are found once at boot,
 * on bus 0 and behind bridges that firmware set up; firmware assigned their BARs.
 */
#ifndef _LINUX_PCI_H
#define _LINUX_PCI_H

#include <abi/pci.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/list.h>

#define PCI_ANY_ID (~0U)

/* Linux's resource flags, as far as a BAR has them. */
#define IORESOURCE_IO	    0x00000100UL
#define IORESOURCE_MEM	    0x00000200UL
#define IORESOURCE_PREFETCH 0x00002000UL
#define IORESOURCE_MEM_64   0x00100000UL

struct resource {
	resource_size_t start;
	resource_size_t end; /* the last address */
	unsigned long flags; /* 0: there is no such BAR */
};

struct pci_device_id {
	u32 vendor, device; /* PCI_ANY_ID matches all */
	u32 subvendor, subdevice;
	u32 class, class_mask;
	unsigned long driver_data;
};

#define PCI_DEVICE(v, d) \
	.vendor = (v), .device = (d), .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID

struct pci_driver;
struct msix_table;

struct pci_dev {
	struct device dev;
	struct list_head list; /* of all functions, by address */
	u8 bus, devfn;
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class; /* base class << 16 | subclass << 8 | interface */
	u8 revision, hdr_type;
	struct resource resource[PCI_STD_NUM_BARS];
	u64 dma_mask;
	struct device_dma_parameters dma_parms;
	struct pci_driver *driver; /* that took the device, or NULL */
	struct msix_table *msix; /* while vectors are allocated */
	char name[16]; /* 0000:00:02.0 */
};

#define to_pci_dev(d) container_of(d, struct pci_dev, dev)

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table; /* ends with a zero entry */
	int (*probe)(struct pci_dev *dev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *dev);
	struct list_head node; /* of all drivers */
};

static inline void pci_set_drvdata(struct pci_dev *dev, void *data)
{
	dev->dev.driver_data = data;
}

static inline void *pci_get_drvdata(const struct pci_dev *dev)
{
	return dev->dev.driver_data;
}

static inline const char *pci_name(const struct pci_dev *dev)
{
	return dev->name;
}

/* Finds all functions; how many.  Once. */
int pci_scan(void);
/* Offers every device that no driver has to this one. */
int pci_register_driver(struct pci_driver *driver);
void pci_unregister_driver(struct pci_driver *driver);
/* The next device of that vendor and id after `from` (NULL: the first); NULL at the end. */
struct pci_dev *pci_get_device(u32 vendor, u32 device, struct pci_dev *from);

/* --- configuration space: 0, or -EINVAL for a place beyond it or misaligned ------------ */
int pci_read_config_byte(const struct pci_dev *dev, int where, u8 *value);
int pci_read_config_word(const struct pci_dev *dev, int where, u16 *value);
int pci_read_config_dword(const struct pci_dev *dev, int where, u32 *value);
int pci_write_config_byte(const struct pci_dev *dev, int where, u8 value);
int pci_write_config_word(const struct pci_dev *dev, int where, u16 value);
int pci_write_config_dword(const struct pci_dev *dev, int where, u32 value);

/* Where the capability with that id stands, or 0; and the next one after `pos`.  A list
 * that loops or points into the header ends. */
u8 pci_find_capability(struct pci_dev *dev, int cap);
u8 pci_find_next_capability(struct pci_dev *dev, u8 pos, int cap);

/* --- taking the device into use ---------------------------------------------------------- */
/* Memory and I/O decoding on. */
int pci_enable_device(struct pci_dev *dev);
void pci_disable_device(struct pci_dev *dev);
/* Bus mastering, that is DMA and MSI-X, on and off. */
void pci_set_master(struct pci_dev *dev);
void pci_clear_master(struct pci_dev *dev);

#define pci_resource_start(dev, bar) ((dev)->resource[bar].start)
#define pci_resource_end(dev, bar)   ((dev)->resource[bar].end)
#define pci_resource_flags(dev, bar) ((dev)->resource[bar].flags)
#define pci_resource_len(dev, bar)                                           \
	((dev)->resource[bar].flags                                          \
		 ? (dev)->resource[bar].end - (dev)->resource[bar].start + 1 \
		 : 0)

/* Maps a memory BAR, at most max bytes of it (0: all); NULL when it cannot. */
void *pci_iomap(struct pci_dev *dev, int bar, unsigned long max);
void *pci_iomap_range(struct pci_dev *dev, int bar, unsigned long offset,
		      unsigned long max);
void pci_iounmap(struct pci_dev *dev, void *addr);

/* --- message interrupts ------------------------------------------------------------------ */
#define PCI_IRQ_MSIX 4U

/* Gives the device between min and max MSI-X vectors, spread over the CPUs; how many, or
 * -ENODEV (no MSI-X), -ENOSPC (too few), -ENOMEM. */
int pci_alloc_irq_vectors(struct pci_dev *dev, unsigned int min, unsigned int max,
			  unsigned int flags);
/* The irq number of vector n for request_irq(), or -EINVAL. */
int pci_irq_vector(struct pci_dev *dev, unsigned int n);
/* After free_irq() of each. */
void pci_free_irq_vectors(struct pci_dev *dev);

#endif
