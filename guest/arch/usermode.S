/* SPDX-License-Identifier: MIT */
/*
 * Into user mode and, by SYSCALL, back.  Interrupts and exceptions from there come in by
 * guest/arch/entry.S.  The way back is always IRETQ: it restores every register, and unlike
 * SYSRET it has no case in which the kernel faults on the process's stack.
 *
 * SYSCALL changes neither stack nor %gs; %rcx holds the return address, %r11 the flags.
 * Interrupts are off (FMASK).  Offsets in cpu_local: asm/platform.h asserts them.
 */
#include <asm/desc.h>
#include <asm/save_regs.inc>
#include <asm/traps.h>

#define KERNEL_STACK	16
#define USER_RSP	24

	.text
	.globl	syscall_entry, return_to_user
syscall_entry:
	swapgs
	movq	%rsp, %gs:cpu_local + USER_RSP
	movq	%gs:cpu_local + KERNEL_STACK, %rsp
	pushq	$USER_DS
	pushq	%gs:cpu_local + USER_RSP
	pushq	%r11
	pushq	$USER_CS
	pushq	%rcx
	pushq	$0
	pushq	$VECTOR_SYSCALL
	save_regs
	call	handle_syscall
	jmp	leave_kernel

/* void return_to_user(const struct pt_regs *regs): interrupts are off; never returns. */
return_to_user:
	leaq	-16(%rdi), %rsp
	jmp	leave_kernel

/*
 * unsigned long copy_user(void *to, const void *from, unsigned long n): bytes left over
 * when an address of the process faults for good.
 * unsigned long zero_user(void *to, unsigned long n)
 */
	.globl	copy_user, zero_user
copy_user:
	movq	%rdx, %rcx
1:	rep movsb
2:	movq	%rcx, %rax
	ret
zero_user:
	movq	%rsi, %rcx
	xorl	%eax, %eax
3:	rep stosb
4:	movq	%rcx, %rax
	ret
	.section .ex_table, "a"
	.balign	8
	.quad	1b, 2b
	.quad	3b, 4b

/* The shortest program: guest/process/probe.c. */
	.section .rodata
	.globl	probe_code, probe_code_end
probe_code:
	syscall
probe_code_end:
	.section .note.GNU-stack, "", @progbits
