/* SPDX-License-Identifier: MIT */
/*
 * Threads as their users see them (include/linux/sched.h).  To sleep: set_current_state(),
 * check the condition, schedule(); a wake-up in between makes schedule() return at once.
 */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

#include <linux/types.h>
#include <linux/preempt.h>
#include <linux/atomic.h>
#include <linux/kernel.h>

struct task_struct;

#define current (__CPU_LOCAL_GET(current_task))

enum {
	TASK_RUNNING,
	TASK_INTERRUPTIBLE,
	TASK_UNINTERRUPTIBLE, /* there are no signals: both sleep alike */
	TASK_DEAD,
};
#define TASK_NORMAL TASK_UNINTERRUPTIBLE

/* Orders the state before whatever the sleeper checks next. */
void set_current_state(unsigned int state);
#define __set_current_state(state) set_current_state(state)

#define MAX_SCHEDULE_TIMEOUT (~0UL >> 1)

/* Gives the CPU away; returns once this thread is runnable and its turn comes. */
void schedule(void);
/* The same for at most `timeout` ticks; what is left of them, 0 when they are over. */
unsigned long schedule_timeout(unsigned long timeout);
unsigned long schedule_timeout_uninterruptible(unsigned long timeout);
/* Makes a sleeping thread runnable; false when it was runnable already. */
int wake_up_process(struct task_struct *task);
bool need_resched(void);
/* A place to give way, for long loops. */
int cond_resched(void);
void yield(void);

const char *task_name(const struct task_struct *task);
int task_pid(const struct task_struct *task);

#endif
