/* SPDX-License-Identifier: MIT */
/* The published memory state: read right, and never believed (HOSTILE 39). */
#include <stdio.h>

#include "tests/unit/vmm/memstate_image.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/memstate/memstate.h"

static struct image image;

static int make(void **state)
{
	(void)state;
	image_make(&image);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	image_free(&image);
	return 0;
}

static void open_view(struct memstate_view *view)
{
	int ret = memstate_open(view, &image.ram, IMAGE_TABLE);

	if (ret)
		fail_msg("%s", view->err.text);
}

static void take(struct memstate_snapshot *s)
{
	struct memstate_view view;

	open_view(&view);
	if (memstate_snapshot_take(&view, s))
		fail_msg("%s", view.err.text);
}

/* Opening or reading what `image` has become is refused, with a line that holds `part`. */
static void assert_corrupt(const char *part)
{
	struct memstate_snapshot s;
	struct memstate_view view;
	int ret = memstate_open(&view, &image.ram, IMAGE_TABLE);

	if (!ret)
		ret = memstate_snapshot_take(&view, &s);
	assert_refused(ret, EBADMSG, &view.err, part);
	image_free(&image);
	image_make(&image);
}

/* --- what is right ------------------------------------------------------------------------ */

static void zones_are_read(void **state)
{
	struct memstate_snapshot s;

	(void)state;
	take(&s);
	assert_int_equal(s.zones.nr, 2);
	assert_int_equal(s.zones.orders, IMAGE_ORDERS);
	assert_string_equal(s.zones.zone[0].name, "Low");
	assert_string_equal(s.zones.zone[1].name, "HighHigh");
	assert_int_equal(s.zones.zone[0].nr_free[9], 1);
	assert_int_equal(s.zones.zone[0].pcp, 1);
	assert_int_equal(s.zones.zone[0].watermark[MARK_LOW], 12);
	assert_int_equal(s.zones.zone[0].splits, 3);
	assert_int_equal(s.zones.zone[0].cma, 0x100);
	assert_int_equal(s.zones.zone[0].free_cma, 0x80);
	assert_int_equal(s.zones.zone[1].cma, 0);
	assert_true(s.zones.zone[0].adds_up);
	assert_int_equal(s.zones.zone[1].nr_free[10], 2);
	assert_int_equal(s.zones.zone[1].lowmem_reserve[0], 7);
	assert_int_equal(s.zones.zone[1].pcp, 0);
	assert_int_equal(s.zones.zone[0].pcp_allocs, 5);
	assert_true(s.zones.zone[1].adds_up);
	memstate_snapshot_free(&s);
}

static void a_zone_in_the_middle_of_a_change_is_marked(void **state)
{
	struct memstate_snapshot s;

	(void)state;
	image.zones[0].free--;
	take(&s);
	assert_false(s.zones.zone[0].adds_up);
	memstate_snapshot_free(&s);
}

static void caches_are_read(void **state)
{
	struct memstate_snapshot s;
	size_t i;

	(void)state;
	take(&s);
	assert_int_equal(s.caches.nr, IMAGE_CACHES);
	assert_string_equal(s.caches.cache[0].name, "first");
	assert_string_equal(s.caches.cache[2].name, "third");
	for (i = 0; i < IMAGE_CACHES; i++) {
		assert_int_equal(s.caches.cache[i].object_size, 60);
		assert_true(s.caches.cache[i].va >= IMAGE_DIRECT);
		assert_int_equal(s.caches.cache[i].inuse, 30);
		assert_int_equal(s.caches.cache[i].cached, 2 + 3 + 4 + 1);
	}
	memstate_snapshot_free(&s);
}

static void areas_are_read(void **state)
{
	struct memstate_snapshot s;

	(void)state;
	take(&s);
	assert_int_equal(s.areas.nr, IMAGE_AREAS);
	assert_int_equal(s.areas.area[0].start, IMAGE_VMALLOC);
	assert_int_equal(s.areas.area[0].size, 3 * 4096);
	assert_int_equal(s.areas.area[0].kind, AREA_ALLOC);
	assert_int_equal(s.areas.area[1].kind, AREA_IOREMAP);
	assert_int_equal(s.areas.area[1].phys, 0xfec00000);
	assert_int_equal(s.areas.area[2].state, AREA_UNUSED);
	memstate_snapshot_free(&s);
}

static void boot_memory_and_dma_are_read(void **state)
{
	struct memstate_snapshot s;

	(void)state;
	take(&s);
	assert_int_equal(s.boot.memory.nr, 1);
	assert_int_equal(s.boot.memory.range[0].size, IMAGE_SIZE - 0x1000);
	assert_int_equal(s.boot.reserved.nr, 2);
	assert_int_equal(s.boot.reserved.range[1].base, 0x10000);
	assert_int_equal(s.boot.kept_back.nr, 1);
	assert_int_equal(s.boot.kept_back.range[0].size, 0x1000);
	assert_int_equal(s.dma.mappings, 1);
	assert_int_equal(s.dma.coherent_bytes, 4);
	assert_int_equal(s.dma.refused, 5);
	memstate_snapshot_free(&s);
}

static void every_frame_is_judged(void **state)
{
	static const struct {
		uint64_t pfn;
		enum frame_kind kind;
	} want[] = {
		{ 0, FRAME_KEPT_BACK },	   { 1, FRAME_RESERVED },
		{ 0x10, FRAME_KERNEL },	   { 0x610, FRAME_MOVABLE },
		{ 0x611, FRAME_ISOLATED }, { 0x612, FRAME_USER },
		{ 0x6fb, FRAME_PAGES },	   { 0x6fc, FRAME_KFENCE },
		{ 0x6ff, FRAME_KFENCE },   { 0x700, FRAME_CMA },
		{ 0x701, FRAME_MOVABLE },  { 0x13, FRAME_KERNEL },
		{ 0x14, FRAME_RESERVED },  { 0x200, FRAME_STRUCTS },
		{ 0x23f, FRAME_STRUCTS },  { 0x240, FRAME_RESERVED },
		{ 0x2ff, FRAME_RESERVED }, { 0x300, FRAME_ISOLATED },
		{ 0x3ff, FRAME_ISOLATED }, { 0x400, FRAME_FREE },
		{ 0x5ff, FRAME_FREE },	   { 0x600, FRAME_PCP },
		{ 0x601, FRAME_SLAB },	   { 0x602, FRAME_PAGES },
		{ 0x603, FRAME_USER },	   { 0x604, FRAME_KMALLOC },
		{ 0x607, FRAME_KMALLOC },  { 0x608, FRAME_VMALLOC },
		{ 0x609, FRAME_PAGES },	   { 0x60a, FRAME_VMALLOC },
		{ 0x7ff, FRAME_CMA },	   { 0x800, FRAME_FRESH },
		{ 0xfff, FRAME_FRESH },
	};
	struct memstate_snapshot s;
	uint64_t sum = 0;
	size_t i;

	(void)state;
	take(&s);
	assert_int_equal(s.frames.nr, IMAGE_FRAMES);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (s.frames.kind[want[i].pfn] != want[i].kind)
			fail_msg("frame %#llx is %s", (unsigned long long)want[i].pfn,
				 frame_kind_name(s.frames.kind[want[i].pfn]));
	for (i = 0; i < FRAME_KINDS; i++)
		sum += s.frames.count[i];
	assert_int_equal(sum, IMAGE_FRAMES);
	assert_int_equal(s.frames.count[FRAME_FRESH], 0x800);
	assert_int_equal(s.frames.count[FRAME_NONE], 0);
	assert_int_equal(s.frames.order[0], 0);
	assert_int_equal(s.frames.order[0x400], 9);
	assert_int_equal(s.frames.order[0x5ff], 9);
	assert_int_equal(s.frames.order[0x600], 0);
	assert_int_equal(s.frames.order[0x607], 2);
	assert_int_equal(s.frames.order[0x900], 10);
	memstate_snapshot_free(&s);
}

static void page_blocks_are_read(void **state)
{
	char name[MEMSTATE_TYPE_NAME];
	struct memstate_snapshot s;
	struct memstate_view view;

	(void)state;
	/* The guest uses less than there is: the table is as long as that. */
	*image.max_pfn = 0x801;
	image.blocks[9].type = 77;
	open_view(&view);
	assert_int_equal(memstate_snapshot_take(&view, &s), 0);
	assert_int_equal(s.frames.nr_blocks, IMAGE_BLOCKS);
	assert_int_equal(s.frames.block_order, IMAGE_BLOCK_ORDER);
	assert_int_equal(s.frames.block[4], 1);
	assert_int_equal(s.frames.block[7], IMAGE_CMA);
	assert_int_equal(s.frames.block[8], 0);
	assert_int_equal(s.frames.block[9], 0);
	memstate_type_name(&view, 1, name);
	assert_string_equal(name, "sixteen letters!");
	memstate_type_name(&view, 2, name);
	assert_string_equal(name, "c?ma");
	memstate_snapshot_free(&s);
}

/* A guest without page blocks, without guarded objects. */
static void what_is_not_told_is_not_looked_for(void **state)
{
	struct memstate_snapshot s;

	(void)state;
	image.mm->blocks.types = 0;
	image.mm->kfence.size = 0;
	image.mm->boot.kept_back_va = 0;
	*image.blocks_pointer = *image.kfence_base = 8;
	take(&s);
	assert_int_equal(s.frames.nr_blocks, 0);
	assert_int_equal(s.frames.count[FRAME_CMA], 0);
	assert_int_equal(s.frames.count[FRAME_KFENCE], 0);
	assert_int_equal(s.frames.count[FRAME_KEPT_BACK], 0);
	assert_int_equal(s.frames.kind[0x700], FRAME_PAGES);
	memstate_snapshot_free(&s);
}

static void what_is_not_set_up_yet_is_empty(void **state)
{
	struct memstate_snapshot s;

	(void)state;
	memset(image.zones, 0, 2 * sizeof(*image.zones));
	*image.pcp_pointer = 0;
	*image.cache_list = 0;
	image.areas[0].node.next = 0;
	image.memory->count = image.reserved->count = image.kept_back->count = 0;
	*image.blocks_pointer = 0;
	*image.kfence_base = ~0ull;
	take(&s);
	assert_int_equal(s.zones.zone[0].managed, 0);
	assert_int_equal(s.caches.nr, 0);
	assert_int_equal(s.areas.nr, 0);
	assert_int_equal(s.frames.count[FRAME_NONE], IMAGE_FRAMES);
	memstate_snapshot_free(&s);
}

static void an_empty_field_reads_as_zero(void **state)
{
	struct memstate_snapshot s;

	(void)state;
	image.mm->slab.created = (struct memstate_field){ 0 };
	take(&s);
	assert_int_equal(s.caches.cache[0].created, 0);
	memstate_snapshot_free(&s);
}

/* --- what is wild, one by one ------------------------------------------------------------- */

static void wild_tables_are_refused(void **state)
{
	struct memstate_view view;

	(void)state;
	assert_refused(memstate_open(&view, &image.ram, IMAGE_SIZE - 8), EBADMSG,
		       &view.err, "outside RAM");
	assert_refused(memstate_open(&view, &image.ram, ~0ull), EBADMSG, &view.err,
		       "outside RAM");
	image.table->magic ^= 1;
	assert_corrupt("mark");
	image.table->version++;
	assert_corrupt("the table is version 5 of");
	image.table->size = 0;
	assert_corrupt("0 bytes");
	image.table->range[1] = (struct memstate_range){ ~0ull, 0, 2 };
	assert_corrupt("wraps");
	image.table->mm_va = 0;
	assert_corrupt("the description");
	image.table->range[0].pa = ~0ull - 0x1000;
	assert_corrupt("not in RAM");
	image.table->page_table = IMAGE_SIZE;
	assert_corrupt("a struct page");
	image.mm->zones.count = 9;
	assert_corrupt("9 zones");
	image.mm->pages.max_order = 16;
	assert_corrupt("order 16");
	image.mm->pages.order_shift = 32;
	assert_corrupt("bit 32");
	image.mm->zones.free.size = 3;
	assert_corrupt("3 bytes");
	*image.cpus = 0;
	assert_corrupt("0 CPUs");
	*image.cpus = 1u << 31;
	assert_corrupt("CPUs");
}

/* The limit of a stack is told by its top here, for the image keeps no other. */
static void rooms_of_lists_are_read(void **state)
{
	struct memstate_view view;
	struct pageset *sets = NULL;
	unsigned int nr = 0;

	(void)state;
	image.mm->pcp.limit = image.mm->pcp.top;
	image.mm->pcp.batch_max = 2;
	image.pcps[0].top[0] = image_va(&image, image.pcps[0].slot + 8);
	assert_int_equal(memstate_open(&view, &image.ram, IMAGE_TABLE), 0);
	assert_int_equal(memstate_read_pagesets(&view, 0, &sets, &nr), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(sets[0].high, 7);
	assert_int_equal(sets[0].batch, 2); /* a quarter, rounded up */
	assert_int_equal(sets[1].high, 1);
	assert_int_equal(sets[1].batch, 1);
	assert_int_equal(sets[1].count, 1);
	free(sets);
	view.mm.pcp.batch_max = 1;
	assert_int_equal(memstate_read_pagesets(&view, 0, &sets, &nr), 0);
	assert_int_equal(sets[0].batch, 1);
	free(sets);
	view.mm.pcp.slot.count = 4;
	assert_refused(memstate_read_pagesets(&view, 0, &sets, &nr), EBADMSG, &view.err,
		       "a per-CPU list has its limit at");
}

static void wild_zones_are_refused(void **state)
{
	(void)state;
	image.zones[0].end = IMAGE_FRAMES + 1;
	assert_corrupt("zone Low");
	image.zones[0].start = 0x801;
	assert_corrupt("zone Low");
	image.zones[1].free = ~0ull;
	assert_corrupt("zone HighHigh");
	image.zones[0].cma = 0x401;
	assert_corrupt("zone Low: 128 pages free of 1025 in contiguous areas");
	image.zones[0].free_cma = 0x101;
	assert_corrupt("zone Low: 257 pages free of 256 in contiguous areas");
	image.zones[0].area[10].nr = 1ull << 60;
	assert_corrupt("order 10");
	image.zones[1].area[10].nr = 1;
	image.zones[1].fresh_blocks = ~0ull;
	assert_corrupt("fresh");
	image.zones[1].fresh[0].end = IMAGE_FRAMES + 1;
	assert_corrupt("fresh memory");
	image.mm->zones.va = 0x1234;
	assert_corrupt("not in RAM");
}

static void wild_per_cpu_lists_are_refused(void **state)
{
	(void)state;
	*image.pcp_pointer = 8;
	assert_corrupt("per-CPU");
	image.pcps[0].top[0] = image_va(&image, &image.pcps[0].slot[0]);
	assert_corrupt("top");
	image.pcps[0].top[0] = image_va(&image, image.pcps[0].slot) + 9 * 8;
	assert_corrupt("top");
	image.pcps[0].top[0] = image_va(&image, &image.pcps[0].slot[4]) + 1;
	assert_corrupt("top");
	image.mm->pcp.slot.count = 60000;
	assert_corrupt("60000 slots");
	image.mm->pcp.lists = 1u << 31;
	assert_corrupt("per-CPU lists");
}

static void wild_caches_are_refused(void **state)
{
	(void)state;
	image.caches[1].next = image_va(&image, &image.caches[0].next);
	assert_corrupt("does not end");
	image.caches[1].next = image_va(&image, &image.caches[1].next);
	assert_corrupt("does not end");
	image.caches[1].next = 0;
	assert_corrupt("breaks off behind second");
	image.caches[2].next = 0x10;
	assert_corrupt("not in RAM");
	image.caches[0].name = ~0ull - 4;
	assert_corrupt("slab cache at");
	image.caches[0].inuse = 65;
	assert_corrupt("65 of 64");
	image.caches[0].pages = ~0ull;
	assert_corrupt("pages");
	image.caches[0].order = 40;
	assert_corrupt("order 40");
	image.caches[0].cpu[0].base = 1;
	assert_corrupt("CPU 0");
}

static void wild_areas_are_refused(void **state)
{
	(void)state;
	image.areas[2].node.next = image_va(&image, &image.areas[1].node);
	assert_corrupt("overlaps");
	image.areas[2].node.next = image_va(&image, &image.areas[2].node);
	assert_corrupt("overlaps");
	image.areas[1].node.next = 0;
	assert_corrupt("breaks off");
	image.areas[1].node.end = image.areas[1].node.start;
	assert_corrupt("vmalloc area");
	image.areas[1].node.start++;
	assert_corrupt("vmalloc area");
	image.areas[1].nr_pages = 4;
	assert_corrupt("4 pages");
	/* A terabyte of pages in 16 MiB: would take for ever. */
	image.areas[3].state = 1;
	image.areas[3].node.end = image.areas[3].node.start + (1ull << 40);
	image.areas[3].nr_pages = 1ull << 28;
	assert_corrupt("more pages than there are");
}

static void wild_boot_memory_is_refused(void **state)
{
	(void)state;
	image.memory->count = 5;
	assert_corrupt("5 ranges");
	image.memory->range[0].size = IMAGE_SIZE + 1;
	assert_corrupt("boot memory");
	image.memory->range[0].base = ~0ull;
	assert_corrupt("boot memory");
	image.reserved->range[1].base = 0x800;
	assert_corrupt("reserved memory");
	image.reserved->range[0].size = 0;
	assert_corrupt("reserved memory");
	image.kept_back->range[0].base = IMAGE_SIZE;
	assert_corrupt("RAM kept back");
	image.kept_back->count = ~0ull;
	assert_corrupt("RAM kept back");
}

static void wild_page_blocks_are_refused(void **state)
{
	(void)state;
	image.blocks[5].type = 4;
	assert_corrupt("page block 0x5 is of type 4");
	*image.blocks_pointer = 8;
	assert_corrupt("a page block");
	image.mm->blocks.stride = ~0u;
	assert_corrupt("a page block");
	image.mm->blocks.pointer_va = 1;
	assert_corrupt("the page blocks");
	image.mm->pages.max_pfn_va = 1;
	assert_corrupt("the highest frame");
	image.mm->blocks.types = 9;
	assert_corrupt("9 types");
	image.mm->blocks.order = 16;
	assert_corrupt("order 16");
}

static void a_wild_guarded_pool_is_refused(void **state)
{
	(void)state;
	*image.kfence_base = 8;
	assert_corrupt("guarded objects");
	*image.kfence_base = IMAGE_DIRECT + IMAGE_SIZE;
	assert_corrupt("guarded objects");
	image.mm->kfence.size = ~0ull;
	assert_corrupt("guarded objects");
	image.mm->kfence.base_va = 1;
	assert_corrupt("the guarded objects");
}

static void wild_frames_are_refused(void **state)
{
	(void)state;
	image.pages[0x602].flags = IMAGE_LIVE | IMAGE_FREE;
	assert_corrupt("frame 0x602");
	image.pages[0x602].flags = IMAGE_LIVE | IMAGE_ORDER(2);
	assert_corrupt("frame 0x602");
	image.pages[0x400].flags = IMAGE_FREE | IMAGE_ORDER(15);
	assert_corrupt("frame 0x400");
	/* Beyond the end of RAM. */
	image.memory->range[0].size -= 0x801000;
	image.pages[0x400].flags = IMAGE_FREE | IMAGE_ORDER(10);
	assert_corrupt("frame 0x400");
	image.mm->pages.stride = ~0u;
	assert_corrupt("a struct page");
}

/* A page table that leads to itself at every level still ends. */
static void looping_page_tables_end(void **state)
{
	uint64_t *top, gpa;
	struct memstate_view view;
	unsigned int i;

	(void)state;
	top = (uint64_t *)(image.bytes + image.table->page_table);
	for (i = 0; i < 512; i++)
		top[i] = image.table->page_table | 1;
	open_view(&view);
	assert_int_equal(memstate_translate(&view, IMAGE_VMEMMAP + 5, &gpa), 0);
	assert_int_equal(gpa, image.table->page_table + 5);
	/* Not canonical: no processor would take it. */
	assert_int_equal(memstate_translate(&view, 1ull << 47, &gpa), -EFAULT);
}

static void names_are_made_printable_and_cut(void **state)
{
	struct memstate_snapshot s;
	char *name = (char *)image.bytes + 0x300000;

	(void)state;
	memset(name, '\x1b', 100);
	take(&s);
	assert_int_equal(strlen(s.caches.cache[0].name), MEMSTATE_NAME_MAX - 1);
	assert_int_equal(s.caches.cache[0].name[0], '?');
	memstate_snapshot_free(&s);
}

/* --- random damage ------------------------------------------------------------------------ */

static uint64_t seed = 1;

static uint64_t dice(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % n;
}

/* A number as errors and attackers like them. */
static uint64_t wild_number(void)
{
	static const uint64_t likely[] = {
		0,
		1,
		8,
		~0ull,
		1ull << 63,
		1ull << 32,
		0xffffffff,
		IMAGE_SIZE,
		IMAGE_DIRECT,
		IMAGE_VMEMMAP,
		IMAGE_VMALLOC,
		IMAGE_DIRECT + IMAGE_SIZE - 4,
	};

	switch (dice(3)) {
	case 0:
		return likely[dice(sizeof(likely) / sizeof(likely[0]))];
	case 1:
		return IMAGE_DIRECT + dice(IMAGE_SIZE);
	default:
		return dice(1ull << 31) << dice(33);
	}
}

/* Spoils a few words of the tables, the structures, the page tables or struct pages. */
static void damage(void)
{
	uint64_t places[][2] = {
		{ IMAGE_TABLE, sizeof(struct memstate) },
		{ 0x2000, sizeof(struct memstate_mm) },
		{ 0x3000, 0x5000 },
		{ 0x8000, 0x6000 },
		{ 0x200000 + 0x400 * 64, 0x400 * 64 },
	};
	unsigned int n = 1 + (unsigned int)dice(4);

	while (n--) {
		const uint64_t *p = places[dice(sizeof(places) / sizeof(places[0]))];
		uint64_t at = p[0] + dice(p[1]), value = wild_number();

		memcpy(image.bytes + at, &value, 1ull << dice(4));
	}
}

static void random_damage_is_survived(void **state)
{
	uint8_t *good = malloc(IMAGE_SIZE);
	struct memstate_snapshot s;
	struct memstate_view view;
	unsigned int i, refused = 0;

	(void)state;
	memcpy(good, image.bytes, 0x400000);
	for (i = 0; i < 4000; i++) {
		int ret;

		memcpy(image.bytes, good, 0x10000);
		memcpy(image.bytes + 0x200000, good + 0x200000, 0x40000);
		damage();
		ret = memstate_open(&view, &image.ram, IMAGE_TABLE);
		if (!ret)
			ret = memstate_snapshot_take(&view, &s);
		if (!ret) {
			memstate_snapshot_free(&s);
			continue;
		}
		assert_int_equal(ret, -EBADMSG);
		assert_memory_equal(view.err.text, "memory state: ", 14);
		refused++;
	}
	free(good);
	/* Not all damage is visible, but much is. */
	assert_true(refused > 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(zones_are_read),
		TEST(a_zone_in_the_middle_of_a_change_is_marked),
		TEST(rooms_of_lists_are_read),
		TEST(caches_are_read),
		TEST(areas_are_read),
		TEST(boot_memory_and_dma_are_read),
		TEST(every_frame_is_judged),
		TEST(page_blocks_are_read),
		TEST(what_is_not_told_is_not_looked_for),
		TEST(what_is_not_set_up_yet_is_empty),
		TEST(an_empty_field_reads_as_zero),
		TEST(wild_tables_are_refused),
		TEST(wild_zones_are_refused),
		TEST(wild_per_cpu_lists_are_refused),
		TEST(wild_caches_are_refused),
		TEST(wild_areas_are_refused),
		TEST(wild_boot_memory_is_refused),
		TEST(wild_page_blocks_are_refused),
		TEST(a_wild_guarded_pool_is_refused),
		TEST(wild_frames_are_refused),
		TEST(looping_page_tables_end),
		TEST(names_are_made_printable_and_cut),
		TEST(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
