/* SPDX-License-Identifier: MIT */
/*
 * The list of permitted system calls: one table, from which the filters, the command
 * `pagevisor sandbox` and the man page are made.
 *
 * A row permits one call to some threads, when some feature is there, if its arguments are as
 * the row says.  A call with several rows is permitted if one of them permits it.  Who adds a
 * feature adds a bit to enum sandbox_feature, its name to sandbox_feature_name(), and rows.
 */
#ifndef VMM_SANDBOX_CALLS_H
#define VMM_SANDBOX_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/sandbox/sandbox.h"

#define SANDBOX_CONDITIONS 2

/* (argument & mask) == value.  mask 0: no condition. */
struct sandbox_condition {
	unsigned int arg; /* 0 to 5 */
	uint64_t mask, value;
};

struct sandbox_call {
	int nr; /* __NR_* */
	unsigned int threads; /* bits 1 << enum sandbox_thread */
	unsigned int features; /* one of these is needed; 0: none */
	struct sandbox_condition condition[SANDBOX_CONDITIONS];
	const char *arguments; /* the condition for people; NULL: none */
	const char *why;
};

/* A value that stands for the id of this process. */
#define SANDBOX_OWN_PID (~0ull)

extern const struct sandbox_call sandbox_calls[];
extern const size_t sandbox_nr_calls;

/* For people: "main", "vCPU", "sweeper"; "a disk through io_uring" for one bit. */
const char *sandbox_thread_name(enum sandbox_thread thread);
const char *sandbox_feature_name(unsigned int feature);

/* Does the row hold for this thread with these features? */
bool sandbox_call_applies(const struct sandbox_call *call, enum sandbox_thread thread,
			  unsigned int features);

#endif
