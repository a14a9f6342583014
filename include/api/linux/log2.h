/* SPDX-License-Identifier: MIT */
/* Powers of two (include/linux/log2.h). */
#ifndef _LINUX_LOG2_H
#define _LINUX_LOG2_H

#include <linux/types.h>

/* The number of the highest bit set; undefined for 0. */
static inline unsigned int ilog2(unsigned long n)
{
	return 63 - (unsigned int)__builtin_clzl(n);
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* Undefined for 0 and above 2^63. */
static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << (ilog2(n - 1) + 1);
}

#endif
