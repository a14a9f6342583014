/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include <abi/gfp.h>

#include "vmm/util/gfp.h"

#define NAMED(flag, value) { (value), #flag },

const struct bit_name gfp_flags[GFP_FLAGS] = { ABI_GFP_FLAGS(NAMED) };

const char *bits_text(const struct bit_name *names, size_t nr, uint64_t bits, char *buf,
		      size_t size)
{
	size_t i, at = 0;

	buf[0] = '\0';
	for (i = 0; i < nr && at < size; i++) {
		if ((bits & names[i].bits) != names[i].bits)
			continue;
		bits &= ~names[i].bits;
		at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? "|" : "",
				       names[i].name);
	}
	if (bits && at < size)
		snprintf(buf + at, size - at, "%s%#" PRIx64, at ? "|" : "", bits);
	return buf;
}

const char *gfp_text(uint64_t gfp, char *buf, size_t size)
{
	if (gfp)
		return bits_text(gfp_flags, GFP_FLAGS, gfp, buf, size);
	snprintf(buf, size, "none");
	return buf;
}
