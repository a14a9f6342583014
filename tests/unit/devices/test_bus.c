/* SPDX-License-Identifier: MIT */
/* Address dispatch: who answers which access, against a model that looks at every byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devices/bus.h"

struct spy {
	struct bus_range range;
	uint64_t offset, value;
	unsigned int size, reads, writes;
};

static uint64_t spy_read(void *arg, uint64_t offset, unsigned int size)
{
	struct spy *spy = arg;

	spy->reads++;
	spy->offset = offset;
	spy->size = size;
	return 0x8877665544332211ull;
}

static void spy_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct spy *spy = arg;

	spy->writes++;
	spy->offset = offset;
	spy->size = size;
	spy->value = value;
}

static const struct bus_ops spy_ops = { spy_read, spy_write };

static void spy_init(struct spy *spy, uint64_t base, uint64_t size)
{
	*spy = (struct spy){ .range = { "spy", base, size, &spy_ops, spy } };
}

/* A bus with one device at 0x100, 16 bytes long. */
static void bus_with_spy(struct bus *bus, struct spy *spy)
{
	*bus = (struct bus){ 0 };
	spy_init(spy, 0x100, 0x10);
	assert_int_equal(bus_add(bus, &spy->range), 0);
}

static void reads_and_writes(void **state)
{
	struct bus bus;
	struct spy spy;
	uint64_t value;

	(void)state;
	bus_with_spy(&bus, &spy);
	assert_true(bus_read(&bus, 0x104, 2, &value));
	assert_int_equal(value, 0x2211);
	assert_int_equal(spy.offset, 4);
	assert_int_equal(spy.size, 2);
	assert_true(bus_read(&bus, 0x108, 8, &value));
	assert_true(value == 0x8877665544332211ull);
	assert_true(bus_write(&bus, 0x10f, 1, 0x1234));
	assert_int_equal(spy.value, 0x34);
	assert_int_equal(spy.offset, 15);
}

static void nobody_answers(void **state)
{
	struct bus bus;
	struct spy spy;
	uint64_t value;

	(void)state;
	bus_with_spy(&bus, &spy);
	assert_false(bus_read(&bus, 0x10e, 4, &value)); /* straddles the end */
	assert_int_equal(value, 0xffffffff);
	assert_false(bus_read(&bus, 0xff, 2, &value)); /* straddles the start */
	assert_int_equal(value, 0xffff);
	assert_false(bus_write(&bus, 0x110, 1, 0));
	assert_false(bus_read(&bus, ~0ull - 3, 8, &value)); /* wraps */
	assert_true(value == ~0ull);
	assert_false(bus_read(&bus, 0x100, 9, &value));
	assert_false(bus_write(&bus, 0x100, 0, 0));
	assert_int_equal(spy.reads + spy.writes, 0);
}

static void bytes_as_kvm_has_them(void **state)
{
	static const uint8_t three[] = { 0x11, 0x22, 0x33 };
	struct bus bus = { 0 };
	uint8_t data[16] = { 1, 2, 3, 4 };
	struct spy spy;

	(void)state;
	spy_init(&spy, 0, 8);
	assert_int_equal(bus_add(&bus, &spy.range), 0);
	assert_true(bus_access(&bus, 0, data, 3, true));
	assert_int_equal(spy.value, 0x030201);
	assert_true(bus_access(&bus, 4, data, 3, false));
	assert_memory_equal(data, three, 3);
	assert_int_equal(data[3], 4);
	assert_false(bus_access(&bus, 0, data, 9, true));
	assert_false(bus_access(&bus, 8, data, 1, false));
	assert_int_equal(data[0], 0xff);
}

static void absent_ops(void **state)
{
	static const struct bus_ops none = { NULL, NULL };
	const struct bus_range range = { "none", 0, 4, &none, NULL };
	struct bus bus = { 0 };
	uint64_t value = 0;

	(void)state;
	assert_int_equal(bus_add(&bus, &range), 0);
	assert_true(bus_read(&bus, 0, 2, &value));
	assert_int_equal(value, 0xffff);
	assert_true(bus_write(&bus, 0, 2, 1));
}

static void refused_ranges(void **state)
{
	struct bus bus = { 0 };
	struct spy a, b;

	(void)state;
	spy_init(&a, 0x100, 0x10);
	assert_int_equal(bus_add(&bus, &a.range), 0);
	spy_init(&b, 0x100, 0x10); /* the same */
	assert_int_equal(bus_add(&bus, &b.range), -EEXIST);
	spy_init(&b, 0x108, 0x10); /* a part of it */
	assert_int_equal(bus_add(&bus, &b.range), -EEXIST);
	spy_init(&b, 0xf8, 0x10);
	assert_int_equal(bus_add(&bus, &b.range), -EEXIST);
	spy_init(&b, 0, 0);
	assert_int_equal(bus_add(&bus, &b.range), -EINVAL);
	spy_init(&b, ~0ull, 2);
	assert_int_equal(bus_add(&bus, &b.range), -EINVAL);
	spy_init(&b, ~0ull, 1);
	assert_int_equal(bus_add(&bus, &b.range), 0);
	assert_int_equal(bus.nr, 2);
}

static void innermost_wins(void **state)
{
	struct bus bus = { 0 };
	struct spy outer, inner;
	uint64_t value;

	(void)state;
	spy_init(&outer, 0xcf8, 4);
	spy_init(&inner, 0xcf9, 1);
	assert_int_equal(bus_add(&bus, &inner.range), 0);
	assert_int_equal(bus_add(&bus, &outer.range), 0);
	bus_read(&bus, 0xcf9, 1, &value);
	bus_read(&bus, 0xcf8, 4, &value);
	bus_read(&bus, 0xcf9, 2, &value);
	bus_read(&bus, 0xcfa, 1, &value);
	assert_int_equal(inner.reads, 1);
	assert_int_equal(outer.reads, 3);
	bus_remove(&bus, &inner.range);
	bus_remove(&bus, &inner.range);
	bus_read(&bus, 0xcf9, 1, &value);
	assert_int_equal(outer.reads, 4);
}

static void bus_full(void **state)
{
	static struct spy spies[BUS_MAX_RANGES + 1];
	struct bus bus = { 0 };

	(void)state;
	for (unsigned int i = 0; i <= BUS_MAX_RANGES; i++) {
		spy_init(&spies[i], i * 16, 16);
		assert_int_equal(bus_add(&bus, &spies[i].range),
				 i < BUS_MAX_RANGES ? 0 : -ENOSPC);
	}
}

/* --- against a model ------------------------------------------------------------------- */

#define SPIES  24
#define SPACE  64
#define ROUNDS 4000

static struct spy spies[SPIES];
static bool present[SPIES];

static bool covers(unsigned int i, uint64_t addr)
{
	return present[i] && addr >= spies[i].range.base &&
	       addr < spies[i].range.base + spies[i].range.size;
}

/* May a range be added?  No two present ranges may share a byte and each own one. */
static bool model_allows(unsigned int n)
{
	for (unsigned int i = 0; i < SPIES; i++) {
		unsigned int both = 0, only_i = 0, only_n = 0;

		if (i == n || !present[i])
			continue;
		for (uint64_t a = 0; a < SPACE + 16; a++) {
			both += covers(i, a) && covers(n, a);
			only_i += covers(i, a) && !covers(n, a);
			only_n += !covers(i, a) && covers(n, a);
		}
		if (both && ((only_i && only_n) || (!only_i && !only_n)))
			return false;
	}
	return true;
}

static struct spy *model_finds(uint64_t addr, unsigned int size)
{
	struct spy *best = NULL;

	for (unsigned int i = 0; i < SPIES; i++) {
		bool all = true;

		for (unsigned int b = 0; b < size; b++)
			all = all && covers(i, addr + b);
		if (all && (!best || spies[i].range.size < best->range.size))
			best = &spies[i];
	}
	return best;
}

static void random_ranges(void **state)
{
	struct bus bus = { 0 };

	(void)state;
	srand(1);
	memset(present, 0, sizeof(present));
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int i = (unsigned int)rand() % SPIES, size = 1u << rand() % 4;
		uint64_t addr = (unsigned int)rand() % SPACE, value;
		struct spy *expected;

		if (present[i]) {
			bus_remove(&bus, &spies[i].range);
			present[i] = false;
		} else {
			spy_init(&spies[i], (unsigned int)rand() % SPACE,
				 1 + (unsigned int)rand() % 16);
			present[i] = true;
			present[i] = model_allows(i);
			assert_int_equal(bus_add(&bus, &spies[i].range),
					 present[i] ? 0 : -EEXIST);
		}
		expected = model_finds(addr, size);
		if (expected)
			expected->reads = 0;
		assert_int_equal(bus_read(&bus, addr, size, &value), expected != NULL);
		if (expected)
			assert_int_equal(expected->reads, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(bytes_as_kvm_has_them),
		cmocka_unit_test(absent_ops),
		cmocka_unit_test(refused_ranges),
		cmocka_unit_test(innermost_wins),
		cmocka_unit_test(bus_full),
		cmocka_unit_test(random_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
