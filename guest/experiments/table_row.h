/* SPDX-License-Identifier: MIT */
/* A row of the comparison, between those who measure it and those who print it. */
#ifndef GUEST_EXPERIMENTS_TABLE_ROW_H
#define GUEST_EXPERIMENTS_TABLE_ROW_H

#include <linux/mm.h>
#include <linux/types.h>

#include "ktap.h"

struct allocator;

/* What is measured. */
enum column {
	COLUMN_NAME,
	COLUMN_LARGEST,
	COLUMN_RUNS,
	COLUMN_DMA,
	COLUMN_ZEROED,
	COLUMN_ZONE,
	COLUMN_ATOMIC,
	COLUMN_COST,
	NR_COLUMNS
};
_Static_assert(NR_COLUMNS <= TABLE_COLUMNS, "table columns");

#define NOT_MEASURED "n/a"

#define SAMPLE_PAGES 4U
#define SAMPLE	     (SAMPLE_PAGES * PAGE_SIZE)

/* A buffer of SAMPLE bytes as the CPU sees it. */
struct sample {
	phys_addr_t page[SAMPLE_PAGES + 1]; /* the frames behind it */
	unsigned int pages; /* of these */
	unsigned int offset; /* of the buffer in the first */
	bool has_dma; /* its allocator told the bus address */
	dma_addr_t dma;
	bool has_contents; /* it is memory, not registers */
	u64 hash; /* XXH3 of the contents */
};

void row_set(struct table_row *row, enum column column, const char *fmt, ...)
	__printf(3, 4);

/* Zone, and what the device says of it, if there is the device: contiguous, one range. */
void row_judge_sample(struct table_row *row, const struct sample *sample);

/* Rows measured in a way of their own.  May sleep. */
void measure_bootmem(struct table_row *row);
void measure_user_malloc(struct table_row *row);

/*
 * Prints rows[0 .. n), one for each of allocators[]; missing[i] says why a row was not
 * measured, or is NULL.
 */
void comparison_print(const struct table_row *rows, const char *const *missing,
		      unsigned int n);

#endif
