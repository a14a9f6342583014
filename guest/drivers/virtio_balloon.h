/* SPDX-License-Identifier: MIT */
/* Between the files of the balloon's driver; one balloon at most. */
#ifndef GUEST_DRIVERS_VIRTIO_BALLOON_H
#define GUEST_DRIVERS_VIRTIO_BALLOON_H

#include <abi/virtio_balloon.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/page_reporting.h>
#include <linux/virtio_config.h>

#include "balloon_list.h"

/* Pages told at once; what fits into a quarter of a page. */
#define BALLOON_BATCH 256U

/* How long the device may take for a request, unless io_timeout= says otherwise. */
#define BALLOON_PATIENCE (10 * HZ)

enum { BALLOON_INFLATE, BALLOON_DEFLATE, BALLOON_STATS, BALLOON_REPORT, BALLOON_QUEUES };

struct virtio_balloon {
	struct virtio_device *vdev; /* NULL: there is none, or given up */
	struct virtqueue *vq[BALLOON_QUEUES]; /* NULL: not agreed on */
	struct task_struct *thread;
	wait_queue_head_t wake; /* for the thread */
	bool changed; /* the target or the limit: the balloon follows, from now on */
	bool following; /* it does, until it is there, or memory is short */
	bool stuck; /* nothing more can be done at the moment */
	unsigned long limit;

	/* Guards all pages on their way in and out: who holds it may tell the device. */
	struct mutex lock;
	struct balloon_list pages;
	le32 *numbers; /* (lock) BALLOON_BATCH, for the device to read */
	struct page *batch[BALLOON_BATCH]; /* (lock) */
	struct page *fresh[BALLOON_BATCH]; /* the thread's: not in it yet */
	struct completion told; /* (lock) */

	struct virtio_balloon_stat *stats; /* the device's while it holds them */
	bool stats_wanted;
	unsigned long stats_told;

	spinlock_t
		answers_lock; /* guards taking answers: an interrupt does, and who waits */

	struct mutex report_lock; /* guards reporting */
	struct page_reporting_dev_info reporting;
	struct completion reported; /* (report_lock) */
	bool reports_held;
};

extern struct virtio_balloon balloon;

/* virtio_balloon_pages.c.  Both return how many pages went, at most BALLOON_BATCH.  Inflating
 * is the thread's alone. */
unsigned int balloon_inflate(struct virtio_balloon *b, unsigned int n);
unsigned int balloon_deflate(struct virtio_balloon *b, unsigned int n);
/* The device is reset: the pages come back without a word. */
void balloon_empty(struct virtio_balloon *b);

/* virtio_balloon_stats.c */
int balloon_stats_init(struct virtio_balloon *b);
void balloon_send_stats(struct virtio_balloon *b);

/* Waits for the one answer in the queue, which `done` is told of.  False: there is none. */
bool balloon_wait(struct virtqueue *vq, struct completion *done);
/* The device does not answer: it is reset, and the balloon is at an end. */
void balloon_give_up(struct virtio_balloon *b);

#endif
