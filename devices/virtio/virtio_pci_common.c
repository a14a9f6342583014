/* SPDX-License-Identifier: MIT */
/*
 * The common configuration structure (virtio 1.2, 4.1.4.3).
 *
 * Reading takes bytes out of a picture of the whole structure, so any offset and width
 * works.  Writing demands a register's own width (the 64-bit ones also by halves, as the
 * specification has it); anything else is ignored.
 */
#include <stddef.h>
#include <string.h>

#include "devices/virtio/virtio_pci_regs.h"

static struct virtq *selected(const struct virtio_pci *vp)
{
	if (vp->queue_select >= vp->vd->nr_queues)
		return NULL;
	return &vp->vd->queue[vp->queue_select];
}

static void picture(const struct virtio_pci *vp, struct virtio_pci_common_cfg *cfg)
{
	const struct virtio_dev *vd = vp->vd;
	const struct virtq *q = selected(vp);

	*cfg = (struct virtio_pci_common_cfg){
		.device_feature_select = vp->device_feature_select,
		.device_feature = virtio_offered_features(vd, vp->device_feature_select),
		.driver_feature_select = vp->driver_feature_select,
		.config_msix_vector = vp->config_vector,
		.num_queues = (le16)vd->nr_queues,
		.device_status = vd->status,
		.config_generation = vd->config_generation,
		.queue_select = vp->queue_select,
		.queue_msix_vector = VIRTIO_MSI_NO_VECTOR,
	};
	if (vp->driver_feature_select < 2)
		cfg->driver_feature =
			(le32)(vd->accepted >> (32 * vp->driver_feature_select));
	if (!q)
		return;
	cfg->queue_size = q->size;
	cfg->queue_msix_vector = vp->queue[q->index].vector;
	cfg->queue_enable = q->enabled;
	cfg->queue_notify_off = q->index;
	cfg->queue_notify_data = q->index;
	cfg->queue_desc = q->area[VIRTQ_DESC].iova;
	cfg->queue_driver = q->area[VIRTQ_AVAIL].iova;
	cfg->queue_device = q->area[VIRTQ_USED].iova;
}

uint64_t virtio_pci_common_read(struct virtio_pci *vp, uint64_t offset, unsigned int size)
{
	struct virtio_pci_common_cfg cfg;
	uint64_t value = 0;

	picture(vp, &cfg);
	if (offset < sizeof(cfg) && size <= sizeof(cfg) - offset)
		memcpy(&value, (const char *)&cfg + offset, size);
	return value;
}

static uint16_t checked_vector(const struct virtio_pci *vp, uint64_t vector)
{
	return vector < vp->pci.msix.nr ? (uint16_t)vector : VIRTIO_MSI_NO_VECTOR;
}

/* --- registers of the device --------------------------------------------------------- */

static void write_device(struct virtio_pci *vp, uint64_t offset, uint64_t value)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		vp->device_feature_select = (uint32_t)value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		vp->driver_feature_select = (uint32_t)value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		virtio_accept_features(vp->vd, vp->driver_feature_select,
				       (uint32_t)value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		vp->config_vector = checked_vector(vp, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		if (value)
			virtio_set_status(vp->vd, (uint8_t)value);
		else
			virtio_pci_reset_device(vp);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		vp->queue_select = (uint16_t)value;
		break;
	default:
		break;
	}
}

/* --- registers of the selected queue ------------------------------------------------- */

/* Puts the half (or whole) of a ring's address that stands at `shift`. */
static void put_address(struct virtq *q, uint64_t *iova, unsigned int shift,
			unsigned int size, uint64_t value)
{
	uint64_t mask = size == 8 ? ~0ull : 0xffffffffull << shift;

	if (!q->enabled)
		*iova = (*iova & ~mask) | (value << shift & mask);
}

static void write_queue(struct virtio_pci *vp, struct virtq *q, uint64_t offset,
			uint64_t value)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		if (!q->enabled)
			q->size = (uint16_t)value;
		break;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		vp->queue[q->index].vector = checked_vector(vp, value);
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		if (value == 1)
			virtio_queue_enable(q);
		break;
	case VIRTIO_PCI_COMMON_Q_RESET:
		if (value == 1 && virtio_has(vp->vd, VIRTIO_F_RING_RESET))
			virtio_queue_reset(q);
		break;
	default:
		break;
	}
}

static void write_ring(struct virtq *q, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	unsigned int shift = offset % 8 ? 32 : 0;

	switch (offset & ~7ull) {
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		put_address(q, &q->area[VIRTQ_DESC].iova, shift, size, value);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		put_address(q, &q->area[VIRTQ_AVAIL].iova, shift, size, value);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		put_address(q, &q->area[VIRTQ_USED].iova, shift, size, value);
		break;
	default:
		break;
	}
}

/* The width of the register at offset; 0: none starts there. */
static unsigned int width(uint64_t offset)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
	case VIRTIO_PCI_COMMON_GFSELECT:
	case VIRTIO_PCI_COMMON_GF:
		return 4;
	case VIRTIO_PCI_COMMON_STATUS:
		return 1;
	case VIRTIO_PCI_COMMON_MSIX:
	case VIRTIO_PCI_COMMON_Q_SELECT:
	case VIRTIO_PCI_COMMON_Q_SIZE:
	case VIRTIO_PCI_COMMON_Q_MSIX:
	case VIRTIO_PCI_COMMON_Q_ENABLE:
	case VIRTIO_PCI_COMMON_Q_RESET:
		return 2;
	default:
		return 0;
	}
}

static bool is_ring_address(uint64_t offset)
{
	return offset >= VIRTIO_PCI_COMMON_Q_DESCLO && offset < VIRTIO_PCI_COMMON_Q_NDATA;
}

void virtio_pci_common_write(struct virtio_pci *vp, uint64_t offset, unsigned int size,
			     uint64_t value)
{
	struct virtq *q = selected(vp);

	if (is_ring_address(offset)) {
		if (q && (size == 4 || size == 8) && offset % size == 0)
			write_ring(q, offset, size, value);
	} else if (size != width(offset)) {
		return;
	} else if (offset < VIRTIO_PCI_COMMON_Q_SIZE) {
		write_device(vp, offset, value);
	} else if (q) {
		write_queue(vp, q, offset, value);
	}
}
