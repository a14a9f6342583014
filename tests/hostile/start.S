/* SPDX-License-Identifier: MIT */
/*
 * PVH entry of the hostile guest: long mode, the first 4 GiB mapped one to one, a stack, and
 * no interrupts for ever: the guest polls.  A second CPU comes by the trampoline, which is
 * copied to a page below 1 MiB, and goes the same way on another stack.
 */
#define PTE_P_RW 0x003
#define PTE_BIG	 0x083	/* 2 MiB */
#define CR0	 0x80000011
#define CR4_PAE	 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define CODE	 0x08
#define CODE32	 0x10
#define DATA	 0x18
#define STACK	 16384

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start
	.long	10, 8, 1	/* MEMSTATE_NOTE_TYPE: abi/memstate.h */
	.asciz	"pagevisor"
	.balign	4
	.quad	published

	.text
	.code32
	.globl	start
start:
	cld
	movl	%ebx, %edi	/* the start info is main's argument */
	movl	$main, %esi
	movl	$stack + STACK, %esp
to_long_mode:
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
	movl	%esp, %esp
	movl	%esi, %esi
	call	*%rsi
1:	hlt
	jmp	1b

	.code32
second32:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	$second_main, %esi
	movl	$second_stack + STACK, %esp
	jmp	to_long_mode

	.section .rodata
	.globl	trampoline, trampoline_bytes
	.balign	16
trampoline:
	.code16
	cli
	cld
	lgdtl	%cs:(gdt_pointer_16 - trampoline)
	movl	$0x11, %eax	/* ET PE */
	movl	%eax, %cr0
	ljmpl	$CODE32, $second32
	.balign	4
gdt_pointer_16:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.balign	8
trampoline_bytes:
	.quad	trampoline_end - trampoline
gdt:	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
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
second_stack:
	.skip	STACK
	.section .note.GNU-stack, "", @progbits
