/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads: creation, start, stop.  Their stacks come from vmalloc: one that overruns
 * its own meets the guard page below, and the double fault that follows has a stack of its
 * own to report it.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include <linux/vmalloc.h>
#include <guest/sched.h>

static int last_pid; /* atomic */

static void prepare_stack(struct task_struct *task)
{
	char *bottom = task->stack;
	struct switch_frame *frame;

	task->canary = (unsigned long *)bottom;
	*task->canary = STACK_CANARY;
	/* 16 bytes above it: thread_start finds the alignment a function expects. */
	frame = (struct switch_frame *)(bottom + THREAD_SIZE - 16 - sizeof(*frame));
	*frame = (struct switch_frame){ .rip = (unsigned long)thread_start };
	task->rsp = (unsigned long)frame;
}

struct task_struct *kthread_create(int (*fn)(void *data), void *data, const char *fmt,
				   ...)
{
	struct task_struct *task = kzalloc(sizeof(*task), GFP_KERNEL);
	va_list args;

	if (!task)
		return ERR_PTR(-ENOMEM);
	task->stack = vmalloc(THREAD_SIZE);
	if (!task->stack) {
		kfree(task);
		return ERR_PTR(-ENOMEM);
	}
	prepare_stack(task);
	va_start(args, fmt);
	vscnprintf(task->name, sizeof(task->name), fmt, args);
	va_end(args);
	task->fn = fn;
	task->data = data;
	task->refs = 1;
	task->pid = __atomic_add_fetch(&last_pid, 1, __ATOMIC_RELAXED);
	task->state = TASK_UNINTERRUPTIBLE;
	task->cpu = arch_cpu_id();
	task->bound = TASK_ANY_CPU;
	init_completion(&task->exited);
	task_register(task);
	return task;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	if (WARN_ON(cpu >= NR_CPUS || !cpu_online(cpu) ||
		    task->state != TASK_UNINTERRUPTIBLE))
		return;
	task->bound = cpu;
	task->cpu = cpu;
}

bool kthread_should_stop(void)
{
	return READ_ONCE(current->should_stop);
}

int task_join(struct task_struct *task)
{
	int result;

	wait_for_completion(&task->exited);
	result = task->result;
	while (__atomic_load_n(&task->refs, __ATOMIC_ACQUIRE) > 1)
		cpu_relax();
	task_put(task);
	return result;
}

int kthread_stop(struct task_struct *task)
{
	task_get(task);
	WRITE_ONCE(task->should_stop, true);
	wake_up_process(task);
	return task_join(task);
}

void kthread_exit(int result)
{
	current->result = result;
	complete_all(&current->exited);
	sched_exit();
}

/* In the new thread: interrupts are off and preemption disabled, as after any switch. */
void thread_main(void)
{
	struct task_struct *me = current;

	sched_finish_switch();
	local_irq_enable();
	preempt_enable();
	/* Stopped before it began: its function never runs. */
	kthread_exit(kthread_should_stop() ? -EINTR : me->fn(me->data));
}
