/* SPDX-License-Identifier: MIT */
/*
 * The allocator table: what each way to memory gives, measured here and now.
 *
 *	largest		the largest single allocation, found by trying: doubled until it is
 *			refused, then narrowed down to a page
 *	contiguous	the runs of physical memory that the device finds behind 32 KiB
 *	one-range DMA	the device, told the first address and the length, hashes the bytes
 *			that the CPU sees
 *	zeroed		memory just freed full of marks comes back without any
 *	atomic		it gives memory where nobody may sleep
 *	4 KiB pair	one allocation and freeing of 4 KiB, by the time-stamp counter, the
 *			median of some batches
 *
 * Where there is no dmacheck device, its columns say n/a; DMA memory is then asked for in
 * the name of the disk.
 */
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <guest/context.h>
#include <guest/dmacheck.h>
#include <guest/xxhash.h>

#include "allocators.h"
#include "experiment.h"
#include "fragment.h"
#include "ktap.h"
#include "table.h"
#include "witness.h"

enum column {
	COLUMN_NAME,
	COLUMN_LARGEST,
	COLUMN_RUNS,
	COLUMN_DMA,
	COLUMN_ZEROED,
	COLUMN_ATOMIC,
	COLUMN_COST,
	NR_COLUMNS
};
_Static_assert(NR_COLUMNS <= TABLE_COLUMNS, "table columns");

#define SAMPLE (32UL << 10)

static size_t vmalloc_seen;

void table_saw_vmalloc(size_t size)
{
	vmalloc_seen = max(vmalloc_seen, size);
}

/* --- largest -------------------------------------------------------------------------- */

static bool gives(const struct allocator *a, size_t size)
{
	struct source s;
	dma_addr_t dma = 0;
	void *p;

	if (!source_open(&s, a, size))
		return false;
	p = a->get(&s, GFP_KERNEL | __GFP_NOWARN, &dma);
	if (p)
		a->put(&s, p, dma);
	source_close(&s);
	return p;
}

/* Where all of RAM can be had, it is only asked for up to here. */
#define SLOW_LIMIT (8UL << 20)
#define FAST_LIMIT (4UL << 30)

static size_t highest_try(const struct allocator *a)
{
	if (a->loud_above)
		return a->loud_above;
	if (a->to_the_end)
		return machine_is_slow() ? SLOW_LIMIT : FAST_LIMIT;
	return ~0UL;
}

/* The largest size given, to the page (where all of RAM can be had, to an eighth). */
static void find_largest(const struct allocator *a, char *cell)
{
	size_t good = 0, bad = PAGE_SIZE, limit = highest_try(a), middle;
	char text[TEXT_SIZE];

	while (bad <= limit && gives(a, bad)) {
		good = bad;
		bad *= 2;
	}
	bad = min(bad, limit); /* no higher was tried */
	while (bad - good > (a->to_the_end ? max(PAGE_SIZE, good / 8) : PAGE_SIZE)) {
		middle = good + ((bad - good) / 2 & PAGE_MASK);
		if (gives(a, middle))
			good = middle;
		else
			bad = middle;
	}
	if (a->to_the_end)
		good = max(good, vmalloc_seen);
	scnprintf(cell, TABLE_CELL, "%s%s", a->to_the_end ? ">= " : "",
		  text_size(text, good));
}

/* --- what the device says --------------------------------------------------------------- */

/* The bus address of the buffer's first byte, as a driver that knows no better gives it. */
static dma_addr_t first_address(const struct allocator *a, void *p, dma_addr_t dma)
{
	if (a->for_device)
		return dma;
	return dma_map_page(dmacheck_device(),
			    is_vmalloc_addr(p) ? vmalloc_to_page(p) : virt_to_page(p),
			    offset_in_page(p), PAGE_SIZE - offset_in_page(p),
			    DMA_TO_DEVICE);
}

static void end_first_address(const struct allocator *a, void *p, dma_addr_t first)
{
	if (!a->for_device)
		dma_unmap_page(dmacheck_device(), first, PAGE_SIZE - offset_in_page(p),
			       DMA_TO_DEVICE);
}

/* The device only reads: the range may turn out to be others' memory. */
static const char *one_range_verdict(const struct allocator *a, void *p, dma_addr_t dma)
{
	dma_addr_t first = first_address(a, p, dma);
	u64 seen = 0;
	int err;

	if (dma_mapping_error(dmacheck_device(), first))
		return "refused";
	stamp_pages(p, SAMPLE, SAMPLE);
	err = dmacheck_hash(first, SAMPLE, &seen);
	end_first_address(a, p, first);
	return !err && seen == xxh3_64(p, SAMPLE) ? "yes" : "no";
}

static void ask_device(struct trial *x, const struct source *s, struct table_row *row)
{
	LIST_HEAD(held);
	unsigned long runs;
	dma_addr_t dma = 0;
	void *p;

	hold_every_second_page(&held, SAMPLE / PAGE_SIZE);
	p = s->allocator->get(s, GFP_KERNEL, &dma);
	if (p) {
		runs = device_runs(x, p, SAMPLE);
		scnprintf(row->cell[COLUMN_RUNS], TABLE_CELL,
			  runs == 1 ? "yes" : "no, %lu runs", runs);
		strscpy(row->cell[COLUMN_DMA], one_range_verdict(s->allocator, p, dma),
			TABLE_CELL);
		s->allocator->put(s, p, dma);
	}
	free_held_pages(&held);
}

/* --- what the CPU sees ------------------------------------------------------------------ */

#define DIRTY 4 /* buffers */
#define MARK  0x6d61726b6d61726bUL

/* Marks every 64th byte of some buffers, frees them, and looks at new ones. */
static const char *zeroed_verdict(const struct source *s)
{
	void *p[DIRTY];
	dma_addr_t dma[DIRTY] = { 0 };
	bool marked = false;

	for (unsigned int turn = 0; turn < 2; turn++) {
		for (unsigned int i = 0; i < DIRTY; i++) {
			p[i] = s->allocator->get(s, GFP_KERNEL, &dma[i]);
			for (size_t at = 0; p[i] && at < s->size; at += 64) {
				u64 *word = (u64 *)((char *)p[i] + at);

				marked |= *word != 0 && turn;
				*word = MARK;
			}
		}
		for (unsigned int i = 0; i < DIRTY; i++)
			if (p[i])
				s->allocator->put(s, p[i], dma[i]);
	}
	return marked ? "no" : "yes";
}

static const char *atomic_verdict(const struct source *s)
{
	dma_addr_t dma = 0;
	void *p;

	context_violations_expect(1);
	preempt_disable();
	p = s->allocator->get(s, GFP_ATOMIC, &dma);
	preempt_enable();
	context_violations_outstanding();
	if (p)
		s->allocator->put(s, p, dma);
	return p ? "yes" : "no";
}

#define BATCHES	   5
#define BATCH_SLOW 8
#define BATCH_FAST 1000

static void measure_cost(const struct source *s, char *cell)
{
	unsigned int pairs = machine_is_slow() ? BATCH_SLOW : BATCH_FAST;
	u64 samples[BATCHES];

	for (unsigned int batch = 0; batch < BATCHES; batch++) {
		u64 start = ktime_get_ns();

		for (unsigned int i = 0; i < pairs; i++) {
			dma_addr_t dma = 0;
			void *p = s->allocator->get(s, GFP_KERNEL, &dma);

			if (p)
				s->allocator->put(s, p, dma);
		}
		samples[batch] = (ktime_get_ns() - start) / pairs;
	}
	scnprintf(cell, TABLE_CELL, "%lu ns", median(samples, BATCHES));
}

/* --- the table -------------------------------------------------------------------------- */

static void measure(const struct allocator *a, struct table_row *row)
{
	static const struct experiment self = { .name = "table" };
	struct trial x = { .experiment = &self };
	struct source s;

	strscpy(row->cell[COLUMN_NAME], a->name, TABLE_CELL);
	for (unsigned int c = COLUMN_LARGEST; c < NR_COLUMNS; c++)
		strscpy(row->cell[c], "n/a", TABLE_CELL);
	if (a->for_device && !allocators_device())
		return;
	find_largest(a, row->cell[COLUMN_LARGEST]);
	if (source_open(&s, a, SAMPLE)) {
		if (dmacheck_device())
			ask_device(&x, &s, row);
		source_close(&s);
	}
	if (source_open(&s, a, PAGE_SIZE)) {
		strscpy(row->cell[COLUMN_ZEROED], zeroed_verdict(&s), TABLE_CELL);
		strscpy(row->cell[COLUMN_ATOMIC], atomic_verdict(&s), TABLE_CELL);
		measure_cost(&s, row->cell[COLUMN_COST]);
		source_close(&s);
	}
}

#define ROWS_MAX 16

void print_allocator_table(void)
{
	static struct table_row rows[ROWS_MAX] = { { {
		"allocator",
		"largest",
		"contiguous",
		"one-range DMA",
		"zeroed",
		"atomic",
		"4 KiB pair",
	} } };
	unsigned int widths[TABLE_COLUMNS], n = 1;
	char line[128];

	for (unsigned int i = 0; i < nr_allocators && n < ROWS_MAX; i++)
		measure(&allocators[i], &rows[n++]);
	table_widths(rows, n, widths);
	printk("\n");
	for (unsigned int i = 0; i < n; i++) {
		table_line(line, sizeof(line), &rows[i], widths);
		printk("%s\n", line);
	}
	if (!dmacheck_device())
		printk("n/a: this machine has no dmacheck device\n");
	printk("\n");
}
