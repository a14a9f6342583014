/* SPDX-License-Identifier: MIT */
/*
 * Pages go into the balloon and come out of it.  The device is told before a page is used
 * again (VIRTIO_BALLOON_F_MUST_TELL_HOST or not), and a page that moves is told twice: where
 * it goes, then where it was.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "virtio_balloon.h"

/* As a user's page, but nothing is tried hard for it, and no reserve is touched. */
#define BALLOON_GFP \
	(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

/* Names b->numbers[0..n) to the device, and waits until it has seen them.  The lock is
 * held. */
static int tell(struct virtio_balloon *b, unsigned int queue, unsigned int n)
{
	struct scatterlist sg;
	int err;

	if (!b->vdev)
		return -ENODEV;
	sg_init_one(&sg, b->numbers, n * (unsigned int)sizeof(*b->numbers));
	reinit_completion(&b->told);
	err = virtqueue_add_outbuf(b->vq[queue], &sg, 1, b, GFP_NOWAIT);
	if (err)
		return err;
	virtqueue_kick(b->vq[queue]);
	if (balloon_wait(b->vq[queue], &b->told))
		return 0;
	balloon_give_up(b);
	return -ETIMEDOUT;
}

static void set_number(struct virtio_balloon *b, unsigned int i, struct page *page)
{
	b->numbers[i] = (le32)page_to_pfn(page);
}

/* How many there are is what the device reads in its configuration. */
static void tell_size(struct virtio_balloon *b)
{
	le32 actual = (le32)b->pages.nr;

	if (b->vdev)
		b->vdev->config->set(b->vdev,
				     offsetof(struct virtio_balloon_config, actual),
				     &actual, sizeof(actual));
}

/* --- moving ------------------------------------------------------------------------------- */

static bool isolate(struct page *page)
{
	return balloon_list_holds(&balloon.pages, page);
}

static int move(struct virtio_balloon *b, struct page *dst, struct page *src)
{
	if (!balloon_list_replace(&b->pages, dst, src))
		return -EAGAIN;
	/* If the device is gone now, dst is in a balloon that means nothing any more. */
	set_number(b, 0, dst);
	if (!tell(b, BALLOON_INFLATE, 1)) {
		set_number(b, 0, src);
		tell(b, BALLOON_DEFLATE, 1);
	}
	return 0;
}

/* The contents do not count.  The device must be waited for. */
static int migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	int err;

	if (mode == MIGRATE_ASYNC || !mutex_trylock(&balloon.lock))
		return -EAGAIN;
	err = move(&balloon, dst, src);
	mutex_unlock(&balloon.lock);
	return err;
}

static void putback(struct page *page)
{
	(void)page; /* it never left the list */
}

static const struct movable_operations balloon_ops = {
	.isolate_page = isolate,
	.migrate_page = migrate,
	.putback_page = putback,
};

/* --- in and out --------------------------------------------------------------------------- */

/* The lock is held, which allocations must not be waiting for. */
static void put_in(struct virtio_balloon *b, struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		set_number(b, i, pages[i]);
		balloon_list_add(&b->pages, pages[i], &balloon_ops);
	}
	if (n)
		tell(b, BALLOON_INFLATE, n);
	tell_size(b);
}

unsigned int balloon_inflate(struct virtio_balloon *b, unsigned int n)
{
	n = min(n, BALLOON_BATCH);
	memset(b->fresh, 0, n * sizeof(struct page *));
	n = (unsigned int)alloc_pages_bulk_array(BALLOON_GFP, n, b->fresh);
	mutex_lock(&b->lock);
	put_in(b, b->fresh, n);
	mutex_unlock(&b->lock);
	return n;
}

static unsigned int take_out(struct virtio_balloon *b, unsigned int n)
{
	unsigned int taken = 0;

	while (taken < n && (b->batch[taken] = balloon_list_take(&b->pages))) {
		set_number(b, taken, b->batch[taken]);
		taken++;
	}
	if (taken)
		tell(b, BALLOON_DEFLATE, taken);
	for (unsigned int i = 0; i < taken; i++)
		put_page(b->batch[i]);
	tell_size(b);
	return taken;
}

unsigned int balloon_deflate(struct virtio_balloon *b, unsigned int n)
{
	mutex_lock(&b->lock);
	n = take_out(b, min(n, BALLOON_BATCH));
	mutex_unlock(&b->lock);
	return n;
}

void balloon_empty(struct virtio_balloon *b)
{
	struct page *page;

	while ((page = balloon_list_take(&b->pages)))
		put_page(page);
}
