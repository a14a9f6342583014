/* SPDX-License-Identifier: MIT */
/* How much of the host's memory this process takes, the guest's apart from its own. */
#ifndef VMM_RSS_H
#define VMM_RSS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct rss {
	uint64_t guest; /* bytes inside the mapping of guest RAM */
	uint64_t monitor; /* bytes outside; shared pages of libraries count in full */
};

/*
 * Opens /proc/self/smaps, which a confined thread cannot do, to be read once later.  NULL:
 * there is none.  fclose() closes it.
 */
FILE *rss_open(void);
/* Reads it.  0 or a negative errno. */
int rss_read(FILE *smaps, const void *guest_ram, size_t size, struct rss *rss);

#endif
