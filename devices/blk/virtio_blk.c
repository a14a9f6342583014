/* SPDX-License-Identifier: MIT */
/*
 * virtio block device: configuration, cache mode, pause and reset, statistics.
 * Requests are in virtio_blk_request.c; they are independent of each other and complete
 * in any order.
 *
 * Writes are durable when a flush that came after their completion is done; a driver
 * that did not take VIRTIO_BLK_F_FLUSH, or switched the cache off, gets each write
 * flushed before it completes.  A disk that is configured without a cache does not offer
 * the feature at all.
 */
#include "devices/blk/virtio_blk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "devices/util.h"
#include "devices/blk/virtio_blk_request.h"

#define QUEUE_SIZE 256u
#define SEG_MAX	   (QUEUE_SIZE - 2) /* beside header and status */
#define PHYSICAL   4096u /* what host page cache and disks move at a time */

static struct virtio_blk *of(struct virtio_dev *vd)
{
	return container_of(vd, struct virtio_blk, vd);
}

static void signal_all(struct virtio_blk *blk)
{
	for (unsigned int i = 0; i < blk->vd.nr_queues; i++)
		virtq_signal(&blk->vd.queue[i]);
}

/* What the host finished at once (a read from its page cache) completes here. */
static void blk_notify(struct virtio_dev *vd, struct virtq *q)
{
	struct virtio_blk *blk = of(vd);

	if (blk->paused_since) {
		blk->paused_since = false;
		virtio_blk_go_on(blk);
		virtio_blk_retry(blk);
	}
	virtq_process(q, virtio_blk_handle, blk);
	block_kick(blk->backend);
	block_poll(blk->backend);
	signal_all(blk);
}

static void backend_ready(void *arg, uint32_t events)
{
	struct virtio_blk *blk = arg;

	(void)events;
	block_poll(blk->backend);
	signal_all(blk);
}

/* Requests of queues that go on begin anew: now, or when the device is resumed. */
static void blk_drain(struct virtio_dev *vd, struct virtq *q)
{
	struct virtio_blk *blk = of(vd);

	(void)q;
	virtio_blk_stop(blk);
	virtio_blk_forget(blk);
	blk->paused_since = vd->paused;
	if (!vd->paused) {
		virtio_blk_go_on(blk);
		block_kick(blk->backend);
	}
	signal_all(blk);
}

static int blk_attached(struct virtio_dev *vd)
{
	struct virtio_blk *blk = of(vd);
	int error = host_watch(vd->host, &blk->watch, EPOLLIN);

	blk->watching = !error;
	return error;
}

static void blk_activate(struct virtio_dev *vd)
{
	if (!virtio_has(vd, VIRTIO_BLK_F_FLUSH))
		of(vd)->config.writeback = 0;
}

static void blk_reset(struct virtio_dev *vd)
{
	of(vd)->config.writeback = !of(vd)->write_through;
}

static void blk_config_write(struct virtio_dev *vd, unsigned int offset, unsigned int len,
			     uint64_t value)
{
	if (offset == offsetof(struct virtio_blk_config, writeback) && len == 1 &&
	    virtio_has(vd, VIRTIO_BLK_F_CONFIG_WCE))
		of(vd)->config.writeback = (value & 1) &&
					   virtio_has(vd, VIRTIO_BLK_F_FLUSH);
}

static void op_stats(const struct virtio_blk_op_stats *s, const char *const names[4],
		     stat_fn fn, void *arg)
{
	fn(arg, names[0], s->requests);
	fn(arg, names[1], s->errors);
	fn(arg, names[2], s->bytes);
	fn(arg, names[3], s->ns);
}

#define OP_NAMES(op) \
	((const char *const[4]){ op ".requests", op ".errors", op ".bytes", op ".ns" })

static void blk_stats(struct virtio_dev *vd, stat_fn fn, void *arg)
{
	const struct virtio_blk_stats *s = &of(vd)->stats;

	op_stats(&s->read, OP_NAMES("read"), fn, arg);
	op_stats(&s->write, OP_NAMES("write"), fn, arg);
	op_stats(&s->flush, OP_NAMES("flush"), fn, arg);
	op_stats(&s->discard, OP_NAMES("discard"), fn, arg);
	op_stats(&s->zero, OP_NAMES("zero"), fn, arg);
	fn(arg, "refused", s->refused);
}

void virtio_blk_get_stats(const struct virtio_dev *vd, struct virtio_blk_stats *stats)
{
	*stats = container_of(vd, const struct virtio_blk, vd)->stats;
}

static void blk_destroy(struct virtio_dev *vd)
{
	struct virtio_blk *blk = of(vd);

	if (blk->watching)
		host_unwatch(vd->host, &blk->watch);
	block_backend_close(blk->backend);
	virtio_fini(vd);
	free(blk);
}

static const struct virtio_model blk_model = {
	.id = VIRTIO_ID_BLOCK,
	.pci_class = 0x0100, /* mass storage */
	.features = VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |
		    VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
		    VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY) |
		    VIRTIO_FEATURE(VIRTIO_BLK_F_MQ),
	.status = &(const struct virtio_status){ .size = 1,
						 .from_end = 1,
						 .error = VIRTIO_BLK_S_IOERR },
	.attached = blk_attached,
	.activate = blk_activate,
	.notify = blk_notify,
	.drain = blk_drain,
	.reset = blk_reset,
	.config_write = blk_config_write,
	.stats = blk_stats,
	.destroy = blk_destroy,
};

static void fill_config(struct virtio_blk *blk, unsigned int nr_queues)
{
	unsigned int block = block_sector_size(blk->backend);
	unsigned int physical_exp = 0;

	while (block << physical_exp < PHYSICAL)
		physical_exp++;
	blk->config = (struct virtio_blk_config){
		.capacity = blk->capacity,
		.seg_max = SEG_MAX,
		.blk_size = block,
		.topology.physical_block_exp = (uint8_t)physical_exp,
		.topology.min_io_size = 1,
		.writeback = !blk->write_through,
		.num_queues = (uint16_t)nr_queues,
		.max_discard_sectors = VIRTIO_BLK_MAX_SECTORS,
		.max_discard_seg = VIRTIO_BLK_MAX_RANGES,
		.discard_sector_alignment = block / VIRTIO_BLK_SECTOR_SIZE,
		.max_write_zeroes_sectors = VIRTIO_BLK_MAX_SECTORS,
		.max_write_zeroes_seg = VIRTIO_BLK_MAX_RANGES,
		.write_zeroes_may_unmap = 1,
	};
	virtio_set_config(&blk->vd, &blk->config, sizeof(blk->config));
}

/* A disk without a cache has nothing to flush, and no switch for it. */
static uint64_t features_of(const struct virtio_blk_config_in *config)
{
	uint64_t features = 0;

	if (!config->write_through)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE);
	if (block_read_only(config->backend))
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_RO);
	else
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);
	return features;
}

static void take_config(struct virtio_blk *blk, const struct virtio_blk_config_in *config)
{
	blk->backend = config->backend;
	blk->capacity = block_size(config->backend) / VIRTIO_BLK_SECTOR_SIZE;
	blk->write_through = config->write_through;
	blk->no_flush = config->no_flush;
	blk->read_errors = config->read_errors;
	blk->write_errors = config->write_errors;
	blk->failed = config->failed;
	blk->ctx = config->ctx;
	if (config->serial)
		memcpy(blk->serial, config->serial,
		       strnlen(config->serial, sizeof(blk->serial)));
}

int virtio_blk_create(const struct virtio_blk_config_in *config, struct virtio_dev **out)
{
	unsigned int nr_queues = config->nr_queues ? config->nr_queues : 1;
	uint16_t sizes[VIRTIO_MAX_QUEUES];
	struct virtio_blk *blk = calloc(1, sizeof(*blk));
	int error;

	if (!blk)
		return -ENOMEM;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		sizes[i] = QUEUE_SIZE;
	error = virtio_init(&blk->vd, &blk_model, config->name, features_of(config),
			    sizes, nr_queues);
	if (error) {
		free(blk);
		return error;
	}
	take_config(blk, config);
	blk->watch.fd = block_event_fd(config->backend);
	blk->watch.fn = backend_ready;
	blk->watch.arg = blk;
	fill_config(blk, nr_queues);
	*out = &blk->vd;
	return 0;
}
