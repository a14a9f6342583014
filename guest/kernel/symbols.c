/* SPDX-License-Identifier: MIT */
/* Which function an address lies in. */
#include <guest/symbols.h>

const char *symbol_find(const struct symbol_table *table, unsigned long addr,
			unsigned long *offset, unsigned long *size)
{
	const struct symbol_entry *entry = table->entry;
	u64 low = 0, high = table->count;
	unsigned long at = addr - table->base;

	if (!table->count || addr < table->base || at < entry[0].offset ||
	    at >= entry[table->count].offset)
		return NULL;
	/* entry[low].offset <= at < entry[high].offset */
	while (high - low > 1) {
		u64 middle = low + (high - low) / 2;

		if (entry[middle].offset <= at)
			low = middle;
		else
			high = middle;
	}
	*offset = at - entry[low].offset;
	*size = entry[low + 1].offset - entry[low].offset;
	return table->names + entry[low].name;
}
