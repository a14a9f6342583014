/* SPDX-License-Identifier: MIT */
/*
 * virtio entropy device: each buffer is filled straight from the host's random source,
 * up to MAX_FILL bytes (the specification lets a device give less than asked), so that
 * no request holds the event loop for long.
 */
#include "devices/virtio_rng.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "devices/util.h"

#define QUEUE_SIZE 64u
#define MAX_FILL   65536u

struct virtio_rng {
	struct virtio_dev vd;
	ssize_t (*source)(void *bytes, size_t count);
	uint64_t bytes,
		dry; /* given; requests that the source left without all of theirs */
};

struct fill {
	const struct virtio_rng *rng;
	uint32_t done;
};

static struct virtio_rng *of(struct virtio_dev *vd)
{
	return container_of(vd, struct virtio_rng, vd);
}

static ssize_t host_source(void *bytes, size_t count)
{
	return getrandom(bytes, count, GRND_NONBLOCK);
}

static int fill_piece(void *arg, void *piece, uint64_t len)
{
	struct fill *fill = arg;
	uint8_t *to = piece;

	while (len) {
		ssize_t n = fill->rng->source(to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EAGAIN;
		to += n;
		len -= (uint64_t)n;
		fill->done += (uint32_t)n;
	}
	return 0;
}

static bool handle(void *arg, struct virtq_chain *chain)
{
	struct virtio_rng *rng = arg;
	struct fill fill = { .rng = rng };
	struct dma_cursor c = virtq_writable(chain);

	if (dma_cursor_walk(&c, c.left < MAX_FILL ? c.left : MAX_FILL, fill_piece, &fill))
		rng->dry++;
	rng->bytes += fill.done;
	virtq_push(chain, fill.done);
	return true;
}

static void rng_notify(struct virtio_dev *vd, struct virtq *q)
{
	virtq_process(q, handle, of(vd));
}

/* Nothing is ever in flight. */
static void rng_drain(struct virtio_dev *vd, struct virtq *q)
{
	(void)vd;
	(void)q;
}

static void rng_stats(struct virtio_dev *vd, stat_fn fn, void *arg)
{
	fn(arg, "bytes", of(vd)->bytes);
	fn(arg, "dry", of(vd)->dry);
}

static void rng_destroy(struct virtio_dev *vd)
{
	virtio_fini(vd);
	free(of(vd));
}

static const struct virtio_model rng_model = {
	.id = VIRTIO_ID_RNG,
	.pci_class = 0x00ff, /* unclassified */
	.status = &(const struct virtio_status){ .size = 0 },
	.notify = rng_notify,
	.drain = rng_drain,
	.stats = rng_stats,
	.destroy = rng_destroy,
};

int virtio_rng_create(const struct virtio_rng_config *config, struct virtio_dev **out)
{
	static const uint16_t size = QUEUE_SIZE;
	struct virtio_rng *rng = calloc(1, sizeof(*rng));
	int error;

	if (!rng)
		return -ENOMEM;
	rng->source = config->source ? config->source : host_source;
	error = virtio_init(&rng->vd, &rng_model, config->name, 0, &size, 1);
	if (error) {
		free(rng);
		return error;
	}
	*out = &rng->vd;
	return 0;
}
