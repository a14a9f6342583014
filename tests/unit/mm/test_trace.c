/* SPDX-License-Identifier: MIT */
/*
 * Memory events: each call of the allocators writes the events that it should, with the
 * right fields, in order, and nothing else; and nothing at all where it is not wanted.  The
 * rings are read here by their description (abi/trace.h) alone.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/shrinker.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "mm/page_alloc.h"
#include "mm/trace.h"
#include "dma_test.h"

static u64 taken; /* up to this place in the ring of CPU 0 */

static struct trace_ring *ring_of(unsigned int cpu)
{
	return __va(trace_area.rings + cpu * trace_area.stride);
}

static void want(unsigned int id, u8 how)
{
	trace_area.enable[id] = how;
}

static void start_with(const char *option, const char *size)
{
	host_boot_begin(64 * MIB);
	if (option)
		assert_int_equal(trace_setup(option), 0);
	if (size)
		assert_int_equal(trace_buf_size_setup(size), 0);
	trace_init();
	mm_init();
	gfp_allow_sleep();
	taken = trace_area.nr_rings ? ring_of(0)->head : 0;
}

static int setup(void **state)
{
	(void)state;
	start_with(NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_mm_reset();
	return 0;
}

/* The next record of CPU 0; NULL: there is none. */
static const struct trace_record *next(void)
{
	struct trace_ring *ring = ring_of(0);
	const struct trace_record *records = (const void *)(ring + 1), *r;

	if (taken == ring->head)
		return NULL;
	assert_true(ring->head - taken <= trace_area.ring_bytes);
	r = &records[taken % trace_area.ring_bytes / sizeof(*r)];
	assert_int_equal(r->head & ~0x3fULL, taken);
	taken += sizeof(*r);
	return r;
}

static const struct trace_record *expect_id(unsigned int id)
{
	const struct trace_record *r = next();

	assert_non_null(r);
	assert_string_equal(trace_event_name(r->head & TRACE_ID_MASK),
			    trace_event_name(id));
	assert_true(r->tsc);
	return r;
}

static void expect_no_more(void)
{
	assert_null(next());
}

static u32 low(u64 word)
{
	return (u32)word;
}

static u32 high(u64 word)
{
	return (u32)(word >> 32);
}

/* --- pages --- */

static noinline struct page *take_pages_here(unsigned int order)
{
	return alloc_pages(GFP_KERNEL, order);
}

static void pages_tell_of_order_and_flags(void **state)
{
	(void)state;
	want(TRACE_MM_PAGE_ALLOC, TRACE_PLAIN);
	want(TRACE_MM_PAGE_FREE, TRACE_PLAIN);
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = take_pages_here(order);
		const struct trace_record *r = expect_id(TRACE_MM_PAGE_ALLOC);

		assert_ptr_equal(r->arg[0], page);
		assert_int_equal(r->low[1].value, order);
		assert_int_equal(r->low[2].value, GFP_KERNEL);
		assert_true(r->site);
		expect_no_more();
		__free_pages(page, order);
		r = expect_id(TRACE_MM_PAGE_FREE);
		assert_ptr_equal(r->arg[0], page);
		assert_int_equal(r->low[1].value, order);
		expect_no_more();
	}
}

static void a_page_is_freed_by_its_last_holder(void **state)
{
	struct page *page;

	(void)state;
	want(TRACE_MM_PAGE_FREE, TRACE_PLAIN);
	page = alloc_page(GFP_KERNEL);
	get_page(page);
	put_page(page);
	expect_no_more();
	put_page(page);
	assert_ptr_equal(expect_id(TRACE_MM_PAGE_FREE)->arg[0], page);
	expect_no_more();
	/* A call that is refused is no event. */
	host_log_clear();
	__free_page(page);
	assert_true(host_log_has("double free"));
	expect_no_more();
}

static void a_request_that_fails_is_an_event(void **state)
{
	const struct trace_record *r;

	(void)state;
	want(TRACE_MM_PAGE_ALLOC, TRACE_PLAIN);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER + 1));
	r = expect_id(TRACE_MM_PAGE_ALLOC);
	assert_int_equal(r->arg[0], 0);
	assert_int_equal(r->low[1].value, MAX_ORDER + 1);
	expect_no_more();
}

static void expect_pages(enum trace_id id, struct page *const *pages, unsigned int n,
			 u8 how)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct trace_record *r = expect_id(id);

		assert_ptr_equal(r->arg[0], pages[i]);
		assert_int_equal(r->low[1].value, 0);
		if (id == TRACE_MM_PAGE_ALLOC)
			assert_int_equal(r->low[2].value, GFP_KERNEL);
		assert_true(r->site);
		assert_int_equal(!!(r->head & TRACE_HAS_CHAIN), how == TRACE_CHAIN);
	}
	expect_no_more();
}

/* Few of them stay on this CPU's stack, which is full at some time, many are cut. */
static void many_pages_are_an_event_each(void **state)
{
	static const unsigned int numbers[] = { 100, 31, 31, 31, 31, 31, 31, 31, 1, 32 };
	char report[256];
	struct page *pages[ARRAY_SIZE(numbers)][100] = { { NULL } };

	(void)state;
	for (u8 how = TRACE_PLAIN; how <= TRACE_CHAIN; how++) {
		want(TRACE_MM_PAGE_ALLOC, how);
		want(TRACE_MM_PAGE_FREE, how);
		for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
			memset(pages[i], 0, sizeof(pages[i]));
			assert_int_equal(
				alloc_pages_bulk_array(GFP_KERNEL, numbers[i], pages[i]),
				numbers[i]);
			expect_pages(TRACE_MM_PAGE_ALLOC, pages[i], numbers[i], how);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
			free_pages_bulk_array(numbers[i], pages[i]);
			expect_pages(TRACE_MM_PAGE_FREE, pages[i], numbers[i], how);
		}
		assert_int_equal(page_alloc_verify(report, sizeof(report)), 0);
	}
}

static void another_type_gives_a_block(void **state)
{
	struct page *movable;
	const struct trace_record *r;

	(void)state;
	/* All memory becomes page blocks of movable pages. */
	want(TRACE_MM_PAGE_ALLOC_EXTFRAG, TRACE_PLAIN);
	movable = alloc_pages(GFP_HIGHUSER_MOVABLE, 0);
	assert_non_null(movable);
	while (alloc_pages((GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY) &
				   ~__GFP_RECLAIM,
			   MAX_ORDER - 1))
		;
	while (next())
		;
	/* What is left of the blocks of movable pages serves the other type. */
	for (unsigned int i = 0; i < 4096 && taken == ring_of(0)->head; i++)
		assert_non_null(alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 0));
	r = expect_id(TRACE_MM_PAGE_ALLOC_EXTFRAG);
	assert_true(pfn_valid(page_to_pfn((struct page *)r->arg[0])));
	assert_int_equal(low(r->arg[1]), 0);
	assert_true(high(r->arg[1]) <= MAX_ORDER);
	assert_int_equal(low(r->arg[2]), MIGRATE_UNMOVABLE);
	assert_int_equal(high(r->arg[2]), MIGRATE_MOVABLE);
	assert_true(r->arg[3] <= 1);
}

/* --- objects --- */

static void objects_tell_of_sizes_and_flags(void **state)
{
	static const size_t sizes[] = { 1, 8, 9, 64, 100, 193, 4096, 8192 };

	(void)state;
	want(TRACE_KMALLOC, TRACE_PLAIN);
	want(TRACE_KFREE, TRACE_PLAIN);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		gfp_t gfp = i % 2 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO;
		void *p = __kmalloc(sizes[i], gfp);
		const struct trace_record *r = expect_id(TRACE_KMALLOC);

		assert_ptr_equal(r->arg[0], p);
		assert_int_equal(r->arg[1], sizes[i]);
		assert_int_equal(r->arg[2], ksize(p));
		assert_int_equal(r->low[3].value, gfp);
		expect_no_more();
		kfree(p);
		assert_ptr_equal(expect_id(TRACE_KFREE)->arg[0], p);
		expect_no_more();
	}
	/* Linux's: a kfree of nothing is an event, a kmalloc of nothing is none. */
	kfree(NULL);
	assert_int_equal(expect_id(TRACE_KFREE)->arg[0], 0);
	kfree(__kmalloc(0, GFP_KERNEL));
	assert_ptr_equal(expect_id(TRACE_KFREE)->arg[0], ZERO_SIZE_PTR);
	expect_no_more();
}

static void large_objects_are_pages_too(void **state)
{
	const struct trace_record *r;
	void *p;

	(void)state;
	want(TRACE_KMALLOC, TRACE_PLAIN);
	want(TRACE_KFREE, TRACE_PLAIN);
	want(TRACE_MM_PAGE_ALLOC, TRACE_PLAIN);
	want(TRACE_MM_PAGE_FREE, TRACE_PLAIN);
	p = kmalloc(20000, GFP_KERNEL);
	r = expect_id(TRACE_MM_PAGE_ALLOC);
	assert_ptr_equal(r->arg[0], virt_to_page(p));
	assert_int_equal(r->low[1].value, 3);
	r = expect_id(TRACE_KMALLOC);
	assert_ptr_equal(r->arg[0], p);
	assert_int_equal(r->arg[1], 20000);
	assert_int_equal(r->arg[2], 32768);
	kfree(p);
	expect_id(TRACE_KFREE);
	assert_ptr_equal(expect_id(TRACE_MM_PAGE_FREE)->arg[0], virt_to_page(p));
	expect_no_more();
}

static void caches_tell_which_they_are(void **state)
{
	struct kmem_cache *s = kmem_cache_create("thing", 40, 0, 0, NULL);
	const struct trace_record *r;
	void *objs[20];
	void *p;

	(void)state;
	want(TRACE_KMEM_CACHE_ALLOC, TRACE_PLAIN);
	want(TRACE_KMEM_CACHE_FREE, TRACE_PLAIN);
	for (unsigned int round = 0; round < 3; round++) {
		p = kmem_cache_alloc(s, GFP_KERNEL);
		r = expect_id(TRACE_KMEM_CACHE_ALLOC);
		assert_ptr_equal(r->arg[0], p);
		assert_int_equal(low(r->arg[1]), 40);
		assert_int_equal(high(r->arg[1]), 40);
		assert_ptr_equal(r->arg[2], s);
		assert_int_equal(r->low[3].value, GFP_KERNEL);
		expect_no_more();
		kmem_cache_free(s, p);
		r = expect_id(TRACE_KMEM_CACHE_FREE);
		assert_ptr_equal(r->arg[0], p);
		assert_ptr_equal(r->arg[1], s);
		expect_no_more();
	}
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, 20, objs), 20);
	for (unsigned int i = 0; i < 20; i++)
		assert_ptr_equal(expect_id(TRACE_KMEM_CACHE_ALLOC)->arg[0], objs[i]);
	kmem_cache_free_bulk(s, 20, objs);
	for (unsigned int i = 0; i < 20; i++)
		assert_ptr_equal(expect_id(TRACE_KMEM_CACHE_FREE)->arg[0], objs[i]);
	expect_no_more();
	want(TRACE_KMEM_CACHE_ALLOC, TRACE_OFF);
	want(TRACE_KMEM_CACHE_FREE, TRACE_OFF);
	kmem_cache_destroy(s);
}

/* --- vmalloc and reclaim --- */

static void areas_tell_of_their_place(void **state)
{
	const struct trace_record *r;
	void *p;

	(void)state;
	for (unsigned int id = TRACE_ALLOC_VMAP_AREA; id <= TRACE_FREE_VMAP_AREA_NOFLUSH;
	     id++)
		want(id, TRACE_PLAIN);
	p = vmalloc(3 * PAGE_SIZE);
	r = expect_id(TRACE_ALLOC_VMAP_AREA);
	assert_ptr_equal(r->arg[0], p);
	assert_int_equal(r->arg[1], 4 * PAGE_SIZE);
	assert_int_equal(r->arg[2], PAGE_SIZE);
	assert_int_equal(r->arg[3], VMALLOC_START);
	assert_int_equal(r->arg[4], VMALLOC_END);
	expect_no_more();
	vfree(p);
	r = expect_id(TRACE_FREE_VMAP_AREA_NOFLUSH);
	assert_ptr_equal(r->arg[0], p);
	assert_int_equal(r->arg[1], 4);
	assert_true(r->arg[2] >= 4);
	expect_no_more();
	vm_unmap_aliases();
	r = expect_id(TRACE_PURGE_VMAP_AREA_LAZY);
	assert_ptr_equal(r->arg[0], p);
	assert_int_equal(r->arg[1] - r->arg[0], 4 * PAGE_SIZE);
	assert_int_equal(r->arg[2], 1);
	expect_no_more();
}

static unsigned long count_some(struct shrinker *shrinker, struct shrink_control *sc)
{
	(void)shrinker;
	(void)sc;
	return 0;
}

static unsigned long scan_none(struct shrinker *shrinker, struct shrink_control *sc)
{
	(void)shrinker;
	(void)sc;
	return SHRINK_STOP;
}

static void reclaim_begins_and_ends(void **state)
{
	struct shrinker shrinker = { .count_objects = count_some,
				     .scan_objects = scan_none };
	const struct trace_record *r;

	(void)state;
	assert_int_equal(register_shrinker(&shrinker, "none"), 0);
	want(TRACE_DIRECT_RECLAIM_BEGIN, TRACE_PLAIN);
	want(TRACE_DIRECT_RECLAIM_END, TRACE_PLAIN);
	while (alloc_pages(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY, 4))
		;
	r = expect_id(TRACE_DIRECT_RECLAIM_BEGIN);
	assert_int_equal(r->arg[0], 4);
	assert_true(r->arg[1] & __GFP_NORETRY);
	r = expect_id(TRACE_DIRECT_RECLAIM_END);
	assert_int_equal(r->arg[0], 0);
	expect_no_more();
	unregister_shrinker(&shrinker);
}

/* --- DMA --- */

static void mappings_tell_of_the_device(void **state)
{
	u64 mask = DMA_BIT_MASK(64);
	struct device device = { .name = "0000:00:03.0",
				 .endpoint = 0x18,
				 .dma_mask = &mask,
				 .coherent_dma_mask = mask };
	struct device *dev = &device;
	const struct trace_record *r;
	dma_addr_t addr;
	char *p, *p2;

	(void)state;
	p = kmalloc(4096, GFP_KERNEL);
	for (unsigned int id = TRACE_DMA_MAP_PAGE; id < TRACE_IDS; id++)
		want(id, TRACE_PLAIN);
	addr = dma_map_single(dev, p + 100, 200, DMA_TO_DEVICE);
	r = expect_id(TRACE_DMA_MAP_PAGE);
	assert_int_equal(low(r->arg[0]), 0x18);
	assert_int_equal(high(r->arg[0]), DMA_TO_DEVICE);
	assert_int_equal(r->arg[1], __pa(p + 100));
	assert_int_equal(r->arg[2], addr);
	assert_int_equal(r->arg[3], 200);
	dma_unmap_single(dev, addr, 200, DMA_TO_DEVICE);
	r = expect_id(TRACE_DMA_UNMAP_PAGE);
	assert_int_equal(r->arg[2], addr);
	assert_int_equal(r->arg[3], 200);
	expect_no_more();

	p2 = dma_alloc_coherent(dev, 100, &addr, GFP_KERNEL);
	r = expect_id(TRACE_DMA_ALLOC);
	assert_int_equal(low(r->arg[0]), 0x18);
	assert_ptr_equal(r->arg[1], p2);
	assert_int_equal(r->arg[2], addr);
	assert_int_equal(r->arg[3], 100);
	assert_int_equal(low(r->arg[4]), GFP_KERNEL);
	assert_int_equal(high(r->arg[4]), 0);
	dma_free_attrs(dev, 100, p2, addr, DMA_ATTR_NO_WARN);
	r = expect_id(TRACE_DMA_FREE);
	assert_ptr_equal(r->arg[1], p2);
	assert_int_equal(r->arg[2], addr);
	assert_int_equal(r->arg[3], 100);
	assert_int_equal(high(r->arg[4]), DMA_ATTR_NO_WARN);
	expect_no_more();
	kfree(p);
}

static struct scatterlist list[200];
static u64 list_mask = ~0ULL;
static struct device list_device = {
	.name = "0000:00:03.0",
	.endpoint = 0x18,
	.dma_mask = &list_mask,
};

/* The records behind a list's event, and what the list has. */
static void expect_segments(unsigned int nents, unsigned int told, bool mapped)
{
	for (unsigned int i = 0; i < told; i++) {
		static const struct trace_segments *more;
		const struct trace_segment *s;

		if (i % TRACE_SEGMENTS_EACH == 0)
			more = (const void *)next();
		assert_non_null(more);
		assert_int_equal(more->head & TRACE_ID_MASK, TRACE_SEGMENTS);
		s = &more->segment[i % TRACE_SEGMENTS_EACH];
		if (i < nents) {
			assert_int_equal(s->phys_addr, sg_phys(&list[i]));
			assert_int_equal(s->dma_addr,
					 mapped ? sg_dma_address(&list[i]) : 0);
			assert_int_equal(s->length, mapped ? sg_dma_len(&list[i]) : 0);
		} else {
			assert_int_equal(s->phys_addr | s->dma_addr | s->length, 0);
		}
	}
}

static void expect_list(unsigned int id, unsigned int nents, unsigned int told, u64 bytes)
{
	bool mapped = id == TRACE_DMA_MAP_SG;
	const struct trace_record *r = expect_id(id);

	assert_int_equal(low(r->arg[0]), 0x18);
	assert_int_equal(high(r->arg[0]), DMA_FROM_DEVICE);
	assert_int_equal(low(r->arg[1]), nents);
	assert_int_equal(high(r->arg[1]), mapped ? nents : 0);
	assert_int_equal(r->arg[2], DMA_ATTR_SKIP_CPU_SYNC);
	assert_int_equal(r->arg[3], bytes);
	assert_int_equal(r->arg[4] * TRACE_SEGMENTS_EACH, told);
	expect_segments(nents, told, mapped);
}

/* Maps and unmaps a list of so many entries, of which so many can be told. */
static void list_of(unsigned int nents, unsigned int told)
{
	u64 bytes = 0;
	char *p = kmalloc(4096, GFP_KERNEL);

	sg_init_table(list, nents);
	for (unsigned int i = 0; i < nents; i++) {
		sg_set_buf(&list[i], p + i * 16, 1 + i % 15);
		bytes += 1 + i % 15;
	}
	assert_int_equal(dma_map_sg_attrs(&list_device, list, (int)nents, DMA_FROM_DEVICE,
					  DMA_ATTR_SKIP_CPU_SYNC),
			 nents);
	expect_list(TRACE_DMA_MAP_SG, nents, told, bytes);
	dma_unmap_sg_attrs(&list_device, list, (int)nents, DMA_FROM_DEVICE,
			   DMA_ATTR_SKIP_CPU_SYNC);
	expect_list(TRACE_DMA_UNMAP_SG, nents, told, bytes);
	expect_no_more();
	kfree(p);
}

static void a_list_is_one_event(void **state)
{
	(void)state;
	start_with("dma_map_sg,dma_unmap_sg", "64K");
	for (unsigned int nents = 1; nents < 12; nents++)
		list_of(nents, (nents + 1) / 2 * 2);
	list_of(TRACE_SEGMENTS_MAX, TRACE_SEGMENTS_MAX);
	list_of(200, TRACE_SEGMENTS_MAX);
	host_mm_reset();
}

/* No event takes more than half of its ring. */
static void a_small_ring_tells_of_fewer_entries(void **state)
{
	(void)state;
	start_with("dma_map_sg,dma_unmap_sg", "1024");
	list_of(14, 14);
	list_of(200, 14);
	host_mm_reset();
	start_with("dma_map_sg,dma_unmap_sg", "64");
	list_of(1, 0);
	host_mm_reset();
}

/* --- the rings --- */

static void what_is_not_wanted_writes_nothing(void **state)
{
	void *p = kmalloc(64, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	kfree(p);
	__free_page(page);
	vfree(vmalloc(PAGE_SIZE));
	expect_no_more();
	want(TRACE_KFREE, TRACE_PLAIN);
	p = kmalloc(64, GFP_KERNEL);
	page = alloc_page(GFP_KERNEL);
	kfree(p);
	__free_page(page);
	assert_ptr_equal(expect_id(TRACE_KFREE)->arg[0], p);
	expect_no_more();
}

static void a_chain_begins_at_the_site(void **state)
{
	struct trace_ring *ring = ring_of(0);
	const struct trace_chain *chains =
		(const void *)((char *)(ring + 1) + trace_area.ring_bytes);
	const struct trace_record *r;
	struct page *page;

	(void)state;
	want(TRACE_MM_PAGE_ALLOC, TRACE_CHAIN);
	want(TRACE_MM_PAGE_FREE, TRACE_PLAIN);
	for (unsigned int i = 0; i < 3; i++) {
		u64 place = taken;

		page = take_pages_here(0);
		r = expect_id(TRACE_MM_PAGE_ALLOC);
		assert_true(r->head & TRACE_HAS_CHAIN);
		assert_int_equal(chains[place % trace_area.ring_bytes / sizeof(*r)].pc[0],
				 r->site);
		__free_page(page);
		r = expect_id(TRACE_MM_PAGE_FREE);
		assert_false(r->head & TRACE_HAS_CHAIN);
	}
}

static void the_oldest_make_room(void **state)
{
	u64 begun;

	(void)state;
	host_mm_reset();
	start_with(NULL, "4K");
	assert_int_equal(trace_area.ring_bytes, 4096);
	want(TRACE_KFREE, TRACE_PLAIN);
	for (unsigned int i = 0; i < 1000; i++)
		kfree(NULL);
	begun = ring_of(0)->head;
	assert_int_equal(begun - taken, 1000 * sizeof(struct trace_record));
	taken = begun - 4096;
	for (unsigned int i = 0; i < 64; i++)
		expect_id(TRACE_KFREE);
	expect_no_more();
}

static void write_many(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 2000; i++)
		kfree(kmalloc(64, GFP_KERNEL));
}

static void each_cpu_has_its_ring(void **state)
{
	(void)state;
	want(TRACE_KMALLOC, TRACE_PLAIN);
	want(TRACE_KFREE, TRACE_PLAIN);
	host_run_on_cpus(4, write_many, NULL);
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		assert_int_equal(ring_of(cpu)->head, 4000 * sizeof(struct trace_record));
}

/* --- options --- */

static void options_name_events(void **state)
{
	(void)state;
	host_mm_reset();
	start_with("kmem:mm_page_*,kfree", NULL);
	for (unsigned int id = 1; id < TRACE_IDS; id++) {
		bool named = id <= TRACE_MM_PAGE_ALLOC_EXTFRAG || id == TRACE_KFREE;

		assert_int_equal(trace_area.enable[id], named ? TRACE_PLAIN : TRACE_OFF);
	}
	host_mm_reset();
	start_with("*,chain", NULL);
	for (unsigned int id = 1; id < TRACE_IDS; id++)
		assert_int_equal(trace_area.enable[id], TRACE_CHAIN);
	host_mm_reset();
	start_with("?malloc", NULL);
	assert_int_equal(trace_area.enable[TRACE_KMALLOC], TRACE_PLAIN);
	assert_int_equal(trace_area.enable[TRACE_KFREE], TRACE_OFF);
}

static void options_that_make_no_sense(void **state)
{
	static const char *const bad[] = { "",	       "chain",	  "kmem",
					   "nothing*", "kfree,,", "kfree," };
	static const char *const sizes[] = { "", "0", "63", "65M", "1X", "-1" };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad) - 1; i++)
		assert_int_equal(trace_setup(bad[i]), -EINVAL);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_int_equal(trace_buf_size_setup(sizes[i]), -EINVAL);
	assert_int_equal(trace_setup(NULL), -EINVAL);
	assert_int_equal(trace_buf_size_setup(NULL), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pages_tell_of_order_and_flags),
		TEST(a_page_is_freed_by_its_last_holder),
		TEST(a_request_that_fails_is_an_event),
		TEST(many_pages_are_an_event_each),
		TEST(another_type_gives_a_block),
		TEST(objects_tell_of_sizes_and_flags),
		TEST(large_objects_are_pages_too),
		TEST(caches_tell_which_they_are),
		TEST(areas_tell_of_their_place),
		TEST(reclaim_begins_and_ends),
		TEST(mappings_tell_of_the_device),
		cmocka_unit_test(a_list_is_one_event),
		cmocka_unit_test(a_small_ring_tells_of_fewer_entries),
		TEST(what_is_not_wanted_writes_nothing),
		TEST(a_chain_begins_at_the_site),
		TEST(the_oldest_make_room),
		TEST(each_cpu_has_its_ring),
		TEST(options_name_events),
		TEST(options_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
