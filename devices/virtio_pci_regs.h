/* SPDX-License-Identifier: MIT */
/* Inside the PCI transport: its state, shared by virtio_pci.c and virtio_pci_common.c. */
#ifndef DEVICES_VIRTIO_PCI_REGS_H
#define DEVICES_VIRTIO_PCI_REGS_H

#include <abi/virtio_pci.h>

#include "devices/virtio_pci.h"

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

/* The driver's or the machine's reset of the device, with the transport's registers. */
void virtio_pci_reset_device(struct virtio_pci *vp);

#endif
