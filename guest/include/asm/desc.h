/* SPDX-License-Identifier: MIT */
/* Selectors of the global descriptor table, the same on every CPU.  Readable by assembly. */
#ifndef GUEST_ASM_DESC_H
#define GUEST_ASM_DESC_H

#define KERNEL_CS32 0x08 /* 32-bit code: only on the way into long mode */
#define KERNEL_CS   0x10
#define KERNEL_DS   0x18
#define KERNEL_TSS  0x20 /* two entries long */
#define USER_DS	    0x33 /* entry 6, for privilege level 3 */
#define USER_CS	    0x3b /* behind it, as SYSRET wants it */
#define GDT_ENTRIES 8

/* Stacks of the task state segment, for faults that cannot trust the current stack. */
#define IST_DOUBLE_FAULT  1
#define IST_NMI		  2
#define IST_MACHINE_CHECK 3
#define IST_STACKS	  3
#define IST_STACK_SIZE	  0x1000
#define IST_AREA_SIZE	  (IST_STACKS * IST_STACK_SIZE)

#define KERNEL_BASE	 0xffffffff80000000
#define KERNEL_IMAGE_MAX 0x400000
#define THREAD_SIZE	 0x4000

#ifndef __ASSEMBLY__
#include <linux/types.h>

/* The boot CPU's own; below each lies a page where nothing is mapped. */
extern char boot_stack[THREAD_SIZE], boot_ist[IST_AREA_SIZE];

/* Fills in a CPU's own GDT and TSS; `ist` is IST_AREA_SIZE bytes of stacks. */
void descriptors_prepare(unsigned int cpu, void *ist);
/* Loads them, on that CPU. */
void descriptors_load(unsigned int cpu);
/* Where events from user mode find their stack on this CPU. */
void set_kernel_stack(unsigned long top);
#endif

#endif
