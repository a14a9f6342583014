/* SPDX-License-Identifier: MIT */
/* The few macros that every device model uses. */
#ifndef DEVICES_UTIL_H
#define DEVICES_UTIL_H

#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The structure that `ptr` is the `member` of. */
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
