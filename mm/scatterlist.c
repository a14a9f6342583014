/* SPDX-License-Identifier: MIT */
/* Scatter lists: plain arrays, the last entry marked. */
#include <linux/errno.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

void sg_init_table(struct scatterlist *sgl, unsigned int nents)
{
	if (!nents)
		return;
	memset(sgl, 0, nents * sizeof(*sgl));
	sg_mark_end(&sgl[nents - 1]);
}

void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int len)
{
	sg_init_table(sg, 1);
	sg_set_buf(sg, buf, len);
}

int sg_nents(struct scatterlist *sg)
{
	int n = 0;

	for (; sg; sg = sg_next(sg))
		n++;
	return n;
}

int sg_nents_for_len(struct scatterlist *sg, u64 len)
{
	int n = 0;

	if (!len)
		return 0;
	for (; sg; sg = sg_next(sg)) {
		n++;
		if (len <= sg->length)
			return n;
		len -= sg->length;
	}
	return -EINVAL;
}

struct scatterlist *sg_last(struct scatterlist *sgl, unsigned int nents)
{
	return nents ? &sgl[nents - 1] : NULL;
}

int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp)
{
	*table = (struct sg_table){ 0 };
	if (!nents)
		return -EINVAL;
	table->sgl = kvmalloc_array(nents, sizeof(*table->sgl), gfp);
	if (!table->sgl)
		return -ENOMEM;
	sg_init_table(table->sgl, nents);
	table->nents = nents;
	table->orig_nents = nents;
	return 0;
}

void sg_free_table(struct sg_table *table)
{
	kvfree(table->sgl);
	*table = (struct sg_table){ 0 };
}

/* How many pages from pages[0] on follow each other in memory, at most `limit`. */
static unsigned int run_length(struct page *const *pages, unsigned int n,
			       unsigned int limit)
{
	unsigned int len = 1;

	n = min(n, limit);
	while (len < n && page_to_pfn(pages[len]) == page_to_pfn(pages[len - 1]) + 1)
		len++;
	return len;
}

static unsigned int count_runs(struct page *const *pages, unsigned int n,
			       unsigned int limit)
{
	unsigned int runs = 0;

	for (unsigned int i = 0; i < n; runs++)
		i += run_length(pages + i, n - i, limit);
	return runs;
}

int sg_alloc_table_from_pages_segment(struct sg_table *table, struct page **pages,
				      unsigned int n, unsigned int offset,
				      unsigned long size, unsigned int max_segment,
				      gfp_t gfp)
{
	unsigned int limit = max_segment >> PAGE_SHIFT, done = 0;
	struct scatterlist *sg;
	int err;

	*table = (struct sg_table){ 0 };
	if (!n || !size || !limit || offset_in_page(max_segment) || offset >= PAGE_SIZE ||
	    size > ((unsigned long)n << PAGE_SHIFT) - offset)
		return -EINVAL;
	n = PFN_UP(offset + size);
	err = sg_alloc_table(table, count_runs(pages, n, limit), gfp);
	if (err)
		return err;
	for (sg = table->sgl; sg; sg = sg_next(sg)) {
		unsigned int run = run_length(pages + done, n - done, limit);
		unsigned long room = ((unsigned long)run << PAGE_SHIFT) - offset;

		sg_set_page(sg, pages[done], min(size, room), offset);
		size -= sg->length;
		done += run;
		offset = 0;
	}
	return 0;
}
