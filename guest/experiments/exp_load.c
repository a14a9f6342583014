/* SPDX-License-Identifier: MIT */
/*
 * A disk under load, until somebody ends it (Ctrl-O e), so that a machine can be paused, reset
 * and switched off in the middle of it.
 *
 * Threads on all CPUs write, flush and read.  Each has a lane of the disk, LANE_BLOCKS blocks,
 * and writes them one after the other, again and again, each write with the next number: the
 * n-th of its lane fills block n % LANE_BLOCKS with words that are made of lane, n and their
 * own place.  It begins a write when the one before is done.  So the disk tells by itself how
 * far each lane has come, and what must stand in its other blocks, in the midst of the load as
 * in the next life of the machine; and the numbers that the lanes have come to add up to the
 * writes that the disk has done.  What the guest reads must be what it wrote, however often
 * time stood still meanwhile.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include <guest/blk.h>
#include <guest/sysrq.h>
#include <guest/xxhash.h>

#include "experiment.h"
#include "witness.h"

#define CHAPTER CHAPTER_LOAD

#define LANES_PER_CPU 4
#define MAX_LANES     64U
#define BLOCK	      4096UL
#define BLOCK_SECTORS (BLOCK / SECTOR_SIZE)
#define BLOCK_WORDS   (BLOCK / sizeof(u64))
#define LANE_BLOCKS   16UL
#define LANE	      (LANE_BLOCKS * BLOCK)
#define SOME	      (BLOCK_WORDS / 4) /* so far apart are words that are judged at work, */
#define MANY	      (machine_is_slow() ? 32 : 1) /* and of what was there before */
#define FLUSH_EACH    8U /* so many writes */

/* Words stay below 2^53, where whoever reads the disk may count in floating point. */
#define LANE_SHIFT   40
#define NUMBER_SHIFT 12
_Static_assert(BLOCK_WORDS <= 1UL << NUMBER_SHIFT, "the place of a word fits");

struct lane {
	struct task_struct *task; /* NULL: none was made */
	struct blk *blk;
	unsigned int index, cpu;
	u64 last; /* the number of the last write that is done; 0: none ever was */
	u64 reads, flushes;
	unsigned long wrong; /* words that were not what was written */
	int err; /* the first request that failed */
	u64 *block; /* what is written */
	u64 *all; /* what is read: the whole lane */
};

static u64 lane_sector(const struct lane *l)
{
	return l->index * (LANE / SECTOR_SIZE);
}

static u64 word(const struct lane *l, u64 number, u64 place)
{
	return ((u64)l->index + 1) << LANE_SHIFT | number << NUMBER_SHIFT | place;
}

/* Which write is the last one to a block of the lane; 0: it is blank yet. */
static u64 last_of_block(const struct lane *l, u64 block)
{
	u64 ago = (l->last - block) % LANE_BLOCKS;

	return ago < l->last ? l->last - ago : 0;
}

/* Whether it is not that; spoils it, so that the next read must bring it anew. */
static bool take_word(u64 *at, u64 expected)
{
	bool wrong = *at != expected;

	*at = ~0ULL;
	return wrong;
}

/* How many of the block's words, each step-th and the last, are not those of that write. */
static unsigned long judge_block(const struct lane *l, u64 block, u64 step)
{
	u64 *words = l->all + block * BLOCK_WORDS;
	u64 number = last_of_block(l, block), last = BLOCK_WORDS - 1;
	unsigned long wrong = take_word(&words[last], number ? word(l, number, last) : 0);

	for (u64 i = 0; i < last; i += step)
		wrong += take_word(&words[i], number ? word(l, number, i) : 0);
	return wrong;
}

static void judge_lane(struct lane *l, u64 step)
{
	for (u64 block = 0; block < LANE_BLOCKS && !l->err; block++)
		l->wrong += judge_block(l, block, step);
}

static void read_lane(struct lane *l)
{
	l->err = blk_read(l->blk, lane_sector(l), l->all, LANE);
	l->reads++;
}

static void write_next(struct lane *l)
{
	u64 number = l->last + 1;
	u64 sector = lane_sector(l) + number % LANE_BLOCKS * BLOCK_SECTORS;

	for (u64 i = 0; i < BLOCK_WORDS; i++)
		l->block[i] = word(l, number, i);
	l->err = blk_write(l->blk, sector, l->block, BLOCK);
	if (!l->err)
		l->last = number;
	if (!l->err && number % FLUSH_EACH == 0) {
		l->err = blk_flush(l->blk);
		l->flushes++;
	}
}

static int work(void *data)
{
	struct lane *l = data;

	while (!sysrq_ends() && !l->err && !l->wrong) {
		write_next(l);
		if (!l->err)
			read_lane(l);
		judge_lane(l, SOME);
	}
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

/* Finds out how far it had come in a life before; false when that makes no sense. */
static bool take_up(struct lane *l)
{
	read_lane(l);
	for (u64 block = 0; block < LANE_BLOCKS && !l->err; block++) {
		u64 number = l->all[block * BLOCK_WORDS] % (1UL << LANE_SHIFT) >>
			     NUMBER_SHIFT;

		l->last = max(l->last, number);
	}
	judge_lane(l, MANY);
	return !l->err && !l->wrong;
}

static struct blk *writable_disk(u64 bytes)
{
	struct blk *blk;

	for (unsigned int i = 0; (blk = blk_get(i)); i++)
		if (!blk_read_only(blk) && blk_capacity(blk) * SECTOR_SIZE >= bytes)
			return blk;
	return NULL;
}

static void free_lanes(struct lane *lanes, unsigned int n)
{
	for (unsigned int i = 0; lanes && i < n; i++) {
		kfree(lanes[i].block);
		kfree(lanes[i].all);
	}
	kfree(lanes);
}

static struct lane *make_lanes(struct blk *blk, unsigned int n)
{
	struct lane *lanes = kcalloc(n, sizeof(*lanes), GFP_KERNEL);

	for (unsigned int i = 0; lanes && i < n; i++) {
		struct lane *l = &lanes[i];

		*l = (struct lane){ .blk = blk, .index = i, .cpu = i / LANES_PER_CPU };
		l->block = kmalloc(BLOCK, GFP_KERNEL);
		l->all = kmalloc(LANE, GFP_KERNEL);
		if (l->block && l->all)
			continue;
		free_lanes(lanes, n);
		return NULL;
	}
	return lanes;
}

/* False: something else is on the disk. */
static bool take_up_lanes(struct lane *lanes, unsigned int n)
{
	u64 written = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!take_up(&lanes[i]))
			return false;
		written += lanes[i].last;
	}
	printk("# load.disk: %u lanes, %llu writes found\n", n,
	       (unsigned long long)written);
	return true;
}

static void run_lanes(struct trial *x, struct lane *lanes, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct lane *l = &lanes[i];

		l->task = kthread_run_on_cpu(work, l, l->cpu, "load/%u", i);
		if (!expect(x, !IS_ERR(l->task), "no thread"))
			l->task = NULL;
	}
	while (!sysrq_ends())
		msleep(10);
	for (unsigned int i = 0; i < n; i++)
		if (lanes[i].task)
			kthread_stop(lanes[i].task);
}

/* All that is on the disk now. */
static void judge_lanes(struct trial *x, struct lane *lanes, unsigned int n)
{
	u64 writes = 0, reads = 0, flushes = 0;
	struct xxh64_stream hash;

	xxh64_start(&hash);
	for (unsigned int i = 0; i < n; i++) {
		struct lane *l = &lanes[i];

		expect(x, !l->err && !l->wrong, "lane %u: %d, %lu words wrong at %llu", i,
		       l->err, l->wrong, (unsigned long long)l->last);
		read_lane(l);
		xxh64_update(&hash, l->all, LANE);
		judge_lane(l, MANY);
		expect(x, !l->err && !l->wrong,
		       "lane %u, at the end: %d, %lu words wrong", i, l->err, l->wrong);
		writes += l->last;
		reads += l->reads;
		flushes += l->flushes;
	}
	expect(x, !blk_flush(lanes[0].blk), "the flush failed");
	evidence(x, "%u threads, %llu writes, %llu reads, %llu flushes", n,
		 (unsigned long long)writes, (unsigned long long)reads,
		 (unsigned long long)flushes);
	evidence(x, "the first %lu KiB XXH64 %016lx", n * LANE >> 10,
		 xxh64_digest(&hash));
}

EXPERIMENT(load_disk, "load.disk",
	   "a disk has what was written to it, whatever happens to the machine meanwhile",
	   .needs = NEEDS_DISK, .leaves = true)
{
	unsigned int n = min(x->cpus * LANES_PER_CPU, MAX_LANES);
	struct blk *blk = writable_disk(n * LANE);
	struct lane *lanes;

	if (!blk) {
		skip(x, "no writable disk with 256 KiB for each CPU");
		return;
	}
	lanes = make_lanes(blk, n);
	if (!expect(x, lanes, "no memory"))
		return;
	if (take_up_lanes(lanes, n)) {
		sysrq_enable();
		run_lanes(x, lanes, n);
		judge_lanes(x, lanes, n);
	} else {
		expect(x, false, "the disk is neither blank nor what this left there");
	}
	free_lanes(lanes, n);
}
