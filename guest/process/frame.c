/* SPDX-License-Identifier: MIT */
/*
 * Frames of processes.  Each entry of a page table, and each slot of a shared object, holds
 * one reference; the frame is free when the last one goes.  Whoever finds himself the only
 * holder of a private frame may write to it.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "mm.h"

struct page *user_page_alloc(gfp_t gfp)
{
	/* A failure is no news here: the killer (oom.c) reports what comes of it. */
	struct page *page =
		alloc_page(gfp | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);

	if (page)
		__SetPageUser(page);
	return page;
}

void user_page_put(struct page *page)
{
	/* A driver's page (vm_insert_page): the driver frees it. */
	if (!PageUser(page)) {
		put_page(page);
		return;
	}
	if (!atomic_dec_and_test(&page->_refcount))
		return;
	/* Nobody else knows the page any more. */
	atomic_set(&page->_refcount, 1);
	__ClearPageUser(page);
	__free_page(page);
}

/* --- shared anonymous memory ---------------------------------------------------------------- */

struct shared {
	unsigned int refs; /* areas; atomic */
	struct mutex lock; /* guards frame */
	unsigned long pages;
	struct page *frame[]; /* NULL until somebody touches it */
};

struct shared *shared_create(unsigned long pages)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers */
	struct shared *s = kvzalloc(sizeof(*s) + pages * sizeof(s->frame[0]), GFP_KERNEL);

	if (!s)
		return NULL;
	s->refs = 1;
	s->pages = pages;
	mutex_init(&s->lock);
	return s;
}

void shared_get(struct shared *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
}

void shared_put(struct shared *s)
{
	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned long i = 0; i < s->pages; i++)
		if (s->frame[i])
			user_page_put(s->frame[i]);
	kvfree(s);
}

struct page *shared_page(struct shared *s, unsigned long index)
{
	struct page *page = NULL;

	mutex_lock(&s->lock);
	if (index < s->pages) {
		page = s->frame[index];
		if (!page)
			page = s->frame[index] = user_page_alloc(GFP_HIGHUSER);
		if (page)
			get_page(page);
	}
	mutex_unlock(&s->lock);
	return page;
}
