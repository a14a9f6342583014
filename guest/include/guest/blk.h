/* SPDX-License-Identifier: MIT */
/*
 * Disks, for kernel code without a block layer.  A request is one struct blk_request; the
 * driver owns it from blk_submit() until its `done` runs, in the disk's interrupt.  Lengths
 * and offsets are multiples of 512 bytes.
 */
#ifndef GUEST_BLK_H
#define GUEST_BLK_H

#include <abi/virtio_blk.h>
#include <linux/completion.h>
#include <linux/scatterlist.h>

#define SECTOR_SIZE 512UL

struct blk;

/* The disks in order of discovery; NULL past the last. */
struct blk *blk_get(unsigned int index);
struct device *blk_device(struct blk *blk); /* for DMA API calls */
u64 blk_capacity(struct blk *blk); /* sectors */
bool blk_read_only(struct blk *blk);
unsigned int blk_queues(struct blk *blk);
unsigned int blk_max_segments(struct blk *blk); /* data entries of one request */
bool blk_has(struct blk *blk, unsigned int feature); /* VIRTIO_BLK_F_* negotiated */

/* Most bytes of one entry of a request that the driver maps, whole sectors: bounce buffers
 * are small. */
u32 blk_max_bytes(struct blk *blk);

struct blk_request {
	u32 type; /* VIRTIO_BLK_T_* */
	u64 sector; /* IN, OUT */
	struct scatterlist *data; /* mapped here, unmapped before done() */
	unsigned int nents;
	bool premapped; /* data holds bus addresses already, and stays mapped */
	unsigned int queue; /* below blk_queues(), else modulo */
	void (*done)(struct blk_request *request); /* result is set */
	int result; /* 0, -EIO, -EOPNOTSUPP, -ETIMEDOUT */
	void *priv; /* the caller's */

	/* The driver's. */
	struct blk *blk;
	unsigned int mapped; /* entries of data for the device */
	unsigned int ends_index; /* where header and status are */
	struct list_head node; /* in flight */
};

/* 0: done() will be called once.  -ENOSPC: the queue is full, try after a completion.  Any
 * context. */
int blk_submit(struct blk *blk, struct blk_request *request);
/* The same, and sleeps until it is done.  When the device does not answer within seconds, its
 * queue is reset: whatever was in flight there ends with -ETIMEDOUT, and its memory is the
 * caller's again.  A device that cannot reset one queue is reset whole and given up (-EIO
 * from then on). */
int blk_execute(struct blk *blk, struct blk_request *request);

/* Takes back all that is in flight on a queue, as when the device does not answer: each such
 * request ends, some perhaps well before that.  Sleeps. */
void blk_reset_queue(struct blk *blk, unsigned int queue);

/* Synchronous forms. */
int blk_read_dma(struct blk *blk, u64 sector, dma_addr_t addr, size_t len);
int blk_write_dma(struct blk *blk, u64 sector, dma_addr_t addr, size_t len);
int blk_read_sg(struct blk *blk, u64 sector, struct scatterlist *mapped, unsigned int n);
int blk_write_sg(struct blk *blk, u64 sector, struct scatterlist *mapped, unsigned int n);
/* Memory of the direct map, mapped for the call; several requests where one mapping cannot
 * take it all. */
int blk_read(struct blk *blk, u64 sector, void *buf, size_t len);
int blk_write(struct blk *blk, u64 sector, const void *buf, size_t len);
int blk_flush(struct blk *blk);
int blk_discard(struct blk *blk, u64 sector, u32 sectors);
int blk_write_zeroes(struct blk *blk, u64 sector, u32 sectors, bool may_unmap);
/* The serial number, zero-terminated. */
int blk_get_id(struct blk *blk, char id[VIRTIO_BLK_ID_BYTES + 1]);

#endif
