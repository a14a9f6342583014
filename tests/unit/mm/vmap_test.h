/* SPDX-License-Identifier: MIT */
/* What the tests of the vmalloc range share. */
#ifndef VMAP_TEST_H
#define VMAP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "tests/host/host.h"

/* A machine of 64 MiB; the mm of each test starts fresh. */
int vmap_set_up(void **state);
/* Everything must have been given back, all checks be clean, and no report unexpected. */
int vmap_tear_down(void **state);

#define vmap_test(f) cmocka_unit_test_setup_teardown(f, vmap_set_up, vmap_tear_down)

/* The whole state is right. */
void vmap_check(void);
/* The last call reported `n` times, with this text; forgets the reports. */
void expect_reports(unsigned int n, const char *text);

static inline unsigned long live_areas(void)
{
	struct vmalloc_stats stats;

	vmalloc_get_stats(&stats);
	return stats.nr_areas;
}

/* What alloc(size) gives when only so many page allocations succeed. */
void *alloc_with_pages(void *(*alloc)(unsigned long size, gfp_t gfp), unsigned long size,
		       int let_through);

/* A byte that differs between pages, offsets and seeds. */
static inline unsigned char pattern(unsigned long offset, unsigned int seed)
{
	return (unsigned char)(offset * 7 + (offset >> 12) * 31 + seed * 131UL);
}

/* Bytes that are written and checked: each 61st, and the last. */
static inline unsigned long next_checked(unsigned long i, unsigned long size)
{
	return i + 61 < size || i == size - 1 ? i + 61 : size - 1;
}

static inline void write_pattern(unsigned char *p, unsigned long size, unsigned int seed)
{
	for (unsigned long i = 0; i < size; i = next_checked(i, size))
		p[i] = pattern(i, seed);
}

static inline void check_pattern(const unsigned char *p, unsigned long size,
				 unsigned int seed)
{
	for (unsigned long i = 0; i < size; i = next_checked(i, size))
		if (p[i] != pattern(i, seed))
			fail_msg("byte %lu of %p is %02x", i, (const void *)p, p[i]);
}

#endif
