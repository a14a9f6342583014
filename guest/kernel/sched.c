/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: round robin on each CPU, with slices only where somebody waits.
 *
 * A thread that wakes goes to the CPU it ran on, or, when that one is busy, to an idle CPU;
 * there is no other balancing.  A CPU whose thread has it for itself sets no timer: slices
 * are counted from the moment a second one wants to run.
 *
 * preempt_count is exactly one "disabled" whenever a thread gives up its CPU here, so it is
 * the CPU's, and no thread carries its own.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sprintf.h>
#include <linux/vmalloc.h>
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/traps.h>
#include <guest/boot.h>
#include <guest/sched.h>
#include <mm/platform.h>

#define SLICE_NS (4 * NSEC_PER_MSEC)

struct run_queue {
	spinlock_t lock; /* guards all of this */
	struct list_head ready; /* want to run; without the one that does */
	struct task_struct *running; /* read by others without the lock, as a hint */
	struct task_struct *idle;
	struct task_struct *before; /* who gave the CPU up, during a switch */
};
static DEFINE_PER_CPU(struct run_queue, queues);
DEFINE_PER_CPU(struct task_struct, idle_tasks);
LIST_HEAD(all_threads);
static DEFINE_SPINLOCK(threads_lock); /* guards all_threads */
static bool running; /* threads are */

bool scheduler_running(void)
{
	return READ_ONCE(running);
}

void scheduler_start(void)
{
	WRITE_ONCE(running, true);
}

const char *task_name(const struct task_struct *task)
{
	return task ? task->name : "(boot)";
}

int task_pid(const struct task_struct *task)
{
	return task->pid;
}

void sched_init_cpu(unsigned int cpu, void *stack_bottom)
{
	struct run_queue *rq = per_cpu_ptr(&queues, cpu);
	struct task_struct *idle = per_cpu_ptr(&idle_tasks, cpu);

	spin_lock_init(&rq->lock);
	INIT_LIST_HEAD(&rq->ready);
	scnprintf(idle->name, sizeof(idle->name), "idle/%u", cpu);
	idle->cpu = cpu;
	idle->bound = cpu;
	idle->refs = 1;
	idle->queued = true;
	idle->canary = stack_bottom;
	*idle->canary = STACK_CANARY;
	rq->idle = idle;
	rq->running = idle;
	per_cpu(cpu_local, cpu).current_task = idle;
}

/* --- reschedule requests -------------------------------------------------------------- */

static void set_need_resched(void)
{
	__asm__ volatile("andl $0x7fffffff, %%gs:%0"
			 : "+m"(cpu_local.preempt_count)
			 :
			 : "memory", "cc");
}

static void clear_need_resched(void)
{
	__asm__ volatile("orl $0x80000000, %%gs:%0"
			 : "+m"(cpu_local.preempt_count)
			 :
			 : "memory", "cc");
}

bool need_resched(void)
{
	return !(__preempt_count() & PREEMPT_NO_RESCHED);
}

/* preempt_enable() without giving way. */
static void preempt_enable_no_resched(void)
{
	__asm__ volatile("decl %%gs:%0"
			 : "+m"(cpu_local.preempt_count)
			 :
			 : "memory", "cc");
}

u64 sched_slice_end(void)
{
	struct run_queue *rq = this_cpu_ptr(&queues);

	/* Once it is over and the switch is asked for, no interrupt speeds that up: another
	 * one after each instruction would only keep a section without preemption from ending. */
	if (list_empty(&rq->ready) || need_resched())
		return U64_MAX;
	return rq->running->slice_start + SLICE_NS;
}

void sched_timer(u64 now)
{
	if (now >= sched_slice_end())
		set_need_resched();
}

/* This CPU has a thread on its list: let it run now or at the end of the slice. */
static void consider_ready(struct run_queue *rq)
{
	if (rq->running == rq->idle)
		set_need_resched();
	else
		timer_reprogram();
}

void sched_reschedule_interrupt(void)
{
	struct run_queue *rq = this_cpu_ptr(&queues);

	timer_interrupt();
	if (!list_empty(&rq->ready))
		consider_ready(rq);
}

/* --- the switch ----------------------------------------------------------------------- */

static struct task_struct *pick_next(struct run_queue *rq)
{
	struct task_struct *next =
		list_first_entry_or_null(&rq->ready, struct task_struct, run_node);

	if (!next)
		return rq->idle;
	list_del(&next->run_node);
	return next;
}

void sched_finish_switch(void)
{
	struct run_queue *rq = this_cpu_ptr(&queues);
	struct task_struct *before = rq->before;
	bool dead = before->state == TASK_DEAD;

	__spin_unlock(&rq->lock);
	if (dead)
		task_put(before);
}

/* Interrupts off, preemption disabled once.  preempted: the thread did not ask for this, so
 * whatever its state, it stays runnable. */
static void switch_threads(bool preempted)
{
	struct run_queue *rq = this_cpu_ptr(&queues);
	struct task_struct *prev = rq->running, *next;

	__spin_lock(&rq->lock);
	clear_need_resched();
	if (*prev->canary != STACK_CANARY)
		panic("thread %s overran its stack", prev->name);
	if (prev != rq->idle) {
		if (preempted || prev->state == TASK_RUNNING)
			list_add_tail(&prev->run_node, &rq->ready);
		else
			prev->queued = false;
	}
	next = pick_next(rq);
	next->slice_start = ktime_get_ns();
	if (!list_empty(&rq->ready))
		timer_reprogram();
	if (next == prev) {
		__spin_unlock(&rq->lock);
		return;
	}
	rq->before = prev;
	WRITE_ONCE(rq->running, next);
	__asm__ volatile("movq %1, %%gs:%0" : "=m"(cpu_local.current_task) : "r"(next));
	if (unlikely(prev->mm || next->mm))
		process_switch(prev, next);
	switch_stack(&prev->rsp, next->rsp);
	sched_finish_switch();
}

void schedule(void)
{
	if (unlikely(arch_in_atomic())) {
		platform_context_violation("schedule() was called");
		return;
	}
	do {
		preempt_disable();
		local_irq_disable();
		switch_threads(false);
		local_irq_enable();
		preempt_enable_no_resched();
	} while (need_resched());
}

void preempt_schedule(void)
{
	if (irqs_disabled())
		return;
	do {
		preempt_disable();
		local_irq_disable();
		switch_threads(true);
		local_irq_enable();
		preempt_enable_no_resched();
	} while (need_resched());
}

void preempt_schedule_irq(void)
{
	preempt_disable();
	switch_threads(true);
	preempt_enable_no_resched();
}

int cond_resched(void)
{
	might_sleep();
	if (!need_resched())
		return 0;
	preempt_schedule();
	return 1;
}

void yield(void)
{
	set_current_state(TASK_RUNNING);
	schedule();
}

void set_current_state(unsigned int state)
{
	__atomic_store_n(&current->state, state, __ATOMIC_SEQ_CST);
}

void sched_exit(void)
{
	preempt_disable();
	local_irq_disable();
	current->state = TASK_DEAD;
	switch_threads(false);
	panic("a dead thread runs");
}

/* --- waking --------------------------------------------------------------------------- */

static bool is_idle(unsigned int cpu)
{
	struct run_queue *rq = per_cpu_ptr(&queues, cpu);

	return READ_ONCE(rq->running) == rq->idle && list_empty(&rq->ready);
}

static unsigned int choose_cpu(const struct task_struct *task)
{
	unsigned int cpu;

	if (task->bound != TASK_ANY_CPU)
		return task->bound;
	if (is_idle(task->cpu))
		return task->cpu;
	for_each_online_cpu (cpu)
		if (is_idle(cpu))
			return cpu;
	return task->cpu;
}

static struct run_queue *lock_task_queue(struct task_struct *task, unsigned long *flags)
{
	for (;;) {
		unsigned int cpu = READ_ONCE(task->cpu);
		struct run_queue *rq = per_cpu_ptr(&queues, cpu);

		spin_lock_irqsave(&rq->lock, *flags);
		if (task->cpu == cpu)
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);
	}
}

int wake_up_process(struct task_struct *task)
{
	unsigned long flags;
	struct run_queue *rq = lock_task_queue(task, &flags);
	bool asleep = !task->queued && task->state != TASK_DEAD;
	unsigned int cpu;

	if (task->state != TASK_DEAD)
		WRITE_ONCE(task->state, TASK_RUNNING);
	if (!asleep) {
		spin_unlock_irqrestore(&rq->lock, flags);
		return 0;
	}
	cpu = choose_cpu(task);
	task->queued = true; /* from here on it is ours: other wakers see it awake */
	task->cpu = cpu;
	if (rq != per_cpu_ptr(&queues, cpu)) {
		__spin_unlock(&rq->lock);
		rq = per_cpu_ptr(&queues, cpu);
		__spin_lock(&rq->lock);
	}
	list_add_tail(&task->run_node, &rq->ready);
	if (cpu == arch_cpu_id())
		consider_ready(rq);
	__spin_unlock(&rq->lock);
	if (cpu != arch_cpu_id())
		apic_send(cpu, VECTOR_RESCHEDULE);
	local_irq_restore(flags);
	/* Gives way at once where that is allowed. */
	preempt_disable();
	preempt_enable();
	return 1;
}

void task_register(struct task_struct *task)
{
	unsigned long flags;

	spin_lock_irqsave(&threads_lock, flags);
	list_add_tail(&task->all, &all_threads);
	spin_unlock_irqrestore(&threads_lock, flags);
}

void task_get(struct task_struct *task)
{
	__atomic_add_fetch(&task->refs, 1, __ATOMIC_RELAXED);
}

void task_put(struct task_struct *task)
{
	unsigned long flags;

	if (__atomic_sub_fetch(&task->refs, 1, __ATOMIC_ACQ_REL))
		return;
	spin_lock_irqsave(&threads_lock, flags);
	list_del(&task->all);
	spin_unlock_irqrestore(&threads_lock, flags);
	vfree(task->stack);
	kfree(task);
}

/* --- idling --------------------------------------------------------------------------- */

void cpu_idle(void)
{
	clear_need_resched();
	preempt_enable_no_resched();
	for (;;) {
		local_irq_disable();
		if (list_empty(&this_cpu_ptr(&queues)->ready)) {
			safe_halt();
		} else {
			local_irq_enable();
			schedule();
		}
	}
}
