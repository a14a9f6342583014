/* SPDX-License-Identifier: MIT */
/* The comparison of all ways to memory: see table.c. */
#ifndef GUEST_EXPERIMENTS_TABLE_H
#define GUEST_EXPERIMENTS_TABLE_H

#include <linux/types.h>

/* Looks at what the run itself is going to change.  Once, before the first experiment. */
void comparison_begin(void);

/* Measures each way to memory and prints the comparison.  May sleep. */
void print_comparison(void);

/* An experiment had a buffer of this size from that allocator (its name in the table), and
 * knows whether that is the largest: where trying again is too dear, the table takes its
 * word. */
void comparison_saw(const char *allocator, size_t size, bool is_largest);

#endif
