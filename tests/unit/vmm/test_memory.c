/* SPDX-License-Identifier: MIT */
/* Guest RAM by what backs it: what is given back is measured as given back. */
#include "vmm/kvm/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/util/rss.h"

#define SIZE (16ull << 20)
#define PART (4ull << 20)

/* Resident bytes of the guest's RAM, as the kernel counts them for this process. */
static uint64_t resident_size(const struct guest_memory *mem)
{
	FILE *smaps = rss_open();
	struct rss rss;

	assert_non_null(smaps);
	assert_int_equal(rss_read(smaps, mem->ram.region[0].host, mem->size, &rss), 0);
	fclose(smaps);
	return rss.guest;
}

static void test_give_back(void **state)
{
	enum memory_backend backend = *(enum memory_backend *)*state;
	struct guest_memory mem;
	struct error err = { "" };
	uint8_t *ram;

	assert_int_equal(memory_create(&mem, SIZE, backend, &err), 0);
	ram = ram_at(&mem.ram, 0, SIZE);
	assert_int_equal((uintptr_t)ram % (2u << 20), 0);
	assert_int_equal(ram_resident(&mem.ram, 0, SIZE), 0);
	memset(ram, 0x5a, SIZE);
	assert_int_equal(ram_resident(&mem.ram, 0, SIZE), SIZE);
	assert_int_equal(resident_size(&mem), SIZE);
	assert_int_equal(PART % memory_unit(&mem), 0);
	assert_int_equal(memory_give_back(&mem, ram + PART, PART), 0);
	assert_int_equal(resident_size(&mem), SIZE - PART);
	assert_int_equal(ram_resident(&mem.ram, PART, PART), 0);
	assert_int_equal(ram_resident(&mem.ram, 0, PART), PART);
	assert_int_equal(ram_resident(&mem.ram, 2 * PART, SIZE - 2 * PART),
			 SIZE - 2 * PART);
	/* The rest is as it was; this part reads as zero, and can be used again. */
	assert_int_equal(ram[PART - 1], 0x5a);
	assert_int_equal(ram[2 * PART], 0x5a);
	assert_int_equal(ram[PART], 0);
	ram[PART] = 1;
	assert_int_equal(ram[PART], 1);
	memory_discard(&mem);
	assert_int_equal(ram_resident(&mem.ram, 0, SIZE), 0);
	memory_destroy(&mem);
}

static void test_huge_pages(void **state)
{
	struct guest_memory mem;
	struct error err = { "" };

	(void)state;
	assert_int_equal(memory_create(&mem, 3ull << 20, MEMORY_HUGETLB, &err), -22);
	assert_string_equal(err.text,
			    "--mem 3M: no whole number of huge pages; give e.g. 4M");
	/* More than any pool. */
	assert_int_equal(memory_create(&mem, 1ull << 40, MEMORY_HUGETLB, &err), -12);
	assert_non_null(strstr(err.text, "raise vm.nr_hugepages"));
	assert_null(mem.reservation);
}

/* Where the host has a pool. */
static void test_give_back_huge(void **state)
{
	struct guest_memory mem;
	struct error err = { "" };
	uint8_t *ram;

	(void)state;
	if (memory_create(&mem, SIZE, MEMORY_HUGETLB, &err))
		skip();
	ram = ram_at(&mem.ram, 0, SIZE);
	assert_int_equal(memory_unit(&mem), 2u << 20);
	memset(ram, 0x5a, SIZE);
	assert_int_equal(memory_give_back(&mem, ram + PART, PART), 0);
	assert_int_equal(ram_resident(&mem.ram, PART, PART), 0);
	assert_int_equal(ram_resident(&mem.ram, 0, PART), PART);
	assert_int_equal(ram[PART], 0);
	assert_int_equal(ram[2 * PART], 0x5a);
	memory_discard(&mem);
	assert_int_equal(ram_resident(&mem.ram, 0, SIZE), 0);
	memory_destroy(&mem);
}

int main(void)
{
	static enum memory_backend private = MEMORY_PRIVATE, shared = MEMORY_SHARED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_give_back, &private),
		cmocka_unit_test_prestate(test_give_back, &shared),
		cmocka_unit_test(test_huge_pages),
		cmocka_unit_test(test_give_back_huge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
