/* SPDX-License-Identifier: MIT */
/* Memory that is read before anybody wrote to it: see <linux/kmsan-checks.h>. */
#include <linux/kmsan-checks.h>
#include <linux/page_debug.h>
#include <linux/scatterlist.h>
#include "mm/alloc_profile.h"
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/reset.h"
#include "mm/slab.h"
#include "mm/slab_info.h"

#define UNWRITTEN 0x9e74697277766e75UL /* "unvwrit", and a byte that is no letter */

bool kmsan_on;

static bool wanted; /* of the command line */
static DEFINE_SPINLOCK(last_lock);
static struct kmsan_report last; /* guarded by last_lock */

void kmsan_reset(void)
{
	kmsan_on = false;
	wanted = false;
	last = (struct kmsan_report){ 0 };
}

int kmsan_setup(const char *arg)
{
	return parse_on_off(arg, &wanted);
}

void kmsan_init(void)
{
	if (wanted)
		kmsan_set(true);
}

void kmsan_set(bool on)
{
	WRITE_ONCE(kmsan_on, on);
	page_alloc_hook(HOOK_UNWRITTEN, on);
}

/* The whole words of a range. */
struct words {
	u64 *first, *end;
};

static struct words words_of(const void *addr, size_t size)
{
	u64 *first = (u64 *)ALIGN((unsigned long)addr, 8UL);
	u64 *end = (u64 *)ALIGN_DOWN((unsigned long)addr + size, 8UL);

	return (struct words){ first, max(first, end) };
}

void kmsan_poison_memory(const void *addr, size_t size, gfp_t gfp)
{
	struct words words = words_of(addr, size);

	(void)gfp;
	for (u64 *word = words.first; word < words.end; word++)
		*word = UNWRITTEN;
}

void kmsan_unpoison_memory(const void *addr, size_t size)
{
	struct words words = words_of(addr, size);

	for (u64 *word = words.first; word < words.end; word++)
		if (*word == UNWRITTEN)
			*word = 0;
}

/* Who allocated what lies at addr; 0: not known. */
static unsigned long created_at(const void *addr)
{
	struct slab_object_info info;
	unsigned long site = 0;

	if (!virt_addr_valid(addr))
		return 0;
	slab_object_info(addr, &info);
	if (info.cache && info.object)
		site = info.alloc_site;
	return site ? site : alloc_profile_page_site(virt_to_head_page(addr));
}

static void print_creation(const void *addr, unsigned long site)
{
	struct slab_object_info info;

	pr_err("Uninit was created at:\n");
	if (site)
		pr_err(" %pS\n", (void *)site);
	else
		pr_err(" (not known; page_owner=on or alloc_profile=on tells)\n");
	if (!virt_addr_valid(addr))
		return;
	slab_object_info(addr, &info);
	if (info.cache && info.object && !is_kfence_address(addr))
		slab_print_tracks(info.cache, info.object);
	else
		dump_page_owner(virt_to_page(addr));
}

static void report(const void *addr, size_t size, const struct words *gap,
		   unsigned long ip)
{
	unsigned long from = (unsigned long)gap->first - (unsigned long)addr;
	unsigned long to = (unsigned long)gap->end - (unsigned long)addr;
	unsigned long site = created_at(gap->first), flags;

	spin_lock_irqsave(&last_lock, flags);
	last = (struct kmsan_report){ last.count + 1, gap->first, ip, site };
	spin_unlock_irqrestore(&last_lock, flags);
	pr_err("=====================================================\n");
	pr_err("BUG: KMSAN: uninit-value in %pS\n", (void *)ip);
	dump_stack();
	print_creation(gap->first, site);
	pr_err("Bytes %lu-%lu of %zu are uninitialized\n", from, to - 1, size);
	pr_err("Memory access of size %zu starts at %p\n", size, addr);
	pr_err("=====================================================\n");
}

static void check(const void *addr, size_t size, unsigned long ip)
{
	struct words words = words_of(addr, size), gap;
	u64 *word = words.first;

	while (word < words.end && *word != UNWRITTEN)
		word++;
	if (likely(word == words.end))
		return;
	gap.first = word;
	while (word < words.end && *word == UNWRITTEN)
		word++;
	gap.end = word;
	report(addr, size, &gap, ip);
	kmsan_unpoison_memory(addr, size);
}

void kmsan_check_memory(const void *addr, size_t size)
{
	if (kmsan_on)
		check(addr, size, _RET_IP_);
}

void kmsan_handle_dma(struct page *page, size_t offset, size_t size,
		      enum dma_data_direction dir, unsigned long ip)
{
	if (dir != DMA_FROM_DEVICE && !PageHighMem(page))
		check((char *)page_to_virt(page) + offset, size, ip);
}

void kmsan_handle_dma_sg(struct scatterlist *sgl, int nents, enum dma_data_direction dir,
			 unsigned long ip)
{
	struct scatterlist *sg;
	int i;

	for_each_sg (sgl, sg, nents, i) {
		kmsan_handle_dma(sg_page(sg), sg->offset, sg->length, dir, ip);
	}
}

void kmsan_last_report(struct kmsan_report *copy)
{
	unsigned long flags;

	spin_lock_irqsave(&last_lock, flags);
	*copy = last;
	spin_unlock_irqrestore(&last_lock, flags);
}
