/* SPDX-License-Identifier: MIT */
#include "page_test.h"

void pages_check(void)
{
	char why[256];

	if (page_alloc_verify(why, sizeof(why)))
		fail_msg("page_alloc_verify: %s", why);
}

void pages_start(size_t bytes)
{
	host_mm_init(bytes);
	drain_all_pages();
	pages_check();
}

struct free_counts free_counts(void)
{
	struct free_counts counts = { 0 };
	struct zone_info info;

	drain_all_pages();
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		zone_info(z, &info);
		memcpy(counts.nr_free[z], info.nr_free, sizeof(info.nr_free));
		counts.free += info.free;
	}
	return counts;
}

void assert_counts_equal(const struct free_counts *now, const struct free_counts *then)
{
	assert_int_equal(now->free, then->free);
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			if (now->nr_free[z][order] != then->nr_free[z][order])
				fail_msg("zone %s, order %u: %lu free blocks, were %lu",
					 zone_name(z), order, now->nr_free[z][order],
					 then->nr_free[z][order]);
}

unsigned long blocks_of(const struct free_counts *counts, unsigned int order)
{
	unsigned long n = 0;

	for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
		n += counts->nr_free[z][order];
	return n;
}

unsigned long take_all(gfp_t gfp, unsigned int order, struct page **list)
{
	struct page *page;
	unsigned long n = 0;

	*list = NULL;
	while ((page = alloc_pages(gfp | __GFP_NOWARN, order))) {
		page->mapping = *list;
		*list = page;
		n++;
	}
	return n;
}

void give_all(struct page *list, unsigned int order)
{
	while (list) {
		struct page *next = list->mapping;

		__free_pages(list, order);
		list = next;
	}
}

void fail_nth_page(unsigned int n)
{
	static struct fault_attr attr;

	attr = (struct fault_attr){ .interval = n,
				    .probability = 100,
				    .times = ATOMIC_INIT(1) };
	fail_page_alloc_set(n ? &attr : NULL);
}

static unsigned long dice_state;

void dice_start(unsigned long seed)
{
	dice_state = seed * 0x9e3779b97f4a7c15UL + 1;
}

unsigned int dice(unsigned int n)
{
	dice_state = dice_state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned int)(dice_state >> 33) % n;
}
