/* SPDX-License-Identifier: MIT */
/* The kernel's own table of functions. */
#include <linux/compiler.h>
#include <guest/machine.h>
#include <guest/symbols.h>

const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	struct symbol_table table;

	if (!&symbol_count)
		return NULL;
	table = (struct symbol_table){ .count = symbol_count,
				       .entry = symbol_offsets,
				       .names = symbol_names,
				       .base = (unsigned long)_text };
	return symbol_find(&table, addr, offset, size);
}
