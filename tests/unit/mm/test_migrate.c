/* SPDX-License-Identifier: MIT */
/* Moving pages: contents and owner follow, failures undo, owners may change their mind. */
#include <linux/migrate.h>
#include <linux/movable_buffer.h>
#include <linux/smp.h>
#include "page_test.h"

#define NR 64

static struct movable_buffer *buffer;

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	buffer = movable_buffer_create(NR, GFP_KERNEL);
	assert_non_null(buffer);
	for (unsigned long i = 0; i < NR; i++)
		assert_int_equal(movable_buffer_write(buffer, i, 8 * i, &i, sizeof(i)),
				 0);
	return 0;
}

static void assert_contents(void)
{
	for (unsigned long i = 0; i < NR; i++) {
		unsigned long seen = ~0UL;

		assert_int_equal(
			movable_buffer_read(buffer, i, 8 * i, &seen, sizeof(seen)), 0);
		assert_int_equal(seen, i);
	}
}

static struct page *page_of(unsigned long i)
{
	struct page *page = movable_buffer_pin(buffer, i);

	if (page)
		put_page(page);
	return page;
}

/* All pages of the buffer that can be caught. */
static unsigned int catch_all(struct list_head *list)
{
	unsigned int n = 0;

	for (unsigned long i = 0; i < NR; i++) {
		struct page *page = page_of(i);

		if (!page || !isolate_movable_page(page))
			continue;
		list_add_tail(&page->lru, list);
		n++;
	}
	return n;
}

static unsigned int gives; /* new pages still to be had */

static struct page *get_new(struct page *page, unsigned long private)
{
	(void)page;
	(void)private;
	return gives && gives-- ? alloc_page(GFP_KERNEL | __GFP_MOVABLE) : NULL;
}

static void put_new(struct page *page, unsigned long private)
{
	(void)private;
	__free_page(page);
}

static int move(struct list_head *list, unsigned int *moved)
{
	*moved = 0;
	return migrate_pages(list, get_new, put_new, 0, MIGRATE_SYNC, MR_COMPACTION,
			     moved);
}

static void contents_follow(void **state)
{
	struct page *before[NR];
	unsigned int moved;
	LIST_HEAD(list);

	(void)state;
	for (unsigned long i = 0; i < NR; i++)
		before[i] = page_of(i);
	assert_int_equal(catch_all(&list), NR);
	gives = NR;
	assert_int_equal(move(&list, &moved), 0);
	assert_int_equal(moved, NR);
	assert_true(list_empty(&list));
	for (unsigned long i = 0; i < NR; i++) {
		struct page *now = page_of(i);

		assert_ptr_not_equal(now, before[i]);
		assert_true(PageMovable(now));
		assert_false(PageIsolated(now));
		assert_int_equal(page_count(now), 1);
	}
	assert_contents();
	pages_check();
}

static void other_pages_are_not_caught(void **state)
{
	struct page *plain = alloc_page(GFP_KERNEL), *block = alloc_pages(GFP_KERNEL, 4);

	(void)state;
	assert_false(isolate_movable_page(plain));
	assert_false(isolate_movable_page(block));
	assert_false(isolate_movable_page(block + 3));
	assert_false(isolate_movable_page(pfn_to_page(0)));
	__free_page(plain);
	assert_false(isolate_movable_page(plain));
	__free_pages(block, 4);
	pages_check();
}

static void a_page_is_caught_once(void **state)
{
	struct page *page = page_of(3);
	LIST_HEAD(list);

	(void)state;
	assert_true(isolate_movable_page(page));
	assert_true(PageIsolated(page));
	assert_int_equal(page_count(page), 2);
	assert_false(isolate_movable_page(page));
	list_add(&page->lru, &list);
	putback_movable_pages(&list);
	assert_false(PageIsolated(page));
	assert_int_equal(page_count(page), 1);
	assert_true(isolate_movable_page(page));
	list_add(&page->lru, &list);
	putback_movable_pages(&list);
	assert_contents();
	pages_check();
}

static void pinned_pages_stay(void **state)
{
	struct page *early = movable_buffer_pin(buffer, 5), *late;
	unsigned long free = free_counts().free;
	unsigned int moved;
	LIST_HEAD(list);

	(void)state;
	assert_int_equal(catch_all(&list), NR - 1);
	late = movable_buffer_pin(buffer, 6);
	gives = 10 * NR;
	assert_int_equal(move(&list, &moved), 1);
	assert_int_equal(moved, NR - 2);
	assert_ptr_equal(list_first_entry(&list, struct page, lru), late);
	putback_movable_pages(&list);
	assert_ptr_equal(page_of(5), early);
	assert_ptr_equal(page_of(6), late);
	put_page(early);
	put_page(late);
	/* Nothing was lost in the attempts. */
	assert_int_equal(free_counts().free, free);
	assert_contents();
	pages_check();
}

/* Whichever new page is the first that cannot be had. */
static void without_room_the_rest_stays(void **state)
{
	(void)state;
	for (unsigned int n = 0; n <= NR; n += n < 4 ? 1 : 20) {
		unsigned int moved;
		LIST_HEAD(list);

		assert_int_equal(catch_all(&list), NR);
		gives = n;
		assert_int_equal(move(&list, &moved), n < NR ? -ENOMEM : 0);
		assert_int_equal(moved, n);
		putback_movable_pages(&list);
		assert_contents();
		pages_check();
	}
}

static void a_page_given_up_on_its_way_is_freed_once(void **state)
{
	unsigned long free;
	unsigned int moved;
	LIST_HEAD(list);

	(void)state;
	free = free_counts().free;
	assert_int_equal(catch_all(&list), NR);
	assert_true(movable_buffer_drop(buffer, 7));
	assert_false(movable_buffer_drop(buffer, 7));
	gives = NR;
	assert_int_equal(move(&list, &moved), 0);
	assert_int_equal(moved, NR - 1);
	assert_true(movable_buffer_drop(buffer, 8));
	assert_int_equal(free_counts().free, free + 2);

	assert_int_equal(catch_all(&list), NR - 2);
	assert_true(movable_buffer_drop(buffer, 9));
	putback_movable_pages(&list);
	assert_int_equal(free_counts().free, free + 3);
	pages_check();
}

static void movable_pages_are_not_freed_by_strangers(void **state)
{
	struct page *page = page_of(1);
	unsigned long bad = page_alloc_bad_count();

	(void)state;
	__free_page(page);
	assert_int_equal(page_alloc_bad_count(), bad + 1);
	assert_contents();
	pages_check();
}

static void buffers_check_their_arguments(void **state)
{
	char byte = 0;

	(void)state;
	assert_int_equal(movable_buffer_read(buffer, NR, 0, &byte, 1), -ENXIO);
	assert_int_equal(movable_buffer_read(buffer, 0, PAGE_SIZE, &byte, 1), -EINVAL);
	assert_int_equal(movable_buffer_read(buffer, 0, ~0U, &byte, 1), -EINVAL);
	assert_int_equal(movable_buffer_write(buffer, 0, 1, &byte, PAGE_SIZE), -EINVAL);
	assert_null(movable_buffer_pin(buffer, NR));
	assert_int_equal(movable_buffer_put_in(buffer, NR, page_of(0)), -ENXIO);
	assert_int_equal(movable_buffer_put_in(buffer, 1, page_of(0)), -EBUSY);
	assert_false(movable_buffer_drop(buffer, NR));
	assert_null(movable_buffer_create(~0UL, GFP_KERNEL));
	assert_null(movable_buffer_create(1UL << 40, GFP_KERNEL | __GFP_NOWARN));
	movable_buffer_free(NULL);
}

static void a_buffer_that_cannot_be_filled_leaves_nothing(void **state)
{
	struct free_counts before, after;

	(void)state;
	movable_buffer_free(buffer);
	before = free_counts();
	for (unsigned int n = 1; n < NR; n += 9) {
		fail_nth_page(n);
		assert_null(movable_buffer_create(NR, GFP_KERNEL | __GFP_NOWARN));
		fail_nth_page(0);
		after = free_counts();
		assert_int_equal(after.free, before.free);
		pages_check();
	}
}

/* --- many CPUs --- */

#define ROUNDS 3000

static unsigned int wrong;

/* CPU 0 moves pages; the others write, read, pin, and check their own share. */
static void use_or_move(void *unused)
{
	unsigned int cpu = smp_processor_id(), seed = cpu * 77 + 5;

	(void)unused;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned long i = (seed = seed * 1103515245 + 12345) >> 8, seen = 0;
		unsigned int moved;
		LIST_HEAD(list);

		if (cpu < 2) {
			struct page *page = page_of(i % NR);

			if (page && isolate_movable_page(page)) {
				list_add(&page->lru, &list);
				migrate_pages(&list, get_new, put_new, 0, MIGRATE_ASYNC,
					      MR_COMPACTION, &moved);
				putback_movable_pages(&list);
			}
			continue;
		}
		i = i % (NR / 2) * 2 + cpu % 2;
		movable_buffer_write(buffer, i, 8 * i, &i, sizeof(i));
		movable_buffer_read(buffer, i, 8 * i, &seen, sizeof(seen));
		if (seen != i)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
}

static void contents_survive_moving_and_use_at_once(void **state)
{
	(void)state;
	gives = ~0U;
	wrong = 0;
	host_run_on_cpus(4, use_or_move, NULL);
	assert_int_equal(wrong, 0);
	assert_contents();
	pages_check();
}

static struct movable_buffer *many[4];

/* CPU 0 catches what it can find in memory; the others make and drop pages. */
static void drop_or_move(void *unused)
{
	unsigned int cpu = smp_processor_id(), seed = cpu * 99 + 1;

	(void)unused;
	for (unsigned int round = 0; round < ROUNDS / 10; round++) {
		if (cpu == 0) {
			LIST_HEAD(list);

			for (unsigned long pfn = 16; pfn < max_pfn; pfn++)
				if (PageMovable(pfn_to_page(pfn)) &&
				    isolate_movable_page(pfn_to_page(pfn)))
					list_add(&pfn_to_page(pfn)->lru, &list);
			migrate_pages(&list, get_new, put_new, 0, MIGRATE_ASYNC,
				      MR_COMPACTION, NULL);
			putback_movable_pages(&list);
			continue;
		}
		movable_buffer_free(many[cpu]);
		many[cpu] = movable_buffer_create(NR, GFP_KERNEL);
		for (unsigned int i = 0; i < NR; i++) {
			seed = seed * 1103515245 + 12345;
			movable_buffer_drop(many[cpu], seed / 256 % NR);
		}
	}
}

static void owners_give_up_pages_while_they_move(void **state)
{
	unsigned long free;

	(void)state;
	free = free_counts().free;
	gives = ~0U;
	host_run_on_cpus(4, drop_or_move, NULL);
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		movable_buffer_free(many[cpu]);
		many[cpu] = NULL;
	}
	pages_check();
	/* What the buffers' tables took from slabs may stay in the caches. */
	assert_in_range(free_counts().free, free - 64, free + 64);
	assert_contents();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(contents_follow, set_up),
		cmocka_unit_test_setup(other_pages_are_not_caught, set_up),
		cmocka_unit_test_setup(a_page_is_caught_once, set_up),
		cmocka_unit_test_setup(pinned_pages_stay, set_up),
		cmocka_unit_test_setup(without_room_the_rest_stays, set_up),
		cmocka_unit_test_setup(a_page_given_up_on_its_way_is_freed_once, set_up),
		cmocka_unit_test_setup(movable_pages_are_not_freed_by_strangers, set_up),
		cmocka_unit_test_setup(buffers_check_their_arguments, set_up),
		cmocka_unit_test_setup(a_buffer_that_cannot_be_filled_leaves_nothing,
				       set_up),
		cmocka_unit_test_setup(contents_survive_moving_and_use_at_once, set_up),
		cmocka_unit_test_setup(owners_give_up_pages_while_they_move, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
