/* SPDX-License-Identifier: MIT */
/*
 * virtio memory balloon (virtio 1.2, section 5.5): inflate, deflate, statistics, deflate on
 * out-of-memory, free page reporting.
 *
 * The embedder says how memory is given back, since that depends on what backs it.  A page
 * that was given back and is touched again reads as zero.  The device never trusts a page
 * number: what is not RAM, is page 0, lies in a ring of this device, or is in the balloon
 * already, is counted and left alone.
 *
 * Page numbers are guest-physical, so the device does not offer ACCESS_PLATFORM and must not
 * stand behind an IOMMU.
 */
#ifndef DEVICES_VIRTIO_BALLOON_H
#define DEVICES_VIRTIO_BALLOON_H

#include <abi/virtio_balloon.h>

#include "devices/virtio/virtio.h"

struct virtio_balloon;

struct virtio_balloon_config_in {
	const char *name; /* "balloon0"; outlives the device */
	uint32_t target; /* pages of 4 KiB wanted at first */
	bool deflate_on_oom; /* is offered */
	bool reporting; /* is offered */
	/*
	 * What is given back at once, as the host backs memory: a power of two, 4096 or
	 * more.  Of larger units only those are given back of which the balloon has every
	 * page.
	 */
	uint64_t unit;
	/* Gives [host, host + len) back, whole units of guest RAM.  0 or a negative errno. */
	int (*give_back)(void *ctx, void *host, uint64_t len);
	/* The driver says that it holds another number of pages now.  May be NULL. */
	void (*changed)(void *ctx, uint32_t actual);
	void *ctx;
};

/* What the guest said last.  Bit n of `valid`: value[n] (VIRTIO_BALLOON_S_n) was told. */
struct virtio_balloon_stats {
	uint64_t value[VIRTIO_BALLOON_S_NR];
	uint32_t valid;
	int64_t last_update; /* seconds since 1970; 0: never */
};

/* 0, -EINVAL (unit), or -ENOMEM.  virtio_balloon_dev() goes to a transport. */
int virtio_balloon_create(const struct virtio_balloon_config_in *config,
			  struct virtio_balloon **out);
struct virtio_dev *virtio_balloon_dev(struct virtio_balloon *b);

/* How many pages the balloon shall have: the driver is told. */
void virtio_balloon_set_target(struct virtio_balloon *b, uint32_t pages);
uint32_t virtio_balloon_target(const struct virtio_balloon *b);
/* How many the driver says that it has. */
uint32_t virtio_balloon_actual(const struct virtio_balloon *b);

/* The driver agreed on this feature (bit number) and runs. */
bool virtio_balloon_has(const struct virtio_balloon *b, unsigned int feature);

/* Asks the guest for new statistics; they come when it answers.  -EAGAIN: it has not
 * answered the last time, or there is no driver that knows how. */
int virtio_balloon_ask_stats(struct virtio_balloon *b);
/* Asks every so many seconds; 0: not any more.  0 or a negative errno. */
int virtio_balloon_poll_stats(struct virtio_balloon *b, uint32_t seconds);
uint32_t virtio_balloon_poll_interval(const struct virtio_balloon *b);
const struct virtio_balloon_stats *virtio_balloon_stats(const struct virtio_balloon *b);

#endif
