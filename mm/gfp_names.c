/* SPDX-License-Identifier: MIT */
/* Allocation flags in words, as Linux's reports have them. */
#include <abi/gfp.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sprintf.h>

struct gfp_name {
	gfp_t bits;
	const char *name;
};

#define NAME(flag, value) { flag, #flag },
#define SAME(flag, value) _Static_assert((flag) == (value), "as the monitor knows it");

static const struct gfp_name gfp_names_table[] = { ABI_GFP_FLAGS(NAME) };
ABI_GFP_FLAGS(SAME)

const char *gfp_names(gfp_t gfp, char *buf, size_t size)
{
	size_t len = 0;

	if (!gfp)
		scnprintf(buf, size, "0");
	for (size_t i = 0; gfp && i < ARRAY_SIZE(gfp_names_table); i++) {
		const struct gfp_name *entry = &gfp_names_table[i];

		if ((gfp & entry->bits) != entry->bits)
			continue;
		gfp &= ~entry->bits;
		len += (size_t)scnprintf(buf + len, size - len, "%s%s", len ? "|" : "",
					 entry->name);
	}
	if (gfp)
		scnprintf(buf + len, size - len, "%s%#x", len ? "|" : "", gfp);
	return buf;
}
