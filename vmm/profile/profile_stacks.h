/* SPDX-License-Identifier: MIT */
/*
 * How often each call chain was met: a table of bounded size, filled by one thread without
 * taking memory.  Pure.
 */
#ifndef VMM_PROFILE_STACKS_H
#define VMM_PROFILE_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROFILE_DEPTH	   64 /* frames of one chain */
#define PROFILE_STACKS_MAX 8192 /* different chains, */
#define PROFILE_FRAMES_MAX (1u << 18) /* and frames in all of them */

struct profile_stack {
	uint64_t count; /* > 0 */
	uint32_t hash;
	uint32_t first; /* of its frames */
	uint32_t depth; /* 1 to PROFILE_DEPTH */
};

struct profile_stacks {
	unsigned int nr;
	unsigned int nr_frames;
	struct profile_stack stack[PROFILE_STACKS_MAX];
	uint64_t frames[PROFILE_FRAMES_MAX]; /* of each: innermost first */
	/* By hash, open addressing: the number of a stack plus one, 0 free; more than there are
	 * stacks, so a free one always ends a search. */
	uint16_t slots[2 * PROFILE_STACKS_MAX];
};

/* Large, and costs memory as it fills.  NULL: no memory.  For free(). */
struct profile_stacks *profile_stacks_create(void);
/* One more of this chain, 1 to PROFILE_DEPTH frames.  False: there is no room for another. */
bool profile_stacks_add(struct profile_stacks *stacks, const uint64_t *frames,
			unsigned int depth);

#endif
