/* SPDX-License-Identifier: MIT */
/* What the device says of a sample. */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sprintf.h>

#include <guest/dma_check.h>
#include <guest/dmacheck.h>

#include "table_row.h"

void row_set(struct table_row *row, enum column column, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(row->cell[column], TABLE_CELL, fmt, args);
	va_end(args);
}

/* RAM that was kept back has no struct page: what is lent of it is a resource. */
static bool has_struct_page(phys_addr_t phys)
{
	return memblock_is_memory(phys);
}

static bool map_page(phys_addr_t phys, dma_addr_t *dma)
{
	*dma = has_struct_page(phys) ? dma_map_page(dmacheck_device(), phys_to_page(phys),
						    0, PAGE_SIZE, DMA_TO_DEVICE)
				     : dma_map_resource(dmacheck_device(), phys,
							PAGE_SIZE, DMA_TO_DEVICE, 0);
	return !dma_mapping_error(dmacheck_device(), *dma);
}

static void unmap_pages(const struct sample *sample, const struct dmacheck_seg *segs,
			unsigned int n)
{
	struct device *dev = dmacheck_device();

	while (n--)
		if (has_struct_page(sample->page[n]))
			dma_unmap_page(dev, segs[n].addr, PAGE_SIZE, DMA_TO_DEVICE);
		else
			dma_unmap_resource(dev, segs[n].addr, PAGE_SIZE, DMA_TO_DEVICE,
					   0);
}

static bool reads_it(const struct sample *sample, dma_addr_t first)
{
	u64 seen = 0;

	return !dmacheck_hash(first, SAMPLE, &seen) && seen == sample->hash;
}

static bool is_one_resource(const struct sample *sample)
{
	struct device *dev = dmacheck_device();
	phys_addr_t phys = sample->page[0] + sample->offset;
	dma_addr_t dma = dma_map_resource(dev, phys, SAMPLE, DMA_TO_DEVICE, 0);
	bool one;

	if (dma_mapping_error(dev, dma))
		return false;
	one = reads_it(sample, dma);
	dma_unmap_resource(dev, dma, SAMPLE, DMA_TO_DEVICE, 0);
	return one;
}

/* Behind an IOMMU it depends on how a buffer is mapped: as one list, frames from anywhere
 * become one range. */
static bool is_one_list(const struct sample *sample)
{
	struct device *dev = dmacheck_device();
	struct scatterlist sg[SAMPLE_PAGES + 1];
	int n = (int)sample->pages;
	unsigned int mapped;
	bool one;

	sg_init_table(sg, sample->pages);
	for (int i = 0; i < n; i++) {
		if (!has_struct_page(sample->page[i]))
			return false;
		sg_set_page(&sg[i], phys_to_page(sample->page[i]), PAGE_SIZE, 0);
	}
	mapped = dma_map_sg(dev, sg, n, DMA_TO_DEVICE);
	if (!mapped)
		return false;
	one = mapped == 1 && reads_it(sample, sg_dma_address(sg) + sample->offset);
	dma_unmap_sg(dev, sg, n, DMA_TO_DEVICE);
	return one;
}

/* Told one range, does the device reach the bytes? */
static bool is_one_range_for(const struct sample *sample, dma_addr_t first_page)
{
	bool one;

	if (!has_struct_page(sample->page[0]))
		return is_one_resource(sample);
	if (sample->has_dma)
		return reads_it(sample, sample->dma);
	if (device_iommu_mapped(dmacheck_device()))
		return is_one_list(sample);
	/* It only reads: the range may turn out to be others' memory, or none. */
	dma_check_provoke(DMA_FOUND_STRAY);
	one = reads_it(sample, first_page + sample->offset);
	dma_check_provoke(0);
	return one;
}

static void ask_device(struct table_row *row, const struct sample *sample,
		       const struct dmacheck_seg *segs)
{
	struct dmacheck_call call = { .op = DMACHECK_OP_DESCRIBE,
				      .src = segs,
				      .n_src = sample->pages };
	struct dmacheck_resp resp;

	if (!dmacheck_request(&call, &resp))
		row_set(row, COLUMN_RUNS, resp.n_runs == 1 ? "yes" : "no, %u runs",
			resp.n_runs);
	row_set(row, COLUMN_DMA, "%s",
		is_one_range_for(sample, segs[0].addr) ? "yes" : "no");
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
