/* SPDX-License-Identifier: MIT */
/* The first instruction of a program: argc, argv and their kin stand at the stack pointer,
 * which is a multiple of 16 (System V ABI, AMD64 supplement, 3.4.1). */
	.text
	.globl	_start
_start:
	xorl	%ebp, %ebp
	movq	(%rsp), %rdi
	leaq	8(%rsp), %rsi
	call	main
	movl	%eax, %edi
	call	exit
	ud2
	.section .note.GNU-stack, "", @progbits
