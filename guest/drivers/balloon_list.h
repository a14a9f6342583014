/* SPDX-License-Identifier: MIT */
/*
 * The pages in a balloon: single ones that can move, linked by page->private (the next one)
 * and page->index (the one before), so that a balloon of any size needs no memory.
 */
#ifndef GUEST_DRIVERS_BALLOON_LIST_H
#define GUEST_DRIVERS_BALLOON_LIST_H

#include <linux/migrate.h>
#include <linux/spinlock.h>

struct balloon_list {
	spinlock_t lock; /* guards the rest, and the links of the pages */
	struct page *first;
	unsigned long nr;
};

/* The page, allocated with __GFP_MOVABLE, goes in; `ops` move it. */
void balloon_list_add(struct balloon_list *list, struct page *page,
		      const struct movable_operations *ops);
/* The page that came in last goes out, and cannot move any more; NULL: there is none. */
struct page *balloon_list_take(struct balloon_list *list);
/* dst takes the place of src, in migrate_page(); false when src went out, or is in use. */
bool balloon_list_replace(struct balloon_list *list, struct page *dst, struct page *src);
bool balloon_list_holds(struct balloon_list *list, struct page *page);

#endif
