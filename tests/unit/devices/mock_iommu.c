/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_iommu.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "devices/virtio/virtio_pci.h"

#define SLOT_BYTES 512u
#define RAM_PIECE  0x10000ull

void viommu_plug(struct viommu *v, struct machine *m,
		 const struct virtio_iommu_params *params)
{
	*v = (struct viommu){ .m = m };
	assert_int_equal(virtio_iommu_create(params, &v->vd), 0);
	assert_int_equal(virtio_pci_plug(&m->pci, VIOMMU_DEVFN, v->vd, NULL), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
}

void viommu_start(struct viommu *v, uint64_t features)
{
	drv_probe(&v->d, v->m, VIOMMU_DEVFN);
	drv_msix_on(&v->d);
	assert_true(drv_negotiate(&v->d, features));
	drv_queue(&v->d, &v->req, VIRTIO_IOMMU_REQUESTQ, 0);
	drv_queue(&v->d, &v->ev, VIRTIO_IOMMU_EVENTQ, 0);
	drv_ok(&v->d);
	if (!v->out) {
		v->out = machine_alloc(v->m, VIOMMU_SLOTS * SLOT_BYTES, 4096);
		v->in = machine_alloc(v->m, VIOMMU_SLOTS * SLOT_BYTES, 4096);
	}
}

void viommu_adopt(struct viommu *v, uint8_t devfn)
{
	assert_non_null(v->m->pci.dev[devfn]);
	assert_int_equal(virtio_iommu_adopt(v->vd, v->m->pci.dev[devfn]), 0);
}

struct dma_port *viommu_port(struct viommu *v, uint8_t devfn)
{
	struct dma_port *p = &v->m->pci.dev[devfn]->dma;

	dma_set_enabled(p, true);
	return p;
}

static uint8_t *slot_in(struct viommu *v, unsigned int slot)
{
	return machine_at(v->m, v->in + slot * SLOT_BYTES, SLOT_BYTES);
}

unsigned int viommu_offer(struct viommu *v, const void *req, uint32_t len,
			  uint32_t in_len)
{
	unsigned int slot = v->next++ % VIOMMU_SLOTS;
	struct drv_seg segs[2] = { { v->out + slot * SLOT_BYTES, len, false },
				   { v->in + slot * SLOT_BYTES, in_len, true } };

	assert_true(len && len <= SLOT_BYTES && in_len <= SLOT_BYTES);
	memcpy(machine_at(v->m, segs[0].addr, len), req, len);
	memset(slot_in(v, slot), VIOMMU_NO_STATUS, SLOT_BYTES);
	drvq_add(&v->req, segs, in_len ? 2 : 1);
	return slot;
}

unsigned int viommu_submit(struct viommu *v, const void *req, uint32_t len,
			   uint32_t in_len)
{
	unsigned int slot = viommu_offer(v, req, len, in_len);

	drvq_kick(&v->req);
	return slot;
}

uint8_t viommu_status(struct viommu *v, unsigned int slot)
{
	return *slot_in(v, slot);
}

bool viommu_done(struct viommu *v)
{
	struct vring_used_elem elem;

	if (!drvq_get(&v->req, &elem))
		return false;
	v->used = elem.len;
	return true;
}

uint8_t viommu_call(struct viommu *v, const void *req, uint32_t len, uint32_t in_len)
{
	unsigned int slot = viommu_submit(v, req, len, in_len);

	assert_true(viommu_done(v));
	return viommu_status(v, slot);
}

#define TAIL ((uint32_t)sizeof(struct virtio_iommu_req_tail))

uint8_t viommu_attach(struct viommu *v, uint32_t domain, uint32_t endpoint,
		      uint32_t flags)
{
	const struct virtio_iommu_req_attach req = {
		.head.type = VIRTIO_IOMMU_T_ATTACH,
		.domain = domain,
		.endpoint = endpoint,
		.flags = flags,
	};

	return viommu_call(v, &req, sizeof(req) - TAIL, TAIL);
}

uint8_t viommu_detach(struct viommu *v, uint32_t domain, uint32_t endpoint)
{
	const struct virtio_iommu_req_detach req = {
		.head.type = VIRTIO_IOMMU_T_DETACH,
		.domain = domain,
		.endpoint = endpoint,
	};

	return viommu_call(v, &req, sizeof(req) - TAIL, TAIL);
}

uint8_t viommu_map(struct viommu *v, uint32_t domain, uint64_t first, uint64_t last,
		   uint64_t phys, uint32_t flags)
{
	const struct virtio_iommu_req_map req = {
		.head.type = VIRTIO_IOMMU_T_MAP,
		.domain = domain,
		.virt_start = first,
		.virt_end = last,
		.phys_start = phys,
		.flags = flags,
	};

	return viommu_call(v, &req, sizeof(req) - TAIL, TAIL);
}

unsigned int viommu_submit_unmap(struct viommu *v, uint32_t domain, uint64_t first,
				 uint64_t last)
{
	const struct virtio_iommu_req_unmap req = {
		.head.type = VIRTIO_IOMMU_T_UNMAP,
		.domain = domain,
		.virt_start = first,
		.virt_end = last,
	};

	return viommu_submit(v, &req, sizeof(req) - TAIL, TAIL);
}

uint8_t viommu_unmap(struct viommu *v, uint32_t domain, uint64_t first, uint64_t last)
{
	unsigned int slot = viommu_submit_unmap(v, domain, first, last);

	assert_true(viommu_done(v));
	return viommu_status(v, slot);
}

void viommu_map_ram(struct viommu *v, uint32_t domain, uint32_t flags)
{
	for (unsigned int i = 0; i < v->m->ram.nr; i++) {
		const struct ram_region *r = &v->m->ram.region[i];

		for (uint64_t at = r->gpa; at < r->gpa + r->size; at += RAM_PIECE)
			assert_int_equal(
				viommu_map(v, domain, at, at + RAM_PIECE - 1, at, flags),
				VIRTIO_IOMMU_S_OK);
	}
}

/* --- events ------------------------------------------------------------------------------- */

void viommu_post_events(struct viommu *v, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct drv_seg seg = { .len = sizeof(struct virtio_iommu_fault),
				       .write = true };

		seg.addr = machine_alloc(v->m, seg.len, 8);
		drvq_add(&v->ev, &seg, 1);
	}
	drvq_kick(&v->ev);
}

bool viommu_event(struct viommu *v, struct virtio_iommu_fault *event)
{
	struct vring_used_elem elem;
	const struct vring_desc *desc;

	if (!drvq_get(&v->ev, &elem))
		return false;
	assert_int_equal(elem.len, sizeof(*event));
	desc = drvq_desc(&v->ev, elem.id);
	memcpy(event, machine_at(v->m, desc->addr, sizeof(*event)), sizeof(*event));
	return true;
}

void viommu_expect_event(struct viommu *v, uint8_t reason, uint32_t rw, uint32_t endpoint,
			 uint64_t address)
{
	struct virtio_iommu_fault event = { 0 };

	assert_true(viommu_event(v, &event));
	assert_int_equal(event.reason, reason);
	assert_int_equal(event.flags, rw | VIRTIO_IOMMU_FAULT_F_ADDRESS);
	assert_int_equal(event.endpoint, endpoint);
	assert_true(event.address == address);
	assert_int_equal(event.reserved[0] | event.reserved[1] | event.reserved[2] |
				 event.reserved1,
			 0);
	assert_false(viommu_event(v, &event));
}

/* --- statistics --------------------------------------------------------------------------- */

struct wanted {
	const char *name;
	uint64_t value;
	bool found;
};

static void take_stat(void *arg, const char *name, uint64_t value)
{
	struct wanted *w = arg;

	if (strcmp(name, w->name) != 0)
		return;
	w->value = value;
	w->found = true;
}

uint64_t viommu_stat(struct viommu *v, const char *name)
{
	struct wanted w = { .name = name };
	struct device *dev = &v->m->pci.dev[VIOMMU_DEVFN]->device;

	dev->ops->stats(dev, take_stat, &w);
	assert_true(w.found);
	return w.value;
}
