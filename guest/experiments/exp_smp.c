/* SPDX-License-Identifier: MIT */
/*
 * All CPUs at once, and one CPU for two.
 *
 * A thread on each CPU allocates memory of random kind and size, writes its mark at both
 * ends, and swaps it into a random slot of a table that all share; what it gets out of the
 * slot, mostly another CPU's, it checks and frees.  So every allocator sees allocation on
 * one CPU and freeing on another, under contention.
 *
 * Witnesses: the marks (no memory was given twice), and after it every allocator's check of
 * its own state, which the runner makes after each experiment.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "experiment.h"
#include "witness.h"

#define CHAPTER CHAPTER_SMP

#define SLOTS	 128
#define FAST_OPS 50000
#define SLOW_OPS 400

enum kind { KIND_KMALLOC, KIND_CACHE, KIND_PAGES, KIND_VMALLOC };

/* At the start of each piece of memory; the mark is at its very end again. */
struct piece {
	enum kind kind;
	unsigned int cpu; /* that allocated it */
	unsigned int order;
	size_t size;
	u64 mark;
};

static struct piece *slots[SLOTS];
static atomic_t absent; /* threads that have not begun: all begin together */
static struct kmem_cache *cache;

struct worker {
	struct task_struct *task;
	struct completion done;
	unsigned int cpu, ops;
	u64 random;
	unsigned long allocated, failed, freed, crossed, spoilt;
};

/* Numbers that look random and repeat from run to run (xorshift). */
static u64 next_random(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static u64 *end_mark(struct piece *p)
{
	return (u64 *)((char *)p + p->size) - 1;
}

#define CACHE_OBJECT 256

static struct piece *allocate(struct worker *w)
{
	u64 r = next_random(w);
	struct piece *p;
	struct piece want = { .cpu = w->cpu, .order = r >> 8 & 3, .mark = r | 1 };

	if (r % 64 == 0) {
		want.kind = KIND_VMALLOC;
		want.size = PAGE_SIZE << want.order;
		p = vmalloc(want.size);
	} else if (r % 4 == 0) {
		want.kind = KIND_PAGES;
		want.size = PAGE_SIZE << want.order;
		p = (struct piece *)__get_free_pages(GFP_KERNEL, want.order);
	} else if (r % 4 == 1) {
		want.kind = KIND_CACHE;
		want.size = CACHE_OBJECT;
		p = kmem_cache_alloc(cache, GFP_KERNEL);
	} else {
		want.kind = KIND_KMALLOC;
		want.size = sizeof(*p) + 8 + (r >> 16) % 4000 / 8 * 8;
		p = kmalloc(want.size, GFP_KERNEL);
	}
	if (!p)
		return NULL;
	*p = want;
	*end_mark(p) = want.mark;
	return p;
}

static void release(struct worker *w, struct piece *p)
{
	w->freed++;
	w->crossed += p->cpu != w->cpu;
	w->spoilt += *end_mark(p) != p->mark;
	switch (p->kind) {
	case KIND_KMALLOC:
		kfree(p);
		break;
	case KIND_CACHE:
		kmem_cache_free(cache, p);
		break;
	case KIND_PAGES:
		free_pages((unsigned long)p, p->order);
		break;
	case KIND_VMALLOC:
		vfree(p);
		break;
	}
}

/* How a thread ends that kthread_stop() is called for. */
static int wait_to_stop(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	set_current_state(TASK_RUNNING);
	return 0;
}

static int work(void *data)
{
	struct worker *w = data;

	atomic_dec(&absent);
	while (atomic_read(&absent) > 0) {
		cpu_relax();
		yield();
	}
	for (unsigned int i = 0; i < w->ops; i++) {
		struct piece *p = allocate(w);

		w->allocated += p != NULL;
		w->failed += p == NULL;
		p = xchg(&slots[next_random(w) % SLOTS], p);
		if (p)
			release(w, p);
	}
	complete(&w->done);
	return wait_to_stop();
}

static void start_workers(struct trial *x, struct worker *workers)
{
	unsigned int cpu;

	atomic_set(&absent, (int)x->cpus);
	for_each_online_cpu (cpu) {
		struct worker *w = &workers[cpu];

		init_completion(&w->done);
		w->cpu = cpu;
		w->ops = machine_is_slow() ? SLOW_OPS : FAST_OPS;
		w->random = 0x9e3779b97f4a7c15UL * (cpu + 1);
		w->task = kthread_run_on_cpu(work, w, cpu, "stress/%u", cpu);
		if (!expect(x, !IS_ERR(w->task), "no thread for CPU %u", cpu))
			atomic_dec(&absent);
	}
}

/* Waits for them, and adds them up in *sum, which then empties the table. */
static void finish_workers(struct worker *workers, struct worker *sum)
{
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		struct worker *w = &workers[cpu];

		if (!w->task || IS_ERR(w->task))
			continue;
		wait_for_completion(&w->done);
		kthread_stop(w->task); /* not before: a thread may end unborn */
		sum->allocated += w->allocated;
		sum->failed += w->failed;
		sum->freed += w->freed;
		sum->crossed += w->crossed;
		sum->spoilt += w->spoilt;
	}
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct piece *p = xchg(&slots[i], NULL);

		if (p)
			release(sum, p);
	}
}

EXPERIMENT(smp_stress, "smp.stress",
	   "CPUs that free each other's memory never get the same piece twice",
	   .needs = NEEDS_2_CPUS)
{
	struct worker *workers = kcalloc(NR_CPUS, sizeof(*workers), GFP_KERNEL);
	struct worker sum = { .cpu = NR_CPUS };

	cache = kmem_cache_create("exp-stress", CACHE_OBJECT, 0, 0, NULL);
	if (!expect(x, cache && workers, "no memory"))
		goto out;
	start_workers(x, workers);
	finish_workers(workers, &sum);
	expect(x, !sum.spoilt, "%lu pieces had lost their mark", sum.spoilt);
	expect(x, sum.allocated == sum.freed, "%lu allocated, %lu freed", sum.allocated,
	       sum.freed);
	expect(x, sum.crossed, "no piece changed CPUs");
	evidence(x,
		 "%u CPUs, %lu pieces of 4 kinds, %lu freed on another CPU, %lu failed",
		 x->cpus, sum.allocated, sum.crossed, sum.failed);
	evidence(x, "%lu marks lost", sum.spoilt);
out:
	expect(x, !kmem_cache_destroy(cache), "the cache is still in use");
	kfree(workers);
}

/* --- giving way --------------------------------------------------------------------------- */

#define SPIN_MAX_NS (10 * NSEC_PER_SEC) /* only a failure takes that long */

/* Two threads tied to one CPU: one spins, the other wants to run. */
struct turns {
	struct completion spinning, over;
	unsigned long spins;
	unsigned int cpu[2]; /* that they ran on */
	bool had; /* the other one's turn */
	bool seen; /* by the one that spins */
};

static int spin(void *data)
{
	struct turns *t = data;
	u64 end = ktime_get_ns() + SPIN_MAX_NS;

	t->cpu[0] = smp_processor_id();
	complete(&t->spinning);
	while (!READ_ONCE(t->had) && ktime_get_ns() < end)
		t->spins++;
	t->seen = READ_ONCE(t->had);
	complete(&t->over);
	return wait_to_stop();
}

static int have_turn(void *data)
{
	struct turns *t = data;

	t->cpu[1] = smp_processor_id();
	WRITE_ONCE(t->had, true);
	return wait_to_stop();
}

EXPERIMENT(smp_preempt, "smp.preempt",
	   "a thread that never gives way is preempted, and another has its turn")
{
	struct turns t = { .spins = 0 };
	struct task_struct *spinner, *other;

	init_completion(&t.spinning);
	init_completion(&t.over);
	spinner = kthread_run_on_cpu(spin, &t, 0, "spinner");
	if (!expect(x, !IS_ERR(spinner), "no thread"))
		return;
	wait_for_completion(&t.spinning);
	other = kthread_run_on_cpu(have_turn, &t, 0, "other");
	expect(x, !IS_ERR(other), "no second thread");
	wait_for_completion(&t.over);
	kthread_stop(spinner);
	if (!IS_ERR(other))
		kthread_stop(other);
	expect(x, t.seen && t.cpu[0] == t.cpu[1],
	       "the other one, on CPU %u, had no turn while CPU %u spun %lu times",
	       t.cpu[1], t.cpu[0], t.spins);
	evidence(x, "on CPU %u one spun %lu times, until another had run there", t.cpu[0],
		 t.spins);
}
