/* SPDX-License-Identifier: MIT */
/*
 * Physical memory and its bookkeeping: a memfd mapped at PAGE_OFFSET, struct page at
 * VMEMMAP_START.  Addresses that are not RAM are not mapped and fault.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <linux/mm.h>
#include <linux/memblock.h>
#include "mm/highmem.h"
#include "mm/platform.h"
#include "mm/reset.h"
#include "internal.h"

#define MEMFD_SIZE   (1UL << 40) /* sparse: the highest physical address there can be */
#define RAM_END	     (96UL << 30) /* of RAM: its struct pages end below 2 GiB */
#define VMEMMAP_SIZE (RAM_END / PAGE_SIZE * sizeof(struct page))
#define LOW_RAM_END  (3UL << 30)
#define HIGH_RAM     (4UL << 30)

static struct {
	int fd; /* -1 until first used */
	bool zeroed;
} ram = { .fd = -1, .zeroed = true };

void host_die(const char *what)
{
	perror(what);
	abort();
}

/* Reserves address space where any access faults, dropping what was there. */
static void fence(unsigned long start, size_t size)
{
	void *at = mmap((void *)start, size, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	if (at == MAP_FAILED)
		host_die("mmap of the host machine's address space");
}

int host_ram_fd(void)
{
	if (ram.fd < 0)
		ram.fd = memfd_create("guest-ram", MFD_CLOEXEC);
	if (ram.fd < 0)
		host_die("memfd_create");
	return ram.fd;
}

void host_add_ram(phys_addr_t base, size_t size)
{
	void *at = mmap(__va(base), size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			host_ram_fd(), (off_t)base);

	if (at == MAP_FAILED)
		host_die("mmap of the host machine's RAM");
	madvise(at, size, MADV_HUGEPAGE);
}

size_t host_resident_ram(void)
{
	struct stat st;

	if (fstat(host_ram_fd(), &st))
		host_die("fstat");
	return (size_t)st.st_blocks * 512;
}

int platform_populate_vmemmap(unsigned long start_pfn, unsigned long end_pfn)
{
	unsigned long start = (unsigned long)pfn_to_page(start_pfn) & PAGE_MASK;
	unsigned long end = PAGE_ALIGN((unsigned long)pfn_to_page(end_pfn));

	return mprotect((void *)start, end - start, PROT_READ | PROT_WRITE) ? -ENOMEM : 0;
}

bool platform_ram_is_zeroed(void)
{
	return ram.zeroed;
}

void host_set_ram_zeroed(bool zeroed)
{
	ram.zeroed = zeroed;
}

void host_mm_reset(void)
{
	/* Later modules first; one that the program does not link is not there. */
	void (*const resets[])(void) = {
		dma_publish_reset, trace_reset,	     dma_reset,	    dma_iommu_reset,
		iova_reset,	   swiotlb_reset,    vmalloc_reset, slab_reset,
		page_debug_reset,  page_alloc_reset, highmem_reset, cma_reset,
		stack_depot_reset, bootmem_reset,    memblock_reset
	};

	for (size_t i = 0; i < ARRAY_SIZE(resets); i++)
		if (resets[i])
			resets[i]();
	fence(PAGE_OFFSET, MEMFD_SIZE);
	fence(VMEMMAP_START, VMEMMAP_SIZE);
	host_vmap_reset();
	host_sched_reset();
	host_direct_reset();
	if (ftruncate(host_ram_fd(), 0) || ftruncate(host_ram_fd(), MEMFD_SIZE))
		host_die("ftruncate of the host machine's RAM");
	ram.zeroed = true;
	host_log_clear();
}

static void add_range(phys_addr_t base, size_t size)
{
	host_add_ram(base, size);
	if (memblock_add(base, size))
		host_die("memblock_add");
}

void host_boot_begin(size_t bytes)
{
	host_mm_reset();
	add_range(0, min(bytes, LOW_RAM_END));
	if (bytes > LOW_RAM_END)
		add_range(HIGH_RAM, bytes - LOW_RAM_END);
	if (memblock_reserve(0, PAGE_SIZE))
		host_die("memblock_reserve");
}

void host_mm_init(size_t bytes)
{
	host_boot_begin(bytes);
	mm_init();
	gfp_allow_sleep();
}

void host_drop_highmem(void)
{
	phys_addr_t start = highmem_start();

	if (start < MEMFD_SIZE)
		fence(PAGE_OFFSET + start, MEMFD_SIZE - start);
}

void host_mm_init_highmem(size_t bytes, const char *high)
{
	host_boot_begin(bytes);
	if (highmem_setup(high))
		host_die("highmem=");
	highmem_place();
	host_drop_highmem();
	mm_init();
	gfp_allow_sleep();
}
