/* SPDX-License-Identifier: MIT */
/* Inside the store of call chains, for who describes it. */
#ifndef MM_STACKDEPOT_H
#define MM_STACKDEPOT_H

#include <linux/stackdepot.h>
#include <linux/types.h>

#define STACK_DEPOT_SLOTS 4096U /* a power of two */

struct depot_chain {
	u32 hash; /* 0: free */
	u32 n; /* 0: being written */
	unsigned long pcs[STACK_DEPOT_DEPTH];
};

extern struct depot_chain *stack_depot; /* by handle - 1; NULL: off */

#endif
