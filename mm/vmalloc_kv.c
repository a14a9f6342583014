/* SPDX-License-Identifier: MIT */
/* kvmalloc: physically contiguous memory where it is to be had, else virtually. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* Above a page, a failure of kmalloc is neither worth a report nor much reclaim. */
static gfp_t first_try_gfp(size_t size, gfp_t gfp)
{
	return size > PAGE_SIZE ? gfp | __GFP_NOWARN | __GFP_NORETRY : gfp;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	void *p = NULL;

	if (size <= KMALLOC_MAX_SIZE)
		p = kmalloc_track_caller(size, first_try_gfp(size, gfp));
	/* vmalloc gains nothing within a page, and must be able to sleep. */
	if (p || size <= PAGE_SIZE || !gfpflags_allow_blocking(gfp))
		return p;
	return __vmalloc(size, gfp);
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kvmalloc(bytes, gfp);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

void kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}
