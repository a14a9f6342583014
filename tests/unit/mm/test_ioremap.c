/* SPDX-License-Identifier: MIT */
/* ioremap: registers, here a piece of memory that memblock does not know. */
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/preempt.h>
#include "vmap_test.h"

#define REGISTERS 0xd0000000UL

static volatile unsigned char *set_up_registers(void)
{
	host_add_ram(REGISTERS, 4 * PAGE_SIZE);
	return __va(REGISTERS);
}

static void accesses_have_their_width(void **state)
{
	volatile unsigned char *direct = set_up_registers();
	void __iomem *io = ioremap(REGISTERS, 4 * PAGE_SIZE);

	(void)state;
	assert_non_null(io);
	writeq(0x8877665544332211, io);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(direct[i], 0x11 * (i + 1));
	writeb(0xff, (char __iomem *)io + 1);
	assert_int_equal(readq(io), 0x887766554433ff11);
	writew(0xabcd, (char __iomem *)io + 2);
	assert_int_equal(readl(io), 0xabcdff11);
	writel(1, (char __iomem *)io + 4);
	assert_int_equal(readw((char __iomem *)io + 2), 0xabcd);
	assert_int_equal(readb(io), 0x11);
	writeq_relaxed(2, io);
	writel_relaxed(3, (char __iomem *)io + 4);
	writew_relaxed(4, (char __iomem *)io + 2);
	writeb_relaxed(5, (char __iomem *)io + 1);
	assert_int_equal(readq_relaxed(io), 0x300040502);
	assert_int_equal(readl_relaxed(io), 0x40502);
	assert_int_equal(readw_relaxed(io), 0x502);
	assert_int_equal(readb_relaxed(io), 2);
	iounmap(io);
}

/* The offset in the page comes back, and only the pages that hold the range are mapped. */
static void ranges_need_not_be_page_aligned(void **state)
{
	volatile unsigned char *direct = set_up_registers();
	unsigned char __iomem *io = ioremap_wc(REGISTERS + 0xff8, 16);
	struct vmalloc_info info;
	unsigned long cursor = 0;

	(void)state;
	assert_int_equal(offset_in_page(io), 0xff8);
	writeb(7, io + 15);
	assert_int_equal(direct[0x1007], 7);
	assert_true(platform_probe_faults((unsigned long)io + PAGE_SIZE + 8));
	assert_true(vmalloc_info_next(&cursor, &info));
	assert_int_equal(info.flags, VM_IOREMAP);
	assert_int_equal(info.size, 3 * PAGE_SIZE);
	assert_int_equal(info.phys_addr, REGISTERS);
	assert_int_equal(info.nr_pages, 0);
	assert_in_range(info.caller, (unsigned long)ranges_need_not_be_page_aligned,
			(unsigned long)ranges_need_not_be_page_aligned + 4096);
	vmap_check();
	iounmap(io);
	assert_true(platform_probe_faults((unsigned long)io));
	vmap_check();
}

static void ram_in_use_is_refused(void **state)
{
	(void)state;
	assert_null(ioremap(0x100000, PAGE_SIZE));
	assert_true(host_log_has("RAM in use"));
	assert_null(ioremap((64UL << 20) - 1, 2));
	assert_null(ioremap_wc(0, 1UL << 32));
	assert_int_equal(host_events.errors, 3);
}

/* The top 16 MiB of 64 are kept back. */
static void keep_back_16m(void)
{
	host_boot_begin(64UL << 20);
	memblock_mem_limit_remove_map(48UL << 20);
	mm_init();
	gfp_allow_sleep();
}

/* What mem= cut off is nobody's: it may be mapped, and has no struct page to return. */
static void ram_kept_back_can_be_mapped(void **state)
{
	unsigned char __iomem *io;

	(void)state;
	keep_back_16m();
	io = ioremap(48UL << 20, 16UL << 20);
	assert_non_null(io);
	writeb(1, io + (16UL << 20) - 1);
	assert_int_equal(vmalloc_to_pfn(io), (48UL << 20) >> PAGE_SHIFT);
	assert_null(ioremap((48UL << 20) - 1, 2));
	iounmap(io);
}

static void memremap_maps_what_was_kept_back(void **state)
{
	static const unsigned long ways[] = { MEMREMAP_WB, MEMREMAP_WT, MEMREMAP_WC,
					      MEMREMAP_WB | MEMREMAP_WC };
	unsigned char *p;

	(void)state;
	keep_back_16m();
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		p = memremap((48UL << 20) + 100, 8UL << 20, ways[i]);
		assert_true(is_vmalloc_addr(p));
		assert_int_equal(offset_in_page(p), 100);
		assert_int_equal(p[0], i);
		p[0] = (unsigned char)(i + 1);
		vmap_check();
		memunmap(p);
		assert_true(platform_probe_faults((unsigned long)p));
	}
	assert_null(memremap(48UL << 20, PAGE_SIZE, 0));
	assert_null(memremap(48UL << 20, 0, MEMREMAP_WB));
	assert_int_equal(live_areas(), 0);
}

static void memremap_of_ram_is_the_direct_map(void **state)
{
	(void)state;
	keep_back_16m();
	assert_ptr_equal(memremap(0x100123, 1000, MEMREMAP_WB), __va(0x100123));
	assert_ptr_equal(memremap(0x100000, 1000, MEMREMAP_WB | MEMREMAP_WC),
			 __va(0x100000));
	memunmap(__va(0x100123));
	assert_int_equal(live_areas(), 0);
	assert_int_equal(host_events.errors, 0);
	/* Another way, or only partly RAM. */
	assert_null(memremap(0x100000, 1000, MEMREMAP_WC));
	assert_null(memremap(0x100000, 1000, MEMREMAP_WT));
	assert_null(memremap((48UL << 20) - PAGE_SIZE, 2 * PAGE_SIZE, MEMREMAP_WB));
	assert_int_equal(host_events.errors, 3);
	assert_true(host_log_has("memremap: 100000-1003e7 is RAM in use"));
}

static void memremap_sees_a_hole_in_ram(void **state)
{
	(void)state;
	host_boot_begin(64UL << 20);
	memblock_remove(32UL << 20, 8UL << 20);
	mm_init();
	gfp_allow_sleep();
	assert_null(memremap(31UL << 20, 10UL << 20, MEMREMAP_WB));
	assert_ptr_equal(memremap(31UL << 20, 1UL << 20, MEMREMAP_WB), __va(31UL << 20));
}

static void memremap_may_fail(void **state)
{
	char *p;

	(void)state;
	keep_back_16m();
	for (unsigned int i = 0; i < 40; i++) {
		host_fail_nth_map(1);
		assert_null(memremap(48UL << 20, PAGE_SIZE, MEMREMAP_WB));
		vmap_check();
	}
	preempt_disable();
	assert_null(memremap(48UL << 20, PAGE_SIZE, MEMREMAP_WB));
	preempt_enable();
	assert_int_equal(host_events.violations, 1);
	p = memremap(48UL << 20, PAGE_SIZE, MEMREMAP_WB);
	memunmap(p);
	host_log_clear();
	memunmap(p);
	expect_reports(1, "was freed already");
	memunmap(NULL);
	assert_int_equal(host_events.warnings, 0);
}

static void ranges_that_make_no_sense(void **state)
{
	(void)state;
	assert_null(ioremap(REGISTERS, 0));
	assert_null(ioremap(~0ULL, 2));
	assert_null(ioremap(1ULL << 40, ~0UL));
	assert_null(ioremap(1ULL << 40, VMALLOC_END - VMALLOC_START + PAGE_SIZE));
	assert_int_equal(live_areas(), 0);
}

static void registers_have_no_struct_page(void **state)
{
	void __iomem *io = ioremap(1ULL << 40, PAGE_SIZE);

	(void)state;
	assert_non_null(io);
	assert_int_equal(vmalloc_to_pfn(io), (1ULL << 40) >> PAGE_SHIFT);
	assert_null(vmalloc_to_page(io));
	iounmap(io);
	assert_true(vmalloc_to_pfn(io) == ~0UL);
	assert_true(vmalloc_to_pfn(&io) == ~0UL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vmap_test(accesses_have_their_width),
		vmap_test(ranges_need_not_be_page_aligned),
		vmap_test(ram_in_use_is_refused),
		vmap_test(ram_kept_back_can_be_mapped),
		vmap_test(memremap_maps_what_was_kept_back),
		vmap_test(memremap_of_ram_is_the_direct_map),
		vmap_test(memremap_sees_a_hole_in_ram),
		vmap_test(memremap_may_fail),
		vmap_test(ranges_that_make_no_sense),
		vmap_test(registers_have_no_struct_page),
	};

	return cmocka_run_group_tests_name("ioremap", tests, NULL, NULL);
}
