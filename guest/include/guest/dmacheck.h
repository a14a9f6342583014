/* SPDX-License-Identifier: MIT */
/*
 * dmacheck: what the device says of guest memory (<abi/dmacheck.h>).  All calls sleep until
 * the device has answered.  Addresses are the device's: from the DMA API, for
 * dmacheck_device().  Every call returns 0, -ENODEV (no such device), -ETIMEDOUT, -EIO (the
 * device broke its contract), or by the status of the answer: -EINVAL, -EOPNOTSUPP, -E2BIG,
 * -EFAULT (resp->bytes says where).
 */
#ifndef GUEST_DMACHECK_H
#define GUEST_DMACHECK_H

#include <abi/dmacheck.h>
#include <linux/types.h>

/* The device for DMA API calls, or NULL when there is none. */
struct device *dmacheck_device(void);
const struct dmacheck_config *dmacheck_limits(void);

struct dmacheck_call {
	u16 op; /* DMACHECK_OP_* */
	const struct dmacheck_seg *src, *dst;
	u32 n_src, n_dst;
	u64 seed;
	struct dmacheck_run *runs; /* DESCRIBE: room for the answer, or NULL */
	u32 max_runs;
};
/* resp is filled whenever the device answered. */
int dmacheck_request(const struct dmacheck_call *call, struct dmacheck_resp *resp);

/* The hash of what the device reads at one range, or at a list of ranges. */
int dmacheck_hash(dma_addr_t addr, u64 len, u64 *hash);
int dmacheck_hash_segs(const struct dmacheck_seg *src, u32 n, u64 *hash);
/* From a list that dma_map_sg() mapped to n entries. */
struct scatterlist;
int dmacheck_hash_sg(struct scatterlist *sg, unsigned int n, u64 *hash);
/* Writes the pattern of seed; the hash of what was written. */
int dmacheck_fill(dma_addr_t addr, u64 len, u64 seed, u64 *hash);
int dmacheck_copy(dma_addr_t from, dma_addr_t to, u64 len, u64 *hash);
/* How many bytes of the range the host has given memory to. */
int dmacheck_resident(dma_addr_t addr, u64 len, u64 *bytes);
/* Into how many runs of guest-physical memory the range translates, and those that fit. */
int dmacheck_describe(dma_addr_t addr, u64 len, struct dmacheck_run *runs, u32 max_runs,
		      struct dmacheck_resp *resp);

#endif
