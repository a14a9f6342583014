/* SPDX-License-Identifier: MIT */
/* Zones: their bounds, what each request may use, reserves, and the cost of starting. */
#include <stdio.h>
#include "page_test.h"

static struct zone_info info_of(enum zone_type type)
{
	struct zone_info info;

	zone_info(type, &info);
	return info;
}

static int small_machine(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	return 0;
}

/* 3 GiB below the hole, 64 MiB above 4 GiB. */
static int large_machine(void **state)
{
	(void)state;
	pages_start(3 * GIB + 64 * MIB);
	return 0;
}

static void zones_lie_where_linux_has_them(void **state)
{
	struct zone_info dma = info_of(ZONE_DMA), dma32 = info_of(ZONE_DMA32);
	struct zone_info normal = info_of(ZONE_NORMAL), high = info_of(ZONE_HIGHMEM);

	(void)state;
	assert_int_equal(dma.start_pfn + dma.spanned, MAX_DMA_PFN);
	assert_int_equal(dma32.start_pfn, MAX_DMA_PFN);
	assert_int_equal(dma32.start_pfn + dma32.spanned, 3 * GIB / PAGE_SIZE);
	assert_int_equal(normal.start_pfn, MAX_DMA32_PFN);
	assert_int_equal(normal.present, 64 * MIB / PAGE_SIZE);
	assert_int_equal(high.present, 0);
	assert_string_equal(high.name, "HighMem");
	assert_int_equal(totalram_pages(), dma.managed + dma32.managed + normal.managed);
	/* Boot memory came from the top: the DMA zone lost page 0 alone. */
	assert_int_equal(dma.managed, MAX_DMA_PFN - 1);
}

static enum zone_type zone_got(gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_NOWARN);

	return page ? page_zonenum(page) : MAX_NR_ZONES;
}

static void requests_go_to_their_best_zone(void **state)
{
	(void)state;
	assert_int_equal(zone_got(GFP_KERNEL), ZONE_NORMAL);
	assert_int_equal(zone_got(GFP_ATOMIC), ZONE_NORMAL);
	assert_int_equal(zone_got(GFP_KERNEL | GFP_DMA), ZONE_DMA);
	assert_int_equal(zone_got(GFP_KERNEL | GFP_DMA32), ZONE_DMA32);
	assert_int_equal(zone_got(GFP_HIGHUSER), ZONE_NORMAL);
	assert_int_equal(zone_got(GFP_HIGHUSER_MOVABLE), ZONE_NORMAL);
	assert_int_equal(zone_got(GFP_DMA), ZONE_DMA);
}

static void contradicting_zones_are_refused(void **state)
{
	(void)state;
	assert_null(alloc_page(GFP_KERNEL | GFP_DMA | GFP_DMA32));
	assert_true(host_log_has("zones that exclude each other"));
	assert_null(alloc_page(GFP_HIGHUSER | GFP_DMA));
	assert_null(alloc_page(GFP_HIGHUSER | GFP_DMA32 | __GFP_NOWARN));
	pages_check();
}

static void full_zones_fall_to_lower_ones_and_leave_the_reserve(void **state)
{
	struct page *list;
	struct zone_info normal, dma32, dma;

	(void)state;
	take_all(GFP_KERNEL, 0, &list);
	normal = info_of(ZONE_NORMAL);
	dma32 = info_of(ZONE_DMA32);
	dma = info_of(ZONE_DMA);
	assert_in_range(normal.free, 0, normal.watermark[WMARK_MIN]);
	assert_in_range(dma32.free,
			dma32.watermark[WMARK_MIN] + dma32.lowmem_reserve[ZONE_NORMAL] -
				64,
			dma32.watermark[WMARK_MIN] + dma32.lowmem_reserve[ZONE_NORMAL]);
	/* The DMA zone keeps more from those who could be served higher up. */
	assert_true(dma.lowmem_reserve[ZONE_NORMAL] > dma.lowmem_reserve[ZONE_DMA32]);
	assert_true(dma.free >= dma.lowmem_reserve[ZONE_NORMAL]);
	/* What was kept back from GFP_KERNEL serves GFP_DMA. */
	assert_int_equal(zone_got(GFP_KERNEL | GFP_DMA), ZONE_DMA);
	pages_check();
	give_all(list, 0);
	pages_check();
}

/* What a CPU holds of a lower zone is kept as well. */
static void warm_pages_of_lower_zones_are_kept(void **state)
{
	struct page *list, *dma;

	(void)state;
	take_all(0, 0, &list);
	dma = alloc_page(GFP_DMA);
	assert_int_equal(page_zonenum(dma), ZONE_DMA);
	__free_page(dma);
	assert_true(info_of(ZONE_DMA).pcp > 0);
	assert_null(alloc_page(__GFP_NOWARN));
	assert_ptr_equal(alloc_page(GFP_DMA), dma);
	__free_page(dma);
	give_all(list, 0);
	pages_check();
}

static void urgent_requests_may_use_part_of_the_reserve(void **state)
{
	struct page *normal, *nowait, *high, *atomic, *refused, *all;
	unsigned long left, min;

	(void)state;
	min = info_of(ZONE_DMA32).watermark[WMARK_MIN];
	take_all(GFP_KERNEL | GFP_DMA32, 4, &normal);
	assert_int_equal(take_all(GFP_NOWAIT | GFP_DMA32, 4, &nowait), 0);
	left = info_of(ZONE_DMA32).free;
	assert_true(left >= min);
	assert_true(take_all(GFP_KERNEL | GFP_DMA32 | __GFP_HIGH, 4, &high) > 0);
	assert_true(info_of(ZONE_DMA32).free >= min / 2);
	assert_true(take_all(GFP_ATOMIC | GFP_DMA32, 4, &atomic) > 0);
	assert_true(info_of(ZONE_DMA32).free >= min / 4);
	assert_int_equal(
		take_all(GFP_ATOMIC | GFP_DMA32 | __GFP_MEMALLOC | __GFP_NOMEMALLOC, 4,
			 &refused),
		0);
	assert_true(take_all(GFP_ATOMIC | GFP_DMA32 | __GFP_MEMALLOC, 4, &all) > 0);
	assert_int_equal(info_of(ZONE_DMA32).nr_free[4], 0);
	pages_check();
	give_all(normal, 4);
	give_all(high, 4);
	give_all(atomic, 4);
	give_all(all, 4);
	pages_check();
}

static void watermarks_rise_and_follow_the_size(void **state)
{
	static const size_t sizes[] = { 32 * MIB, 256 * MIB, 4 * GIB, 64 * GIB };
	unsigned long last_sum = 0;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long sum = 0;

		pages_start(sizes[i]);
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct zone_info info = info_of(z);

			if (!info.managed)
				continue;
			assert_in_range(info.watermark[WMARK_MIN], 1, info.managed / 16);
			assert_true(info.watermark[WMARK_LOW] >
				    info.watermark[WMARK_MIN]);
			assert_true(info.watermark[WMARK_HIGH] >
				    info.watermark[WMARK_LOW]);
			sum += info.watermark[WMARK_MIN];
		}
		assert_true(sum > last_sum);
		last_sum = sum;
	}
}

/* The formulas of Linux 6.1's __setup_per_zone_wmarks() and
 * setup_per_zone_lowmem_reserve(), worked out once more. */
static void watermarks_and_reserves_follow_linux(void **state)
{
	unsigned long low_kb, min_kb = 0, min_pages, total = totalram_pages();
	unsigned long above = 0;

	(void)state;
	low_kb = total * 4;
	while ((min_kb + 1) * (min_kb + 1) <= low_kb * 16)
		min_kb++;
	min_pages = min_kb / 4;
	for (int z = MAX_NR_ZONES - 1; z >= 0; z--) {
		struct zone_info info = info_of((enum zone_type)z);
		unsigned long min = min_pages * info.managed / total, gap = min / 4;

		if (gap < info.managed / 1000)
			gap = info.managed / 1000;
		assert_int_equal(info.watermark[WMARK_MIN], min);
		assert_int_equal(info.watermark[WMARK_LOW], min + gap);
		assert_int_equal(info.watermark[WMARK_HIGH], min + 2 * gap);
		if (z < ZONE_NORMAL)
			assert_int_equal(info.lowmem_reserve[ZONE_HIGHMEM], above / 256);
		assert_int_equal(info.lowmem_reserve[z], 0);
		above += info.managed;
	}
}

/* Linux 6.1 with 256 MiB: min_free_kbytes is 4 * sqrt(KiB). */
static void the_minimum_is_linux_s(void **state)
{
	unsigned long sum = 0;

	(void)state;
	pages_start(256 * MIB);
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
		sum += info_of(z).watermark[WMARK_MIN];
	assert_in_range(sum, 2000 / 4, 2048 / 4);
}

static void any_size_starts_and_costs_little(void **state)
{
	static const size_t sizes[] = { 32 * MIB, 33 * MIB + 4096, 256 * MIB,
					3 * GIB,  3 * GIB + 4096,  5 * GIB,
					64 * GIB };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long pages = 0;

		pages_start(sizes[i]);
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			pages += info_of(z).present;
		assert_int_equal(pages, sizes[i] / PAGE_SIZE);
		assert_in_range(totalram_pages(), pages - 128, pages - 1);
		assert_in_range(host_resident_ram(), 0, MIB);
		for (unsigned int order = 0; order <= MAX_ORDER; order++)
			__free_pages(alloc_pages(GFP_KERNEL, order), order);
		pages_check();
	}
}

/* Ranges that begin and end in the middle of a 4 MiB block: the buddy looks beyond them,
 * and finds struct pages there. */
static void ram_may_begin_and_end_anywhere(void **state)
{
	struct page *list;

	(void)state;
	for (unsigned long odd = PAGE_SIZE; odd < 4 * MIB; odd *= 2) {
		host_mm_reset();
		host_add_ram(0, 256 * MIB);
		memblock_add(PAGE_SIZE, 20 * MIB + odd - PAGE_SIZE);
		memblock_add(64 * MIB + odd, 20 * MIB - odd);
		memblock_add(128 * MIB, 64 * MIB); /* boot memory comes from here */
		mm_init();
		gfp_allow_sleep();
		pages_check();
		take_all(GFP_KERNEL | __GFP_MEMALLOC, 0, &list);
		give_all(list, 0);
		drain_all_pages();
		pages_check();
		assert_true(pfn_valid(PHYS_PFN(20 * MIB + odd)));
		assert_true(pfn_valid(PHYS_PFN(64 * MIB)));
		assert_false(pfn_valid(PHYS_PFN(64 * MIB) - 1));
	}
}

static void pfn_valid_knows_the_holes(void **state)
{
	(void)state;
	assert_true(pfn_valid(0));
	assert_true(pfn_valid(PHYS_PFN(3 * GIB) - 1));
	assert_false(pfn_valid(PHYS_PFN(3 * GIB)));
	assert_false(pfn_valid(PHYS_PFN(4 * GIB) - 1));
	assert_true(pfn_valid(PHYS_PFN(4 * GIB)));
	assert_true(pfn_valid(max_pfn - 1));
	assert_false(pfn_valid(max_pfn));
	assert_false(pfn_valid(~0UL));
	assert_true(virt_addr_valid(__va(5)));
	assert_true(virt_addr_valid(__va(4 * GIB)));
	assert_false(virt_addr_valid(__va(3 * GIB)));
	assert_false(virt_addr_valid(NULL));
	assert_false(virt_addr_valid((void *)VMALLOC_START));
	assert_false(virt_addr_valid((void *)&small_machine));
}

static void reserved_memory_never_enters_the_buddy(void **state)
{
	struct page *list;

	(void)state;
	host_boot_begin(32 * MIB);
	memblock_reserve(20 * MIB + 100, 3 * MIB);
	memblock_reserve(4 * MIB + 4096, 1);
	mm_init();
	gfp_allow_sleep();
	pages_check();
	take_all(GFP_KERNEL | __GFP_MEMALLOC, 0, &list);
	for (struct page *page = list; page; page = page->mapping)
		assert_false(memblock_is_region_reserved(page_to_phys(page), PAGE_SIZE));
	pages_check();
	give_all(list, 0);

	/* Late: whole pages of a reserved range, once. */
	unsigned long total = totalram_pages();

	assert_int_equal(free_reserved_area(20 * MIB + 100, 23 * MIB + 100), 0);
	assert_int_equal(totalram_pages(), total + 3 * MIB / PAGE_SIZE - 1);
	pages_check();
	assert_int_equal(free_reserved_area(21 * MIB, 22 * MIB), -EINVAL);
	assert_int_equal(free_reserved_area(40 * MIB, 41 * MIB), -EINVAL);
	assert_int_equal(free_reserved_area(41 * MIB, 40 * MIB), -EINVAL);
	assert_int_equal(free_reserved_area(100, 200), 0);
	pages_check();
}

static void buddyinfo_is_printed(void **state)
{
	(void)state;
	host_log_clear();
	show_buddyinfo();
	assert_true(host_log_has("zone      DMA "));
	assert_true(host_log_has("Node 0, zone    DMA32"));
	assert_false(host_log_has("Normal"));
}

/* --- the texts --- */

static void buddyinfo_reads_like_linux_s(void **state)
{
	char text[512] = "", line[160];
	struct zone_info info;
	const char *at = text;
	size_t length;

	(void)state;
	length = buddyinfo_read(text, sizeof(text));
	assert_int_equal(length, strlen(text));
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		int len;

		zone_info(z, &info);
		if (!info.present)
			continue;
		len = snprintf(line, sizeof(line), "Node 0, zone %8s ", info.name);
		for (unsigned int order = 0; order <= MAX_ORDER; order++)
			len += snprintf(line + len, sizeof(line) - (size_t)len, "%6lu ",
					info.nr_free[order]);
		line[len++] = '\n';
		assert_memory_equal(at, line, (size_t)len);
		at += len;
	}
	assert_int_equal(*at, '\0');
}

static void zoneinfo_reads_like_linux_s(void **state)
{
	char text[4096] = "", want[256];
	struct zone_info info = info_of(ZONE_NORMAL);
	size_t length;

	(void)state;
	length = zoneinfo_read(text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_int_equal(strncmp(text, "Node 0, zone      DMA\n  pages free     ", 39),
			 0);
	snprintf(want, sizeof(want),
		 "Node 0, zone   Normal\n  pages free     %lu\n        boost    0\n"
		 "        min      %lu\n        low      %lu\n        high     %lu\n"
		 "        spanned  %lu\n        present  %lu\n        managed  %lu\n",
		 info.free, info.watermark[WMARK_MIN], info.watermark[WMARK_LOW],
		 info.watermark[WMARK_HIGH], info.spanned, info.present, info.managed);
	assert_non_null(strstr(text, want));
	snprintf(want, sizeof(want),
		 "        cma      0\n        protection: (0, 0, 0, 0)\n"
		 "      nr_free_pages %lu\n      nr_free_cma  0\n  pagesets\n",
		 info.free);
	assert_non_null(strstr(text, want));
	assert_non_null(strstr(text, "\n  pagesets\n    cpu: 0\n              count: "));
	assert_non_null(strstr(text, "\n  start_pfn:           1048576\n"));
	assert_null(strstr(text, "HighMem"));
}

/* Whatever the room, what is there is the beginning, and ended. */
static void texts_are_cut_where_the_room_ends(void **state)
{
	char whole[4096] = "", text[4096];
	size_t length = zoneinfo_read(whole, sizeof(whole));

	(void)state;
	for (size_t size = 0; size < 600; size++) {
		memset(text, 'x', sizeof(text));
		assert_int_equal(zoneinfo_read(text, size), size ? size - 1 : 0);
		assert_int_equal(text[size], 'x');
		if (size) {
			assert_int_equal(text[size - 1], '\0');
			assert_memory_equal(text, whole, size - 1);
		}
	}
	assert_true(length > 600);
	assert_int_equal(buddyinfo_read(text, 30), 29);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(zones_lie_where_linux_has_them, large_machine),
		cmocka_unit_test_setup(requests_go_to_their_best_zone, large_machine),
		cmocka_unit_test_setup(contradicting_zones_are_refused, small_machine),
		cmocka_unit_test_setup(
			full_zones_fall_to_lower_ones_and_leave_the_reserve,
			large_machine),
		cmocka_unit_test_setup(warm_pages_of_lower_zones_are_kept, large_machine),
		cmocka_unit_test_setup(urgent_requests_may_use_part_of_the_reserve,
				       small_machine),
		cmocka_unit_test(watermarks_rise_and_follow_the_size),
		cmocka_unit_test(the_minimum_is_linux_s),
		cmocka_unit_test(any_size_starts_and_costs_little),
		cmocka_unit_test(ram_may_begin_and_end_anywhere),
		cmocka_unit_test_setup(pfn_valid_knows_the_holes, large_machine),
		cmocka_unit_test(reserved_memory_never_enters_the_buddy),
		cmocka_unit_test_setup(buddyinfo_is_printed, small_machine),
		cmocka_unit_test_setup(watermarks_and_reserves_follow_linux,
				       large_machine),
		cmocka_unit_test_setup(buddyinfo_reads_like_linux_s, large_machine),
		cmocka_unit_test_setup(zoneinfo_reads_like_linux_s, large_machine),
		cmocka_unit_test_setup(texts_are_cut_where_the_room_ends, large_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
