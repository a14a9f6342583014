/* SPDX-License-Identifier: MIT */
/*
 * The end of a stack.
 *
 * A kernel stack is small, and what overruns it meets a page where nothing is mapped.  The
 * page fault finds no stack to be delivered on, so the processor turns it into a double
 * fault, which has a stack of its own: the kernel says where it was, how it got there, and
 * ends.  Without the page the overrun would spoil somebody else's memory and be noticed
 * later, elsewhere, or by a processor that resets itself without a word.
 *
 * These end the run, so each runs only when it is asked for by name.  Witness: the panic.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <guest/sched.h>

#include "experiment.h"

#define CHAPTER CHAPTER_CRASH

#define FRAME 128 /* bytes; none may step over the guard page */

static bool enough; /* never */

static noinline unsigned int overrun(unsigned int depth)
{
	volatile unsigned char room[FRAME];

	if (READ_ONCE(enough))
		return depth;
	room[depth % FRAME] = 1;
	return overrun(depth + 1) + room[depth % FRAME];
}

EXPERIMENT(crash_stack, "crash.stack",
	   "a thread that overruns its stack is reported, with its call chain",
	   .fatal = true)
{
	expect(x, !overrun(0), "it came back");
}

/* In an interrupt, which borrows the stack of the thread it finds: only that of idling is
 * meant. */
static void overrun_idle(void *unused)
{
	(void)unused;
	if (!strncmp(task_name(current), "idle/", 5))
		overrun(0);
}

#define TRIES 1000

static int provoke_idle(void *cpu)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		msleep(1);
		smp_call_function_single(*(const unsigned int *)cpu, overrun_idle, NULL,
					 1);
	}
	return 0;
}

/* Overruns the stack on which `cpu` idles, from another CPU. */
static void overrun_idle_of(struct trial *x, unsigned int cpu)
{
	struct task_struct *task = kthread_create(provoke_idle, &cpu, "provoke");

	if (!expect(x, !IS_ERR(task), "no thread"))
		return;
	kthread_bind(task, !cpu);
	task_get(task);
	wake_up_process(task);
	task_join(task);
	expect(x, false, "CPU %u was never idle, or its stack never ended", cpu);
}

EXPERIMENT(crash_idle_boot, "crash.idle-boot",
	   "so is an interrupt that overruns the first CPU's idle stack",
	   .needs = NEEDS_2_CPUS, .fatal = true)
{
	overrun_idle_of(x, 0);
}

EXPERIMENT(crash_idle_other, "crash.idle-other", "and one that overruns another CPU's",
	   .needs = NEEDS_2_CPUS, .fatal = true)
{
	overrun_idle_of(x, 1);
}
