/* SPDX-License-Identifier: MIT */
/*
 * virtio memory balloon: the queues and the configuration; the pages are kept in
 * balloon_pages.c.
 *
 * No chain is ever held.  The buffer of statistics is read when it comes and put back as if
 * it had not been taken; it is taken for good, and returned, when new ones are wanted.
 */
#include "devices/balloon/virtio_balloon.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "devices/balloon/balloon_pages.h"
#include "devices/util.h"

#define QUEUE_SIZE 128u
#define QUEUES	   5u /* inflate, deflate, stats, reporting, and one more: see role() */

#define CHUNK	    256u /* page numbers read at once */
#define MAX_NUMBERS 4096u /* in one request: what is beyond is refused */
#define TURN_PAGES  4096u /* each may be a call of the host: then others get their turn */
#define MAX_STATS   64u /* in one buffer */

enum role { INFLATE, DEFLATE, STATS, REPORT, NOTHING };

struct virtio_balloon {
	struct virtio_dev vd;
	struct virtio_balloon_config_in embedder;
	struct virtio_balloon_config config; /* little-endian */
	struct balloon_pages pages;
	uint64_t turn; /* pages of this turn */

	struct virtio_balloon_stats stats;
	bool stats_here; /* a buffer of statistics waits in the queue, read already */
	uint32_t poll_seconds;
	struct host_watch timer; /* fd -1: there is none */

	uint64_t inflated, deflated; /* pages */
	uint64_t reported; /* bytes */
};

static struct virtio_balloon *of(struct virtio_dev *vd)
{
	return container_of(vd, struct virtio_balloon, vd);
}

/*
 * The driver numbers the queues of the features that it took without gaps, as Linux does;
 * one that counts the queue for free page hints, which is never offered, as the
 * specification does, has the reporting queue one further.
 */
static enum role role(const struct virtio_dev *vd, const struct virtq *q)
{
	if (q->index < STATS)
		return (enum role)q->index;
	if (q->index == STATS && virtio_has(vd, VIRTIO_BALLOON_F_STATS_VQ))
		return STATS;
	return virtio_has(vd, VIRTIO_BALLOON_F_PAGE_REPORTING) ? REPORT : NOTHING;
}

/* --- pages -------------------------------------------------------------------------------- */

/* Does a ring of this device lie there?  Page numbers and rings are both guest-physical:
 * there is no translation. */
static bool hits_ring(const struct virtio_balloon *b, uint64_t gpa, uint64_t len)
{
	for (const struct dma_window *w = b->vd.dma->windows; w; w = w->next)
		if (gpa < w->iova ? w->iova - gpa < len : gpa - w->iova < w->len)
			return true;
	return false;
}

/* A host that backs memory in larger units gives back pages that the driver may take into
 * use without a word, if it need not tell. */
static bool may_inflate(const struct virtio_balloon *b)
{
	return b->pages.unit == BALLOON_PAGE ||
	       virtio_has(&b->vd, VIRTIO_BALLOON_F_MUST_TELL_HOST);
}

static void take_page(struct virtio_balloon *b, uint64_t pfn)
{
	if (!may_inflate(b))
		return;
	if (hits_ring(b, pfn * BALLOON_PAGE, BALLOON_PAGE))
		b->pages.refused++;
	else if (balloon_pages_add(&b->pages, pfn))
		b->inflated++;
}

static void return_page(struct virtio_balloon *b, uint64_t pfn)
{
	if (may_inflate(b) && balloon_pages_remove(&b->pages, pfn))
		b->deflated++;
}

/* All the page numbers of a request; a last one that is not whole is refused. */
static void each_page(struct virtio_balloon *b, struct virtq_chain *chain,
		      void (*fn)(struct virtio_balloon *b, uint64_t pfn))
{
	struct dma_cursor c = virtq_readable(chain);
	uint64_t left = c.left / sizeof(le32);
	le32 number[CHUNK];

	if (c.left % sizeof(le32))
		b->pages.refused++;
	if (left > MAX_NUMBERS) {
		b->pages.refused += left - MAX_NUMBERS;
		left = MAX_NUMBERS;
	}
	while (left) {
		uint64_t n = left < CHUNK ? left : CHUNK;

		if (dma_cursor_read(&c, number, n * sizeof(*number)))
			break;
		for (uint64_t i = 0; i < n; i++)
			fn(b, le32toh(number[i]));
		left -= n;
	}
	balloon_pages_flush(&b->pages);
}

static bool handle_inflate(void *arg, struct virtq_chain *chain)
{
	struct virtio_balloon *b = arg;

	b->turn += chain->out_len / sizeof(le32);
	each_page(b, chain, take_page);
	virtq_push(chain, 0);
	return b->turn < TURN_PAGES;
}

/* The rest of the queue is for the next turn, if the event loop can be asked for one. */
static void inflate(struct virtio_balloon *b, struct virtq *q)
{
	do {
		b->turn = 0;
		virtq_process(q, handle_inflate, b);
	} while (b->turn >= TURN_PAGES && !b->vd.transport->requeue(&b->vd, q));
}

static bool handle_deflate(void *arg, struct virtq_chain *chain)
{
	each_page(arg, chain, return_page);
	virtq_push(chain, 0);
	return true;
}

/* --- free page reporting -------------------------------------------------------------------- */

static int report_piece(void *arg, void *piece, uint64_t len)
{
	struct virtio_balloon *b = arg;

	b->reported += len;
	balloon_pages_report(&b->pages, piece, len);
	/* Now: the access ends, and from then on the bytes are not the device's. */
	balloon_pages_flush(&b->pages);
	return 0;
}

/* The driver counts on the contents of free pages: they must stay. */
static bool is_poisoned(const struct virtio_balloon *b)
{
	return virtio_has(&b->vd, VIRTIO_BALLOON_F_PAGE_POISON) && b->config.poison_val;
}

static bool handle_report(void *arg, struct virtq_chain *chain)
{
	struct virtio_balloon *b = arg;

	for (unsigned int i = 0; i < chain->nr_in && !is_poisoned(b); i++) {
		const struct dma_seg *seg = &chain->seg[chain->nr_out + i];

		if (hits_ring(b, seg->iova, seg->len))
			b->pages.refused++;
		else
			dma_walk(b->vd.dma, seg->iova, seg->len, DMA_WRITE, report_piece,
				 b, NULL);
	}
	virtq_push(chain, 0);
	return true;
}

/* --- statistics --------------------------------------------------------------------------- */

static void read_stats(struct virtio_balloon *b, struct dma_cursor c)
{
	struct virtio_balloon_stats *stats = &b->stats;
	struct virtio_balloon_stat stat;

	memset(stats, 0, sizeof(*stats));
	for (unsigned int i = 0; i < MAX_STATS && c.left >= sizeof(stat); i++) {
		uint16_t tag;

		if (dma_cursor_read(&c, &stat, sizeof(stat)))
			break;
		tag = le16toh(stat.tag);
		if (tag >= VIRTIO_BALLOON_S_NR)
			continue;
		stats->value[tag] = le64toh(stat.val);
		stats->valid |= 1u << tag;
	}
	stats->last_update = time(NULL);
}

static void stats_notify(struct virtio_balloon *b, struct virtq *q)
{
	struct virtq_chain *chain = b->stats_here ? NULL : virtq_pop(q);

	if (!chain)
		return;
	read_stats(b, virtq_readable(chain));
	b->stats_here = true;
	virtq_unpop(chain);
}

int virtio_balloon_ask_stats(struct virtio_balloon *b)
{
	struct virtq *q = &b->vd.queue[STATS];
	struct virtq_chain *chain;

	if (!b->stats_here)
		return -EAGAIN;
	chain = virtq_pop(q);
	if (!chain)
		return -EAGAIN;
	b->stats_here = false;
	virtq_push(chain, 0);
	if (virtq_notify_on(q))
		stats_notify(b, q);
	virtq_signal(q);
	return 0;
}

static void on_timer(void *arg, uint32_t events)
{
	struct virtio_balloon *b = arg;
	uint64_t times;

	(void)events;
	if (read(b->timer.fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
		virtio_balloon_ask_stats(b);
}

int virtio_balloon_poll_stats(struct virtio_balloon *b, uint32_t seconds)
{
	struct itimerspec every = { { seconds, 0 }, { seconds, 0 } };

	if (timerfd_settime(b->timer.fd, 0, &every, NULL))
		return -errno;
	b->poll_seconds = seconds;
	return 0;
}

uint32_t virtio_balloon_poll_interval(const struct virtio_balloon *b)
{
	return b->poll_seconds;
}

const struct virtio_balloon_stats *virtio_balloon_stats(const struct virtio_balloon *b)
{
	return &b->stats;
}

/* --- the model ------------------------------------------------------------------------------ */

/* At the start, since a confined monitor makes no timers. */
static int open_timer(struct virtio_balloon *b)
{
	int ret;

	b->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (b->timer.fd < 0)
		return -errno;
	ret = host_watch(b->vd.host, &b->timer, EPOLLIN);
	if (ret) {
		close(b->timer.fd);
		b->timer.fd = -1;
	}
	return ret;
}

static int balloon_attached(struct virtio_dev *vd)
{
	struct virtio_balloon *b = of(vd);
	int ret;

	b->pages.ram = vd->dma->ram;
	ret = balloon_pages_init(&b->pages);
	return ret ? ret : open_timer(b);
}

static void balloon_notify(struct virtio_dev *vd, struct virtq *q)
{
	switch (role(vd, q)) {
	case INFLATE:
		inflate(of(vd), q);
		break;
	case DEFLATE:
		virtq_process(q, handle_deflate, of(vd));
		break;
	case STATS:
		stats_notify(of(vd), q);
		break;
	case REPORT:
		virtq_process(q, handle_report, of(vd));
		break;
	case NOTHING:
		break;
	}
}

static void balloon_drain(struct virtio_dev *vd, struct virtq *q)
{
	/* Its buffer is gone with the queue. */
	if (q && role(vd, q) == STATS)
		of(vd)->stats_here = false;
}

/* The driver forgets its balloon, so its pages are in use again. */
static void balloon_reset(struct virtio_dev *vd)
{
	struct virtio_balloon *b = of(vd);

	b->stats_here = false;
	b->config.actual = b->config.poison_val = 0;
	if (b->pages.map)
		balloon_pages_clear(&b->pages);
}

static void balloon_config_write(struct virtio_dev *vd, unsigned int offset,
				 unsigned int len, uint64_t value)
{
	struct virtio_balloon *b = of(vd);
	const unsigned int actual = offsetof(struct virtio_balloon_config, actual);
	const unsigned int poison = offsetof(struct virtio_balloon_config, poison_val);
	bool is_actual = offset >= actual && offset + len <= actual + sizeof(le32);
	bool is_poison = offset >= poison && offset + len <= poison + sizeof(le32) &&
			 virtio_has(vd, VIRTIO_BALLOON_F_PAGE_POISON);

	if (!is_actual && !is_poison)
		return;
	value = htole64(value);
	memcpy((char *)&b->config + offset, &value, len);
	if (is_actual && b->embedder.changed)
		b->embedder.changed(b->embedder.ctx, virtio_balloon_actual(b));
}

static void balloon_stats(struct virtio_dev *vd, stat_fn fn, void *arg)
{
	const struct virtio_balloon *b = of(vd);

	fn(arg, "target", virtio_balloon_target(b));
	fn(arg, "actual", virtio_balloon_actual(b));
	fn(arg, "held", b->pages.held);
	fn(arg, "inflated", b->inflated);
	fn(arg, "deflated", b->deflated);
	fn(arg, "refused", b->pages.refused);
	fn(arg, "reported_bytes", b->reported);
	fn(arg, "given_back_bytes", b->pages.given_back);
	fn(arg, "give_back_failed", b->pages.failed);
}

static void balloon_destroy(struct virtio_dev *vd)
{
	struct virtio_balloon *b = of(vd);

	if (b->timer.fd >= 0) {
		host_unwatch(vd->host, &b->timer);
		close(b->timer.fd);
	}
	balloon_pages_fini(&b->pages);
	virtio_fini(vd);
	free(b);
}

static const struct virtio_model balloon_model = {
	.id = VIRTIO_ID_BALLOON,
	.pci_class = 0x00ff, /* unclassified */
	.features = VIRTIO_FEATURE(VIRTIO_BALLOON_F_MUST_TELL_HOST) |
		    VIRTIO_FEATURE(VIRTIO_BALLOON_F_STATS_VQ) |
		    VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_POISON),
	.attached = balloon_attached,
	.notify = balloon_notify,
	.drain = balloon_drain,
	.reset = balloon_reset,
	.config_write = balloon_config_write,
	.stats = balloon_stats,
	.destroy = balloon_destroy,
};

static uint64_t features(const struct virtio_balloon_config_in *config)
{
	return (config->deflate_on_oom ? VIRTIO_FEATURE(VIRTIO_BALLOON_F_DEFLATE_ON_OOM)
				       : 0) |
	       (config->reporting ? VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_REPORTING) : 0);
}

int virtio_balloon_create(const struct virtio_balloon_config_in *config,
			  struct virtio_balloon **out)
{
	static const uint16_t sizes[QUEUES] = { QUEUE_SIZE, QUEUE_SIZE, QUEUE_SIZE,
						QUEUE_SIZE, QUEUE_SIZE };
	struct virtio_balloon *b;
	int error;

	if (config->unit < BALLOON_PAGE || config->unit & (config->unit - 1))
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->embedder = *config;
	b->config.num_pages = htole32(config->target);
	b->pages = (struct balloon_pages){ .unit = config->unit,
					   .give_back = config->give_back,
					   .ctx = config->ctx };
	b->timer = (struct host_watch){ .fd = -1, .fn = on_timer, .arg = b };
	error = virtio_init(&b->vd, &balloon_model, config->name, features(config), sizes,
			    QUEUES);
	if (error) {
		free(b);
		return error;
	}
	b->vd.offered &= ~VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
	virtio_set_config(&b->vd, &b->config, sizeof(b->config));
	*out = b;
	return 0;
}

/* --- the embedder's side -------------------------------------------------------------------- */

struct virtio_dev *virtio_balloon_dev(struct virtio_balloon *b)
{
	return &b->vd;
}

void virtio_balloon_set_target(struct virtio_balloon *b, uint32_t pages)
{
	if (virtio_balloon_target(b) == pages)
		return;
	b->config.num_pages = htole32(pages);
	virtio_config_changed(&b->vd);
}

uint32_t virtio_balloon_target(const struct virtio_balloon *b)
{
	return le32toh(b->config.num_pages);
}

uint32_t virtio_balloon_actual(const struct virtio_balloon *b)
{
	return le32toh(b->config.actual);
}

bool virtio_balloon_has(const struct virtio_balloon *b, unsigned int feature)
{
	return virtio_live(&b->vd) && virtio_has(&b->vd, feature);
}
