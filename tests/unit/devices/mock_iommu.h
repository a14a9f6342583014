/* SPDX-License-Identifier: MIT */
/* A virtio-iommu driver for tests: the device in slot 1, and one call a request. */
#ifndef MOCK_IOMMU_H
#define MOCK_IOMMU_H

#include <abi/virtio_iommu.h>

#include "devices/iommu/virtio_iommu.h"
#include "tests/unit/devices/mock_driver.h"

#define VIOMMU_DEVFN	 PCI_DEVFN(1, 0)
#define VIOMMU_SLOTS	 256u /* requests that can be in flight */
#define VIOMMU_NO_STATUS 0xee
#define VIOMMU_RW	 (VIRTIO_IOMMU_MAP_F_READ | VIRTIO_IOMMU_MAP_F_WRITE)

struct viommu {
	struct machine *m;
	struct virtio_dev *vd;
	struct drv d;
	struct drvq req, ev;
	uint64_t out, in; /* memory of the slots: readable and writable parts */
	unsigned int next; /* slot */
	uint32_t used; /* length of the last request that was waited for */
};

/* Plugs the device and assigns BARs; no driver yet. */
void viommu_plug(struct viommu *v, struct machine *m,
		 const struct virtio_iommu_params *params);
/* Negotiates these features (of those offered), both queues, DRIVER_OK. */
void viommu_start(struct viommu *v, uint64_t features);
/* Puts the function at devfn behind it. */
void viommu_adopt(struct viommu *v, uint8_t devfn);
/* Its way to memory, with bus mastering on. */
struct dma_port *viommu_port(struct viommu *v, uint8_t devfn);

/* Offers a request without ringing: its slot.  `in_len` bytes of writable part. */
unsigned int viommu_offer(struct viommu *v, const void *req, uint32_t len,
			  uint32_t in_len);
/* Offers it and rings. */
unsigned int viommu_submit(struct viommu *v, const void *req, uint32_t len,
			   uint32_t in_len);
/* Its status byte, VIOMMU_NO_STATUS while the device has not answered. */
uint8_t viommu_status(struct viommu *v, unsigned int slot);
/* Takes one used element; false: there is none. */
bool viommu_done(struct viommu *v);
/* Submits and waits: the status. */
uint8_t viommu_call(struct viommu *v, const void *req, uint32_t len, uint32_t in_len);

uint8_t viommu_attach(struct viommu *v, uint32_t domain, uint32_t endpoint,
		      uint32_t flags);
uint8_t viommu_detach(struct viommu *v, uint32_t domain, uint32_t endpoint);
uint8_t viommu_map(struct viommu *v, uint32_t domain, uint64_t first, uint64_t last,
		   uint64_t phys, uint32_t flags);
uint8_t viommu_unmap(struct viommu *v, uint32_t domain, uint64_t first, uint64_t last);
/* The slot of an unmap that is not waited for. */
unsigned int viommu_submit_unmap(struct viommu *v, uint32_t domain, uint64_t first,
				 uint64_t last);
/* Maps all RAM of the machine at its own addresses, in pieces of 64 KiB. */
void viommu_map_ram(struct viommu *v, uint32_t domain, uint32_t flags);

/* Offers n buffers for events. */
void viommu_post_events(struct viommu *v, unsigned int n);
/* The next event; false: there is none. */
bool viommu_event(struct viommu *v, struct virtio_iommu_fault *event);

/* There is exactly one, and it says this; rw: VIRTIO_IOMMU_FAULT_F_READ or _WRITE. */
void viommu_expect_event(struct viommu *v, uint8_t reason, uint32_t rw, uint32_t endpoint,
			 uint64_t address);

/* A number of the device's statistics. */
uint64_t viommu_stat(struct viommu *v, const char *name);

#endif
