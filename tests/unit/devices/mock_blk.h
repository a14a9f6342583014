/* SPDX-License-Identifier: MIT */
/*
 * A virtio-blk driver for tests: the device under test on a machine without vCPUs, a
 * disk file in a temporary directory, and requests put together by hand.
 */
#ifndef MOCK_BLK_H
#define MOCK_BLK_H

#include <abi/virtio_blk.h>

#include "devices/blk/virtio_blk.h"
#include "tests/unit/devices/mock_block_engine.h"
#include "tests/unit/devices/mock_driver.h"

#define BLK_DEVFN     PCI_DEVFN(2, 0)
#define BLK_SECTORS   1024u
#define BLK_SIZE      ((uint64_t)BLK_SECTORS * VIRTIO_BLK_SECTOR_SIZE)
#define BLK_DATA_SIZE 0x100000u /* guest memory for data */
#define BLK_SLOTS     16 /* requests that can be in flight at once */
#define BLK_NO_STATUS 0xee /* what the status byte holds before */

struct blk_params {
	const struct block_engine *engine; /* NULL: as the VMM opens it */
	unsigned int depth;
	uint64_t size; /* of the file; 0: BLK_SIZE */
	bool read_only;
	unsigned int nr_queues; /* 0: 1 */
	uint64_t features; /* what the driver takes; 0: all it is offered */
	bool write_through, no_flush;
	enum virtio_blk_policy errors; /* of all requests */
	void (*failed)(void *ctx, enum block_op op, int error, bool waits);
};

struct blk {
	char dir[32], path[48];
	struct machine *m;
	struct virtio_dev *vd;
	struct drv d;
	struct drvq q[4];
	uint64_t data; /* guest address of BLK_DATA_SIZE bytes */
	uint64_t header[BLK_SLOTS], status[BLK_SLOTS];
};

/* A file with random bytes, a device on it, a driver that has set DRIVER_OK. */
void blk_start(struct blk *b, const struct blk_params *params);
/* Takes everything down, the file too. */
void blk_stop(struct blk *b);
/* Reset and the whole negotiation again, as after any error. */
void blk_restart_driver(struct blk *b, uint64_t features);

/* Offers a request: header and status of `slot`, data as given.  Nobody is told. */
uint16_t blk_offer(struct blk *b, struct drvq *q, unsigned int slot, uint32_t type,
		   uint64_t sector, const struct drv_seg *data, unsigned int n);
uint8_t blk_status(struct blk *b, unsigned int slot);
/* A whole request with one piece of data at b->data (write: by the device): offers
 * it on queue 0 as slot 0, waits; the status.  *used when not NULL. */
uint8_t blk_do(struct blk *b, uint32_t type, uint64_t sector, uint32_t len, bool write,
	       uint32_t *used);
void *blk_data(struct blk *b, uint64_t offset, uint64_t len);

/* Rings a queue's bell, and lets the device work. */
void blk_ring(struct blk *b, unsigned int queue);
/* One sector for the device to write, from slot's place in the data, to sector `slot`. */
uint16_t blk_offer_write(struct blk *b, unsigned int queue, unsigned int slot);
/* The next used chain of a queue, if there is one. */
bool blk_used(struct blk *b, unsigned int queue, uint16_t *head);

/* With the mock engine: the next step ends like this, and the device works on. */
void blk_step_ends(struct blk *b, int64_t result);
/* One write: its own step, then (when `through`) an fdatasync, then completion. */
void blk_write_once(struct blk *b, bool through, int64_t sync_result, uint8_t status);
/* A request whose one step ends like this. */
uint8_t blk_status_after(struct blk *b, uint32_t type, bool write, int64_t result);

/* The file's bytes as they are now: size of them, to be freed. */
uint8_t *blk_file(struct blk *b, uint64_t size);
uint64_t blk_file_hash(struct blk *b, uint64_t size);

struct virtio_blk_stats blk_stats(struct blk *b);

/* Numbers that repeat from run to run. */
uint32_t mock_random(uint32_t below);
void mock_random_seed(uint64_t seed);

#endif
