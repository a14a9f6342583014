/* SPDX-License-Identifier: MIT */
/*
 * Measurements.  They show nothing that could be false; `make bench` and `make bench-guest`
 * name them on the command line and count from outside, or read the lines they print.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/sprintf.h>

#include <guest/blk.h>

#include "experiment.h"

#define CHAPTER CHAPTER_BENCH

#define bench_clock()		    arch_cycles()
#define bench_print(name, n, count) printk("# bench %s %u %lu\n", name, n, count)
#include "bench_rows.h"

static unsigned int reads = 256;

static int set_reads(char *value)
{
	return value ? kstrtouint(value, 10, &reads) : -EINVAL;
}
early_param("bench.reads", set_reads);

#define READ_SIZE    4096
#define READ_SECTORS (READ_SIZE / SECTOR_SIZE)

/* A run of none more beside a run of many tells what one costs, whatever boot and end do, and
 * whatever only the first one does. */
EXPERIMENT(bench_disk_read, "bench.disk-read",
	   "one read of 4 KiB, then bench.reads=N more, each one waited for",
	   .needs = NEEDS_DISK, .measurement = true)
{
	struct blk *blk = blk_get(0);
	u64 places = blk_capacity(blk) / READ_SECTORS;
	void *buf = kmalloc(READ_SIZE, GFP_KERNEL);
	unsigned int done;

	if (!expect(x, buf && places, "no buffer, or a disk of no page"))
		return;
	for (done = 0; done <= reads; done++)
		if (!expect(x,
			    !blk_read(blk, done % places * READ_SECTORS, buf, READ_SIZE),
			    "read %u failed", done))
			break;
	/* As long a line for one as for many: each character is an exit of its own. */
	evidence(x, "%04u reads of %d bytes", done, READ_SIZE);
	kfree(buf);
}

EXPERIMENT(bench_alloc, "bench.alloc",
	   "what allocating and freeing costs, by the time-stamp counter",
	   .measurement = true)
{
	expect(x, !bench_rows_run(), "no memory for all of them");
	evidence(x, "%zu rows", ARRAY_SIZE(bench_rows));
}
