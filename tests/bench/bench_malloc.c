/* SPDX-License-Identifier: MIT */
/* The workloads over malloc: whichever malloc is preloaded. */
#include <stdlib.h>

static inline void *bench_alloc64(void)
{
	return malloc(64);
}

static inline void *bench_alloc(size_t size)
{
	return malloc(size);
}

static inline void bench_free(void *p)
{
	free(p);
}

#define bench_free64		bench_free
#define bench_thread_enter(cpu) ((void)(cpu))
#define bench_thread_leave()	((void)0)
#include "workloads.h"

int main(void)
{
	static const struct workload work[] = {
		{ "64-byte-pair", pair64, 5000000 },
		{ "64-byte-batch", batch64, 5000000 },
		{ "random-8-4096", random_sizes, 2000000 },
	};

	bench_run(work, sizeof(work) / sizeof(work[0]));
	return 0;
}
