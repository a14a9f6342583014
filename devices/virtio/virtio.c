/* SPDX-License-Identifier: MIT */
/*
 * Features, status, reset, pause: what is the same for every virtio device.
 *
 * A queue is stopped before its model is drained: pushes then go nowhere, so that nothing
 * of the old requests reaches the driver's rings or interrupts it.
 */
#include "devices/virtio/virtio.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "devices/inject/inject.h"
#include "devices/virtio/virtq_ring.h"

#define CORE_FEATURES                                  \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |          \
	 VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | \
	 VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX) |     \
	 VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

/* Status bits that the driver sets. */
#define DRIVER_STATUS                                              \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |    \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK | \
	 VIRTIO_CONFIG_S_FAILED)

int virtio_init(struct virtio_dev *vd, const struct virtio_model *model, const char *name,
		uint64_t features, const uint16_t *sizes, unsigned int nr_queues)
{
	*vd = (struct virtio_dev){ .model = model,
				   .name = name,
				   .offered = CORE_FEATURES | model->features | features,
				   .nr_queues = nr_queues };
	if (nr_queues > VIRTIO_MAX_QUEUES)
		return -EINVAL;
	vd->queue = calloc(nr_queues, sizeof(*vd->queue));
	if (!vd->queue)
		return -ENOMEM;
	for (unsigned int i = 0; i < nr_queues; i++) {
		if (virtq_init(&vd->queue[i], vd, i, sizes[i])) {
			virtio_fini(vd);
			return -ENOMEM;
		}
	}
	return 0;
}

void virtio_fini(struct virtio_dev *vd)
{
	for (unsigned int i = 0; vd->queue && i < vd->nr_queues; i++)
		virtq_fini(&vd->queue[i]);
	free(vd->queue);
	vd->queue = NULL;
}

int virtio_attach(struct virtio_dev *vd, const struct virtio_transport *transport,
		  struct host *host, struct dma_port *dma)
{
	int error;

	vd->transport = transport;
	vd->host = host;
	vd->dma = dma;
	error = vd->model->attached ? vd->model->attached(vd) : 0;
	/* The port goes away with the transport. */
	if (error)
		vd->dma = NULL;
	return error;
}

bool virtio_has(const struct virtio_dev *vd, unsigned int bit)
{
	return vd->accepted >> bit & 1;
}

bool virtio_live(const struct virtio_dev *vd)
{
	return (vd->status & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !(vd->status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

bool virtio_running(const struct virtio_dev *vd)
{
	return virtio_live(vd) && !vd->paused;
}

void virtio_broken(struct virtio_dev *vd, const char *fmt, ...)
{
	va_list ap;

	if (vd->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	vd->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (host_limit_pass(&vd->reports)) {
		va_start(ap, fmt);
		host_vreport(vd->host, HOST_WARN, vd->name, fmt, ap);
		va_end(ap);
	}
	if (vd->status & VIRTIO_CONFIG_S_DRIVER_OK)
		vd->transport->config_interrupt(vd);
}

/* --- queues -------------------------------------------------------------------------- */

static void notify_queue(struct virtio_dev *vd, struct virtq *q)
{
	if (q->enabled && virtio_running(vd))
		vd->model->notify(vd, q);
}

static void notify_all(struct virtio_dev *vd)
{
	for (unsigned int i = 0; i < vd->nr_queues; i++)
		notify_queue(vd, &vd->queue[i]);
}

void virtio_notify(struct virtio_dev *vd, unsigned int index)
{
	struct virtq *q;

	if (index >= vd->nr_queues)
		return;
	q = &vd->queue[index];
	q->count.notifications++;
	if (vd->dma->inject && q->enabled && virtio_running(vd) &&
	    inject_doorbell(vd->dma->inject))
		vd->transport->queue_interrupt(vd, q);
	notify_queue(vd, q);
}

bool virtio_queue_enable(struct virtq *q)
{
	struct virtio_dev *vd = q->vd;
	const char *wrong;

	if (q->enabled)
		return true;
	if (vd->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return false;
	wrong = vd->status & VIRTIO_CONFIG_S_FEATURES_OK
			? virtq_check(q, virtio_has(vd, VIRTIO_RING_F_EVENT_IDX))
			: "features are not agreed";
	if (wrong) {
		if (host_limit_pass(&vd->reports))
			host_report(vd->host, HOST_WARN, vd->name,
				    "queue %u not enabled: %s", q->index, wrong);
		return false;
	}
	virtq_start(q);
	vd->transport->queue_enabled(vd, q);
	notify_queue(vd, q);
	return true;
}

/* When it returns no chain of q (NULL: of any queue) is in flight. */
static void drain(struct virtio_dev *vd, struct virtq *q)
{
	vd->model->drain(vd, q);
	if (vd->dma && vd->dma->inject)
		inject_drain(vd->dma->inject, q);
}

/* After a drain: forgets the driver's set-up. */
static void stop_queue(struct virtq *q)
{
	if (q->nr_in_flight)
		host_report(q->vd->host, HOST_ERROR, q->vd->name,
			    "queue %u: %u chains survived a drain", q->index,
			    q->nr_in_flight);
	virtq_stop(q);
}

void virtio_queue_reset(struct virtq *q)
{
	q->enabled = false;
	drain(q->vd, q);
	stop_queue(q);
}

/* --- status -------------------------------------------------------------------------- */

void virtio_reset(struct virtio_dev *vd)
{
	for (unsigned int i = 0; i < vd->nr_queues; i++)
		vd->queue[i].enabled = false;
	drain(vd, NULL);
	for (unsigned int i = 0; i < vd->nr_queues; i++)
		stop_queue(&vd->queue[i]);
	vd->status = 0;
	vd->accepted = 0;
	if (vd->model->reset)
		vd->model->reset(vd);
}

void virtio_power_on(struct virtio_dev *vd)
{
	if (vd->model->power_on)
		vd->model->power_on(vd);
}

static bool features_acceptable(const struct virtio_dev *vd)
{
	if (vd->dma->translator && !virtio_has(vd, VIRTIO_F_ACCESS_PLATFORM))
		return false;
	return virtio_has(vd, VIRTIO_F_VERSION_1) && !(vd->accepted & ~vd->offered);
}

void virtio_set_status(struct virtio_dev *vd, uint8_t status)
{
	uint8_t new = status &DRIVER_STATUS &(uint8_t)~vd->status;

	if ((new &VIRTIO_CONFIG_S_FEATURES_OK) && !features_acceptable(vd))
		new &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	if (!((vd->status | new) & VIRTIO_CONFIG_S_FEATURES_OK))
		new &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	vd->status |= new;
	if (!(new &VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (vd->model->activate)
		vd->model->activate(vd);
	notify_all(vd);
}

void virtio_accept_features(struct virtio_dev *vd, unsigned int word, uint32_t value)
{
	unsigned int shift = word * 32;

	if (word > 1 || vd->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	vd->accepted &= ~(0xffffffffull << shift);
	vd->accepted |= (uint64_t)value << shift;
}

uint32_t virtio_offered_features(const struct virtio_dev *vd, unsigned int word)
{
	return word > 1 ? 0 : (uint32_t)(vd->offered >> (word * 32));
}

/* --- configuration ------------------------------------------------------------------- */

void virtio_set_config(struct virtio_dev *vd, const void *config, unsigned int len)
{
	vd->config = config;
	vd->config_len = len;
}

void virtio_config_changed(struct virtio_dev *vd)
{
	vd->config_generation++;
	if (virtio_live(vd))
		vd->transport->config_interrupt(vd);
}

uint64_t virtio_config_read(struct virtio_dev *vd, uint64_t offset, unsigned int len)
{
	uint64_t value = 0;

	if (offset < vd->config_len) {
		uint64_t there = vd->config_len - offset;

		memcpy(&value, (const char *)vd->config + offset,
		       len < there ? len : there);
	}
	return value;
}

void virtio_config_write(struct virtio_dev *vd, uint64_t offset, unsigned int len,
			 uint64_t value)
{
	if (!vd->model->config_write || offset >= vd->config_len ||
	    len > vd->config_len - offset)
		return;
	vd->model->config_write(vd, (unsigned int)offset, len, value);
}

/* --- the machine's side -------------------------------------------------------------- */

void virtio_quiesce(struct virtio_dev *vd)
{
	if (vd->paused)
		return;
	vd->paused = true;
	drain(vd, NULL);
}

void virtio_resume(struct virtio_dev *vd)
{
	if (!vd->paused)
		return;
	vd->paused = false;
	notify_all(vd);
}

void virtio_stats(struct virtio_dev *vd, stat_fn fn, void *arg)
{
	struct virtq_counters sum = { 0 };

	for (unsigned int i = 0; i < vd->nr_queues; i++) {
		const struct virtq_counters *c = &vd->queue[i].count;

		sum.popped += c->popped;
		sum.pushed += c->pushed;
		sum.interrupts += c->interrupts;
		sum.notifications += c->notifications;
	}
	fn(arg, "queue.requests", sum.popped);
	fn(arg, "queue.completions", sum.pushed);
	fn(arg, "queue.interrupts", sum.interrupts);
	fn(arg, "queue.notifications", sum.notifications);
	fn(arg, "queue.broken", vd->reports.count);
	if (vd->model->stats)
		vd->model->stats(vd, fn, arg);
}

void virtio_destroy(struct virtio_dev *vd)
{
	virtio_reset(vd);
	if (vd->model->destroy)
		vd->model->destroy(vd);
}
