/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/vmm/memstate_image.h"

#define PAGE 4096ull

#define FIELD(type, member)                                                  \
	{                                                                    \
		offsetof(type, member), 0, 1, sizeof(((type *)NULL)->member) \
	}
#define FIELDS(type, array, member)                                                \
	{                                                                          \
		offsetof(type, array[0] member), sizeof(((type *)NULL)->array[0]), \
			sizeof(((type *)NULL)->array) /                            \
				sizeof(((type *)NULL)->array[0]),                  \
			sizeof(((type *)NULL)->array[0] member)                    \
	}

enum place {
	AT_MM = 0x2000,
	AT_CPUS = 0x2f00,
	AT_ZONES = 0x3000,
	AT_PCPS = 0x4000,
	AT_CACHES = 0x5000,
	AT_AREAS = 0x6000,
	AT_BOOT = 0x7000,
	AT_BLOCKS = 0x7a00,
	AT_NUMBERS = 0x7e00,
	AT_DMA = 0x7f00,
	AT_TABLES = 0x8000, /* page tables up to 0x10000 */
	AT_KERNEL = 0x10000, /* 4 frames */
	AT_PAGES = 0x200000, /* struct pages */
	AT_NAMES = 0x300000,
};

uint64_t image_va(const struct image *image, const void *p)
{
	return IMAGE_DIRECT + (uint64_t)((const uint8_t *)p - image->bytes);
}

static const struct memstate_mm description = {
	.version = MEMSTATE_VERSION,
	.size = sizeof(struct memstate_mm),
	.page_size = PAGE,
	.zones = {
		.va = IMAGE_DIRECT + AT_ZONES,
		.count = 2,
		.stride = sizeof(struct image_zone),
		.name = { "Low", "HighHigh" },
		.start_pfn = FIELD(struct image_zone, start),
		.end_pfn = FIELD(struct image_zone, end),
		.present = FIELD(struct image_zone, present),
		.managed = FIELD(struct image_zone, managed),
		.free = FIELD(struct image_zone, free),
		.cma = FIELD(struct image_zone, cma),
		.free_cma = FIELD(struct image_zone, free_cma),
		.nr_free = FIELDS(struct image_zone, area, .nr),
		.fresh_blocks = FIELD(struct image_zone, fresh_blocks),
		.fresh_start = FIELDS(struct image_zone, fresh, .start),
		.fresh_end = FIELDS(struct image_zone, fresh, .end),
		.watermark = FIELDS(struct image_zone, watermark, ),
		.lowmem_reserve = FIELDS(struct image_zone, reserve, ),
		.splits = FIELD(struct image_zone, splits),
		.merges = FIELD(struct image_zone, merges),
		.takes = FIELD(struct image_zone, takes),
		.puts = FIELD(struct image_zone, puts),
	},
	.pcp = {
		.pointer_va = IMAGE_DIRECT + AT_PCPS,
		.cpu_stride = 2 * sizeof(struct image_pcp),
		.zone_stride = sizeof(struct image_pcp),
		.lists = 1,
		.top = FIELDS(struct image_pcp, top, ),
		.slot = FIELDS(struct image_pcp, slot, ),
		.allocs = FIELD(struct image_pcp, allocs),
	},
	.pages = {
		.va = IMAGE_VMEMMAP,
		.stride = sizeof(struct image_page),
		.max_order = IMAGE_ORDERS - 1,
		.flags = FIELD(struct image_page, flags),
		.refcount = FIELD(struct image_page, refcount),
		.free_mask = IMAGE_FREE,
		.pcp_mask = IMAGE_PCP,
		.live_mask = IMAGE_LIVE,
		.slab_mask = IMAGE_SLAB,
		.kmalloc_mask = IMAGE_LARGE,
		.user_mask = IMAGE_USER,
		.movable_mask = IMAGE_MOVABLE,
		.isolated_mask = IMAGE_ISOLATED,
		.max_pfn_va = IMAGE_DIRECT + AT_NUMBERS + 8,
		.order_mask = IMAGE_ORDER(15),
		.order_shift = 8,
		.slab_cache = FIELD(struct image_page, cache),
	},
	.blocks = {
		.pointer_va = IMAGE_DIRECT + AT_NUMBERS,
		.stride = sizeof(struct image_block),
		.order = IMAGE_BLOCK_ORDER,
		.type = FIELD(struct image_block, type),
		.types = 4,
		.cma_type = IMAGE_CMA,
		.isolate_type = IMAGE_ISOLATE,
		.name = { "unmovable", "sixteen letters!", "c\tma" },
	},
	.kfence = {
		.base_va = IMAGE_DIRECT + AT_NUMBERS + 16,
		.size = IMAGE_KFENCE * PAGE,
	},
	.slab = {
		.list_va = IMAGE_DIRECT + AT_CACHES,
		.node = FIELD(struct image_cache, next),
		.name = FIELD(struct image_cache, name),
		.flags = FIELD(struct image_cache, flags),
		.object_size = FIELD(struct image_cache, object_size),
		.size = FIELD(struct image_cache, size),
		.order = FIELD(struct image_cache, order),
		.nr_partial = FIELD(struct image_cache, partial),
		.nr_full = FIELD(struct image_cache, full),
		.nr_free = FIELD(struct image_cache, empty),
		.objects = FIELD(struct image_cache, objects),
		.inuse = FIELD(struct image_cache, inuse),
		.pages = FIELD(struct image_cache, pages),
		.created = FIELD(struct image_cache, created),
		.freed = FIELD(struct image_cache, freed),
		.depot_objects = FIELD(struct image_cache, depot),
		.cpu_top = FIELDS(struct image_cache, cpu, .top),
		.cpu_base = FIELDS(struct image_cache, cpu, .base),
		.cpu_previous = FIELDS(struct image_cache, cpu, .previous),
		.cpu_shelved = FIELDS(struct image_cache, cpu, .shelved),
	},
	.areas = {
		.next = FIELD(struct image_area, node.next),
		.start = FIELD(struct image_area, node.start),
		.end = FIELD(struct image_area, node.end),
		.state = FIELD(struct image_area, state),
		.kind = FIELD(struct image_area, kind),
		.nr_pages = FIELD(struct image_area, nr_pages),
		.phys = FIELD(struct image_area, phys),
		.caller = FIELD(struct image_area, caller),
		.state_building = 0,
		.state_live = 1,
		.state_dying = 2,
		.kind_alloc = 2,
		.kind_map = 4,
		.kind_ioremap = 1,
	},
	.boot = {
		.memory_va = IMAGE_DIRECT + AT_BOOT,
		.reserved_va = IMAGE_DIRECT + AT_BOOT + 0x100,
		.kept_back_va = IMAGE_DIRECT + AT_BOOT + 0x200,
		.count = FIELD(struct image_ranges, count),
		.base = FIELDS(struct image_ranges, range, .base),
		.size = FIELDS(struct image_ranges, range, .size),
	},
	.dma = {
		.va = IMAGE_DIRECT + AT_DMA,
		.mappings = { 0, 0, 1, 8 },
		.mapped_bytes = { 8, 0, 1, 8 },
		.coherent = { 16, 0, 1, 8 },
		.coherent_bytes = { 24, 0, 1, 8 },
		.refused = { 32, 0, 1, 8 },
	},
};

static void make_tables(struct image *image)
{
	*image->table = (struct memstate){
		.magic = MEMSTATE_MAGIC,
		.version = MEMSTATE_VERSION,
		.size = sizeof(struct memstate),
		.range = { { IMAGE_DIRECT, 0, 1ull << 40 } },
		.page_table = AT_TABLES,
		.image_start = AT_KERNEL,
		.image_end = AT_KERNEL + 4 * PAGE,
		.text_start = 0xffffffff80000000ull,
		.text_end = 0xffffffff80100000ull,
		.nr_cpus_va = IMAGE_DIRECT + AT_CPUS,
		.mm_va = IMAGE_DIRECT + AT_MM,
	};
	memcpy(image->mm, &description, sizeof(description));
	/* The areas' nodes are told by where they are in an area. */
	image->mm->areas.node = offsetof(struct image_area, node);
	image->mm->areas.next.offset -= image->mm->areas.node;
	image->mm->areas.start.offset -= image->mm->areas.node;
	image->mm->areas.end.offset -= image->mm->areas.node;
	image->mm->areas.head_va = image_va(image, &image->areas[0].node);
	image->mm->areas.tail_va = image_va(image, &image->areas[IMAGE_AREAS + 1].node);
	*image->cpus = 2;
}

/* An entry of a table at pa that leads to `to`. */
static void map(const struct image *image, uint64_t pa, uint64_t index, uint64_t to,
		uint64_t bits)
{
	const uint64_t entry = to | bits | 1;

	memcpy(image->bytes + pa + index * 8, &entry, sizeof(entry));
}

#define INDEX(va, level) ((va) >> (12 + 9 * (level)) & 511)

static void make_page_table(struct image *image)
{
	uint64_t top = AT_TABLES, t = AT_TABLES + PAGE;

	/* The struct pages: one 2 MiB page. */
	map(image, top, INDEX(IMAGE_VMEMMAP, 3), t, 0);
	map(image, t, INDEX(IMAGE_VMEMMAP, 2), t + PAGE, 0);
	map(image, t + PAGE, INDEX(IMAGE_VMEMMAP, 1), AT_PAGES, 0x80);
	/* The vmalloc range: a table of small pages. */
	map(image, top, INDEX(IMAGE_VMALLOC, 3), t + 2 * PAGE, 0);
	map(image, t + 2 * PAGE, INDEX(IMAGE_VMALLOC, 2), t + 3 * PAGE, 0);
	map(image, t + 3 * PAGE, INDEX(IMAGE_VMALLOC, 1), t + 4 * PAGE, 0);
	image->vmalloc_entries = (uint64_t *)(image->bytes + t + 4 * PAGE);
}

/*
 * Frames: [0, 0x400) reserved but for the kernel's 4; 0x400 a free block of order 9; then
 * order 0: pcp, slab, page, user page, large kmalloc of order 2, 2 pages of vmalloc, the
 * rest of the block of 1024 in one allocation each of order 0: of these 0x610 is movable, the
 * next on its way elsewhere, the next a user's; 0x6fc a block of order 2, the guarded pool;
 * from 0x700 on a contiguous area, where 0x701 is lent out; [0x800, 0x1000) fresh.  Frame 0
 * is kept back; from 0x300 on nobody has the frames yet that are taken together.
 */
static void make_pages(struct image *image)
{
	struct image_page *p = image->pages;
	unsigned int i;

	p[0x400].flags = IMAGE_FREE | IMAGE_ORDER(9);
	p[0x600].flags = IMAGE_PCP;
	p[0x601].flags = IMAGE_LIVE | IMAGE_SLAB;
	p[0x602].flags = IMAGE_LIVE;
	p[0x603].flags = IMAGE_LIVE | IMAGE_USER;
	p[0x604].flags = IMAGE_LIVE | IMAGE_LARGE | IMAGE_ORDER(2);
	for (i = 0x608; i < 0x800; i++)
		p[i].flags = IMAGE_LIVE;
	p[0x610].flags |= IMAGE_MOVABLE;
	p[0x611].flags |= IMAGE_MOVABLE | IMAGE_ISOLATED;
	p[0x612].flags |= IMAGE_USER | IMAGE_MOVABLE;
	p[0x701].flags |= IMAGE_MOVABLE;
	p[0x6fc].flags |= IMAGE_ORDER(2);
	p[0x6fd].flags = p[0x6fe].flags = p[0x6ff].flags = 0;
	image->blocks[7].type = IMAGE_CMA;
	image->blocks[4].type = 1;
	image->blocks[3].type = IMAGE_ISOLATE;
	*image->blocks_pointer = image_va(image, image->blocks);
	*image->max_pfn = IMAGE_FRAMES;
	*image->kfence_base = IMAGE_DIRECT + 0x6fc * PAGE;
	image->vmalloc_entries[0] = 0x608ull << 12 | 1;
	image->vmalloc_entries[1] = 0x60aull << 12 | 1;
}

static void make_zones(struct image *image)
{
	image->zones[0] = (struct image_zone){
		.start = 0,
		.end = 0x800,
		.present = 0x800,
		.managed = 0x400,
		.free = 0x200,
		.area[9].nr = 1,
		.watermark = { 10, 12, 14 },
		.splits = 3,
		.cma = 0x100,
		.free_cma = 0x80,
	};
	image->zones[1] = (struct image_zone){
		.start = 0x800,
		.end = 0x1000,
		.present = 0x800,
		.managed = 0x800,
		.free = 0x800,
		.fresh_blocks = 2,
		.fresh = { { 0x800, 0x1000 } },
		.watermark = { 20, 24, 28 },
		.reserve = { 7, 0 },
	};
	/* CPU 1 holds one page of zone 0. */
	*image->pcp_pointer = image_va(image, image->pcps);
	image->pcps[2].slot[1] = IMAGE_VMEMMAP + 0x600 * sizeof(struct image_page);
	image->pcps[2].top[0] = image_va(image, &image->pcps[2].slot[2]);
	image->pcps[0].allocs = 2; /* of CPU 0, and of CPU 1, both in zone 0 */
	image->pcps[2].allocs = 3;
	image->pcps[2].top[1] = image_va(image, &image->pcps[2].slot[5]);
}

static void make_caches(struct image *image)
{
	static const char *const names[IMAGE_CACHES] = { "first", "second", "third" };
	uint8_t *text = image->bytes + AT_NAMES;
	unsigned int i;

	*image->cache_list = image_va(image, &image->caches[0].next);
	for (i = 0; i < IMAGE_CACHES; i++) {
		struct image_cache *c = &image->caches[i];

		strcpy((char *)text + i * 16ul, names[i]);
		*c = (struct image_cache){
			.object_size = 60,
			.size = 64,
			.partial = 1,
			.objects = 64,
			.inuse = 30,
			.pages = 1,
			.created = 1,
			.depot = 2,
			.name = image_va(image, text + i * 16ul),
			.next = i + 1 < IMAGE_CACHES
					? image_va(image, &image->caches[i + 1].next)
					: image_va(image, image->cache_list),
		};
		c->cpu[1].base = IMAGE_DIRECT + 0x8000;
		c->cpu[1].top = c->cpu[1].base + 3 * 8;
		c->cpu[1].previous = 4;
		c->cpu[0].shelved = 1;
	}
}

static void make_areas(struct image *image)
{
	struct image_area *a = image->areas;
	unsigned int i;

	for (i = 1; i <= IMAGE_AREAS; i++) {
		a[i].node.start = IMAGE_VMALLOC + (i - 1) * 4 * PAGE;
		a[i].node.end = a[i].node.start + 3 * PAGE;
		a[i].state = 1;
		a[i].caller = 0xffffffff80000100ull;
	}
	for (i = 0; i <= IMAGE_AREAS; i++)
		a[i].node.next = image_va(image, &a[i + 1].node);
	a[1].kind = 2;
	a[1].nr_pages = 2;
	a[2].kind = 1;
	a[2].phys = 0xfec00000;
	a[3].kind = 2;
	a[3].state = 3;
}

static void make_boot(struct image *image)
{
	unsigned int i;

	*image->memory = (struct image_ranges){ 1, { { PAGE, IMAGE_SIZE - PAGE } } };
	*image->kept_back = (struct image_ranges){ 1, { { 0, PAGE } } };
	*image->reserved =
		(struct image_ranges){ 2, { { 0, PAGE }, { 0x10000, 0x4000 } } };
	for (i = 0; i < 5; i++)
		image->dma[i] = i + 1;
}

void image_make(struct image *image)
{
	uint8_t *b = aligned_alloc(PAGE, IMAGE_SIZE);

	memset(b, 0, IMAGE_SIZE);
	*image = (struct image){
		.bytes = b,
		.table = (void *)(b + IMAGE_TABLE),
		.mm = (void *)(b + AT_MM),
		.cpus = (void *)(b + AT_CPUS),
		.zones = (void *)(b + AT_ZONES),
		.pcp_pointer = (void *)(b + AT_PCPS),
		.pcps = (void *)(b + AT_PCPS + 64),
		.pages = (void *)(b + AT_PAGES),
		.cache_list = (void *)(b + AT_CACHES),
		.caches = (void *)(b + AT_CACHES + 64),
		.areas = (void *)(b + AT_AREAS),
		.memory = (void *)(b + AT_BOOT),
		.reserved = (void *)(b + AT_BOOT + 0x100),
		.kept_back = (void *)(b + AT_BOOT + 0x200),
		.blocks = (void *)(b + AT_BLOCKS),
		.blocks_pointer = (void *)(b + AT_NUMBERS),
		.max_pfn = (void *)(b + AT_NUMBERS + 8),
		.kfence_base = (void *)(b + AT_NUMBERS + 16),
		.dma = (void *)(b + AT_DMA),
	};
	ram_add(&image->ram, 0, IMAGE_SIZE, b);
	make_tables(image);
	make_page_table(image);
	make_pages(image);
	make_zones(image);
	make_caches(image);
	make_areas(image);
	make_boot(image);
}

void image_free(struct image *image)
{
	free(image->bytes);
}
