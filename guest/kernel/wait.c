/* SPDX-License-Identifier: MIT */
/* Wait queues and completions. */
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/wait.h>

void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->head);
}

void init_wait(struct wait_queue_entry *wait)
{
	wait->task = current;
	INIT_LIST_HEAD(&wait->entry);
}

bool waitqueue_active(const struct wait_queue_head *wq)
{
	return !list_empty(&wq->head);
}

static void queue_waiter(struct wait_queue_head *wq, struct wait_queue_entry *wait,
			 unsigned int state)
{
	if (list_empty(&wait->entry))
		list_add_tail(&wait->entry, &wq->head);
	set_current_state(state);
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait,
		     unsigned int state)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	queue_waiter(wq, wait, state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	unsigned long flags;

	set_current_state(TASK_RUNNING);
	/* Under the lock even when it looks off the queue: the waker may still be at it. */
	spin_lock_irqsave(&wq->lock, flags);
	list_del_init(&wait->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* The lock is held.  Off the queue first: a woken waiter may return and its entry vanish. */
static void wake_locked(struct wait_queue_head *wq, unsigned int nr)
{
	while (!list_empty(&wq->head)) {
		struct wait_queue_entry *wait =
			list_first_entry(&wq->head, struct wait_queue_entry, entry);

		list_del_init(&wait->entry);
		wake_up_process(wait->task);
		if (nr && !--nr)
			return;
	}
}

void __wake_up(struct wait_queue_head *wq, unsigned int nr)
{
	unsigned long flags;

	preempt_disable();
	spin_lock_irqsave(&wq->lock, flags);
	wake_locked(wq, nr);
	spin_unlock_irqrestore(&wq->lock, flags);
	preempt_enable();
}

/* --- completions ---------------------------------------------------------------------- */

#define DONE_FOR_EVER (~0U)

void init_completion(struct completion *c)
{
	c->done = 0;
	init_waitqueue_head(&c->wait);
}

void reinit_completion(struct completion *c)
{
	WRITE_ONCE(c->done, 0);
}

void complete(struct completion *c)
{
	unsigned long flags;

	preempt_disable();
	spin_lock_irqsave(&c->wait.lock, flags);
	if (c->done != DONE_FOR_EVER)
		c->done++;
	wake_locked(&c->wait, 1);
	spin_unlock_irqrestore(&c->wait.lock, flags);
	preempt_enable();
}

void complete_all(struct completion *c)
{
	unsigned long flags;

	preempt_disable();
	spin_lock_irqsave(&c->wait.lock, flags);
	c->done = DONE_FOR_EVER;
	wake_locked(&c->wait, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
	preempt_enable();
}

/* The lock is held. */
static bool consume(struct completion *c)
{
	if (!c->done)
		return false;
	if (c->done != DONE_FOR_EVER)
		c->done--;
	return true;
}

bool try_wait_for_completion(struct completion *c)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&c->wait.lock, flags);
	done = consume(c);
	spin_unlock_irqrestore(&c->wait.lock, flags);
	return done;
}

bool completion_done(struct completion *c)
{
	return READ_ONCE(c->done);
}

/* Consumed under the lock that complete() holds until its last access: a completion on the
 * waiter's stack may go as soon as this returns. */
unsigned long wait_for_completion_timeout(struct completion *c, unsigned long timeout)
{
	return wait_event_timeout(c->wait, try_wait_for_completion(c), timeout);
}

void wait_for_completion(struct completion *c)
{
	wait_event(c->wait, try_wait_for_completion(c));
}
