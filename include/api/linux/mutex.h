/* SPDX-License-Identifier: MIT */
/* Sleeping locks (include/linux/mutex.h): the locker unlocks, never in an interrupt. */
#ifndef _LINUX_MUTEX_H
#define _LINUX_MUTEX_H

#include <linux/wait.h>

struct mutex {
	struct task_struct *owner; /* NULL: free; guarded by wait.lock */
	struct wait_queue_head wait;
};

#define __MUTEX_INITIALIZER(name)                                \
	{                                                        \
		NULL, __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) \
	}
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_locked(const struct mutex *m);

#endif
