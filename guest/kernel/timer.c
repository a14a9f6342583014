/* SPDX-License-Identifier: MIT */
/*
 * Timers.  Each CPU has a queue sorted by time, and its clock interrupts at the earlier of
 * the first timer and the end of the running thread's slice; when there is neither, never.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/traps.h>
#include <guest/boot.h>
#include <guest/sched.h>

struct timer_queue {
	spinlock_t lock; /* guards the list and the timers on it */
	struct list_head timers; /* by expires_ns */
	struct timer_list *running; /* whose function runs now */
	u64 armed; /* when the clock interrupts; only this CPU looks */
};
static DEFINE_PER_CPU(struct timer_queue, queues);

void timer_init_cpu(void)
{
	struct timer_queue *q = this_cpu_ptr(&queues);

	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->timers);
	q->armed = U64_MAX;
	apic_timer_setup();
}

static u64 first_expiry(struct timer_queue *q)
{
	struct timer_list *first =
		list_first_entry_or_null(&q->timers, struct timer_list, entry);

	return first ? first->expires_ns : U64_MAX;
}

/* Interrupts are off, the queue is this CPU's. */
static void arm(struct timer_queue *q, u64 when)
{
	if (when >= q->armed)
		return;
	q->armed = when;
	clock_set_event(when, ktime_get_ns());
}

void timer_reprogram(void)
{
	arm(this_cpu_ptr(&queues), sched_slice_end());
}

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *),
		 unsigned int flags)
{
	(void)flags;
	INIT_LIST_HEAD(&timer->entry);
	timer->function = function;
	timer->expires_ns = 0;
	timer->cpu = arch_cpu_id();
}

bool timer_pending(const struct timer_list *timer)
{
	return !list_empty(&timer->entry);
}

static void insert(struct timer_queue *q, struct timer_list *timer)
{
	struct timer_list *later;

	list_for_each_entry (later, &q->timers, entry)
		if (later->expires_ns > timer->expires_ns)
			break;
	list_add_tail(&timer->entry, &later->entry);
}

/* The queue the timer is on, or was on last, locked. */
static struct timer_queue *lock_queue(struct timer_list *timer, unsigned long *flags)
{
	for (;;) {
		unsigned int cpu = READ_ONCE(timer->cpu);
		struct timer_queue *q = per_cpu_ptr(&queues, cpu);

		spin_lock_irqsave(&q->lock, *flags);
		if (timer->cpu == cpu)
			return q;
		spin_unlock_irqrestore(&q->lock, *flags);
	}
}

int del_timer(struct timer_list *timer)
{
	unsigned long flags;
	struct timer_queue *q = lock_queue(timer, &flags);
	int pending = timer_pending(timer);

	list_del_init(&timer->entry);
	spin_unlock_irqrestore(&q->lock, flags);
	return pending;
}

int del_timer_sync(struct timer_list *timer)
{
	unsigned long flags;
	int pending = 0;
	bool running;

	do {
		struct timer_queue *q = lock_queue(timer, &flags);

		pending |= timer_pending(timer);
		list_del_init(&timer->entry);
		running = q->running == timer;
		spin_unlock_irqrestore(&q->lock, flags);
		if (running)
			cpu_relax();
	} while (running);
	return pending;
}

int mod_timer_ns(struct timer_list *timer, u64 expires_ns)
{
	unsigned long flags;
	struct timer_queue *q;
	int pending;

	/* A timer whose function runs stays on that CPU: del_timer_sync() looks there. */
	q = lock_queue(timer, &flags);
	pending = timer_pending(timer);
	list_del_init(&timer->entry);
	if (q->running != timer && q != this_cpu_ptr(&queues)) {
		timer->cpu = arch_cpu_id();
		__spin_unlock(&q->lock);
		q = this_cpu_ptr(&queues);
		__spin_lock(&q->lock);
	}
	timer->expires_ns = expires_ns;
	insert(q, timer);
	if (q == this_cpu_ptr(&queues))
		arm(q, expires_ns);
	else
		apic_send(timer->cpu, VECTOR_RESCHEDULE);
	spin_unlock_irqrestore(&q->lock, flags);
	return pending;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	return mod_timer_ns(timer, expires * (NSEC_PER_SEC / HZ));
}

/* Runs what is due; the lock is let go for each function. */
static void run_due(struct timer_queue *q, u64 now)
{
	struct timer_list *timer;

	while (first_expiry(q) <= now) {
		timer = list_first_entry(&q->timers, struct timer_list, entry);
		list_del_init(&timer->entry);
		WRITE_ONCE(q->running, timer);
		__spin_unlock(&q->lock);
		timer->function(timer);
		__spin_lock(&q->lock);
		WRITE_ONCE(q->running, NULL);
	}
}

void timer_interrupt(void)
{
	struct timer_queue *q = this_cpu_ptr(&queues);
	u64 now = ktime_get_ns();

	__spin_lock(&q->lock);
	q->armed = U64_MAX;
	run_due(q, now);
	sched_timer(now);
	arm(q, min(first_expiry(q), sched_slice_end()));
	__spin_unlock(&q->lock);
}

struct sleeper {
	struct timer_list timer;
	struct task_struct *task;
};

static void wake_sleeper(struct timer_list *timer)
{
	wake_up_process(container_of(timer, struct sleeper, timer)->task);
}

/* Sleeps until `end` unless woken before; the state is set already. */
static void sleep_until(u64 end)
{
	struct sleeper sleeper = { .task = current };

	timer_setup(&sleeper.timer, wake_sleeper, 0);
	mod_timer_ns(&sleeper.timer, end);
	schedule();
	del_timer_sync(&sleeper.timer);
}

unsigned long schedule_timeout(unsigned long timeout)
{
	u64 tick = NSEC_PER_SEC / HZ, end, now;

	if (timeout >= MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return MAX_SCHEDULE_TIMEOUT;
	}
	end = ktime_get_ns() + timeout * tick;
	sleep_until(end);
	now = ktime_get_ns();
	return now >= end ? 0 : (end - now + tick - 1) / tick;
}

unsigned long schedule_timeout_uninterruptible(unsigned long timeout)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}

static void sleep_ns(u64 ns)
{
	u64 end = ktime_get_ns() + ns;

	might_sleep();
	while (ktime_get_ns() < end) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		sleep_until(end);
	}
}

void msleep(unsigned int ms)
{
	sleep_ns(ms * NSEC_PER_MSEC);
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	(void)max_us;
	sleep_ns(min_us * NSEC_PER_USEC);
}
