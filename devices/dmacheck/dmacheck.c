/* SPDX-License-Identifier: MIT */
/*
 * The dmacheck device: takes one request at a time, round the queues in turn, and works
 * on it in slices.  Between two slices the event loop serves the others: the device
 * wakes itself through an eventfd.  Requests that wait do so in the rings, at no cost.
 *
 * A job can be long: 64 GiB, for segments may overlap, are most of a minute.  A pause does not
 * wait for it: between two steps nothing of guest memory is held, and the job goes on afterwards.
 */
#include "devices/dmacheck/dmacheck.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/dmacheck/dmacheck_job.h"
#include "devices/util.h"

#define QUEUE_SIZE  256u
#define SLICE_UNITS 16u /* 1 MiB */

struct dmacheck {
	struct virtio_dev vd;
	struct dmacheck_config config;
	struct host_watch more; /* readable: a slice is due */
	bool watching;
	struct virtq_chain *chain; /* of the job under way; NULL: none is */
	struct dmacheck_job job;
	unsigned int turn; /* the queue to be asked first for the next job */
	uint64_t requests, refused, faults, bytes;
};

static struct dmacheck *of(struct virtio_dev *vd)
{
	return container_of(vd, struct dmacheck, vd);
}

static void complete(struct dmacheck *d)
{
	struct virtq_chain *chain = d->chain;
	struct virtq *q = chain->q;
	uint32_t used = dmacheck_job_answer(&d->job, virtq_writable(chain));

	if (d->job.resp.status == DMACHECK_S_FAULT)
		d->faults++;
	else if (d->job.resp.status != DMACHECK_S_OK)
		d->refused++;
	d->bytes += d->job.pos;
	dmacheck_job_end(&d->job);
	d->chain = NULL;
	virtq_push(chain, used);
	virtq_signal(q);
}

static void take(struct dmacheck *d, struct virtq_chain *chain)
{
	uint64_t room = chain->in_len;

	d->requests++;
	if (room < sizeof(struct dmacheck_resp)) {
		struct virtq *q = chain->q;

		d->refused++;
		virtq_push(chain, 0);
		virtq_signal(q);
		return;
	}
	room = (room - sizeof(struct dmacheck_resp)) / sizeof(struct dmacheck_run);
	d->chain = chain;
	if (!dmacheck_job_start(&d->job, virtq_readable(chain), d->config.max_bytes,
				room))
		complete(d);
}

/* The next chain of any queue.  NULL: none; the driver will notify. */
static struct virtq_chain *next_chain(struct dmacheck *d)
{
	struct virtq_chain *chain = NULL;

	for (unsigned int i = 0; !chain && i < d->vd.nr_queues; i++) {
		struct virtq *q = &d->vd.queue[d->turn];

		d->turn = (d->turn + 1) % d->vd.nr_queues;
		chain = virtq_pop(q);
		if (!chain && virtq_notify_on(q))
			chain = virtq_pop(q);
	}
	return chain;
}

/* One slice.  A refused request costs as much of it as a unit of a good one. */
static void work(struct dmacheck *d)
{
	struct virtq_chain *chain;

	if (!virtio_running(&d->vd))
		return; /* paused: not even the rings are touched */
	for (unsigned int i = 0; i < SLICE_UNITS; i++) {
		if (d->chain) {
			if (!dmacheck_job_step(&d->job))
				complete(d);
			continue;
		}
		chain = next_chain(d);
		if (!chain)
			return;
		take(d, chain);
	}
	eventfd_write(d->more.fd, 1);
}

static void more(void *arg, uint32_t events)
{
	struct dmacheck *d = arg;
	eventfd_t count;

	(void)events;
	eventfd_read(d->more.fd, &count);
	work(d);
}

static void dmacheck_notify(struct virtio_dev *vd, struct virtq *q)
{
	struct dmacheck *d = of(vd);

	(void)q;
	/* Of a job under way a slice is due, but for one that came due in a pause. */
	if (d->chain)
		eventfd_write(d->more.fd, 1);
	else
		work(d);
}

/* A pause leaves the job where it stands; a reset forgets it. */
static void dmacheck_drain(struct virtio_dev *vd, struct virtq *q)
{
	struct dmacheck *d = of(vd);

	if (!d->chain || d->chain->q->enabled || (q && q != d->chain->q))
		return;
	dmacheck_job_end(&d->job);
	virtq_drop(d->chain);
	d->chain = NULL; /* the slice that is due goes on with the other queues */
}

static int dmacheck_attached(struct virtio_dev *vd)
{
	struct dmacheck *d = of(vd);
	int error = host_watch(vd->host, &d->more, EPOLLIN);

	d->watching = !error;
	return error;
}

static void dmacheck_stats(struct virtio_dev *vd, stat_fn fn, void *arg)
{
	const struct dmacheck *d = of(vd);

	fn(arg, "requests", d->requests);
	fn(arg, "refused", d->refused);
	fn(arg, "faults", d->faults);
	fn(arg, "bytes", d->bytes);
}

static void dmacheck_destroy(struct virtio_dev *vd)
{
	struct dmacheck *d = of(vd);

	if (d->watching)
		host_unwatch(vd->host, &d->more);
	if (d->more.fd >= 0)
		close(d->more.fd);
	dmacheck_job_fini(&d->job);
	virtio_fini(vd);
	free(d);
}

static const struct virtio_model dmacheck_model = {
	.id = VIRTIO_ID_DMACHECK,
	.pci_class = 0x00ff, /* unclassified */
	.status = &(const struct virtio_status){ .size = sizeof(le32),
						 .error = DMACHECK_S_FAULT },
	.attached = dmacheck_attached,
	.notify = dmacheck_notify,
	.drain = dmacheck_drain,
	.stats = dmacheck_stats,
	.destroy = dmacheck_destroy,
};

static int open_parts(struct dmacheck *d)
{
	d->more.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->more.fd < 0)
		return -errno;
	d->more.fn = more;
	d->more.arg = d;
	return dmacheck_job_init(&d->job);
}

int dmacheck_create(const struct dmacheck_params *params, struct virtio_dev **out)
{
	static const uint16_t sizes[DMACHECK_MAX_QUEUES] = { QUEUE_SIZE, QUEUE_SIZE,
							     QUEUE_SIZE, QUEUE_SIZE };
	unsigned int nr_queues = params->nr_queues ? params->nr_queues : 1;
	struct dmacheck *d;
	int error;

	if (nr_queues > DMACHECK_MAX_QUEUES)
		return -EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	error = virtio_init(&d->vd, &dmacheck_model, params->name, 0, sizes, nr_queues);
	if (error) {
		free(d);
		return error;
	}
	error = open_parts(d);
	if (error) {
		dmacheck_destroy(&d->vd);
		return error;
	}
	d->config = (struct dmacheck_config){
		.version = DMACHECK_VERSION,
		.num_queues = nr_queues,
		.max_segments = DMACHECK_MAX_SEGMENTS,
		.max_runs = DMACHECK_MAX_RUNS,
		.max_bytes = params->max_bytes ? params->max_bytes : DMACHECK_MAX_BYTES,
	};
	virtio_set_config(&d->vd, &d->config, sizeof(d->config));
	*out = &d->vd;
	return 0;
}
