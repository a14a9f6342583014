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
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <guest/process.h>
#include <guest/stop_at.h>

#include "experiment.h"
#include "guest/user/include/results.h"
#include "user.h"

#define CHAPTER CHAPTER_INSPECT

#define OBJECTS		  100U
#define OBJECT_SIZE	  200U
#define AREA_PAGES	  5UL
#define DMA_BYTES	  3000U
#define PAGES_ORDER	  3U
#define MOVABLE_ORDER	  4U
#define RECLAIMABLE_ORDER 5U

struct known {
	struct kmem_cache *cache;
	void *object[OBJECTS];
	void *area;
	struct page *block;
	struct page *movable, *reclaimable; /* so that there is more than one type */
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
	pagetypeinfo_read(text, sizeof(text));
	print_lines("pagetypeinfo", text);
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
	k->movable = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, MOVABLE_ORDER);
	k->reclaimable = alloc_pages(GFP_KERNEL | __GFP_RECLAIMABLE, RECLAIMABLE_ORDER);
	k->block = alloc_pages(GFP_KERNEL, PAGES_ORDER);
	k->buffer = kmalloc(DMA_BYTES, GFP_KERNEL);
	if (dev && k->buffer)
		k->handle = dma_map_single(dev, k->buffer, DMA_BYTES, DMA_TO_DEVICE);
	if (k->handle && dma_mapping_error(dev, k->handle))
		k->handle = 0;
	return expect(x,
		      k->object[OBJECTS - 1] && k->area && k->block && k->movable &&
			      k->reclaimable && k->buffer,
		      "no memory");
}

static void empty(struct trial *x, struct known *k)
{
	if (k->handle)
		dma_unmap_single(dmacheck_device(), k->handle, DMA_BYTES, DMA_TO_DEVICE);
	kfree(k->buffer);
	if (k->block)
		__free_pages(k->block, PAGES_ORDER);
	if (k->movable)
		__free_pages(k->movable, MOVABLE_ORDER);
	if (k->reclaimable)
		__free_pages(k->reclaimable, RECLAIMABLE_ORDER);
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

/* --- a process ---------------------------------------------------------------------------- */

/* Pages that the program keeps; the first word of each says which it is. */
#define USER_PAGE   (3 * MOVE_GROUP)
#define ASLEEP_PAGE (5 * MOVE_GROUP)
#define PATIENCE    100000U

static void print_page(const char *who, struct process *p, unsigned long page)
{
	u64 addr = process_results(p)[MOVE_ADDRESS] + page * PAGE_SIZE;

	printk("# truth %s %#lx phys %#lx word %lu pid %d\n", who, addr,
	       process_translate(p, addr), page, process_pid(p));
}

/* Does it count while this CPU does nothing else?  Then it is on another one, and in user
 * mode or about to be. */
static bool runs_elsewhere(const volatile u64 *results)
{
	u64 seen = results[MOVE_ROUNDS];
	unsigned int turn = 0;

	while (results[MOVE_ROUNDS] == seen && turn++ < PATIENCE)
		cpu_relax();
	return results[MOVE_ROUNDS] != seen;
}

static void stop_beside(struct process *p)
{
	const volatile u64 *results = process_results(p);

	print_page("user", p, USER_PAGE);
	process_resume(p);
	while (!process_has_ended(p)) {
		preempt_disable();
		if (runs_elsewhere(results)) {
			stop_at("process");
			preempt_enable();
			return;
		}
		preempt_enable();
		schedule_timeout_uninterruptible(1);
	}
}

/* Until it counts, or as far as it comes. */
static void end_scattered(struct trial *x, struct process *p)
{
	process_tell(p, MOVE_STOP, 1);
	user_wait(x, p, 0);
	evidence(x, "%lu rounds through its pages", process_results(p)[MOVE_ROUNDS]);
	process_put(p);
}

static void run_and_stop(struct trial *x)
{
	struct process *p = user_start(x, "scattered", NULL);

	if (!p)
		return;
	if (user_pause(x, p)) {
		process_resume(p);
		if (user_pause(x, p))
			stop_beside(p);
	}
	end_scattered(x, p);
}

EXPERIMENT(
	inspect_process, "inspect.process",
	"a process that runs is stopped beside, another sleeps; their frames are known",
	.measurement = true, .needs = NEEDS_USER_MODE | NEEDS_2_CPUS)
{
	struct process *asleep = user_start(x, "scattered", NULL);

	if (!asleep)
		return;
	if (user_pause(x, asleep)) {
		print_page("asleep", asleep, ASLEEP_PAGE);
		run_and_stop(x);
	}
	end_scattered(x, asleep);
}
