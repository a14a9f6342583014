/* SPDX-License-Identifier: MIT */
/*
 * High memory (include/linux/highmem.h): frames that the direct map leaves out, because the
 * command line says highmem=SIZE.  They are had with GFP_HIGHUSER or __GFP_HIGHMEM, and by
 * vmalloc; to touch one, it is mapped for a while.  For any other page each of these calls
 * is its direct-map address, and costs a compare.
 */
#ifndef _LINUX_HIGHMEM_H
#define _LINUX_HIGHMEM_H

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>

/* Pages that kmap() can show at once, and those of kmap_local_page() on one CPU. */
#define LAST_PKMAP	512
#define KM_MAX_IDX	16
#define KMAP_LOCAL_SIZE (2UL * KM_MAX_IDX * PAGE_SIZE) /* of addresses, for one CPU */

void *kmap_high(struct page *page);
void kunmap_high(struct page *page);
void *kmap_local_high(const struct page *page);
void kunmap_local_high(unsigned long addr);

/*
 * The page at one address for all CPUs, until kunmap(page), which must come once for each
 * kmap().  Waits for a free slot when LAST_PKMAP pages are mapped; so it may sleep, and in
 * atomic context it is refused: NULL for a high page, and a context violation for any.
 */
static inline void *kmap(struct page *page)
{
	might_sleep();
	return PageHighMem(page) ? kmap_high(page) : page_to_virt(page);
}

/* Any context but interrupts.  A page that is not mapped is reported. */
static inline void kunmap(struct page *page)
{
	if (PageHighMem(page))
		kunmap_high(page);
}

/*
 * The page at an address of this CPU's own, in any context, never failing.  Mappings nest
 * and end in the opposite order; one out of order is reported and stays, more than
 * KM_MAX_IDX at once panic.  For a high page the code up to kunmap_local() is atomic.
 */
static inline void *kmap_local_page(const struct page *page)
{
	return PageHighMem(page) ? kmap_local_high(page) : page_to_virt(page);
}

/* Takes any address in the page. */
static inline void kunmap_local(const void *addr)
{
	if (unlikely((unsigned long)addr - KMAP_START < KMAP_END - KMAP_START))
		kunmap_local_high((unsigned long)addr & PAGE_MASK);
}

/* The older name: atomic for every page. */
static inline void *kmap_atomic(const struct page *page)
{
	preempt_disable();
	return kmap_local_page(page);
}

static inline void kunmap_atomic(const void *addr)
{
	kunmap_local(addr);
	preempt_enable();
}

/* The page that an address of the direct map or of a mapping above belongs to. */
struct page *kmap_to_page(const void *addr);
/* Takes down what kunmap() has left mapped for reuse.  May sleep. */
void kmap_flush_unused(void);

/* What the mappings are doing; all zeros without high memory. */
struct kmap_info {
	unsigned int used; /* slots that somebody holds by kmap() */
	unsigned int idle; /* slots still mapped, held by nobody */
	unsigned long waits; /* kmap() calls that found no slot, since boot */
	unsigned long flushes; /* times that idle slots were taken down */
};
void kmap_get_info(struct kmap_info *info);

/* --- single pages through a mapping; any context ------------------------------------------ */

static inline void clear_highpage(struct page *page)
{
	void *at = kmap_local_page(page);

	memset(at, 0, PAGE_SIZE);
	kunmap_local(at);
}

static inline void copy_highpage(struct page *to, const struct page *from)
{
	void *source = kmap_local_page(from), *target = kmap_local_page(to);

	memcpy(target, source, PAGE_SIZE);
	kunmap_local(target);
	kunmap_local(source);
}

/* Clears size bytes from `start` on; all within the page. */
static inline void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	char *at = kmap_local_page(page);

	memset(at + start, 0, size);
	kunmap_local(at);
}

static inline void memcpy_from_page(void *to, const struct page *page, size_t offset,
				    size_t size)
{
	const char *at = kmap_local_page(page);

	memcpy(to, at + offset, size);
	kunmap_local(at);
}

static inline void memcpy_to_page(const struct page *page, size_t offset,
				  const void *from, size_t size)
{
	char *at = kmap_local_page(page);

	memcpy(at + offset, from, size);
	kunmap_local(at);
}

static inline void memset_page(const struct page *page, size_t offset, int byte,
			       size_t size)
{
	char *at = kmap_local_page(page);

	memset(at + offset, byte, size);
	kunmap_local(at);
}

#endif
