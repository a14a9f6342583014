/* SPDX-License-Identifier: MIT */
/*
 * The notes of an ELF core of a guest: for each vCPU what a debugger wants (CORE,
 * NT_PRSTATUS: a thread's registers), then for each what only a whole processor has (QEMU, 0:
 * control registers and segments, as QEMU's cores have it and crash and others read it), then
 * what is known of the machine (vmm/inspect/facts.h).
 */
#ifndef VMM_DUMP_NOTES_H
#define VMM_DUMP_NOTES_H

#include <stdint.h>

#include "vmm/dump/dump.h"

#define NOTE_ALIGN 4u

/* QEMU's note (target/i386/arch_dump.c): as of its version 1. */
#define QEMU_NOTE_OWNER	  "QEMU"
#define QEMU_NOTE_TYPE	  0
#define QEMU_NOTE_VERSION 1

struct qemu_segment {
	uint32_t selector, limit, flags, pad;
	uint64_t base;
};

struct qemu_cpu {
	uint32_t version, size;
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags;
	struct qemu_segment cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt;
	uint64_t cr[5];
	uint64_t kernel_gs_base;
};
_Static_assert(sizeof(struct qemu_cpu) == 440, "what readers expect");

/* struct elf_prstatus of Linux on x86-64 (include/linux/elfcore.h). */
struct prstatus {
	uint8_t unused0[32];
	uint32_t pid;
	uint8_t unused1[76];
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax, rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
	uint32_t fpvalid, unused2;
};
_Static_assert(sizeof(struct prstatus) == 336, "what readers expect");

/* The size of all notes; facts_size is that of the text in the last one, 0: none. */
uint64_t dump_notes_size(const struct dump *dump, uint64_t facts_size);
/* Fills them in: `to` has room for them, and reads as zero. */
void dump_notes_fill(const struct dump *dump, const char *facts, uint64_t facts_size,
		     uint8_t *to);

#endif
