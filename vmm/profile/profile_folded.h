/* SPDX-License-Identifier: MIT */
/*
 * A profile with names, as lines: "vCPU 0;outermost;...;innermost COUNT", what flamegraph.pl
 * and others call folded stacks.  Frames without a name are [user], [boot] (before there are
 * page tables) or [unknown]; time in which a vCPU was halted is the frame [idle].
 */
#ifndef VMM_PROFILE_FOLDED_H
#define VMM_PROFILE_FOLDED_H

#include <jansson.h>

#include "vmm/profile/profile.h"
#include "vmm/util/symbols.h"

struct folded_line {
	char *stack;
	uint64_t count;
};

/* Ascending by stack, as folded_compare() has it; none twice. */
struct folded {
	size_t nr;
	struct folded_line *line;
};

/* idle[] has for each vCPU how many samples it would have been, had it not been halted. */
int folded_make(struct folded *folded, const struct profile *profile,
		const struct symbols *symbols, const uint64_t *idle);
void folded_free(struct folded *folded);

/* Order of stacks: those that begin with the same frames are side by side. */
int folded_compare(const char *a, const char *b);

/* 0 or a negative errno. */
int folded_write(const struct folded *folded, int fd);
/* For the report. */
json_t *folded_json(const struct folded *folded, const struct profile *profile,
		    const uint64_t *idle);

#endif
