/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers (include/linux/timer.h).  The function runs in the timer interrupt of the
 * CPU that armed the timer, once, at or after `expires`.
 */
#ifndef _LINUX_TIMER_H
#define _LINUX_TIMER_H

#include <linux/types.h>
#include <linux/jiffies.h>

struct timer_list {
	struct list_head entry; /* in its CPU's queue, by expires_ns; empty when idle */
	u64 expires_ns;
	void (*function)(struct timer_list *timer);
	unsigned int cpu; /* whose queue */
};

#define from_timer(var, timer, field) container_of(timer, __typeof__(*(var)), field)

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *),
		 unsigned int flags);
/* Arms or moves the timer.  1 when it was pending already. */
int mod_timer(struct timer_list *timer, unsigned long expires);
int mod_timer_ns(struct timer_list *timer, u64 expires_ns);
bool timer_pending(const struct timer_list *timer);
/* Disarms.  1 when it was pending.  The _sync form also waits until the function has ended
 * on whatever CPU runs it; not from the function itself. */
int del_timer(struct timer_list *timer);
int del_timer_sync(struct timer_list *timer);

#endif
