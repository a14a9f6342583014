/* SPDX-License-Identifier: MIT */
/*
 * PVH entry of the hostile guest: long mode, the first 4 GiB mapped one to one, a stack, and
 * no interrupts for ever: the guest polls.
 */
#define PTE_P_RW 0x003
#define PTE_BIG	 0x083	/* 2 MiB */
#define CR0	 0x80000011
#define CR4_PAE	 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define CODE	 8
#define STACK	 16384

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start

	.text
	.code32
	.globl	start
start:
	cld
	movl	%ebx, %edi	/* the start info is main's argument */
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	$EFER_LME, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR0, %eax
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$CODE, $long_mode
	.code64
long_mode:
	xorl	%eax, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	movl	$stack + STACK, %esp
	call	main
1:	hlt
	jmp	1b

	.section .rodata
	.balign	8
gdt:	.quad	0
	.quad	0x00af9b000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.data
	.balign	4096
pml4:	.quad	pdpt + PTE_P_RW
	.fill	511, 8, 0
pdpt:	.set	i, 0
	.rept	4
	.quad	pds + i * 4096 + PTE_P_RW
	.set	i, i + 1
	.endr
	.fill	508, 8, 0
pds:	.set	i, 0
	.rept	4 * 512
	.quad	(i << 21) + PTE_BIG
	.set	i, i + 1
	.endr

	.bss
	.balign	16
stack:	.skip	STACK
	.section .note.GNU-stack, "", @progbits
