/* SPDX-License-Identifier: MIT */
/*
 * Pages that can move (include/linux/migrate.h).
 *
 * A page is movable when its owner can have the contents elsewhere: the owner says so, and
 * says how.  Compaction and contiguous areas then may ask for it at any time, from any CPU:
 *
 *	isolate_page	the owner lets the page be moved soon, or does not
 *	migrate_page	the owner copies it and uses the copy from now on, or cannot
 *	putback_page	it was not moved after all
 *
 * Rules.  Movable pages are single ones.  The owner may give a page up at any moment, also
 * while it is on its way: __ClearPageMovable(), then put_page().  So each of the functions
 * above may be called for a page that was given up just now: under the lock that guards its
 * table the owner looks whether PageMovable(page) still holds.  From __SetPageMovable()
 * until the page is free, lru and mapping belong to the migration; private and index are
 * the owner's and go with the contents.  None of the three may allocate memory.
 */
#ifndef _LINUX_MIGRATE_H
#define _LINUX_MIGRATE_H

#include <linux/list.h>
#include <linux/mm.h>

enum migrate_mode {
	MIGRATE_ASYNC, /* waits for nothing */
	MIGRATE_SYNC_LIGHT, /* may wait for locks */
	MIGRATE_SYNC, /* may wait for anything */
};

enum migrate_reason { MR_COMPACTION, MR_CONTIG_RANGE };

struct movable_operations {
	/* May the page be moved?  Then it must not be freed or moved by others but through
	 * this interface. */
	bool (*isolate_page)(struct page *page);
	/* Copies src to dst and lets dst take its place; both have private, index and a
	 * reference more than the owner's.  0; -EAGAIN when it is in use at the moment
	 * (page_in_use(src) among other things).  The migration frees src. */
	int (*migrate_page)(struct page *dst, struct page *src, enum migrate_mode mode);
	void (*putback_page)(struct page *page);
};

/* The page, allocated with __GFP_MOVABLE and order 0, can be moved by ops from now on. */
void __SetPageMovable(struct page *page, const struct movable_operations *ops);
/* It cannot any more.  It may be on its way still: migrate_page() will find out. */
void __ClearPageMovable(struct page *page);

/* Of an isolated page: does anybody but its owner and the migration hold it? */
static inline bool page_in_use(struct page *page)
{
	return atomic_read(&page->_refcount) != 2;
}

/* --- for those who want pages moved --- */

/* Takes the page for moving, with a reference; any page may be asked for.  The caller puts
 * it on a list by lru. */
bool isolate_movable_page(struct page *page);
/* The pages stay where they are. */
void putback_movable_pages(struct list_head *pages);

typedef struct page *new_page_t(struct page *page, unsigned long private);
typedef void free_page_t(struct page *page, unsigned long private);

/*
 * Moves the isolated pages to pages that get_new_page gives (each live, with one reference;
 * NULL: there is none).  What is not used goes to put_new_page.  Those not moved remain on
 * the list, and their number is returned; -ENOMEM when there was no new page.  *moved, if
 * not NULL, counts the others.  May sleep unless MIGRATE_ASYNC.
 */
int migrate_pages(struct list_head *from, new_page_t *get_new_page,
		  free_page_t *put_new_page, unsigned long private,
		  enum migrate_mode mode, enum migrate_reason reason,
		  unsigned int *moved);

/* Since boot: pages moved, and attempts that failed. */
struct migrate_info {
	unsigned long moved[MR_CONTIG_RANGE + 1];
	unsigned long failed[MR_CONTIG_RANGE + 1];
};
void migrate_info(struct migrate_info *info);

#endif
