/* SPDX-License-Identifier: MIT */
/*
 * The simplest virtio device, for tests of the core: two queues; a request is any readable
 * part and a writable part of at least 1 byte.  The device fills the writable part with the
 * readable bytes (repeated, each plus 1; 0x5a when there are none), then a last byte 0.
 * A DMA fault, or more than 64 KiB in a part, completes the request with used length 0.
 */
#ifndef MOCK_MODEL_H
#define MOCK_MODEL_H

#include "devices/virtio/virtio.h"
#include "tests/unit/devices/mock_driver.h"

#define MOCK_MODEL_QUEUES     2
#define MOCK_MODEL_QUEUE_SIZE 64
#define MOCK_MODEL_HELD	      64
#define MOCK_MODEL_FEATURE    5 /* a feature bit of its own */

struct mock_model_config {
	le32 answer; /* 42 */
	le32 scratch; /* writable */
};

struct mock_model {
	struct virtio_dev vd;
	struct mock_model_config config;
	bool hold; /* keep chains instead of answering them */
	struct virtq_chain *held[MOCK_MODEL_HELD];
	unsigned int nr_held;
	unsigned int notified, activated, resets, drains, config_writes;
	int fail_attach;
	bool *destroyed;
};

/* Makes one and plugs it; fails the test when that does not work. */
struct mock_model *mock_model_plug(struct machine *m, uint8_t devfn);
struct mock_model *mock_model_new(void);
/* Answers the held request i. */
void mock_model_complete(struct mock_model *mm, unsigned int i);

#endif
