/* SPDX-License-Identifier: MIT */
/* The profiler's pure parts: call chains counted, read from a guest's stacks, and named. */
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/profile/profile_folded.h"

/* --- chains counted ------------------------------------------------------------------------------ */

static struct profile_stacks *stacks;

static int begin_stacks(void **state)
{
	(void)state;
	stacks = profile_stacks_create();
	return !stacks;
}

static int end_stacks(void **state)
{
	(void)state;
	free(stacks);
	return 0;
}

static uint64_t count_of(const uint64_t *frames, unsigned int depth)
{
	unsigned int i, found = 0;
	uint64_t count = 0;

	for (i = 0; i < stacks->nr; i++) {
		const struct profile_stack *s = &stacks->stack[i];

		if (s->depth == depth &&
		    !memcmp(stacks->frames + s->first, frames, depth * sizeof(*frames))) {
			count = s->count;
			found++;
		}
	}
	assert_true(found <= 1);
	return count;
}

static void equal_chains_are_one(void **state)
{
	uint64_t frames[PROFILE_DEPTH] = { 0 }, want[4][3] = { { 0 } };
	unsigned int i, depth, last;

	(void)state;
	for (i = 0; i < 5000; i++) {
		depth = 1 + (unsigned int)rand() % 3;
		last = (unsigned int)rand() % 3;
		frames[depth - 1] = last;
		assert_true(profile_stacks_add(stacks, frames, depth));
		want[depth][last]++;
		frames[depth - 1] = 0;
	}
	for (depth = 1; depth <= 3; depth++) {
		for (last = 0; last < 3; last++) {
			frames[depth - 1] = last;
			assert_int_equal(count_of(frames, depth), want[depth][last]);
		}
		frames[depth - 1] = 0;
	}
	assert_int_equal(stacks->nr, 9);
}

static void a_full_table_takes_what_it_knows_and_no_more(void **state)
{
	uint64_t frame;

	(void)state;
	for (frame = 0; frame < PROFILE_STACKS_MAX; frame++)
		assert_true(profile_stacks_add(stacks, &frame, 1));
	assert_false(profile_stacks_add(stacks, &frame, 1));
	for (frame = 0; frame < PROFILE_STACKS_MAX; frame++)
		assert_true(profile_stacks_add(stacks, &frame, 1));
	assert_int_equal(stacks->nr, PROFILE_STACKS_MAX);
	for (frame = 0; frame < PROFILE_STACKS_MAX; frame++)
		assert_int_equal(count_of(&frame, 1), 2);
}

static void frames_run_out_as_well(void **state)
{
	uint64_t frames[PROFILE_DEPTH] = { 0 };
	unsigned int n = 0;

	(void)state;
	do
		frames[0] = n;
	while (profile_stacks_add(stacks, frames, PROFILE_DEPTH) && ++n);
	assert_int_equal(n, PROFILE_FRAMES_MAX / PROFILE_DEPTH);
	frames[0] = 0;
	assert_true(profile_stacks_add(stacks, frames, PROFILE_DEPTH));
}

/* --- chains read ---------------------------------------------------------------------------------- */

#define KERNEL 0xffffffff80000000ull /* maps [0, 2 MiB) */
#define USER   0x400000ull /* the same */
#define STACK  0x10000ull /* in both */

static struct guest_memory mem;
static struct kvm_regs regs;
static struct kvm_sregs sregs;
static uint64_t frames[PROFILE_DEPTH];
static bool whole;

static void put(uint64_t gpa, uint64_t value)
{
	memcpy(ram_at(&mem.ram, gpa, 8), &value, 8);
}

static void put_frame(uint64_t at, uint64_t caller, uint64_t address)
{
	put(STACK + at, caller);
	put(STACK + at + 8, address);
}

static int begin_walk(void **state)
{
	(void)state;
	test_memory(&mem, 4ull << 20);
	sregs = (struct kvm_sregs){ .cr0 = 1ull << 31 | 1, .cr3 = 0x1000, .efer = 0x500 };
	put(0x1000 + 8 * 511, 0x2000 | 1);
	put(0x2000 + 8 * 510, 0x3000 | 1);
	put(0x3000, 0x81); /* 2 MiB */
	put(0x1000, 0x4000 | 1);
	put(0x4000, 0x5000 | 1);
	put(0x5000 + 8 * 2, 0x81);
	regs = (struct kvm_regs){ .rip = KERNEL + 0x111, .rbp = KERNEL + STACK };
	return 0;
}

static int end_walk(void **state)
{
	(void)state;
	memory_destroy(&mem);
	return 0;
}

static void assert_chain(unsigned int depth, bool is_whole)
{
	assert_int_equal(profile_walk(&mem.ram, &regs, &sregs, frames, &whole), depth);
	assert_int_equal(whole, is_whole);
	assert_int_equal(frames[0], regs.rip);
}

static void a_chain_is_followed_to_its_end(void **state)
{
	(void)state;
	put_frame(0, KERNEL + STACK + 0x40, KERNEL + 0x222);
	put_frame(0x40, KERNEL + STACK + 0x80, KERNEL + 0x333);
	put_frame(0x80, 0, KERNEL + 0x444);
	assert_chain(4, true);
	assert_int_equal(frames[1], KERNEL + 0x222);
	assert_int_equal(frames[3], KERNEL + 0x444);
	put_frame(0x80, KERNEL + STACK + 0xc0, 0);
	assert_chain(3, true);
	regs.rbp = 0;
	assert_chain(1, true);
}

static void a_system_call_leads_to_the_user(void **state)
{
	(void)state;
	put_frame(0, USER + STACK + 0x800, KERNEL + 0x222);
	put_frame(0x800, USER + STACK + 0x840, USER + 0x333);
	put_frame(0x840, 0, USER + 0x444);
	assert_chain(4, true);
	assert_int_equal(frames[2], USER + 0x333);
	put_frame(0x840, KERNEL + STACK, USER + 0x444); /* and not back */
	assert_chain(4, false);
}

static void a_broken_chain_is_cut(void **state)
{
	(void)state;
	put_frame(0, KERNEL + STACK + 4, KERNEL + 0x222); /* not aligned */
	assert_chain(2, false);
	put_frame(0, KERNEL + STACK, KERNEL + 0x222); /* itself: another stack, once */
	assert_chain(3, false);
	put_frame(0, 0x123456789abcdef0, KERNEL + 0x222);
	assert_chain(2, false);
	put_frame(0, UINT64_MAX - 7, KERNEL + 0x222);
	assert_chain(2, false);
	regs.rbp = KERNEL + (2ull << 20) - 8; /* half of it is mapped */
	assert_chain(1, false);
	regs.rbp = 0x12345678;
	assert_chain(1, false);
}

static void no_chain_is_longer_than_there_is_room(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 * PROFILE_DEPTH; i++)
		put_frame(16 * i, KERNEL + STACK + 16 * (i + 1), KERNEL + i + 1);
	assert_chain(PROFILE_DEPTH, false);
	assert_int_equal(frames[PROFILE_DEPTH - 1], KERNEL + PROFILE_DEPTH - 1);
}

static void before_page_tables_there_is_one_frame(void **state)
{
	(void)state;
	sregs.cr0 = 1;
	assert_int_equal(profile_walk(&mem.ram, &regs, &sregs, frames, &whole), 1);
	assert_int_equal(frames[0], PROFILE_FRAME_BOOT);
}

/* Any stack, any registers: it comes back, within its room. */
static void whatever_the_guest_has_the_walk_ends(void **state)
{
	unsigned int round, i, depth;

	(void)state;
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < 64; i++)
			put(STACK + 8ull * i,
			    rand() % 2 ? KERNEL + STACK + (unsigned int)rand() % 512
				       : (uint64_t)rand() << 33 | (unsigned int)rand());
		if (round % 3 == 0)
			put(0x3000, (uint64_t)rand());
		regs.rbp = KERNEL + STACK + 8 * ((unsigned int)rand() % 64);
		depth = profile_walk(&mem.ram, &regs, &sregs, frames, &whole);
		assert_true(depth >= 1 && depth <= PROFILE_DEPTH);
	}
}

/* --- chains named ---------------------------------------------------------------------------------- */

static struct symbol symbol_list[] = {
	{ KERNEL + 0x100, KERNEL + 0x200, "alloc_pages" },
	{ KERNEL + 0x200, KERNEL + 0x300, "start kernel;" },
	{ KERNEL + 0x300, KERNEL + 0x400, "leaf" },
};
static const struct symbols symbols = { .nr = 3, .symbol = symbol_list };

static void add(struct profile *p, unsigned int cpu, unsigned int depth, uint64_t a,
		uint64_t b, uint64_t c)
{
	const uint64_t chain[] = { a, b, c };

	assert_true(profile_stacks_add(p->cpu[cpu].stacks, chain, depth));
	p->cpu[cpu].samples++;
}

static void chains_become_lines(void **state)
{
	static const uint64_t idle[] = { 0, 7 };
	static const char want[] = "vCPU 0;[boot] 1\n"
				   "vCPU 0;[user];alloc_pages 1\n"
				   "vCPU 0;start_kernel_;[unknown] 1\n"
				   "vCPU 0;start_kernel_;alloc_pages 3\n"
				   "vCPU 0;start_kernel_;leaf 1\n"
				   "vCPU 1;[idle] 7\n"
				   "vCPU 1;alloc_pages 1\n";
	struct profile *p = profile_create(2, 97);
	struct test_file file;
	struct folded folded;
	char text[512];
	json_t *json;
	ssize_t n;

	(void)state;
	add(p, 0, 2, KERNEL + 0x150, KERNEL + 0x250, 0);
	add(p, 0, 2, KERNEL + 0x151, KERNEL + 0x250, 0);
	add(p, 0, 2, KERNEL + 0x150, KERNEL + 0x300, 0); /* a call at its very end */
	add(p, 0, 2, KERNEL + 0x300, KERNEL + 0x250, 0);
	add(p, 0, 2, KERNEL + 0x900, KERNEL + 0x250, 0);
	add(p, 0, 3, KERNEL + 0x150, USER + 5, USER + 6);
	add(p, 0, 1, PROFILE_FRAME_BOOT, 0, 0);
	add(p, 1, 1, KERNEL + 0x150, 0, 0);
	p->cpu[1].lost = 3;
	p->cpu[0].cut = 2;
	assert_int_equal(folded_make(&folded, p, &symbols, idle), 0);

	test_file_make(&file, "", 0);
	assert_int_equal(folded_write(&folded, file.fd), 0);
	n = pread(file.fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, want);
	test_file_close(&file);

	json = folded_json(&folded, p, idle);
	assert_int_equal(json_integer_value(json_object_get(json, "samples")), 8);
	assert_int_equal(json_integer_value(json_object_get(json, "idle")), 7);
	assert_int_equal(json_integer_value(json_object_get(json, "lost")), 3);
	assert_int_equal(json_integer_value(json_object_get(json, "cut")), 2);
	assert_int_equal(json_array_size(json_object_get(json, "stacks")), 7);
	json_decref(json);
	folded_free(&folded);
	profile_destroy(p);
}

static void lines_with_the_same_beginning_are_neighbours(void **state)
{
	(void)state;
	assert_true(folded_compare("a", "a;b") < 0);
	assert_true(folded_compare("a;b", "a-x") < 0); /* '-' is before ';' elsewhere */
	assert_true(folded_compare("a;b", "a;b") == 0);
	assert_true(folded_compare("b", "a;z") > 0);
	assert_true(folded_compare("a;\xff", "a;a") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equal_chains_are_one, begin_stacks,
						end_stacks),
		cmocka_unit_test_setup_teardown(
			a_full_table_takes_what_it_knows_and_no_more, begin_stacks,
			end_stacks),
		cmocka_unit_test_setup_teardown(frames_run_out_as_well, begin_stacks,
						end_stacks),
		cmocka_unit_test_setup_teardown(a_chain_is_followed_to_its_end,
						begin_walk, end_walk),
		cmocka_unit_test_setup_teardown(a_system_call_leads_to_the_user,
						begin_walk, end_walk),
		cmocka_unit_test_setup_teardown(a_broken_chain_is_cut, begin_walk,
						end_walk),
		cmocka_unit_test_setup_teardown(no_chain_is_longer_than_there_is_room,
						begin_walk, end_walk),
		cmocka_unit_test_setup_teardown(before_page_tables_there_is_one_frame,
						begin_walk, end_walk),
		cmocka_unit_test_setup_teardown(whatever_the_guest_has_the_walk_ends,
						begin_walk, end_walk),
		cmocka_unit_test(chains_become_lines),
		cmocka_unit_test(lines_with_the_same_beginning_are_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
