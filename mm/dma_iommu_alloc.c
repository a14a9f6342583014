/* SPDX-License-Identifier: MIT */
/*
 * Coherent buffers behind an IOMMU.  Where memory has them in one piece they are taken so:
 * the direct map shows them to the CPU.  Otherwise, and above the largest block, frames from
 * anywhere are mapped side by side twice: for the device by the IOMMU, for the CPU by vmap.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "mm/dma_iommu.h"

#define PROT_COHERENT (IOMMU_READ | IOMMU_WRITE)

/* Single pages, n of them, as many as possible side by side; false: there are not so many. */
static bool take_pages(struct page **pages, unsigned long n, gfp_t gfp)
{
	unsigned long have = 0;
	unsigned int order = MAX_ORDER;

	while (have < n) {
		gfp_t how = order ? gfp | __GFP_NORETRY | __GFP_NOWARN : gfp;
		struct page *page = NULL;

		if (1UL << order <= n - have)
			page = alloc_pages(how, order);
		if (page) {
			split_page(page, order);
			for (unsigned long i = 0; i < 1UL << order; i++)
				pages[have++] = page + i;
		} else if (!order--) {
			break;
		}
	}
	if (have == n)
		return true;
	while (have)
		__free_pages(pages[--have], 0);
	return false;
}

static void give_pages(struct page **pages, unsigned long n)
{
	while (n)
		__free_pages(pages[--n], 0);
}

/* Pages that follow each other in memory, from pages[0] on. */
static unsigned long run_length(struct page *const *pages, unsigned long n)
{
	unsigned long len = 1;

	while (len < n && page_to_pfn(pages[len]) == page_to_pfn(pages[0]) + len)
		len++;
	return len;
}

static int map_runs(struct iommu_domain *domain, dma_addr_t iova,
		    struct page *const *pages, unsigned long n)
{
	unsigned long done = 0;
	int err = 0;

	while (done < n && !err) {
		unsigned long run = run_length(pages + done, n - done);

		err = iommu_map_nosync(domain, iova + (done << PAGE_SHIFT),
				       page_to_phys(pages[done]), run << PAGE_SHIFT,
				       PROT_COHERENT, GFP_ATOMIC);
		done += run;
	}
	if (!err)
		return iommu_sync_map(domain, iova, n << PAGE_SHIFT);
	iommu_unmap(domain, iova, n << PAGE_SHIFT);
	return err;
}

/* An address range of the device's that shows it these pages; 0: none. */
static dma_addr_t map_pages(struct device *dev, struct page *const *pages,
			    unsigned long n)
{
	struct iommu_dma_cookie *cookie = dma_cookie(dev);
	size_t size = n << PAGE_SHIFT;
	dma_addr_t iova = iommu_dma_alloc_iova(cookie, size, dev->coherent_dma_mask);

	if (!iova || !map_runs(cookie->domain, iova, pages, n))
		return iova;
	iommu_dma_free_iova(cookie, iova, size);
	return 0;
}

/* The same for a block of the direct map. */
static dma_addr_t map_block(struct device *dev, void *vaddr, size_t size)
{
	struct iommu_dma_cookie *cookie = dma_cookie(dev);
	dma_addr_t iova = iommu_dma_alloc_iova(cookie, size, dev->coherent_dma_mask);

	if (!iova || !iommu_map(cookie->domain, iova, virt_to_phys(vaddr), size,
				PROT_COHERENT, GFP_ATOMIC))
		return iova;
	iommu_dma_free_iova(cookie, iova, size);
	return 0;
}

static void *alloc_block(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp)
{
	void *vaddr;

	if (size > MAX_ORDER_SIZE)
		return NULL;
	vaddr = alloc_pages_exact(size, gfp);
	if (!vaddr)
		return NULL;
	*handle = map_block(dev, vaddr, size);
	if (*handle)
		return vaddr;
	free_pages_exact(vaddr, size);
	return NULL;
}

static void *alloc_scattered(struct device *dev, size_t size, dma_addr_t *handle,
			     gfp_t gfp)
{
	unsigned long n = size >> PAGE_SHIFT;
	struct page **pages = kvmalloc_array(n, sizeof(struct page *), GFP_KERNEL);
	void *vaddr = NULL;

	if (!pages || !take_pages(pages, n, gfp)) {
		kvfree(pages);
		return NULL;
	}
	*handle = map_pages(dev, pages, n);
	if (*handle)
		vaddr = vmap(pages, (unsigned int)n, VM_MAP, PAGE_KERNEL);
	if (*handle && !vaddr)
		iommu_dma_unmap(dma_cookie(dev), *handle, size, size);
	if (!vaddr)
		give_pages(pages, n);
	kvfree(pages);
	return vaddr;
}

void *iommu_dma_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		      unsigned long attrs)
{
	bool may_scatter = gfpflags_allow_blocking(gfp) &&
			   size >> PAGE_SHIFT <= totalram_pages();
	gfp_t once = may_scatter ? __GFP_NORETRY | __GFP_NOWARN : 0;
	void *vaddr;

	if (attrs & DMA_ATTR_NO_WARN)
		gfp |= __GFP_NOWARN;
	/* Where its frames lie is nothing to the device. */
	gfp = (gfp & ~GFP_ZONEMASK) | __GFP_ZERO;
	vaddr = alloc_block(dev, size, handle, gfp | (size > PAGE_SIZE ? once : 0));
	if (!vaddr && may_scatter && size > PAGE_SIZE)
		vaddr = alloc_scattered(dev, size, handle, gfp);
	return vaddr;
}

static phys_addr_t phys_of(const void *vaddr)
{
	return is_vmalloc_addr(vaddr) ? page_to_phys(vmalloc_to_page(vaddr))
				      : virt_to_phys(vaddr);
}

/* Do the device's range and the CPU's show the same page, at both ends? */
static bool belong_together(struct device *dev, const char *vaddr, dma_addr_t handle,
			    size_t size)
{
	struct iommu_domain *domain = dev->iommu->dma_domain;
	const char *last = vaddr + size - PAGE_SIZE;

	if (!PAGE_ALIGNED(vaddr) || !PAGE_ALIGNED(handle))
		return false;
	if (is_vmalloc_addr(vaddr) ? !vmalloc_to_page(vaddr) || !vmalloc_to_page(last)
				   : !virt_addr_valid(vaddr) || !virt_addr_valid(last))
		return false;
	return iommu_iova_to_phys(domain, handle) == phys_of(vaddr) &&
	       iommu_iova_to_phys(domain, handle + size - PAGE_SIZE) == phys_of(last);
}

/* The pages are known by what the area maps: they are listed by themselves, for which there
 * need be no memory, before it goes. */
static void free_scattered(char *vaddr, size_t size)
{
	struct page *page, *next;
	LIST_HEAD(pages);

	for (size_t at = 0; at < size; at += PAGE_SIZE)
		list_add(&vmalloc_to_page(vaddr + at)->lru, &pages);
	vunmap(vaddr);
	list_for_each_entry_safe (page, next, &pages, lru) {
		__free_pages(page, 0);
	}
}

bool iommu_dma_free(struct device *dev, size_t size, void *vaddr, dma_addr_t handle,
		    unsigned long attrs)
{
	(void)attrs;
	if (!belong_together(dev, vaddr, handle, size) ||
	    !iommu_dma_unmap(dma_cookie(dev), handle, size, size))
		return false;
	if (is_vmalloc_addr(vaddr))
		free_scattered(vaddr, size);
	else
		free_pages_exact(vaddr, size);
	return true;
}
