/* SPDX-License-Identifier: MIT */
/*
 * Wait queues (include/linux/wait.h).  A waiter puts itself on the queue, sets its state,
 * looks at the condition, and only then sleeps; who makes the condition true calls
 * wake_up() after it.  So no wake-up is lost, and the condition needs no lock of its own.
 */
#ifndef _LINUX_WAIT_H
#define _LINUX_WAIT_H

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

struct wait_queue_head {
	spinlock_t lock;
	struct list_head head; /* of wait_queue_entry.entry; guarded by lock */
};
typedef struct wait_queue_head wait_queue_head_t;

struct wait_queue_entry {
	struct task_struct *task;
	struct list_head entry; /* self-linked when off the queue */
};

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)        \
	{                                          \
		{ 0 }, LIST_HEAD_INIT((name).head) \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name) \
	struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)

void init_waitqueue_head(struct wait_queue_head *wq);
void init_wait(struct wait_queue_entry *wait);
/* Queues the waiter (once) and sets the state of its thread. */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait,
		     unsigned int state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait);
/* Wakes up to nr waiters, first come first, and takes them off the queue (0: all). */
void __wake_up(struct wait_queue_head *wq, unsigned int nr);
bool waitqueue_active(const struct wait_queue_head *wq);

#define wake_up(wq)		  __wake_up(wq, 1)
#define wake_up_all(wq)		  __wake_up(wq, 0)
#define wake_up_interruptible(wq) __wake_up(wq, 1)

/* Ticks left when the condition came true (at least 1), 0 when time ran out first. */
#define wait_event_timeout(wq, condition, timeout)                            \
	({                                                                    \
		struct wait_queue_entry _wait;                                \
		unsigned long _left = (timeout);                              \
		bool _met;                                                    \
		might_sleep();                                                \
		init_wait(&_wait);                                            \
		for (;;) {                                                    \
			prepare_to_wait(&(wq), &_wait, TASK_UNINTERRUPTIBLE); \
			_met = (condition);                                   \
			if (_met || !_left)                                   \
				break;                                        \
			_left = schedule_timeout(_left);                      \
		}                                                             \
		finish_wait(&(wq), &_wait);                                   \
		_met ? max(_left, 1UL) : 0UL;                                 \
	})
#define wait_event(wq, condition) \
	((void)wait_event_timeout(wq, condition, MAX_SCHEDULE_TIMEOUT))
#define wait_event_interruptible(wq, condition) (wait_event(wq, condition), 0)

#endif
