/* SPDX-License-Identifier: MIT */
/* The list of a balloon's pages: in, out, moved, in any order, against a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/mm.h>
#include "guest/drivers/balloon_list.h"
#include "tests/host/host.h"

#define MOST 200

static struct balloon_list list;
static struct page *model[MOST]; /* in the order they came in */
static unsigned int n;

static bool isolate(struct page *page)
{
	return balloon_list_holds(&list, page);
}

static int migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	(void)mode;
	return balloon_list_replace(&list, dst, src) ? 0 : -EAGAIN;
}

static void putback(struct page *page)
{
	(void)page;
}

static const struct movable_operations ops = {
	.isolate_page = isolate,
	.migrate_page = migrate,
	.putback_page = putback,
};

static struct page *get_new(struct page *page, unsigned long private)
{
	(void)page;
	(void)private;
	return alloc_page(GFP_HIGHUSER_MOVABLE);
}

static void put_new(struct page *page, unsigned long private)
{
	(void)private;
	put_page(page);
}

static int set_up(void **state)
{
	(void)state;
	host_mm_init(64UL << 20);
	list = (struct balloon_list){ .first = NULL };
	n = 0;
	return 0;
}

static void check(void)
{
	const struct page *page = list.first;

	assert_int_equal(list.nr, n);
	for (unsigned int i = n; i-- > 0; page = (const struct page *)page->private) {
		assert_ptr_equal(page, model[i]);
		assert_true(PageMovable(page));
		assert_ptr_equal((const struct page *)page->index,
				 i + 1 < n ? model[i + 1] : NULL);
	}
	assert_null(page);
}

static void add(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);

	assert_non_null(page);
	balloon_list_add(&list, page, &ops);
	model[n++] = page;
}

static void take(void)
{
	struct page *page = balloon_list_take(&list);

	if (!n) {
		assert_null(page);
		return;
	}
	assert_ptr_equal(page, model[--n]);
	assert_false(PageMovable(page));
	put_page(page);
}

/* Page i moves; held by another it stays. */
static void move(unsigned int i, bool held)
{
	struct page *page = model[i];
	LIST_HEAD(pages);
	int left;

	assert_true(isolate_movable_page(page));
	if (held)
		get_page(page);
	list_add(&page->lru, &pages);
	left = migrate_pages(&pages, get_new, put_new, 0, MIGRATE_SYNC, MR_COMPACTION,
			     NULL);
	assert_int_equal(left, held);
	putback_movable_pages(&pages);
	if (held) {
		put_page(page);
		return;
	}
	for (const struct page *p = list.first; p; p = (const struct page *)p->private)
		assert_ptr_not_equal(p, page);
	model[i] = list.first;
	for (unsigned int k = n - 1; k > i && model[i]; k--)
		model[i] = (struct page *)model[i]->private;
}

static void any_order(void **state)
{
	unsigned long before = nr_free_pages();
	unsigned int seed = 3;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		unsigned int what = (unsigned int)rand_r(&seed) % 10;

		if (what < 4 && n < MOST)
			add();
		else if (what < 7)
			take();
		else if (n)
			move((unsigned int)rand_r(&seed) % n, what == 9);
		check();
	}
	while (n)
		take();
	take();
	check();
	drain_all_pages();
	assert_int_equal(nr_free_pages(), before);
}

/* A page that goes out while it is on its way is not moved, and is freed once. */
static void given_up_on_the_way(void **state)
{
	struct page *page;
	LIST_HEAD(pages);

	(void)state;
	add();
	page = model[0];
	assert_true(isolate_movable_page(page));
	list_add(&page->lru, &pages);
	take();
	assert_int_equal(migrate_pages(&pages, get_new, put_new, 0, MIGRATE_SYNC,
				       MR_COMPACTION, NULL),
			 0);
	assert_true(list_empty(&pages));
	check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_order, set_up),
		cmocka_unit_test_setup(given_up_on_the_way, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
