/* SPDX-License-Identifier: MIT */
/* For xxhash.h: it asserts only when debugged. */
#define static_assert _Static_assert
#define assert(c) ((void)0)
