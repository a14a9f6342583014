/* SPDX-License-Identifier: MIT */
/*
 * Exceptions.  Those of user mode concern a process alone.  In the kernel a fault at an
 * instruction that the exception table names goes on at its fixup, unless the memory of a
 * process is meant, which may only need a frame; every other exception is the end of the
 * run, with a report.
 */
#include <linux/kernel.h>
#include <linux/kfence.h>
#include <linux/printk.h>
#include <asm/cpu.h>
#include <asm/traps.h>
#include <guest/console.h>
#include <guest/panic.h>
#include <guest/process.h>
#include <mm/platform.h>

extern const struct exception_entry __start_ex_table[], __stop_ex_table[];

static const char *const names[VECTOR_EXCEPTIONS] = {
	"divide error",
	"debug",
	"NMI",
	"breakpoint",
	"overflow",
	"bound range",
	"invalid opcode",
	"device not available",
	"double fault (stack overflow?)",
	"exception 9",
	"invalid TSS",
	"segment not present",
	"stack fault",
	"general protection",
	"page fault",
	"exception 15",
	"x87 fault",
	"alignment check",
	"machine check",
	"SIMD fault",
	"virtualization",
	"control protection",
};

static const struct exception_entry *find_fixup(u64 rip)
{
	for (const struct exception_entry *e = __start_ex_table; e != __stop_ex_table;
	     e++)
		if (e->fault == rip)
			return e;
	return NULL;
}

/* A fault of the kernel that is no error. */
static bool resolve_fault(struct pt_regs *regs, unsigned long address)
{
	const struct exception_entry *fixup = find_fixup(regs->rip);

	if (regs->vector == VECTOR_PAGE_FAULT) {
		if (process_kernel_half_fault(address))
			return true;
		if (fixup && process_kernel_fault(regs, address))
			return true;
	}
	if (!fixup)
		return false;
	regs->rip = fixup->fixup;
	return true;
}

#define FAULT_PRESENT 1U
#define FAULT_WRITE   2U
#define FAULT_FETCH   16U

static void report_page_fault(const struct pt_regs *regs, u64 address)
{
	panic_regs(regs, "page fault: cannot %s %#llx (%s) at %pS",
		   regs->error & FAULT_FETCH   ? "execute"
		   : regs->error & FAULT_WRITE ? "write"
					       : "read",
		   (unsigned long long)address,
		   regs->error & FAULT_PRESENT ? "not permitted" : "nothing mapped there",
		   (void *)regs->rip);
}

void handle_exception(struct pt_regs *regs)
{
	bool fault = regs->vector == VECTOR_PAGE_FAULT || regs->vector == VECTOR_GP;
	u64 address = regs->vector == VECTOR_PAGE_FAULT ? read_cr2() : 0;
	const char *name = names[regs->vector];

	if (regs->vector == VECTOR_NMI) {
		stop_if_panicking();
		printk_nmi(regs->rip);
		return;
	}
	if (user_mode(regs) && regs->vector != VECTOR_DOUBLE_FAULT &&
	    regs->vector != VECTOR_MACHINE_CHECK) {
		process_exception(regs, address);
		return;
	}
	if (fault && resolve_fault(regs, address))
		return;
	if (regs->vector == VECTOR_PAGE_FAULT) {
		if (kfence_handle_page_fault(address, regs->error & FAULT_WRITE,
					     regs->rip))
			return;
		report_page_fault(regs, address);
	}
	panic_regs(regs, "%s (error %#llx) at %pS", name ? name : "unknown exception",
		   (unsigned long long)regs->error, (void *)regs->rip);
}

bool read_kernel_nofault(unsigned long va, u64 *value)
{
	u64 v = 0, ok = 0;

	__asm__ volatile("1: movq (%2), %0\n\tmovl $1, %k1\n2:\n" EX_TABLE("1b", "2b")
			 : "+r"(v), "+r"(ok)
			 : "r"(va)
			 : "memory");
	*value = v;
	return ok;
}

bool platform_probe_faults(unsigned long va)
{
	u64 v = 0, ok = 0;

	/* What counts is the page table, not a translation it no longer holds. */
	invlpg(va);
	__asm__ volatile("1: movb (%2), %b0\n\tmovl $1, %k1\n2:\n" EX_TABLE("1b", "2b")
			 : "+q"(v), "+r"(ok)
			 : "r"(va)
			 : "memory");
	return !ok;
}
