/* SPDX-License-Identifier: MIT */
/* What the running thread says of its allocations: <linux/sched/mm.h>. */
#include <linux/gfp.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include "mm/platform.h"

unsigned int memalloc_flags(void)
{
	return in_interrupt() ? 0 : *platform_thread_flags();
}

static unsigned int save(unsigned int flag)
{
	unsigned int *flags = platform_thread_flags();
	unsigned int saved = *flags & flag;

	*flags |= flag;
	return saved;
}

static void restore(unsigned int flag, unsigned int saved)
{
	unsigned int *flags = platform_thread_flags();

	*flags = (*flags & ~flag) | saved;
}

unsigned int memalloc_nofs_save(void)
{
	return save(PF_MEMALLOC_NOFS);
}

void memalloc_nofs_restore(unsigned int saved)
{
	restore(PF_MEMALLOC_NOFS, saved);
}

unsigned int memalloc_noio_save(void)
{
	return save(PF_MEMALLOC_NOIO);
}

void memalloc_noio_restore(unsigned int saved)
{
	restore(PF_MEMALLOC_NOIO, saved);
}

unsigned int memalloc_noreclaim_save(void)
{
	return save(PF_MEMALLOC);
}

void memalloc_noreclaim_restore(unsigned int saved)
{
	restore(PF_MEMALLOC, saved);
}

gfp_t current_gfp_context(gfp_t gfp)
{
	unsigned int flags = memalloc_flags();

	if (flags & PF_MEMALLOC_NOIO)
		gfp &= ~(__GFP_IO | __GFP_FS);
	else if (flags & PF_MEMALLOC_NOFS)
		gfp &= ~__GFP_FS;
	return gfp;
}
