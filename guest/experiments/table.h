/* SPDX-License-Identifier: MIT */
/* The allocator table: see table.c. */
#ifndef GUEST_EXPERIMENTS_TABLE_H
#define GUEST_EXPERIMENTS_TABLE_H

#include <linux/types.h>

/* Measures each allocator and prints one row for it.  May sleep. */
void print_allocator_table(void);

/* An experiment had a vmalloc buffer of this size: where trying again is too dear, the
 * table takes its word. */
void table_saw_vmalloc(size_t size);

#endif
