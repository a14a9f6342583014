/* SPDX-License-Identifier: MIT */
/*
 * A queue is reset under a device that is at work.
 *
 * What a driver does when its device does not answer: from the reset on, the requests'
 * memory is its own again.  So it is written at once, and nothing may change it any more.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <abi/virtio.h>

#include <guest/blk.h>
#include <guest/machine.h>

#include "experiment.h"

#define CHAPTER CHAPTER_DEVICES

#define REQUESTS 8U
#define BYTES	 512U
#define MINE	 0xc3

struct in_flight {
	struct blk_request rq;
	struct scatterlist sg;
	unsigned int ended;
};

static void note_end(struct blk_request *rq)
{
	__atomic_add_fetch(&((struct in_flight *)rq->priv)->ended, 1, __ATOMIC_SEQ_CST);
}

static bool submit(struct blk *blk, struct in_flight *f, char *buf)
{
	sg_init_one(&f->sg, buf, BYTES);
	f->rq = (struct blk_request){ .type = VIRTIO_BLK_T_IN,
				      .data = &f->sg,
				      .nents = 1,
				      .done = note_end,
				      .priv = f };
	return !blk_submit(blk, &f->rq);
}

/* All ended, once, well or by the reset; how many by the reset. */
static unsigned int count_taken_back(struct trial *x, const struct in_flight *f)
{
	unsigned int taken_back = 0;

	for (unsigned int i = 0; i < REQUESTS; i++) {
		int result = f[i].rq.result;

		expect(x, f[i].ended == 1, "request %u ended %u times", i, f[i].ended);
		expect(x, !result || result == -ETIMEDOUT, "request %u: %d", i, result);
		taken_back += result == -ETIMEDOUT;
	}
	return taken_back;
}

EXPERIMENT(
	disk_queue_reset, "disk.queue-reset",
	"a queue that is reset at work: every request ends once, none writes afterwards, "
	"and the disk goes on",
	.needs = NEEDS_DISK)
{
	struct in_flight *f = kcalloc(REQUESTS, sizeof(*f), GFP_KERNEL);
	char *buf = kmalloc((size_t)(REQUESTS + 1) * BYTES, GFP_KERNEL);
	struct blk *blk = blk_get(0);
	unsigned int taken_back, i;

	if (!blk_has(blk, VIRTIO_F_RING_RESET)) {
		skip(x, "this disk cannot reset a queue");
		goto out;
	}
	if (!hypervisor.pagevisor) {
		skip(x,
		     "only of pagevisor's disk it is known that it can do this at work");
		goto out;
	}
	if (!expect(x, f && buf, "no memory"))
		goto out;
	for (i = 0; i < REQUESTS; i++)
		expect(x, submit(blk, &f[i], buf + (size_t)i * BYTES), "request %u", i);
	blk_reset_queue(blk, 0);
	memset(buf, MINE, (size_t)REQUESTS * BYTES);
	taken_back = count_taken_back(x, f);
	for (i = 0; i < 2; i++)
		expect(x, !blk_read(blk, 0, buf + (size_t)REQUESTS * BYTES, BYTES),
		       "read %u after it failed", i);
	expect(x, !memchr_inv(buf, MINE, (size_t)REQUESTS * BYTES),
	       "a request wrote after the reset");
	evidence(x, "%u requests in flight, %u taken back, none wrote afterwards",
		 REQUESTS, taken_back);
out:
	kfree(buf);
	kfree(f);
}
