/* SPDX-License-Identifier: MIT */
/*
 * Inside guest/process/: a process and its life.
 *
 * A process has one kernel thread, which loads the program and goes to user mode; from then
 * on it is in the kernel only for system calls, faults and interrupts.  Its parent is
 * another process or, for the first of a family, the kernel code that started it.  When it
 * ends, its address space goes at once; the rest stays until the parent has waited for it.
 * Nobody waits for the children of a dead parent: when they have ended, whoever forks, ends
 * or is put next clears them away.
 *
 * A first process and all that descend from it are a family, which cannot grow without
 * bounds, and does not outlive its first: process_put() ends what is left.
 */
#ifndef GUEST_PROCESS_PROCESS_H
#define GUEST_PROCESS_PROCESS_H

#include <linux/list.h>
#include <linux/wait.h>
#include <asm/traps.h>
#include <guest/process.h>
#include <guest/sched.h>

#include "mm.h"

#define PROCESS_FILES 8
#define FAMILY_MAX    64 /* processes, those that nobody has waited for yet included */

/* What a new program begins with, on its starter's side. */
struct program;
struct start {
	const struct program *program;
	unsigned int argc;
	char text[256]; /* the arguments, each with its zero */
	size_t used;
};

struct process {
	struct list_head node; /* in the list of all; guarded by processes_lock */
	struct process *parent; /* NULL: kernel code, or dead; the same lock */
	struct process *first; /* of the family: outlives all others */
	unsigned int members; /* of the family whose first this is; the same lock */
	struct task_struct *task; /* a reference until somebody has waited */
	struct mm_struct *mm; /* NULL when it is gone; cleared under the lock */
	bool frees; /* mm is gone, its memory is on its way back; the same lock */
	struct page *results; /* a reference; mapped at RESULTS_ADDRESS */
	struct file *files[PROCESS_FILES]; /* by descriptor; NULL: closed */

	struct wait_queue_head changed; /* one of the following has */
	bool paused;
	bool resumed; /* go on from the pause */
	unsigned int killed; /* KILLED_*: ends before it sees user mode again; 0: no */
	bool ended; /* status is valid; the thread will not touch this any more */
	bool orphan; /* nobody will wait */
	int status;

	struct start start;
	struct pt_regs regs; /* of a child: where it begins */
	struct process_usage last_usage; /* when the address space went */
};

extern spinlock_t processes_lock;
extern struct list_head processes;

struct process *current_process(void);

/* --- life ------------------------------------------------------------------------------ */

/* One with an empty address space and nothing else; not in the list. */
struct process *process_create(struct page *results, const char *name,
			       int (*first)(void *process));
/* Lists it under its parent and lets it run. */
void process_launch(struct process *p, struct process *parent);
/* Undoes process_create() of one that was not launched. */
void process_discard(struct process *p);
void process_exit(int status) __noreturn;
/* The end comes when it next leaves the kernel; wakes it. */
void process_kill(struct process *p, unsigned int why);
/* The pid of the child, -ENOMEM, -EAGAIN: the family is too large. */
long process_fork(const struct pt_regs *regs);
/* As wait4(): a child's pid (any: pid -1), its status word as Linux forms it. */
long process_wait_child(int pid, int *status, bool block);
void process_pause(void);

/* Waits for a condition, or until the process is killed. */
#define wait_event_killable(wq, condition) \
	wait_event(wq, (condition) || READ_ONCE(current_process()->killed))

/* --- parts ------------------------------------------------------------------------------- */

/* MSRs and segments for user mode on every CPU. */
void user_mode_setup(void);
/* Off to user mode. */
void return_to_user(const struct pt_regs *regs) __noreturn;
void user_regs(struct pt_regs *regs, unsigned long rip, unsigned long rsp);

const struct program *program_find(const char *name);
/* Loads it into the current process; where it begins, or a negative errno. */
int program_load(const struct start *start, struct pt_regs *regs);

/* From now on the page allocator, too, can have processes killed. */
void oom_killer_setup(void);
/* No frame for a fault of the current process: kills one, and returns when it is gone. */
void oom_kill_for_fault(void);

/* Opens "/dev/NAME"; ERR_PTR. */
struct file *file_open(const char *path);

void handle_syscall(struct pt_regs *regs);

/* Is the probe the process that runs?  Its events are the answer (probe.c). */
bool probe_running(void);
void probe_answer(bool works) __noreturn;

#endif
