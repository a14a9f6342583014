/* SPDX-License-Identifier: MIT */
/* What the guest's accesses to the two BARs, and to the window onto them, reach. */
#include <stddef.h>
#include <string.h>

#include "devices/util.h"
#include "devices/virtio/virtio_pci_regs.h"

uint8_t virtio_pci_read_isr(struct virtio_pci *vp)
{
	uint8_t isr = vp->isr;

	vp->isr = 0;
	pci_intx(&vp->pci, false);
	return isr;
}

static uint64_t regs_read(void *arg, uint64_t offset, unsigned int size)
{
	struct virtio_pci *vp = arg;

	if (offset >= VIRTIO_PCI_REGS_NOTIFY)
		return 0;
	if (offset >= VIRTIO_PCI_REGS_DEVICE)
		return virtio_config_read(vp->vd, offset - VIRTIO_PCI_REGS_DEVICE, size);
	if (offset >= VIRTIO_PCI_REGS_ISR)
		return offset == VIRTIO_PCI_REGS_ISR ? virtio_pci_read_isr(vp) : 0;
	return virtio_pci_common_read(vp, offset, size);
}

/* Which queue a notification is for is its address; the value says the same. */
static void regs_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct virtio_pci *vp = arg;

	if (offset >= VIRTIO_PCI_REGS_NOTIFY)
		virtio_notify(vp->vd, (unsigned int)(offset - VIRTIO_PCI_REGS_NOTIFY) /
					      VIRTIO_PCI_NOTIFY_STEP);
	else if (offset >= VIRTIO_PCI_REGS_DEVICE)
		virtio_config_write(vp->vd, offset - VIRTIO_PCI_REGS_DEVICE, size, value);
	else if (offset < VIRTIO_PCI_REGS_ISR)
		virtio_pci_common_write(vp, offset, size, value);
}

static uint64_t msix_read(void *arg, uint64_t offset, unsigned int size)
{
	struct virtio_pci *vp = arg;

	if (offset >= VIRTIO_PCI_MSIX_PBA)
		return pci_msix_pba_read(&vp->pci, offset - VIRTIO_PCI_MSIX_PBA, size);
	return pci_msix_table_read(&vp->pci, offset - VIRTIO_PCI_MSIX_TABLE, size);
}

static void msix_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct virtio_pci *vp = arg;

	if (offset < VIRTIO_PCI_MSIX_PBA)
		pci_msix_table_write(&vp->pci, offset - VIRTIO_PCI_MSIX_TABLE, size,
				     value);
}

const struct bus_ops virtio_pci_regs_ops = { regs_read, regs_write };
const struct bus_ops virtio_pci_msix_ops = { msix_read, msix_write };

/* --- the window in configuration space (4.1.4.9) --------------------------------------- */

/* The BAR range that the capability chooses at the moment; false: none that exists. */
static bool window(struct virtio_pci *vp, const struct pci_bar **bar, uint32_t *offset,
		   uint32_t *len)
{
	struct virtio_pci_cfg_cap cap;

	memcpy(&cap, vp->pci.config + vp->cfg_cap, sizeof(cap));
	*offset = cap.cap.offset;
	*len = cap.cap.length;
	if (cap.cap.bar >= PCI_STD_NUM_BARS || (*len != 1 && *len != 2 && *len != 4))
		return false;
	*bar = &vp->pci.bar[cap.cap.bar];
	return *offset % *len == 0 && *offset < (*bar)->size;
}

static bool touches_window(const struct virtio_pci *vp, unsigned int offset,
			   unsigned int len)
{
	unsigned int data =
		vp->cfg_cap + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);

	return offset < data + 4 && data < offset + len;
}

void virtio_pci_config_read(struct pci_dev *dev, unsigned int offset, unsigned int len)
{
	struct virtio_pci *vp = container_of(dev, struct virtio_pci, pci);
	const struct pci_bar *bar;
	uint32_t at, size;
	uint64_t value;

	if (!touches_window(vp, offset, len) || !window(vp, &bar, &at, &size))
		return;
	value = bar->range.ops->read(bar->range.arg, at, size);
	memcpy(dev->config + vp->cfg_cap +
		       offsetof(struct virtio_pci_cfg_cap, pci_cfg_data),
	       &value, size);
}

void virtio_pci_config_written(struct pci_dev *dev, unsigned int offset, unsigned int len)
{
	struct virtio_pci *vp = container_of(dev, struct virtio_pci, pci);
	const struct pci_bar *bar;
	uint32_t at, size;
	uint64_t value = 0;

	if (!touches_window(vp, offset, len) || !window(vp, &bar, &at, &size))
		return;
	memcpy(&value,
	       dev->config + vp->cfg_cap +
		       offsetof(struct virtio_pci_cfg_cap, pci_cfg_data),
	       size);
	bar->range.ops->write(bar->range.arg, at, size, value);
}
