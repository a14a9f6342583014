/* SPDX-License-Identifier: MIT */
/* Boot memory by its old names, and what bootmem= and mem= keep. */
#include <linux/bootmem.h>
#include <linux/errno.h>
#include "page_test.h"

static int set_up(void **state)
{
	(void)state;
	host_mm_reset();
	return 0;
}

#define boot_test(f) cmocka_unit_test_setup(f, set_up)

static void memory_comes_zeroed_and_aligned(void **state)
{
	char *p[6];

	(void)state;
	host_boot_begin(64 * MIB);
	memset(__va(32 * MIB), 0x5a, 32 * MIB);
	host_set_ram_zeroed(false);
	p[0] = alloc_bootmem(1000);
	p[1] = alloc_bootmem_pages(3 * PAGE_SIZE);
	p[2] = alloc_bootmem_align(100, 4096 * 8);
	p[3] = alloc_bootmem_low(1000);
	p[4] = alloc_bootmem_low_pages(PAGE_SIZE);
	p[5] = alloc_bootmem_nopanic(10 * MIB);
	assert_true(IS_ALIGNED((unsigned long)p[0], 64));
	assert_true(PAGE_ALIGNED(p[1]) && PAGE_ALIGNED(p[4]));
	assert_true(IS_ALIGNED((unsigned long)p[2], 4096 * 8));
	assert_null(memchr_inv(p[1], 0, 3 * PAGE_SIZE));
	assert_null(memchr_inv(p[5], 0, 10 * MIB));
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		assert_true(memblock_is_reserved(__pa(p[i])));
}

static void the_dma_zone_is_used_last(void **state)
{
	(void)state;
	host_boot_begin(20 * MIB);
	assert_true(__pa(alloc_bootmem_pages(MIB)) >= 16 * MIB);
	/* Nothing above 16 MiB holds so much: below it is better than nothing. */
	assert_true(__pa(alloc_bootmem_pages(8 * MIB)) < 16 * MIB);
}

static void low_memory_is_below_4_gib(void **state)
{
	(void)state;
	host_boot_begin(5 * GIB);
	assert_true(__pa(alloc_bootmem(64)) >= 4 * GIB);
	assert_true(__pa(alloc_bootmem_low(64)) < 4 * GIB);
}

static void ask_too_much(void *arg)
{
	(void)arg;
	alloc_bootmem(65 * MIB);
}

static void ask_too_much_low(void *arg)
{
	(void)arg;
	alloc_bootmem_low_pages(65 * MIB);
}

static void missing_memory_is_fatal_but_for_nopanic(void **state)
{
	(void)state;
	host_boot_begin(64 * MIB);
	assert_null(alloc_bootmem_nopanic(65 * MIB));
	assert_null(alloc_bootmem_pages_nopanic(65 * MIB));
	assert_true(host_catch_panic(ask_too_much, NULL));
	assert_true(host_log_has("alloc_bootmem: no 68157440 bytes in one piece"));
	assert_true(host_catch_panic(ask_too_much_low, NULL));
}

static void what_is_given_back_is_free(void **state)
{
	void *p;

	(void)state;
	host_boot_begin(64 * MIB);
	p = alloc_bootmem_pages(2 * MIB);
	free_bootmem(__pa(p), 2 * MIB);
	assert_false(memblock_is_region_reserved(__pa(p), 2 * MIB));
	assert_ptr_equal(alloc_bootmem_pages(2 * MIB), p);
}

static void after_boot_it_is_refused(void **state)
{
	unsigned long before;
	void *p;

	(void)state;
	host_boot_begin(64 * MIB);
	p = alloc_bootmem_pages(2 * MIB);
	mm_init();
	gfp_allow_sleep();
	assert_null(alloc_bootmem(64));
	assert_null(alloc_bootmem_nopanic(64));
	assert_null(alloc_bootmem_low_pages(64));
	assert_int_equal(host_events.warnings, 3);
	assert_true(host_log_has("alloc_bootmem: 64 bytes asked for after mm_init()"));
	/* Giving back still works: the pages become the page allocator's. */
	before = totalram_pages();
	free_bootmem(__pa(p), 2 * MIB);
	assert_int_equal(totalram_pages(), before + 2 * MIB / PAGE_SIZE);
	free_bootmem(__pa(p), 2 * MIB);
	assert_true(host_log_has("free_bootmem: "));
	assert_int_equal(totalram_pages(), before + 2 * MIB / PAGE_SIZE);
}

static void the_option_keeps_one_piece(void **state)
{
	unsigned long size, total;
	char *p;

	(void)state;
	host_mm_init(64 * MIB);
	assert_null(bootmem_kept(&size));
	assert_int_equal(size, 0);
	total = totalram_pages();
	host_boot_begin(64 * MIB);
	assert_int_equal(bootmem_setup("16M"), 0);
	mm_init();
	gfp_allow_sleep();
	p = bootmem_kept(&size);
	assert_non_null(p);
	assert_int_equal(size, 16 * MIB);
	assert_true(memblock_is_region_reserved(__pa(p), size));
	assert_int_equal(totalram_pages(), total - size / PAGE_SIZE);
	for (unsigned long at = 0; at < size; at += PAGE_SIZE) {
		struct page *head = compound_head(virt_to_page(p + at));

		assert_false(PageBuddy(head) || PageLive(head) || PagePcp(head));
	}
	pages_check();
}

static void the_option_may_be_wrong(void **state)
{
	unsigned long size;

	(void)state;
	host_boot_begin(64 * MIB);
	assert_null(bootmem_kept(&size));
	assert_int_equal(bootmem_setup(""), -EINVAL);
	assert_int_equal(bootmem_setup("0"), -EINVAL);
	assert_int_equal(bootmem_setup("5X"), -EINVAL);
	assert_int_equal(bootmem_setup("0xffffffffffffffff"), -EINVAL);
	assert_int_equal(bootmem_setup("1"), 0);
	assert_int_equal(bootmem_setup("100M"), 0);
	mm_init();
	assert_null(bootmem_kept(&size));
	assert_true(host_log_has("bootmem=104857600: no such piece of memory"));
}

static void mem_tells_what_it_kept_back(void **state)
{
	(void)state;
	host_boot_begin(5 * GIB);
	assert_int_equal(memblock.kept_back.cnt, 0);
	memblock_mem_limit_remove_map(2 * GIB);
	assert_int_equal(memblock.kept_back.cnt, 2);
	assert_int_equal(memblock.kept_back.regions[0].base, 2 * GIB);
	assert_int_equal(memblock.kept_back.regions[0].size, GIB);
	assert_int_equal(memblock.kept_back.regions[1].base, 4 * GIB);
	assert_int_equal(memblock.kept_back.regions[1].size, 2 * GIB);
	/* Again, and more: the pieces join. */
	memblock_mem_limit_remove_map(GIB);
	assert_int_equal(memblock.kept_back.cnt, 2);
	assert_int_equal(memblock.kept_back.regions[0].base, GIB);
	memblock_mem_limit_remove_map(8 * GIB);
	assert_int_equal(memblock_phys_mem_size(), GIB);
	mm_init();
	assert_false(pfn_valid(PHYS_PFN(GIB)));
	assert_false(virt_addr_valid(__va(2 * GIB)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(memory_comes_zeroed_and_aligned),
		boot_test(the_dma_zone_is_used_last),
		boot_test(low_memory_is_below_4_gib),
		boot_test(missing_memory_is_fatal_but_for_nopanic),
		boot_test(what_is_given_back_is_free),
		boot_test(after_boot_it_is_refused),
		boot_test(the_option_keeps_one_piece),
		boot_test(the_option_may_be_wrong),
		boot_test(mem_tells_what_it_kept_back),
	};

	return cmocka_run_group_tests_name("bootmem", tests, NULL, NULL);
}
