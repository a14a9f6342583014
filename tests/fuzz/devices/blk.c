/* SPDX-License-Identifier: MIT */
/*
 * virtio block on a disk in memory (memory_engine.h).  The variant chooses: read-only, steps
 * that wait for events, two queues.  Beside guest memory the disk is watched: no step leaves
 * it, none writes to a read-only one.
 */
#include <errno.h>
#include <string.h>

#include <abi/virtio_blk.h>

#include "devices/blk/virtio_blk.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/fuzz/lib/chaos.h"
#include "tests/fuzz/lib/memory_engine.h"

#define READ_ONLY  1u
#define LAZY	   2u
#define TWO_QUEUES 4u

static void plug(struct chaos *c, uint8_t variant)
{
	struct block_config medium = { .path = memory_engine_path(),
				       .read_only = variant & READ_ONLY,
				       .depth = variant & LAZY ? 4 : 32,
				       .engine = &block_engine_memory };
	struct virtio_blk_config_in config = { .name = "disk0",
					       .serial = "fuzz",
					       .nr_queues = variant & TWO_QUEUES ? 2
										 : 1 };
	struct virtio_dev *vd;

	memory_engine_init(variant & READ_ONLY, variant & LAZY);
	FUZZ_CHECK(!block_backend_open(&medium, &config.backend));
	FUZZ_CHECK(!virtio_blk_create(&config, &vd));
	FUZZ_CHECK(!virtio_pci_plug(&c->m->pci, CHAOS_DEVFN, vd, NULL));
}

static const uint8_t types[] = { VIRTIO_BLK_T_IN,      VIRTIO_BLK_T_OUT,
				 VIRTIO_BLK_T_FLUSH,   VIRTIO_BLK_T_GET_ID,
				 VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES };

static void put_range(struct chaos *c, uint32_t at)
{
	struct virtio_blk_discard_write_zeroes range = { .sector = fuzz_u8(&c->in),
							 .num_sectors = fuzz_u8(&c->in),
							 .flags = 1 };

	if (range.sector == 0xff)
		range.sector = fuzz_u64(&c->in);
	if (range.num_sectors == 0xff)
		range.num_sectors = fuzz_u32(&c->in);
	chaos_write(c, at, &range, sizeof(range));
}

/* In one page: header at 0, status at 16, data from 512 on. */
static void request(struct chaos *c, struct drvq *q)
{
	uint8_t what = fuzz_u8(&c->in), where = fuzz_u8(&c->in), n = fuzz_u8(&c->in);
	uint32_t page = where % CHAOS_PAGES * CHAOS_PAGE, type = what & 7;
	struct virtio_blk_outhdr header = { .sector = n >> 3 };
	struct drv_seg segs[4];
	unsigned int nr = 0;

	header.type = type < sizeof(types) ? types[type] : fuzz_u32(&c->in);
	if (what & 0x80)
		header.sector = fuzz_u64(&c->in);
	chaos_write(c, page, &header, sizeof(header));
	segs[nr++] = (struct drv_seg){ chaos_addr(c, page), sizeof(header), false };
	if (header.type == VIRTIO_BLK_T_DISCARD ||
	    header.type == VIRTIO_BLK_T_WRITE_ZEROES) {
		put_range(c, page + 512);
		segs[nr++] = (struct drv_seg){ chaos_addr(c, page + 512), 16, false };
	} else if (n & 7) {
		/* In two pieces, which a sector may straddle. */
		uint32_t len = (n & 7) * 512u, cut = where & 0x80 ? 100 : len;
		bool in = header.type != VIRTIO_BLK_T_OUT;

		segs[nr++] = (struct drv_seg){ chaos_addr(c, page + 512), cut, in };
		if (cut < len)
			segs[nr++] = (struct drv_seg){ chaos_addr(c, page + 512 + cut),
						       len - cut, in };
	}
	segs[nr++] = (struct drv_seg){ chaos_addr(c, page + 16), 1, true };
	chaos_offer(c, q, segs, nr);
}

static void event(struct chaos *c)
{
	static const int errors[] = { 0, 0, -EIO, -ENOSPC, -EAGAIN, -EOPNOTSUPP };
	uint8_t how = fuzz_u8(&c->in);

	memory_engine_end(errors[how % 6], how & 0x80 ? how : 0);
	mock_host_run(&c->m->mh, 2);
}

static void good(struct chaos *c)
{
	const struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = 3 };
	const struct drv_seg segs[] = { { CHAOS_ARENA, sizeof(header), false },
					{ CHAOS_ARENA + 512, 512, true },
					{ CHAOS_ARENA + 16, 1, true } };
	struct vring_used_elem elem;

	memory_engine.lazy = false;
	chaos_write(c, 0, &header, sizeof(header));
	FUZZ_CHECK(chaos_wait(c, 0, segs, 3, &elem) && elem.len == 513);
	FUZZ_CHECK(*(uint8_t *)machine_at(c->m, segs[2].addr, 1) == VIRTIO_BLK_S_OK);
	FUZZ_CHECK(!memcmp(machine_at(c->m, segs[1].addr, 512),
			   memory_engine.disk + 3 * 512, 512));
}

static const struct chaos_device device = {
	.name = "blk", .plug = plug, .request = request, .event = event, .good = good
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	chaos_run(&device, data, size);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	unsigned int type = n / CHAOS_SEEDS;
	/* Queue, type, page, sectors at sector 2; how it is offered; a step ends. */
	const uint8_t asked[] = {
		0, (uint8_t)type, (uint8_t)(n & 1 ? 0x80 : 0), 2 << 3 | 2, 0, CHAOS_EVENT,
		0
	};

	if (n >= sizeof(types) * CHAOS_SEEDS)
		return 0;
	return chaos_seed(n, buf, size, asked, sizeof(asked));
}
