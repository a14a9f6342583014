/* SPDX-License-Identifier: MIT */
/* Byte counts as people read them. */
#ifndef VMM_UNITS_H
#define VMM_UNITS_H

#include <stdint.h>

/* For %llu: whole MiB, rounded down and up. */
static inline unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

static inline unsigned long long mib_up(uint64_t bytes)
{
	return mib(bytes) + (bytes & ((1u << 20) - 1) ? 1 : 0);
}

#endif
