/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "vmm/profile/profile_stacks.h"

#define SLOTS (2 * PROFILE_STACKS_MAX)

_Static_assert(PROFILE_STACKS_MAX < UINT16_MAX, "slots hold numbers of stacks");

struct profile_stacks *profile_stacks_create(void)
{
	return calloc(1, sizeof(struct profile_stacks));
}

static uint32_t hash_of(const uint64_t *frames, unsigned int depth)
{
	uint64_t hash = depth;
	unsigned int i;

	for (i = 0; i < depth; i++)
		hash = (hash ^ frames[i]) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(hash >> 32);
}

static bool is_same(const struct profile_stacks *s, const struct profile_stack *stack,
		    uint32_t hash, const uint64_t *frames, unsigned int depth)
{
	return stack->hash == hash && stack->depth == depth &&
	       !memcmp(s->frames + stack->first, frames, depth * sizeof(*frames));
}

bool profile_stacks_add(struct profile_stacks *s, const uint64_t *frames,
			unsigned int depth)
{
	uint32_t hash = hash_of(frames, depth), slot = hash % SLOTS;

	for (; s->slots[slot]; slot = (slot + 1) % SLOTS) {
		struct profile_stack *stack = &s->stack[s->slots[slot] - 1];

		if (is_same(s, stack, hash, frames, depth)) {
			stack->count++;
			return true;
		}
	}
	if (s->nr == PROFILE_STACKS_MAX || depth > PROFILE_FRAMES_MAX - s->nr_frames)
		return false;
	s->stack[s->nr++] = (struct profile_stack){ 1, hash, s->nr_frames, depth };
	s->slots[slot] = (uint16_t)s->nr;
	memcpy(s->frames + s->nr_frames, frames, depth * sizeof(*frames));
	s->nr_frames += depth;
	return true;
}
