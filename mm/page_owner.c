/* SPDX-License-Identifier: MIT */
/*
 * page_owner: who allocated each block, and who freed it.
 *
 * One record a frame, outside struct page, in an array over all frames that is only as
 * large in memory as it has been touched.  A record describes the block whose head it
 * belongs to and stays after the block is freed, until the frame is handed out again.
 */
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/page_debug.h>
#include <linux/smp.h>
#include <linux/stackdepot.h>
#include "mm/page_alloc.h"
#include "mm/page_debug.h"

struct owner *page_owners; /* by frame number, below max_pfn */

void page_owner_reset(void)
{
	page_owners = NULL;
}

void page_owner_init(void)
{
	page_owners = stack_depot_init()
			      ? NULL
			      : memblock_alloc(max_pfn * sizeof(*page_owners), PAGE_SIZE);
	if (page_owners)
		return;
	pr_warn("page_owner: no memory for its records, switched off\n");
	page_alloc_hooks &= ~HOOK_OWNER;
}

void page_owner_alloc(const struct page *page, unsigned int order, gfp_t gfp)
{
	page_owners[page_to_pfn(page)] = (struct owner){
		.alloc_stack = stack_depot_save_here(),
		.gfp = gfp,
		.cpu = (u16)smp_processor_id(),
		.order = (u8)order,
		.known = 1,
		.allocated = arch_cycles(),
	};
}

void page_owner_free(const struct page *page, unsigned int order)
{
	(void)order;
	struct owner *owner = &page_owners[page_to_pfn(page)];

	owner->free_stack = stack_depot_save_here();
	owner->freed = arch_cycles();
}

void page_owner_split(const struct page *page, unsigned int order)
{
	struct owner *owner = &page_owners[page_to_pfn(page)];

	owner->order = 0;
	for (unsigned long i = 1; i < 1UL << order; i++)
		owner[i] = *owner;
}

bool page_owner_get(const struct page *page, struct page_owner_info *info)
{
	unsigned long pfn = page_to_pfn(page);

	if (!page_owners || pfn >= max_pfn)
		return false;
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		const struct owner *owner = &page_owners[ALIGN_DOWN(pfn, 1UL << order)];

		if (!owner->known || owner->order < order)
			continue;
		*info = (struct page_owner_info){
			.alloc_stack = owner->alloc_stack,
			.free_stack = owner->free_stack,
			.gfp = owner->gfp,
			.order = owner->order,
			.cpu = owner->cpu,
		};
		return true;
	}
	return false;
}

void dump_page_owner(const struct page *page)
{
	char names[GFP_NAMES_MAX];
	struct page_owner_info info;

	if (!page_owner_get(page, &info))
		return;
	pr_info("page_owner: order %u, %s, on CPU %u, allocated by\n", info.order,
		gfp_names(info.gfp, names, sizeof(names)), info.cpu);
	stack_depot_print(info.alloc_stack);
	if (info.free_stack) {
		pr_info("page_owner: freed by\n");
		stack_depot_print(info.free_stack);
	}
}
