/* SPDX-License-Identifier: MIT */
/*
 * The comparison: what each way to memory gives, measured here and now.
 *
 *	largest		the largest single allocation, found by trying: doubled until it is
 *			refused, then narrowed down to a page
 *	contiguous	the runs of physical memory that the device finds behind 16 KiB, had
 *			while free memory is broken up
 *	one-range DMA	the device, told the first address and the length, hashes the bytes
 *			that the CPU sees
 *	zeroed		memory just freed full of marks comes back without any
 *	zone		where GFP_KERNEL took it from
 *	atomic		it gives memory where nobody may sleep
 *	4 KiB pair	one allocation and freeing of 4 KiB, by the time-stamp counter, the
 *			median of some batches
 *
 * Where there is no dmacheck device, its columns say n/a; DMA memory is then asked for in
 * the name of the disk.  n/a stands also where a question makes no sense: registers are not
 * asked whether they are zero, and boot memory has no price after boot.
 */
#include <linux/bootmem.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include <guest/context.h>
#include <guest/xxhash.h>
#include <mm/platform.h>

#include "allocators.h"
#include "fragment.h"
#include "table.h"
#include "table_row.h"
#include "witness.h"

#define ROWS_MAX 16

/* --- what experiments have seen --------------------------------------------------------- */

static struct seen {
	size_t size;
	bool is_largest;
} seen[ROWS_MAX];

void comparison_saw(const char *allocator, size_t size, bool is_largest)
{
	const struct allocator *a = allocator_find(allocator);

	if (!WARN_ON(!a) && size >= seen[a - allocators].size)
		seen[a - allocators] = (struct seen){ size, is_largest };
}

static bool bootmem_was_zero;

/* An experiment writes all over it, so this comes before: a word of every 64 KiB. */
void comparison_begin(void)
{
	unsigned long size;
	const char *p = bootmem_kept(&size);

	bootmem_was_zero = p;
	for (unsigned long at = 0; p && at < size; at += 16 * PAGE_SIZE)
		bootmem_was_zero &= !*(const u64 *)(p + at);
}

/* --- largest ---------------------------------------------------------------------------- */

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

/* Where all of RAM can be had, or large sizes are cleared, it is only asked for up to here. */
#define SLOW_LIMIT    (64UL << 10)
#define FAST_LIMIT    (4UL << 30)
#define CLEARED_LIMIT (64UL << 20)

/* The largest size given between two, to the page, or to an eighth of it. */
static size_t narrow_down(const struct allocator *a, size_t good, size_t bad)
{
	while (bad - good > (a->to_the_end ? max(PAGE_SIZE, good / 8) : PAGE_SIZE)) {
		size_t middle = good + ((bad - good) / 2 & PAGE_MASK);

		if (gives(a, middle))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

/* The largest size given up to limit; *refused: the next larger one was asked for. */
static size_t search_largest(const struct allocator *a, size_t limit, bool *refused)
{
	size_t good = 0, bad = PAGE_SIZE;

	while (bad <= limit && gives(a, bad)) {
		good = bad;
		bad *= 2;
	}
	*refused = bad <= limit;
	return narrow_down(a, good, min(bad, limit));
}

static void find_largest(const struct allocator *a, struct table_row *row)
{
	size_t highest = a->highest ? a->highest() : ~0UL, limit = highest, found;
	size_t good = seen[a - allocators].size;
	bool exact = seen[a - allocators].is_largest;
	char text[TEXT_SIZE];

	if (a->dear)
		limit = machine_is_slow() ? SLOW_LIMIT
			: a->clears	  ? CLEARED_LIMIT
					  : FAST_LIMIT;
	if (!good || !machine_is_slow()) {
		found = search_largest(a, limit, &exact);
		good = max(good, found);
		exact |= limit == highest;
	}
	row_set(row, COLUMN_LARGEST, "%s%s",
		exact && !a->to_the_end ? "" : ">= ", text_size(text, good));
}

/* --- the sample ------------------------------------------------------------------------- */

static void look_at(void *p, struct sample *sample, bool has_contents)
{
	sample->offset = (unsigned int)offset_in_page(p);
	sample->pages = (unsigned int)PFN_UP(sample->offset + SAMPLE);
	for (unsigned int i = 0; i < sample->pages; i++)
		sample->page[i] = platform_translate(((unsigned long)p & PAGE_MASK) +
						     i * PAGE_SIZE);
	sample->has_contents = has_contents;
	if (!has_contents)
		return;
	stamp_pages(p, SAMPLE, SAMPLE);
	sample->hash = xxh3_64(p, SAMPLE);
}

static bool is_memory(const struct allocator *a)
{
	return !a->untouchable || !a->untouchable();
}

static void measure_sample(const struct allocator *a, struct table_row *row)
{
	struct sample sample = { .has_dma = a->tells_dma };
	struct source s;
	LIST_HEAD(held);
	void *p;

	if (!source_open(&s, a, SAMPLE))
		return;
	/* Its bookkeeping takes some, too. */
	hold_every_second_page_here(&held, 4 * SAMPLE_PAGES);
	p = a->get(&s, GFP_KERNEL, &sample.dma);
	if (p) {
		look_at(p, &sample, is_memory(a));
		row_judge_sample(row, &sample);
		a->put(&s, p, sample.dma);
	}
	free_held_pages(&held);
	source_close(&s);
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
#define BATCH_SLOW 4
#define BATCH_FAST 1000

static void measure_cost(const struct source *s, struct table_row *row)
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
	row_set(row, COLUMN_COST, "%lu ns", median(samples, BATCHES));
}

static void measure_page(const struct allocator *a, struct table_row *row)
{
	struct source s;

	if (!source_open(&s, a, PAGE_SIZE))
		return;
	if (is_memory(a))
		row_set(row, COLUMN_ZEROED, "%s", zeroed_verdict(&s));
	row_set(row, COLUMN_ATOMIC, "%s", atomic_verdict(&s));
	measure_cost(&s, row);
	source_close(&s);
}

/* --- boot memory ------------------------------------------------------------------------ */

/* One piece, taken at boot: there is no second one to compare it with. */
void measure_bootmem(struct table_row *row)
{
	struct sample sample = { .has_dma = false };
	char text[TEXT_SIZE];
	unsigned long size;
	void *p = bootmem_kept(&size);

	row_set(row, COLUMN_LARGEST, ">= %s", text_size(text, size));
	row_set(row, COLUMN_ZEROED, "%s", bootmem_was_zero ? "yes" : "no");
	row_set(row, COLUMN_ATOMIC, "boot only");
	if (size < SAMPLE)
		return;
	look_at(p, &sample, true);
	row_judge_sample(row, &sample);
}

/* --- all of it -------------------------------------------------------------------------- */

static void measure(const struct allocator *a, struct table_row *row)
{
	row_set(row, COLUMN_NAME, "%s", a->name);
	for (unsigned int c = COLUMN_LARGEST; c < NR_COLUMNS; c++)
		row_set(row, c, NOT_MEASURED);
	if (a->missing && a->missing())
		return;
	if (a->measure) {
		a->measure(row);
	} else {
		find_largest(a, row);
		measure_sample(a, row);
		measure_page(a, row);
	}
}

void print_comparison(void)
{
	static struct table_row rows[ROWS_MAX];
	static const char *missing[ROWS_MAX];
	unsigned int n = min(nr_allocators, (unsigned int)ROWS_MAX);

	for (unsigned int i = 0; i < n; i++) {
		measure(&allocators[i], &rows[i]);
		missing[i] = allocators[i].missing ? allocators[i].missing() : NULL;
	}
	comparison_print(rows, missing, n);
}
