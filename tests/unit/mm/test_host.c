/* SPDX-License-Identifier: MIT */
/* The host platform keeps its own promises (tests/host/host.h, mm/platform.h). */
#include <linux/irqflags.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include "page_test.h"

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	return 0;
}

static void vmalloc_range_shows_the_same_bytes(void **state)
{
	struct page *pages[6];
	unsigned long va = VMALLOC_START + 16 * PAGE_SIZE;

	(void)state;
	for (unsigned int i = 0; i < 6; i++)
		pages[i] = alloc_pages(GFP_KERNEL, i / 3); /* some touch, some do not */
	assert_true(platform_probe_faults(va));
	assert_int_equal(platform_map_pages(va, pages, 6, PAGE_KERNEL, GFP_KERNEL), 0);
	for (unsigned int i = 0; i < 6; i++) {
		*(u64 *)(va + i * PAGE_SIZE) = i + 100;
		assert_int_equal(*(u64 *)page_address(pages[i]), i + 100);
		assert_int_equal(platform_translate(va + i * PAGE_SIZE + 5),
				 page_to_phys(pages[i]) + 5);
	}
	assert_true(platform_probe_faults(va - 1));
	assert_true(platform_probe_faults(va + 6 * PAGE_SIZE));
	assert_false(platform_probe_faults(va + 5));
	assert_true(platform_pagetable_pages() >= 1);
	platform_unmap(va, 6 * PAGE_SIZE);
	assert_true(platform_probe_faults(va));
	assert_int_equal(platform_translate(va), PHYS_ADDR_MAX);
	assert_int_equal(platform_translate(PAGE_OFFSET + 4097), 4097);
	assert_int_equal(platform_translate(PAGE_OFFSET + GIB), PHYS_ADDR_MAX);
}

static void map_twice(void *va)
{
	platform_map_phys((unsigned long)va, MIB, PAGE_SIZE, PAGE_KERNEL, GFP_KERNEL);
}

static void wrong_mappings_are_caught(void **state)
{
	(void)state;
	assert_false(host_catch_panic(map_twice, (void *)VMALLOC_START));
	assert_true(host_catch_panic(map_twice, (void *)VMALLOC_START));
	assert_true(host_log_has("something is mapped there"));
	assert_true(host_catch_panic(map_twice, (void *)(VMALLOC_START + 1)));
	assert_true(host_catch_panic(map_twice, (void *)KMAP_END));
}

static void mappings_fail_on_request(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	host_fail_nth_map(2);
	assert_int_equal(platform_map_pages(VMALLOC_START, &page, 1, PAGE_KERNEL, 0), 0);
	assert_int_equal(platform_map_phys(VMALLOC_START + PAGE_SIZE, 0, PAGE_SIZE,
					   PAGE_KERNEL_NOCACHE, 0),
			 -ENOMEM);
	assert_true(platform_probe_faults(VMALLOC_START + PAGE_SIZE));
	assert_int_equal(platform_map_phys(VMALLOC_START + PAGE_SIZE, 0, PAGE_SIZE,
					   PAGE_KERNEL_RO, 0),
			 0);
}

/* --- CPUs --- */

static unsigned int visits[NR_CPUS];

static void visit(void *arg, unsigned int cpu)
{
	(void)arg;
	assert_int_equal(smp_processor_id(), cpu);
	assert_true(irqs_disabled() && in_interrupt() && in_atomic());
	visits[cpu]++;
}

static struct {
	unsigned int ready;
	bool stop;
	unsigned long inside; /* sections entered with interrupts off */
	unsigned int intruded; /* ... in which another thread acted as that CPU */
} section;

static unsigned int guarded[NR_CPUS];

static void touch_guarded(void *arg, unsigned int cpu)
{
	(void)arg;
	__atomic_store_n(&guarded[cpu], 1, __ATOMIC_RELAXED);
}

static void guard_while_others_call(void *unused)
{
	unsigned int cpu = smp_processor_id();
	unsigned long flags;

	(void)unused;
	__atomic_fetch_add(&section.ready, 1, __ATOMIC_ACQ_REL);
	if (cpu == 0) {
		while (__atomic_load_n(&section.ready, __ATOMIC_ACQUIRE) < 3)
			cpu_relax();
		for (unsigned int i = 0; i < 40; i++)
			platform_on_each_cpu(touch_guarded, NULL);
		__atomic_store_n(&section.stop, true, __ATOMIC_RELEASE);
		return;
	}
	while (!__atomic_load_n(&section.stop, __ATOMIC_ACQUIRE)) {
		local_irq_save(flags);
		__atomic_store_n(&guarded[cpu], 0, __ATOMIC_RELAXED);
		for (volatile unsigned int i = 0; i < 50; i++)
			;
		if (__atomic_load_n(&guarded[cpu], __ATOMIC_RELAXED))
			__atomic_fetch_add(&section.intruded, 1, __ATOMIC_RELAXED);
		local_irq_restore(flags);
		__atomic_fetch_add(&section.inside, 1, __ATOMIC_RELAXED);
		for (volatile unsigned int i = 0; i < 200; i++)
			;
	}
}

static void calls_for_cpus_stay_out_of_irqs_off_sections(void **state)
{
	(void)state;
	memset(&section, 0, sizeof(section));
	host_run_on_cpus(3, guard_while_others_call, NULL);
	assert_int_equal(section.intruded, 0);
	assert_true(section.inside > 0);
}

static void nothing(void *unused)
{
	(void)unused;
}

static void every_cpu_that_ran_is_called(void **state)
{
	(void)state;
	host_run_on_cpus(5, nothing, NULL);
	memset(visits, 0, sizeof(visits));
	platform_on_each_cpu(visit, NULL);
	for (unsigned int cpu = 0; cpu < 5; cpu++)
		assert_int_equal(visits[cpu], 1);
	assert_int_equal(smp_processor_id(), 0);
	assert_false(in_atomic());
	assert_int_equal(num_online_cpus(), 1);
	assert_int_equal(num_possible_cpus(), 8);
}

static unsigned int called_on;

static void note_cpu(void *unused)
{
	(void)unused;
	called_on |= 1U << smp_processor_id();
}

static void functions_are_called_on_online_cpus(void **state)
{
	(void)state;
	called_on = 0;
	on_each_cpu(note_cpu, NULL, 1);
	assert_int_equal(called_on, 1);
	assert_int_equal(smp_call_function_single(0, note_cpu, NULL, 1), 0);
	assert_int_equal(smp_call_function_single(5, note_cpu, NULL, 1), -ENXIO);
	assert_int_equal(smp_call_function_single(500, note_cpu, NULL, 1), -ENXIO);
}

static void contexts_are_told_apart(void **state)
{
	(void)state;
	assert_false(in_atomic());
	preempt_disable();
	preempt_disable();
	preempt_enable();
	assert_true(in_atomic());
	assert_false(in_interrupt());
	preempt_enable();
	host_irq_enter();
	assert_true(in_interrupt() && in_atomic() && irqs_disabled());
	might_sleep();
	assert_int_equal(host_events.violations, 1);
	host_irq_exit();
	might_sleep();
	assert_int_equal(host_events.violations, 1);
	assert_false(in_interrupt() || in_atomic() || irqs_disabled());
}

/* --- the log --- */

static void the_log_keeps_the_newest(void **state)
{
	(void)state;
	host_log_clear();
	pr_info("the first line\n");
	for (unsigned int i = 0; i < 10000; i++)
		pr_info("line %u\n", i);
	assert_false(host_log_has("the first line"));
	assert_true(host_log_has("line 9999\n"));
	assert_true(strlen(host_log()) < 65536);
	pr_err("broken\n");
	WARN_ON(1 + 1 == 2);
	assert_int_equal(host_events.errors, 1);
	assert_int_equal(host_events.warnings, 1);
	assert_true(host_log_has("WARNING: 1 + 1 == 2"));
}

static void text_is_formatted_as_the_kernel_does(void **state)
{
	char buf[100];

	(void)state;
	assert_int_equal(scnprintf(buf, 5, "%s", "123456789"), 4);
	assert_string_equal(buf, "1234");
	assert_int_equal(scnprintf(buf, 0, "x"), 0);
	scnprintf(buf, sizeof(buf), "<%d %pS %s>", 5, (void *)&set_up, "end");
	assert_non_null(strstr(buf, "<5 test_host+0x"));
	assert_non_null(strstr(buf, " end>"));
	scnprintf(buf, 12, "%pS", (void *)&set_up);
	assert_int_equal(strlen(buf), 11);
	scnprintf(buf, sizeof(buf), "%pS", (void *)8);
	assert_string_equal(buf, "0x8");
}

static void numbers_are_parsed(void **state)
{
	unsigned long value = 0;
	unsigned int u = 0;
	char *end;
	int i = 0;

	(void)state;
	assert_int_equal(kstrtoul("0x10", 0, &value), 0);
	assert_int_equal(value, 16);
	assert_int_equal(kstrtoul("12x", 0, &value), -EINVAL);
	assert_int_equal(kstrtoul("-1", 0, &value), -EINVAL);
	assert_int_equal(kstrtoul("99999999999999999999", 10, &value), -ERANGE);
	assert_int_equal(kstrtouint("4294967296", 10, &u), -ERANGE);
	assert_int_equal(kstrtoint("-7", 10, &i), 0);
	assert_int_equal(i, -7);
	assert_int_equal(memparse("3G,", &end), 3 * GIB);
	assert_string_equal(end, ",");
	assert_int_equal(memparse("512", &end), 512);
	assert_string_equal(end, "");
}

static void a_reset_gives_everything_back(void **state)
{
	(void)state;
	memset(page_address(alloc_pages(GFP_KERNEL, 10)), 1, 4 * MIB);
	assert_true(host_resident_ram() >= 4 * MIB);
	host_mm_reset();
	assert_int_equal(host_resident_ram(), 0);
	assert_true(platform_probe_faults(PAGE_OFFSET));
	assert_true(platform_probe_faults(VMEMMAP_START));
	assert_int_equal(memblock.memory.cnt, 0);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vmalloc_range_shows_the_same_bytes, set_up),
		cmocka_unit_test_setup(wrong_mappings_are_caught, set_up),
		cmocka_unit_test_setup(mappings_fail_on_request, set_up),
		cmocka_unit_test_setup(calls_for_cpus_stay_out_of_irqs_off_sections,
				       set_up),
		cmocka_unit_test_setup(every_cpu_that_ran_is_called, set_up),
		cmocka_unit_test_setup(functions_are_called_on_online_cpus, set_up),
		cmocka_unit_test_setup(contexts_are_told_apart, set_up),
		cmocka_unit_test_setup(the_log_keeps_the_newest, set_up),
		cmocka_unit_test_setup(text_is_formatted_as_the_kernel_does, set_up),
		cmocka_unit_test_setup(numbers_are_parsed, set_up),
		cmocka_unit_test_setup(a_reset_gives_everything_back, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
