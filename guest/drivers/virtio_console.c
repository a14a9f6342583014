/* SPDX-License-Identifier: MIT */
/*
 * The virtio console (virtio 1.2, section 5.3), one port.  Transmission copies into one page
 * and waits for it; reception keeps one page offered and collects what arrives in a ring
 * that readers take lines from.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <linux/wait.h>
#include <abi/virtio_console.h>
#include <guest/hvc.h>
#include <guest/patience.h>

#define PATIENCE (10 * HZ)
#define INPUT	 4096U /* a power of two */

static struct virtio_device *hvc; /* NULL: none, or given up */
static struct virtqueue *rxq, *txq;

static DEFINE_MUTEX(tx_lock); /* guards the transmit page and queue */
static char *tx_page;
static struct completion sent;
static DEFINE_SPINLOCK(tx_queue_lock); /* guards calls on the transmit queue */

static DEFINE_SPINLOCK(rx_lock); /* guards the receive queue and the ring */
static char *rx_page;
static char input[INPUT];
static unsigned int input_start, input_end; /* ever taken, ever arrived */
static DECLARE_WAIT_QUEUE_HEAD(input_wait);

struct device *hvc_device(void)
{
	return hvc ? hvc->dev.parent : NULL;
}

/* --- output -------------------------------------------------------------------------------- */

static void transmit_done(struct virtqueue *vq)
{
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&tx_queue_lock, flags);
	if (virtqueue_get_buf(vq, &len))
		complete(&sent);
	spin_unlock_irqrestore(&tx_queue_lock, flags);
}

static void forget(struct virtqueue *vq, void *data)
{
	(void)vq;
	(void)data;
}

/* The device lets go of both pages, for good. */
static void stop(struct virtio_device *vdev)
{
	unsigned long flags;

	hvc = NULL;
	virtio_reset_device(vdev);
	virtqueue_detach_unused_buf(txq);
	spin_lock_irqsave(&rx_lock, flags);
	virtqueue_detach_unused_buf(rxq);
	spin_unlock_irqrestore(&rx_lock, flags);
}

/* The device holds output that it does not take. */
static void take_back(void)
{
	dev_err(&hvc->dev, "console does not take output: reset\n");
	if (!virtqueue_reset(txq, forget))
		return;
	dev_err(&hvc->dev, "given up\n");
	stop(hvc);
}

static int offer_output(size_t n)
{
	struct scatterlist sg;
	unsigned long flags;
	int err;

	reinit_completion(&sent);
	sg_init_one(&sg, tx_page, (unsigned int)n);
	spin_lock_irqsave(&tx_queue_lock, flags);
	err = virtqueue_add_outbuf(txq, &sg, 1, tx_page, GFP_ATOMIC);
	if (!err)
		virtqueue_kick(txq);
	spin_unlock_irqrestore(&tx_queue_lock, flags);
	return err;
}

/* When patience ends it may be sent, and only the interrupt missing. */
static bool wait_sent(void)
{
	if (wait_for_completion_timeout(&sent, io_patience(PATIENCE)))
		return true;
	transmit_done(txq);
	return try_wait_for_completion(&sent);
}

static int transmit(const char *s, size_t n)
{
	int err;

	if (!hvc)
		return -ENODEV;
	memcpy(tx_page, s, n);
	err = offer_output(n);
	if (err)
		return err;
	if (wait_sent())
		return 0;
	take_back();
	return -ETIMEDOUT;
}

ssize_t hvc_write(const void *buf, size_t len)
{
	const char *s = buf;
	size_t done = 0;
	int err = 0;

	mutex_lock(&tx_lock);
	while (done < len && !err) {
		size_t now = min(len - done, PAGE_SIZE);

		err = transmit(s + done, now);
		if (!err)
			done += now;
	}
	mutex_unlock(&tx_lock);
	return err ? err : (ssize_t)done;
}

/* --- input --------------------------------------------------------------------------------- */

/* The lock is held. */
static void offer_page(void)
{
	struct scatterlist sg;

	sg_init_one(&sg, rx_page, PAGE_SIZE);
	if (!virtqueue_add_inbuf(rxq, &sg, 1, rx_page, GFP_ATOMIC))
		virtqueue_kick(rxq);
}

static void receive_done(struct virtqueue *vq)
{
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&rx_lock, flags);
	while (virtqueue_get_buf(vq, &len)) {
		/* What nobody reads in time is lost, the newest first. */
		for (unsigned int i = 0; i < len && i < PAGE_SIZE; i++)
			if (input_end - input_start < INPUT)
				input[input_end++ % INPUT] = rx_page[i];
		offer_page();
	}
	spin_unlock_irqrestore(&rx_lock, flags);
	wake_up_all(&input_wait);
}

/* Characters of the first line with its end, or 0 when it is not there yet. */
static size_t line_length(size_t size)
{
	size_t n = 0;

	for (unsigned int at = input_start; at != input_end; at++)
		if (++n == size || input[at % INPUT] == '\n')
			return n;
	return 0;
}

ssize_t hvc_read_line(char *buf, size_t size, unsigned long timeout)
{
	unsigned long flags;
	size_t n;

	if (!hvc)
		return -ENODEV;
	if (!wait_event_timeout(input_wait, line_length(size), timeout))
		receive_done(rxq); /* perhaps only the interrupt is missing */
	spin_lock_irqsave(&rx_lock, flags);
	n = line_length(size);
	if (!n)
		n = min((size_t)(input_end - input_start), size);
	for (size_t i = 0; i < n; i++)
		buf[i] = input[input_start++ % INPUT];
	spin_unlock_irqrestore(&rx_lock, flags);
	return (ssize_t)n;
}

/* --- taking it into use -------------------------------------------------------------------- */

static int probe(struct virtio_device *vdev)
{
	static vq_callback_t *callbacks[2] = { receive_done, transmit_done };
	static const char *const names[2] = { "input", "output" };
	struct virtqueue *vqs[2];
	unsigned long flags;
	int err;

	if (hvc)
		return -EBUSY;
	if (!tx_page)
		tx_page = (char *)__get_free_pages(GFP_KERNEL, 1);
	if (!tx_page)
		return -ENOMEM;
	rx_page = tx_page + PAGE_SIZE;
	init_completion(&sent);
	err = virtio_find_vqs(vdev, 2, vqs, callbacks, names);
	if (err)
		return err;
	rxq = vqs[VIRTIO_CONSOLE_RXQ];
	txq = vqs[VIRTIO_CONSOLE_TXQ];
	virtio_device_ready(vdev);
	hvc = vdev;
	spin_lock_irqsave(&rx_lock, flags);
	offer_page();
	spin_unlock_irqrestore(&rx_lock, flags);
	return 0;
}

static void remove(struct virtio_device *vdev)
{
	mutex_lock(&tx_lock);
	stop(vdev);
	vdev->config->del_vqs(vdev);
	mutex_unlock(&tx_lock);
}

static const struct virtio_device_id ids[] = { { VIRTIO_ID_CONSOLE }, { 0 } };

static struct virtio_driver driver = {
	.name = "virtio-console",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

module_virtio_driver(driver);
