/* SPDX-License-Identifier: MIT */
/*
 * Memory of a driver in processes: a character device's mmap puts the pages of one vmalloc
 * buffer into the address space of each process that asks.  The kernel, the processes and a
 * device then have four ways to the same frames.
 */
#include <linux/dma-mapping.h>
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

static int share_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	return remap_vmalloc_range(vma, shared_buffer, vma->vm_pgoff);
}

static const struct file_operations share_fops = { .mmap = share_mmap };
static struct miscdevice share_device = { .name = "vmalloc_share", .fops = &share_fops };

/* The device's hash of the buffer, page by page. */
static int hash_by_device(const char *p, u64 *hash)
{
	enum { PAGES = SHARE_SIZE / PAGE_SIZE };
	struct dmacheck_seg segs[PAGES];
	struct device *dev = dmacheck_device();
	unsigned int n;
	int err = -EIO;

	for (n = 0; n < PAGES; n++) {
		segs[n].addr = dma_map_page(dev, vmalloc_to_page(p + n * PAGE_SIZE), 0,
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
				       page_to_phys(vmalloc_to_page(shared_buffer + at)),
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

static void share(struct trial *x)
{
	struct process *p[2] = { user_start(x, "vmalloc_share", "0"),
				 user_start(x, "vmalloc_share", "1") };
	bool paused = true;

	for (unsigned int i = 0; i < 2; i++)
		paused &= p[i] && user_pause(x, p[i]);
	if (paused)
		judge_shared(x, p);
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

EXPERIMENT(
	vmalloc_share, "vmalloc.share",
	"one vmalloc buffer, mapped by two processes, is one memory to all and the device",
	.needs = NEEDS_USER_MODE)
{
	shared_buffer = vmalloc_user(SHARE_SIZE);
	if (!expect(x, shared_buffer, "no buffer"))
		return;
	if (expect(x, !misc_register(&share_device), "the device's name is taken")) {
		share(x);
		expect(x, !misc_deregister(&share_device), "somebody has it open still");
	}
	vfree(shared_buffer);
}
