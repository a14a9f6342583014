/* SPDX-License-Identifier: MIT */
/* The ELF note that leads a monitor to the published memory state: abi/memstate.h. */
#include <asm/desc.h>

	.section .note.pagevisor, "a", @note
	.balign	4
	.long	10, 8, 1			/* MEMSTATE_NOTE_TYPE */
	.asciz	"pagevisor"			/* MEMSTATE_NOTE_OWNER */
	.balign	4
	.quad	memstate - KERNEL_BASE

	.section .note.GNU-stack, "", @progbits
