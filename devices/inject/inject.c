/* SPDX-License-Identifier: MIT */
/* Injectors: their rules, interrupts, transfers, and how a device goes away.  Completions are
 * in inject_completion.c. */
#include "devices/inject/inject.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "devices/inject/inject_internal.h"
#include "devices/virtio/virtio_pci.h"

#define NS_PER_SEC 1000000000ull

static const struct {
	const char *name, *stat;
} kinds[INJECT_KINDS] = {
	[INJECT_SHORT] = { "short", "inject.short" },
	[INJECT_FLIP] = { "flip", "inject.flip" },
	[INJECT_LATE] = { "late", "inject.late" },
	[INJECT_REORDER] = { "reorder", "inject.reorder" },
	[INJECT_LOST] = { "lost", "inject.lost" },
	[INJECT_SPURIOUS] = { "spurious", "inject.spurious" },
	[INJECT_ERROR] = { "error", "inject.error" },
	[INJECT_GONE] = { "gone", "inject.gone" },
};

const char *inject_name(enum inject_kind kind)
{
	return kinds[kind].name;
}

/* --- rules -------------------------------------------------------------------------------- */

bool inject_now(struct inject *in, enum inject_kind kind)
{
	struct inject_state *s = &in->state[kind];

	if (!s->every || ++s->opportunities % s->every)
		return false;
	s->injected++;
	return true;
}

/* splitmix64: every seed is as good as any other. */
uint64_t inject_random(struct inject *in, enum inject_kind kind, uint64_t below)
{
	uint64_t z = in->state[kind].random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) % below;
}

void inject_tell(const struct inject *in, enum inject_kind kind, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	host_report(in->dev->pci->host, HOST_INFO, in->dev->device.name,
		    "injected %s %" PRIu64 ": %s", kinds[kind].name,
		    in->state[kind].injected, text);
}

void inject_stats(const struct inject *in, stat_fn fn, void *arg)
{
	for (unsigned int i = 0; in && i < INJECT_KINDS; i++)
		if (in->state[i].every)
			fn(arg, kinds[i].stat, in->state[i].injected);
}

/* --- the timer ---------------------------------------------------------------------------- */

uint64_t inject_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

void inject_set_timer(struct inject *in)
{
	uint64_t due = in->leaving ? 1 : UINT64_MAX;
	struct itimerspec when = { 0 };

	for (const struct inject_held *h = in->held; h; h = h->next)
		if (h->due_ns < due)
			due = h->due_ns;
	if (due != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(due / NS_PER_SEC);
		when.it_value.tv_nsec = (long)(due % NS_PER_SEC);
	}
	timerfd_settime(in->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void timer_fired(void *arg, uint32_t events)
{
	struct inject *in = arg;
	uint64_t times;

	(void)events;
	if (read(in->timer.fd, &times, sizeof(times)) != sizeof(times))
		return;
	if (in->leaving) {
		in->leaving = false;
		pci_dev_vanish(in->dev);
	}
	inject_complete_due(in, inject_clock_ns());
	inject_set_timer(in);
}

/* --- life --------------------------------------------------------------------------------- */

#define TRANSFERS_INTO_RAM (1u << INJECT_SHORT | 1u << INJECT_FLIP)
/* What a device without virtqueues can do wrong, of all. */
#define TRANSFER_KINDS                                                    \
	(TRANSFERS_INTO_RAM | 1u << INJECT_LOST | 1u << INJECT_SPURIOUS | \
	 1u << INJECT_ERROR | 1u << INJECT_GONE)

static bool has_meaning(const struct virtio_dev *vd, enum inject_kind kind)
{
	if (!vd)
		return TRANSFER_KINDS >> kind & 1;
	/* Without its IOMMU a machine has not lost a device but its walls. */
	if (kind == INJECT_GONE && vd->model->id == VIRTIO_ID_IOMMU)
		return false;
	/* No request of a balloon's has bytes for the device to write. */
	if (TRANSFERS_INTO_RAM >> kind & 1 && vd->model->id == VIRTIO_ID_BALLOON)
		return false;
	return kind != INJECT_ERROR || vd->model->status;
}

static int create(struct pci_dev *dev, struct virtio_dev *vd)
{
	struct inject *in = calloc(1, sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	in->dev = dev;
	in->vd = vd;
	in->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	in->timer.fn = timer_fired;
	in->timer.arg = in;
	err = in->timer.fd < 0 ? -errno : host_watch(dev->pci->host, &in->timer, EPOLLIN);
	if (!err) {
		dev->dma.inject = in;
		return 0;
	}
	if (in->timer.fd >= 0)
		close(in->timer.fd);
	free(in);
	return err;
}

int inject_add(struct pci_dev *dev, const struct inject_rule *rule)
{
	struct virtio_dev *vd = virtio_pci_device(dev);
	struct inject_state *s;
	int err = has_meaning(vd, rule->kind) ? 0 : -EOPNOTSUPP;

	if (!err && !dev->dma.inject)
		err = create(dev, vd);
	if (err)
		return err;
	s = &dev->dma.inject->state[rule->kind];
	if (s->every)
		return -EEXIST;
	*s = (struct inject_state){ .every = rule->every, .random = rule->seed };
	return 0;
}

void inject_free(struct inject *in)
{
	if (!in)
		return;
	inject_drain(in, NULL);
	host_unwatch(in->dev->pci->host, &in->timer);
	close(in->timer.fd);
	free(in);
}

void inject_reset(struct inject *in)
{
	if (!in)
		return;
	in->leaving = false;
	inject_set_timer(in);
}

/* --- interrupts and transfers ------------------------------------------------------------- */

bool inject_doorbell(struct inject *in)
{
	if (!inject_now(in, INJECT_SPURIOUS))
		return false;
	inject_tell(in, INJECT_SPURIOUS, "an interrupt for nothing");
	return true;
}

bool inject_interrupt(struct inject *in)
{
	if (!inject_now(in, INJECT_LOST))
		return false;
	inject_tell(in, INJECT_LOST, "an interrupt is not sent");
	return true;
}

int inject_transfer(struct inject *in, uint64_t *len)
{
	if (in->vd)
		return 0;
	if (inject_now(in, INJECT_GONE)) {
		inject_tell(in, INJECT_GONE, "the device goes");
		in->leaving = true;
		inject_set_timer(in);
	}
	if (inject_now(in, INJECT_SPURIOUS)) {
		inject_tell(in, INJECT_SPURIOUS, "an interrupt for nothing");
		pci_msi_fire(in->dev);
	}
	if (inject_now(in, INJECT_ERROR)) {
		inject_tell(in, INJECT_ERROR, "a transfer of %" PRIu64 " bytes fails",
			    *len);
		*len = 0;
		return -EIO;
	}
	if (*len > 1 && inject_now(in, INJECT_SHORT)) {
		uint64_t cut = 1 + inject_random(in, INJECT_SHORT, *len - 1);

		inject_tell(in, INJECT_SHORT, "%" PRIu64 " of %" PRIu64 " bytes", cut,
			    *len);
		*len = cut;
		return -EIO;
	}
	return 0;
}

int64_t inject_flip(struct inject *in, uint64_t len)
{
	uint64_t bit;

	if (in->vd || !inject_now(in, INJECT_FLIP))
		return -1;
	bit = inject_random(in, INJECT_FLIP, len * 8);
	inject_tell(in, INJECT_FLIP, "bit %" PRIu64 " of byte %" PRIu64 " of %" PRIu64,
		    bit % 8, bit / 8, len);
	return (int64_t)bit;
}
