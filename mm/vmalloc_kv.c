/* SPDX-License-Identifier: MIT */
/* kvmalloc: physically contiguous memory where it is to be had, else virtually. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "mm/vmap_area.h"

/* Above a page, a failure of kmalloc is neither worth a report nor much reclaim. */
static gfp_t first_try_gfp(size_t size, gfp_t gfp)
{
	return size > PAGE_SIZE ? gfp | __GFP_NOWARN | __GFP_NORETRY : gfp;
}

static void *kvmalloc_from(size_t size, gfp_t gfp, unsigned long caller)
{
	void *p = NULL;

	if (size <= KMALLOC_MAX_SIZE)
		p = __kmalloc_track_caller(size, first_try_gfp(size, gfp), caller);
	/* vmalloc gains nothing within a page, and must be able to sleep. */
	if (p || size <= PAGE_SIZE || !gfpflags_allow_blocking(gfp))
		return p;
	return vmalloc_from(size, gfp, caller);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_from(size, gfp, _RET_IP_);
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_from(size, gfp | __GFP_ZERO, _RET_IP_);
}

static void *kvmalloc_array_from(size_t n, size_t size, gfp_t gfp, unsigned long caller)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes)
		       ? NULL
		       : kvmalloc_from(bytes, gfp, caller);
}

void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array_from(n, size, gfp, _RET_IP_);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array_from(n, size, gfp | __GFP_ZERO, _RET_IP_);
}

void kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}
