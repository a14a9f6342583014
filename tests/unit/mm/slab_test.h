/* SPDX-License-Identifier: MIT */
/* What the tests of the slab allocator share. */
#ifndef SLAB_TEST_H
#define SLAB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/fault-inject.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/page_debug.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/platform.h"
#include "mm/slab_info.h"
#include "tests/host/host.h"

/* A machine of 64 MiB; the mm of each test starts fresh. */
int slab_set_up(void **state);
/* Every page must be free again, all checks be clean, and no report unexpected. */
int slab_tear_down(void **state);

#define slab_test(f) cmocka_unit_test_setup_teardown(f, slab_set_up, slab_tear_down)

/* The whole state is right. */
void slab_check(void);
/* `n` bugs were reported since the last call, with this text; forgets the reports. */
void expect_bugs(unsigned int n, const char *text);
/* n reports of __warn, or of broken context rules, since the last call; forgets them. */
void expect_warnings(unsigned int n);
void expect_violations(unsigned int n);

/* The cache of that name; fails the test without one. */
struct kmem_cache *find_cache(const char *name);
struct slabinfo info_of(struct kmem_cache *s);
/* Pages that nobody holds, when every cache has given up what it can. */
unsigned long pages_at_rest(void);

/* Of the page allocations from now on each n-th fails, `times` in all (-1: for ever). */
void fail_pages(unsigned int nth, int times);
/* The same with objects of a cache (NULL: of any). */
void fail_objects(struct kmem_cache *only, unsigned int nth, int times);
void fail_nothing(void);

/* A generator that repeats from run to run. */
extern u64 random_state;
static inline unsigned int random_below(unsigned int n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(random_state >> 33) % n;
}

#endif
