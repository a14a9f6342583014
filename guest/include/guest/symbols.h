/* SPDX-License-Identifier: MIT */
/* Names of functions, from the table that the second link embeds (guest/symbols.awk). */
#ifndef GUEST_SYMBOLS_H
#define GUEST_SYMBOLS_H

#include <linux/types.h>

/* An entry: the last one is only an end, past all functions. */
struct symbol_entry {
	u32 offset; /* from the start of the text */
	u32 name; /* offset in the names */
};

struct symbol_table {
	u64 count; /* without the end entry */
	const struct symbol_entry *entry; /* ascending by offset */
	const char *names;
	unsigned long base; /* address of offset 0 */
};

/* The kernel's own table.  Weak: in the first link there is none yet. */
extern const u64 symbol_count __attribute__((weak));
extern const struct symbol_entry symbol_offsets[] __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));

/* The function that addr lies in, its offset there and its size; NULL when in none. */
const char *symbol_find(const struct symbol_table *table, unsigned long addr,
			unsigned long *offset, unsigned long *size);
/* The same in the kernel's own table. */
const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size);

#endif
