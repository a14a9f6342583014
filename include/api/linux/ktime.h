/* SPDX-License-Identifier: MIT */
/* The monotonic clock (include/linux/ktime.h): the time-stamp counter in nanoseconds. */
#ifndef _LINUX_KTIME_H
#define _LINUX_KTIME_H

#include <linux/types.h>

typedef s64 ktime_t;

#define NSEC_PER_SEC  1000000000UL
#define NSEC_PER_MSEC 1000000UL
#define NSEC_PER_USEC 1000UL

extern unsigned int tsc_khz; /* counts of the time-stamp counter in a millisecond */

/* Nanoseconds since the kernel took up the clock. */
u64 ktime_get_ns(void);

static inline ktime_t ktime_get(void)
{
	return (ktime_t)ktime_get_ns();
}

#endif
