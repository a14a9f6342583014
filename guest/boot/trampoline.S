/* SPDX-License-Identifier: MIT */
/*
 * Where the other CPUs start: real mode, at a page below 1 MiB that this is copied to.
 * Position-independent up to the jump to secondary32 in the kernel image, which stands at
 * its physical address as long as paging is off.
 */
#include <asm/desc.h>

	.section .rodata, "a"
	.globl	trampoline_start, trampoline_end
	.balign	16
trampoline_start:
	.code16
	cli
	cld
	lgdtl	%cs:(gdtr - trampoline_start)
	movl	$0x11, %eax			/* ET PE */
	movl	%eax, %cr0
	ljmpl	$KERNEL_CS32, $(trampoline32 - KERNEL_BASE)
	.balign	4
gdtr:	.word	4 * 8 - 1
	.long	boot_gdt - KERNEL_BASE
trampoline_end:

	.section .head.text, "ax"
	.code32
trampoline32:
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	jmp	secondary32
	.section .note.GNU-stack, "", @progbits
