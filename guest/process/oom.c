/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: when a process's fault finds no frame, or the page allocator has nothing
 * for the kernel (<linux/oom.h>), the process with the most frames ends, and whoever needed
 * memory waits for its.
 *
 * One victim at a time: as long as one is dying, or any process gives its memory back,
 * everybody waits for that.  A process that
 * waits here holds no lock, and stops waiting when it is the victim itself.  One that asks
 * for kernel memory may hold locks; but no process needs another's to end, and the victim's
 * own request fails, so that it can.
 */
#include <linux/kernel.h>
#include <linux/oom.h>
#include <linux/sched.h>

#include "process.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

static unsigned long kills; /* guarded by processes_lock */

unsigned long oom_kills(void)
{
	return READ_ONCE(kills);
}

/* The largest that lives; one that is dying already before all others.  The lock is held. */
static struct process *choose(bool *dying)
{
	struct process *p = NULL, *largest = NULL;

	*dying = false;
	list_for_each_entry (p, &processes, node) {
		if (p->frees || (p->mm && p->killed)) {
			*dying = true;
			return p;
		}
		if (!p->mm)
			continue;
		if (!largest || p->mm->usage.rss > largest->mm->usage.rss)
			largest = p;
	}
	return largest;
}

/* The pid whose memory will be free; 0: there is no process. */
static int kill_one(void)
{
	struct process *victim;
	bool dying;
	int pid = 0;

	spin_lock(&processes_lock);
	victim = choose(&dying);
	if (victim)
		pid = process_pid(victim);
	if (victim && !dying) {
		kills++;
		pr_info("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB\n",
			pid, task_name(victim->task),
			victim->mm->usage.total * KIB_PER_PAGE,
			victim->mm->usage.rss * KIB_PER_PAGE);
		process_kill(victim, KILLED_MEMORY);
	}
	spin_unlock(&processes_lock);
	return pid;
}

static bool has_memory(int pid)
{
	struct process *p;
	bool found = false;

	spin_lock(&processes_lock);
	list_for_each_entry (p, &processes, node)
		found |= (p->mm || p->frees) && process_pid(p) == pid;
	spin_unlock(&processes_lock);
	return found;
}

/* For the page allocator: it waits by itself. */
static bool kill_for_kernel(const struct oom_control *oc)
{
	const struct process *me = current_process();

	(void)oc;
	return !(me && READ_ONCE(me->killed)) && kill_one();
}

void oom_killer_setup(void)
{
	set_oom_killer(kill_for_kernel);
}

void oom_kill_for_fault(void)
{
	struct process *me = current_process();
	int victim = kill_one();

	if (!victim && !me->killed)
		process_kill(me, KILLED_MEMORY); /* not even listed yet */
	while (!READ_ONCE(me->killed) && has_memory(victim))
		schedule_timeout_uninterruptible(1);
}
