/* SPDX-License-Identifier: MIT */
/* The books around an experiment: see census.h. */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kmsan-checks.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <guest/balloon.h>
#include <guest/dma_check.h>
#include <guest/context.h>
#include <guest/machine.h>
#include <mm/platform.h>
#include <mm/slab_info.h>

#include "census.h"
#include "witness.h"

/* The slab allocator's own stores come and go as it likes. */
static bool keeps_for_itself(const struct slabinfo *info)
{
	return !strncmp(info->name, "magazine-", strlen("magazine-"));
}

static int count_cache(struct kmem_cache *s, void *arg)
{
	struct census *c = arg;
	struct slabinfo info;

	get_slabinfo(s, &info);
	c->pages += info.pages;
	if (!keeps_for_itself(&info) && c->nr_caches < CENSUS_CACHES) {
		c->caches[c->nr_caches].cache = s;
		c->caches[c->nr_caches].objects = info.active_objs;
		c->nr_caches++;
	}
	return 0;
}

void census_take(struct census *c)
{
	struct vmalloc_stats areas;
	struct kmsan_report uninit;
	struct dma_stats dma;

	kmsan_last_report(&uninit);
	vm_unmap_aliases();
	iommu_dma_drain();
	balloon_settle();
	drain_all_pages();
	vmalloc_get_stats(&areas);
	dma_get_stats(&dma);
	c->pages = nr_free_pages() + platform_pagetable_pages() + balloon_size();
	c->areas = areas.nr_areas;
	c->mappings = dma.mappings;
	c->coherent = dma.coherent;
	c->dma_faults = dma_check_unexpected();
	c->complaints = kernel_complaints() + page_alloc_bad_count() + slab_bug_count() +
			areas.nr_bad_frees + uninit.count;
	c->nr_caches = 0;
	kmem_cache_for_each(count_cache, c);
}

static void compare_caches(struct trial *x, const struct census *before,
			   const struct census *after)
{
	expect(x, after->nr_caches == before->nr_caches, "%u caches before, %u after",
	       before->nr_caches, after->nr_caches);
	for (unsigned int i = 0; i < min(before->nr_caches, after->nr_caches); i++)
		expect(x, after->caches[i].objects == before->caches[i].objects,
		       "cache %s: %lu objects before, %lu after",
		       kmem_cache_name(after->caches[i].cache), before->caches[i].objects,
		       after->caches[i].objects);
}

/* The page allocator's check looks at every struct page.  In a huge guest that would touch
 * them all; where instructions are dear, once a chapter has to do. */
#define WALK_MAX PHYS_PFN(4UL << 30)

static bool walk_frames(const struct trial *x)
{
	return totalram_pages() <= WALK_MAX && (x->ends_chapter || !machine_is_slow());
}

static void verify_all(struct trial *x)
{
	char wrong[160];

	if (walk_frames(x))
		expect(x, !page_alloc_verify(wrong, sizeof(wrong)), "page allocator: %s",
		       wrong);
	expect(x, !slab_verify_all(), "slab caches are broken, see above");
	expect(x, !vmalloc_verify(), "vmalloc is broken, see above");
}

void census_check(struct trial *x, const struct census *before)
{
	static struct census after; /* one trial at a time */

	census_take(&after);
	expect(x, after.pages == before->pages, "%ld pages leaked",
	       (long)(before->pages - after.pages));
	expect(x, after.areas == before->areas, "vmalloc areas: %lu before, %lu after",
	       before->areas, after.areas);
	/* A driver that gives a device up unmaps what that one had for good. */
	expect(x,
	       after.mappings == before->mappings ||
		       (hypervisor.injects && after.mappings < before->mappings),
	       "DMA mappings: %ld before, %ld after", before->mappings, after.mappings);
	expect(x, after.coherent == before->coherent,
	       "coherent buffers: %ld before, %ld after", before->coherent,
	       after.coherent);
	expect(x, after.dma_faults == before->dma_faults,
	       "%lu faults found by the DMA checker: the monitor reports them",
	       after.dma_faults - before->dma_faults);
	expect(x, after.complaints == before->complaints + x->provokes,
	       "%lu complaints of the kernel, %u provoked",
	       after.complaints - before->complaints, x->provokes);
	compare_caches(x, before, &after);
	verify_all(x);
}
