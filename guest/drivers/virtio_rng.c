/* SPDX-License-Identifier: MIT */
/* The entropy device (virtio 1.2, section 5.4).  One request at a time, into a page of its
 * own. */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <guest/patience.h>
#include <guest/rng.h>

#define PATIENCE (10 * HZ)

static DEFINE_MUTEX(lock); /* guards all of this */
static struct virtio_device *rng; /* NULL: none, or given up */
static struct virtqueue *requests;
static void *buffer; /* a page */
static struct completion filled;
static unsigned int filled_bytes;
static DEFINE_SPINLOCK(queue_lock); /* guards calls on the queue */

struct device *rng_device(void)
{
	return rng ? rng->dev.parent : NULL;
}

static void request_done(struct virtqueue *vq)
{
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&queue_lock, flags);
	if (virtqueue_get_buf(vq, &len)) {
		filled_bytes = len;
		complete(&filled);
	}
	spin_unlock_irqrestore(&queue_lock, flags);
}

static void forget(struct virtqueue *vq, void *data)
{
	(void)vq;
	(void)data;
}

/* The device holds a request that it does not answer. */
static void take_back(void)
{
	dev_err(&rng->dev, "entropy device does not answer: reset\n");
	if (!virtqueue_reset(requests, forget))
		return;
	dev_err(&rng->dev, "given up\n");
	virtio_reset_device(rng);
	virtqueue_detach_unused_buf(requests);
	rng = NULL;
}

static int send_request(size_t want)
{
	struct scatterlist sg;
	unsigned long flags;
	int err;

	reinit_completion(&filled);
	sg_init_one(&sg, buffer, (unsigned int)want);
	spin_lock_irqsave(&queue_lock, flags);
	err = virtqueue_add_inbuf(requests, &sg, 1, buffer, GFP_ATOMIC);
	if (!err)
		virtqueue_kick(requests);
	spin_unlock_irqrestore(&queue_lock, flags);
	return err;
}

/* When patience ends the answer may be there, and only the interrupt missing. */
static bool wait_filled(void)
{
	if (wait_for_completion_timeout(&filled, io_patience(PATIENCE)))
		return true;
	request_done(requests);
	return try_wait_for_completion(&filled);
}

/* One request: how many bytes came, or a negative errno. */
static ssize_t fill_buffer(size_t want)
{
	int err;

	if (!rng)
		return -ENODEV;
	want = min(want, PAGE_SIZE);
	err = send_request(want);
	if (err)
		return err;
	if (!wait_filled()) {
		take_back();
		return -ETIMEDOUT;
	}
	return filled_bytes && filled_bytes <= want ? (ssize_t)filled_bytes : -EIO;
}

int rng_read(void *buf, size_t len)
{
	char *to = buf;
	ssize_t got = 0;

	mutex_lock(&lock);
	for (; len && got >= 0; len -= (size_t)got, to += got) {
		got = fill_buffer(len);
		if (got < 0)
			break;
		memcpy(to, buffer, (size_t)got);
	}
	mutex_unlock(&lock);
	return got < 0 ? (int)got : 0;
}

static int probe(struct virtio_device *vdev)
{
	struct virtqueue *vq;

	if (rng)
		return -EBUSY;
	if (!buffer)
		buffer = (void *)__get_free_page(GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	init_completion(&filled);
	vq = virtio_find_single_vq(vdev, request_done, "entropy");
	if (IS_ERR(vq))
		return (int)PTR_ERR(vq);
	requests = vq;
	virtio_device_ready(vdev);
	rng = vdev;
	return 0;
}

static void remove(struct virtio_device *vdev)
{
	mutex_lock(&lock);
	virtio_reset_device(vdev);
	vdev->config->del_vqs(vdev);
	rng = NULL;
	mutex_unlock(&lock);
}

static const struct virtio_device_id ids[] = { { VIRTIO_ID_RNG }, { 0 } };

static struct virtio_driver driver = {
	.name = "virtio-rng",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

module_virtio_driver(driver);
