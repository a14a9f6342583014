/* SPDX-License-Identifier: MIT */
/* ioremap and memremap: physical memory by address, in the vmalloc range. */
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "mm/platform.h"
#include "mm/vmap_area.h"

/* RAM that the kernel uses is mapped cached already; a second, uncached view of it would
 * show other contents.  RAM kept back with mem= is not in memblock and may be mapped. */
static bool is_kernel_ram(const char *call, phys_addr_t phys, size_t size)
{
	if (!memblock_overlaps_region(&memblock.memory, phys, size))
		return false;
	pr_err("%s: %llx-%llx is RAM in use\n", call, (unsigned long long)phys,
	       (unsigned long long)(phys + size - 1));
	dump_stack();
	return true;
}

/* A large page serves where the range begins at a multiple of its size. */
static unsigned long best_align(phys_addr_t phys, unsigned long nr)
{
	return nr >= HUGE_PAGES && IS_ALIGNED(phys, PMD_SIZE) ? PMD_SIZE : PAGE_SIZE;
}

static void *map_range(phys_addr_t phys, size_t size, pgprot_t prot, const char *call,
		       unsigned long caller)
{
	unsigned long offset = offset_in_page(phys), nr;
	struct vm_area *area;
	phys_addr_t last;

	if (!vm_may_create(call))
		return vm_failed();
	if (!size || __builtin_add_overflow(phys, size - 1, &last))
		return vm_failed();
	nr = PHYS_PFN(last) - PHYS_PFN(phys) + 1;
	if (nr > PFN_DOWN(VMALLOC_END - VMALLOC_START) || is_kernel_ram(call, phys, size))
		return vm_failed();
	area = vm_area_create_aligned(nr, best_align(phys, nr), VM_IOREMAP, GFP_KERNEL,
				      caller);
	if (!area)
		return vm_failed();
	area->phys_addr = phys - offset;
	if (platform_map_phys(vm_area_start(area), area->phys_addr, nr << PAGE_SHIFT,
			      prot, GFP_KERNEL)) {
		vm_area_retire(area);
		return vm_failed();
	}
	return (char *)vm_area_publish(area) + offset;
}

void __iomem *ioremap(phys_addr_t phys, size_t size)
{
	return map_range(phys, size, PAGE_KERNEL_NOCACHE, "ioremap", _RET_IP_);
}

void __iomem *ioremap_wc(phys_addr_t phys, size_t size)
{
	return map_range(phys, size, PAGE_KERNEL_WC, "ioremap_wc", _RET_IP_);
}

static void unmap_range(unsigned long addr, const char *call, unsigned long caller)
{
	struct vm_area *area;

	area = vm_area_take((const void *)(addr & PAGE_MASK), VM_IOREMAP, call, caller);
	if (!area)
		return;
	vm_area_unmap(area);
	vm_area_retire(area);
}

void iounmap(const volatile void __iomem *addr)
{
	if (addr)
		unmap_range((unsigned long)addr, "iounmap", _RET_IP_);
}

/* Is all of the range in the direct map? */
static bool is_mapped_ram(phys_addr_t phys, size_t size)
{
	return size && memblock_is_region_memory(phys, size) &&
	       virt_addr_valid(__va(phys)) && virt_addr_valid(__va(phys + size - 1));
}

void *memremap(phys_addr_t phys, size_t size, unsigned long flags)
{
	if (flags & MEMREMAP_WB && is_mapped_ram(phys, size))
		return __va(phys);
	if (flags & MEMREMAP_WB)
		return map_range(phys, size, PAGE_KERNEL, "memremap", _RET_IP_);
	if (flags & MEMREMAP_WT)
		return map_range(phys, size, PAGE_KERNEL_WT, "memremap", _RET_IP_);
	if (flags & MEMREMAP_WC)
		return map_range(phys, size, PAGE_KERNEL_WC, "memremap", _RET_IP_);
	return vm_failed();
}

void memunmap(void *addr)
{
	if (is_vmalloc_addr(addr))
		unmap_range((unsigned long)addr, "memunmap", _RET_IP_);
}
