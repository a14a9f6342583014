/* SPDX-License-Identifier: MIT */
/*
 * The modern PCI transport of virtio (virtio 1.2, section 4.1).
 *
 *   BAR 0, 32-bit memory, 8 KiB   MSI-X: the table at 0, pending bits at 0x1000
 *   BAR 2, 64-bit memory, 16 KiB  common 0, ISR 0x1000, device 0x2000, notify 0x3000
 *
 * One doorbell of 4 bytes for each queue.  MSI-X vectors: one a queue and one for
 * configuration changes; without MSI-X the INTx pin with the ISR register.
 */
#ifndef DEVICES_VIRTIO_PCI_H
#define DEVICES_VIRTIO_PCI_H

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"

#define VIRTIO_PCI_BAR_MSIX    0
#define VIRTIO_PCI_BAR_REGS    2
#define VIRTIO_PCI_MSIX_SIZE   0x2000u
#define VIRTIO_PCI_MSIX_TABLE  0x0000u
#define VIRTIO_PCI_MSIX_PBA    0x1000u
#define VIRTIO_PCI_REGS_SIZE   0x4000u
#define VIRTIO_PCI_REGS_COMMON 0x0000u
#define VIRTIO_PCI_REGS_ISR    0x1000u
#define VIRTIO_PCI_REGS_DEVICE 0x2000u
#define VIRTIO_PCI_REGS_NOTIFY 0x3000u
#define VIRTIO_PCI_NOTIFY_STEP 4u

/*
 * Makes a PCI function of vd, whose configuration is set, and plugs it at devfn.  From success
 * on the function owns vd and destroys it with itself; on failure (negative errno) vd is still
 * the caller's.
 * The function joins the machine's device list; *out, when not NULL, is it.
 */
int virtio_pci_plug(struct pci_host *pci, uint8_t devfn, struct virtio_dev *vd,
		    struct pci_dev **out);

/* The virtio device behind a function, or NULL: it is no virtio device. */
struct virtio_dev *virtio_pci_device(struct pci_dev *dev);

#endif
