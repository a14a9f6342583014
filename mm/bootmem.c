/* SPDX-License-Identifier: MIT */
/* Boot memory by the names of Linux 2.6: see <linux/bootmem.h>. */
#include <linux/bootmem.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sprintf.h>
#include "mm/bootmem.h"
#include "mm/memblock.h"
#include "mm/reset.h"

static struct {
	unsigned long wanted; /* bootmem=; whole pages */
	void *kept; /* NULL: not taken, or there was no such piece */
} option;

void bootmem_reset(void)
{
	option.wanted = 0;
	option.kept = NULL;
}

/* Boot memory ends where the page allocator begins. */
static bool is_too_late(unsigned long size)
{
	if (!memblock.closed)
		return false;
	pr_err("alloc_bootmem: %lu bytes asked for after mm_init()\n", size);
	__warn(__FILE__, __LINE__, "boot memory is closed: use the page allocator");
	return true;
}

static void *or_panic(void *p, unsigned long size)
{
	if (!p && !memblock.closed)
		panic("alloc_bootmem: no %lu bytes in one piece", size);
	return p;
}

void *__alloc_bootmem_nopanic(unsigned long size, unsigned long align, unsigned long goal)
{
	return is_too_late(size) ? NULL : memblock_alloc_from(size, align, goal);
}

void *__alloc_bootmem(unsigned long size, unsigned long align, unsigned long goal)
{
	return or_panic(__alloc_bootmem_nopanic(size, align, goal), size);
}

void *__alloc_bootmem_low(unsigned long size, unsigned long align, unsigned long goal)
{
	void *p = NULL;

	if (!is_too_late(size))
		p = memblock_alloc_between(size, align, goal, PFN_PHYS(MAX_DMA32_PFN));
	return or_panic(p, size);
}

void free_bootmem(unsigned long phys, unsigned long size)
{
	int err = memblock.closed ? free_reserved_area(phys, phys + size)
				  : memblock_phys_free(phys, size);

	if (err)
		pr_err("free_bootmem: %#lx-%#lx: error %d\n", phys, phys + size, err);
}

int bootmem_setup(const char *arg)
{
	unsigned long long size;
	char *end;

	size = memparse(arg, &end);
	if (!size || *end || size > ~0UL - PAGE_SIZE)
		return -EINVAL;
	option.wanted = PAGE_ALIGN((unsigned long)size);
	return 0;
}

void bootmem_keep(void)
{
	if (!option.wanted)
		return;
	option.kept = alloc_bootmem_pages_nopanic(option.wanted);
	if (!option.kept)
		pr_warn("bootmem=%lu: no such piece of memory\n", option.wanted);
}

void *bootmem_kept(unsigned long *size)
{
	*size = option.kept ? option.wanted : 0;
	return option.kept;
}
