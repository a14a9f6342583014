/* SPDX-License-Identifier: MIT */
/* Out of memory: what the page allocator calls. */
#ifndef MM_OOM_H
#define MM_OOM_H

#include <linux/gfp.h>

/* Nothing is left to reclaim.  True when memory came free, or will soon: try again after a
 * while.  May sleep. */
bool out_of_memory(gfp_t gfp, unsigned int order);
unsigned long oom_count(void);
void oom_reset(void);

#endif
