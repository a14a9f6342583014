/* SPDX-License-Identifier: MIT */
/* A guest's allocation flags, and others that have names, in words. */
#ifndef VMM_UTIL_GFP_H
#define VMM_UTIL_GFP_H

#include <stddef.h>
#include <stdint.h>

struct bit_name {
	uint64_t bits;
	const char *name;
};

/* "A|B", of the first names that fit; what has no name is a number at the end, and no bits
 * are no words.  buf is always ended; returns it. */
const char *bits_text(const struct bit_name *names, size_t nr, uint64_t bits, char *buf,
		      size_t size);

#define GFP_FLAGS 36
extern const struct bit_name gfp_flags[GFP_FLAGS];

/* Bytes that hold the names of any flags. */
#define GFP_TEXT 512

/* "GFP_KERNEL|__GFP_ZERO", as Linux's events have it; without flags "none". */
const char *gfp_text(uint64_t gfp, char *buf, size_t size);

#endif
