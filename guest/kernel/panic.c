/* SPDX-License-Identifier: MIT */
/*
 * Panic: one CPU reports, the others stop, whoever runs the machine is told, and it ends with
 * a failure code.  Nothing here takes a lock or allocates.  A fault while reporting (the
 * reason may be the very memory we read) gets one line more and ends the machine at once.
 */
#include <stdarg.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/traps.h>
#include <guest/console.h>
#include <guest/context.h>
#include <guest/machine.h>
#include <guest/panic.h>
#include <guest/stacktrace.h>

#define TEXT_MAX 256
#define NOBODY	 (~0U)
static unsigned int panicking = NOBODY; /* the CPU that reports */
static unsigned int depth; /* of panics in panics, on that CPU */

void stop_if_panicking(void)
{
	unsigned int cpu = __atomic_load_n(&panicking, __ATOMIC_ACQUIRE);

	if (cpu != NOBODY && cpu != arch_cpu_id())
		halt_forever();
}

/* True for the one CPU that may report; another one stops here. */
static void become_reporter(void)
{
	unsigned int nobody = NOBODY;
	unsigned int me = arch_cpu_id();

	arch_local_irq_disable();
	if (!__atomic_compare_exchange_n(&panicking, &nobody, me, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST) &&
	    nobody != me)
		halt_forever();
}

static void __noreturn end(void)
{
	if (panic_port_tell())
		halt_forever(); /* it is known, and somebody lets us go on */
	machine_exit(EXIT_PANIC);
}

/* The rest of a panic, its text made. */
static void __noreturn die(const struct pt_regs *regs, const char *text)
{
	struct pt_regs here;

	capture_regs(&here);
	become_reporter();
	console_break_locks();
	if (++depth > 2)
		end();
	pr_err("%s: %s\n", depth == 1 ? "Kernel panic" : "Panic while panicking", text);
	if (depth > 1)
		end();
	apic_send_nmi_others();
	pr_err("CPU %u, %u online, thread %s\n", arch_cpu_id(), num_online_cpus(),
	       task_name(current));
	show_regs(regs ? regs : &here);
	show_stack_from(regs ? regs->rbp : (unsigned long)__builtin_frame_address(0));
	end();
}

void panic(const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	die(NULL, text);
}

void panic_regs(const struct pt_regs *regs, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	die(regs, text);
}

void show_regs(const struct pt_regs *r)
{
	pr_err("rip %016lx  %pS\n", (unsigned long)r->rip, (void *)r->rip);
	pr_err("rsp %016lx  rflags %08lx  vector %lu  error %#lx\n",
	       (unsigned long)r->rsp, (unsigned long)r->rflags, (unsigned long)r->vector,
	       (unsigned long)r->error);
	pr_err("rax %016lx  rbx %016lx  rcx %016lx\n", r->rax, r->rbx, r->rcx);
	pr_err("rdx %016lx  rsi %016lx  rdi %016lx\n", r->rdx, r->rsi, r->rdi);
	pr_err("rbp %016lx  r8  %016lx  r9  %016lx\n", r->rbp, r->r8, r->r9);
	pr_err("r10 %016lx  r11 %016lx  r12 %016lx\n", r->r10, r->r11, r->r12);
	pr_err("r13 %016lx  r14 %016lx  r15 %016lx\n", r->r13, r->r14, r->r15);
	pr_err("cr0 %08lx  cr2 %016lx  cr3 %08lx  cr4 %08lx\n", read_cr0(), read_cr2(),
	       read_cr3(), read_cr4());
}

void __warn(const char *file, int line, const char *what)
{
	kernel_complain();
	pr_warn("WARNING: %s at %s:%d, CPU %u\n", what, file, line, arch_cpu_id());
	dump_stack();
}
