/* SPDX-License-Identifier: MIT */
/*
 * The PCI function around a virtio device: BARs, capabilities, interrupts, doorbells.
 *
 * A doorbell is an eventfd for each queue.  Where the host can ring it straight from the
 * guest's write, the queue is served by the event loop; where it cannot, the write arrives
 * in the BAR and the queue is served at once.
 */
#include "devices/virtio_pci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/util.h"
#include "devices/virtio_pci_regs.h"

static struct virtio_pci *of_device(struct virtio_dev *vd)
{
	return container_of(vd->dma, struct virtio_pci, pci.dma);
}

/* --- interrupts ---------------------------------------------------------------------- */

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

static uint8_t read_isr(struct virtio_pci *vp)
{
	uint8_t isr = vp->isr;

	vp->isr = 0;
	pci_intx(&vp->pci, false);
	return isr;
}

/* --- doorbells ----------------------------------------------------------------------- */

static void rung(void *arg, uint32_t events)
{
	struct virtio_pci_queue *pq = arg;
	struct virtio_pci *vp = pq->vp;
	eventfd_t count;

	(void)events;
	if (eventfd_read(pq->bell.fd, &count) == 0)
		virtio_notify(vp->vd, (unsigned int)(pq - vp->queue));
}

static bool requeue(struct virtio_dev *vd, struct virtq *q)
{
	struct virtio_pci_queue *pq = &of_device(vd)->queue[q->index];

	return pq->belled && eventfd_write(pq->bell.fd, 1) == 0;
}

static uint64_t bell_address(const struct virtio_pci *vp, unsigned int index)
{
	return vp->pci.bar[VIRTIO_PCI_BAR_REGS].range.base + VIRTIO_PCI_REGS_NOTIFY +
	       index * VIRTIO_PCI_NOTIFY_STEP;
}

/*
 * A host pays for each doorbell added or removed, so one is added when its queue is enabled
 * and stays, whatever the driver resets, until the BAR moves.  Rung for a queue that is off
 * it means nothing.
 */
static void add_bell(struct virtio_pci *vp, unsigned int i)
{
	struct virtio_pci_queue *pq = &vp->queue[i];

	if (pq->belled && !pq->rings && vp->pci.bar[VIRTIO_PCI_BAR_REGS].mapped)
		pq->rings = !host_doorbell_add(vp->vd->host, bell_address(vp, i), 0,
					       pq->bell.fd);
}

static void queue_enabled(struct virtio_dev *vd, struct virtq *q)
{
	add_bell(of_device(vd), q->index);
}

static void bar_changed(struct pci_dev *dev, unsigned int bar, bool mapped)
{
	struct virtio_pci *vp = container_of(dev, struct virtio_pci, pci);

	for (unsigned int i = 0; bar == VIRTIO_PCI_BAR_REGS && i < vp->vd->nr_queues;
	     i++) {
		struct virtio_pci_queue *pq = &vp->queue[i];

		if (!mapped && pq->rings)
			host_doorbell_del(vp->vd->host, bell_address(vp, i), 0,
					  pq->bell.fd);
		if (!mapped)
			pq->rings = false;
		else if (vp->vd->queue[i].enabled)
			add_bell(vp, i);
	}
}

static const struct virtio_transport transport = { .queue_interrupt = queue_interrupt,
						   .config_interrupt = config_interrupt,
						   .queue_enabled = queue_enabled,
						   .requeue = requeue };

static int open_bells(struct virtio_pci *vp, struct host *host)
{
	for (unsigned int i = 0; i < vp->vd->nr_queues; i++) {
		struct virtio_pci_queue *pq = &vp->queue[i];

		*pq = (struct virtio_pci_queue){ .vp = vp,
						 .vector = VIRTIO_MSI_NO_VECTOR };
		pq->bell =
			(struct host_watch){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
					     .fn = rung,
					     .arg = pq };
		if (pq->bell.fd < 0)
			return -errno;
		pq->belled = host_watch(host, &pq->bell, EPOLLIN) == 0;
	}
	return 0;
}

static void close_bells(struct virtio_pci *vp, struct host *host)
{
	for (unsigned int i = 0; i < vp->vd->nr_queues; i++) {
		struct virtio_pci_queue *pq = &vp->queue[i];

		if (pq->belled)
			host_unwatch(host, &pq->bell);
		if (pq->vp && pq->bell.fd >= 0)
			close(pq->bell.fd);
		*pq = (struct virtio_pci_queue){ 0 };
	}
}

/* --- registers ----------------------------------------------------------------------- */

static uint64_t regs_read(void *arg, uint64_t offset, unsigned int size)
{
	struct virtio_pci *vp = arg;

	if (offset >= VIRTIO_PCI_REGS_NOTIFY)
		return 0;
	if (offset >= VIRTIO_PCI_REGS_DEVICE)
		return virtio_config_read(vp->vd, offset - VIRTIO_PCI_REGS_DEVICE, size);
	if (offset >= VIRTIO_PCI_REGS_ISR)
		return offset == VIRTIO_PCI_REGS_ISR ? read_isr(vp) : 0;
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

static const struct bus_ops regs_ops = { regs_read, regs_write };
static const struct bus_ops msix_ops = { msix_read, msix_write };

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

static void config_read(struct pci_dev *dev, unsigned int offset, unsigned int len)
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

static void config_written(struct pci_dev *dev, unsigned int offset, unsigned int len)
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

/* --- life ---------------------------------------------------------------------------- */

static void reset_registers(struct virtio_pci *vp)
{
	vp->device_feature_select = 0;
	vp->driver_feature_select = 0;
	vp->queue_select = 0;
	vp->config_vector = VIRTIO_MSI_NO_VECTOR;
	for (unsigned int i = 0; i < vp->vd->nr_queues; i++)
		vp->queue[i].vector = VIRTIO_MSI_NO_VECTOR;
	read_isr(vp);
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

static void stats(struct device *device, stat_fn fn, void *arg)
{
	const struct dma_counters *dma = &of(device)->pci.dma.count;

	fn(arg, "dma.reads", dma->reads);
	fn(arg, "dma.read_bytes", dma->read_bytes);
	fn(arg, "dma.writes", dma->writes);
	fn(arg, "dma.written_bytes", dma->written_bytes);
	fn(arg, "dma.faults", dma->faults);
	virtio_stats(of(device)->vd, fn, arg);
}

static void destroy(struct device *device)
{
	struct virtio_pci *vp = of(device);
	struct host *host = vp->vd->host;
	struct virtio_dev *vd = vp->vd;

	virtio_pci_reset_device(vp);
	pci_unplug(&vp->pci);
	close_bells(vp, host);
	virtio_destroy(vd);
	free(vp->queue);
	free(vp);
}

static const struct device_ops device_ops = { .reset = reset,
					      .quiesce = quiesce,
					      .resume = resume,
					      .stats = stats,
					      .destroy = destroy };

static const struct pci_ops pci_ops = { .config_read = config_read,
					.config_written = config_written,
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
		    PCI_BASE_ADDRESS_MEM_TYPE_32, &msix_ops, vp);
	pci_add_bar(&vp->pci, VIRTIO_PCI_BAR_REGS, VIRTIO_PCI_REGS_SIZE,
		    PCI_BASE_ADDRESS_MEM_TYPE_64, &regs_ops, vp);
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
	err = open_bells(vp, pci->host);
	if (!err)
		err = pci_plug(pci, &vp->pci, devfn);
	if (!err)
		err = virtio_attach(vd, &transport, pci->host, &vp->pci.dma);
	if (err)
		goto close_bells;
	if (out)
		*out = &vp->pci;
	return 0;

close_bells:
	pci_unplug(&vp->pci);
	close_bells(vp, pci->host);
free_transport:
	free(vp->queue);
	free(vp);
	return err;
}
