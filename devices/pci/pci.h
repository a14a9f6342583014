/* SPDX-License-Identifier: MIT */
/*
 * One PCI bus behind an i440FX-shaped host bridge.
 *
 * Configuration space is reached through ports 0xCF8/0xCFC and through ECAM; both see the
 * same bytes.  A function keeps 256 bytes of configuration; beside them a mask says which
 * bits the guest may write.  Accesses at odd offsets and lengths work byte by byte; a
 * function that is not there, and everything past 256 bytes, reads as ones.
 *
 * BARs: the guest may move them at any time.  A BAR is on its bus while decoding is enabled
 * in the command register and its range is free; one that collides with something else is
 * not decoded until the other goes away.
 *
 * MSI: one vector with a 64-bit address and no mask.
 *
 * MSI-X: table and pending bits stand in a BAR of the device.  A vector fired while it is
 * masked becomes pending and is sent when the mask (the vector's or the function's) is
 * lifted.  Nothing is sent while bus mastering is off.
 */
#ifndef DEVICES_PCI_H
#define DEVICES_PCI_H

#include <abi/pci.h>
#include <abi/platform.h>

#include "devices/bus.h"
#include "devices/device.h"
#include "devices/dma/dma.h"
#include "devices/host.h"

#define PCI_MAX_DEVFN	256
#define PCI_MSIX_MAX	256 /* vectors of a function */
#define PCI_MSIX_NO_VEC 0xffff

struct pci_dev;
struct pci_host;

struct pci_ids {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;
	uint16_t class_code; /* base class << 8 | subclass */
	uint8_t revision;
};

/* What a function is told; all optional. */
struct pci_ops {
	/* Before the guest reads, after it wrote, these bytes of configuration space. */
	void (*config_read)(struct pci_dev *dev, unsigned int offset, unsigned int len);
	void (*config_written)(struct pci_dev *dev, unsigned int offset,
			       unsigned int len);
	/* A BAR appeared at bar->range.base (mapped) or went away. */
	void (*bar_changed)(struct pci_dev *dev, unsigned int bar, bool mapped);
};

struct pci_bar {
	uint64_t size; /* a power of two; 0: there is none */
	uint8_t type; /* PCI_BASE_ADDRESS_* bits */
	bool mapped; /* range is on its bus */
	bool collided; /* wants to be mapped, but something else is there; said once */
	struct bus_range range;
};

struct pci_msix {
	unsigned int nr; /* vectors; 0: no MSI-X */
	uint8_t cap; /* offset of the capability */
	int first; /* host handle of vector 0, negative when the host has none */
	struct pci_msix_entry *table;
	uint64_t *pending; /* one bit a vector */
	bool *routed; /* the host knows this entry's message */
	struct host_limit reports;
};

struct pci_msi {
	uint8_t cap; /* offset of the capability; 0: none */
	int handle; /* of the host, negative when it has none */
	bool routed; /* the host knows the message */
	struct host_limit reports;
};

struct pci_dev {
	struct device device;
	struct pci_host *pci; /* NULL: not plugged */
	const struct pci_ops *ops;
	uint8_t devfn;
	uint8_t next_cap; /* first free byte for capabilities */
	bool gone; /* unplugged without a word: answers nothing until a reset */
	bool intx; /* the device wants its interrupt pin high */
	bool intx_high; /* and it is: neither MSI, MSI-X nor INTX_DISABLE forbids it */
	uint8_t config[PCI_CFG_SPACE_SIZE];
	uint8_t writable[PCI_CFG_SPACE_SIZE];
	uint8_t initial[PCI_CFG_SPACE_SIZE]; /* config at plug time, for reset */
	struct pci_bar bar[PCI_STD_NUM_BARS];
	struct pci_msix msix;
	struct pci_msi msi;
	struct dma_port dma;
};

struct pci_host {
	struct host *host;
	struct bus *pio, *mmio;
	const struct ram *ram;
	struct device_list *devices;
	struct dma_witness
		*witness; /* of every device plugged from then on; may be NULL */
	struct pci_dev *dev[PCI_MAX_DEVFN];
	uint32_t address; /* last dword written to 0xCF8 */
	unsigned int intx_count[PV_INTX_GSIS]; /* functions that hold each line up */
	struct bus_range address_range, data_range, ecam_range;
	struct pci_dev bridge; /* 00:00.0 */
};

/*
 * Puts the bridge's ports on pio and ECAM on mmio, and the bridge into slot 0.  Devices
 * plugged later are added to `devices`.  0 or a negative errno of bus_add.
 */
int pci_host_init(struct pci_host *pci, struct host *host, struct bus *pio,
		  struct bus *mmio, const struct ram *ram, struct device_list *devices);

/*
 * Building a function, in this order: init, then BARs, capabilities, MSI-X and interrupt
 * pin, then plug.  name outlives the function; device_ops.reset and .destroy of the function
 * are its own and call pci_dev_reset() and pci_unplug().
 */
void pci_dev_init(struct pci_dev *dev, const char *name, const struct pci_ids *ids,
		  const struct pci_ops *ops, const struct device_ops *device_ops);
/* size: a power of two, at least 16 (I/O: 4).  A 64-bit BAR takes index and index + 1. */
void pci_add_bar(struct pci_dev *dev, unsigned int index, uint64_t size, uint8_t type,
		 const struct bus_ops *ops, void *arg);
/* Appends a capability of len bytes, its two header bytes included; returns its offset.
 * Its bytes start zero and read-only. */
unsigned int pci_add_cap(struct pci_dev *dev, uint8_t id, unsigned int len);
/* MSI-X with nr vectors, table and pending bits at these offsets of BAR `bar`, which the
 * device must forward to pci_msix_table_* and pci_msix_pba_read.  0 or -ENOMEM. */
int pci_add_msix(struct pci_dev *dev, unsigned int nr, unsigned int bar, uint32_t table,
		 uint32_t pba);
/* MSI with one vector. */
void pci_add_msi(struct pci_dev *dev);
/* 0; -EBUSY: the place is taken; or what device set-up says. */
int pci_plug(struct pci_host *pci, struct pci_dev *dev, uint8_t devfn);
/* Takes it off all buses; frees what pci_add_* allocated. */
void pci_unplug(struct pci_dev *dev);

/*
 * What firmware does at start: gives every BAR an address in the windows of
 * <abi/platform.h> (memory BARs below 4 GiB), enables decoding, sets the interrupt line.
 * -ENOSPC when a window is full.  Call again after a machine reset.
 */
int pci_assign(struct pci_host *pci);

/* Configuration, BARs and MSI-X as after power-on: BARs at 0, decoding off. */
void pci_dev_reset(struct pci_dev *dev);

/* Takes it away under its driver: it decodes nothing, reads as ones, moves nothing and
 * interrupts nobody until pci_dev_reset(). */
void pci_dev_vanish(struct pci_dev *dev);

/* One access to configuration space, len 1, 2 or 4 (other lengths byte by byte). */
uint32_t pci_config_read(struct pci_host *pci, uint8_t devfn, unsigned int offset,
			 unsigned int len);
void pci_config_write(struct pci_host *pci, uint8_t devfn, unsigned int offset,
		      unsigned int len, uint32_t value);

/* Sets the level of the function's INTx pin; INTX_DISABLE, MSI and MSI-X hold it low. */
void pci_intx(struct pci_dev *dev, bool level);
/* The interrupt line (a GSI) of its pin. */
unsigned int pci_intx_gsi(const struct pci_dev *dev);

bool pci_msi_enabled(const struct pci_dev *dev);
/* Sends the message.  Nothing when MSI or bus mastering is off. */
void pci_msi_fire(struct pci_dev *dev);

bool pci_msix_enabled(const struct pci_dev *dev);
/* Sends vector, or makes it pending.  Nothing when MSI-X is off or there is no such one. */
void pci_msix_fire(struct pci_dev *dev, unsigned int vector);
/* The BAR's accesses to table and pending bits, offset relative to each. */
uint64_t pci_msix_table_read(struct pci_dev *dev, uint64_t offset, unsigned int size);
void pci_msix_table_write(struct pci_dev *dev, uint64_t offset, unsigned int size,
			  uint64_t value);
uint64_t pci_msix_pba_read(struct pci_dev *dev, uint64_t offset, unsigned int size);

uint16_t pci_command(const struct pci_dev *dev);

/* What its DMA port counted, for device_ops.stats. */
void pci_dma_stats(const struct pci_dev *dev, stat_fn fn, void *arg);

#endif
