/* SPDX-License-Identifier: MIT */
/* Locks that sleep: mutexes and semaphores. */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/semaphore.h>

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	init_waitqueue_head(&m->wait);
}

bool mutex_trylock(struct mutex *m)
{
	struct task_struct *nobody = NULL;

	return __atomic_compare_exchange_n(&m->owner, &nobody, current, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *m)
{
	might_sleep();
	if (mutex_trylock(m))
		return;
	if (READ_ONCE(m->owner) == current)
		panic("mutex %pS taken twice by %s", (void *)m, task_name(current));
	wait_event(m->wait, mutex_trylock(m));
}

void mutex_unlock(struct mutex *m)
{
	if (WARN_ON(m->owner != current))
		return;
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	if (waitqueue_active(&m->wait))
		wake_up(&m->wait);
}

bool mutex_is_locked(const struct mutex *m)
{
	return READ_ONCE(m->owner);
}

void sema_init(struct semaphore *sem, int count)
{
	sem->count = (unsigned int)count;
	init_waitqueue_head(&sem->wait);
}

int down_trylock(struct semaphore *sem)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&sem->wait.lock, flags);
	taken = sem->count > 0;
	if (taken)
		sem->count--;
	spin_unlock_irqrestore(&sem->wait.lock, flags);
	return !taken;
}

void down(struct semaphore *sem)
{
	might_sleep();
	wait_event(sem->wait, !down_trylock(sem));
}

void up(struct semaphore *sem)
{
	unsigned long flags;

	spin_lock_irqsave(&sem->wait.lock, flags);
	sem->count++;
	spin_unlock_irqrestore(&sem->wait.lock, flags);
	wake_up(&sem->wait);
}
