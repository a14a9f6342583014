/* SPDX-License-Identifier: MIT */
/*
 * A buffer of single pages that can move: the simplest owner of movable pages, for those
 * who need one and as a model for others.  Its bytes are reached by copying, because where
 * they are may change at any time.
 */
#ifndef _LINUX_MOVABLE_BUFFER_H
#define _LINUX_MOVABLE_BUFFER_H

#include <linux/gfp.h>

struct movable_buffer;

/* nr pages, contents undefined unless __GFP_ZERO; NULL when memory ran out.  May sleep. */
struct movable_buffer *movable_buffer_create(unsigned long nr, gfp_t gfp);
/* The same without any page yet. */
struct movable_buffer *movable_buffer_create_empty(unsigned long nr);
/* Gives it page i: a single page that the caller allocated with __GFP_MOVABLE.  -ENXIO: no
 * such entry; -EBUSY: there is a page already. */
int movable_buffer_put_in(struct movable_buffer *buffer, unsigned long i,
			  struct page *page);
/* Any pages of it may be gone already.  NULL: nothing. */
void movable_buffer_free(struct movable_buffer *buffer);

/* Copies len bytes, all in page i, from or to byte `offset` of it.  -ENXIO: no such page, or
 * given up.  -EINVAL: not within one page. */
int movable_buffer_read(struct movable_buffer *buffer, unsigned long i,
			unsigned int offset, void *to, unsigned int len);
int movable_buffer_write(struct movable_buffer *buffer, unsigned long i,
			 unsigned int offset, const void *from, unsigned int len);

/* Gives page i back to the allocator; false when that was done before. */
bool movable_buffer_drop(struct movable_buffer *buffer, unsigned long i);
/* Page i with a reference, so that it stays where it is until put_page(); or NULL. */
struct page *movable_buffer_pin(struct movable_buffer *buffer, unsigned long i);

#endif
