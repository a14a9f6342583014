/* SPDX-License-Identifier: MIT */
/*
 * Inside the scheduler.
 *
 * Each CPU has a run queue: the thread that runs, and a list of those that want to.  A
 * thread belongs to the queue of task->cpu, whose lock guards its state.  The lock is held
 * across the switch itself: whoever gets it afterwards finds the thread entirely off the
 * CPU, so that it can be moved.
 *
 * Order of locks: a wait queue's, then a run queue's; never two run queues'.
 */
#ifndef GUEST_SCHED_H
#define GUEST_SCHED_H

#include <linux/completion.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <asm/desc.h>

#define TASK_ANY_CPU  (~0U)
#define TASK_NAME_LEN 16

struct task_struct {
	unsigned long rsp; /* while it does not run */
	unsigned int
		state; /* TASK_*; set by the thread itself, by others under the lock */
	unsigned int cpu; /* whose run queue; changes under the lock of the old one */
	unsigned int bound; /* the only CPU it may run on, or TASK_ANY_CPU */
	bool queued; /* on that CPU's list or running there; guarded by its lock */
	struct list_head run_node;
	u64 slice_start; /* when it got the CPU, ns */

	unsigned int refs; /* one while it lives, one for each who will join it */
	int pid;
	char name[TASK_NAME_LEN];
	void *stack; /* THREAD_SIZE bytes */
	unsigned long *canary; /* the lowest word of the stack */
	unsigned int mm_flags; /* PF_MEMALLOC*; the thread's own */

	/* A process's thread: its address space while it has one, and itself. */
	struct mm_struct *mm;
	struct process *process;

	int (*fn)(void *data);
	void *data;
	bool should_stop;
	int result; /* of fn, when `exited` is complete */
	struct completion exited;
	struct list_head all; /* in all_threads; idle threads are not */
};

extern struct list_head all_threads; /* for the monitor */
DECLARE_PER_CPU(struct task_struct, idle_tasks);

#define STACK_CANARY 0x57ac6e4d0f57ac6bUL

/* Makes the context that runs here the idle thread of this CPU. */
void sched_init_cpu(unsigned int cpu, void *stack_bottom);
/* Runs others, or sleeps; never returns. */
void cpu_idle(void) __attribute__((noreturn));
/* Threads run: sleeping is possible, and forbidden in atomic context. */
bool scheduler_running(void);
void scheduler_start(void);

/* The first thing a new thread does: what the switch left over. */
void sched_finish_switch(void);
/* The last thing: never comes back. */
void sched_exit(void) __attribute__((noreturn));
/* At the end of an interrupt, when a reschedule is wanted and preemption allowed. */
void preempt_schedule_irq(void);
/* Another CPU gave this one work. */
void sched_reschedule_interrupt(void);
/* The slice of the running thread is over: ns when it ends, or U64_MAX when it has the CPU
 * for itself. */
u64 sched_slice_end(void);
void sched_timer(u64 now);

/* A new thread is known from here on; the last task_put() ends that. */
void task_register(struct task_struct *task);
void task_get(struct task_struct *task);
void task_put(struct task_struct *task);
/* Waits for the end of a thread and until its memory is free, for who counts it; gives up
 * the caller's reference, which must be the last besides the thread's own.  Its result. */
int task_join(struct task_struct *task);

/* The CPU goes from prev to next, one of which is a process; interrupts are off. */
void process_switch(const struct task_struct *prev, const struct task_struct *next);

/* What stands at task->rsp: registers as switch_stack() pops them, and where its ret goes. */
struct switch_frame {
	u64 r15, r14, r13, r12, rbx, rbp;
	u64 rip;
};

/* asm */
void switch_stack(unsigned long *save_rsp, unsigned long load_rsp);
void thread_start(void);
void thread_main(void);

#endif
