/* SPDX-License-Identifier: MIT */
/* Cases of single devices: requests that are well laid out and make no sense. */
#include <abi/dmacheck.h>
#include <abi/edu.h>
#include <abi/virtio_balloon.h>
#include <abi/virtio_blk.h>

#include "tests/hostile/hostile.h"

#define SECTOR	  512u
#define ANSWER_MS 5000u
#define FAR	  (1ull << 55) /* times 512 it passes 2^64 */

/* Waits for the answer of what was offered last; false: none. */
static bool answered(struct device *d, uint32_t *len)
{
	uint64_t end = now_ms() + ANSWER_MS;
	struct vring_used_elem e;

	kick(d);
	while (!take_used(d, &e))
		if (now_ms() > end)
			return false;
	*len = e.len;
	return true;
}

/* --- 30: disks ----------------------------------------------------------------------------- */

/* The status of a disk's request with `len` bytes of data from or to `data`; 0xff: none. */
static uint8_t blk_status(struct device *d, uint32_t type, uint64_t sector, void *data,
			  uint32_t len, bool write)
{
	struct virtio_blk_outhdr *header = arena_get(sizeof(*header), 8);
	uint8_t *status = arena_get(1, 1);
	const struct seg seg[] = { { (uint64_t)header, sizeof(*header), false },
				   { (uint64_t)data, len, write },
				   { (uint64_t)status, 1, true } };
	uint32_t used;

	*header = (struct virtio_blk_outhdr){ .type = type, .sector = sector };
	*status = 0xff;
	watch_allow((uint64_t)status, 1);
	watch_allow((uint64_t)d->used, VRING_USED_BYTES(QUEUE_SIZE));
	offer(d, seg, ARRAY_SIZE(seg));
	watch_start();
	return answered(d, &used) && watch_ok("disk") ? *status : 0xff;
}

static bool sector_overflows(struct device *d)
{
	void *data = arena_get(SECTOR, 8);

	return blk_status(d, VIRTIO_BLK_T_IN, FAR, data, SECTOR, true) ==
		       VIRTIO_BLK_S_IOERR &&
	       blk_status(d, VIRTIO_BLK_T_OUT, FAR, data, SECTOR, false) ==
		       VIRTIO_BLK_S_IOERR &&
	       blk_status(d, VIRTIO_BLK_T_IN, ~0ull, data, SECTOR, true) ==
		       VIRTIO_BLK_S_IOERR;
}

static bool read_only_stays(struct device *d)
{
	bool read_only = d->offered & VIRTIO_FEATURE(VIRTIO_BLK_F_RO);
	void *data = arena_get(SECTOR, 8);

	return !read_only || blk_status(d, VIRTIO_BLK_T_OUT, 0, data, SECTOR, false) ==
				     VIRTIO_BLK_S_IOERR;
}

static bool discard_overflows(struct device *d)
{
	struct virtio_blk_discard_write_zeroes *range = arena_get(sizeof(*range), 8);

	*range = (struct virtio_blk_discard_write_zeroes){ .sector = ~0ull,
							   .num_sectors = ~0u };
	return blk_status(d, VIRTIO_BLK_T_DISCARD, 0, range, sizeof(*range), false) !=
		       VIRTIO_BLK_S_OK &&
	       blk_status(d, VIRTIO_BLK_T_WRITE_ZEROES, 0, range, sizeof(*range),
			  false) != VIRTIO_BLK_S_OK;
}

/* --- 37: dmacheck -------------------------------------------------------------------------- */

/* What a request of one range answers; 0xff: nothing. */
static uint32_t dmacheck_status(struct device *d, uint16_t op, uint32_t n_src,
				uint64_t len, uint32_t room)
{
	struct dmacheck_req *req =
		arena_get(sizeof(*req) + sizeof(struct dmacheck_seg), 8);
	struct dmacheck_seg *range = (struct dmacheck_seg *)(req + 1);
	struct dmacheck_resp *resp = arena_get(sizeof(*resp), 8);
	const struct seg seg[] = { { (uint64_t)req, sizeof(*req) + sizeof(*range),
				     false },
				   { (uint64_t)resp, room, true } };
	uint32_t used;

	*req = (struct dmacheck_req){ .op = op, .n_src = n_src };
	*range = (struct dmacheck_seg){ (uint64_t)req, len };
	resp->status = 0xff;
	watch_allow((uint64_t)resp, room);
	watch_allow((uint64_t)d->used, VRING_USED_BYTES(QUEUE_SIZE));
	offer(d, seg, ARRAY_SIZE(seg));
	watch_start();
	if (!answered(d, &used) || !watch_ok("dmacheck"))
		return 0;
	return used ? resp->status : 0xff;
}

static bool dmacheck_nonsense(struct device *d)
{
	const uint32_t room = sizeof(struct dmacheck_resp);

	return dmacheck_status(d, DMACHECK_OP_HASH, 1, 8, room) == DMACHECK_S_OK &&
	       dmacheck_status(d, 0x7777, 1, 8, room) == DMACHECK_S_UNSUPP &&
	       dmacheck_status(d, DMACHECK_OP_HASH, 1, 0, room) == DMACHECK_S_INVAL &&
	       dmacheck_status(d, DMACHECK_OP_HASH, ~0u, 8, room) != DMACHECK_S_OK &&
	       dmacheck_status(d, DMACHECK_OP_HASH, 2, 8, room) == DMACHECK_S_INVAL &&
	       dmacheck_status(d, DMACHECK_OP_HASH, 1, ~0ull, room) != DMACHECK_S_OK &&
	       dmacheck_status(d, DMACHECK_OP_HASH, 1, 8, room - 1) == 0xff;
}

/* --- 36: edu -------------------------------------------------------------------------------- */

static uint64_t edu_result(struct device *d, uint64_t src, uint64_t dst, uint64_t count,
			   uint32_t cmd)
{
	uint64_t end = now_ms() + ANSWER_MS;

	reg_write(d->bar0 + EDU_REG_DMA_SRC, 8, src);
	reg_write(d->bar0 + EDU_REG_DMA_DST, 8, dst);
	reg_write(d->bar0 + EDU_REG_DMA_COUNT, 8, count);
	reg_write(d->bar0 + EDU_REG_DMA_CMD, 4, cmd | EDU_DMA_RUN);
	reg_write(d->bar0 + EDU_REG_DMA_COUNT, 8, 1); /* while one runs, or after it */
	reg_write(d->bar0 + EDU_REG_DMA_CMD, 4, 0);
	while (reg_read(d->bar0 + EDU_REG_DMA_CMD, 4) & EDU_DMA_RUN)
		if (now_ms() > end)
			return ~0ull;
	return reg_read(d->bar0 + EDU_REG_DMA_RESULT, 4);
}

static bool edu_nonsense(struct device *d)
{
	const struct {
		uint64_t buf, count;
	} bad[] = { { EDU_BUF_BASE, 0 },
		    { EDU_BUF_BASE, EDU_BUF_SIZE + 1 },
		    { EDU_BUF_BASE, ~0ull },
		    { EDU_BUF_BASE + EDU_BUF_SIZE, 1 },
		    { EDU_BUF_BASE - 1, 8 },
		    { 0, 8 },
		    { ~0ull, 8 } };
	uint64_t at;

	arena_clear();
	at = (uint64_t)arena_get(SCRATCH, 8);
	watch_start();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		if (edu_result(d, at, bad[i].buf, bad[i].count, 0) != EDU_DMA_R_RANGE ||
		    edu_result(d, bad[i].buf, at, bad[i].count, EDU_DMA_TO_MEMORY) !=
			    EDU_DMA_R_RANGE)
			return false;
	return watch_ok("edu") && reg_read(d->bar0 + EDU_REG_ID, 4) == EDU_ID_VALUE &&
	       edu_result(d, at, EDU_BUF_BASE, 64, 0) == EDU_DMA_R_OK &&
	       (edu_result(d, EDU_BUF_BASE, ram_end - 8, 64, EDU_DMA_TO_MEMORY) &
		EDU_DMA_R_FAULT);
}

/* --- 31: the balloon -------------------------------------------------------------------------- */

#define MARK	  0x31c0ffee31c0ffeeull
#define MARK_ADDR 0x100u /* in the first page */

static bool inflate(struct device *d, const uint32_t *pages, uint32_t bytes)
{
	uint32_t *list = arena_get(bytes, 8), used;
	const struct seg seg = { (uint64_t)list, bytes, false };

	memcpy(list, pages, bytes);
	watch_allow((uint64_t)d->used, VRING_USED_BYTES(QUEUE_SIZE));
	offer(d, &seg, 1);
	watch_start();
	return answered(d, &used) && !used && watch_ok("balloon");
}

/* Of what a page number may be, the rings' and the first page must stay as they are. */
static bool balloon_nonsense(struct device *d)
{
	const uint32_t page = VIRTIO_BALLOON_PFN_SHIFT, good = 0x3000000 >> page;
	const uint32_t list[] = { 0,
				  ~0u,
				  (uint32_t)(ram_end >> page),
				  PV_ECAM_BASE >> page,
				  (uint32_t)((uint64_t)d->desc >> page),
				  (uint32_t)((uint64_t)d->used >> page),
				  good,
				  good };

	reg_write(MARK_ADDR, 8, MARK);
	return inflate(d, list, sizeof(list)) && inflate(d, list, sizeof(list) - 1) &&
	       inflate(d, list, 3) && reg_read(MARK_ADDR, 8) == MARK;
}

const struct own_case own_cases[] = {
	{ "30 sector_overflows", VIRTIO_ID_BLOCK, sector_overflows },
	{ "30 read_only_stays", VIRTIO_ID_BLOCK, read_only_stays },
	{ "30 discard_overflows", VIRTIO_ID_BLOCK, discard_overflows },
	{ "31 balloon_nonsense", VIRTIO_ID_BALLOON, balloon_nonsense },
	{ "32 unmapped_under_way", VIRTIO_ID_IOMMU, unmapped_under_way },
	{ "32 detached_under_way", VIRTIO_ID_IOMMU, detached_under_way },
	{ "33 end_of_a_mapping", VIRTIO_ID_IOMMU, end_of_a_mapping },
	{ "33 scattered_mapping", VIRTIO_ID_IOMMU, scattered_mapping },
	{ "34 read_only_buffer", VIRTIO_ID_IOMMU, read_only_buffer },
	{ "34 read_only_ring", VIRTIO_ID_IOMMU, read_only_ring },
	{ "35 flood_of_mappings", VIRTIO_ID_IOMMU, flood_of_mappings },
	{ "35 flood_of_domains", VIRTIO_ID_IOMMU, flood_of_domains },
	{ "36 edu_nonsense", 0, edu_nonsense },
	{ "37 dmacheck_nonsense", VIRTIO_ID_DMACHECK, dmacheck_nonsense },
};
const unsigned int nr_own_cases = ARRAY_SIZE(own_cases);
