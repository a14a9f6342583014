/* SPDX-License-Identifier: MIT */
/*
 * 1 GiB full of movable pages, of which every fourth stays: what does it cost to make large
 * blocks of the rest?  Prints NAME THREADS NS like the other workloads; NS is the time for
 * each page that moved, scanning included.
 */
#include <stdio.h>
#include <time.h>
#include <linux/compaction.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/movable_buffer.h>
#include "tests/host/host.h"

#define RAM   (1UL << 30)
#define KEEP  4
#define SPARE 8192 /* pages: more than the watermarks keep back */

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static unsigned long moved(void)
{
	struct migrate_info info;

	migrate_info(&info);
	return info.moved[MR_COMPACTION];
}

static unsigned long large_blocks(void)
{
	struct zone_info info;

	zone_info(ZONE_DMA32, &info);
	return info.nr_free[MAX_ORDER];
}

/* Nanoseconds a page; 0 when it was not done. */
static double compact_once(void)
{
	unsigned long nr = nr_free_pages() - SPARE, before = moved(), blocks;
	struct movable_buffer *buffer = movable_buffer_create(nr, GFP_KERNEL);
	double start;

	if (!buffer)
		return 0;
	for (unsigned long i = 0; i < nr; i++)
		if (i % KEEP)
			movable_buffer_drop(buffer, i);
	drain_all_pages();
	start = now_ns();
	compact_memory();
	start = now_ns() - start;
	blocks = large_blocks();
	movable_buffer_free(buffer);
	drain_all_pages();
	before = moved() - before;
	return before && blocks > RAM / MAX_ORDER_SIZE / 2 ? start / (double)before : 0;
}

int main(void)
{
	double ns;

	host_mm_init(RAM);
	compact_once(); /* the host has provided the memory then */
	ns = compact_once();
	if (ns <= 0)
		return 1;
	printf("compact-1g-page 1 %.2f\n", ns);
	return 0;
}
