/* SPDX-License-Identifier: MIT */
#ifndef TIME_H
#define TIME_H

#include <stdint.h>

struct timespec {
	int64_t tv_sec, tv_nsec;
};

int nanosleep(const struct timespec *t);

/* The time-stamp counter, for costs. */
static inline uint64_t cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#endif
