/* SPDX-License-Identifier: MIT */
/* The edge between kernel and user mode: setting it up, switching, faults that come over. */
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/traps.h>

#include "process.h"

/* What SYSCALL clears: carry to overflow harmless ones aside, trap, interrupt, direction,
 * privilege for I/O, nested task and alignment check. */
#define FLAGS_TRAP	0x100UL
#define FLAGS_IF	0x200UL
#define FLAGS_DIRECTION 0x400UL
#define FLAGS_IOPL	0x3000UL
#define FLAGS_NESTED	0x4000UL
#define FLAGS_ALIGNMENT 0x40000UL
#define FLAGS_CLEARED                                                          \
	(FLAGS_TRAP | FLAGS_IF | FLAGS_DIRECTION | FLAGS_IOPL | FLAGS_NESTED | \
	 FLAGS_ALIGNMENT)

/* AMD64 manual, volume 2, 6.1.1: base of the selectors SYSRET loads, of those SYSCALL loads. */
#define STAR_VALUE ((u64)(USER_DS - 8) << 48 | (u64)KERNEL_CS << 32)

void syscall_entry(void); /* guest/arch/usermode.S */

static void setup_cpu(void *unused)
{
	(void)unused;
	wrmsr(MSR_STAR, STAR_VALUE);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_FMASK, FLAGS_CLEARED);
	wrmsr(MSR_KERNEL_GS, 0); /* what user mode gets as its own */
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
}

void user_mode_setup(void)
{
	on_each_cpu(setup_cpu, NULL, 1);
}

void user_regs(struct pt_regs *regs, unsigned long rip, unsigned long rsp)
{
	*regs = (struct pt_regs){
		.rip = rip,
		.cs = USER_CS,
		.rflags = FLAGS_IF,
		.rsp = rsp,
		.ss = USER_DS,
	};
}

void process_switch(const struct task_struct *prev, const struct task_struct *next)
{
	mm_use(next->mm, prev->mm);
	if (next->mm)
		set_kernel_stack((unsigned long)next->stack + THREAD_SIZE);
}

/* --- faults --------------------------------------------------------------------------------- */

#define FAULT_PRESENT 1U
#define FAULT_WRITE   2U
#define FAULT_FETCH   16U

static unsigned long access_of(u64 error)
{
	if (error & FAULT_FETCH)
		return VM_EXEC;
	return error & FAULT_WRITE ? VM_WRITE : VM_READ;
}

/* Until the access is possible, or never will be. */
static int resolve(struct process *me, unsigned long addr, unsigned long access)
{
	int err;

	while ((err = mm_fault(me->mm, addr, access)) == -ENOMEM &&
	       !READ_ONCE(me->killed))
		oom_kill_for_fault();
	return err;
}

static void kill_for(struct process *me, const struct pt_regs *regs, unsigned long addr)
{
	bool fault = regs->vector == VECTOR_PAGE_FAULT;

	if (fault)
		pr_info("%s[%d]: segfault at %lx ip %016lx sp %016lx error %lx\n",
			task_name(me->task), process_pid(me), addr,
			(unsigned long)regs->rip, (unsigned long)regs->rsp,
			(unsigned long)regs->error);
	else
		pr_info("%s[%d]: trap %lu ip %016lx sp %016lx error %lx\n",
			task_name(me->task), process_pid(me), (unsigned long)regs->vector,
			(unsigned long)regs->rip, (unsigned long)regs->rsp,
			(unsigned long)regs->error);
	process_exit(PROCESS_KILLED + (fault ? KILLED_FAULT : KILLED_EXCEPTION));
}

void process_exception(struct pt_regs *regs, unsigned long addr)
{
	struct process *me = current_process();
	bool fault = regs->vector == VECTOR_PAGE_FAULT;

	local_irq_enable();
	if (probe_running())
		probe_answer(false);
	if (!fault || addr >= TASK_SIZE || resolve(me, addr, access_of(regs->error)))
		if (!READ_ONCE(me->killed))
			kill_for(me, regs, addr);
	local_irq_disable();
	process_leave_kernel();
}

bool process_kernel_fault(const struct pt_regs *regs, unsigned long addr)
{
	struct process *me = current_process();

	/* Only code that says so may touch a process's memory, and only where it may sleep. */
	if (!me || !current->mm || addr >= TASK_SIZE || !(regs->rflags & FLAGS_IF) ||
	    (__preempt_count() & ~PREEMPT_NO_RESCHED))
		return false;
	local_irq_enable();
	addr = resolve(me, addr, access_of(regs->error)) ? 0 : addr;
	local_irq_disable();
	return addr;
}
