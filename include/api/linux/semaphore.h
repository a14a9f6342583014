/* SPDX-License-Identifier: MIT */
/* Counting semaphores (include/linux/semaphore.h): up() from any context. */
#ifndef _LINUX_SEMAPHORE_H
#define _LINUX_SEMAPHORE_H

#include <linux/wait.h>

struct semaphore {
	unsigned int count; /* guarded by wait.lock */
	struct wait_queue_head wait;
};

void sema_init(struct semaphore *sem, int count);
void down(struct semaphore *sem);
/* 0 when it was taken, 1 when not (as in Linux). */
int down_trylock(struct semaphore *sem);
void up(struct semaphore *sem);

#endif
