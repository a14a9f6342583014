/* SPDX-License-Identifier: MIT */
/* vmalloc under random sequences of calls: one CPU against a model, then several. */
#include <linux/atomic.h>
#include <linux/string.h>
#include "vmap_test.h"

#define SLOTS 96

struct slot {
	unsigned char *addr; /* NULL: unused */
	unsigned long size;
	unsigned int seed;
};

static struct slot slots[SLOTS];

/* Addresses freed since the last flush: none of them may be handed out. */
static struct {
	unsigned long start, end;
} stale[1024];
static unsigned int nr_stale, flushes_seen;

static unsigned long footprint(const struct slot *slot)
{
	return PAGE_ALIGN(slot->size) + PAGE_SIZE;
}

static void check_address(const struct slot *slot)
{
	unsigned long start = (unsigned long)slot->addr, end = start + footprint(slot);

	for (unsigned int i = 0; i < SLOTS; i++) {
		unsigned long other = (unsigned long)slots[i].addr;

		if (other && &slots[i] != slot)
			assert_true(end <= other ||
				    other + footprint(&slots[i]) <= start);
	}
	if (host_events.tlb_flushes != flushes_seen) {
		flushes_seen = host_events.tlb_flushes;
		nr_stale = 0;
	}
	for (unsigned int i = 0; i < nr_stale; i++)
		assert_true(end <= stale[i].start || stale[i].end <= start);
	assert_true(platform_probe_faults(end - PAGE_SIZE));
}

static void fill_slot(struct slot *slot, unsigned int step)
{
	slot->size = 1 + (unsigned long)rand() %
				 (rand() % 8 ? 6 * PAGE_SIZE : 150 * PAGE_SIZE);
	slot->addr = vmalloc(slot->size);
	slot->seed = step;
	assert_non_null(slot->addr);
	check_address(slot);
	write_pattern(slot->addr, slot->size, slot->seed);
}

static void empty_slot(struct slot *slot)
{
	unsigned long start = (unsigned long)slot->addr;

	check_pattern(slot->addr, slot->size, slot->seed);
	vfree(slot->addr);
	if (host_events.tlb_flushes == flushes_seen && nr_stale < ARRAY_SIZE(stale)) {
		stale[nr_stale].start = start;
		stale[nr_stale++].end = start + footprint(slot);
	}
	slot->addr = NULL;
}

static void random_calls_follow_the_model(void **state)
{
	(void)state;
	srand(3);
	nr_stale = 0;
	flushes_seen = host_events.tlb_flushes;
	for (unsigned int step = 0; step < 6000; step++) {
		struct slot *slot = &slots[rand() % SLOTS];

		if (slot->addr)
			empty_slot(slot);
		else
			fill_slot(slot, step);
		if (rand() % 500 == 0)
			vm_unmap_aliases();
		vmap_check();
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		if (slots[i].addr)
			empty_slot(&slots[i]);
	assert_true(host_events.tlb_flushes > 5);
}

/* --- several CPUs -------------------------------------------------------------------- */

/* Areas on their way from one CPU to another; the first word of an area is its size. */
static unsigned long *exchange[32];

static void cross_allocate(void *arg)
{
	unsigned int seed = 77 + arch_cpu_id();

	(void)arg;
	for (unsigned int step = 0; step < 4000; step++) {
		unsigned long pages = 1 + (unsigned long)rand_r(&seed) % 9;
		unsigned long *p = vmalloc(pages * PAGE_SIZE);

		if (p) {
			p[0] = pages;
			p[pages * PAGE_SIZE / sizeof(*p) - 1] = ~pages;
		}
		p = xchg(&exchange[rand_r(&seed) % ARRAY_SIZE(exchange)], p);
		if (!p)
			continue;
		pages = p[0];
		if (p[pages * PAGE_SIZE / sizeof(*p) - 1] != ~pages)
			panic("area %p of %lu pages was changed", (void *)p, pages);
		vfree(p);
		if (step % 256 == 0 && vmalloc_verify())
			panic("%s", host_log());
		if (step % 1000 == 0)
			vm_unmap_aliases();
	}
}

static void cpus_free_what_others_allocate(void **state)
{
	(void)state;
	host_run_on_cpus(4, cross_allocate, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(exchange); i++) {
		vfree(exchange[i]);
		exchange[i] = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vmap_test(random_calls_follow_the_model),
		vmap_test(cpus_free_what_others_allocate),
	};

	return cmocka_run_group_tests_name("vmalloc_random", tests, NULL, NULL);
}
