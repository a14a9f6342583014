/* SPDX-License-Identifier: MIT */
/* ioremap: device registers in the vmalloc range. */
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "mm/vmap_area.h"

/* RAM that the kernel uses is mapped cached already; a second, uncached view of it would
 * show other contents.  RAM kept back with mem= is not in memblock and may be mapped. */
static bool is_kernel_ram(phys_addr_t phys, size_t size)
{
	if (!memblock_overlaps_region(&memblock.memory, phys, size))
		return false;
	pr_err("ioremap: %llx-%llx is RAM in use\n", (unsigned long long)phys,
	       (unsigned long long)(phys + size - 1));
	dump_stack();
	return true;
}

static void __iomem *ioremap_from(phys_addr_t phys, size_t size, pgprot_t prot,
				  unsigned long caller)
{
	unsigned long offset = offset_in_page(phys), nr;
	struct vm_area *area;
	phys_addr_t last;

	if (!vm_may_create("ioremap"))
		return vm_failed();
	if (!size || __builtin_add_overflow(phys, size - 1, &last))
		return vm_failed();
	nr = PHYS_PFN(last) - PHYS_PFN(phys) + 1;
	if (nr > PFN_DOWN(VMALLOC_END - VMALLOC_START) || is_kernel_ram(phys, size))
		return vm_failed();
	area = vm_area_create(nr, VM_IOREMAP, GFP_KERNEL, caller);
	if (!area)
		return vm_failed();
	area->phys_addr = phys - offset;
	if (platform_map_phys(vm_area_start(area), area->phys_addr, nr << PAGE_SHIFT,
			      prot, GFP_KERNEL)) {
		vm_area_retire(area);
		return vm_failed();
	}
	return (char __iomem *)vm_area_publish(area) + offset;
}

void __iomem *ioremap(phys_addr_t phys, size_t size)
{
	return ioremap_from(phys, size, PAGE_KERNEL_NOCACHE, _RET_IP_);
}

void __iomem *ioremap_wc(phys_addr_t phys, size_t size)
{
	return ioremap_from(phys, size, PAGE_KERNEL_WC, _RET_IP_);
}

void iounmap(const volatile void __iomem *addr)
{
	struct vm_area *area;

	if (!addr)
		return;
	area = vm_area_take((const void *)((unsigned long)addr & PAGE_MASK), VM_IOREMAP,
			    "iounmap", _RET_IP_);
	if (!area)
		return;
	vm_area_unmap(area);
	vm_area_retire(area);
}
