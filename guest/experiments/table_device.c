/* SPDX-License-Identifier: MIT */
/* What the device says of a sample. */
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sprintf.h>

#include <guest/dmacheck.h>

#include "table_row.h"

void row_set(struct table_row *row, enum column column, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(row->cell[column], TABLE_CELL, fmt, args);
	va_end(args);
}

/* RAM that was kept back has no struct page, and the device finds it where it is. */
static bool has_struct_page(phys_addr_t phys)
{
	return memblock_is_memory(phys);
}

static bool map_page(phys_addr_t phys, dma_addr_t *dma)
{
	*dma = phys;
	if (has_struct_page(phys))
		*dma = dma_map_page(dmacheck_device(), phys_to_page(phys), 0, PAGE_SIZE,
				    DMA_TO_DEVICE);
	return !dma_mapping_error(dmacheck_device(), *dma);
}

static void unmap_pages(const struct sample *sample, const struct dmacheck_seg *segs,
			unsigned int n)
{
	while (n--)
		if (has_struct_page(sample->page[n]))
			dma_unmap_page(dmacheck_device(), segs[n].addr, PAGE_SIZE,
				       DMA_TO_DEVICE);
}

static void ask_device(struct table_row *row, const struct sample *sample,
		       const struct dmacheck_seg *segs)
{
	struct dmacheck_call call = { .op = DMACHECK_OP_DESCRIBE,
				      .src = segs,
				      .n_src = sample->pages };
	dma_addr_t first = sample->has_dma ? sample->dma : segs[0].addr + sample->offset;
	struct dmacheck_resp resp;
	u64 seen = 0;

	if (!dmacheck_request(&call, &resp))
		row_set(row, COLUMN_RUNS, resp.n_runs == 1 ? "yes" : "no, %u runs",
			resp.n_runs);
	/* It only reads: the range may turn out to be others' memory, or none. */
	row_set(row, COLUMN_DMA, "%s",
		!dmacheck_hash(first, SAMPLE, &seen) && seen == sample->hash ? "yes"
									     : "no");
}

void row_judge_sample(struct table_row *row, const struct sample *sample)
{
	struct dmacheck_seg segs[SAMPLE_PAGES + 1] = { { 0 } };
	unsigned int mapped = 0;

	if (has_struct_page(sample->page[0]))
		row_set(row, COLUMN_ZONE, "%s",
			zone_name(page_zonenum(phys_to_page(sample->page[0]))));
	else
		row_set(row, COLUMN_ZONE, "none");
	if (!dmacheck_device() || !sample->has_contents)
		return;
	for (; mapped < sample->pages; mapped++) {
		segs[mapped].len = PAGE_SIZE;
		if (!map_page(sample->page[mapped], &segs[mapped].addr))
			break;
	}
	if (mapped == sample->pages)
		ask_device(row, sample, segs);
	unmap_pages(sample, segs, mapped);
}
