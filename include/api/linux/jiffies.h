/* SPDX-License-Identifier: MIT */
/* Time in ticks of 1/HZ s (include/linux/jiffies.h).  There is no periodic tick: a CPU sets
 * its timer for its next event only, and `jiffies` is worked out from the clock. */
#ifndef _LINUX_JIFFIES_H
#define _LINUX_JIFFIES_H

#include <linux/types.h>

#define HZ 100UL

unsigned long jiffies_now(void);
#define jiffies jiffies_now()

#define time_after(a, b)     ((long)((b) - (a)) < 0)
#define time_before(a, b)    time_after(b, a)
#define time_after_eq(a, b)  ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return (ms * HZ + 999) / 1000;
}

static inline unsigned int jiffies_to_msecs(unsigned long j)
{
	return (unsigned int)(j * (1000 / HZ));
}

#endif
