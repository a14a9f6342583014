/* SPDX-License-Identifier: MIT */
/*
 * The kernel's page tables, as far as mm/ can tell: pages of the memfd mapped again at
 * addresses of the vmalloc range, and a flat table that remembers what stands where.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <linux/mm.h>
#include "mm/platform.h"
#include "internal.h"

/* The vmalloc range and, right behind it, that of kmap. */
#define VMALLOC_PAGES ((KMAP_END - VMALLOC_START) / PAGE_SIZE)
#define TABLE_SIZE    (VMALLOC_PAGES * sizeof(phys_addr_t))
#define PTES	      512UL /* entries of one page table */

/* What maps PTES pages: entries of a page table, or one large entry. */
enum what { NOTHING, TABLE, LARGE };

static struct {
	phys_addr_t *table; /* physical address + 1, 0 = nothing; one a page */
	u8 *table_used; /* one for each PTES pages: enum what */
	unsigned long tables;
	unsigned int fail_in; /* the how manieth call from now fails; 0 = none */
} vmap;

static void *sparse(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		host_die("mmap of the host machine's page tables");
	return at;
}

static void fence(unsigned long va, unsigned long size)
{
	if (mmap((void *)va, size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		host_die("mmap of the vmalloc range");
}

void host_vmap_reset(void)
{
	if (!vmap.table) {
		vmap.table = sparse(TABLE_SIZE);
		vmap.table_used = sparse(VMALLOC_PAGES / PTES);
	}
	madvise(vmap.table, TABLE_SIZE, MADV_DONTNEED);
	madvise(vmap.table_used, VMALLOC_PAGES / PTES, MADV_DONTNEED);
	vmap.tables = 0;
	vmap.fail_in = 0;
	fence(VMALLOC_START, KMAP_END - VMALLOC_START);
}

void host_fail_nth_map(unsigned int n)
{
	vmap.fail_in = n;
}

bool host_map_should_fail(void)
{
	return vmap.fail_in && --vmap.fail_in == 0;
}

static unsigned long slot_of(unsigned long va)
{
	return (va - VMALLOC_START) >> PAGE_SHIFT;
}

static void check_range(unsigned long va, unsigned long size)
{
	if (va < VMALLOC_START || va >= KMAP_END || size > KMAP_END - va || !size ||
	    offset_in_page(va) || offset_in_page(size))
		panic("mapping of %#lx + %#lx: not whole pages of the vmalloc range", va,
		      size);
}

/* The first entry of a page table was written, or a large entry takes its place. */
static void note(unsigned long slot, enum what what)
{
	u8 old = __atomic_exchange_n(&vmap.table_used[slot / PTES], what,
				     __ATOMIC_RELAXED);

	if ((old == TABLE) != (what == TABLE))
		__atomic_fetch_add(&vmap.tables, what == TABLE ? 1 : -1UL,
				   __ATOMIC_RELAXED);
}

/* Is the page at va, which leads to pa, part of a large page within [start, end)? */
static bool is_large(unsigned long va, phys_addr_t pa, unsigned long start,
		     unsigned long end)
{
	unsigned long block = va & PMD_MASK;

	return (va & ~PMD_MASK) == (pa & ~PMD_MASK) && block >= start &&
	       end - block >= PMD_SIZE;
}

/* Maps one physically contiguous run, in large pages where `large` and it fits; 0 or
 * -ENOMEM. */
static int map_run(unsigned long va, phys_addr_t pa, unsigned long size, pgprot_t prot,
		   bool large)
{
	int mode = prot == PAGE_KERNEL_RO ? PROT_READ : PROT_READ | PROT_WRITE;

	for (unsigned long n = 0; n < size >> PAGE_SHIFT; n++) {
		unsigned long slot = slot_of(va) + n;

		if (vmap.table[slot])
			panic("mapping of %#lx: something is mapped there",
			      va + PFN_PHYS(n));
		vmap.table[slot] = pa + PFN_PHYS(n) + 1;
		note(slot,
		     large && is_large(va + PFN_PHYS(n), pa + PFN_PHYS(n), va, va + size)
			     ? LARGE
			     : TABLE);
	}
	if (mmap((void *)va, size, mode, MAP_SHARED | MAP_FIXED, host_ram_fd(),
		 (off_t)pa) == MAP_FAILED)
		return -ENOMEM;
	return 0;
}

/* How many of pages[0..n) follow each other in physical memory. */
static unsigned long run_length(struct page *const *pages, unsigned long n)
{
	unsigned long len = 1;

	while (len < n && pages[len] == pages[0] + len)
		len++;
	return len;
}

int platform_map_pages(unsigned long va, struct page *const *pages, unsigned long n,
		       pgprot_t prot, gfp_t gfp)
{
	unsigned long len;

	(void)gfp;
	check_range(va, n << PAGE_SHIFT);
	if (host_map_should_fail())
		return -ENOMEM;
	for (unsigned long done = 0; done < n; done += len) {
		len = run_length(pages + done, n - done);
		if (map_run(va + PFN_PHYS(done), page_to_phys(pages[done]),
			    len << PAGE_SHIFT, prot, false)) {
			platform_unmap(va, n << PAGE_SHIFT);
			return -ENOMEM;
		}
	}
	return 0;
}

int platform_map_phys(unsigned long va, phys_addr_t pa, unsigned long size, pgprot_t prot,
		      gfp_t gfp)
{
	(void)gfp;
	check_range(va, size);
	if (host_map_should_fail())
		return -ENOMEM;
	if (map_run(va, pa, size, prot, true)) {
		platform_unmap(va, size);
		return -ENOMEM;
	}
	return 0;
}

void platform_unmap(unsigned long va, unsigned long size)
{
	check_range(va, size);
	for (unsigned long n = 0; n < size >> PAGE_SHIFT; n++) {
		unsigned long slot = slot_of(va) + n;

		vmap.table[slot] = 0;
		if (vmap.table_used[slot / PTES] == LARGE && slot % PTES == PTES - 1)
			note(slot, NOTHING);
	}
	fence(va, size);
}

void platform_flush_tlb(unsigned long va, unsigned long size)
{
	(void)va;
	__atomic_fetch_add(&host_events.tlb_flushes, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&host_events.flushed_pages, size >> PAGE_SHIFT,
			   __ATOMIC_RELAXED);
}

/* There is no TLB. */
void platform_flush_tlb_here(unsigned long va)
{
	(void)va;
}

phys_addr_t platform_translate(unsigned long va)
{
	if (va >= VMALLOC_START && va < KMAP_END) {
		phys_addr_t entry = vmap.table[slot_of(va)];

		return entry ? entry - 1 + offset_in_page(va) : PHYS_ADDR_MAX;
	}
	return virt_addr_valid((void *)va) ? __pa(va) : PHYS_ADDR_MAX;
}

unsigned long platform_mapping_size(unsigned long va)
{
	if (va < VMALLOC_START || va >= VMALLOC_END)
		return virt_addr_valid((void *)va) ? PMD_SIZE : 0;
	if (!vmap.table[slot_of(va)])
		return 0;
	return vmap.table_used[slot_of(va) / PTES] == LARGE ? PMD_SIZE : PAGE_SIZE;
}

unsigned long platform_pagetable_pages(void)
{
	return vmap.tables;
}

/* The kernel reads the byte for us: EFAULT instead of a signal. */
bool platform_probe_faults(unsigned long va)
{
	int ends[2];
	bool faults;

	if (pipe2(ends, O_CLOEXEC))
		host_die("pipe2");
	faults = write(ends[1], (const void *)va, 1) < 0 && errno == EFAULT;
	close(ends[0]);
	close(ends[1]);
	return faults;
}
