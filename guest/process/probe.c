/* SPDX-License-Identifier: MIT */
/*
 * Does user mode work here?  The answer is an experiment: a process whose program is one
 * SYSCALL instruction.  Where events from user mode are delivered, the system call arrives.
 * On a KVM that emulates the kernel in software and runs user mode by itself, it arrives as
 * a page fault of user mode at the address of the system call entry, and everything after
 * that is lost; the process ends there, and none is started any more.
 *
 * Its interrupts are off, and its page is mapped beforehand, so that the system call is
 * certainly its first event.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <guest/sched.h>

#include "process.h"

#define PROBE_ADDRESS 0x400000UL

extern const char probe_code[], probe_code_end[]; /* guest/arch/usermode.S */

static DEFINE_MUTEX(probing);
static bool probed; /* the answer is known; guarded by `probing` */
static bool works;
static const struct process *probe; /* while it runs */

bool probe_running(void)
{
	return unlikely(READ_ONCE(probe)) && current_process() == probe;
}

void probe_answer(bool answer)
{
	works = answer;
	process_exit(0);
}

static int map_code(struct mm_struct *mm)
{
	const struct mapping map = {
		.addr = PROBE_ADDRESS,
		.size = PAGE_SIZE,
		.flags = VM_READ | VM_WRITE,
		.fixed = true,
	};
	unsigned long size = (unsigned long)probe_code_end - (unsigned long)probe_code;
	long err = mm_map(mm, &map);

	if (err < 0)
		return (int)err;
	if (copy_to_user((void *)PROBE_ADDRESS, probe_code, size))
		return -EFAULT;
	return mm_protect(mm, PROBE_ADDRESS, PAGE_SIZE, VM_READ | VM_EXEC);
}

static int probe_main(void *process)
{
	struct process *me = process;
	struct pt_regs regs;

	if (map_code(me->mm))
		process_exit(1);
	user_regs(&regs, PROBE_ADDRESS, PROBE_ADDRESS);
	regs.rflags = 0;
	local_irq_disable();
	return_to_user(&regs);
}

static void run_probe(void)
{
	struct process *p;

	user_mode_setup();
	p = process_create(NULL, "probe", probe_main);
	if (IS_ERR(p))
		return;
	WRITE_ONCE(probe, p);
	process_launch(p, NULL);
	process_wait(p);
	WRITE_ONCE(probe, NULL);
	process_put(p);
}

bool process_supported(void)
{
	mutex_lock(&probing);
	if (!probed) {
		run_probe();
		if (works)
			oom_killer_setup();
	}
	probed = true;
	mutex_unlock(&probing);
	return works;
}
