/* SPDX-License-Identifier: MIT */
/*
 * Moving pages.  <linux/migrate.h> has the rules between owner and migration.
 *
 * Who scans memory for pages to move holds nothing: no lock and no reference.  A page is
 * caught by one atomic step from "movable, held by its owner alone" to "isolated, held by
 * us, too".  Freeing is safe against that because the allocator's free path without atomic
 * operations is closed to pages with PG_movable, and opening it (__ClearPageMovable) is
 * atomic as well: either the page was caught before, and the owner's put_page() is not the
 * last one, or it can no longer be caught.
 *
 * The new page is made movable and isolated before the owner puts it to use, with a
 * reference of ours: the owner may give it up before we have let go of it.
 */
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/sched.h>
#include "mm/page_alloc.h"

#define PASSES 10 /* over pages in use at the moment */

#define REFERENCE (1ULL << 32)

static struct migrate_info info_total; /* atomic */

void __SetPageMovable(struct page *page, const struct movable_operations *ops)
{
	if (WARN_ON(page_order(page)))
		return;
	page->mapping = (void *)ops;
	__atomic_fetch_or(&page->flags, PAGE_FLAG(movable), __ATOMIC_RELEASE);
}

void __ClearPageMovable(struct page *page)
{
	__atomic_fetch_and(&page->flags, ~PAGE_FLAG(movable), __ATOMIC_SEQ_CST);
}

static const struct movable_operations *movable_ops(const struct page *page)
{
	return page->mapping;
}

/* Ends what isolate_movable_page() began. */
static void let_go(struct page *page)
{
	__atomic_fetch_and(&page->flags, ~PAGE_FLAG(isolated), __ATOMIC_SEQ_CST);
	put_page(page);
}

bool isolate_movable_page(struct page *page)
{
	const u32 mask = PAGE_IS_HEAD | PAGE_ORDER_MASK | PAGE_FLAG(movable) |
			 PAGE_FLAG(isolated);
	u64 state = READ_ONCE(page->state);

	if (((u32)state & mask) != (PAGE_FLAG(live) | PAGE_FLAG(movable)) ||
	    state >> 32 != 1)
		return false;
	if (cmpxchg(&page->state, state, (state + REFERENCE) | PAGE_FLAG(isolated)) !=
	    state)
		return false;
	if (movable_ops(page)->isolate_page(page))
		return true;
	let_go(page);
	return false;
}

void putback_movable_pages(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, pages, lru) {
		list_del(&page->lru);
		if (PageMovable(page))
			movable_ops(page)->putback_page(page);
		let_go(page);
	}
}

/* dst is ours; it becomes what src is. */
static void dress(struct page *dst, const struct page *src)
{
	dst->mapping = src->mapping;
	dst->private = src->private;
	dst->index = src->index;
	smp_store_release(&dst->state, STATE_LIVE(0) + REFERENCE + PAGE_FLAG(movable) +
					       PAGE_FLAG(isolated) +
					       (src->flags & PAGE_FLAG(user)));
}

/* Moves an isolated page.  0, and src is free; or an error, and nothing happened. */
static int move_page(struct page *dst, struct page *src, enum migrate_mode mode)
{
	int err;

	dress(dst, src);
	err = movable_ops(src)->migrate_page(dst, src, mode);
	if (err) {
		dst->state = STATE_LIVE(0);
		return err;
	}
	let_go(dst);
	src->state = STATE_LIVE(0);
	free_to_zone(src);
	return 0;
}

static void count(unsigned long *counter, unsigned long n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* Moves each page of the list that can be moved; those that cannot go to `again` or, for
 * good, to `stay`.  0, or -ENOMEM with the rest still on the list. */
static int one_pass(struct list_head *from, struct list_head *again,
		    struct list_head *stay, new_page_t *get_new_page,
		    free_page_t *put_new_page, unsigned long private,
		    enum migrate_mode mode, unsigned int *moved)
{
	while (!list_empty(from)) {
		struct page *page = list_first_entry(from, struct page, lru);
		struct page *dst;
		int err;

		if (!PageMovable(page)) { /* given up meanwhile */
			list_del(&page->lru);
			let_go(page);
			continue;
		}
		dst = get_new_page(page, private);
		if (!dst)
			return -ENOMEM;
		list_del(&page->lru);
		err = move_page(dst, page, mode);
		if (!err) {
			++*moved;
			continue;
		}
		put_new_page(dst, private);
		list_add(&page->lru, err == -EAGAIN ? again : stay);
	}
	return 0;
}

int migrate_pages(struct list_head *from, new_page_t *get_new_page,
		  free_page_t *put_new_page, unsigned long private,
		  enum migrate_mode mode, enum migrate_reason reason, unsigned int *moved)
{
	unsigned int passes = mode == MIGRATE_ASYNC ? 1 : PASSES, done = 0, left;
	LIST_HEAD(stay);
	int err = 0;

	while (passes-- && !list_empty(from) && !err) {
		LIST_HEAD(again);

		err = one_pass(from, &again, &stay, get_new_page, put_new_page, private,
			       mode, &done);
		list_splice_init(&again, from);
		if (mode != MIGRATE_ASYNC)
			cond_resched();
	}
	list_splice_init(&stay, from);
	left = list_count_nodes(from);
	count(&info_total.moved[reason], done);
	count(&info_total.failed[reason], left);
	if (moved)
		*moved += done;
	return err ? err : (int)left;
}

void migrate_info(struct migrate_info *info)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(info->moved); i++) {
		info->moved[i] = READ_ONCE(info_total.moved[i]);
		info->failed[i] = READ_ONCE(info_total.failed[i]);
	}
}
