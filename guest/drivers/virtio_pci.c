/* SPDX-License-Identifier: MIT */
/*
 * virtio over PCI, the modern interface (virtio 1.2, section 4.1).  A function is taken by its
 * capabilities, whichever device id it shows.
 *
 * Interrupts: vector 0 is for the configuration, the others for one queue each; where the
 * device or we have too few of them, all share vector 0.  Where the line of a device without
 * message interrupts leads only AML tells: its queues and its configuration are looked at in
 * each tick, if its driver wants to hear of them at all.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <abi/virtio_pci.h>
#include <guest/boot.h>
#include <guest/virtio_ring.h>

#define MAX_QUEUES	  64U
#define QUEUE_SIZE_MAX	  256U
#define RESET_PATIENCE_NS (1000 * NSEC_PER_MSEC)

struct virtio_pci {
	struct virtio_device vdev;
	struct pci_dev *pci;
	struct virtio_pci_common_cfg *common; /* registers */
	char *device_cfg; /* NULL: there is none */
	u32 device_len;
	u32 notify_multiplier;
	char *notify_base; /* the doorbells */
	u32 notify_len;
	unsigned int vectors; /* allocated */
	bool polled; /* instead */
	u8 seen_generation; /* of the configuration, when polled */
	struct timer_list poll;
	unsigned int n_queues;
	struct mutex
		select_lock; /* from queue_select on to the last register of that queue */
	struct virtqueue *queues[MAX_QUEUES];
	bool own_vector[MAX_QUEUES]; /* not vector 0 */
	void *doorbells[MAX_QUEUES];
};

#define to_virtio_pci(v) container_of(v, struct virtio_pci, vdev)

/* --- configuration space ------------------------------------------------------------------- */

static void get_config(struct virtio_device *vdev, unsigned int offset, void *buf,
		       unsigned int len)
{
	struct virtio_pci *vp = to_virtio_pci(vdev);
	u8 *to = buf;

	for (unsigned int i = 0; i < len; i++)
		to[i] = offset + i < vp->device_len ? readb(vp->device_cfg + offset + i)
						    : 0;
}

/* In registers of 4, 2 or 1 bytes, as their place allows: a register of the device must be
 * read whole. */
static void get_config_wide(struct virtio_device *vdev, unsigned int offset, void *buf,
			    unsigned int len)
{
	struct virtio_pci *vp = to_virtio_pci(vdev);

	for (; len >= 4 && offset % 4 == 0 && offset + 4 <= vp->device_len; len -= 4) {
		*(u32 *)buf = readl(vp->device_cfg + offset);
		buf = (u32 *)buf + 1;
		offset += 4;
	}
	for (; len >= 2 && offset % 2 == 0 && offset + 2 <= vp->device_len; len -= 2) {
		*(u16 *)buf = readw(vp->device_cfg + offset);
		buf = (u16 *)buf + 1;
		offset += 2;
	}
	get_config(vdev, offset, buf, len);
}

static void set_config(struct virtio_device *vdev, unsigned int offset, const void *buf,
		       unsigned int len)
{
	struct virtio_pci *vp = to_virtio_pci(vdev);
	const u8 *from = buf;

	if (len == 4 && offset % 4 == 0 && offset + 4 <= vp->device_len) {
		writel(*(const u32 *)buf, vp->device_cfg + offset);
		return;
	}
	for (unsigned int i = 0; i < len && offset + i < vp->device_len; i++)
		writeb(from[i], vp->device_cfg + offset + i);
}

static u32 generation(struct virtio_device *vdev)
{
	return readb(&to_virtio_pci(vdev)->common->config_generation);
}

static u8 get_status(struct virtio_device *vdev)
{
	return readb(&to_virtio_pci(vdev)->common->device_status);
}

static void set_status(struct virtio_device *vdev, u8 status)
{
	writeb(status, &to_virtio_pci(vdev)->common->device_status);
}

static int reset(struct virtio_device *vdev)
{
	u64 end = ktime_get_ns() + RESET_PATIENCE_NS;

	set_status(vdev, 0);
	while (get_status(vdev)) {
		if (ktime_get_ns() > end) {
			pci_clear_master(to_virtio_pci(vdev)->pci);
			return -ETIMEDOUT;
		}
		msleep(1);
	}
	return 0;
}

static u64 get_features(struct virtio_device *vdev)
{
	struct virtio_pci_common_cfg *c = to_virtio_pci(vdev)->common;
	u64 features;

	writel(0, &c->device_feature_select);
	features = readl(&c->device_feature);
	writel(1, &c->device_feature_select);
	return features | (u64)readl(&c->device_feature) << 32;
}

static int finalize_features(struct virtio_device *vdev)
{
	struct virtio_pci_common_cfg *c = to_virtio_pci(vdev)->common;

	writel(0, &c->driver_feature_select);
	writel((u32)vdev->features, &c->driver_feature);
	writel(1, &c->driver_feature_select);
	writel((u32)(vdev->features >> 32), &c->driver_feature);
	return 0;
}

static unsigned int num_queues(struct virtio_device *vdev)
{
	return readw(&to_virtio_pci(vdev)->common->num_queues);
}

/* --- interrupts ------------------------------------------------------------------------------ */

static irqreturn_t queue_interrupt(int irq, void *vq)
{
	(void)irq;
	return vring_interrupt(vq) ? IRQ_HANDLED : IRQ_NONE;
}

static void config_changed(struct virtio_device *vdev)
{
	struct virtio_pci *vp = to_virtio_pci(vdev);

	if (get_status(vdev) & VIRTIO_CONFIG_S_NEEDS_RESET) {
		dev_err(&vdev->dev, "device needs a reset: its queues are given up\n");
		for (unsigned int i = 0; i < vp->n_queues; i++)
			vring_break(vp->queues[i]);
	}
	if (vdev->driver && vdev->driver->config_changed)
		vdev->driver->config_changed(vdev);
}

/* Vector 0: the configuration, and queues without a vector of their own. */
static irqreturn_t shared_interrupt(int irq, void *data)
{
	struct virtio_pci *vp = data;
	bool any = false;

	(void)irq;
	for (unsigned int i = 0; i < vp->n_queues; i++)
		if (!vp->own_vector[i])
			any |= vring_interrupt(vp->queues[i]);
	if (!any)
		config_changed(&vp->vdev);
	return IRQ_HANDLED;
}

/* A device without message interrupts. */
static void poll(struct timer_list *timer)
{
	struct virtio_pci *vp = from_timer(vp, timer, poll);
	u8 now = (u8)generation(&vp->vdev);

	for (unsigned int i = 0; i < vp->n_queues; i++)
		vring_interrupt(vp->queues[i]);
	if (now != vp->seen_generation) {
		vp->seen_generation = now;
		config_changed(&vp->vdev);
	}
	mod_timer(&vp->poll, jiffies + 1);
}

static void start_polling(struct virtio_pci *vp)
{
	vp->polled = true;
	vp->seen_generation = (u8)generation(&vp->vdev);
	timer_setup(&vp->poll, poll, 0);
	mod_timer(&vp->poll, jiffies + 1);
}

static void stop_polling(struct virtio_pci *vp)
{
	if (vp->polled)
		del_timer_sync(&vp->poll);
	vp->polled = false;
}

static int setup_vectors(struct virtio_pci *vp, unsigned int queues)
{
	int n = pci_alloc_irq_vectors(vp->pci, 1, 1 + queues, PCI_IRQ_MSIX);
	int err;

	if (n < 0)
		return n;
	vp->vectors = (unsigned int)n;
	err = request_irq((unsigned int)pci_irq_vector(vp->pci, 0), shared_interrupt, 0,
			  vp->vdev.name, vp);
	if (err)
		return err;
	writew(0, &vp->common->config_msix_vector);
	return readw(&vp->common->config_msix_vector) ? -EBUSY : 0;
}

static unsigned int queue_vector(const struct virtio_pci *vp, unsigned int index)
{
	return index + 1 < vp->vectors ? index + 1 : 0;
}

/* --- queues ---------------------------------------------------------------------------------- */

static void notify(struct virtqueue *vq)
{
	writew((u16)vq->index, to_virtio_pci(vq->vdev)->doorbells[vq->index]);
}

/* Tells the device where the selected queue is, and which vector it has. */
static int activate(struct virtio_pci *vp, struct virtqueue *vq)
{
	struct virtio_pci_common_cfg *c = vp->common;
	unsigned int vector = queue_vector(vp, vq->index);
	struct vring_addresses a;

	vring_addresses(vq, &a);
	writew((u16)vq->num_max, &c->queue_size);
	writel((u32)a.desc, (u32 *)&c->queue_desc);
	writel((u32)(a.desc >> 32), (u32 *)&c->queue_desc + 1);
	writel((u32)a.avail, (u32 *)&c->queue_driver);
	writel((u32)(a.avail >> 32), (u32 *)&c->queue_driver + 1);
	writel((u32)a.used, (u32 *)&c->queue_device);
	writel((u32)(a.used >> 32), (u32 *)&c->queue_device + 1);
	if (vp->vectors) {
		writew((u16)vector, &c->queue_msix_vector);
		if (readw(&c->queue_msix_vector) != vector)
			return -EBUSY;
	}
	writew(1, &c->queue_enable);
	return 0;
}

/* The doorbell of the selected queue. */
static void *doorbell(struct virtio_pci *vp)
{
	u64 offset = (u64)readw(&vp->common->queue_notify_off) * vp->notify_multiplier;

	return offset + 2 <= vp->notify_len ? vp->notify_base + offset : NULL;
}

static int setup_queue(struct virtio_pci *vp, unsigned int index, vq_callback_t *callback,
		       const char *name)
{
	struct virtqueue *vq;
	unsigned int n, vector = queue_vector(vp, index);
	int err;

	writew((u16)index, &vp->common->queue_select);
	n = readw(&vp->common->queue_size);
	if (!n || readw(&vp->common->queue_enable))
		return -ENOENT;
	n = min(1U << (31 - __builtin_clz(n)), QUEUE_SIZE_MAX);
	vq = vring_create(&vp->vdev, index, n, callback, name, notify);
	if (!vq)
		return -ENOMEM;
	vp->queues[index] = vq;
	vp->own_vector[index] = vector;
	vp->n_queues = index + 1;
	vp->doorbells[index] = doorbell(vp);
	if (!vp->doorbells[index])
		return -ENXIO;
	err = activate(vp, vq);
	if (!err && vector)
		err = request_irq((unsigned int)pci_irq_vector(vp->pci, vector),
				  queue_interrupt, 0, name, vq);
	return err;
}

static void del_vqs(struct virtio_device *vdev)
{
	struct virtio_pci *vp = to_virtio_pci(vdev);

	stop_polling(vp);
	for (unsigned int i = 0; i < vp->n_queues; i++) {
		int irq = pci_irq_vector(vp->pci, queue_vector(vp, i));

		if (vp->own_vector[i] && irq_has_handler((unsigned int)irq))
			free_irq((unsigned int)irq, vp->queues[i]);
		vring_destroy(vp->queues[i]);
	}
	vp->n_queues = 0;
	if (vp->vectors) {
		free_irq((unsigned int)pci_irq_vector(vp->pci, 0), vp);
		pci_free_irq_vectors(vp->pci);
		vp->vectors = 0;
	}
}

static bool any_callback(vq_callback_t *const callbacks[], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (callbacks[i])
			return true;
	return false;
}

static int find_vqs(struct virtio_device *vdev, unsigned int n, struct virtqueue *vqs[],
		    vq_callback_t *callbacks[], const char *const names[])
{
	struct virtio_pci *vp = to_virtio_pci(vdev);
	int err;

	if (n > MAX_QUEUES || n > num_queues(vdev))
		return -ENOENT;
	err = setup_vectors(vp, n);
	vp->polled = false;
	if (err == -ENODEV)
		err = 0;
	for (unsigned int i = 0; i < n && !err; i++) {
		err = setup_queue(vp, i, callbacks[i], names[i]);
		vqs[i] = vp->queues[i];
	}
	if (err) {
		vdev->config->reset(vdev);
		del_vqs(vdev);
	} else if (!vp->vectors && any_callback(callbacks, n)) {
		start_polling(vp);
	}
	return err;
}

/* The device is made to forget the selected queue. */
static int forget_queue(struct virtio_pci *vp)
{
	u64 end = ktime_get_ns() + RESET_PATIENCE_NS;

	writew(1, &vp->common->queue_reset);
	while (readw(&vp->common->queue_reset) || readw(&vp->common->queue_enable)) {
		if (ktime_get_ns() > end)
			return -ETIMEDOUT;
		msleep(1);
	}
	return 0;
}

/* VIRTIO_F_RING_RESET: virtio 1.2, 4.1.4.3.2.1. */
static int reset_vq(struct virtqueue *vq)
{
	struct virtio_pci *vp = to_virtio_pci(vq->vdev);
	int err;

	if (!virtio_has_feature(vq->vdev, VIRTIO_F_RING_RESET))
		return -EOPNOTSUPP;
	vring_break(vq);
	mutex_lock(&vp->select_lock);
	writew((u16)vq->index, &vp->common->queue_select);
	err = forget_queue(vp);
	mutex_unlock(&vp->select_lock);
	synchronize_irq(
		(unsigned int)pci_irq_vector(vp->pci, queue_vector(vp, vq->index)));
	return err;
}

static int enable_vq(struct virtqueue *vq)
{
	struct virtio_pci *vp = to_virtio_pci(vq->vdev);
	int err;

	mutex_lock(&vp->select_lock);
	vring_reinit(vq);
	writew((u16)vq->index, &vp->common->queue_select);
	err = activate(vp, vq);
	mutex_unlock(&vp->select_lock);
	return err;
}

static const struct virtio_config_ops pci_ops = {
	.get = get_config_wide,
	.set = set_config,
	.generation = generation,
	.get_status = get_status,
	.set_status = set_status,
	.reset = reset,
	.find_vqs = find_vqs,
	.del_vqs = del_vqs,
	.get_features = get_features,
	.finalize_features = finalize_features,
	.reset_vq = reset_vq,
	.enable_vq = enable_vq,
	.num_queues = num_queues,
};

/* --- finding the parts ----------------------------------------------------------------------- */

/* The structure the capability names, when it lies in its BAR and is long enough. */
static void *map_cap(struct pci_dev *pci, const struct virtio_pci_cap *cap, u32 least)
{
	u64 end = (u64)cap->offset + cap->length;

	if (cap->bar >= PCI_STD_NUM_BARS || cap->length < least ||
	    end > pci_resource_len(pci, cap->bar))
		return NULL;
	return pci_iomap_range(pci, cap->bar, cap->offset, cap->length);
}

/* Of each type the first that can be used counts (virtio 1.2, 4.1.4.2). */
static void take_cap(struct virtio_pci *vp, u8 pos, u8 type, struct virtio_pci_cap *cap)
{
	switch (type) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		if (!vp->common)
			vp->common = map_cap(vp->pci, cap, VIRTIO_PCI_COMMON_Q_NDATA);
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		if (vp->notify_base)
			break;
		vp->notify_base = map_cap(vp->pci, cap, 2);
		vp->notify_len = cap->length;
		pci_read_config_dword(vp->pci, pos + 16, &vp->notify_multiplier);
		break;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		if (vp->device_cfg)
			break;
		vp->device_cfg = map_cap(vp->pci, cap, 1);
		vp->device_len = vp->device_cfg ? cap->length : 0;
		break;
	default: /* the ISR byte and the window in configuration space are not needed */
		break;
	}
}

static int map_parts(struct virtio_pci *vp)
{
	u8 pos = pci_find_capability(vp->pci, PCI_CAP_ID_VNDR);
	struct virtio_pci_cap cap = { 0 };
	u32 head;

	for (; pos; pos = pci_find_next_capability(vp->pci, pos, PCI_CAP_ID_VNDR)) {
		pci_read_config_dword(vp->pci, pos, &head);
		pci_read_config_byte(vp->pci, pos + 4, &cap.bar);
		pci_read_config_dword(vp->pci, pos + 8, &cap.offset);
		pci_read_config_dword(vp->pci, pos + 12, &cap.length);
		take_cap(vp, pos, (u8)(head >> 24), &cap);
	}
	return vp->common && vp->notify_base ? 0 : -ENODEV;
}

static void unmap_parts(struct virtio_pci *vp)
{
	if (vp->common)
		pci_iounmap(vp->pci, vp->common);
	if (vp->notify_base)
		pci_iounmap(vp->pci, vp->notify_base);
	if (vp->device_cfg)
		pci_iounmap(vp->pci, vp->device_cfg);
}

/* Modern ids are 0x1040 + type; transitional ones 0x1000 up, with the type as subsystem. */
static u32 device_type(const struct pci_dev *pci)
{
	return pci->device >= VIRTIO_PCI_DEVICE_BASE
		       ? pci->device - VIRTIO_PCI_DEVICE_BASE
		       : pci->subsystem_device;
}

static int probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct virtio_pci *vp = kzalloc(sizeof(*vp), GFP_KERNEL);
	int err;

	(void)id;
	if (!vp)
		return -ENOMEM;
	vp->pci = pci;
	vp->vdev.id = device_type(pci);
	vp->vdev.config = &pci_ops;
	vp->vdev.dev.parent = &pci->dev;
	mutex_init(&vp->select_lock);
	err = pci_enable_device(pci);
	if (!err)
		err = dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(64));
	if (!err)
		err = map_parts(vp);
	if (err) {
		unmap_parts(vp);
		kfree(vp);
		return err;
	}
	pci_set_master(pci);
	pci_set_drvdata(pci, vp);
	return register_virtio_device(&vp->vdev);
}

static void remove(struct pci_dev *pci)
{
	struct virtio_pci *vp = pci_get_drvdata(pci);

	unregister_virtio_device(&vp->vdev);
	pci_disable_device(pci);
	unmap_parts(vp);
	kfree(vp);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(VIRTIO_PCI_VENDOR_ID, PCI_ANY_ID) },
	{ 0 },
};

static struct pci_driver virtio_pci_driver = {
	.name = "virtio-pci",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

int virtio_pci_init(void)
{
	return pci_register_driver(&virtio_pci_driver);
}
