/* SPDX-License-Identifier: MIT */
/*
 * The driver of dmacheck (<abi/dmacheck.h>).  A call is one request: request and segments in
 * one buffer, response and runs in another, both coherent and made for the call.  Nobody else
 * gets them before the device let go of them: it answers, or its queue is reset.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <guest/dmacheck.h>
#include <guest/patience.h>

#define PATIENCE (30 * HZ) /* for one request, which may read much memory */

static struct {
	struct virtio_device *vdev; /* NULL: there is none, or it was given up */
	struct virtqueue *vq;
	spinlock_t lock; /* guards calls on vq, and: */
	bool resetting; /* requests are being taken back: none is added */
	struct dmacheck_config limits;
	u64 tag; /* of the last request; atomic */
} check;

/* A request in flight, and where it is. */
struct request {
	const struct dmacheck_call *call;
	struct device *dev; /* that its buffers are of */
	struct dmacheck_req *req;
	struct dmacheck_resp *resp;
	size_t req_len, resp_len;
	dma_addr_t req_dma, resp_dma;
	unsigned int written; /* by the device */
	bool unanswered; /* done, but by us */
	struct completion done;
};

struct device *dmacheck_device(void)
{
	return check.vdev ? check.vdev->dev.parent : NULL;
}

const struct dmacheck_config *dmacheck_limits(void)
{
	return check.vdev ? &check.limits : NULL;
}

static void request_done(struct virtqueue *vq)
{
	struct request *r;
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&check.lock, flags);
	while ((r = virtqueue_get_buf(vq, &len))) {
		r->written = len;
		complete(&r->done);
	}
	spin_unlock_irqrestore(&check.lock, flags);
}

static void free_buffers(struct request *r)
{
	if (r->req)
		dma_free_coherent(r->dev, r->req_len, r->req, r->req_dma);
	if (r->resp)
		dma_free_coherent(r->dev, r->resp_len, r->resp, r->resp_dma);
}

static int fill_in(struct request *r)
{
	const struct dmacheck_call *c = r->call;
	struct dmacheck_seg *segs;

	if (!r->dev)
		return -ENODEV;
	r->req_len = sizeof(*r->req) + ((size_t)c->n_src + c->n_dst) * sizeof(*segs);
	r->resp_len =
		sizeof(*r->resp) + (size_t)c->max_runs * sizeof(struct dmacheck_run);
	r->req = dma_alloc_coherent(r->dev, r->req_len, &r->req_dma, GFP_KERNEL);
	r->resp = dma_alloc_coherent(r->dev, r->resp_len, &r->resp_dma, GFP_KERNEL);
	if (!r->req || !r->resp)
		return -ENOMEM;
	*r->req = (struct dmacheck_req){
		.op = c->op,
		.n_src = c->n_src,
		.n_dst = c->n_dst,
		.seed = c->seed,
		.tag = __atomic_add_fetch(&check.tag, 1, __ATOMIC_RELAXED),
	};
	segs = (struct dmacheck_seg *)(r->req + 1);
	memcpy(segs, c->src, c->n_src * sizeof(*segs));
	memcpy(segs + c->n_src, c->dst, c->n_dst * sizeof(*segs));
	init_completion(&r->done);
	return 0;
}

static void set_mapped(struct scatterlist *sg, dma_addr_t addr, size_t len)
{
	sg_dma_address(sg) = addr;
	sg_dma_len(sg) = (unsigned int)len;
}

static int send(struct request *r)
{
	struct scatterlist out, in, *lists[2] = { &out, &in };
	static const unsigned int nents[2] = { 1, 1 };
	unsigned long flags;
	int err;

	set_mapped(&out, r->req_dma, r->req_len);
	set_mapped(&in, r->resp_dma, r->resp_len);
	spin_lock_irqsave(&check.lock, flags);
	err = check.resetting || !check.vdev
		      ? -EIO
		      : virtqueue_add_sgs_premapped(check.vq, lists, nents, 1, 1, r,
						    GFP_ATOMIC);
	if (!err)
		virtqueue_kick(check.vq);
	spin_unlock_irqrestore(&check.lock, flags);
	return err;
}

/* The device let go of the request: there is no answer. */
static void end_unanswered(struct virtqueue *vq, void *data)
{
	struct request *r = data;

	(void)vq;
	r->unanswered = true;
	complete(&r->done);
}

static void set_resetting(bool resetting)
{
	unsigned long flags;

	spin_lock_irqsave(&check.lock, flags);
	check.resetting = resetting;
	spin_unlock_irqrestore(&check.lock, flags);
}

/* Takes all requests back; a device that cannot let its queue go is reset and given up. */
static void reset_queue(void)
{
	struct virtio_device *vdev = check.vdev;
	void *data;

	dev_err(&vdev->dev, "dmacheck does not answer: reset\n");
	set_resetting(true);
	if (virtqueue_reset(check.vq, end_unanswered)) {
		dev_err(&vdev->dev, "given up\n");
		check.vdev = NULL;
		virtio_reset_device(vdev);
		while ((data = virtqueue_detach_unused_buf(check.vq)))
			end_unanswered(check.vq, data);
	}
	set_resetting(false);
}

/* Patience with the request has ended: from here on it is the device's no more.  Perhaps it
 * was answered, and only the interrupt is missing. */
static void take_back(struct request *r)
{
	static DEFINE_MUTEX(one_at_a_time);

	mutex_lock(&one_at_a_time);
	request_done(check.vq);
	/* Somebody else's patience may have ended before. */
	if (!completion_done(&r->done))
		reset_queue();
	mutex_unlock(&one_at_a_time);
	wait_for_completion(&r->done);
}

static int status_error(u32 status)
{
	switch (status) {
	case DMACHECK_S_OK:
		return 0;
	case DMACHECK_S_INVAL:
		return -EINVAL;
	case DMACHECK_S_UNSUPP:
		return -EOPNOTSUPP;
	case DMACHECK_S_TOOBIG:
		return -E2BIG;
	case DMACHECK_S_FAULT:
		return -EFAULT;
	default:
		return -EIO;
	}
}

/* Copies the answer out; what it says. */
static int take_answer(struct request *r, struct dmacheck_resp *resp)
{
	u32 runs;

	if (r->written < sizeof(*resp) || r->written > r->resp_len ||
	    r->resp->tag != r->req->tag)
		return -EIO;
	*resp = *r->resp;
	runs = (u32)((r->written - sizeof(*resp)) / sizeof(struct dmacheck_run));
	if (resp->status == DMACHECK_S_OK && runs < min(resp->n_runs, r->call->max_runs))
		return -EIO;
	if (r->call->runs)
		memcpy(r->call->runs, r->resp + 1,
		       min(runs, r->call->max_runs) * sizeof(struct dmacheck_run));
	return status_error(resp->status);
}

int dmacheck_request(const struct dmacheck_call *call, struct dmacheck_resp *resp)
{
	struct request r = { .call = call, .dev = dmacheck_device() };
	int err;

	might_sleep();
	*resp = (struct dmacheck_resp){ 0 };
	if (!check.vdev)
		return -ENODEV;
	if (call->n_src > check.limits.max_segments ||
	    call->n_dst > check.limits.max_segments ||
	    call->max_runs > check.limits.max_runs)
		return -E2BIG;
	err = fill_in(&r);
	if (!err)
		err = send(&r);
	if (!err && !wait_for_completion_timeout(&r.done, io_patience(PATIENCE)))
		take_back(&r);
	if (!err)
		err = r.unanswered ? -ETIMEDOUT : take_answer(&r, resp);
	free_buffers(&r);
	return err;
}

/* --- the usual questions ------------------------------------------------------------------- */

static int request_hash(const struct dmacheck_call *call, u64 *hash)
{
	struct dmacheck_resp resp;
	int err = dmacheck_request(call, &resp);

	*hash = resp.hash;
	return err;
}

int dmacheck_hash_segs(const struct dmacheck_seg *src, u32 n, u64 *hash)
{
	struct dmacheck_call call = { .op = DMACHECK_OP_HASH, .src = src, .n_src = n };

	return request_hash(&call, hash);
}

int dmacheck_hash(dma_addr_t addr, u64 len, u64 *hash)
{
	struct dmacheck_seg seg = { addr, len };

	return dmacheck_hash_segs(&seg, 1, hash);
}

int dmacheck_hash_sg(struct scatterlist *sg, unsigned int n, u64 *hash)
{
	struct dmacheck_seg *segs = kvmalloc_array(n, sizeof(*segs), GFP_KERNEL);
	struct scatterlist *s;
	unsigned int i;
	int err;

	if (!segs)
		return -ENOMEM;
	for_each_sg (sg, s, n, i)
		segs[i] = (struct dmacheck_seg){ sg_dma_address(s), sg_dma_len(s) };
	err = dmacheck_hash_segs(segs, n, hash);
	kvfree(segs);
	return err;
}

int dmacheck_fill(dma_addr_t addr, u64 len, u64 seed, u64 *hash)
{
	struct dmacheck_seg seg = { addr, len };
	struct dmacheck_call call = {
		.op = DMACHECK_OP_FILL, .dst = &seg, .n_dst = 1, .seed = seed
	};

	return request_hash(&call, hash);
}

int dmacheck_copy(dma_addr_t from, dma_addr_t to, u64 len, u64 *hash)
{
	struct dmacheck_seg src = { from, len }, dst = { to, len };
	struct dmacheck_call call = {
		.op = DMACHECK_OP_COPY, .src = &src, .dst = &dst, .n_src = 1, .n_dst = 1
	};

	return request_hash(&call, hash);
}

int dmacheck_resident(dma_addr_t addr, u64 len, u64 *bytes)
{
	struct dmacheck_seg seg = { addr, len };
	struct dmacheck_call call = { .op = DMACHECK_OP_RESIDENT,
				      .src = &seg,
				      .n_src = 1 };
	struct dmacheck_resp resp;
	int err = dmacheck_request(&call, &resp);

	*bytes = resp.resident;
	return err;
}

int dmacheck_describe(dma_addr_t addr, u64 len, struct dmacheck_run *runs, u32 max_runs,
		      struct dmacheck_resp *resp)
{
	struct dmacheck_seg seg = { addr, len };
	struct dmacheck_call call = { .op = DMACHECK_OP_DESCRIBE,
				      .src = &seg,
				      .n_src = 1,
				      .runs = runs,
				      .max_runs = max_runs };

	return dmacheck_request(&call, resp);
}

/* --- taking it into use -------------------------------------------------------------------- */

static int probe(struct virtio_device *vdev)
{
	struct virtqueue *vq;

	if (check.vdev)
		return -EBUSY;
	virtio_cread_bytes(vdev, 0, &check.limits, sizeof(check.limits));
	if (check.limits.version != DMACHECK_VERSION)
		return -EPROTO;
	spin_lock_init(&check.lock);
	vq = virtio_find_single_vq(vdev, request_done, "requests");
	if (IS_ERR(vq))
		return (int)PTR_ERR(vq);
	check.vq = vq;
	virtio_device_ready(vdev);
	check.vdev = vdev;
	return 0;
}

static void remove(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
	check.vdev = NULL;
	vdev->config->del_vqs(vdev);
}

static const struct virtio_device_id ids[] = { { VIRTIO_ID_DMACHECK }, { 0 } };

static struct virtio_driver driver = {
	.name = "dmacheck",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

module_virtio_driver(driver);
