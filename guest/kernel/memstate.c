/* SPDX-License-Identifier: MIT */
/*
 * What the monitor needs to understand addresses of this kernel (abi/memstate.h); the ELF
 * note in boot/memstate_note.S leads it here.  Constant data: nothing to do at run time.
 */
#include <abi/memstate.h>
#include <linux/smp.h>
#include <asm/desc.h>
#include <asm/pagetable.h>
#include <asm/platform.h>
#include <guest/machine.h>
#include <mm/memstate.h>

extern const struct memstate memstate;

#define IMAGE_PA(symbol) ((unsigned long)(symbol)-KERNEL_BASE)

const struct memstate memstate = {
	.magic = MEMSTATE_MAGIC,
	.version = MEMSTATE_VERSION,
	.size = sizeof(struct memstate),
	.range = {
		{ KERNEL_BASE, 0, KERNEL_IMAGE_MAX },
		{ PAGE_OFFSET, 0, VMALLOC_START - PAGE_OFFSET },
	},
	.page_table = IMAGE_PA(kernel_pml4),
	.image_start = IMAGE_PA(_start),
	.image_end = IMAGE_PA(_end),
	.text_start = (unsigned long)_text,
	.text_end = (unsigned long)_etext,
	.nr_cpus_va = (unsigned long)&nr_possible_cpus,
	.mm_va = (unsigned long)&memstate_mm,
};
