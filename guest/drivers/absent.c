/* SPDX-License-Identifier: MIT */
/* Devices whose drivers are not written yet: absent. */
#include <linux/errno.h>
#include <guest/blk.h>
#include <guest/dmacheck.h>

struct device *dmacheck_device(void)
{
	return NULL;
}

int dmacheck_request(const struct dmacheck_call *call, struct dmacheck_resp *resp)
{
	(void)call;
	(void)resp;
	return -ENODEV;
}

int dmacheck_hash(dma_addr_t addr, u64 len, u64 *hash)
{
	(void)addr;
	(void)len;
	(void)hash;
	return -ENODEV;
}

int dmacheck_hash_sg(struct scatterlist *sg, unsigned int n, u64 *hash)
{
	(void)sg;
	(void)n;
	(void)hash;
	return -ENODEV;
}

int dmacheck_fill(dma_addr_t addr, u64 len, u64 seed, u64 *hash)
{
	(void)addr;
	(void)len;
	(void)seed;
	(void)hash;
	return -ENODEV;
}

int dmacheck_copy(dma_addr_t from, dma_addr_t to, u64 len, u64 *hash)
{
	(void)from;
	(void)to;
	(void)len;
	(void)hash;
	return -ENODEV;
}

struct blk *blk_get(unsigned int index)
{
	(void)index;
	return NULL;
}

struct device *blk_device(struct blk *blk)
{
	(void)blk;
	return NULL;
}

u64 blk_capacity(struct blk *blk)
{
	(void)blk;
	return 0;
}

unsigned int blk_max_segments(struct blk *blk)
{
	(void)blk;
	return 0;
}

int blk_read_dma(struct blk *blk, u64 sector, dma_addr_t addr, size_t len)
{
	(void)blk;
	(void)sector;
	(void)addr;
	(void)len;
	return -ENODEV;
}

int blk_read_sg(struct blk *blk, u64 sector, struct scatterlist *mapped, unsigned int n)
{
	(void)blk;
	(void)sector;
	(void)mapped;
	(void)n;
	return -ENODEV;
}
