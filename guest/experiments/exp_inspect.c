/* SPDX-License-Identifier: MIT */
/*
 * A state that is known to the byte, for those who look at it from outside
 * (tests/integration/inspect.sh).  The truth is printed, and then, with stop-at=inspect, the
 * guest stops for good in the middle of it.
 *
 * Measurements, as far as the run goes: they run only when asked for.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <guest/stop_at.h>

#include "experiment.h"

#define CHAPTER CHAPTER_INSPECT

#define OBJECTS	    100U
#define OBJECT_SIZE 200U
#define AREA_PAGES  5UL
#define DMA_BYTES   3000U
#define PAGES_ORDER 3U

struct known {
	struct kmem_cache *cache;
	void *object[OBJECTS];
	void *area;
	struct page *block;
	void *buffer;
	dma_addr_t handle;
};

static void print_truth(const struct known *k)
{
	char line[128];
	unsigned long cursor = (unsigned long)k->area;

	printk("# truth cache inspect-box %u objects of %u\n", OBJECTS, OBJECT_SIZE);
	printk("# truth object %#lx\n", virt_to_phys(k->object[OBJECTS - 1]));
	printk("# truth block %#lx order %u\n", page_to_phys(k->block), PAGES_ORDER);
	printk("# truth area %#lx pages %lu first %#lx\n", (unsigned long)k->area,
	       AREA_PAGES, page_to_phys(vmalloc_to_page(k->area)));
	if (k->handle)
		printk("# truth dma %#lx bytes %u phys %#lx\n", (unsigned long)k->handle,
		       DMA_BYTES, virt_to_phys(k->buffer));
	if (vmallocinfo_show(&cursor, line, sizeof(line)))
		printk("# vmallocinfo %s", line);
}

/* A line longer than printk's is cut, so each goes alone. */
static void print_lines(const char *title, const char *text)
{
	printk("# %s begins\n", title);
	while (*text) {
		size_t n = 0;

		while (text[n] && text[n] != '\n')
			n++;
		printk("%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
	printk("# %s ends\n", title);
}

/* The kernel's own answers; what is said of itself last is not changed by saying it. */
static void print_own_answers(void)
{
	static char text[4096];

	buddyinfo_read(text, sizeof(text));
	print_lines("buddyinfo", text);
	zoneinfo_read(text, sizeof(text));
	print_lines("zoneinfo", text);
}

static bool fill(struct trial *x, struct known *k)
{
	struct device *dev = dmacheck_device();

	k->cache = kmem_cache_create("inspect-box", OBJECT_SIZE, 8, 0, NULL);
	if (!expect(x, k->cache, "no cache"))
		return false;
	for (unsigned int i = 0; i < OBJECTS; i++)
		k->object[i] = kmem_cache_alloc(k->cache, GFP_KERNEL);
	k->area = vmalloc(AREA_PAGES * PAGE_SIZE);
	k->block = alloc_pages(GFP_KERNEL, PAGES_ORDER);
	k->buffer = kmalloc(DMA_BYTES, GFP_KERNEL);
	if (dev && k->buffer)
		k->handle = dma_map_single(dev, k->buffer, DMA_BYTES, DMA_TO_DEVICE);
	if (k->handle && dma_mapping_error(dev, k->handle))
		k->handle = 0;
	return expect(x, k->object[OBJECTS - 1] && k->area && k->block && k->buffer,
		      "no memory");
}

static void empty(struct trial *x, struct known *k)
{
	if (k->handle)
		dma_unmap_single(dmacheck_device(), k->handle, DMA_BYTES, DMA_TO_DEVICE);
	kfree(k->buffer);
	if (k->block)
		__free_pages(k->block, PAGES_ORDER);
	vfree(k->area);
	for (unsigned int i = 0; k->cache && i < OBJECTS; i++)
		if (k->object[i])
			kmem_cache_free(k->cache, k->object[i]);
	if (k->cache)
		expect(x, !kmem_cache_destroy(k->cache), "the cache is in use");
}

EXPERIMENT(inspect_state, "inspect.state",
	   "what is looked at from outside is what the kernel knows", .measurement = true)
{
	static struct known known;
	struct known *k = &known;

	*k = (struct known){ 0 };
	if (fill(x, k)) {
		print_truth(k);
		print_own_answers();
		stop_at("inspect");
		evidence(x, "%u objects, %lu pages of vmalloc", OBJECTS, AREA_PAGES);
	}
	empty(x, k);
}
