/* SPDX-License-Identifier: MIT */
/*
 * A PVH kernel: an ELF64 file for x86-64 with the note XEN_ELFNOTE_PHYS32_ENTRY (Xen,
 * type 18), whose value is the physical address to enter in 32-bit mode.  e_entry is not
 * used.  Opening checks everything about the file; nothing in it is trusted before.
 *
 * A kernel may also have the note of abi/memstate.h: where it publishes its memory state.
 */
#ifndef VMM_LOADER_ELF_H
#define VMM_LOADER_ELF_H

#include <stdint.h>

#include "vmm/util/error.h"
#include "vmm/kvm/memory.h"

#define KERNEL_SEGMENTS_MAX 32

/* [paddr, paddr + memsz) of guest memory: filesz bytes of the file, then zeroes.
 * filesz <= memsz, memsz > 0, and neither sum overflows; no two segments overlap.  vaddr, where
 * the kernel will map it, is unchecked. */
struct kernel_segment {
	uint64_t offset;
	uint64_t filesz;
	uint64_t paddr;
	uint64_t memsz;
	uint64_t vaddr;
};

struct kernel {
	const char *path;
	int fd;
	uint32_t entry; /* lies in a segment */
	uint64_t memstate_gpa; /* unchecked; 0: the kernel publishes nothing */
	unsigned int nr_segments;
	struct kernel_segment segments[KERNEL_SEGMENTS_MAX];
};

/* 0, or a negative errno with the line in err and nothing left open. */
int kernel_open(struct kernel *k, const char *path, struct error *err);
void kernel_close(struct kernel *k);

/* Whether every segment lies in RAM that start info gives to the kernel. */
int kernel_check_fit(const struct kernel *k, const struct guest_memory *mem,
		     struct error *err);

/* Where its last segment below 4 GiB ends. */
uint64_t kernel_low_end(const struct kernel *k);

/* Copies the segments to RAM that reads as zero.  Only for a kernel that fits. */
int kernel_load(const struct kernel *k, const struct guest_memory *mem,
		struct error *err);

/* Reads the whole range of a file.  0, -EIO, or -ENODATA where the file ends before. */
int read_exactly(int fd, void *buf, uint64_t len, uint64_t offset);

#endif
