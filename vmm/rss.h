/* SPDX-License-Identifier: MIT */
/* How much of the host's memory this process takes, the guest's apart from its own. */
#ifndef VMM_RSS_H
#define VMM_RSS_H

#include <stddef.h>
#include <stdint.h>

struct rss {
	uint64_t guest; /* bytes inside the mapping of guest RAM */
	uint64_t monitor; /* bytes outside; shared pages of libraries count in full */
};

/* Reads /proc/self/smaps.  0 or a negative errno. */
int rss_read(const void *guest_ram, size_t size, struct rss *rss);

#endif
