/* SPDX-License-Identifier: MIT */
/*
 * A block engine that does as the test says: steps start and stay, until the test ends
 * one with a result of its choice.  Nothing reaches the medium.  When it is made to
 * wait (drain, cancel), every step ends well.
 */
#ifndef MOCK_BLOCK_ENGINE_H
#define MOCK_BLOCK_ENGINE_H

#include "devices/blk/block_engine.h"

#define MOCK_STEPS 64

/* The one instance; cleared when a backend opens it. */
struct mock_engine {
	struct block_step step[MOCK_STEPS]; /* started, oldest first */
	struct block_request *req[MOCK_STEPS];
	unsigned int count;
	unsigned int total; /* steps started since it was opened */
	bool newest_first; /* which of them ends next */
	int64_t result; /* of the next one to end */
	unsigned int due; /* how many end in the next polls */
	int event_fd;
};
extern struct mock_engine mock_engine;
extern const struct block_engine block_engine_mock;

/* The bytes a step would move. */
int64_t mock_engine_bytes(const struct block_step *step);
/* One step ends with `result` as soon as the backend is polled. */
void mock_engine_end(int64_t result);

#endif
