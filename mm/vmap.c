/* SPDX-License-Identifier: MIT */
/* vmap: the caller's pages in an area of their own. */
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "mm/vmap_area.h"

void *vm_map_area(struct page *const *pages, unsigned int count, unsigned int kind,
		  pgprot_t prot, unsigned long caller)
{
	struct vm_area *area = vm_area_create(count, kind, GFP_KERNEL, caller);

	if (!area)
		return vm_failed();
	if (platform_map_pages(vm_area_start(area), pages, count, prot, GFP_KERNEL)) {
		vm_area_retire(area);
		return vm_failed();
	}
	area->nr_pages = count;
	return vm_area_publish(area);
}

void *vmap(struct page *const *pages, unsigned int count, unsigned long flags,
	   pgprot_t prot)
{
	if (!vm_may_create("vmap"))
		return vm_failed();
	if (!count || count > totalram_pages() || WARN_ON(flags & ~VM_MAP))
		return vm_failed();
	return vm_map_area(pages, count, VM_MAP, prot, _RET_IP_);
}

void vunmap(const void *addr)
{
	struct vm_area *area;

	if (!addr)
		return;
	area = vm_area_take(addr, VM_MAP, "vunmap", _RET_IP_);
	if (!area)
		return;
	vm_area_unmap(area);
	vm_area_retire(area);
}
