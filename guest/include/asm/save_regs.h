/* SPDX-License-Identifier: MIT */
/*
 * For assembly: the rest of struct pt_regs (asm/traps.h) onto the stack, on which stand the
 * vector and what lies behind it.  Leaves the structure's address in %rdi, a frame for call
 * chains, and the direction flag as C wants it.
 */
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
