/* SPDX-License-Identifier: MIT */
/* A guest's allocation flags in words. */
#ifndef VMM_UTIL_GFP_H
#define VMM_UTIL_GFP_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that hold the names of any flags. */
#define GFP_TEXT 512

/* "GFP_KERNEL|__GFP_ZERO", as Linux's events have it: what has no name is a number at the end;
 * without flags "none".  buf is always ended; returns it. */
const char *gfp_text(uint64_t gfp, char *buf, size_t size);

#endif
