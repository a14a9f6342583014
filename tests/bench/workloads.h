/* SPDX-License-Identifier: MIT */
/*
 * The allocator workloads of `make bench`, written once: each program that includes this
 * page says what bench_alloc64/bench_free64 (objects of one size) and bench_alloc/
 * bench_free (any size) are, and calls bench_run().  So pagevisor's allocators and every
 * malloc run the same instructions around theirs.
 *
 * Prints one line a workload and thread count: NAME THREADS NS, where NS is the processor
 * time that one thread spends on one allocate/free pair, in nanoseconds.  Processor time,
 * so that other work on the machine does not count; who spins for a lock pays for it, who
 * sleeps for one does not, which none of ours does.
 *
 * Each thread stays on a processor of its own.  One thread alone is measured on each of
 * these in turn and the mean counts, for they need not be equally fast.
 */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define BENCH_BATCH   1000
#define BENCH_WINDOW  1000
#define BENCH_THREADS 2

/* Runs about `pairs` allocate/free pairs, returns how many it really ran. */
typedef unsigned long (*workload_fn)(unsigned long pairs);

struct workload {
	const char *name;
	workload_fn run;
	unsigned long pairs; /* for one measurement: some 50 ms */
};

static inline void bench_touch(void *p)
{
	*(volatile char *)p = 1;
}

static unsigned long pair64(unsigned long pairs)
{
	for (unsigned long i = 0; i < pairs; i++) {
		void *p = bench_alloc64();

		bench_touch(p);
		bench_free64(p);
	}
	return pairs;
}

static unsigned long batch64(unsigned long pairs)
{
	void *object[BENCH_BATCH];
	unsigned long done;

	for (done = 0; done < pairs; done += BENCH_BATCH) {
		for (int i = 0; i < BENCH_BATCH; i++) {
			object[i] = bench_alloc64();
			bench_touch(object[i]);
		}
		for (int i = BENCH_BATCH - 1; i >= 0; i--)
			bench_free64(object[i]);
	}
	return done;
}

/*
 * Each step frees what a random slot of a window holds and puts 8 to 4096 bytes there.  The
 * window stays full from the warming to the end of the measurement: so all threads hold at
 * the same time what they need, and none meets memory that nobody has touched yet while it
 * is measured.
 */
static __thread void *window[BENCH_WINDOW];

static unsigned long random_sizes(unsigned long pairs)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	void **slot = window;

	for (unsigned long i = 0; i < pairs; i++) {
		unsigned int which;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		which = (unsigned int)(seed >> 32) % BENCH_WINDOW;
		if (slot[which])
			bench_free(slot[which]);
		slot[which] = bench_alloc(8 + (seed & 0xffff) % 4089);
		bench_touch(slot[which]);
	}
	return pairs;
}

static void empty_window(void)
{
	for (int i = 0; i < BENCH_WINDOW; i++) {
		if (window[i])
			bench_free(window[i]);
		window[i] = NULL;
	}
}

struct bench_thread {
	pthread_t thread;
	pthread_barrier_t *start;
	const struct workload *work;
	unsigned int cpu;
	double ns; /* a pair, in this thread */
};

static double thread_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *bench_thread_main(void *arg)
{
	struct bench_thread *t = arg;
	unsigned long done;
	cpu_set_t set;
	double start;

	CPU_ZERO(&set);
	CPU_SET(t->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	bench_thread_enter(t->cpu);
	t->work->run(t->work->pairs / 8); /* warm the caches */
	pthread_barrier_wait(t->start);
	start = thread_seconds();
	done = t->work->run(t->work->pairs);
	t->ns = (thread_seconds() - start) * 1e9 / (double)done;
	pthread_barrier_wait(t->start); /* no thread runs alone in its last part */
	empty_window();
	bench_thread_leave();
	return NULL;
}

/* So many threads at once, the first one on this processor. */
static double measure_at(const struct workload *work, unsigned int threads,
			 unsigned int cpu)
{
	struct bench_thread t[BENCH_THREADS];
	pthread_barrier_t start;
	double sum = 0;

	pthread_barrier_init(&start, NULL, threads);
	for (unsigned int i = 0; i < threads; i++) {
		t[i] = (struct bench_thread){ .start = &start,
					      .work = work,
					      .cpu = cpu + i };
		pthread_create(&t[i].thread, NULL, bench_thread_main, &t[i]);
	}
	for (unsigned int i = 0; i < threads; i++) {
		pthread_join(t[i].thread, NULL);
		sum += t[i].ns;
	}
	pthread_barrier_destroy(&start);
	return sum / threads;
}

static double measure(const struct workload *work, unsigned int threads)
{
	double sum = 0;

	for (unsigned int cpu = 0; cpu + threads <= BENCH_THREADS; cpu++)
		sum += measure_at(work, threads, cpu);
	return sum / (BENCH_THREADS + 1 - threads);
}

static void bench_run(const struct workload *work, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (unsigned int threads = 1; threads <= BENCH_THREADS; threads++)
			printf("%s %u %.3f\n", work[i].name, threads,
			       measure(&work[i], threads));
}

#endif
