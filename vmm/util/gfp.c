/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include <abi/gfp.h>

#include "vmm/util/gfp.h"

#define NAMED(flag, value) { #flag, (value) },

static const struct {
	const char *name;
	uint64_t bits;
} flags[] = { ABI_GFP_FLAGS(NAMED) };

const char *gfp_text(uint64_t gfp, char *buf, size_t size)
{
	size_t i, at = 0;

	snprintf(buf, size, "%s", gfp ? "" : "none");
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]) && at < size; i++) {
		if ((gfp & flags[i].bits) != flags[i].bits)
			continue;
		gfp &= ~flags[i].bits;
		at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? "|" : "",
				       flags[i].name);
	}
	if (gfp && at < size)
		snprintf(buf + at, size - at, "%s%#" PRIx64, at ? "|" : "", gfp);
	return buf;
}
