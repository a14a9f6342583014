/* SPDX-License-Identifier: MIT */
/* What a trap or interrupt leaves on the stack, and who handles which vector. */
#ifndef GUEST_ASM_TRAPS_H
#define GUEST_ASM_TRAPS_H

#define VECTOR_NMI	     2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_GP	     13
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18

#define VECTOR_EXCEPTIONS   32 /* 0 .. 31 belong to the processor */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_END   0xf0 /* one past the last */
#define VECTOR_TIMER	    0xf0
#define VECTOR_RESCHEDULE   0xf1
#define VECTOR_CALL	    0xf2
#define VECTOR_IRQ_WORK	    0xf3
#define VECTOR_SPURIOUS	    0xff

#define VECTOR_SYSCALL 0x100 /* in pt_regs: no interrupt, a system call */

#ifndef __ASSEMBLY__
#include <linux/types.h>

struct pt_regs {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 vector;
	u64 error; /* 0 where the processor gives none */
	u64 rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct pt_regs) == 22 * 8, "guest/arch/entry.S pushes this");

/* It came from a process, not from the kernel. */
static inline bool user_mode(const struct pt_regs *regs)
{
	return regs->cs & 3;
}

/* Loads the interrupt table; idt_init() fills in the exceptions before. */
void idt_init(void);
void idt_load(void);
/* Lets interrupts of this vector in. */
void idt_enable_vector(unsigned int vector);

/* The registers of this very place, for a report without a trap. */
void capture_regs(struct pt_regs *regs);
void show_regs(const struct pt_regs *regs);

/* From guest/arch/entry.S. */
void handle_exception(struct pt_regs *regs);
void handle_interrupt(struct pt_regs *regs);

/*
 * An instruction that may fault and where to go on then.  The table is filled by
 * EX_TABLE() in inline assembly.
 */
struct exception_entry {
	u64 fault, fixup;
};
#define EX_TABLE(from, to) \
	".pushsection .ex_table, \"a\"\n.balign 8\n.quad " from ", " to "\n.popsection\n"

/* Reads 8 bytes at any address: false, and *value is 0, when that faults. */
bool read_kernel_nofault(unsigned long va, u64 *value);
#endif

#endif
