/* SPDX-License-Identifier: MIT */
/*
 * The workloads over pagevisor's own mm/, in this process; besides them pairs of pages,
 * memory pools, and vmalloc, which really maps its pages here (a system call for each run of
 * frames, so its times are the host's rather than ours).
 */
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "tests/host/host.h"

static struct kmem_cache *cache64;

static inline void *bench_alloc64(void)
{
	return kmem_cache_alloc(cache64, GFP_KERNEL);
}

static inline void bench_free64(void *p)
{
	kmem_cache_free(cache64, p);
}

static inline void *bench_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static inline void bench_free(void *p)
{
	kfree(p);
}

#define bench_thread_enter(cpu) host_cpu_online(cpu)
#define bench_thread_leave()	host_cpu_offline()
#include "tests/bench/workloads.h"

static unsigned long kmalloc64_pair(unsigned long pairs)
{
	for (unsigned long i = 0; i < pairs; i++) {
		void *p = kmalloc(64, GFP_KERNEL);

		bench_touch(p);
		kfree(p);
	}
	return pairs;
}

static unsigned long page_pairs(unsigned long pairs, unsigned int order)
{
	for (unsigned long i = 0; i < pairs; i++)
		__free_pages(alloc_pages(GFP_KERNEL, order), order);
	return pairs;
}

static unsigned long pages_order0(unsigned long pairs)
{
	return page_pairs(pairs, 0);
}

static unsigned long pages_order3(unsigned long pairs)
{
	return page_pairs(pairs, 3);
}

static unsigned long pages_order9(unsigned long pairs)
{
	return page_pairs(pairs, 9);
}

static mempool_t *pool64;

static unsigned long mempool_pair(unsigned long pairs)
{
	for (unsigned long i = 0; i < pairs; i++) {
		void *p = mempool_alloc(pool64, GFP_KERNEL);

		bench_touch(p);
		mempool_free(p, pool64);
	}
	return pairs;
}

static unsigned long vmalloc_pairs(unsigned long pairs, unsigned long pages)
{
	for (unsigned long i = 0; i < pairs; i++)
		vfree(vmalloc(pages * PAGE_SIZE));
	return pairs;
}

static unsigned long vmalloc_1(unsigned long pairs)
{
	return vmalloc_pairs(pairs, 1);
}

static unsigned long vmalloc_4(unsigned long pairs)
{
	return vmalloc_pairs(pairs, 4);
}

static unsigned long vmalloc_64(unsigned long pairs)
{
	return vmalloc_pairs(pairs, 64);
}

static unsigned long vmalloc_1024(unsigned long pairs)
{
	return vmalloc_pairs(pairs, 1024);
}

int main(void)
{
	static const struct workload work[] = {
		{ "64-byte-pair", pair64, 5000000 },
		{ "64-byte-batch", batch64, 5000000 },
		{ "random-8-4096", random_sizes, 2000000 },
		{ "kmalloc-64-pair", kmalloc64_pair, 5000000 },
		{ "page-order-0", pages_order0, 5000000 },
		{ "page-order-3", pages_order3, 5000000 },
		{ "page-order-9", pages_order9, 5000000 },
		{ "mempool-64-pair", mempool_pair, 5000000 },
	};
	/* By one thread: two would wait for one another's mappings in the host. */
	static const struct workload mapping[] = {
		{ "vmalloc-1", vmalloc_1, 10000 },
		{ "vmalloc-4", vmalloc_4, 5000 },
		{ "vmalloc-64", vmalloc_64, 1000 },
		{ "vmalloc-1024", vmalloc_1024, 200 },
	};

	host_set_possible_cpus(BENCH_THREADS);
	host_mm_init(1UL << 30);
	cache64 = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	pool64 = cache64 ? mempool_create_slab_pool(16, cache64) : NULL;
	if (!pool64)
		return 1;
	host_cpu_offline(); /* the threads are the CPUs */
	bench_run(work, sizeof(work) / sizeof(work[0]));
	for (size_t i = 0; i < sizeof(mapping) / sizeof(mapping[0]); i++)
		printf("%s 1 %.3f\n", mapping[i].name, measure(&mapping[i], 1));
	return 0;
}
