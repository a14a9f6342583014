/* SPDX-License-Identifier: MIT */
/*
 * Traps and interrupts into C, and the switch between threads.
 *
 * A stub for each vector pushes what struct pt_regs (asm/traps.h) wants there; the common
 * part saves the rest, and builds a stack frame that makes the interrupted function the
 * caller: call chains walk through interrupts.
 */
#include <asm/traps.h>

	.text
	.macro save_regs
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	pushq	17 * 8(%rsp)			/* rip: return address of the frame */
	pushq	%rbp
	movq	%rsp, %rbp
	cld
	.endm

	.globl	exception_common, interrupt_common
exception_common:
	save_regs
	call	handle_exception
	jmp	restore_regs
interrupt_common:
	save_regs
	call	handle_interrupt
restore_regs:
	addq	$16, %rsp
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
	.if	vector < VECTOR_EXCEPTIONS
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
thread_start:
	pushq	$0
	pushq	$0
	movq	%rsp, %rbp
	call	thread_main
	ud2

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
