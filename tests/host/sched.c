/* SPDX-License-Identifier: MIT */
/*
 * Sleeping: a CPU's thread is the only task there is on it.  It waits on a word of its own
 * until another one wakes it, or until its time is over.
 *
 * Time is counted, not measured: jiffies advance by the length of each sleep that nobody
 * ends.  With a single CPU nobody could, so such a sleep takes no time at all.
 */
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <linux/futex.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "mm/platform.h"
#include "internal.h"

#define TICK_NS	     1000000L /* how long others get to end a sleep, for each tick */
#define TICKS_IN_A_S (1000000000UL / TICK_NS)

struct task_struct {
	unsigned int state; /* TASK_*; set by others when they wake it */
	unsigned int flags; /* PF_* */
};

static __thread struct task_struct this_task;
static unsigned long ticks; /* atomic */
static void (*sleep_hook)(void *arg);
static void *sleep_hook_arg;

void host_sched_reset(void)
{
	__atomic_store_n(&ticks, 0, __ATOMIC_RELAXED);
	this_task.flags = 0;
	sleep_hook = NULL;
}

void host_on_sleep(void (*fn)(void *arg), void *arg)
{
	sleep_hook = fn;
	sleep_hook_arg = arg;
}

static void machine_works(void)
{
	if (sleep_hook)
		sleep_hook(sleep_hook_arg);
}

struct task_struct *host_current_task(void)
{
	return &this_task;
}

unsigned int *platform_thread_flags(void)
{
	return &this_task.flags;
}

unsigned long jiffies_now(void)
{
	return __atomic_load_n(&ticks, __ATOMIC_RELAXED);
}

void host_advance_jiffies(unsigned long by)
{
	__atomic_fetch_add(&ticks, by, __ATOMIC_RELAXED);
}

void set_current_state(unsigned int state)
{
	__atomic_store_n(&this_task.state, state, __ATOMIC_SEQ_CST);
}

static unsigned int state_now(void)
{
	return __atomic_load_n(&this_task.state, __ATOMIC_SEQ_CST);
}

/* One sleep of this length at most; NULL: without end. */
static void sleep_once(unsigned int state, const struct timespec *length)
{
	syscall(SYS_futex, &this_task.state, FUTEX_WAIT, state, length, NULL, 0);
}

void schedule(void)
{
	unsigned int state;

	if (arch_in_atomic())
		platform_context_violation("schedule() in atomic context");
	machine_works();
	while ((state = state_now()) != TASK_RUNNING)
		sleep_once(state, NULL);
}

unsigned long schedule_timeout(unsigned long timeout)
{
	unsigned int state = state_now();
	struct timespec length = { (long)(timeout / TICKS_IN_A_S),
				   (long)(timeout % TICKS_IN_A_S) * TICK_NS };

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	if (arch_in_atomic())
		platform_context_violation("schedule() in atomic context");
	machine_works();
	if (state != TASK_RUNNING && num_online_cpus() > 1)
		sleep_once(state, &length);
	if (state_now() == TASK_RUNNING)
		return timeout;
	set_current_state(TASK_RUNNING);
	host_advance_jiffies(timeout);
	return 0;
}

unsigned long schedule_timeout_uninterruptible(unsigned long timeout)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}

void msleep(unsigned int ms)
{
	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
}

int wake_up_process(struct task_struct *task)
{
	unsigned int before =
		__atomic_exchange_n(&task->state, TASK_RUNNING, __ATOMIC_SEQ_CST);

	if (before == TASK_RUNNING)
		return false;
	syscall(SYS_futex, &task->state, FUTEX_WAKE, 1, NULL, NULL, 0);
	return true;
}

bool need_resched(void)
{
	return false;
}

int cond_resched(void)
{
	return sched_yield();
}

void yield(void)
{
	sched_yield();
}

const char *task_name(const struct task_struct *task)
{
	(void)task;
	return "host";
}

int task_pid(const struct task_struct *task)
{
	(void)task;
	return (int)host_cpu.id;
}
