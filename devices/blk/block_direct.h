/* SPDX-License-Identifier: MIT */
/*
 * Direct transfers: the host moves bytes between the medium and memory itself, past its page
 * cache, and wants the range and each piece of memory aligned for that.
 *
 * A guest promises no alignment: a driver may ask for any sector, with a buffer anywhere.
 * Such a request goes through a bounce buffer, window by window, where a window is the
 * aligned range around the part that is wanted.  To write a part of a window, the window is
 * read first; another write in it at the same time would be undone by that, so such a request
 * is alone at the engine.
 *
 * The buffers are made at the beginning: a request that finds none waits for one, and nothing
 * can fail for want of memory later.
 */
#ifndef DEVICES_BLOCK_DIRECT_H
#define DEVICES_BLOCK_DIRECT_H

#include "devices/blk/block_engine.h"

struct block_direct {
	unsigned int align; /* of ranges of the medium; 0: transfers are not direct */
	unsigned int memory; /* of addresses */
	char *pool; /* the bounce buffers, one behind the other */
	uint32_t free; /* bit n: buffer n is nobody's */
};

/* For an open file: `align` of both, or 0: as the host says.  0; -EINVAL: more than can be
 * done; -ENOMEM. */
int block_direct_open(struct block_direct *d, int fd, unsigned int align);
void block_direct_close(struct block_direct *d);

/* Before the first step: takes what the request needs, and sees whether it must be alone.
 * False: it has to wait. */
bool block_direct_admit(struct block_direct *d, struct block_request *req);
/* After its last. */
void block_direct_release(struct block_direct *d, struct block_request *req);

/* Makes of a transfer's step what the host takes. */
void block_direct_step(const struct block_direct *d, struct block_request *req,
		       struct block_step *step);
/* How many of the request's own bytes the step moved; 0: none could be, a negative errno, or
 * BLOCK_DIRECT_MORE: it was a preparation. */
#define BLOCK_DIRECT_MORE INT64_MIN
int64_t block_direct_moved(const struct block_direct *d, struct block_request *req,
			   int64_t result);

#endif
