/* SPDX-License-Identifier: MIT */
/*
 * Broken rules, counted: sleeping in atomic context, WARN_ON.  A run in which one was
 * reported fails, unless an experiment said beforehand that it will provoke it.
 */
#ifndef GUEST_CONTEXT_H
#define GUEST_CONTEXT_H

#include <linux/types.h>

/* The next n context violations are wanted: they are recorded, printed in one line, and do
 * not count against the run. */
void context_violations_expect(unsigned int n);
/* How many of the expected ones did not come; expects none any more. */
unsigned int context_violations_outstanding(void);

/* The last violation, expected or not. */
struct context_violation {
	const char *what;
	u64 count; /* violations so far, this one included */
	unsigned int depth; /* return addresses in pcs, innermost first */
	unsigned long pcs[8];
};
void context_violation_last(struct context_violation *v);

/* Unexpected violations and warnings since boot; experiments compare before and after. */
unsigned long kernel_complaints(void);
/* Counts one more: for __warn(). */
void kernel_complain(void);

#endif
