/* SPDX-License-Identifier: MIT */
/*
 * The PCI function around a virtio device: how it is built, interrupts, reset, destroyed.
 * Its registers are in virtio_pci_regs.c and virtio_pci_common.c, its doorbells in
 * virtio_pci_bell.c.
 */
#include "devices/virtio/virtio_pci.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "devices/util.h"
#include "devices/virtio/virtio_pci_regs.h"

static struct virtio_pci *of_device(struct virtio_dev *vd)
{
	return container_of(vd->dma, struct virtio_pci, pci.dma);
}

/* --- what the core asks for ------------------------------------------------------------ */

static void raise_isr(struct virtio_pci *vp, uint8_t bit)
{
	vp->isr |= bit;
	pci_intx(&vp->pci, true);
}

static void queue_interrupt(struct virtio_dev *vd, struct virtq *q)
{
	struct virtio_pci *vp = of_device(vd);

	if (pci_msix_enabled(&vp->pci))
		pci_msix_fire(&vp->pci, vp->queue[q->index].vector);
	else
		raise_isr(vp, VIRTIO_PCI_ISR_QUEUE);
}

/* The configuration bit is set with MSI-X too (4.1.4.5.1); the pin then stays low. */
static void config_interrupt(struct virtio_dev *vd)
{
	struct virtio_pci *vp = of_device(vd);

	raise_isr(vp, VIRTIO_PCI_ISR_CONFIG);
	pci_msix_fire(&vp->pci, vp->config_vector);
}

static void queue_enabled(struct virtio_dev *vd, struct virtq *q)
{
	virtio_pci_add_bell(of_device(vd), q->index);
}

static bool requeue(struct virtio_dev *vd, struct virtq *q)
{
	return virtio_pci_ring_bell(of_device(vd), q->index);
}

static const struct virtio_transport transport = { .queue_interrupt = queue_interrupt,
						   .config_interrupt = config_interrupt,
						   .queue_enabled = queue_enabled,
						   .requeue = requeue };

/* --- life ---------------------------------------------------------------------------- */

static void reset_registers(struct virtio_pci *vp)
{
	vp->device_feature_select = 0;
	vp->driver_feature_select = 0;
	vp->queue_select = 0;
	vp->config_vector = VIRTIO_MSI_NO_VECTOR;
	for (unsigned int i = 0; i < vp->vd->nr_queues; i++)
		vp->queue[i].vector = VIRTIO_MSI_NO_VECTOR;
	virtio_pci_read_isr(vp);
}

void virtio_pci_reset_device(struct virtio_pci *vp)
{
	virtio_reset(vp->vd);
	reset_registers(vp);
}

static struct virtio_pci *of(struct device *device)
{
	return container_of(device, struct virtio_pci, pci.device);
}

static void reset(struct device *device)
{
	virtio_pci_reset_device(of(device));
	virtio_power_on(of(device)->vd);
	pci_dev_reset(&of(device)->pci);
}

static void quiesce(struct device *device)
{
	virtio_quiesce(of(device)->vd);
}

static void resume(struct device *device)
{
	virtio_resume(of(device)->vd);
}

/* What is in flight ends as before a pause; one that is paused has nothing. */
static void settle(struct dma_port *port)
{
	struct virtio_dev *vd = container_of(port, struct virtio_pci, pci.dma)->vd;

	if (vd->paused)
		return;
	virtio_quiesce(vd);
	virtio_resume(vd);
}

static void stats(struct device *device, stat_fn fn, void *arg)
{
	pci_dma_stats(&of(device)->pci, fn, arg);
	virtio_stats(of(device)->vd, fn, arg);
}

static void destroy(struct device *device)
{
	struct virtio_pci *vp = of(device);
	struct host *host = vp->vd->host;
	struct virtio_dev *vd = vp->vd;

	virtio_pci_reset_device(vp);
	pci_unplug(&vp->pci);
	virtio_pci_close_bells(vp, host);
	virtio_destroy(vd);
	free(vp->queue);
	free(vp);
}

static const struct device_ops device_ops = { .reset = reset,
					      .quiesce = quiesce,
					      .resume = resume,
					      .stats = stats,
					      .destroy = destroy };

struct virtio_dev *virtio_pci_device(struct pci_dev *dev)
{
	return dev->device.ops == &device_ops ? of(&dev->device)->vd : NULL;
}

static void bar_changed(struct pci_dev *dev, unsigned int bar, bool mapped)
{
	if (bar == VIRTIO_PCI_BAR_REGS)
		virtio_pci_move_bells(container_of(dev, struct virtio_pci, pci), mapped);
}

static const struct pci_ops pci_ops = { .config_read = virtio_pci_config_read,
					.config_written = virtio_pci_config_written,
					.bar_changed = bar_changed };

/* --- building ------------------------------------------------------------------------ */

static unsigned int add_cap(struct virtio_pci *vp, uint8_t type, unsigned int len,
			    uint32_t offset, uint32_t length)
{
	unsigned int at = pci_add_cap(&vp->pci, PCI_CAP_ID_VNDR, len);
	struct virtio_pci_cap cap;

	memcpy(&cap, vp->pci.config + at, sizeof(cap));
	cap.cap_len = (uint8_t)len;
	cap.cfg_type = type;
	cap.bar = VIRTIO_PCI_BAR_REGS;
	cap.offset = offset;
	cap.length = length;
	memcpy(vp->pci.config + at, &cap, sizeof(cap));
	return at;
}

static void add_caps(struct virtio_pci *vp)
{
	const uint32_t step = VIRTIO_PCI_NOTIFY_STEP;
	unsigned int at;

	add_cap(vp, VIRTIO_PCI_CAP_COMMON_CFG, sizeof(struct virtio_pci_cap),
		VIRTIO_PCI_REGS_COMMON, sizeof(struct virtio_pci_common_cfg));
	add_cap(vp, VIRTIO_PCI_CAP_ISR_CFG, sizeof(struct virtio_pci_cap),
		VIRTIO_PCI_REGS_ISR, 4);
	if (vp->vd->config_len)
		add_cap(vp, VIRTIO_PCI_CAP_DEVICE_CFG, sizeof(struct virtio_pci_cap),
			VIRTIO_PCI_REGS_DEVICE, vp->vd->config_len);
	at = add_cap(vp, VIRTIO_PCI_CAP_NOTIFY_CFG, sizeof(struct virtio_pci_notify_cap),
		     VIRTIO_PCI_REGS_NOTIFY, vp->vd->nr_queues * step);
	memcpy(vp->pci.config + at +
		       offsetof(struct virtio_pci_notify_cap, notify_off_multiplier),
	       &step, sizeof(step));
	at = add_cap(vp, VIRTIO_PCI_CAP_PCI_CFG, sizeof(struct virtio_pci_cfg_cap), 0, 0);
	vp->pci.config[at + offsetof(struct virtio_pci_cap, bar)] = 0;
	vp->cfg_cap = (uint8_t)at;
	vp->pci.writable[at + offsetof(struct virtio_pci_cap, bar)] = 0xff;
	memset(vp->pci.writable + at + offsetof(struct virtio_pci_cap, offset), 0xff,
	       sizeof(struct virtio_pci_cfg_cap) -
		       offsetof(struct virtio_pci_cap, offset));
}

static int build(struct virtio_pci *vp)
{
	const struct virtio_model *model = vp->vd->model;
	const struct pci_ids ids = {
		.vendor = VIRTIO_PCI_VENDOR_ID,
		.device = (uint16_t)(VIRTIO_PCI_DEVICE_BASE + model->id),
		.subsystem_vendor = VIRTIO_PCI_VENDOR_ID,
		.subsystem = (uint16_t)(VIRTIO_PCI_DEVICE_BASE + model->id),
		.class_code = model->pci_class,
		.revision = VIRTIO_PCI_REVISION,
	};

	pci_dev_init(&vp->pci, vp->vd->name, &ids, &pci_ops, &device_ops);
	pci_add_bar(&vp->pci, VIRTIO_PCI_BAR_MSIX, VIRTIO_PCI_MSIX_SIZE,
		    PCI_BASE_ADDRESS_MEM_TYPE_32, &virtio_pci_msix_ops, vp);
	pci_add_bar(&vp->pci, VIRTIO_PCI_BAR_REGS, VIRTIO_PCI_REGS_SIZE,
		    PCI_BASE_ADDRESS_MEM_TYPE_64, &virtio_pci_regs_ops, vp);
	vp->pci.config[PCI_INTERRUPT_PIN] = 1;
	return pci_add_msix(&vp->pci, vp->vd->nr_queues + 1, VIRTIO_PCI_BAR_MSIX,
			    VIRTIO_PCI_MSIX_TABLE, VIRTIO_PCI_MSIX_PBA);
}

int virtio_pci_plug(struct pci_host *pci, uint8_t devfn, struct virtio_dev *vd,
		    struct pci_dev **out)
{
	struct virtio_pci *vp = calloc(1, sizeof(*vp));
	int err = -ENOMEM;

	if (!vp)
		return err;
	vp->vd = vd;
	vp->config_vector = VIRTIO_MSI_NO_VECTOR;
	vp->queue = calloc(vd->nr_queues, sizeof(*vp->queue));
	if (!vp->queue)
		goto free_transport;
	err = build(vp);
	if (err)
		goto free_transport;
	add_caps(vp);
	err = virtio_pci_open_bells(vp, pci->host);
	if (!err)
		err = pci_plug(pci, &vp->pci, devfn);
	vp->pci.dma.settle = settle;
	if (!err)
		err = virtio_attach(vd, &transport, pci->host, &vp->pci.dma);
	if (err)
		goto close_bells;
	if (out)
		*out = &vp->pci;
	return 0;

close_bells:
	pci_unplug(&vp->pci);
	virtio_pci_close_bells(vp, pci->host);
free_transport:
	free(vp->queue);
	free(vp);
	return err;
}
