/* SPDX-License-Identifier: MIT */
/* Inside the PCI transport: its state, and what its files offer each other. */
#ifndef DEVICES_VIRTIO_PCI_REGS_H
#define DEVICES_VIRTIO_PCI_REGS_H

#include <abi/virtio_pci.h>

#include "devices/virtio/virtio_pci.h"

struct virtio_pci_queue {
	struct virtio_pci *vp;
	uint16_t vector; /* MSI-X, or VIRTIO_MSI_NO_VECTOR */
	struct host_watch
		bell; /* its fd: an eventfd that the driver's notifications ring */
	bool belled; /* the event loop watches it */
	bool rings; /* the host rings it; else BAR writes notify directly */
};

struct virtio_pci {
	struct pci_dev pci;
	struct virtio_dev *vd;
	uint32_t device_feature_select, driver_feature_select;
	uint16_t queue_select;
	uint16_t config_vector;
	uint8_t isr;
	uint8_t cfg_cap; /* offset of the PCI_CFG capability */
	struct virtio_pci_queue *queue;
};

/* The common configuration structure, any offset and size. */
uint64_t virtio_pci_common_read(struct virtio_pci *vp, uint64_t offset,
				unsigned int size);
void virtio_pci_common_write(struct virtio_pci *vp, uint64_t offset, unsigned int size,
			     uint64_t value);

/* The BARs, argument struct virtio_pci, and the hooks of the PCI_CFG capability. */
extern const struct bus_ops virtio_pci_regs_ops, virtio_pci_msix_ops;
void virtio_pci_config_read(struct pci_dev *dev, unsigned int offset, unsigned int len);
void virtio_pci_config_written(struct pci_dev *dev, unsigned int offset,
			       unsigned int len);
/* The ISR byte; it is 0 then and the pin low. */
uint8_t virtio_pci_read_isr(struct virtio_pci *vp);

/* Doorbells.  open: 0 or a negative errno, close undoes it, also half-way. */
int virtio_pci_open_bells(struct virtio_pci *vp, struct host *host);
void virtio_pci_close_bells(struct virtio_pci *vp, struct host *host);
/* Gives queue i's doorbell to the host, where it has none yet and the BAR is mapped. */
void virtio_pci_add_bell(struct virtio_pci *vp, unsigned int i);
/* The registers' BAR appeared, or is about to go away. */
void virtio_pci_move_bells(struct virtio_pci *vp, bool mapped);
/* Rings it from this side; false: nobody would hear. */
bool virtio_pci_ring_bell(struct virtio_pci *vp, unsigned int i);

/* The driver's or the machine's reset of the device, with the transport's registers. */
void virtio_pci_reset_device(struct virtio_pci *vp);

#endif
