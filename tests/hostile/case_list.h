/* SPDX-License-Identifier: MIT */
/*
 * The hostile cases that are made twice: by a driver in the test's own process
 * (tests/unit/devices/mock_hostile_cases.c), on every kind of device with every byte of the
 * machine in view, and by a guest of a real machine (cases.c).  Their numbers are those of the
 * list of hostile cases; what must come of each is the same in both.
 */
#ifndef TESTS_HOSTILE_CASE_LIST_H
#define TESTS_HOSTILE_CASE_LIST_H

#define INDIRECT VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC)

/* C(number, what must come of it, features not to take, function that makes it) */
#define SHARED_CASES(C)                                               \
	C("1", EXPECT_BROKEN, 0, next_is_itself),                     \
		C("2", EXPECT_BROKEN, 0, two_in_a_cycle),             \
		C("2", EXPECT_BROKEN, 0, writable_cycle),             \
		C("3", EXPECT_GOOD, 0, as_long_as_the_queue),         \
		C("3", EXPECT_BROKEN, 0, longer_than_the_queue),      \
		C("4", EXPECT_BROKEN, 0, next_beyond_the_queue),      \
		C("4", EXPECT_BROKEN, 0, next_far_beyond),            \
		C("5", EXPECT_BROKEN, 0, head_beyond_the_queue),      \
		C("5", EXPECT_BROKEN, 0, head_far_beyond),            \
		C("6", EXPECT_BROKEN, 0, index_jumps),                \
		C("7", EXPECT_BROKEN, 0, index_goes_backwards),       \
		C("9", EXPECT_ANY, 0, same_head_twice),               \
		C("10", EXPECT_BROKEN, 0, read_wraps),                \
		C("10", EXPECT_BROKEN, 0, write_wraps),               \
		C("10", EXPECT_BROKEN, 0, tail_wraps_into_ram),       \
		C("11", EXPECT_ERROR, 0, read_past_ram),              \
		C("11", EXPECT_ERROR, 0, write_past_ram),             \
		C("12", EXPECT_ERROR, 0, write_into_the_hole),        \
		C("12", EXPECT_ERROR, 0, write_over_the_hole),        \
		C("12", EXPECT_ERROR, 0, read_over_the_hole),         \
		C("13", EXPECT_BROKEN, 0, lengths_pass_4g),           \
		C("14", EXPECT_BROKEN, 0, first_length_0),            \
		C("14", EXPECT_BROKEN, 0, last_length_0),             \
		C("15", EXPECT_GOOD, 0, indirect_works),              \
		C("15", EXPECT_BROKEN, 0, indirect_in_indirect),      \
		C("16", EXPECT_BROKEN, 0, indirect_and_next),         \
		C("17", EXPECT_BROKEN, 0, indirect_length_0),         \
		C("17", EXPECT_BROKEN, 0, indirect_length_odd),       \
		C("17", EXPECT_BROKEN, 0, indirect_next_beyond),      \
		C("17", EXPECT_BROKEN, 0, indirect_cycle),            \
		C("17", EXPECT_BROKEN, 0, indirect_outside_ram),      \
		C("17", EXPECT_BROKEN, 0, indirect_wraps),            \
		C("18", EXPECT_BROKEN, INDIRECT, indirect_works),     \
		C("19", EXPECT_BROKEN, 0, readable_after_writable),   \
		C("20", EXPECT_ERROR, 0, nothing_is_writable),        \
		C("21", EXPECT_GOOD, 0, one_byte_descriptors),        \
		C("23", EXPECT_ANY, 0, writes_own_rings),             \
		C("23", EXPECT_ANY, 0, reads_own_rings),              \
		C("24", EXPECT_ERROR, 0, writes_own_registers),       \
		C("24", EXPECT_ERROR, 0, writes_own_doorbell),        \
		C("24", EXPECT_ERROR, 0, reads_own_isr),              \
		C("24", EXPECT_ERROR, 0, writes_other_registers),     \
		C("24", EXPECT_ERROR, 0, writes_ecam),                \
		C("24", EXPECT_ERROR, 0, writes_msi_window),          \
		C("25", EXPECT_GOOD, 0, queue_changed_while_enabled), \
		C("27", EXPECT_GOOD, 0, bells_of_other_queues),       \
		C("28", EXPECT_ANY, 0, reset_in_flight),              \
		C("28", EXPECT_GOOD, 0, queue_reset_in_flight),       \
		C("38", EXPECT_ANY, 0, status_storm)

#endif
