/* SPDX-License-Identifier: MIT */
/*
 * One allocator against another: what the literature advises, in numbers.
 *
 * kmalloc rounds up to a class, pages round up to a power of two of 4 KiB: below a page
 * kmalloc wastes less, and from two pages on both give the very same blocks.  A cache packs
 * small objects into shared pages where the buddy spends a page on each; for objects of a
 * page the advantage is gone.  And the old statement that the slab ends at 128 KiB is no
 * longer true.
 *
 * Witnesses: ksize(), the zones' free counts, the time-stamp counter.
 */
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "experiment.h"
#include "ktap.h"
#include "witness.h"

#define CHAPTER CHAPTER_COMPARE

static size_t given_by_kmalloc(struct trial *x, size_t size)
{
	void *p = kmalloc(size, GFP_KERNEL);
	size_t given;

	if (!expect(x, p, "no %zu bytes", size))
		return 0;
	given = ksize(p);
	kfree(p);
	return given;
}

EXPERIMENT(
	kmalloc_vs_pages, "kmalloc.vs-pages",
	"below 4 KiB kmalloc gives less than a page, above 8 KiB exactly what pages give")
{
	static const size_t small[] = { 8, 100, 700, 2048 },
			    large[] = { 8193, 20000, 100000 };
	size_t asked = 0, kmalloc_sum = 0, given, pages;

	for (unsigned int i = 0; i < ARRAY_SIZE(small); i++) {
		given = given_by_kmalloc(x, small[i]);
		expect(x, given < PAGE_SIZE, "%zu bytes took %zu", small[i], given);
		asked += small[i];
		kmalloc_sum += given;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(large); i++) {
		given = given_by_kmalloc(x, large[i]);
		pages = PAGE_SIZE << get_order(large[i]);
		expect(x, given == pages, "%zu bytes: kmalloc %zu, pages %zu", large[i],
		       given, pages);
	}
	evidence(x, "%zu bytes in 4 requests: kmalloc spends %zu, pages %zu", asked,
		 kmalloc_sum, ARRAY_SIZE(small) * PAGE_SIZE);
	evidence(x, "%zu sizes above 8 KiB: the same blocks", ARRAY_SIZE(large));
}

#define MANY	  64
#define SMALL	  192
#define PAIR_SLOW 8UL
#define PAIR_FAST 1000UL

/* Pages of all zones that MANY objects of a new cache occupy, emptied afterwards. */
static unsigned long pages_of_cache(struct trial *x, unsigned int size)
{
	struct kmem_cache *cache = kmem_cache_create("exp-versus", size, 0, 0, NULL);
	unsigned long before, used = 0;
	void *object[MANY];
	int n;

	if (!expect(x, cache, "no cache of %u bytes", size))
		return 0;
	drain_all_pages();
	before = nr_free_pages();
	n = kmem_cache_alloc_bulk(cache, GFP_KERNEL, MANY, object);
	if (expect(x, n == MANY, "%d objects of %u bytes", n, size)) {
		drain_all_pages();
		used = before - nr_free_pages();
		kmem_cache_free_bulk(cache, MANY, object);
	}
	kmem_cache_destroy(cache);
	return used;
}

static u64 ns_of_cache_pair(unsigned int size)
{
	struct kmem_cache *cache = kmem_cache_create("exp-versus", size, 0, 0, NULL);
	unsigned long pairs = machine_is_slow() ? PAIR_SLOW : PAIR_FAST;
	u64 start;

	if (!cache)
		return 0;
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	start = ktime_get_ns();
	for (unsigned long i = 0; i < pairs; i++)
		kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	start = ktime_get_ns() - start;
	kmem_cache_destroy(cache);
	return start / pairs;
}

static u64 ns_of_page_pair(void)
{
	unsigned long pairs = machine_is_slow() ? PAIR_SLOW : PAIR_FAST;
	u64 start = ktime_get_ns();

	for (unsigned long i = 0; i < pairs; i++)
		free_page(__get_free_page(GFP_KERNEL));
	return (ktime_get_ns() - start) / pairs;
}

EXPERIMENT(
	slab_vs_buddy, "slab.vs-buddy",
	"many small objects share pages in a cache; objects of a page gain nothing there")
{
	unsigned long small = pages_of_cache(x, SMALL);
	unsigned long whole = pages_of_cache(x, PAGE_SIZE);
	u64 small_ns = ns_of_cache_pair(SMALL), whole_ns = ns_of_cache_pair(PAGE_SIZE);

	expect(x, small && small * 4 < MANY, "%d small objects took %lu pages", MANY,
	       small);
	expect(x, whole >= MANY, "%d objects of a page took %lu pages", MANY, whole);
	evidence(x, "%d objects of %d B: cache %lu pages, buddy %d", MANY, SMALL, small,
		 MANY);
	evidence(x, "of 4 KiB: cache %lu pages, buddy %d", whole, MANY);
	evidence(x, "a pair: %d B %lu ns, 4 KiB %lu ns, a page %lu ns", SMALL, small_ns,
		 whole_ns, ns_of_page_pair());
}

#define OLD_LIMIT (128U << 10)

EXPERIMENT(slab_limit, "slab.limit", "an object of a slab cache can have 128 KiB at most",
	   .popular = true)
{
	static const unsigned int sizes[] = { OLD_LIMIT, OLD_LIMIT + 1,
					      KMALLOC_MAX_SIZE };
	unsigned int largest = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kmem_cache *cache =
			kmem_cache_create("exp-limit", sizes[i], 0, 0, NULL);
		void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;

		if (object) {
			largest = sizes[i];
			kmem_cache_free(cache, object);
		}
		kmem_cache_destroy(cache);
	}
	expect(x, largest > OLD_LIMIT, "the largest object has %u bytes", largest);
	evidence(x, "an object of %u KiB was allocated from a cache of its own",
		 largest >> 10);
}
