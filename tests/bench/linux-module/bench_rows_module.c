/* SPDX-License-Identifier: MIT */
/*
 * The rows of `make bench-guest`, as a module of a stock Linux.  It prints its rows when it
 * is loaded, and then refuses to stay.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <asm/msr.h>

#define bench_clock()		    rdtsc_ordered()
#define bench_print(name, n, count) pr_info("# bench %s %u %llu\n", name, n, count)
#include "bench_rows.h"

static int __init bench_init(void)
{
	int err = bench_rows_run();

	return err ? err : -ECANCELED;
}
module_init(bench_init);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("what allocating and freeing costs, in instructions");
