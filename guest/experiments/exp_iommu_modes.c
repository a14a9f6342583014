/* SPDX-License-Identifier: MIT */
/*
 * What an IOMMU's driver can choose, and what must hold whatever happens at once: devices
 * outside domains, the window that lazy unmapping leaves, all CPUs mapping together.
 *
 * Witness: edu, which does DMA without anything being mapped meanwhile (a request to
 * dmacheck is itself mapped, and completes what was unmapped lazily); for many, dmacheck.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <guest/dmacheck.h>
#include <guest/edu.h>
#include <guest/viommu.h>
#include <guest/xxhash.h>

#include "experiment.h"
#include "fault_watch.h"
#include "witness.h"

#define CHAPTER CHAPTER_IOMMU_MODES

/* Has edu write eight bytes to the address: do they arrive in the page? */
static bool arrives(dma_addr_t addr, u64 *page, u64 word)
{
	WRITE_ONCE(page[0], 0);
	edu_write_memory(addr, 8, 8);
	return READ_ONCE(page[0]) == word;
}

/* In no domain: with bypass the device reaches memory by its physical address. */
static void without_domain(struct trial *x, u64 *p, u64 word)
{
	struct device *dev = edu_device();
	dma_addr_t phys = virt_to_phys(p);

	expect(x, !iommu_get_domain_for_dev(dev), "still in a domain");
	expect(x, !arrives(phys, p, word), "of no domain: %#lx is reached", phys);
	if (viommu_set_bypass(dev, true)) {
		evidence(x, "this IOMMU has no choice of bypass");
		return;
	}
	expect(x, arrives(phys, p, word), "with bypass: %#lx is not reached", phys);
	expect(x, !viommu_set_bypass(dev, false), "bypass stays on");
	expect(x, !arrives(phys, p, word), "without bypass again: %#lx is reached", phys);
	evidence(x, "%#lx reached with bypass, not before and not after", phys);
}

EXPERIMENT(iommu_bypass, "iommu.bypass",
	   "a device of no domain reaches nothing, or with bypass all of memory",
	   .needs = NEEDS_IOMMU | NEEDS_EDU)
{
	struct device *dev = edu_device();
	struct iommu_domain *own = dev->iommu->dma_domain;
	u64 *p = (u64 *)get_zeroed_page(GFP_KERNEL | __GFP_DMA), word = 0x1badb002;

	if (!expect(x, p, "no memory"))
		return;
	p[0] = word;
	expect(x, !edu_copy_in(p, 8, 8), "no DMA in its domain");
	watch_faults(dev);
	expect(x, !arrives(virt_to_phys(p), p, word), "in its domain: reached");
	iommu_detach_device(own, dev);
	without_domain(x, p, word);
	expect(x, !iommu_attach_device(own, dev), "cannot go back");
	end_watch(dev, true);
	expect(x, !edu_copy_out(p, 8, 8) && p[0] == word,
	       "no DMA in its domain after it");
	free_page((unsigned long)p);
}

/* --- lazy unmapping -------------------------------------------------------------------------- */

/* Unmaps a page and has edu write to it: did it get there?  *after: and after a flush? */
static bool window_open(struct trial *x, u64 *p, u64 word, bool *after)
{
	struct device *dev = edu_device();
	dma_addr_t dma = dma_map_single(dev, p, PAGE_SIZE, DMA_FROM_DEVICE);
	bool open;

	*after = false;
	if (!expect(x, !dma_mapping_error(dev, dma), "cannot be mapped"))
		return false;
	dma_unmap_single(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	open = arrives(dma, p, word);
	iommu_dma_flush();
	*after = arrives(dma, p, word);
	return open;
}

EXPERIMENT(
	iommu_lazy_window, "iommu.lazy-window",
	"lazy unmapping leaves a device a window until the next flush; strict leaves none",
	.needs = NEEDS_IOMMU | NEEDS_EDU)
{
	bool lazy, lazy_after, strict, strict_after;
	void (*wanted)(void) = iommu_dma_flush_wanted;
	struct device *dev = edu_device();
	u64 *p = (u64 *)get_zeroed_page(GFP_KERNEL), word = 0x1ead1e55;

	if (!expect(x, p, "no memory"))
		return;
	/* What edu will write; and no timer flushes for us meanwhile, nor one armed before. */
	p[0] = word;
	expect(x, !edu_copy_in(p, 8, 8), "no DMA");
	iommu_dma_flush_wanted = NULL;
	msleep(2 * IOMMU_DMA_FLUSH_MS);
	watch_faults(dev);
	expect(x, !iommu_dma_set_lazy(dev, true), "no lazy mode");
	lazy = window_open(x, p, word, &lazy_after);
	expect(x, !iommu_dma_set_lazy(dev, false), "no strict mode");
	strict = window_open(x, p, word, &strict_after);
	end_watch(dev, true);
	iommu_dma_flush_wanted = wanted;
	iommu_dma_set_lazy(dev, !iommu_dma_strict());
	expect(x, lazy && !lazy_after, "lazy: reached %s, after the flush %s",
	       lazy ? "yes" : "no", lazy_after ? "yes" : "no");
	expect(x, !strict && !strict_after, "strict: reached %s, after the flush %s",
	       strict ? "yes" : "no", strict_after ? "yes" : "no");
	evidence(x, "lazy: a page written after its unmapping, not after the flush");
	evidence(x, "strict: not written");
	free_page((unsigned long)p);
}

/* --- all at once ------------------------------------------------------------------------------ */

#define STRESS_SIZE  512UL
#define SLOW_ROUNDS  3U
#define FAST_ROUNDS  24U
#define STRESS_ORDER 2 /* of a buffer, which is mapped in part */

struct stress {
	struct completion done;
	unsigned int cpu, rounds;
	unsigned int read, written; /* buffers that were as they should be */
};

/* One buffer to the device and one from it; what it says must be what is there. */
static void stress_round(struct stress *s, char *p, unsigned int round)
{
	struct device *dev = dmacheck_device();
	size_t size = STRESS_SIZE + round % 3 * PAGE_SIZE, at = size - STRESS_SIZE;
	u64 seen = 0;
	dma_addr_t dma;

	stamp_pages(p + at, STRESS_SIZE, (u64)s->cpu << 32 | round);
	dma = dma_map_single(dev, p, size, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma)) {
		if (!dmacheck_hash(dma + at, STRESS_SIZE, &seen))
			s->read += seen == xxh3_64(p + at, STRESS_SIZE);
		dma_unmap_single(dev, dma, size, DMA_TO_DEVICE);
	}
	dma = dma_map_single(dev, p + at, STRESS_SIZE, DMA_FROM_DEVICE);
	if (!dma_mapping_error(dev, dma)) {
		int err = dmacheck_fill(dma, STRESS_SIZE, round, &seen);

		dma_unmap_single(dev, dma, STRESS_SIZE, DMA_FROM_DEVICE);
		s->written += !err && seen == xxh3_64(p + at, STRESS_SIZE);
	}
}

static int stress_thread(void *data)
{
	struct stress *s = data;
	char *p = (char *)__get_free_pages(GFP_KERNEL, STRESS_ORDER);

	for (unsigned int i = 0; p && i < s->rounds; i++)
		stress_round(s, p, i);
	free_pages((unsigned long)p, STRESS_ORDER);
	complete(&s->done);
	return 0;
}

static void start_stress(struct trial *x, struct stress *s, unsigned int cpu)
{
	struct task_struct *task;

	*s = (struct stress){ .cpu = cpu,
			      .rounds = machine_is_slow() ? SLOW_ROUNDS : FAST_ROUNDS };
	init_completion(&s->done);
	task = kthread_create(stress_thread, s, "stress/%u", cpu);
	if (!expect(x, !IS_ERR(task), "CPU %u: no thread", cpu)) {
		complete(&s->done);
		return;
	}
	kthread_bind(task, cpu);
	wake_up_process(task);
}

/* Runs the threads, n of them; how many buffers were right each way. */
static void run_stress(struct trial *x, struct stress *all, unsigned int n,
		       unsigned int *read, unsigned int *written)
{
	for (unsigned int i = 0; i < n; i++)
		start_stress(x, &all[i], i);
	for (unsigned int i = 0; i < n; i++) {
		wait_for_completion(&all[i].done);
		*read += all[i].read;
		*written += all[i].written;
	}
}

EXPERIMENT(iommu_stress, "iommu.stress",
	   "all CPUs map and unmap while the device works: it misses nothing and strays "
	   "nowhere",
	   .needs = NEEDS_DMACHECK | NEEDS_IOMMU)
{
	unsigned int n = num_online_cpus(), read = 0, written = 0, want;
	struct stress *all = kcalloc(n, sizeof(*all), GFP_KERNEL);
	struct device *dev = dmacheck_device();
	struct viommu_stats before, after;

	if (!expect(x, all, "no memory"))
		return;
	viommu_get_stats(dev, &before);
	run_stress(x, all, n, &read, &written);
	viommu_get_stats(dev, &after);
	want = n * all[0].rounds;
	expect(x, read == want, "%u of %u buffers were read right", read, want);
	expect(x, written == want, "%u of %u buffers were written right", written, want);
	expect(x, after.events == before.events && after.refused == before.refused,
	       "%lu faults, %lu requests refused", after.events - before.events,
	       after.refused - before.refused);
	expect(x, !iommu_dma_verify(dev), "the addresses are in disorder, see above");
	evidence(x, "%u CPUs, %u buffers read and %u written, %lu requests, no fault", n,
		 read, written, after.requests - before.requests);
	kfree(all);
}
