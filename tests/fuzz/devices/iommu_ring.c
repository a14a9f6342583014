/* SPDX-License-Identifier: MIT */
/*
 * virtio-iommu's own queues in the hands of a hostile driver.  What its requests mean is
 * judged by the target `iommu`.
 */
#include <string.h>

#include <abi/virtio_iommu.h>

#include "devices/iommu/virtio_iommu.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/fuzz/lib/chaos.h"
#include "tests/unit/devices/mock_pci.h"

#define ENDPOINT PCI_DEVFN(3, 0)

static void plug(struct chaos *c, uint8_t variant)
{
	struct virtio_iommu_params params = { .name = "iommu0",
					      .boot_bypass = variant & 1,
					      .max_mappings = 8 };
	struct virtio_dev *vd;
	struct toy *toy;

	FUZZ_CHECK(!virtio_iommu_create(&params, &vd));
	FUZZ_CHECK(!virtio_pci_plug(&c->m->pci, CHAOS_DEVFN, vd, NULL));
	toy = toy_plug(c->m, ENDPOINT);
	FUZZ_CHECK(!virtio_iommu_adopt(vd, &toy->pci));
	dma_set_enabled(&toy->pci.dma, true);
}

/* A request of 72 bytes at most, anything in it. */
static void request(struct chaos *c, struct drvq *q)
{
	uint32_t at = fuzz_u8(&c->in) * 64u;
	uint8_t n = fuzz_u8(&c->in), bytes[sizeof(struct virtio_iommu_req_probe)] = { 0 };
	struct drv_seg segs[2] = { { chaos_addr(c, at), 1u + n % sizeof(bytes), false },
				   { chaos_addr(c, at + 128), fuzz_u16(&c->in) % 512,
				     true } };

	fuzz_bytes(&c->in, bytes, segs[0].len < 40 ? segs[0].len : 40);
	chaos_write(c, at, bytes, sizeof(bytes));
	chaos_offer(c, q, segs, 2);
}

/* The device behind it makes an access: a fault is an event. */
static void event(struct chaos *c)
{
	struct dma_port *port = &c->m->pci.dev[ENDPOINT]->dma;
	uint8_t bytes[16];

	dma_read(port, fuzz_u16(&c->in) * 256ull, bytes, sizeof(bytes));
	mock_host_run(&c->m->mh, 2);
}

static void good(struct chaos *c)
{
	const struct virtio_iommu_req_probe req = { .head.type = VIRTIO_IOMMU_T_PROBE,
						    .endpoint = ENDPOINT };
	const uint32_t in =
		VIRTIO_IOMMU_PROBE_SIZE + sizeof(struct virtio_iommu_req_tail);
	const struct drv_seg segs[] = { { CHAOS_ARENA, sizeof(req), false },
					{ CHAOS_ARENA + 128, in, true } };
	const uint8_t *answer = machine_at(c->m, segs[1].addr, in);
	struct vring_used_elem elem;

	chaos_write(c, 0, &req, sizeof(req));
	FUZZ_CHECK(chaos_wait(c, VIRTIO_IOMMU_REQUESTQ, segs, 2, &elem));
	FUZZ_CHECK(elem.len == in);
	FUZZ_CHECK(answer[VIRTIO_IOMMU_PROBE_SIZE] == VIRTIO_IOMMU_S_OK);
	FUZZ_CHECK(answer[0] == VIRTIO_IOMMU_PROBE_T_RESV_MEM);
}

static const struct chaos_device device = { .name = "iommu_ring",
					    .plug = plug,
					    .request = request,
					    .event = event,
					    .good = good,
					    .never_behind = true };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	chaos_run(&device, data, size);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const uint8_t asked[][32] = {
		/* Queue, place, length - 1, room for the answer, then the request. */
		{ 0, 0, 19, 4, 0, VIRTIO_IOMMU_T_ATTACH, 0, 0, 0, 1, 0, 0, 0, ENDPOINT },
		{ 0, 0, 35,   4,    0,	 VIRTIO_IOMMU_T_MAP,
		  0, 0, 0,    1,    0,	 0,
		  0, 0, 0x10, 0,    0,	 0,
		  0, 0, 0,    0xff, 0x1f },
		{ 0, 0, 27,   4,    0,	 VIRTIO_IOMMU_T_UNMAP,
		  0, 0, 0,    1,    0,	 0,
		  0, 0, 0x10, 0,    0,	 0,
		  0, 0, 0,    0xff, 0x1f },
		{ 0, 0, 19, 4, 0, VIRTIO_IOMMU_T_DETACH, 0, 0, 0, 1, 0, 0, 0, ENDPOINT },
		{ 0, 0, 71, 4, 1, VIRTIO_IOMMU_T_PROBE, 0, 0, 0, ENDPOINT },
		{ 1, 0, 0, 24 },
	};
	/* What request() reads: the bytes of the request end early. */
	static const uint8_t used[] = { 5 + 20 + 1, 32, 5 + 27, 5 + 20 + 1, 32, 6 };

	if (n >= 6 * CHAOS_SEEDS)
		return 0;
	return chaos_seed(n, buf, size, asked[n / CHAOS_SEEDS], used[n / CHAOS_SEEDS]);
}
