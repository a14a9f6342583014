/* SPDX-License-Identifier: MIT */
/*
 * A block engine whose medium is memory, and whose steps end when and how the target says:
 * at once, later, in another order, short, or with an error.
 */
#ifndef TESTS_FUZZ_MEMORY_ENGINE_H
#define TESTS_FUZZ_MEMORY_ENGINE_H

#include "devices/blk/block_engine.h"

#define MEMORY_DISK_SIZE 0x4000u
#define MEMORY_STEPS	 64u

struct memory_engine {
	uint8_t disk[MEMORY_DISK_SIZE];
	bool read_only; /* no step may write */
	bool lazy; /* steps wait for memory_engine_end() */
	unsigned int count, due; /* steps started; how many of them may end */
	int error; /* of the next one; 0: none */
	uint64_t cut; /* the next one moves at most this; 0: all */
	struct block_step step[MEMORY_STEPS];
	struct block_request *req[MEMORY_STEPS];
	int event_fd;
};

extern struct memory_engine memory_engine;
extern const struct block_engine block_engine_memory;

/* The disk as it is at first, nothing started. */
void memory_engine_init(bool read_only, bool lazy);
/* The path to give to block_backend_open(): a file of MEMORY_DISK_SIZE. */
const char *memory_engine_path(void);
/* One step ends, if there is one, when the backend is polled. */
void memory_engine_end(int error, uint64_t cut);

#endif
