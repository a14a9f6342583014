/* SPDX-License-Identifier: MIT */
/* What a guest publishes beside its memory: read right, and never believed (HOSTILE 39). */
#include <stdio.h>
#include <string.h>

#include "tests/unit/vmm/kernel_image.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/memstate/memstate_books.h"
#include "vmm/memstate/memstate_kernel.h"
#include "vmm/memstate/memstate_object.h"

static struct image image;
static struct kernel_parts *k;
static struct memstate_view view;
static struct memstate_kernel kernel;

static int make(void **state)
{
	(void)state;
	image_make(&image);
	k = kernel_image_add(&image);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	image_free(&image);
	return 0;
}

static void open_all(void)
{
	if (memstate_open(&view, &image.ram, IMAGE_TABLE) ||
	    memstate_read_kernel(&view, &kernel))
		fail_msg("%s", view.err.text);
}

static void well(int ret)
{
	if (ret)
		fail_msg("%s", view.err.text);
}

/* Refused with a line that holds `part`; then all is as it was. */
static void assert_corrupt(int ret, const char *part)
{
	assert_refused(ret, EBADMSG, &view.err, part);
	image_free(&image);
	image_make(&image);
	k = kernel_image_add(&image);
	open_all();
}

/* --- threads ------------------------------------------------------------------------------ */

static void threads_and_their_chains_are_read(void **state)
{
	struct thread_states t = { 0 };
	struct dump_cpu cpus[2] = { 0 };

	(void)state;
	open_all();
	cpus[1].regs.rip = KERNEL_TEXT + 0x1234;
	cpus[1].regs.rbp =
		IMAGE_DIRECT + KERNEL_AT + offsetof(struct kernel_parts, stack[30]);
	well(memstate_read_threads(&view, &kernel, cpus, 2, &t));
	assert_int_equal(t.nr, 5);
	assert_string_equal(t.thread[0].name, "idle/0");
	assert_true(t.thread[0].idle);
	assert_int_equal(t.thread[0].on_cpu, 0);
	assert_int_equal(t.thread[1].on_cpu, -1);
	assert_string_equal(t.thread[2].name, "main");
	assert_string_equal(t.thread[2].state, "asleep");
	assert_int_equal(t.thread[2].pid, 1);
	assert_false(t.thread[2].broken);
	assert_int_equal(t.thread[2].depth, 3);
	assert_int_equal(t.thread[2].pc[0], KERNEL_TEXT + 0x1010);
	assert_int_equal(t.thread[2].pc[1], KERNEL_TEXT + 0x1120);
	assert_int_equal(t.thread[2].pc[2], KERNEL_TEXT + 0x1230);
	assert_int_equal(t.thread[3].on_cpu, 1);
	assert_true(t.thread[3].process);
	assert_int_equal(t.thread[3].depth, 2);
	assert_int_equal(t.thread[3].pc[0], KERNEL_TEXT + 0x1234);
	assert_int_equal(t.thread[2].space, 0);
	assert_string_equal(t.thread[4].name, "nap");
	assert_int_equal(t.thread[4].on_cpu, -1);
	assert_int_equal(t.thread[4].depth, 3); /* asleep, and told all the same */
	free(t.thread);
}

static void a_thread_that_runs_is_found_without_registers(void **state)
{
	struct thread_states t = { 0 };

	(void)state;
	open_all();
	well(memstate_read_threads(&view, &kernel, NULL, 0, &t));
	assert_int_equal(t.thread[3].on_cpu, 1);
	assert_int_equal(t.thread[3].depth, 0);
	free(t.thread);
}

static void a_thread_in_user_mode_has_no_chain(void **state)
{
	struct thread_states t = { 0 };
	struct dump_cpu cpus[2] = { 0 };

	(void)state;
	open_all();
	cpus[1].sregs.cs.selector = 0x33;
	well(memstate_read_threads(&view, &kernel, cpus, 2, &t));
	assert_true(t.thread[3].user);
	assert_int_equal(t.thread[3].depth, 0);
	free(t.thread);
}

static void wild_stacks_end_a_chain(void **state)
{
	static const uint64_t wild[] = { 1, 0x7fffffffffffull, UINT64_MAX - 7,
					 IMAGE_DIRECT + IMAGE_SIZE,
					 0xdeadbeef00000000ull };
	struct thread_states t = { 0 };
	unsigned int i;

	(void)state;
	open_all();
	for (i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		k->stack[20] = wild[i];
		well(memstate_read_threads(&view, &kernel, NULL, 0, &t));
		assert_true(t.thread[2].broken);
		assert_int_equal(t.thread[2].depth, 2);
	}
	k->stack[20] = k->stack[8]; /* a circle */
	well(memstate_read_threads(&view, &kernel, NULL, 0, &t));
	assert_true(t.thread[2].depth < KERNEL_CHAIN_MAX);
	k->thread[0].rsp = 0x1234;
	well(memstate_read_threads(&view, &kernel, NULL, 0, &t));
	assert_true(t.thread[2].broken);
	assert_int_equal(t.thread[2].depth, 0);
	free(t.thread);
}

static void wild_lists_of_threads_are_refused(void **state)
{
	struct thread_states t = { 0 };

	(void)state;
	open_all();
	k->thread[1].next = k->thread[0].next; /* itself */
	assert_corrupt(memstate_read_threads(&view, &kernel, NULL, 0, &t),
		       "turns back behind busy");
	assert_int_equal(t.nr, 4);
	k->thread[2].next = k->numbers.thread_list;
	assert_corrupt(memstate_read_threads(&view, &kernel, NULL, 0, &t),
		       "turns back behind nap");
	assert_int_equal(t.nr, 5);
	assert_string_equal(t.thread[4].name, "nap");
	k->thread[2].next = k->thread[0].next; /* a circle that the first is not in */
	assert_corrupt(memstate_read_threads(&view, &kernel, NULL, 0, &t),
		       "turns back behind nap");
	assert_int_equal(t.nr, 5);
	k->thread[1].next = 0;
	assert_corrupt(memstate_read_threads(&view, &kernel, NULL, 0, &t),
		       "breaks off behind busy");
	assert_int_equal(t.nr, 4);
	k->thread[0].next = 0x1234567;
	assert_corrupt(memstate_read_threads(&view, &kernel, NULL, 0, &t), "not in RAM");
	assert_int_equal(t.nr, 3); /* what stands in front of it is known */
	*image.cpus = 100000;
	assert_corrupt(memstate_read_threads(&view, &kernel, NULL, 0, &t), "CPUs");
	assert_int_equal(t.nr, 0);
	k->numbers.offsets[1] = UINT64_MAX / 3;
	assert_corrupt(memstate_read_threads(&view, &kernel, NULL, 0, &t), "not in RAM");
	assert_int_equal(t.nr, 0);
	free(t.thread);
}

/* Of a thread by its number in what was read. */
static int page_table_of(size_t i, uint64_t *gpa)
{
	struct thread_states t = { 0 };
	int ret;

	well(memstate_read_threads(&view, &kernel, NULL, 0, &t));
	assert_in_range(i, 0, t.nr - 1);
	ret = memstate_read_page_table(&view, &kernel, &t.thread[i], gpa);
	free(t.thread);
	return ret;
}

static void page_tables_of_processes_are_found(void **state)
{
	uint64_t gpa = 0;

	(void)state;
	open_all();
	well(page_table_of(3, &gpa));
	assert_int_equal(gpa, KERNEL_TABLES);
	well(page_table_of(4, &gpa));
	assert_int_equal(gpa, KERNEL_TABLES + 0x4000);
	assert_int_equal(page_table_of(2, &gpa), -ENODATA);
	k->thread[2].space = 0xffffffffff;
	assert_corrupt(page_table_of(4, &gpa), "an address space");
	k->space[1].page_table += 8;
	assert_corrupt(page_table_of(4, &gpa), "nap, pid 3: its page tables");
	k->space[1].page_table = IMAGE_DIRECT + IMAGE_SIZE;
	assert_corrupt(page_table_of(4, &gpa), "nap, pid 3: its page tables");
	k->space[1].page_table = 0;
	assert_corrupt(page_table_of(4, &gpa), "nap, pid 3: its page tables");
}

/* --- log, names, time ---------------------------------------------------------------------- */

static void the_log_is_read_from_its_oldest_line(void **state)
{
	char *text = NULL;

	(void)state;
	open_all();
	well(memstate_read_log(&view, &kernel, &text));
	assert_int_equal(strlen(text), KERNEL_LOG);
	assert_memory_equal(text, "be?in\n", 6);
	assert_string_equal(text + KERNEL_LOG - 4, "end\n");
	free(text);
	k->numbers.log_end = 3;
	well(memstate_read_log(&view, &kernel, &text));
	assert_string_equal(text, "end");
	free(text);
	kernel.log.size = 0;
	assert_corrupt(memstate_read_log(&view, &kernel, &text), "a log of 0 bytes");
	kernel.log.size = UINT64_MAX;
	assert_corrupt(memstate_read_log(&view, &kernel, &text), "a log of");
	kernel.log.va = 0x1000;
	assert_corrupt(memstate_read_log(&view, &kernel, &text), "not in RAM");
}

static void names_are_read(void **state)
{
	struct symbols s = { 0 };

	(void)state;
	open_all();
	well(memstate_read_symbols(&view, &kernel, &s));
	assert_int_equal(s.nr, 3);
	assert_string_equal(symbols_find(&s, KERNEL_TEXT + 0x11ff)->name, "two");
	assert_null(symbols_find(&s, KERNEL_TEXT + 0x1300));
	assert_null(symbols_find(&s, KERNEL_TEXT + 0xfff));
	symbols_free(&s);
	k->symbol[1].name = 0x7fffffff;
	assert_corrupt(memstate_read_symbols(&view, &kernel, &s), "out of order");
	k->symbol[1].offset = 0x5000;
	assert_corrupt(memstate_read_symbols(&view, &kernel, &s), "out of order");
	k->symbol[KERNEL_SYMBOLS].offset = UINT32_MAX; /* past the end of all addresses */
	assert_corrupt(memstate_read_symbols(&view, &kernel, &s), "out of order");
	k->symbol[KERNEL_SYMBOLS].name = UINT32_MAX;
	assert_corrupt(memstate_read_symbols(&view, &kernel, &s), "names of");
	k->numbers.symbol_count = UINT64_MAX;
	assert_corrupt(memstate_read_symbols(&view, &kernel, &s), "names");
	assert_null(s.symbol);
	kernel.symbols.count_va = 0;
	assert_int_equal(memstate_read_symbols(&view, &kernel, &s), -ENODATA);
}

static void time_since_boot_is_told(void **state)
{
	(void)state;
	open_all();
	assert_int_equal(memstate_since_boot(&view, &kernel, 3000000), 2000000000);
	assert_int_equal(memstate_since_boot(&view, &kernel, 0), 0);
	assert_int_equal(memstate_since_boot(&view, &kernel, 5), 0);
	k->numbers.khz = 0;
	assert_int_equal(memstate_since_boot(&view, &kernel, 3000000), 0);
}

static void a_wild_description_is_refused(void **state)
{
	(void)state;
	open_all();
	k->description.version = 99;
	assert_corrupt(memstate_read_kernel(&view, &kernel), "version 99");
	k->description.size = 8;
	assert_corrupt(memstate_read_kernel(&view, &kernel), "of 8 bytes");
	image.table->kernel_va = 0x123456789;
	memstate_open(&view, &image.ram, IMAGE_TABLE);
	assert_corrupt(memstate_read_kernel(&view, &kernel), "not in RAM");
	image.table->kernel_va = 0;
	memstate_open(&view, &image.ram, IMAGE_TABLE);
	assert_int_equal(memstate_read_kernel(&view, &kernel), -ENODATA);
}

/* --- IOMMU --------------------------------------------------------------------------------- */

static void domains_are_read(void **state)
{
	struct iommu_state i = { 0 };

	(void)state;
	open_all();
	well(memstate_read_iommu(&view, &kernel, &i));
	assert_int_equal(i.nr_domains, 1);
	assert_int_equal(i.domain[0].id, 4);
	assert_int_equal(i.domain[0].nr, 2);
	assert_int_equal(i.domain[0].range[1].start, 0x20000);
	assert_int_equal(i.domain[0].range[1].size, 0x4000);
	assert_int_equal(i.domain[0].range[1].phys, 0x8000);
	assert_int_equal(i.domain[0].range[1].flags, 3);
	assert_int_equal(i.nr_endpoints, 2);
	assert_string_equal(i.endpoint[0].device, "0000:00:03.0");
	assert_int_equal(i.endpoint[0].domain, i.domain[0].va);
	assert_int_equal(i.endpoint[1].domain, 0);
	k->numbers.iommu = 0;
	well(memstate_read_iommu(&view, &kernel, &i));
	assert_int_equal(i.nr_domains, 0);
	iommu_state_free(&i);
}

static void wild_domains_are_refused(void **state)
{
	struct iommu_state i = { 0 };

	(void)state;
	open_all();
	k->range[1].node.next = k->range[0].node.next;
	assert_corrupt(memstate_read_iommu(&view, &kernel, &i), "overlaps");
	k->range[1].node.start = 0x10800;
	assert_corrupt(memstate_read_iommu(&view, &kernel, &i), "overlaps");
	k->range[1].node.end = 5;
	assert_corrupt(memstate_read_iommu(&view, &kernel, &i), "IOMMU mapping at");
	k->domain.next = k->numbers.domains;
	assert_corrupt(memstate_read_iommu(&view, &kernel, &i), "does not end");
	k->endpoint[0].device = 77;
	assert_corrupt(memstate_read_iommu(&view, &kernel, &i), "not in RAM");
	assert_null(i.domain);
}

/* --- books --------------------------------------------------------------------------------- */

static void live_mappings_are_read(void **state)
{
	struct live_mappings m = { 0 };

	(void)state;
	open_all();
	well(memstate_read_mappings(&view, &m));
	assert_true(m.kept);
	assert_int_equal(m.lost, 7);
	assert_int_equal(m.nr, 2);
	assert_int_equal(m.mapping[0].addr, 0x9000);
	assert_int_equal(m.mapping[0].phys, 0x5000);
	assert_int_equal(m.mapping[0].size, 3000);
	assert_string_equal(m.mapping[0].device, "0000:00:03.0");
	assert_string_equal(live_mapping_kind(&m.mapping[0]), "single");
	assert_string_equal(live_mapping_dir(&m.mapping[0]), "DMA_TO_DEVICE");
	assert_string_equal(live_mapping_kind(&m.mapping[1]), "coherent");
	m.mapping[0].kind = m.mapping[0].dir = 200;
	assert_string_equal(live_mapping_kind(&m.mapping[0]), "unknown");
	assert_string_equal(live_mapping_dir(&m.mapping[0]), "DMA_NONE");
	k->numbers.mappings = 0;
	well(memstate_read_mappings(&view, &m));
	assert_false(m.kept);
	assert_int_equal(m.nr, 0);
	free(m.mapping);
}

static void wild_mappings_are_refused(void **state)
{
	struct live_mappings m = { 0 };

	(void)state;
	open_all();
	k->mapping[1].size = UINT64_MAX;
	assert_corrupt(memstate_read_mappings(&view, &m), "a DMA mapping at");
	k->mapping[1].size = 0;
	assert_corrupt(memstate_read_mappings(&view, &m), "a DMA mapping at");
	k->mapping[1].name = 5;
	assert_corrupt(memstate_read_mappings(&view, &m), "a device's name");
	k->numbers.mappings = 12345;
	assert_corrupt(memstate_read_mappings(&view, &m), "not in RAM");
	view.mm.mappings.count = UINT32_MAX;
	assert_corrupt(memstate_read_mappings(&view, &m), "a table of");
	assert_null(m.mapping);
}

static void call_sites_are_read(void **state)
{
	struct alloc_sites_state s = { 0 };

	(void)state;
	open_all();
	well(memstate_read_sites(&view, &s));
	assert_true(s.kept);
	assert_int_equal(s.nr, 2);
	assert_int_equal(s.site[0].bytes, 5000);
	assert_int_equal(s.site[0].total, 9);
	assert_int_equal(s.site[1].ip, 0);
	k->numbers.profile_on = 0;
	well(memstate_read_sites(&view, &s));
	assert_false(s.kept);
	k->numbers.profile_on = 1;
	k->site[3].bytes = UINT64_MAX - 1;
	assert_corrupt(memstate_read_sites(&view, &s), "holds");
	free(s.site);
}

static void owners_are_read(void **state)
{
	struct frame_owner o;

	(void)state;
	open_all();
	/* Frame 10 is the third of the block of order 2 that begins at 8. */
	well(memstate_read_owner(&view, 10, &o));
	assert_true(o.kept);
	assert_int_equal(o.head, 8);
	assert_int_equal(o.order, 2);
	assert_int_equal(o.gfp, 0xcc0);
	assert_int_equal(o.allocated, 3000000);
	assert_int_equal(o.alloc.depth, 2);
	assert_int_equal(o.alloc.pc[1], KERNEL_TEXT + 0x1120);
	assert_int_equal(o.free.depth, 1);
	well(memstate_read_owner(&view, 12, &o));
	assert_false(o.kept);
	well(memstate_read_owner(&view, UINT64_MAX / 4096, &o));
	assert_false(o.kept);
}

static void wild_owners_are_refused(void **state)
{
	struct frame_owner o;

	(void)state;
	open_all();
	k->owner[8].alloc = 1000;
	assert_corrupt(memstate_read_owner(&view, 8, &o), "call chain 1000");
	k->chain[1].n = 1000;
	assert_corrupt(memstate_read_owner(&view, 8, &o), "1000 calls");
	k->numbers.chains = 99;
	assert_corrupt(memstate_read_owner(&view, 8, &o), "not in RAM");
	k->numbers.owners = 99;
	assert_corrupt(memstate_read_owner(&view, 8, &o), "not in RAM");
}

/* --- any damage ------------------------------------------------------------------------------ */

static int read_all(void)
{
	struct thread_states t = { 0 };
	struct iommu_state i = { 0 };
	struct live_mappings m = { 0 };
	struct alloc_sites_state s = { 0 };
	struct symbols names = { 0 };
	struct frame_owner o;
	char *text = NULL;
	uint64_t gpa;
	size_t n;
	int ret = memstate_open(&view, &image.ram, IMAGE_TABLE);

	if (!ret)
		ret = memstate_read_kernel(&view, &kernel);
	if (!ret)
		ret = memstate_read_threads(&view, &kernel, NULL, 0, &t);
	for (n = 0; !ret && n < t.nr; n++)
		if (t.thread[n].space)
			ret = memstate_read_page_table(&view, &kernel, &t.thread[n],
						       &gpa);
	if (!ret)
		ret = memstate_read_iommu(&view, &kernel, &i);
	if (!ret)
		ret = memstate_read_mappings(&view, &m);
	if (!ret)
		ret = memstate_read_sites(&view, &s);
	if (!ret)
		ret = memstate_read_symbols(&view, &kernel, &names);
	if (!ret)
		ret = memstate_read_owner(&view, 10, &o);
	if (!ret)
		ret = memstate_read_log(&view, &kernel, &text);
	free(t.thread);
	iommu_state_free(&i);
	free(m.mapping);
	free(s.site);
	symbols_free(&names);
	free(text);
	return ret;
}

static void random_damage_is_survived(void **state)
{
	unsigned int i, j, seed = 1, refused = 0;
	uint8_t *bytes = (uint8_t *)k;

	(void)state;
	for (i = 0; i < 3000; i++) {
		struct kernel_parts saved = *k;

		for (j = 0; j < 1 + i % 4; j++) {
			size_t at = (size_t)rand_r(&seed) % sizeof(*k) & ~7ul;
			uint64_t value = (uint64_t)rand_r(&seed) << (rand_r(&seed) % 40);

			if (i & 1)
				value = IMAGE_DIRECT + KERNEL_AT + value % sizeof(*k);
			memcpy(bytes + at, &value, sizeof(value));
		}
		view.err.text[0] = '\0';
		if (read_all()) {
			refused++;
			assert_true(view.err.text[0]);
		}
		*k = saved;
	}
	assert_in_range(refused, 300, 2999);
	well(read_all());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(threads_and_their_chains_are_read),
		TEST(a_thread_that_runs_is_found_without_registers),
		TEST(a_thread_in_user_mode_has_no_chain),
		TEST(wild_stacks_end_a_chain),
		TEST(wild_lists_of_threads_are_refused),
		TEST(page_tables_of_processes_are_found),
		TEST(the_log_is_read_from_its_oldest_line),
		TEST(names_are_read),
		TEST(time_since_boot_is_told),
		TEST(a_wild_description_is_refused),
		TEST(domains_are_read),
		TEST(wild_domains_are_refused),
		TEST(live_mappings_are_read),
		TEST(wild_mappings_are_refused),
		TEST(call_sites_are_read),
		TEST(owners_are_read),
		TEST(wild_owners_are_refused),
		TEST(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
