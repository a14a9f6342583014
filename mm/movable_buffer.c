/* SPDX-License-Identifier: MIT */
/*
 * A table of pages that can move.  One lock guards the tables of all buffers: a page that
 * is asked for may have lost its buffer a moment ago, so the way from page to buffer must
 * be safe before the buffer is known.  A page whose PG_movable is set, under the lock, is
 * in the table of the buffer in page->private, at page->index.
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/movable_buffer.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

struct movable_buffer {
	unsigned long nr;
	struct page *page[]; /* (lock) NULL: given up */
};

static DEFINE_SPINLOCK(lock);

/* The entry of a page that is still in a table, or NULL; the lock is held. */
static struct page **entry_of(const struct page *page)
{
	struct movable_buffer *buffer = (struct movable_buffer *)page->private;

	return PageMovable(page) ? &buffer->page[page->index] : NULL;
}

static bool isolate(struct page *page)
{
	unsigned long flags;
	bool there;

	spin_lock_irqsave(&lock, flags);
	there = entry_of(page);
	spin_unlock_irqrestore(&lock, flags);
	return there;
}

static int migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct page **entry;
	unsigned long flags;
	int err = -EAGAIN;

	(void)mode;
	spin_lock_irqsave(&lock, flags);
	entry = entry_of(src);
	if (entry && !page_in_use(src)) {
		copy_highpage(dst, src);
		*entry = dst;
		err = 0;
	}
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

static void putback(struct page *page)
{
	(void)page; /* it never left the table */
}

static const struct movable_operations buffer_ops = {
	.isolate_page = isolate,
	.migrate_page = migrate,
	.putback_page = putback,
};

int movable_buffer_put_in(struct movable_buffer *buffer, unsigned long i,
			  struct page *page)
{
	unsigned long flags;
	int err = i < buffer->nr ? 0 : -ENXIO;

	spin_lock_irqsave(&lock, flags);
	if (!err && buffer->page[i])
		err = -EBUSY;
	if (!err) {
		page->private = (unsigned long)buffer;
		page->index = i;
		buffer->page[i] = page;
		__SetPageMovable(page, &buffer_ops);
	}
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

struct movable_buffer *movable_buffer_create_empty(unsigned long nr)
{
	struct movable_buffer *buffer;

	if (nr > (SIZE_MAX - sizeof(*buffer)) / sizeof(struct page *))
		return NULL;
	buffer = kvzalloc(sizeof(*buffer) + nr * sizeof(struct page *), GFP_KERNEL);
	if (buffer)
		buffer->nr = nr;
	return buffer;
}

struct movable_buffer *movable_buffer_create(unsigned long nr, gfp_t gfp)
{
	struct movable_buffer *buffer = movable_buffer_create_empty(nr);

	for (unsigned long i = 0; buffer && i < nr; i++) {
		struct page *page = alloc_page(gfp | __GFP_MOVABLE);

		if (!page) {
			movable_buffer_free(buffer);
			return NULL;
		}
		movable_buffer_put_in(buffer, i, page);
	}
	return buffer;
}

/* Takes page i out of the table; NULL when it was gone. */
static struct page *take_out(struct movable_buffer *buffer, unsigned long i)
{
	struct page *page = NULL;
	unsigned long flags;

	if (i >= buffer->nr)
		return NULL;
	spin_lock_irqsave(&lock, flags);
	swap(page, buffer->page[i]);
	if (page)
		__ClearPageMovable(page);
	spin_unlock_irqrestore(&lock, flags);
	return page;
}

bool movable_buffer_drop(struct movable_buffer *buffer, unsigned long i)
{
	struct page *page = take_out(buffer, i);

	if (page)
		put_page(page);
	return page;
}

void movable_buffer_free(struct movable_buffer *buffer)
{
	for (unsigned long i = 0; buffer && i < buffer->nr; i++)
		movable_buffer_drop(buffer, i);
	kvfree(buffer);
}

struct page *movable_buffer_pin(struct movable_buffer *buffer, unsigned long i)
{
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (i < buffer->nr)
		page = buffer->page[i];
	if (page)
		get_page(page);
	spin_unlock_irqrestore(&lock, flags);
	return page;
}

/* Copies between page i and memory: to it, or from it. */
static int copy(struct movable_buffer *buffer, unsigned long i, unsigned int offset,
		void *to, const void *from, unsigned int len)
{
	unsigned long flags;
	int err = -ENXIO;

	if (offset > PAGE_SIZE || len > PAGE_SIZE - offset)
		return -EINVAL;
	spin_lock_irqsave(&lock, flags);
	if (i < buffer->nr && buffer->page[i]) {
		u8 *at = kmap_local_page(buffer->page[i]);

		memcpy(to ? to : at + offset, from ? from : at + offset, len);
		kunmap_local(at);
		err = 0;
	}
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

int movable_buffer_read(struct movable_buffer *buffer, unsigned long i,
			unsigned int offset, void *to, unsigned int len)
{
	return copy(buffer, i, offset, to, NULL, len);
}

int movable_buffer_write(struct movable_buffer *buffer, unsigned long i,
			 unsigned int offset, const void *from, unsigned int len)
{
	return copy(buffer, i, offset, NULL, from, len);
}
