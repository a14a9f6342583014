/* SPDX-License-Identifier: MIT */
/*
 * Everything mm/ asks of the machine below it.  Two platforms answer: guest/ (a vCPU, real
 * page tables) and tests/host/ (a Linux process, a memfd as physical memory).  The same
 * mm/ sources build on both, with no conditional compilation.
 *
 * What must be inline stands in the platform's own <asm/platform.h>:
 *
 *   NR_CPUS		      the most CPUs there can be (64)
 *   PAGE_OFFSET	      where physical address 0 is mapped: the direct map, linear over
 *			      all RAM.  __va(pa) is pa + PAGE_OFFSET
 *   VMALLOC_START, VMALLOC_END  the range vmalloc, vmap and ioremap hand out
 *   KMAP_START, KMAP_END	      where single pages of high memory are mapped; mapping calls
 *			      serve it like the vmalloc range
 *   VMEMMAP_START	      the array of struct page, indexed by page frame number; valid
 *			      where platform_populate_vmemmap() made it so
 *   arch_cpu_id()	      number of this CPU, 0 .. NR_CPUS-1
 *   arch_cpu_line()	      the same times SMP_CACHE_BYTES: its place in an array of cache
 *			      lines, ready made
 *   arch_local_irq_save/restore/disable/enable, arch_irqs_disabled
 *   arch_preempt_disable/enable (they nest), arch_in_interrupt, arch_in_atomic
 *   __irq_leaf, arch_leaf_irq_save/restore  the same as local_irq_save/restore, for the
 *			      straight code of the hottest functions: only in a function
 *			      marked __irq_leaf, with no call between save and restore.  A
 *			      platform may know by the place of the code alone that it runs
 *   arch_leaf_atomic(), arch_leaf_atomic_flags(f)  arch_in_atomic() in two parts: what can be
 *			      asked before a leaf save, and what the save that returned f saw.
 *			      Either one means yes
 *   cpu_relax()	      inside a spinning loop
 *   arch_cycles()	      a counter for costs: the time-stamp counter
 *   arch_cycles_to(p)	      *p = arch_cycles()
 *
 * printk, panic, dump_stack, __warn and __might_sleep (<linux/kernel.h>) come from the
 * platform too.
 */
#ifndef MM_PLATFORM_H
#define MM_PLATFORM_H

#include <linux/types.h>
#include <linux/pgtable.h> /* pgprot_t: how a page is mapped */
#include <asm/platform.h>

struct page;

/*
 * Maps n pages at va, in order.  va is page-aligned and in the vmalloc range, nothing is
 * mapped there yet.  0, or -ENOMEM with nothing of this call left mapped.  May allocate
 * page-table pages with `gfp`; never sleeps unless gfp allows it.
 */
int platform_map_pages(unsigned long va, struct page *const *pages, unsigned long n,
		       pgprot_t prot, gfp_t gfp);
/* The same for the physical range [pa, pa + size), which need not be RAM; page-aligned.
 * Where va and pa are both multiples of PMD_SIZE and as much is left, one entry maps so
 * much.  That may wait for other CPUs: interrupts must be on. */
int platform_map_phys(unsigned long va, phys_addr_t pa, unsigned long size, pgprot_t prot,
		      gfp_t gfp);
/* Removes the mappings of [va, va + size); holes are no error.  A large page is not divided:
 * it goes as a whole.  Stale TLB entries may remain on every CPU until
 * platform_flush_tlb() returns. */
void platform_unmap(unsigned long va, unsigned long size);
void platform_flush_tlb(unsigned long va, unsigned long size);
/* One page of this CPU alone; any context. */
void platform_flush_tlb_here(unsigned long va);
/* The physical address va maps to (any kernel address), or PHYS_ADDR_MAX where none. */
phys_addr_t platform_translate(unsigned long va);
#define PHYS_ADDR_MAX (~(phys_addr_t)0)
/* How much the entry maps that va is mapped by: PAGE_SIZE, PMD_SIZE or more; 0: none. */
unsigned long platform_mapping_size(unsigned long va);
/* Page-table pages the vmalloc range occupies now. */
unsigned long platform_pagetable_pages(void);

/*
 * A block of PMD_SIZE of the direct map, aligned to that, all of it the caller's: from divide
 * to join each of its pages can be unmapped and mapped alone.  One block at a time.
 * divide: 0, -ENOMEM, or -EBUSY; the pages stay mapped.  set: one page; any context; TLBs of
 * other CPUs may show the former state until platform_flush_tlb().  join: all of it is
 * mapped again, on every CPU.  divide and join sleep.
 */
int platform_direct_divide(unsigned long va);
void platform_direct_set(unsigned long va, bool mapped);
void platform_direct_join(unsigned long va);

/*
 * Makes struct page for frames [start_pfn, end_pfn) addressable and all-zero.  Called once
 * per memory region at boot, before the buddy exists: takes its memory from memblock.
 * Zeroed must cost nothing where the machine delivers zeroed RAM.
 */
int platform_populate_vmemmap(unsigned long start_pfn, unsigned long end_pfn);

/* Return addresses of the callers, innermost first; how many were written. */
unsigned int platform_backtrace(unsigned long *pcs, unsigned int max);
/* The same from the return address of that frame on, which is one of the callers'. */
#define PLATFORM_CHAIN 8U
unsigned int platform_call_chain(const void *frame, unsigned long pcs[PLATFORM_CHAIN]);

/* PF_MEMALLOC* (<linux/sched/mm.h>) of the thread that runs; only it writes them. */
unsigned int *platform_thread_flags(void);

/* A rule of context was broken (a sleeping call in atomic context): prints what and the
 * call chain, and makes the run fail.  Returns, so that the caller can refuse the call. */
void platform_context_violation(const char *what);

/*
 * Runs fn once for each CPU that ever ran: on that CPU with interrupts off, or here for a
 * CPU that is offline.  Returns when all have run.  Never called with interrupts off or a
 * spinlock held.
 */
void platform_on_each_cpu(void (*fn)(void *arg, unsigned int cpu), void *arg);
/* CPU numbers lie below this; known before mm_init(). */
unsigned int num_possible_cpus(void);

/* RAM that nothing has written to reads as zero. */
bool platform_ram_is_zeroed(void);

/* Tests that an access to va would fault, without crashing: true when it does. */
bool platform_probe_faults(unsigned long va);

#endif
