/* SPDX-License-Identifier: MIT */
/*
 * kmalloc: memory by the byte.
 *
 * Small requests are served by slab caches of fixed sizes, large ones by whole blocks of
 * pages, 4 MiB at most; so what is asked for is rounded up, by less than twice.  All of it
 * lies in the direct map and is physically contiguous: a device can be told one range.
 * The bytes are whatever the last owner left there, unless kzalloc() is asked.
 *
 * Witnesses: ksize(), the bytes themselves, and for contiguity the device.
 */
#include <linux/gfp.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "experiment.h"
#include "watched.h"
#include "witness.h"

#define CHAPTER CHAPTER_KMALLOC

/* The worst waste among the sizes just around a class: as hundredths of the request. */
struct waste {
	size_t asked, given;
	unsigned int sizes;
};

static void try_size(struct trial *x, struct waste *worst, size_t size)
{
	void *p = kmalloc(size, GFP_KERNEL);
	size_t given = ksize(p);

	if (!expect(x, p, "no %zu bytes", size))
		return;
	worst->sizes++;
	expect(x, given >= size, "%zu bytes asked, %zu given", size, given);
	/* 8 bytes is the smallest object there is. */
	expect(x, given <= max(2 * size, (size_t)KMALLOC_MIN_SIZE),
	       "%zu bytes asked, %zu given", size, given);
	if (size >= KMALLOC_MIN_SIZE && given * worst->asked > worst->given * size) {
		worst->asked = size;
		worst->given = given;
	}
	kfree(p);
}

EXPERIMENT(kmalloc_classes, "kmalloc.classes",
	   "kmalloc wastes at most half: no request is given more than twice its size")
{
	struct waste worst = { .asked = 1, .given = 1 };

	for (size_t size = 1; size <= KMALLOC_MAX_SIZE; size *= 2) {
		if (size > 1)
			try_size(x, &worst, size - 1);
		try_size(x, &worst, size);
		if (size < KMALLOC_MAX_SIZE)
			try_size(x, &worst, size + 1);
		if (size >= 4 && size < KMALLOC_MAX_SIZE)
			try_size(x, &worst, size + size / 2 + 1);
	}
	evidence(x, "%u sizes, worst: %zu bytes asked, %zu given", worst.sizes,
		 worst.asked, worst.given);
}

EXPERIMENT(kmalloc_contiguous, "kmalloc.contiguous",
	   "a kmalloc buffer of any size is one range for a device",
	   .needs = NEEDS_DMACHECK)
{
	static const size_t sizes[] = { 64, 192, 4096, 8192, 12288, 65536, 1 << 20 };
	unsigned int good = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = kmalloc(sizes[i], GFP_KERNEL);

		if (!expect(x, p, "no %zu bytes", sizes[i]))
			continue;
		good += expect(x, is_one_range_mapped(x, p, sizes[i]),
			       "%zu bytes: the device sees others than the CPU",
			       sizes[i]);
		kfree(p);
	}
	evidence(x, "%u of %zu sizes from 64 B to 1 MiB are what the device sees", good,
		 ARRAY_SIZE(sizes));
}

#define STALE_SIZE 2048
#define STALE_BYTE 0xa5

/* Fills a buffer, frees it, and allocates the same size again.  How many of the old bytes
 * the new buffer shows; *same tells whether it is the same memory. */
static size_t stale_bytes(struct trial *x, gfp_t gfp, bool *same)
{
	u8 *first, *second;
	size_t stale = 0;

	preempt_disable(); /* the same CPU, hence the same memory again */
	first = kmalloc(STALE_SIZE, GFP_NOWAIT);
	if (first)
		memset(first, STALE_BYTE, STALE_SIZE);
	kfree(first);
	second = kmalloc(STALE_SIZE, gfp);
	preempt_enable();
	*same = first && first == second;
	if (!expect(x, second, "no %u bytes", STALE_SIZE))
		return 0;
	for (size_t i = 0; i < STALE_SIZE; i++)
		stale += second[i] == STALE_BYTE;
	kfree(second);
	return stale;
}

EXPERIMENT(kmalloc_not_zeroed, "kmalloc.not-zeroed",
	   "kmalloc hands out memory with the last owner's bytes in it")
{
	const char *why = kmalloc_is_watched();
	size_t stale;
	bool same;

	if (why) {
		skip(x, why);
		return;
	}
	stale = stale_bytes(x, GFP_NOWAIT, &same);
	expect(x, same, "the freed buffer did not come back");
	expect(x, stale, "no old byte is left");
	evidence(x, "%zu of %u bytes are the last owner's", stale, STALE_SIZE);
}

EXPERIMENT(kzalloc_zeroed, "kzalloc.zeroed", "every byte of kzalloc memory is zero")
{
	static const size_t sizes[] = { 8, 100, 8192, 65536 };
	unsigned int zeroed = 0;
	bool same;
	size_t stale = stale_bytes(x, GFP_NOWAIT | __GFP_ZERO, &same);

	expect(x, same, "the freed buffer did not come back");
	expect(x, !stale, "%zu old bytes", stale);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = kzalloc(sizes[i], GFP_KERNEL);

		if (!expect(x, p, "no %zu bytes", sizes[i]))
			continue;
		zeroed += expect(x, !memchr_inv(p, 0, sizes[i]),
				 "%zu bytes are not all zero", sizes[i]);
		kfree(p);
	}
	evidence(x, "of %u bytes just freed full of %#x %zu are left", STALE_SIZE,
		 STALE_BYTE, stale);
	evidence(x, "%u of %zu other sizes up to 64 KiB zero", zeroed, ARRAY_SIZE(sizes));
}

EXPERIMENT(kmalloc_limit, "kmalloc.limit", "kmalloc gives 4 MiB and not a byte more")
{
	void *p = kmalloc(KMALLOC_MAX_SIZE, GFP_KERNEL);
	/* Hidden from the compiler, which knows these to be too large. */
	volatile size_t over = KMALLOC_MAX_SIZE + 1, huge = SIZE_MAX, half = SIZE_MAX / 2;

	expect(x, p, "no 4 MiB");
	expect(x, ksize(p) == KMALLOC_MAX_SIZE, "4 MiB have %zu bytes", ksize(p));
	kfree(p);
	p = kmalloc(over, GFP_KERNEL | __GFP_NOWARN);
	if (!expect(x, !p, "4 MiB + 1 were given"))
		kfree(p);
	expect(x, !kmalloc(huge, GFP_KERNEL | __GFP_NOWARN), "SIZE_MAX was given");
	expect(x, !kcalloc(half, 4, GFP_KERNEL | __GFP_NOWARN),
	       "a product that wraps was given");
	p = kmalloc(0, GFP_KERNEL);
	expect(x, p == ZERO_SIZE_PTR, "kmalloc(0) is %p", p);
	kfree(p);
	evidence(x, "4 MiB given, 4 MiB + 1, SIZE_MAX and a wrapping kcalloc refused");
	evidence(x, "kmalloc(0) is ZERO_SIZE_PTR");
}
