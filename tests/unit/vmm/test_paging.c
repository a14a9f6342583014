/* SPDX-License-Identifier: MIT */
/* One address through page tables, honest ones and others. */
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/kvm/paging.h"

#define PRESENT 1ull
#define LARGE	0x80ull
#define ROOT	0x1000ull

static struct guest_memory mem;
static struct kvm_sregs sregs;

static void put(uint64_t table, unsigned int i, uint64_t entry)
{
	memcpy(ram_at(&mem.ram, table + 8ull * i, 8), &entry, 8);
}

static int begin(void **state)
{
	(void)state;
	test_memory(&mem, 4ull << 20);
	sregs = (struct kvm_sregs){
		.cr0 = 1ull << 31 | 1, .cr3 = ROOT | 0x18, .cr4 = 0x20, .efer = 0x500
	};
	/* 0xffff888000000000: 1 GiB; 0xffffffff80000000: 2 MiB, then 4 KiB pages */
	put(ROOT, 273, 0x2000 | PRESENT);
	put(0x2000, 0, 0x40000000 | 0x1000 | LARGE | PRESENT);
	put(ROOT, 511, 0x3000 | PRESENT);
	put(0x3000, 510, 0x4000 | PRESENT | 1ull << 63);
	put(0x4000, 0, 0x200000 | LARGE | PRESENT);
	put(0x4000, 1, 0x5000 | PRESENT);
	put(0x5000, 3, 0x7000 | PRESENT);
	put(0x5000, 4, 0x300000 | PRESENT);
	return 0;
}

static int end(void **state)
{
	(void)state;
	memory_destroy(&mem);
	return 0;
}

static void assert_maps(uint64_t vaddr, uint64_t gpa, uint64_t span)
{
	uint64_t got = 0;

	assert_int_equal(paging_translate(&mem.ram, &sregs, vaddr, &got), span);
	if (span)
		assert_int_equal(got, gpa);
}

static void each_size_of_page_is_found(void **state)
{
	(void)state;
	assert_maps(0xffff888000000010, 0x40000010, (1ull << 30) - 0x10);
	assert_maps(0xffffffff80000123, 0x200123, 0x200000 - 0x123);
	assert_maps(0xffffffff80203ff8, 0x7ff8, 8);
	assert_maps(0xffffffff80205000, 0, 0);
	assert_maps(0x0000ffff80203ff8, 0, 0); /* the same bits, below the sign */
	put(0x5000, 3, 0x7000 | LARGE | PRESENT); /* PAT, in the last level */
	assert_maps(0xffffffff80203ff8, 0x7ff8, 8);
	put(ROOT, 511, 0x3000 | LARGE | PRESENT); /* reserved, in the first */
	assert_maps(0xffffffff80203ff8, 0, 0);
	assert_maps(0x1000, 0, 0);
	assert_maps(0x800000000000, 0, 0); /* not canonical */
}

static void other_modes_are_what_they_are(void **state)
{
	(void)state;
	sregs.cr0 = 1;
	assert_maps(0x1234, 0x1234, (1ull << 32) - 0x1234);
	assert_maps(0xffffffff80000000, 0, 0);
	sregs.cr0 = 1ull << 31;
	sregs.efer = 0;
	assert_maps(0xffffffff80000000, 0, 0);
}

static void a_fifth_level_is_walked(void **state)
{
	(void)state;
	put(0x6000, 511, ROOT | PRESENT);
	sregs.cr3 = 0x6000;
	sregs.cr4 |= 1ull << 12;
	assert_maps(0xffffffff80203ff8, 0x7ff8, 8);
	assert_maps(0xff00000000000000, 0, 0);
	assert_maps(0x0100000000000000, 0, 0);
}

static void tables_that_lead_nowhere_end_the_walk(void **state)
{
	(void)state;
	put(0x4000, 1, 0x000ffffffffff000 | PRESENT);
	assert_maps(0xffffffff80203000, 0, 0);
	put(0x4000, 1, ROOT | PRESENT); /* in a circle: entry 3 of the root is empty */
	assert_maps(0xffffffff80203000, 0, 0);
	put(ROOT, 3, ROOT | PRESENT);
	assert_maps(0xffffffff80203abc, ROOT | 0xabc, 0x1000 - 0xabc);
	sregs.cr3 = 0x000ffffffffff000;
	assert_maps(0xffffffff80203000, 0, 0);
}

static void bytes_are_read_across_pages_and_not_beyond(void **state)
{
	char bytes[16];

	(void)state;
	memcpy(ram_at(&mem.ram, 0x7ff8, 8), "one page", 8);
	memcpy(ram_at(&mem.ram, 0x300000, 8), " another", 8);
	assert_int_equal(paging_read(&mem.ram, &sregs, 0xffffffff80203ff8, bytes, 16), 0);
	assert_memory_equal(bytes, "one page another", 16);
	assert_int_equal(paging_read(&mem.ram, &sregs, 0xffffffff80204ff8, bytes, 16),
			 -EFAULT);
	/* mapped, and no RAM */
	assert_int_equal(paging_read(&mem.ram, &sregs, 0xffff888000000000, bytes, 1),
			 -EFAULT);
	assert_int_equal(paging_read(&mem.ram, &sregs, UINT64_MAX - 3, bytes, 16),
			 -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_size_of_page_is_found, begin, end),
		cmocka_unit_test_setup_teardown(other_modes_are_what_they_are, begin,
						end),
		cmocka_unit_test_setup_teardown(a_fifth_level_is_walked, begin, end),
		cmocka_unit_test_setup_teardown(tables_that_lead_nowhere_end_the_walk,
						begin, end),
		cmocka_unit_test_setup_teardown(
			bytes_are_read_across_pages_and_not_beyond, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
