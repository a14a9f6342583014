/* SPDX-License-Identifier: MIT */
/* Looking up the function an address lies in, against a linear search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <cmocka.h>
#include <guest/symbols.h>

#define BASE 0xffffffff80100000UL

/* a at 0..4, then b and c at the same place, d to the end. */
static const char names[] = "a\0b\0c\0d";
static const struct symbol_entry entries[] = {
	{ 0x10, 0 }, { 0x14, 2 }, { 0x14, 4 }, { 0x90, 6 }, { 0x100, 8 }
};

static struct symbol_table table(uint64_t count)
{
	return (struct symbol_table){
		.count = count, .entry = entries, .names = names, .base = BASE
	};
}

/* The last entry at or before the offset. */
static int expected(unsigned long offset)
{
	int found = -1;

	for (int i = 0; i < 4; i++)
		if (entries[i].offset <= offset)
			found = i;
	return offset < 0x100 ? found : -1;
}

static void every_address_finds_its_function(void **state)
{
	struct symbol_table t = table(4);
	unsigned long offset, size;

	(void)state;
	for (unsigned long at = 0; at < 0x120; at++) {
		int i = expected(at);
		const char *name = symbol_find(&t, BASE + at, &offset, &size);

		if (i < 0) {
			assert_null(name);
			continue;
		}
		assert_string_equal(name, names + entries[i].name);
		assert_int_equal(offset, at - entries[i].offset);
		assert_int_equal(size, entries[i + 1].offset - entries[i].offset);
	}
}

static void outside_there_is_nothing(void **state)
{
	struct symbol_table t = table(4), empty = table(0);
	unsigned long offset, size;

	(void)state;
	assert_null(symbol_find(&t, 0, &offset, &size));
	assert_null(symbol_find(&t, BASE - 1, &offset, &size));
	assert_null(symbol_find(&t, ~0UL, &offset, &size));
	assert_null(symbol_find(&empty, BASE + 0x10, &offset, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_finds_its_function),
		cmocka_unit_test(outside_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
