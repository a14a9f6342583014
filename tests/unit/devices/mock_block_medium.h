/* SPDX-License-Identifier: MIT */
/* A file as the medium of a block backend, and random work on it against a model in memory. */
#ifndef MOCK_BLOCK_MEDIUM_H
#define MOCK_BLOCK_MEDIUM_H

#include "devices/blk/block_backend.h"

#define MEDIUM_SIZE (1 << 20)

extern char medium_dir[], medium_path[64];

/* For cmocka: the directory it stands in. */
int medium_make_dir(void **state);
int medium_remove_dir(void **state);
/* The file with these bytes, NULL: zeroes. */
void medium_make(const void *bytes, size_t size);
/* XXH3 of the file, whose size must be this. */
uint64_t medium_hash(size_t size);

/* Below `below`; repeats from run to run. */
uint32_t medium_random(uint32_t below);
void medium_wait(int fd);
/* A thousand random requests, many in flight at a time: any byte, any length, any pieces of
 * memory.  The file is the model's in the end. */
void medium_random_run(const struct block_config *config);

#endif
