/* SPDX-License-Identifier: MIT */
/* The hostile guest's virtio driver: as honest as the cases let it be. */
#include <abi/edu.h>
#include <abi/virtio_iommu.h>

#include "tests/hostile/hostile.h"

#define CORE                                           \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |          \
	 VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | \
	 VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX) |     \
	 VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

static uint64_t bar_address(unsigned int devfn, unsigned int bar)
{
	return config_read(devfn, PCI_BASE_ADDRESS_0 + 4 * bar, 4) &
	       PCI_BASE_ADDRESS_MEM_MASK;
}

static void note_cap(struct device *d, unsigned int at)
{
	unsigned int bar =
		config_read(d->devfn, at + offsetof(struct virtio_pci_cap, bar), 1);
	uint64_t addr;

	if (bar >= PCI_STD_NUM_BARS)
		return;
	addr = bar_address(d->devfn, bar) +
	       config_read(d->devfn, at + offsetof(struct virtio_pci_cap, offset), 4);
	switch (config_read(d->devfn, at + offsetof(struct virtio_pci_cap, cfg_type),
			    1)) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		d->common = addr;
		break;
	case VIRTIO_PCI_CAP_ISR_CFG:
		d->isr = addr;
		break;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		d->config = addr;
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		d->notify = addr;
		d->notify_step =
			config_read(d->devfn, at + sizeof(struct virtio_pci_cap), 4);
		break;
	default:
		break;
	}
}

bool device_find(struct device *d, unsigned int devfn)
{
	uint32_t id = config_read(devfn, PCI_VENDOR_ID, 4);

	*d = (struct device){ .devfn = devfn, .bar0 = bar_address(devfn, 0) };
	if (id != (EDU_PCI_VENDOR_ID | EDU_PCI_DEVICE_ID << 16) &&
	    (id & 0xffff) != VIRTIO_PCI_VENDOR_ID)
		return false;
	config_write(devfn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if ((id & 0xffff) != VIRTIO_PCI_VENDOR_ID)
		return true;
	d->id = (id >> 16) - VIRTIO_PCI_DEVICE_BASE;
	d->wanted = CORE;
	if (d->id == VIRTIO_ID_IOMMU)
		d->wanted |= VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP);
	for (unsigned int at = config_read(devfn, PCI_CAPABILITY_LIST, 1); at;
	     at = config_read(devfn, at + 1, 1))
		if (config_read(devfn, at, 1) == PCI_CAP_ID_VNDR)
			note_cap(d, at);
		else if (config_read(devfn, at, 1) == PCI_CAP_ID_MSIX)
			d->msix = at;
	return true;
}

uint64_t get(struct device *d, unsigned int reg, unsigned int size)
{
	return reg_read(d->common + reg, size);
}

void put(struct device *d, unsigned int reg, unsigned int size, uint64_t value)
{
	reg_write(d->common + reg, size, value);
}

bool device_reset(struct device *d)
{
	put(d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	return !get(d, VIRTIO_PCI_COMMON_STATUS, 1);
}

bool device_broken(struct device *d)
{
	return get(d, VIRTIO_PCI_COMMON_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static void add_status(struct device *d, unsigned int bits)
{
	put(d, VIRTIO_PCI_COMMON_STATUS, 1, get(d, VIRTIO_PCI_COMMON_STATUS, 1) | bits);
}

static bool negotiate(struct device *d, uint64_t without)
{
	d->offered = 0;
	for (unsigned int i = 0; i < 2; i++) {
		put(d, VIRTIO_PCI_COMMON_DFSELECT, 4, i);
		d->offered |= get(d, VIRTIO_PCI_COMMON_DF, 4) << 32 * i;
	}
	d->accepted = d->offered & d->wanted & ~without;
	for (unsigned int i = 0; i < 2; i++) {
		put(d, VIRTIO_PCI_COMMON_GFSELECT, 4, i);
		put(d, VIRTIO_PCI_COMMON_GF, 4, d->accepted >> 32 * i);
	}
	add_status(d, VIRTIO_CONFIG_S_FEATURES_OK);
	return get(d, VIRTIO_PCI_COMMON_STATUS, 1) & VIRTIO_CONFIG_S_FEATURES_OK;
}

static void put64(struct device *d, unsigned int reg, const void *at)
{
	put(d, reg, 4, (uint32_t)(uint64_t)at);
	put(d, reg + 4, 4, (uint64_t)at >> 32);
}

bool queue_enable(struct device *d)
{
	/* With room for one more descriptor behind the table, for those who look there. */
	d->desc = arena_get(VRING_DESC_BYTES(QUEUE_SIZE + 1), VRING_DESC_ALIGN);
	d->avail = arena_get(VRING_AVAIL_BYTES(QUEUE_SIZE), VRING_AVAIL_ALIGN);
	d->used = arena_get(VRING_USED_BYTES(QUEUE_SIZE), VRING_USED_ALIGN);
	d->next_desc = d->avail_idx = d->last_used = 0;
	put(d, VIRTIO_PCI_COMMON_Q_SELECT, 2, d->queue);
	put(d, VIRTIO_PCI_COMMON_Q_SIZE, 2, QUEUE_SIZE);
	put(d, VIRTIO_PCI_COMMON_Q_MSIX, 2, VIRTIO_MSI_NO_VECTOR);
	put64(d, VIRTIO_PCI_COMMON_Q_DESCLO, d->desc);
	put64(d, VIRTIO_PCI_COMMON_Q_AVAILLO, d->avail);
	put64(d, VIRTIO_PCI_COMMON_Q_USEDLO, d->used);
	d->bell = d->notify + get(d, VIRTIO_PCI_COMMON_Q_NOFF, 2) * d->notify_step;
	put(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	return get(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2);
}

bool device_begin(struct device *d, uint64_t without)
{
	if (!device_reset(d))
		return false;
	add_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(d, VIRTIO_CONFIG_S_DRIVER);
	return negotiate(d, without);
}

void device_go(struct device *d)
{
	add_status(d, VIRTIO_CONFIG_S_DRIVER_OK);
}

bool device_start(struct device *d, uint64_t without)
{
	arena_clear();
	if (!device_begin(d, without) || !queue_enable(d))
		return false;
	device_go(d);
	return true;
}

void msix_enable(const struct device *d, uint64_t addr, uint32_t data)
{
	uint32_t where = config_read(d->devfn, d->msix + PCI_MSIX_TABLE, 4);
	unsigned int flags = config_read(d->devfn, d->msix + PCI_MSIX_FLAGS, 2);
	struct pci_msix_entry *entry =
		(void *)(bar_address(d->devfn, where & PCI_MSIX_TABLE_BIR) +
			 (where & PCI_MSIX_TABLE_OFFSET));

	for (unsigned int i = 0; i <= (flags & PCI_MSIX_FLAGS_QSIZE); i++) {
		reg_write((uint64_t)&entry[i].addr_lo, 4, (uint32_t)addr);
		reg_write((uint64_t)&entry[i].addr_hi, 4, addr >> 32);
		reg_write((uint64_t)&entry[i].data, 4, data + i);
		reg_write((uint64_t)&entry[i].ctrl, 4, 0);
	}
	config_write(d->devfn, d->msix + PCI_MSIX_FLAGS, 2,
		     flags | PCI_MSIX_FLAGS_ENABLE);
}

void msix_disable(const struct device *d)
{
	config_write(d->devfn, d->msix + PCI_MSIX_FLAGS, 2, 0);
}

/* --- the queue ---------------------------------------------------------------------------- */

void set_desc(struct device *d, unsigned int i, uint64_t addr, uint32_t len,
	      uint16_t flags, uint16_t next)
{
	d->desc[i] = (struct vring_desc){ addr, len, flags, next };
}

void offer_head(struct device *d, uint16_t head)
{
	d->avail->ring[d->avail_idx++ % QUEUE_SIZE] = head;
	__atomic_store_n(&d->avail->idx, d->avail_idx, __ATOMIC_RELEASE);
}

static uint16_t flags_of(const struct seg *seg, bool more)
{
	return (uint16_t)((seg->write ? VRING_DESC_F_WRITE : 0) |
			  (more ? VRING_DESC_F_NEXT : 0));
}

void offer(struct device *d, const struct seg *seg, unsigned int n)
{
	uint16_t head = d->next_desc;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t at = d->next_desc;

		d->next_desc = (uint16_t)((at + 1) % QUEUE_SIZE);
		set_desc(d, at, seg[i].addr, seg[i].len, flags_of(&seg[i], i + 1 < n),
			 d->next_desc);
	}
	offer_head(d, head);
}

struct vring_desc *offer_table(struct device *d, const struct seg *seg, unsigned int n,
			       struct vring_desc **table)
{
	uint16_t head = d->next_desc;

	d->next_desc = (uint16_t)((head + 1) % QUEUE_SIZE);
	*table = arena_get((n + 1) * sizeof(**table), sizeof(**table));
	for (unsigned int i = 0; i < n; i++)
		(*table)[i] = (struct vring_desc){ seg[i].addr, seg[i].len,
						   flags_of(&seg[i], i + 1 < n),
						   (uint16_t)(i + 1) };
	set_desc(d, head, (uint64_t)*table, (uint32_t)(n * sizeof(**table)),
		 VRING_DESC_F_INDIRECT, 0);
	offer_head(d, head);
	return &d->desc[head];
}

void kick(struct device *d)
{
	reg_write(d->bell, 2, d->queue);
}

bool take_used(struct device *d, struct vring_used_elem *e)
{
	if (__atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE) == d->last_used)
		return false;
	*e = d->used->ring[d->last_used % QUEUE_SIZE];
	d->last_used++;
	return true;
}
