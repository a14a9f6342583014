/* SPDX-License-Identifier: MIT */
/* The row of user malloc: a process measures what it can see, and holds a buffer still while
 * the kernel and the device look at the frames behind it. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>

#include <guest/process.h>
#include <mm/platform.h>

#include "guest/user/include/results.h"
#include "table_row.h"
#include "user.h"

static void judge_buffer(struct process *p, struct table_row *row)
{
	struct sample sample = { .pages = SAMPLE_PAGES,
				 .has_contents = true,
				 .hash = user_hash_of_offsets(SAMPLE) };
	u64 addr = process_results(p)[COMPARE_ADDRESS];

	for (unsigned int i = 0; i < SAMPLE_PAGES; i++) {
		sample.page[i] = process_translate(p, addr + i * PAGE_SIZE);
		if (sample.page[i] == PHYS_ADDR_MAX)
			return;
	}
	row_judge_sample(row, &sample);
}

void measure_user_malloc(struct table_row *row)
{
	struct process *p;
	const volatile u64 *r;
	char text[TEXT_SIZE];

	p = process_start("malloc_compare", NULL);
	if (!IS_ERR(p)) {
		if (process_wait_pause(p)) {
			judge_buffer(p, row);
			process_resume(p);
		}
		process_wait(p);
		r = process_results(p);
		row_set(row, COLUMN_LARGEST, ">= %s",
			text_size(text, r[COMPARE_LARGEST]));
		row_set(row, COLUMN_ZEROED, r[COMPARE_STALE] ? "no" : "yes");
		row_set(row, COLUMN_ATOMIC, "no");
		row_set(row, COLUMN_COST, "%lu ns",
			r[COMPARE_CYCLES] * NSEC_PER_MSEC / tsc_khz);
		process_put(p);
	}
}
