/* SPDX-License-Identifier: MIT */
/* Failures on purpose (include/linux/fault-inject.h). */
#ifndef _LINUX_FAULT_INJECT_H
#define _LINUX_FAULT_INJECT_H

#include <linux/types.h>

/*
 * Which calls fail: of the calls asked, each interval-th, with this probability in percent,
 * after `space` units were let through, at most `times` times (-1: without end).
 * All zero: none.
 */
struct fault_attr {
	unsigned long probability;
	unsigned long interval;
	atomic_t times;
	atomic_t space;
	atomic_long_t count; /* calls asked */
	atomic_long_t failed; /* calls failed */
	u64 random; /* state of the generator; repeats from run to run */
};

/* Parses Linux's "interval,probability,space,times" into attr; -EINVAL (attr unchanged)
 * for anything else. */
int setup_fault_attr(struct fault_attr *attr, const char *arg);
/* Shall this call, of `size` units, fail? */
bool should_fail(struct fault_attr *attr, ssize_t size);

#endif
