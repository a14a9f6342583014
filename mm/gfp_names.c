/* SPDX-License-Identifier: MIT */
/* Allocation flags in words, as Linux's reports have them. */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sprintf.h>

struct gfp_name {
	gfp_t bits;
	const char *name;
};

#define NAME(flag)          \
	{                   \
		flag, #flag \
	}

/* Combinations first, the larger ones before their parts. */
static const struct gfp_name gfp_names_table[] = {
	NAME(GFP_HIGHUSER_MOVABLE),
	NAME(GFP_HIGHUSER),
	NAME(GFP_USER),
	NAME(GFP_KERNEL_ACCOUNT),
	NAME(GFP_KERNEL),
	NAME(GFP_NOFS),
	NAME(GFP_ATOMIC),
	NAME(GFP_NOIO),
	NAME(GFP_NOWAIT),
	NAME(GFP_DMA),
	NAME(GFP_DMA32),
	NAME(__GFP_HIGHMEM),
	NAME(__GFP_MOVABLE),
	NAME(__GFP_RECLAIMABLE),
	NAME(__GFP_HIGH),
	NAME(__GFP_IO),
	NAME(__GFP_FS),
	NAME(__GFP_ZERO),
	NAME(__GFP_ATOMIC),
	NAME(__GFP_RECLAIM),
	NAME(__GFP_DIRECT_RECLAIM),
	NAME(__GFP_KSWAPD_RECLAIM),
	NAME(__GFP_WRITE),
	NAME(__GFP_NOWARN),
	NAME(__GFP_RETRY_MAYFAIL),
	NAME(__GFP_NOFAIL),
	NAME(__GFP_NORETRY),
	NAME(__GFP_MEMALLOC),
	NAME(__GFP_COMP),
	NAME(__GFP_NOMEMALLOC),
	NAME(__GFP_HARDWALL),
	NAME(__GFP_THISNODE),
	NAME(__GFP_ACCOUNT),
	NAME(__GFP_COLD),
};

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
