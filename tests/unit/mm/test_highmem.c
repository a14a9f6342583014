/* SPDX-License-Identifier: MIT */
/* High memory: where it is, who gets it, and how it is reached. */
#include <linux/highmem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "page_test.h"
#include "mm/highmem.h"

#define RAM  (128 * MIB)
#define HIGH (64 * MIB)

static int set_up(void **state)
{
	(void)state;
	host_mm_init_highmem(RAM, "64M");
	drain_all_pages();
	pages_check();
	return 0;
}

static int without(void **state)
{
	(void)state;
	pages_start(RAM);
	return 0;
}

static struct page *high_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	assert_non_null(page);
	assert_true(PageHighMem(page));
	return page;
}

/* --- the zone --- */

static void the_top_of_ram_has_no_direct_map(void **state)
{
	struct zone_info info;

	(void)state;
	zone_info(ZONE_HIGHMEM, &info);
	assert_int_equal(info.start_pfn, PHYS_PFN(RAM - HIGH));
	assert_int_equal(info.present, PHYS_PFN(HIGH));
	assert_int_equal(info.managed, PHYS_PFN(HIGH)); /* boot memory came from below */
	assert_int_equal(totalhigh_pages(), PHYS_PFN(HIGH));
	assert_int_equal(pfn_zone(PHYS_PFN(RAM - HIGH) - 1), ZONE_DMA32);
	assert_int_equal(pfn_zone(PHYS_PFN(RAM - HIGH)), ZONE_HIGHMEM);
	assert_true(platform_probe_faults((unsigned long)__va(RAM - HIGH)));
	assert_false(platform_probe_faults((unsigned long)__va(RAM - HIGH) - 1));
	assert_true(virt_addr_valid(__va(RAM - HIGH - 1)));
	assert_false(virt_addr_valid(__va(RAM - HIGH)));
	assert_true(pfn_valid(PHYS_PFN(RAM) - 1));
	assert_false(pfn_is_lowmem(PHYS_PFN(RAM) - 1));
}

static void the_boundary_is_whole_blocks_and_leaves_enough(void **state)
{
	struct zone_info info;

	(void)state;
	host_mm_init_highmem(64 * MIB, "9M");
	zone_info(ZONE_HIGHMEM, &info);
	assert_int_equal(info.start_pfn, PHYS_PFN(56 * MIB));
	pages_check();

	host_mm_init_highmem(64 * MIB, "1G");
	zone_info(ZONE_HIGHMEM, &info);
	assert_int_equal(info.start_pfn, PHYS_PFN(LOWMEM_LEAST));
	assert_true(host_log_has("stay low memory"));
	pages_check();

	host_mm_init_highmem(32 * MIB, "16M");
	assert_int_equal(totalhigh_pages(), 0);
	assert_true(host_log_has("no RAM is left"));
	pages_check();

	/* Across the hole: 64 MiB above 4 GiB, and 64 MiB below 3 GiB. */
	host_mm_init_highmem(3 * GIB + 64 * MIB, "128M");
	zone_info(ZONE_HIGHMEM, &info);
	assert_int_equal(info.start_pfn, PHYS_PFN(3 * GIB - 64 * MIB));
	assert_int_equal(info.present, PHYS_PFN(128 * MIB));
	zone_info(ZONE_NORMAL, &info);
	assert_int_equal(info.present, 0);
	pages_check();
	assert_int_equal(pfn_zone(PHYS_PFN(4 * GIB)), ZONE_HIGHMEM);

	/* Above it alone: the zones below are what they always were. */
	host_mm_init_highmem(3 * GIB + 64 * MIB, "32M");
	zone_info(ZONE_HIGHMEM, &info);
	assert_int_equal(info.start_pfn, PHYS_PFN(4 * GIB + 32 * MIB));
	zone_info(ZONE_NORMAL, &info);
	assert_int_equal(info.present, PHYS_PFN(32 * MIB));
	pages_check();
}

static void the_option_is_checked(void **state)
{
	(void)state;
	host_boot_begin(RAM);
	assert_int_equal(highmem_setup(NULL), -EINVAL);
	assert_int_equal(highmem_setup(""), -EINVAL);
	assert_int_equal(highmem_setup("64Q"), -EINVAL);
	highmem_place();
	assert_int_equal(highmem_start(), ~(phys_addr_t)0);
}

static void without_the_option_there_is_none(void **state)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	(void)state;
	assert_false(PageHighMem(page));
	assert_ptr_equal(kmap(page), page_to_virt(page));
	kunmap(page);
	assert_ptr_equal(kmap_local_page(page), page_address(page));
	kunmap_local(page_address(page));
	assert_int_equal(totalhigh_pages() + nr_free_highpages(), 0);
	__free_page(page);
	pages_check();
}

static void only_those_who_ask_get_it(void **state)
{
	static const gfp_t low[] = { GFP_KERNEL, GFP_ATOMIC, GFP_USER,
				     GFP_NOFS,	 GFP_DMA,    GFP_KERNEL | __GFP_DMA32 };
	struct page *page;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(low); i++) {
		page = alloc_page(low[i]);
		assert_false(PageHighMem(page));
		__free_page(page);
	}
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	assert_true(PageHighMem(page));
	__free_page(page);
	page = virt_to_page(__get_free_page(GFP_HIGHUSER));
	assert_false(PageHighMem(page));
	__free_page(page);
	pages_check();
}

/* Random sizes until memory is gone: never an address beyond the direct map. */
static void kmalloc_and_slab_never_come_from_it(void **state)
{
	void **list = NULL, **next;
	unsigned long high = nr_free_highpages();

	(void)state;
	dice_start(1);
	for (;;) {
		size_t size = 8UL << dice(14);

		next = kmalloc(size, (dice(2) ? GFP_KERNEL : GFP_ATOMIC) | __GFP_NOWARN);
		if (!next)
			break;
		assert_true(__pa(next) + size <= RAM - HIGH);
		*next = list;
		list = next;
	}
	assert_int_equal(nr_free_highpages(), high);
	for (; list; list = next) {
		next = *list;
		kfree(list);
	}
	pages_check();
}

/* Takes blocks of order 4 until one comes from another zone; that zone. */
static enum zone_type leave(enum zone_type zone, struct page **list)
{
	struct page *page;

	do {
		page = alloc_pages(GFP_HIGHUSER, 4);
		assert_non_null(page);
		page->mapping = *list;
		*list = page;
	} while (page_zonenum(page) == zone);
	return page_zonenum(page);
}

/* Each is left when another block would break its low watermark and reserve. */
static void a_full_zone_falls_to_the_lower_ones(void **state)
{
	struct page *list = NULL;
	struct zone_info info;

	(void)state;
	assert_int_equal(leave(ZONE_HIGHMEM, &list), ZONE_DMA32);
	zone_info(ZONE_HIGHMEM, &info);
	assert_in_range(info.free, info.watermark[WMARK_LOW],
			info.watermark[WMARK_LOW] + 15);
	assert_int_equal(leave(ZONE_DMA32, &list), ZONE_DMA);
	zone_info(ZONE_DMA32, &info);
	info.free -= info.lowmem_reserve[ZONE_HIGHMEM];
	assert_in_range(info.free, info.watermark[WMARK_LOW],
			info.watermark[WMARK_LOW] + 15);
	pages_check();
	give_all(list, 4);
	pages_check();
}

static void zeroed_when_asked(void **state)
{
	struct page *page = alloc_pages(GFP_HIGHUSER, 2);
	unsigned long pfn = page_to_pfn(page);

	(void)state;
	assert_true(PageHighMem(page));
	for (unsigned int i = 0; i < 4; i++)
		memset_page(page + i, 0, 0x5a, PAGE_SIZE);
	__free_pages(page, 2);
	page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 2);
	assert_int_equal(page_to_pfn(page), pfn);
	for (unsigned int i = 0; i < 4; i++) {
		void *at = kmap_local_page(page + i);

		assert_null(memchr_inv(at, 0, PAGE_SIZE));
		kunmap_local(at);
	}
	__free_pages(page, 2);
	pages_check();
}

static void poison_works_there_too(void **state)
{
	struct page *page;

	(void)state;
	host_boot_begin(RAM);
	page_poison_setup("on");
	highmem_setup("64M");
	highmem_place();
	host_drop_highmem();
	mm_init();
	gfp_allow_sleep();
	page = high_page();
	__free_page(page);
	memset_page(page, 100, 1, 1);
	host_log_clear();
	assert_ptr_equal(alloc_page(GFP_HIGHUSER), page);
	assert_true(host_log_has("written to while it was free"));
	assert_true(host_log_has("byte 0x64"));
}

static void watermarks_keep_little_of_it(void **state)
{
	struct zone_info info;

	(void)state;
	zone_info(ZONE_HIGHMEM, &info);
	assert_int_equal(info.watermark[WMARK_MIN], 32);
	host_mm_init_highmem(3 * GIB, "1G");
	zone_info(ZONE_HIGHMEM, &info);
	assert_int_equal(info.watermark[WMARK_MIN], 128);
	zone_info(ZONE_DMA32, &info);
	assert_int_equal(info.lowmem_reserve[ZONE_HIGHMEM], PHYS_PFN(GIB) / 256);
}

/* --- kmap --- */

static void kmap_gives_one_address_to_all(void **state)
{
	struct page *page = high_page();
	struct kmap_info info;
	char *va = kmap(page);

	(void)state;
	assert_in_range((unsigned long)va, KMAP_START, KMAP_END - 1);
	assert_ptr_equal(kmap(page), va);
	assert_ptr_equal(page_address(page), va);
	assert_ptr_equal(kmap_to_page(va + 5), page);
	assert_int_equal(platform_translate((unsigned long)va), page_to_phys(page));
	assert_true(platform_probe_faults((unsigned long)va + PAGE_SIZE));
	va[5] = 'x';
	kunmap(page);
	assert_ptr_equal(page_address(page), va);
	kunmap(page);
	assert_null(page_address(page));
	kmap_get_info(&info);
	assert_int_equal(info.used, 0);
	assert_int_equal(info.idle, 1);
	/* Still there, for who comes again. */
	assert_ptr_equal(kmap(page), va);
	assert_int_equal(va[5], 'x');
	kunmap(page);
	host_events.tlb_flushes = 0;
	kmap_flush_unused();
	assert_int_equal(host_events.tlb_flushes, 1);
	assert_true(platform_probe_faults((unsigned long)va));
	kmap_get_info(&info);
	assert_int_equal(info.idle, 0);
	__free_page(page);
	pages_check();
}

static void a_wrong_kunmap_is_reported(void **state)
{
	struct page *page = high_page();

	(void)state;
	host_log_clear();
	kunmap(page);
	assert_true(host_log_has("is not mapped"));
	kmap(page);
	kunmap(page);
	kunmap(page);
	assert_int_equal(host_events.warnings, 2);
	__free_page(page);
}

static void kmap_is_refused_in_atomic_context(void **state)
{
	struct page *page = high_page();

	(void)state;
	host_log_clear();
	preempt_disable();
	assert_null(kmap(page));
	preempt_enable();
	assert_int_equal(host_events.violations, 1);
	__free_page(page);
}

/* Every slot against a model, with pages coming and going at random. */
static void slots_hold_what_they_say(void **state)
{
	enum { PAGES = 700 };
	static struct page *pages[PAGES];
	static unsigned int users[PAGES];
	struct kmap_info info;
	unsigned int used = 0;

	(void)state;
	dice_start(2);
	for (unsigned int i = 0; i < PAGES; i++) {
		pages[i] = high_page();
		users[i] = 0;
		memset_page(pages[i], 0, (int)(i % 251), PAGE_SIZE);
	}
	for (unsigned int n = 0; n < 20000; n++) {
		unsigned int i = dice(PAGES);

		if (dice(2) && (users[i] || used < LAST_PKMAP)) {
			u8 *va = kmap(pages[i]);

			assert_int_equal(va[dice(PAGE_SIZE)], i % 251);
			used += !users[i]++;
		} else if (users[i]) {
			kunmap(pages[i]);
			used -= !--users[i];
		}
		assert_int_equal(page_address(pages[i]) != NULL, users[i] != 0);
		kmap_get_info(&info);
		assert_int_equal(info.used, used);
		assert_true(info.used + info.idle <= LAST_PKMAP);
	}
	assert_true(info.flushes > 0);
	assert_int_equal(info.waits, 0);
	for (unsigned int i = 0; i < PAGES; i++) {
		for (; users[i]; users[i]--)
			kunmap(pages[i]);
		__free_page(pages[i]);
	}
	pages_check();
}

/* --- kmap waits --- */

static struct {
	struct page *pages[LAST_PKMAP], *more;
	unsigned int got; /* atomic */
} waiting;

static void wait_or_release(void *unused)
{
	struct kmap_info info;
	char *va;

	(void)unused;
	if (smp_processor_id() > 0) {
		va = kmap(waiting.more + smp_processor_id() - 1);
		*va = 'w';
		__atomic_fetch_add(&waiting.got, 1, __ATOMIC_SEQ_CST);
		return;
	}
	do {
		cond_resched();
		kmap_get_info(&info);
	} while (info.waits < 3);
	assert_int_equal(__atomic_load_n(&waiting.got, __ATOMIC_SEQ_CST), 0);
	for (unsigned int i = 0; i < 3; i++)
		kunmap(waiting.pages[i * 100]);
}

static void kmap_waits_until_a_slot_is_free(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		waiting.pages[i] = high_page();
		kmap(waiting.pages[i]);
	}
	waiting.more = alloc_pages(GFP_HIGHUSER, 2);
	waiting.got = 0;
	host_run_on_cpus(4, wait_or_release, NULL);
	assert_int_equal(waiting.got, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_non_null(page_address(waiting.more + i));
		kunmap(waiting.more + i);
	}
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		if (i % 100 || i >= 300)
			kunmap(waiting.pages[i]);
		__free_page(waiting.pages[i]);
	}
	__free_pages(waiting.more, 2);
	pages_check();
}

static void contend(void *pages)
{
	struct page *const *page = pages;

	for (unsigned int n = 0; n < 3000; n++) {
		unsigned int i = (n * 7 + smp_processor_id() * 13) % 600;
		u16 *va = kmap(page[i]);

		if (va[3] != i)
			__atomic_store_n(&waiting.got, 1, __ATOMIC_SEQ_CST);
		kunmap(page[i]);
	}
}

static void many_cpus_share_the_slots(void **state)
{
	static struct page *pages[600];
	struct kmap_info info;

	(void)state;
	for (unsigned int i = 0; i < 600; i++) {
		u16 mark = (u16)i;

		pages[i] = high_page();
		memcpy_to_page(pages[i], 6, &mark, sizeof(mark));
	}
	waiting.got = 0;
	host_run_on_cpus(4, contend, pages);
	assert_int_equal(waiting.got, 0);
	kmap_get_info(&info);
	assert_int_equal(info.used, 0);
	assert_true(info.flushes > 0);
	for (unsigned int i = 0; i < 600; i++)
		__free_page(pages[i]);
	pages_check();
}

/* --- kmap_local_page --- */

static void local_mappings_nest(void **state)
{
	struct page *pages[KM_MAX_IDX];
	char *va[KM_MAX_IDX];

	(void)state;
	for (unsigned int i = 0; i < KM_MAX_IDX; i++)
		pages[i] = high_page();
	for (unsigned int i = 0; i < KM_MAX_IDX; i++) {
		va[i] = kmap_local_page(pages[i]);
		*va[i] = (char)i;
		assert_true(in_atomic());
		assert_ptr_equal(kmap_to_page(va[i]), pages[i]);
		assert_null(page_address(pages[i])); /* it is this CPU's alone */
	}
	for (unsigned int i = KM_MAX_IDX; i--;) {
		assert_int_equal(*va[i], i);
		kunmap_local(va[i] + 77);
		assert_true(platform_probe_faults((unsigned long)va[i]));
	}
	assert_false(in_atomic());
	for (unsigned int i = 0; i < KM_MAX_IDX; i++)
		__free_page(pages[i]);
	pages_check();
}

static void map_too_many(void *page)
{
	for (unsigned int i = 0; i <= KM_MAX_IDX; i++)
		kmap_local_page(page);
}

static void local_mappings_end_in_order(void **state)
{
	struct page *page = high_page(), *other = high_page();
	void *outer = kmap_local_page(page), *inner = kmap_local_page(other);

	(void)state;
	host_log_clear();
	kunmap_local(outer);
	assert_int_equal(host_events.warnings, 1);
	assert_true(host_log_has("mapped last"));
	kunmap_local(inner);
	kunmap_local(outer);
	kunmap_local(outer);
	assert_int_equal(host_events.warnings, 2);
	assert_false(in_atomic());
	assert_true(host_catch_panic(map_too_many, page));
	assert_true(host_log_has("more than 16 pages"));
}

static void local_mappings_work_in_interrupts(void **state)
{
	struct page *page = high_page(), *other = high_page();
	char *va = kmap_atomic(page), *in_irq;

	(void)state;
	*va = 'a';
	host_irq_enter();
	in_irq = kmap_atomic(other);
	assert_ptr_not_equal(in_irq, va);
	*in_irq = 'b';
	kunmap_atomic(in_irq);
	host_irq_exit();
	assert_int_equal(*va, 'a');
	kunmap_atomic(va);
	assert_false(in_atomic());
	va = kmap_atomic(alloc_page(GFP_KERNEL)); /* low, and atomic all the same */
	assert_true(in_atomic());
	kunmap_atomic(va);
	assert_false(in_atomic());
	__free_page(page);
	__free_page(other);
}

static void pages_are_copied_and_cleared(void **state)
{
	struct page *from = high_page(), *to = high_page(), *low = alloc_page(GFP_KERNEL);
	u8 bytes[16];

	(void)state;
	memset_page(from, 0, 0xa5, PAGE_SIZE);
	zero_user(from, 100, 50);
	copy_highpage(to, from);
	copy_highpage(low, to);
	assert_null(memchr_inv(page_address(low), 0xa5, 100));
	assert_null(memchr_inv((u8 *)page_address(low) + 100, 0, 50));
	assert_null(memchr_inv((u8 *)page_address(low) + 150, 0xa5, PAGE_SIZE - 150));
	memcpy_to_page(to, 200, "hello", 6);
	memcpy_from_page(bytes, to, 200, 6);
	assert_string_equal((char *)bytes, "hello");
	clear_highpage(to);
	memcpy_from_page(bytes, to, 200, 6);
	assert_null(memchr_inv(bytes, 0, 6));
	__free_page(from);
	__free_page(to);
	__free_page(low);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_top_of_ram_has_no_direct_map, set_up),
		cmocka_unit_test(the_boundary_is_whole_blocks_and_leaves_enough),
		cmocka_unit_test(the_option_is_checked),
		cmocka_unit_test_setup(without_the_option_there_is_none, without),
		cmocka_unit_test_setup(only_those_who_ask_get_it, set_up),
		cmocka_unit_test_setup(kmalloc_and_slab_never_come_from_it, set_up),
		cmocka_unit_test_setup(a_full_zone_falls_to_the_lower_ones, set_up),
		cmocka_unit_test_setup(zeroed_when_asked, set_up),
		cmocka_unit_test(poison_works_there_too),
		cmocka_unit_test_setup(watermarks_keep_little_of_it, set_up),
		cmocka_unit_test_setup(kmap_gives_one_address_to_all, set_up),
		cmocka_unit_test_setup(a_wrong_kunmap_is_reported, set_up),
		cmocka_unit_test_setup(kmap_is_refused_in_atomic_context, set_up),
		cmocka_unit_test_setup(slots_hold_what_they_say, set_up),
		cmocka_unit_test_setup(kmap_waits_until_a_slot_is_free, set_up),
		cmocka_unit_test_setup(many_cpus_share_the_slots, set_up),
		cmocka_unit_test_setup(local_mappings_nest, set_up),
		cmocka_unit_test_setup(local_mappings_end_in_order, set_up),
		cmocka_unit_test_setup(local_mappings_work_in_interrupts, set_up),
		cmocka_unit_test_setup(pages_are_copied_and_cleared, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
