/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest that can show how a machine ends: a PVH kernel in 32-bit code whose
 * command line is its program, one letter an instruction.
 *
 *   p	print "tiny guest", a line on COM1
 *   k	print a few KTAP lines
 *   e	echo what comes in on COM1, until a 'q'
 *   f	print for ever
 *   c	print the command line
 *   w	write a byte into each 4 KiB of [16 MiB, 32 MiB)
 *   0-9	write that number to the exit port
 *   P	say that the kernel panicked, and go on
 *   t	triple fault
 *   r	reset through port 0xCF9, K through the keyboard controller
 *   o	power off through ACPI
 *   h	halt with interrupts off, s spin
 *   u	let the processor fetch from where nothing is
 *
 * At the end of the line, the same as '0'.
 */
#define COM1	  0x3f8
#define LSR	  5
#define LSR_READY 1
#define START_INFO_CMDLINE 24

	.code32
	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18
	.asciz	"Xen"
	.long	start

	.text
	.globl	start
start:
	mov	$stack_end, %esp
	mov	START_INFO_CMDLINE(%ebx), %ebp
	mov	%ebp, line
next:
	mov	(%ebp), %al
	inc	%ebp
	test	%al, %al
	jz	exit_well
	cmp	$'0', %al
	jb	next
	cmp	$'9', %al
	jbe	exit_number
	mov	$table, %esi
1:	cmpb	$0, (%esi)
	je	next
	cmp	(%esi), %al
	je	2f
	add	$5, %esi
	jmp	1b
2:	call	*1(%esi)
	jmp	next

exit_well:
	mov	$'0', %al
exit_number:
	sub	$'0', %al
	movzbl	%al, %eax
	mov	$0x501, %dx
	outl	%eax, %dx
halt:
	cli
	hlt
	jmp	halt
spin:
	jmp	spin

/* Prints the string at esi. */
print:
	mov	$COM1, %dx
1:	lodsb
	test	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b
2:	ret

hello:
	mov	$hello_text, %esi
	jmp	print
ktap:
	mov	$ktap_text, %esi
	jmp	print
show_line:
	mov	line, %esi
	call	print
	mov	$newline, %esi
	jmp	print
flood:
	call	hello
	jmp	flood

echo:
	mov	$COM1 + LSR, %dx
	inb	%dx, %al
	test	$LSR_READY, %al
	jz	echo
	mov	$COM1, %dx
	inb	%dx, %al
	outb	%al, %dx
	cmp	$'q', %al
	jne	echo
	ret

touch:
	mov	$0x1000000, %edi
1:	movb	$1, (%edi)
	add	$0x1000, %edi
	cmp	$0x2000000, %edi
	jb	1b
	ret

panic:
	mov	$0x505, %dx
	inb	%dx, %al
	outb	%al, %dx
	ret

triple_fault:
	lidt	no_idt
	ud2
reset_cf9:
	mov	$0xcf9, %dx
	mov	$6, %al
	outb	%al, %dx
	jmp	spin
reset_keyboard:
	mov	$0x64, %dx
	mov	$0xfe, %al
	outb	%al, %dx
	jmp	spin
power_off:
	mov	$0x604, %dx
	mov	$0x3400, %ax
	outw	%ax, %dx
	jmp	spin
fetch_nothing:
	mov	$0xd0000000, %eax
	jmp	*%eax

	.macro	letter c, routine
	.byte	\c
	.long	\routine
	.endm
table:
	letter	'p', hello
	letter	'k', ktap
	letter	'e', echo
	letter	'f', flood
	letter	'c', show_line
	letter	'w', touch
	letter	'P', panic
	letter	't', triple_fault
	letter	'r', reset_cf9
	letter	'K', reset_keyboard
	letter	'o', power_off
	letter	'h', halt
	letter	's', spin
	letter	'u', fetch_nothing
	.byte	0

hello_text:
	.asciz	"tiny guest\n"
ktap_text:
	.ascii	"KTAP version 1\n1..3\n"
	.ascii	"ok 1 tiny.good # 42 pages\n"
	.ascii	"not ok 2 tiny.bad # off by one\n"
	.asciz	"ok 3 tiny.later # SKIP no device\n"
newline:
	.asciz	"\n"
no_idt:
	.word	0
	.long	0

	.bss
line:	.skip	4
	.skip	1024
stack_end:
	.section .note.GNU-stack, "", @progbits
