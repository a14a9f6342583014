/* SPDX-License-Identifier: MIT */
/* dmacheck, behind the IOMMU: its requests name the memory that it writes to. */
#include <string.h>

#include <abi/dmacheck.h>

#include "devices/dmacheck/dmacheck.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/fuzz/lib/chaos.h"

#define SEGS_MAX 4u

static void plug(struct chaos *c, uint8_t variant)
{
	struct dmacheck_params params = { .name = "dmacheck0",
					  .nr_queues = 1 + variant % 2,
					  .max_bytes = variant & 2 ? 4096 : 0 };
	struct virtio_dev *vd;

	FUZZ_CHECK(!dmacheck_create(&params, &vd));
	FUZZ_CHECK(!virtio_pci_plug(&c->m->pci, CHAOS_DEVFN, vd, NULL));
}

static struct dmacheck_seg any_seg(struct chaos *c)
{
	uint8_t kind = fuzz_u8(&c->in);
	struct dmacheck_seg seg = { chaos_any_addr(c), kind * 8ull };

	if (kind == 0xff)
		seg.len = fuzz_u64(&c->in);
	return seg;
}

/* The request and its lists at `at`, the response 1 KiB behind. */
static void request(struct chaos *c, struct drvq *q)
{
	uint32_t at = fuzz_u8(&c->in) * 64u, len = sizeof(struct dmacheck_req);
	uint8_t op = fuzz_u8(&c->in), counts = fuzz_u8(&c->in);
	struct dmacheck_req req = { .op = op & 7,
				    .flags = op >> 7,
				    .n_src = counts % SEGS_MAX,
				    .n_dst = counts / 4 % SEGS_MAX,
				    .seed = op,
				    .tag = 7 };
	struct drv_seg segs[2] = { { .write = false },
				   { chaos_addr(c, at + 1024), fuzz_u8(&c->in), true } };

	for (unsigned int i = 0; i < req.n_src + req.n_dst; i++) {
		struct dmacheck_seg seg = any_seg(c);

		chaos_write(c, at + len, &seg, sizeof(seg));
		len += sizeof(seg);
	}
	if (counts & 0x40)
		req.n_src = fuzz_u32(&c->in);
	chaos_write(c, at, &req, sizeof(req));
	segs[0].addr = chaos_addr(c, at);
	segs[0].len = counts & 0x80 ? len - 1 : len;
	chaos_offer(c, q, segs, 2);
}

static void good(struct chaos *c)
{
	const struct dmacheck_req req = { .op = DMACHECK_OP_FILL, .n_dst = 1, .tag = 9 };
	const struct dmacheck_seg dst = { CHAOS_ARENA + 0x800, 64 };
	const struct drv_seg segs[] = { { CHAOS_ARENA, sizeof(req) + sizeof(dst), false },
					{ CHAOS_ARENA + 0x400,
					  sizeof(struct dmacheck_resp), true } };
	struct vring_used_elem elem;
	const struct dmacheck_resp *resp = machine_at(c->m, segs[1].addr, sizeof(*resp));

	chaos_write(c, 0, &req, sizeof(req));
	chaos_write(c, sizeof(req), &dst, sizeof(dst));
	FUZZ_CHECK(chaos_wait(c, 0, segs, 2, &elem));
	FUZZ_CHECK(elem.len == sizeof(*resp) && resp->status == DMACHECK_S_OK);
	FUZZ_CHECK(resp->bytes == 64 && resp->tag == 9);
}

static const struct chaos_device device = { .name = "dmacheck",
					    .plug = plug,
					    .request = request,
					    .good = good,
					    .always_behind = true };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	chaos_run(&device, data, size);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	unsigned int op = 1 + n / CHAOS_SEEDS;
	/* Queue, place, op, counts, response's length, a segment, another, how. */
	const uint8_t asked[] = {
		0,	     0,
		(uint8_t)op, op == DMACHECK_OP_FILL ? 4 : op == DMACHECK_OP_COPY ? 5 : 2,
		72,	     8,
		100,	     8,
		120,	     0
	};

	if (n >= 5 * CHAOS_SEEDS)
		return 0;
	return chaos_seed(n, buf, size, asked, sizeof(asked));
}
