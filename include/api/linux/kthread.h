/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads (include/linux/kthread.h).  A thread ends by returning from its function.
 * Either it returns only after kthread_should_stop(), and kthread_stop() is called once; or
 * it returns by itself, and nobody uses its pointer any more.
 */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

/* A sleeping thread; wake_up_process() starts it.  ERR_PTR(-ENOMEM). */
struct task_struct *kthread_create(int (*fn)(void *data), void *data, const char *fmt,
				   ...);
/* Ties a thread that has not started yet to one CPU. */
void kthread_bind(struct task_struct *task, unsigned int cpu);
/* Asks the thread to end, wakes it and waits; what its function returned (-EINTR if it
 * never started). */
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);
/* Ends the thread that calls it, as if its function had returned this. */
void kthread_exit(int result) __noreturn;

#define kthread_run(fn, data, ...)                                              \
	({                                                                      \
		struct task_struct *_t = kthread_create(fn, data, __VA_ARGS__); \
		if (!IS_ERR(_t))                                                \
			wake_up_process(_t);                                    \
		_t;                                                             \
	})

/* The same, tied to one CPU. */
#define kthread_run_on_cpu(fn, data, cpu, ...)                                  \
	({                                                                      \
		struct task_struct *_t = kthread_create(fn, data, __VA_ARGS__); \
		if (!IS_ERR(_t)) {                                              \
			kthread_bind(_t, cpu);                                  \
			wake_up_process(_t);                                    \
		}                                                               \
		_t;                                                             \
	})

#endif
