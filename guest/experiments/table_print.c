/* SPDX-License-Identifier: MIT */
/*
 * The comparison on the console: what was measured, and what each is for; and, where the
 * monitor writes a report, the same once more for programs.
 */
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include <guest/dmacheck.h>
#include <guest/machine.h>

#include "allocators.h"
#include "table_row.h"

/* Columns of the console, and the most that the report takes. */
#define LINE_MAX 128
#define JSON_MAX 1000

static const struct table_row headings = { {
	[COLUMN_NAME] = "way to memory",
	[COLUMN_LARGEST] = "largest",
	[COLUMN_RUNS] = "contiguous",
	[COLUMN_DMA] = "one-range DMA",
	[COLUMN_ZEROED] = "zeroed",
	[COLUMN_ZONE] = "zone",
	[COLUMN_ATOMIC] = "atomic",
	[COLUMN_COST] = "4 KiB pair",
} };

static unsigned int wider(unsigned int width, const char *text)
{
	return max(width, (unsigned int)strlen(text));
}

/* What was not measured says why instead, and widens no column but the first. */
static void find_widths(const struct table_row *rows, const char *const *missing,
			unsigned int n, unsigned int *widths)
{
	table_widths(&headings, 1, widths);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int c = 0; c < (missing[i] ? 1 : NR_COLUMNS); c++)
			widths[c] = wider(widths[c], rows[i].cell[c]);
}

static void print_measured(const struct table_row *rows, const char *const *missing,
			   unsigned int n, const unsigned int *widths)
{
	char line[LINE_MAX];

	table_line(line, sizeof(line), &headings, widths);
	printk("%s\n", line);
	for (unsigned int i = 0; i < n; i++) {
		if (missing[i]) {
			printk("%-*s  not run: %s\n", (int)widths[0], rows[i].cell[0],
			       missing[i]);
			continue;
		}
		table_line(line, sizeof(line), &rows[i], widths);
		printk("%s\n", line);
	}
	if (!dmacheck_device())
		printk("n/a: this machine has no dmacheck device\n");
	for (unsigned int i = 0; i < n; i++)
		if (!missing[i] && allocators[i].note && allocators[i].note())
			printk("%s: %s\n", allocators[i].name, allocators[i].note());
}

static void print_uses(unsigned int n, unsigned int name_width)
{
	unsigned int width = 0;

	for (unsigned int i = 0; i < n; i++)
		width = wider(width, allocators[i].principle);
	printk("%-*s  %-*s  %s\n", (int)name_width, headings.cell[0], (int)width,
	       "principle", "best used for");
	for (unsigned int i = 0; i < n; i++)
		printk("%-*s  %-*s  %s\n", (int)name_width, allocators[i].name,
		       (int)width, allocators[i].principle, allocators[i].best_for);
}

/* --- for programs ----------------------------------------------------------------------- */

#define JSON_COLUMNS (NR_COLUMNS + 2)

static void print_json(const struct allocator *a, const struct table_row *row,
		       const char *missing)
{
	const char *names[JSON_COLUMNS], *values[JSON_COLUMNS];
	char line[JSON_MAX], reason[LINE_MAX];
	unsigned int n = 0;

	scnprintf(reason, sizeof(reason), "not run: %s", missing ? missing : "");
	for (unsigned int c = 0; c < NR_COLUMNS; c++) {
		names[n] = headings.cell[c];
		values[n++] = !missing || c == COLUMN_NAME ? row->cell[c]
			      : c == COLUMN_LARGEST	   ? reason
							   : "";
		if (c != COLUMN_NAME)
			continue;
		names[n] = "principle";
		values[n++] = a->principle;
	}
	names[n] = "best used for";
	values[n++] = a->best_for;
	if (table_json(line, sizeof(line), names, values, n))
		printk("%s\n", line);
}

void comparison_print(const struct table_row *rows, const char *const *missing,
		      unsigned int n)
{
	unsigned int widths[TABLE_COLUMNS];

	find_widths(rows, missing, n, widths);
	printk("\n");
	print_measured(rows, missing, n, widths);
	printk("\n");
	print_uses(n, widths[COLUMN_NAME]);
	printk("\n");
	for (unsigned int i = 0; hypervisor.writes_report && i < n; i++)
		print_json(&allocators[i], &rows[i], missing[i]);
}
