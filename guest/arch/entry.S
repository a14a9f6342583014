/* SPDX-License-Identifier: MIT */
/*
 * Traps and interrupts into C, and the switch between threads.
 *
 * A stub for each vector pushes what struct pt_regs (asm/traps.h) wants there; the common
 * part saves the rest, and builds a stack frame that makes the interrupted function the
 * caller: call chains walk through interrupts.
 *
 * %gs is the CPU's own in the kernel, the process's in user mode; the other one waits in an
 * MSR.  An event from user mode (privilege level 3 in the saved %cs) exchanges them with
 * swapgs first thing, the way back last thing, both with interrupts off.  What has a stack
 * of its own (IST) may hit the kernel before that first thing: it takes the right base from
 * the top of that stack instead (guest/arch/descriptors.c) and leaves the MSR as found.
 */
#include <asm/save_regs.inc>
#include <asm/traps.h>

#define MSR_GS_BASE	0xc0000101
#define SAVED_CS	144			/* in struct pt_regs */
#define IST_GS_BASE	176			/* behind it: asm/traps.h asserts its size */

	.text
	.macro swap_gs_if_user offset
	testb	$3, \offset(%rsp)
	jz	1f
	swapgs
1:
	.endm

	.globl	exception_common, interrupt_common, leave_kernel
ist_common:
	save_regs
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	movl	%eax, %ebx
	movl	%edx, %r12d
	movl	IST_GS_BASE(%rdi), %eax
	movl	IST_GS_BASE + 4(%rdi), %edx
	wrmsr
	call	handle_exception
	movl	$MSR_GS_BASE, %ecx
	movl	%ebx, %eax
	movl	%r12d, %edx
	wrmsr
	addq	$16, %rsp
	jmp	restore_regs
exception_common:
	swap_gs_if_user 24
	save_regs
	call	handle_exception
	jmp	leave_kernel
interrupt_common:
	swap_gs_if_user 24
	save_regs
	call	handle_interrupt
leave_kernel:
	addq	$16, %rsp
	swap_gs_if_user SAVED_CS
restore_regs:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$16, %rsp			/* vector and error code */
	iretq

/* 256 stubs of STUB_SIZE bytes: the address of each follows from its vector. */
	.balign	16
	.globl	vector_stubs
vector_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
	pushq	$0
	.endif
	pushq	$vector
	.if	vector == VECTOR_NMI || vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK
	jmp	ist_common
	.elseif	vector < VECTOR_EXCEPTIONS
	jmp	exception_common
	.else
	jmp	interrupt_common
	.endif
	.set	vector, vector + 1
	.endr

/*
 * void switch_stack(unsigned long *save_rsp, unsigned long load_rsp)
 * Leaves this thread's callee-saved registers on its stack and takes up another's.
 */
	.globl	switch_stack
switch_stack:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

/* Where a new thread starts: guest/kernel/kthread.c put its frame on the stack. */
	.globl	thread_start
	.type	thread_start, @function
thread_start:
	pushq	$0
	pushq	$0
	movq	%rsp, %rbp
	call	thread_main
	ud2
	.size	thread_start, . - thread_start

/* void capture_regs(struct pt_regs *regs) */
	.globl	capture_regs
capture_regs:
	movq	%r15, 0(%rdi)
	movq	%r14, 8(%rdi)
	movq	%r13, 16(%rdi)
	movq	%r12, 24(%rdi)
	movq	%rbp, 32(%rdi)
	movq	%rbx, 40(%rdi)
	movq	%r11, 48(%rdi)
	movq	%r10, 56(%rdi)
	movq	%r9, 64(%rdi)
	movq	%r8, 72(%rdi)
	movq	%rax, 80(%rdi)
	movq	%rcx, 88(%rdi)
	movq	%rdx, 96(%rdi)
	movq	%rsi, 104(%rdi)
	movq	%rdi, 112(%rdi)
	movq	$0, 120(%rdi)
	movq	$0, 128(%rdi)
	movq	(%rsp), %rax
	movq	%rax, 136(%rdi)
	movl	%cs, %eax
	movq	%rax, 144(%rdi)
	pushfq
	popq	152(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, 160(%rdi)
	movl	%ss, %eax
	movq	%rax, 168(%rdi)
	ret
	.section .note.GNU-stack, "", @progbits
