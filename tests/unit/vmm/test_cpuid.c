/* SPDX-License-Identifier: MIT */
/* What CPUID tells of identity and topology, for every vCPU of machines of many sizes. */
#include <stdio.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/kvm/cpuid.h"

#define ENTRIES 12

struct table {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[ENTRIES];
};

/* A host of 8 cores with 2 threads each, whose CPUID was asked on APIC id 5. */
static void host_table(struct table *t)
{
	static const struct kvm_cpuid_entry2 entries[ENTRIES] = {
		{ .function = 0, .eax = 0x1f, .ebx = 0x756e6547 },
		{ .function = 1,
		  .eax = 0x306f2,
		  .ebx = 0x05100800,
		  .ecx = 1,
		  .edx = 0x10000001 },
		{ .function = 4,
		  .index = 0,
		  .eax = 0x1c004121,
		  .ebx = 0x1c0003f,
		  .ecx = 0x3f },
		{ .function = 4, .index = 3, .eax = 0x1c03c163, .ebx = 0x3c0003f },
		{ .function = 4, .index = 4, .eax = 0 },
		{ .function = 0xb,
		  .index = 0,
		  .eax = 1,
		  .ebx = 2,
		  .ecx = 0x100,
		  .edx = 5 },
		{ .function = 0xb,
		  .index = 1,
		  .eax = 4,
		  .ebx = 16,
		  .ecx = 0x201,
		  .edx = 5 },
		{ .function = 0xb, .index = 2, .eax = 0, .ebx = 0, .ecx = 2, .edx = 5 },
		{ .function = 0x80000008, .eax = 0x3030, .ecx = 0x400f },
		{ .function = 0x8000001d, .index = 3, .eax = 0x3c163 },
		{ .function = 0x8000001e, .eax = 5, .ebx = 0x102, .ecx = 0x100 },
		{ .function = 7, .ebx = 0x209 },
	};

	memset(t, 0, sizeof(*t));
	t->head.nent = ENTRIES;
	memcpy(t->entries, entries, sizeof(entries));
}

static const struct kvm_cpuid_entry2 *entry(const struct table *t, uint32_t function,
					    uint32_t index)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		if (t->entries[i].function == function && t->entries[i].index == index)
			return &t->entries[i];
	fail();
	return NULL;
}

static unsigned int ids_per_package(const struct table *t)
{
	return 1u << entry(t, 0xb, 1)->eax;
}

static void check_identity(const struct table *t, unsigned int id, unsigned int cpus)
{
	const struct kvm_cpuid_entry2 *one = entry(t, 1, 0),
				      *ext = entry(t, 0x8000001e, 0);

	assert_int_equal(one->ebx >> 24, id & 0xff);
	assert_int_equal(one->ebx >> 16 & 0xff, cpus < 255 ? cpus : 255);
	assert_int_equal(one->ebx & 0xffff, 0x0800); /* the host's own */
	assert_int_equal(one->edx >> 28 & 1, cpus > 1);
	assert_true(one->ecx & 1u << 31);
	assert_int_equal(entry(t, 0xb, 0)->edx, id);
	assert_int_equal(entry(t, 0xb, 1)->edx, id);
	assert_int_equal(ext->eax, id);
	assert_int_equal(ext->ebx >> 8 & 0xff, 0);
}

/* One package that all ids fit in, one thread a core, in every leaf that tells. */
static void check_topology(const struct table *t, unsigned int cpus)
{
	const struct kvm_cpuid_entry2 *smt = entry(t, 0xb, 0), *core = entry(t, 0xb, 1);

	assert_int_equal(smt->eax, 0);
	assert_int_equal(smt->ebx, 1);
	assert_int_equal(smt->ecx, 0x100);
	assert_int_equal(core->ebx, cpus);
	assert_int_equal(core->ecx, 0x201);
	assert_int_equal(entry(t, 0xb, 2)->ebx, 0);
	assert_true(ids_per_package(t) >= cpus);
	assert_true(ids_per_package(t) / 2 < cpus);
	assert_int_equal(1u << (entry(t, 0x80000008, 0)->ecx >> 12 & 0xf),
			 ids_per_package(t));
	/* The first-level cache belongs to one core, the third to all. */
	assert_int_equal(entry(t, 4, 0)->eax >> 14 & 0xfff, 0);
	if (ids_per_package(t) <= 64)
		assert_int_equal(entry(t, 4, 0)->eax >> 26, ids_per_package(t) - 1);
	assert_int_equal(entry(t, 4, 3)->eax >> 14 & 0xfff, ids_per_package(t) - 1);
	assert_int_equal(entry(t, 4, 4)->eax, 0);
	assert_int_equal(entry(t, 0x8000001d, 3)->eax >> 14 & 0xfff,
			 ids_per_package(t) - 1);
}

static void every_vcpu_is_told_who_it_is(void **state)
{
	static const unsigned int sizes[] = {
		1, 2, 3, 4, 5, 8, 63, 64, 65, 255, 256, 1024
	};
	struct table t;
	unsigned int i, id;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (id = 0; id < sizes[i]; id++) {
			host_table(&t);
			cpuid_fix(&t.head, id, sizes[i]);
			check_identity(&t, id, sizes[i]);
			check_topology(&t, sizes[i]);
			assert_int_equal(entry(&t, 7, 0)->ebx, 0x209);
			assert_int_equal(entry(&t, 0, 0)->eax, 0x1f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vcpu_is_told_who_it_is),
	};

	return cmocka_run_group_tests_name("vmm cpuid", tests, NULL, NULL);
}
