/* SPDX-License-Identifier: MIT */
/*
 * KFENCE (include/linux/kfence.h): now and then an object comes from a page of its own,
 * between two pages that are not mapped.  A step over its edge, or to it after it is freed,
 * faults on the spot and is reported with the calls that allocated and freed it.  Cheap
 * enough for every day, because almost no allocation is sampled.
 *
 * A cache is sampled when an allocation leaves its fast path (a magazine is refilled), so
 * the fast paths cost nothing more, and what never leaves its magazine is never sampled.
 */
#ifndef _LINUX_KFENCE_H
#define _LINUX_KFENCE_H

#include <linux/types.h>

struct kmem_cache;

#define KFENCE_NUM_OBJECTS 255U /* guarded at once: 2 MiB */

/* Address of the pool; ~0 while there is none. */
extern unsigned long kfence_base;
#define KFENCE_POOL_SIZE (2UL << 20)

static inline bool is_kfence_address(const void *addr)
{
	return (unsigned long)addr - kfence_base < KFENCE_POOL_SIZE;
}

/* kfence.sample_interval=ms, 0 for off; what kfence_init() shall do.  0 or -EINVAL. */
int kfence_setup(const char *arg);
/* Once, when sleeping is allowed: begins to sample if the command line says so. */
int kfence_init(void);

/* Samples one allocation each `ms` milliseconds (at least 1) from now on.  0; -ENOMEM;
 * -EBUSY: it does already.  Sleeps. */
int kfence_start(unsigned int ms);
/* Ends sampling and gives the pool back.  0, or -EBUSY while objects of it are in use: then
 * nothing changes.  Sleeps. */
int kfence_stop(void);
/* The next allocation that can be sampled is. */
void kfence_sample_next(void);

/*
 * A fault of the kernel at addr, by the code at ip.  True: it was one of ours; it is
 * reported, and the access can be made again, for the page is mapped now.
 */
bool kfence_handle_page_fault(unsigned long addr, bool is_write, unsigned long ip);

/* What is wrong, in the words of the report. */
enum kfence_error {
	KFENCE_ERROR_NONE,
	KFENCE_ERROR_OOB, /* out-of-bounds read or write */
	KFENCE_ERROR_UAF, /* use-after-free read or write */
	KFENCE_ERROR_CORRUPTION, /* of the bytes beside an object, seen when it is freed */
	KFENCE_ERROR_INVALID, /* access where no object is or was */
	KFENCE_ERROR_INVALID_FREE, /* twice, or not the start of an object */
};

struct kfence_stats {
	unsigned int allocated; /* objects in use */
	unsigned long allocs, frees; /* ever, since it was started */
	unsigned long skipped; /* samples that were due and not taken: pool full, or an
				* allocation that cannot be guarded */
	unsigned long bugs; /* reported */
	enum kfence_error last; /* the last of them */
	unsigned long last_address, last_ip; /* accessed or freed, by whom */
};
void kfence_get_stats(struct kfence_stats *stats);

/* The books of the pool, and the bytes round each object in use.  0, or -EINVAL after one
 * printed line or report. */
int kfence_verify(void);

#endif
