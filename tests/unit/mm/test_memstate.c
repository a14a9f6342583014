/* SPDX-License-Identifier: MIT */
/*
 * What the monitor reads from outside is what the memory subsystem says of itself: the real
 * mm/, its published description and the monitor's reader in one program, after random
 * work.  This process is the guest: its own image and its struct pages are made known to
 * the reader as RAM at physical addresses that no RAM of the host platform has.
 */
#include "page_test.h"

#include <linux/cma.h>
#include <linux/dma-mapping.h>
#include <linux/kfence.h>
#include <linux/migrate.h>
#include <linux/movable_buffer.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "mm/memstate.h"
#include "mm/pcp.h"
#include "mm/slab_info.h"
#include "tests/host/host.h"
#include "vmm/memstate/memstate.h"

#define RAM_SIZE   (256 * MIB)
#define STRUCTS_PA (1UL << 30)
#define IMAGE_PA   (2UL << 30)
#define STEPS	   3000
#define KEPT_BACK  (7 * MIB)
#define SLOTS	   200

extern char __executable_start[], _end[];

static struct memstate table;
static u32 nr_cpus;
static struct ram ram;

static unsigned long image_start(void)
{
	return (unsigned long)__executable_start & PAGE_MASK;
}

/* The machine that is running now, as a guest. */
static void publish(void)
{
	unsigned long structs = RAM_SIZE / PAGE_SIZE * sizeof(struct page);
	unsigned long image = PAGE_ALIGN((unsigned long)_end) - image_start();

	nr_cpus = num_possible_cpus();
	ram = (struct ram){ 0 };
	ram_add(&ram, 0, RAM_SIZE, (void *)PAGE_OFFSET);
	ram_add(&ram, STRUCTS_PA, structs, (void *)VMEMMAP_START);
	ram_add(&ram, IMAGE_PA, image, (void *)image_start());
	table = (struct memstate){
		.magic = MEMSTATE_MAGIC,
		.version = MEMSTATE_VERSION,
		.size = sizeof(table),
		.range = {
			{ PAGE_OFFSET, 0, RAM_SIZE },
			{ VMEMMAP_START, STRUCTS_PA, structs },
			{ image_start(), IMAGE_PA, image },
		},
		.nr_cpus_va = (unsigned long)&nr_cpus,
		.mm_va = (unsigned long)&memstate_mm,
	};
}

static int set_up(void **state)
{
	(void)state;
	host_set_possible_cpus(2); /* few enough to keep large pages each */
	pages_start(RAM_SIZE);
	publish();
	return 0;
}

/* With a contiguous area, guarded objects, and RAM kept back. */
static int set_up_all(void **state)
{
	(void)state;
	host_boot_begin(RAM_SIZE);
	memblock_mem_limit_remove_map(RAM_SIZE - KEPT_BACK);
	assert_int_equal(cma_setup("16M"), 0);
	mm_init();
	gfp_allow_sleep();
	assert_int_equal(kfence_start(100), 0);
	drain_all_pages();
	publish();
	return 0;
}

static void open_table(struct memstate_view *view)
{
	if (memstate_open(view, &ram, IMAGE_PA + (unsigned long)&table - image_start()))
		fail_msg("%s", view->err.text);
}

static void take(struct memstate_snapshot *s)
{
	struct memstate_view view;

	open_table(&view);
	if (memstate_snapshot_take(&view, s))
		fail_msg("%s", view.err.text);
}

/* What zoneinfo tells of each CPU's lists. */
static void compare_pagesets(void)
{
	struct memstate_view view;

	open_table(&view);
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		struct pageset *sets = NULL;
		unsigned int nr = 0;

		assert_int_equal(memstate_read_pagesets(&view, z, &sets, &nr), 0);
		assert_int_equal(nr, num_possible_cpus());
		for (unsigned int cpu = 0; cpu < nr; cpu++) {
			struct pcp *pcp = &cpu_pcps[cpu].pcp[pcp_class(z, 0)];

			assert_int_equal(sets[cpu].high,
					 pcp->stack[0].limit - pcp_bottom(pcp, 0));
			assert_int_equal(sets[cpu].batch, pcp_batch(pcp, 0));
		}
		free(sets);
	}
}

static void compare_zones(const struct memstate_snapshot *s)
{
	struct zone_info info;

	assert_int_equal(s->zones.nr, MAX_NR_ZONES);
	assert_int_equal(s->zones.orders, NR_PAGE_ORDERS);
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		const struct zone_state *seen = &s->zones.zone[z];

		zone_info(z, &info);
		assert_string_equal(seen->name, info.name);
		assert_int_equal(seen->end_pfn - seen->start_pfn, info.spanned);
		assert_int_equal(seen->present, info.present);
		assert_int_equal(seen->managed, info.managed);
		assert_int_equal(seen->free, info.free);
		assert_int_equal(seen->cma, info.cma);
		assert_int_equal(seen->free_cma, info.free_cma);
		assert_int_equal(seen->pcp, info.pcp);
		assert_int_equal(seen->fresh_blocks * MAX_ORDER_NR_PAGES, info.fresh);
		assert_true(seen->adds_up);
		assert_int_equal(seen->splits, info.splits);
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			assert_int_equal(seen->nr_free[order], info.nr_free[order]);
		for (unsigned int mark = 0; mark < NR_WMARK; mark++)
			assert_int_equal(seen->watermark[mark], info.watermark[mark]);
	}
}

struct walk {
	const struct cache_states *seen;
	size_t at;
	unsigned long pages;
};

static int compare_cache(struct kmem_cache *cache, void *arg)
{
	struct walk *walk = arg;
	const struct cache_state *seen = &walk->seen->cache[walk->at++];
	struct slabinfo info;

	get_slabinfo(cache, &info);
	assert_string_equal(seen->name, info.name);
	assert_int_equal(seen->object_size, info.object_size);
	assert_int_equal(seen->size, info.stride);
	assert_int_equal(seen->order, info.order);
	assert_int_equal(seen->objects, info.num_objs);
	assert_int_equal(seen->cached, info.cpu_cached + info.depot_cached);
	assert_int_equal(seen->inuse - seen->cached, info.active_objs);
	assert_int_equal(seen->slabs_partial, info.slabs_partial);
	assert_int_equal(seen->slabs_full, info.slabs_full);
	assert_int_equal(seen->slabs_free, info.slabs_free);
	assert_int_equal(seen->pages, info.pages);
	walk->pages += info.pages;
	return walk->at > walk->seen->nr;
}

static void compare_areas(const struct memstate_snapshot *s)
{
	struct vmalloc_info info;
	unsigned long cursor = 0;
	size_t i = 0;

	for (; vmalloc_info_next(&cursor, &info); i++) {
		const struct area *seen = &s->areas.area[i];

		assert_true(i < s->areas.nr);
		assert_int_equal(seen->start, info.addr);
		assert_int_equal(seen->size, info.size);
		assert_int_equal(seen->caller, info.caller);
		assert_int_equal(seen->state == AREA_LIVE, info.flags != 0);
		if (info.flags & VM_ALLOC)
			assert_int_equal(seen->nr_pages, info.nr_pages);
	}
	assert_int_equal(i, s->areas.nr);
}

static void compare_blocks(const struct memstate_snapshot *s)
{
	unsigned long block;

	assert_true(s->frames.nr_blocks >= RAM_SIZE / MAX_ORDER_SIZE);
	for (block = 0; block << pageblock_order < max_pfn; block++)
		assert_int_equal(
			s->frames.block[block],
			get_pageblock_migratetype(pfn_to_page(block << pageblock_order)));
}

/* Frames that only their own flags tell of. */
static void compare_mobile(const struct memstate_snapshot *s)
{
	unsigned long movable = 0, isolated = 0;

	for (unsigned long pfn = 0; pfn < max_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!PageLive(page))
			continue;
		isolated += PageIsolated(page);
		movable += PageMovable(page) && !PageIsolated(page);
	}
	assert_int_equal(s->frames.count[FRAME_MOVABLE], movable);
	assert_int_equal(s->frames.count[FRAME_ISOLATED], isolated);
}

static void compare_set_aside(const struct memstate_snapshot *s)
{
	const struct memblock_region *region;
	unsigned long kept_back = 0;
	struct cma_info cma;

	for_each_kept_back_region (region)
		kept_back += region->size / PAGE_SIZE;
	cma_info(&cma);
	assert_int_equal(s->frames.count[FRAME_KEPT_BACK], kept_back);
	assert_int_equal(s->frames.count[FRAME_CMA], cma.used);
	assert_int_equal(s->frames.count[FRAME_KFENCE],
			 kfence_base == ~0UL ? 0 : KFENCE_POOL_SIZE / PAGE_SIZE);
}

static void compare_frames(const struct memstate_snapshot *s, unsigned long slab_pages)
{
	struct pcp_info pcp;

	pcp_info(&pcp);
	assert_int_equal(s->frames.count[FRAME_FREE] + s->frames.count[FRAME_FRESH],
			 nr_free_pages());
	assert_int_equal(s->frames.count[FRAME_PCP], pcp.pages);
	assert_int_equal(s->frames.count[FRAME_SLAB], slab_pages);
}

static void compare(void)
{
	struct memstate_snapshot s = { 0 };
	struct dma_stats dma;
	struct walk walk = { .seen = &s.caches };

	take(&s);
	compare_zones(&s);
	compare_pagesets();
	assert_int_equal(kmem_cache_for_each(compare_cache, &walk), 0);
	assert_int_equal(walk.at, s.caches.nr);
	compare_areas(&s);
	compare_frames(&s, walk.pages);
	dma_get_stats(&dma);
	assert_int_equal(s.dma.mappings, dma.mappings);
	assert_int_equal(s.dma.coherent_bytes, dma.coherent_bytes);
	compare_blocks(&s);
	compare_mobile(&s);
	compare_set_aside(&s);
	assert_int_equal(s.boot.memory.nr, memblock.memory.cnt);
	assert_int_equal(s.boot.reserved.nr, memblock.reserved.cnt);
	assert_int_equal(s.boot.kept_back.nr, memblock.kept_back.cnt);
	memstate_snapshot_free(&s);
}

static void a_fresh_system(void **state)
{
	(void)state;
	compare();
}

/* What a slot of the random work holds. */
struct slot {
	enum { EMPTY, PAGES, OBJECT, AREA } kind;
	void *p;
};

static void fill(struct slot *slot)
{
	switch (dice(3)) {
	case 0:
		slot->kind = PAGES;
		slot->p = alloc_pages((dice(2) ? GFP_KERNEL : GFP_HIGHUSER_MOVABLE) |
					      __GFP_COMP,
				      dice(8) ? dice(5) : 9);
		break;
	case 1:
		slot->kind = OBJECT;
		slot->p = kmalloc(1 + dice(dice(8) ? 3000 : 40000), GFP_KERNEL);
		break;
	default:
		slot->kind = AREA;
		slot->p = vmalloc((1 + dice(20)) * PAGE_SIZE);
	}
	assert_non_null(slot->p);
}

static void empty(struct slot *slot)
{
	if (slot->kind == PAGES)
		put_page(slot->p);
	else if (slot->kind == OBJECT)
		kfree(slot->p);
	else if (slot->kind == AREA)
		vfree(slot->p);
	*slot = (struct slot){ EMPTY, NULL };
}

static void after_random_work(void **state)
{
	static struct slot slots[SLOTS];

	(void)state;
	dice_start(7);
	for (unsigned int step = 0; step < STEPS; step++) {
		struct slot *slot = &slots[dice(SLOTS)];

		if (slot->kind == EMPTY)
			fill(slot);
		else
			empty(slot);
		if (step % 100 == 0)
			compare();
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		empty(&slots[i]);
	compare();
}

/* More objects freed at once than a CPU's two magazines hold. */
static void with_objects_in_every_layer(void **state)
{
	static void *objects[2000];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmalloc(64, GFP_KERNEL);
	compare();
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		kfree(objects[i]);
	compare();
}

/* Everything that has a colour of its own, one after another. */
static void with_memory_set_aside(void **state)
{
	struct movable_buffer *buffer;
	struct page *area, *moving;
	LIST_HEAD(isolated);

	(void)state;
	compare();
	area = cma_alloc(300, 0, false);
	assert_non_null(area);
	/* So many that some are lent a place in the area. */
	buffer = movable_buffer_create(nr_free_pages() - 8192, GFP_KERNEL);
	assert_non_null(buffer);
	compare();
	moving = movable_buffer_pin(buffer, 17);
	assert_non_null(moving);
	put_page(moving); /* isolated only when its owner alone holds it */
	assert_true(isolate_movable_page(moving));
	compare();
	list_add(&moving->lru, &isolated);
	putback_movable_pages(&isolated);
	compare();
	movable_buffer_free(buffer);
	assert_true(cma_release(area, 300));
	compare();
	assert_int_equal(kfence_stop(), 0);
	drain_all_pages();
	compare();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_fresh_system, set_up),
		cmocka_unit_test_setup(after_random_work, set_up),
		cmocka_unit_test_setup(with_objects_in_every_layer, set_up),
		cmocka_unit_test_setup(with_memory_set_aside, set_up_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
