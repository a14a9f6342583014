/* SPDX-License-Identifier: MIT */
/*
 * What a thread says of all its allocations at once (include/linux/sched/mm.h), so that code
 * called deep below need not be told.  Each _save returns what its _restore takes; they
 * nest.  For the thread that runs, not in interrupts.
 */
#ifndef _LINUX_SCHED_MM_H
#define _LINUX_SCHED_MM_H

#include <linux/types.h>

#define PF_MEMALLOC	 0x00000800U /* frees memory: has the whole reserve, never reclaims */
#define PF_MEMALLOC_NOFS 0x00040000U /* as if __GFP_FS were in no request */
#define PF_MEMALLOC_NOIO 0x00080000U /* nor __GFP_IO */

/* Those of the thread that runs; 0 in an interrupt, which is no thread. */
unsigned int memalloc_flags(void);

unsigned int memalloc_nofs_save(void);
void memalloc_nofs_restore(unsigned int saved);
unsigned int memalloc_noio_save(void);
void memalloc_noio_restore(unsigned int saved);
/* For code that makes memory free and needs some for it. */
unsigned int memalloc_noreclaim_save(void);
void memalloc_noreclaim_restore(unsigned int saved);

/* gfp without what the thread has ruled out. */
gfp_t current_gfp_context(gfp_t gfp);

#endif
