/* SPDX-License-Identifier: MIT */
/* A good request of each device. */
#include <abi/dmacheck.h>
#include <abi/virtio_balloon.h>
#include <abi/virtio_blk.h>
#include <abi/virtio_console.h>
#include <abi/virtio_iommu.h>

#include "tests/hostile/hostile.h"

#define BYTES	  512u
#define NO_STATUS 0xeeu
#define ANSWER_MS 5000u

#define BALLOON_FIRST 0x1000000u
#define BALLOON_PAGES 64u

static struct seg fresh(uint32_t len, bool write)
{
	return (struct seg){ (uint64_t)arena_get(len, 8), len, write };
}

static void *at(const struct seg *seg)
{
	return (void *)seg->addr;
}

/* --- a disk: reads the first sector ------------------------------------------------------- */

static unsigned int blk_request(struct device *d, struct seg *seg)
{
	struct virtio_blk_outhdr *header;

	(void)d;
	seg[0] = fresh(sizeof(*header), false);
	seg[1] = fresh(BYTES, true);
	seg[2] = fresh(1, true);
	header = at(&seg[0]);
	header->type = VIRTIO_BLK_T_IN;
	*(uint8_t *)at(&seg[2]) = NO_STATUS;
	return 3;
}

static bool blk_succeeded(const struct seg *seg, unsigned int n, uint32_t used_len)
{
	const struct seg *last = &seg[n - 1];

	return used_len == BYTES + 1 &&
	       ((uint8_t *)at(last))[last->len - 1] == VIRTIO_BLK_S_OK;
}

/* --- random bytes ------------------------------------------------------------------------- */

static unsigned int rng_request(struct device *d, struct seg *seg)
{
	(void)d;
	seg[0] = fresh(BYTES / 2, true);
	seg[1] = fresh(BYTES / 2, true);
	return 2;
}

static bool rng_succeeded(const struct seg *seg, unsigned int n, uint32_t used_len)
{
	(void)seg;
	(void)n;
	return used_len == BYTES;
}

/* --- a console: sends zeroes, which nobody sees ------------------------------------------- */

static unsigned int console_request(struct device *d, struct seg *seg)
{
	(void)d;
	seg[0] = fresh(BYTES / 2, false);
	seg[1] = fresh(BYTES / 2, false);
	return 2;
}

static bool console_succeeded(const struct seg *seg, unsigned int n, uint32_t used_len)
{
	(void)seg;
	(void)n;
	return used_len == 0;
}

/* --- dmacheck: hashes 256 bytes ------------------------------------------------------------ */

static unsigned int dmacheck_request(struct device *d, struct seg *seg)
{
	struct dmacheck_req *req;
	struct dmacheck_seg *range;

	(void)d;
	seg[0] = fresh(sizeof(*req) + sizeof(*range), false);
	seg[1] = fresh(sizeof(struct dmacheck_resp) + 24, true);
	req = at(&seg[0]);
	range = (struct dmacheck_seg *)(req + 1);
	req->op = DMACHECK_OP_HASH;
	req->n_src = 1;
	range->addr = (uint64_t)arena_get(BYTES / 2, 8);
	range->len = BYTES / 2;
	((struct dmacheck_resp *)at(&seg[1]))->status = NO_STATUS;
	return 2;
}

static bool dmacheck_succeeded(const struct seg *seg, unsigned int n, uint32_t used_len)
{
	unsigned int i = 0;

	while (i < n && !seg[i].write)
		i++;
	return i < n && used_len >= sizeof(struct dmacheck_resp) &&
	       *(le32 *)at(&seg[i]) == DMACHECK_S_OK;
}

/* --- an IOMMU: lets go of nobody, which has an answer, too --------------------------------- */

static unsigned int iommu_request(struct device *d, struct seg *seg)
{
	const uint32_t out = offsetof(struct virtio_iommu_req_detach, tail);

	(void)d;
	seg[0] = fresh(out, false);
	seg[1] = fresh(sizeof(struct virtio_iommu_req_tail), true);
	((struct virtio_iommu_req_detach *)at(&seg[0]))->head.type =
		VIRTIO_IOMMU_T_DETACH;
	((struct virtio_iommu_req_detach *)at(&seg[0]))->endpoint = PCI_DEVFN(31, 7);
	*(uint8_t *)at(&seg[1]) = NO_STATUS;
	return 2;
}

static bool iommu_succeeded(const struct seg *seg, unsigned int n, uint32_t used_len)
{
	return used_len == sizeof(struct virtio_iommu_req_tail) &&
	       *(uint8_t *)at(&seg[n - 1]) != NO_STATUS;
}

/* --- a balloon: takes pages that nobody uses ----------------------------------------------- */

static unsigned int balloon_request(struct device *d, struct seg *seg)
{
	uint32_t *page;

	(void)d;
	seg[0] = fresh(BALLOON_PAGES * sizeof(*page), false);
	page = at(&seg[0]);
	for (unsigned int i = 0; i < BALLOON_PAGES; i++)
		page[i] = (BALLOON_FIRST >> VIRTIO_BALLOON_PFN_SHIFT) + i;
	return 1;
}

static bool balloon_succeeded(const struct seg *seg, unsigned int n, uint32_t used_len)
{
	(void)seg;
	(void)n;
	return used_len == 0;
}

static const struct target targets[] = {
	{ VIRTIO_ID_BLOCK, "disk", 0, true, blk_request, blk_succeeded },
	{ VIRTIO_ID_RNG, "rng", 0, true, rng_request, rng_succeeded },
	{ VIRTIO_ID_CONSOLE, "console", VIRTIO_CONSOLE_TXQ, false, console_request,
	  console_succeeded },
	{ VIRTIO_ID_DMACHECK, "dmacheck", 0, true, dmacheck_request, dmacheck_succeeded },
	{ VIRTIO_ID_BALLOON, "balloon", 0, false, balloon_request, balloon_succeeded },
	{ VIRTIO_ID_IOMMU, "iommu", 0, true, iommu_request, iommu_succeeded },
};

const struct target *target_of(unsigned int id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].id == id)
			return &targets[i];
	return NULL;
}

bool works(struct device *d, const struct target *t)
{
	uint64_t end = now_ms() + ANSWER_MS;
	struct vring_used_elem e;
	struct seg seg[SEGS_MAX];
	unsigned int n;

	d->queue = t->queue;
	if (!device_start(d, 0))
		return false;
	n = t->request(d, seg);
	offer(d, seg, n);
	kick(d);
	while (!take_used(d, &e))
		if (now_ms() > end)
			return false;
	return t->succeeded(seg, n, e.len);
}
