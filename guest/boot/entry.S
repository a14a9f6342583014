/* SPDX-License-Identifier: MIT */
/*
 * From where the loader or another CPU leaves us to C code in long mode at its link address.
 *
 *   pvh_start	   PVH entry: 32-bit protected mode, paging off, %ebx = start info
 *   secondary32   the same for the other CPUs, from boot/trampoline.S
 *
 * The first page tables map the first 2 MiB one to one (we run there when paging goes on)
 * and the kernel image at its link address by 4 KiB pages, already with the permissions it
 * keeps: text read-execute, constants read, all else read-write but for the guard pages
 * below the stacks of the boot CPU, where nothing is.  image_pt is filled in by the
 * assembler, so that only pages of text and constants cost instructions here.  The direct
 * map uses image_pt again for the first 4 MiB: no alias of the text is writable.
 */
#include <asm/desc.h>

#define PHYS(sym)	((sym) - KERNEL_BASE)
#define PTE_P		0x001
#define PTE_RW		0x002
#define PTE_PS		0x080
#define NX_HIGH		0x80000000	/* no-execute, in the high half of an entry */
#define CR0_PAGED	0x80010033	/* PG WP NE ET MP PE */
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900
#define MSR_GS_BASE	0xc0000101
#define IMAGE_PAGES	(KERNEL_IMAGE_MAX >> 12)

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	PHYS(pvh_start)

	.section .head.text, "ax"
	.code32
	.globl	pvh_start
pvh_start:
	cld
	movl	$PHYS(boot_pdpt) + PTE_P + PTE_RW, PHYS(boot_pml4)
	movl	$PHYS(kernel_pdpt) + PTE_P + PTE_RW, PHYS(boot_pml4) + 511 * 8
	movl	$PHYS(boot_pd) + PTE_P + PTE_RW, PHYS(boot_pdpt)
	movl	$PTE_PS + PTE_P + PTE_RW, PHYS(boot_pd)
	movl	$PHYS(kernel_pd) + PTE_P + PTE_RW, PHYS(kernel_pdpt) + 510 * 8
	movl	$PHYS(image_pt) + PTE_P + PTE_RW, PHYS(kernel_pd)
	movl	$PHYS(image_pt) + 4096 + PTE_P + PTE_RW, PHYS(kernel_pd) + 8
	leal	image_pt_text - KERNEL_BASE, %edi
	movl	$image_pt_text_end - KERNEL_BASE, %ecx
1:	cmpl	%ecx, %edi
	jae	2f
	andl	$~PTE_RW, (%edi)
	andl	$~NX_HIGH, 4(%edi)
	addl	$8, %edi
	jmp	1b
2:	movl	$image_pt_rodata_end - KERNEL_BASE, %ecx
3:	cmpl	%ecx, %edi
	jae	4f
	andl	$~PTE_RW, (%edi)
	addl	$8, %edi
	jmp	3b
4:	movl	$0, image_pt_stack_guard - KERNEL_BASE
	movl	$0, image_pt_ist_guard - KERNEL_BASE
	movl	%ebx, %esi			/* start info */
	xorl	%ebp, %ebp			/* 0: the boot CPU */
	jmp	enable_long_mode

	.globl	secondary32
secondary32:
	movl	$1, %ebp

enable_long_mode:
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PHYS(boot_pml4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	xorl	%edx, %edx
	movl	$EFER_LME_NXE, %eax
	wrmsr
	movl	$CR0_PAGED, %eax
	movl	%eax, %cr0
	lgdtl	PHYS(boot_gdtr)
	ljmpl	$KERNEL_CS, $PHYS(low64)

	.code64
low64:
	movq	$high64, %rax
	jmp	*%rax
high64:
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$KERNEL_DS, %eax
	movl	%eax, %ss
	testl	%ebp, %ebp
	jnz	secondary64

	movl	$MSR_GS_BASE, %ecx		/* CPU 0 uses the per-CPU section itself */
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	movq	$boot_stack + THREAD_SIZE, %rsp
	movl	%esi, %edi
	pushq	$0				/* the end of every call chain */
	pushq	$0
	movq	%rsp, %rbp
	call	start_kernel
	ud2

secondary64:
	movl	$PHYS(kernel_pml4), %eax	/* its stack lies in the vmalloc range */
	movq	%rax, %cr3
	xorl	%esp, %esp
	xchgq	secondary_stack, %rsp
	testq	%rsp, %rsp
	jz	too_late
	movq	secondary_gs_base, %rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	pushq	$0
	pushq	$0
	movq	%rsp, %rbp
	call	start_secondary
	ud2
too_late:
	cli
	hlt
	jmp	too_late

	.section .data.page_aligned, "aw"
	.balign	4096
	.globl	image_pt
image_pt:
	.set	page, 0
	.rept	IMAGE_PAGES
	.quad	(NX_HIGH << 32) + page + PTE_P + PTE_RW
	.set	page, page + 4096
	.endr

	.section .bss.page_aligned, "aw", @nobits
	.balign	4096
	.globl	boot_pml4, kernel_pdpt, kernel_pd
	.globl	stack_guard, boot_stack, ist_guard, boot_ist
boot_pml4:	.skip 4096
boot_pdpt:	.skip 4096
boot_pd:	.skip 4096
kernel_pdpt:	.skip 4096
kernel_pd:	.skip 4096
stack_guard:	.skip 4096
boot_stack:	.skip THREAD_SIZE
ist_guard:	.skip 4096
boot_ist:	.skip IST_AREA_SIZE

	.section .data, "aw"
	.balign	8
	.globl	boot_gdt
boot_gdt:
	.quad	0
	.quad	0x00cf9a000000ffff		/* KERNEL_CS32 */
	.quad	0x00af9a000000ffff		/* KERNEL_CS */
	.quad	0x00cf92000000ffff		/* KERNEL_DS */
boot_gdt_end:
	.balign	4
	.word	0
boot_gdtr:
	.word	boot_gdt_end - boot_gdt - 1
	.long	PHYS(boot_gdt)
	.globl	secondary_gs_base, secondary_stack
	.balign	8
secondary_gs_base:	.quad 0		/* of the CPU that starts next */
secondary_stack:	.quad 0		/* likewise; 0: nobody is waited for */
	.section .note.GNU-stack, "", @progbits
