/* SPDX-License-Identifier: MIT */
/*
 * Disks (virtio 1.2, section 5.2).  A queue for each CPU as far as the device has them.  Each
 * descriptor chain is header, data, status; header and status of all requests of a queue lie
 * in one coherent buffer, so that only the data is mapped for a request.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <guest/blk.h>
#include <guest/patience.h>

#define MAX_QUEUES   8U
#define MAX_DISKS    26U
#define PATIENCE     (10 * HZ) /* for one request; flushing a slow host disk included */
#define DEFAULT_SEGS 126U /* where the device gives no limit: half a ring of 256 */

/* What a request needs in memory of the device's own, besides its data. */
struct blk_ends {
	struct virtio_blk_outhdr header;
	u8 status;
	u8 unused[15];
};
_Static_assert(sizeof(struct blk_ends) == 32, "two fit into a cache line");

struct blk_queue {
	spinlock_t lock; /* guards all of this and calls on vq */
	struct virtqueue *vq;
	struct blk *blk;
	struct list_head in_flight; /* of blk_request.node */
	struct blk_ends *ends; /* one for each request that can be in flight */
	dma_addr_t ends_dma;
	u16 *free_ends; /* indices of those not in use: a stack */
	unsigned int n_free;
	bool resetting; /* requests are being taken back: none is added */
};

struct blk {
	struct virtio_device *vdev;
	struct device *dma_dev;
	u64 capacity;
	u32 seg_max;
	u32 max_bytes; /* whole sectors: what can be mapped at once */
	unsigned int n_queues;
	bool dead; /* it did not even let a queue go: reset and given up */
	struct mutex reset_lock; /* one at a time takes requests back */
	struct blk_queue queue[MAX_QUEUES];
};

static struct blk *disks[MAX_DISKS];

struct blk *blk_get(unsigned int index)
{
	return index < MAX_DISKS ? disks[index] : NULL;
}

struct device *blk_device(struct blk *blk)
{
	return blk->dma_dev;
}

u64 blk_capacity(struct blk *blk)
{
	return blk->capacity;
}

bool blk_has(struct blk *blk, unsigned int feature)
{
	return virtio_has_feature(blk->vdev, feature);
}

bool blk_read_only(struct blk *blk)
{
	return blk_has(blk, VIRTIO_BLK_F_RO);
}

unsigned int blk_queues(struct blk *blk)
{
	return blk->n_queues;
}

unsigned int blk_max_segments(struct blk *blk)
{
	return blk->seg_max;
}

u32 blk_max_bytes(struct blk *blk)
{
	return blk->max_bytes;
}

/* --- requests ------------------------------------------------------------------------------ */

static bool device_writes(const struct blk_request *rq)
{
	return rq->type == VIRTIO_BLK_T_IN || rq->type == VIRTIO_BLK_T_GET_ID;
}

static enum dma_data_direction direction(const struct blk_request *rq)
{
	return device_writes(rq) ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

static bool map_data(struct blk *blk, struct blk_request *rq)
{
	rq->mapped = rq->nents;
	if (rq->nents && !rq->premapped)
		rq->mapped =
			dma_map_sg(blk->dma_dev, rq->data, (int)rq->nents, direction(rq));
	return rq->mapped || !rq->nents;
}

static void unmap_data(struct blk *blk, struct blk_request *rq)
{
	if (rq->nents && !rq->premapped)
		dma_unmap_sg(blk->dma_dev, rq->data, (int)rq->nents, direction(rq));
}

/* Header and status for a request, as lists of one entry each. */
static void take_ends(struct blk_queue *q, struct blk_request *rq,
		      struct scatterlist *header, struct scatterlist *status)
{
	unsigned int i = q->free_ends[--q->n_free];
	dma_addr_t addr = q->ends_dma + i * sizeof(struct blk_ends);

	rq->ends_index = i;
	q->ends[i].header =
		(struct virtio_blk_outhdr){ .type = rq->type, .sector = rq->sector };
	q->ends[i].status = 0xff;
	sg_dma_address(header) = addr;
	sg_dma_len(header) = sizeof(struct virtio_blk_outhdr);
	sg_dma_address(status) = addr + offsetof(struct blk_ends, status);
	sg_dma_len(status) = 1;
}

static void give_ends(struct blk_queue *q, const struct blk_request *rq)
{
	q->free_ends[q->n_free++] = (u16)rq->ends_index;
}

/* The lock is held. */
static int queue_request(struct blk_queue *q, struct blk_request *rq)
{
	struct scatterlist header, status, *lists[3] = { &header, rq->data, &status };
	unsigned int nents[3] = { 1, rq->mapped, 1 };
	unsigned int out = rq->mapped && !device_writes(rq) ? 2 : 1;
	unsigned int n = rq->mapped ? 3 : 2;
	int err;

	if (q->blk->dead)
		return -EIO;
	if (!q->n_free || q->resetting)
		return -ENOSPC;
	take_ends(q, rq, &header, &status);
	if (!rq->mapped) {
		lists[1] = &status;
		nents[1] = 1;
	}
	err = virtqueue_add_sgs_premapped(q->vq, lists, nents, out, n - out, rq,
					  GFP_ATOMIC);
	if (err)
		give_ends(q, rq);
	else
		list_add_tail(&rq->node, &q->in_flight);
	return err;
}

int blk_submit(struct blk *blk, struct blk_request *rq)
{
	struct blk_queue *q = &blk->queue[rq->queue % blk->n_queues];
	unsigned long flags;
	bool ring = false;
	int err;

	if (!map_data(blk, rq))
		return -EIO;
	rq->blk = blk;
	spin_lock_irqsave(&q->lock, flags);
	err = queue_request(q, rq);
	if (!err)
		ring = virtqueue_kick_prepare(q->vq);
	spin_unlock_irqrestore(&q->lock, flags);
	if (ring)
		virtqueue_notify(q->vq);
	if (err)
		unmap_data(blk, rq);
	return err;
}

/* Is all there that was asked for, and the status behind it? */
static bool all_written(const struct blk_request *rq, unsigned int len)
{
	u64 want = 1;

	for (unsigned int i = 0; device_writes(rq) && i < rq->mapped; i++)
		want += sg_dma_len(&rq->data[i]);
	return len >= want;
}

static int status_result(u8 status)
{
	return status == VIRTIO_BLK_S_OK       ? 0
	       : status == VIRTIO_BLK_S_UNSUPP ? -EOPNOTSUPP
					       : -EIO;
}

/* What the device's answer of len bytes means.  The length says that there is a status. */
static int result_of(const struct blk_queue *q, const struct blk_request *rq,
		     unsigned int len)
{
	int result = len ? status_result(READ_ONCE(q->ends[rq->ends_index].status))
			 : -EIO;

	return !result && !all_written(rq, len) ? -EIO : result;
}

/* The lock is held; the list of those to report is the caller's. */
static void retire(struct blk_queue *q, struct blk_request *rq, int result,
		   struct list_head *finished)
{
	rq->result = result;
	give_ends(q, rq);
	list_move_tail(&rq->node, finished);
}

static void report(struct blk *blk, struct list_head *finished)
{
	struct blk_request *rq, *next;

	list_for_each_entry_safe (rq, next, finished, node) {
		unmap_data(blk, rq);
		rq->done(rq);
	}
}

static void requests_done(struct virtqueue *vq)
{
	struct blk_queue *q = vq->priv;
	struct blk_request *rq;
	LIST_HEAD(finished);
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&q->lock, flags);
	while ((rq = virtqueue_get_buf(vq, &len)))
		retire(q, rq, result_of(q, rq, len), &finished);
	spin_unlock_irqrestore(&q->lock, flags);
	report(q->blk, &finished);
}

/* --- a device that does not answer --------------------------------------------------------- */

/* Fails everything in flight of a device that was reset. */
static void fail_all(struct blk *blk, int result)
{
	for (unsigned int i = 0; i < blk->n_queues; i++) {
		struct blk_queue *q = &blk->queue[i];
		struct blk_request *rq;
		LIST_HEAD(finished);
		unsigned long flags;

		spin_lock_irqsave(&q->lock, flags);
		while ((rq = virtqueue_detach_unused_buf(q->vq)))
			retire(q, rq, result, &finished);
		spin_unlock_irqrestore(&q->lock, flags);
		report(blk, &finished);
	}
}

/* The device let go of the request. */
static void fail_unanswered(struct virtqueue *vq, void *data)
{
	struct blk_queue *q = vq->priv;
	LIST_HEAD(finished);
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	retire(q, data, -ETIMEDOUT, &finished);
	spin_unlock_irqrestore(&q->lock, flags);
	report(q->blk, &finished);
}

static void give_up(struct blk *blk)
{
	WRITE_ONCE(blk->dead, true);
	dev_err(&blk->vdev->dev, "disk does not let its queue go: reset and given up\n");
	virtio_reset_device(blk->vdev);
	fail_all(blk, -ETIMEDOUT);
}

static void set_resetting(struct blk_queue *q, bool resetting)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	q->resetting = resetting;
	spin_unlock_irqrestore(&q->lock, flags);
}

/* Takes all requests of the queue back from the device; the reset lock is held. */
static void reset_queue(struct blk_queue *q)
{
	set_resetting(q, true);
	if (virtqueue_reset(q->vq, fail_unanswered))
		give_up(q->blk);
	set_resetting(q, false);
}

void blk_reset_queue(struct blk *blk, unsigned int queue)
{
	mutex_lock(&blk->reset_lock);
	if (!blk->dead)
		reset_queue(&blk->queue[queue % blk->n_queues]);
	mutex_unlock(&blk->reset_lock);
}

/* --- waiting ------------------------------------------------------------------------------- */

static void complete_request(struct blk_request *rq)
{
	complete(rq->priv);
}

/* Patience with the request has ended: from here on it is the device's no more.  Perhaps it
 * was answered, and only the interrupt is missing. */
static void take_back(struct blk *blk, struct blk_request *rq, struct completion *done)
{
	struct blk_queue *q = &blk->queue[rq->queue % blk->n_queues];

	mutex_lock(&blk->reset_lock);
	requests_done(q->vq);
	/* Somebody else's patience may have ended before. */
	if (!completion_done(done)) {
		dev_err(&blk->vdev->dev, "disk does not answer: %s is reset\n",
			q->vq->name);
		reset_queue(q);
	}
	mutex_unlock(&blk->reset_lock);
	wait_for_completion(done);
}

int blk_execute(struct blk *blk, struct blk_request *rq)
{
	DECLARE_COMPLETION_ONSTACK(done);
	int err;

	rq->done = complete_request;
	rq->priv = &done;
	for (;;) {
		err = blk_submit(blk, rq);
		if (err != -ENOSPC)
			break;
		msleep(1);
	}
	if (err)
		return err;
	if (!wait_for_completion_timeout(&done, io_patience(PATIENCE)))
		take_back(blk, rq, &done);
	return rq->result;
}

/* --- synchronous forms --------------------------------------------------------------------- */

static int transfer(struct blk *blk, u32 type, u64 sector, struct scatterlist *sg,
		    unsigned int n, bool premapped)
{
	struct blk_request rq = {
		.type = type,
		.sector = sector,
		.data = sg,
		.nents = n,
		.premapped = premapped,
		.queue = arch_cpu_id(),
	};

	return blk_execute(blk, &rq);
}

static int transfer_dma(struct blk *blk, u32 type, u64 sector, dma_addr_t addr,
			size_t len)
{
	struct scatterlist sg = { 0 };

	if (len > UINT32_MAX)
		return -EINVAL;
	sg_mark_end(&sg);
	sg_dma_address(&sg) = addr;
	sg_dma_len(&sg) = (u32)len;
	return transfer(blk, type, sector, &sg, 1, true);
}

/* As many requests as it takes: a mapping may have to be smaller than the buffer. */
static int transfer_buf(struct blk *blk, u32 type, u64 sector, const void *buf,
			size_t len)
{
	int err;

	if (len > UINT32_MAX)
		return -EINVAL;
	do {
		u32 now = (u32)min_t(size_t, len, blk->max_bytes);
		struct scatterlist sg;

		sg_init_one(&sg, buf, now);
		err = transfer(blk, type, sector, &sg, 1, false);
		sector += now / VIRTIO_BLK_SECTOR_SIZE;
		buf = (const char *)buf + now;
		len -= now;
	} while (len && !err);
	return err;
}

int blk_read_dma(struct blk *blk, u64 sector, dma_addr_t addr, size_t len)
{
	return transfer_dma(blk, VIRTIO_BLK_T_IN, sector, addr, len);
}

int blk_write_dma(struct blk *blk, u64 sector, dma_addr_t addr, size_t len)
{
	return transfer_dma(blk, VIRTIO_BLK_T_OUT, sector, addr, len);
}

int blk_read_sg(struct blk *blk, u64 sector, struct scatterlist *mapped, unsigned int n)
{
	return transfer(blk, VIRTIO_BLK_T_IN, sector, mapped, n, true);
}

int blk_write_sg(struct blk *blk, u64 sector, struct scatterlist *mapped, unsigned int n)
{
	return transfer(blk, VIRTIO_BLK_T_OUT, sector, mapped, n, true);
}

int blk_read(struct blk *blk, u64 sector, void *buf, size_t len)
{
	return transfer_buf(blk, VIRTIO_BLK_T_IN, sector, buf, len);
}

int blk_write(struct blk *blk, u64 sector, const void *buf, size_t len)
{
	return transfer_buf(blk, VIRTIO_BLK_T_OUT, sector, buf, len);
}

int blk_flush(struct blk *blk)
{
	if (!blk_has(blk, VIRTIO_BLK_F_FLUSH))
		return 0;
	return transfer(blk, VIRTIO_BLK_T_FLUSH, 0, NULL, 0, false);
}

/* A request whose data is a small structure; DMA does not reach a stack everywhere. */
static int transfer_copy(struct blk *blk, u32 type, void *data, size_t len)
{
	void *copy = kmalloc(len, GFP_KERNEL);
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	err = transfer_buf(blk, type, 0, copy, len);
	memcpy(data, copy, len);
	kfree(copy);
	return err;
}

int blk_discard(struct blk *blk, u64 sector, u32 sectors)
{
	struct virtio_blk_discard_write_zeroes range = { .sector = sector,
							 .num_sectors = sectors };

	if (!blk_has(blk, VIRTIO_BLK_F_DISCARD))
		return -EOPNOTSUPP;
	return transfer_copy(blk, VIRTIO_BLK_T_DISCARD, &range, sizeof(range));
}

int blk_write_zeroes(struct blk *blk, u64 sector, u32 sectors, bool may_unmap)
{
	struct virtio_blk_discard_write_zeroes range = {
		.sector = sector,
		.num_sectors = sectors,
		.flags = may_unmap ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0,
	};

	if (!blk_has(blk, VIRTIO_BLK_F_WRITE_ZEROES))
		return -EOPNOTSUPP;
	return transfer_copy(blk, VIRTIO_BLK_T_WRITE_ZEROES, &range, sizeof(range));
}

int blk_get_id(struct blk *blk, char id[VIRTIO_BLK_ID_BYTES + 1])
{
	memset(id, 0, VIRTIO_BLK_ID_BYTES + 1);
	return transfer_copy(blk, VIRTIO_BLK_T_GET_ID, id, VIRTIO_BLK_ID_BYTES);
}

/* --- taking a disk into use ---------------------------------------------------------------- */

static int setup_ends(struct blk_queue *q)
{
	unsigned int n = virtqueue_get_vring_size(q->vq);

	q->ends = dma_alloc_coherent(q->blk->dma_dev, n * sizeof(struct blk_ends),
				     &q->ends_dma, GFP_KERNEL);
	q->free_ends = kmalloc_array(n, sizeof(u16), GFP_KERNEL);
	if (!q->ends || !q->free_ends)
		return -ENOMEM;
	for (q->n_free = 0; q->n_free < n; q->n_free++)
		q->free_ends[q->n_free] = (u16)q->n_free;
	return 0;
}

static void free_ends(struct blk_queue *q)
{
	if (q->ends)
		dma_free_coherent(q->blk->dma_dev,
				  virtqueue_get_vring_size(q->vq) *
					  sizeof(struct blk_ends),
				  q->ends, q->ends_dma);
	kfree(q->free_ends);
	q->ends = NULL;
	q->free_ends = NULL;
}

static int setup_queues(struct blk *blk)
{
	static const char *const names[MAX_QUEUES] = { "requests.0", "requests.1",
						       "requests.2", "requests.3",
						       "requests.4", "requests.5",
						       "requests.6", "requests.7" };
	struct virtqueue *vqs[MAX_QUEUES];
	vq_callback_t *callbacks[MAX_QUEUES];
	u16 offered = 1;
	int err;

	if (blk_has(blk, VIRTIO_BLK_F_MQ))
		virtio_cread(blk->vdev, struct virtio_blk_config, num_queues, &offered);
	blk->n_queues = min_t(unsigned int, offered, num_online_cpus());
	blk->n_queues = clamp(blk->n_queues, 1U, MAX_QUEUES);
	for (unsigned int i = 0; i < blk->n_queues; i++) {
		spin_lock_init(&blk->queue[i].lock);
		INIT_LIST_HEAD(&blk->queue[i].in_flight);
		blk->queue[i].blk = blk;
		callbacks[i] = requests_done;
	}
	err = virtio_find_vqs(blk->vdev, blk->n_queues, vqs, callbacks, names);
	for (unsigned int i = 0; i < blk->n_queues && !err; i++) {
		blk->queue[i].vq = vqs[i];
		vqs[i]->priv = &blk->queue[i];
		err = setup_ends(&blk->queue[i]);
	}
	return err;
}

static void read_limits(struct blk *blk)
{
	blk->seg_max = DEFAULT_SEGS;
	virtio_cread(blk->vdev, struct virtio_blk_config, capacity, &blk->capacity);
	if (blk_has(blk, VIRTIO_BLK_F_SEG_MAX))
		virtio_cread(blk->vdev, struct virtio_blk_config, seg_max, &blk->seg_max);
	blk->max_bytes =
		(u32)min_t(size_t, dma_max_mapping_size(blk->dma_dev), UINT32_MAX) &
		~(VIRTIO_BLK_SECTOR_SIZE - 1);
	/* With header and status it must fit into the ring. */
	blk->seg_max = min(blk->seg_max, virtqueue_get_vring_size(blk->queue[0].vq) - 2);
}

static int probe(struct virtio_device *vdev)
{
	struct blk *blk = kzalloc(sizeof(*blk), GFP_KERNEL);
	unsigned int slot = 0;
	int err;

	while (slot < MAX_DISKS && disks[slot])
		slot++;
	if (!blk || slot == MAX_DISKS) {
		kfree(blk);
		return -ENOMEM;
	}
	blk->vdev = vdev;
	blk->dma_dev = vdev->dev.parent;
	mutex_init(&blk->reset_lock);
	vdev->priv = blk;
	err = setup_queues(blk);
	if (err) {
		for (unsigned int i = 0; i < blk->n_queues; i++)
			free_ends(&blk->queue[i]);
		kfree(blk);
		return err;
	}
	read_limits(blk);
	virtio_device_ready(vdev);
	disks[slot] = blk;
	dev_info(&vdev->dev, "disk of %llu sectors, %u queues%s\n",
		 (unsigned long long)blk->capacity, blk->n_queues,
		 blk_read_only(blk) ? ", read-only" : "");
	return 0;
}

static void remove(struct virtio_device *vdev)
{
	struct blk *blk = vdev->priv;

	for (unsigned int i = 0; i < MAX_DISKS; i++)
		if (disks[i] == blk)
			disks[i] = NULL;
	WRITE_ONCE(blk->dead, true);
	virtio_reset_device(vdev);
	fail_all(blk, -EIO);
	for (unsigned int i = 0; i < blk->n_queues; i++)
		free_ends(&blk->queue[i]);
	vdev->config->del_vqs(vdev);
	kfree(blk);
}

static const struct virtio_device_id ids[] = { { VIRTIO_ID_BLOCK }, { 0 } };
static const unsigned int features[] = {
	VIRTIO_BLK_F_SEG_MAX,	   VIRTIO_BLK_F_RO, VIRTIO_BLK_F_BLK_SIZE,
	VIRTIO_BLK_F_FLUSH,	   VIRTIO_BLK_F_MQ, VIRTIO_BLK_F_DISCARD,
	VIRTIO_BLK_F_WRITE_ZEROES,
};

static struct virtio_driver driver = {
	.name = "virtio-blk",
	.id_table = ids,
	.feature_table = features,
	.feature_table_size = ARRAY_SIZE(features),
	.probe = probe,
	.remove = remove,
};

module_virtio_driver(driver);
