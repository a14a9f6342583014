/* SPDX-License-Identifier: MIT */
/* What the tests of the page allocator share. */
#ifndef PAGE_TEST_H
#define PAGE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include "mm/platform.h"
#include "tests/host/host.h"

#define MIB (1UL << 20)
#define GIB (1UL << 30)

/* The whole state is right. */
void pages_check(void);
/* A machine of this size, checked, with nothing in this CPU's lists. */
void pages_start(size_t bytes);

/* What is free, by zone and order, with all lists drained; and that it is so again. */
struct free_counts {
	unsigned long nr_free[MAX_NR_ZONES][NR_PAGE_ORDERS];
	unsigned long free;
};
struct free_counts free_counts(void);
void assert_counts_equal(const struct free_counts *now, const struct free_counts *then);
/* Free blocks of an order over all zones. */
unsigned long blocks_of(const struct free_counts *counts, unsigned int order);

/* Allocates blocks of this order until none is left; links them; how many. */
unsigned long take_all(gfp_t gfp, unsigned int order, struct page **list);
void give_all(struct page *list, unsigned int order);

/* Page allocations from now on: the n-th fails, once; 0: none does. */
void fail_nth_page(unsigned int n);

/* A generator that repeats from run to run; below n. */
void dice_start(unsigned long seed);
unsigned int dice(unsigned int n);

#endif
