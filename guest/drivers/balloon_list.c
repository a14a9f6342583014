/* SPDX-License-Identifier: MIT */
#include <linux/kernel.h>

#include "balloon_list.h"

static struct page *next_of(const struct page *page)
{
	return (struct page *)page->private;
}

static struct page *before(const struct page *page)
{
	return (struct page *)page->index;
}

/* Who stands before page is followed by `to` now, and who follows it has `from` before it. */
static void link_to(struct balloon_list *list, const struct page *page, struct page *from,
		    struct page *to)
{
	if (before(page))
		before(page)->private = (unsigned long)to;
	else
		list->first = to;
	if (next_of(page))
		next_of(page)->index = (unsigned long)from;
}

void balloon_list_add(struct balloon_list *list, struct page *page,
		      const struct movable_operations *ops)
{
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	page->private = (unsigned long)list->first;
	page->index = 0;
	if (list->first)
		list->first->index = (unsigned long)page;
	list->first = page;
	list->nr++;
	__SetPageMovable(page, ops);
	spin_unlock_irqrestore(&list->lock, flags);
}

struct page *balloon_list_take(struct balloon_list *list)
{
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	page = list->first;
	if (page) {
		link_to(list, page, NULL, next_of(page));
		list->nr--;
		__ClearPageMovable(page);
	}
	spin_unlock_irqrestore(&list->lock, flags);
	return page;
}

bool balloon_list_replace(struct balloon_list *list, struct page *dst, struct page *src)
{
	unsigned long flags;
	bool good;

	spin_lock_irqsave(&list->lock, flags);
	good = PageMovable(src) && !page_in_use(src);
	if (good) {
		/* What the migration copied may have changed since. */
		dst->private = src->private;
		dst->index = src->index;
		link_to(list, src, dst, dst);
	}
	spin_unlock_irqrestore(&list->lock, flags);
	return good;
}

bool balloon_list_holds(struct balloon_list *list, struct page *page)
{
	unsigned long flags;
	bool there;

	spin_lock_irqsave(&list->lock, flags);
	there = PageMovable(page);
	spin_unlock_irqrestore(&list->lock, flags);
	return there;
}
