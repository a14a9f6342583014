/* SPDX-License-Identifier: MIT */
/*
 * Memory of a driver in processes: a character device's mmap puts the pages of one buffer
 * into the address space of each process that asks.  The kernel, the processes and a device
 * then have four ways to the same frames.  Those of a vmalloc buffer are given page by page,
 * each with a reference; a range of frames by its numbers, and nobody counts.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/vma.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <guest/process.h>
#include <guest/xxhash.h>

#include "experiment.h"
#include "guest/user/include/results.h"
#include "user.h"

#define CHAPTER CHAPTER_SHARE

static char *shared_buffer;

static int vmalloc_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	return remap_vmalloc_range(vma, shared_buffer, vma->vm_pgoff);
}

static int frames_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	return remap_pfn_range(vma, vma->vm_start,
			       virt_to_pfn(shared_buffer) + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, PAGE_KERNEL);
}

static const struct file_operations vmalloc_fops = { .mmap = vmalloc_mmap };
static const struct file_operations frames_fops = { .mmap = frames_mmap };

static struct page *page_behind(const char *p)
{
	return is_vmalloc_addr(p) ? vmalloc_to_page(p) : virt_to_page(p);
}

/* The device's hash of the buffer, page by page. */
static int hash_by_device(const char *p, u64 *hash)
{
	enum { PAGES = SHARE_SIZE / PAGE_SIZE };
	struct dmacheck_seg segs[PAGES];
	struct device *dev = dmacheck_device();
	unsigned int n;
	int err = -EIO;

	for (n = 0; n < PAGES; n++) {
		segs[n].addr = dma_map_page(dev, page_behind(p + n * PAGE_SIZE), 0,
					    PAGE_SIZE, DMA_TO_DEVICE);
		segs[n].len = PAGE_SIZE;
		if (dma_mapping_error(dev, segs[n].addr))
			break;
	}
	if (n == PAGES)
		err = dmacheck_hash_segs(segs, PAGES, hash);
	while (n--)
		dma_unmap_page(dev, segs[n].addr, PAGE_SIZE, DMA_TO_DEVICE);
	return err;
}

static void judge_shared(struct trial *x, struct process *const *p)
{
	const u64 *words = (const u64 *)shared_buffer;
	u64 wrong = 0, seen = 0;
	int err;

	for (unsigned long i = 0; i < SHARE_WORDS; i++)
		wrong += words[i] != SHARE_WORD(i, i >= SHARE_WORDS / 2);
	expect(x, !wrong, "the kernel sees %lu wrong words", wrong);
	for (unsigned int i = 0; i < 2; i++)
		for (unsigned long at = 0; at < SHARE_SIZE; at += PAGE_SIZE)
			expect(x,
			       process_translate(
				       p[i], process_results(p[i])[SHARE_ADDRESS] + at) ==
				       page_to_phys(page_behind(shared_buffer + at)),
			       "process %u has another frame at %#lx", i, at);
	evidence(x, "%lu KiB in two processes and the kernel: the same %lu frames",
		 SHARE_SIZE / 1024, SHARE_SIZE / PAGE_SIZE);
	if (!dmacheck_device())
		return;
	err = hash_by_device(shared_buffer, &seen);
	expect(x, !err && seen == xxh3_64(shared_buffer, SHARE_SIZE),
	       "the device hashes something else (%d)", err);
	evidence(x, "the device hashes the same bytes");
}

static void share_by_two(struct trial *x, int *references)
{
	struct process *p[2] = { user_start(x, "vmalloc_share", "0"),
				 user_start(x, "vmalloc_share", "1") };
	bool paused = true;

	for (unsigned int i = 0; i < 2; i++)
		paused &= p[i] && user_pause(x, p[i]);
	if (paused)
		judge_shared(x, p);
	*references = page_count(page_behind(shared_buffer));
	for (unsigned int i = 0; i < 2; i++) {
		if (!p[i])
			continue;
		user_wait(x, p[i], 0);
		expect(x, !process_results(p[i])[SHARE_WRONG],
		       "process %u sees %lu wrong words (error %lu)", i,
		       process_results(p[i])[SHARE_WRONG],
		       process_results(p[i])[SHARE_ERROR]);
		process_put(p[i]);
	}
}

/* Through a device with this mmap; the references that the first page had meanwhile. */
static int share(struct trial *x, const struct file_operations *fops)
{
	struct miscdevice device = { .name = "shared", .fops = fops };
	int references = 0;

	if (!expect(x, !misc_register(&device), "the device's name is taken"))
		return 0;
	share_by_two(x, &references);
	expect(x, !misc_deregister(&device), "somebody has it open still");
	return references;
}

EXPERIMENT(
	vmalloc_share, "vmalloc.share",
	"one vmalloc buffer, mapped by two processes, is one memory to all and the device",
	.needs = NEEDS_USER_MODE)
{
	shared_buffer = vmalloc_user(SHARE_SIZE);
	if (!expect(x, shared_buffer, "no buffer"))
		return;
	share(x, &vmalloc_fops);
	vfree(shared_buffer);
}

EXPERIMENT(process_frames, "process.pfn-range",
	   "remap_pfn_range shows processes the very frames, and counts no references",
	   .needs = NEEDS_USER_MODE)
{
	unsigned int order = get_order(SHARE_SIZE);
	int references;

	shared_buffer = (char *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, order);
	if (!expect(x, shared_buffer, "no buffer"))
		return;
	references = share(x, &frames_fops);
	expect(x, references == 1, "%d references while two have it", references);
	free_pages((unsigned long)shared_buffer, order);
}
