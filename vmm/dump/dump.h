/* SPDX-License-Identifier: MIT */
/*
 * An ELF core of a guest, for gdb, crash and others: a thread for each vCPU (NT_PRSTATUS),
 * all of RAM, and segments that say where it lies.
 *
 * Without `paging` there is one segment for each range of RAM, at its physical address.
 * With it there is one for each range that the vCPUs' page tables map, at its virtual
 * address; so that gdb with the kernel's symbols can follow pointers.  Where two page
 * tables map the same virtual address to different frames, the vCPU with the lower number
 * is right.  Segments share the bytes of the file, in which RAM stands once.
 *
 * In a regular file memory that is zero, or that the guest never touched, is a hole; and
 * memory never touched stays untouched.  Anything else (a pipe) gets every byte in order,
 * and is given up when a descriptor of give_up_fd becomes readable.
 */
#ifndef VMM_DUMP_H
#define VMM_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

#include "devices/dma/ram.h"
#include "vmm/inspect/facts.h"
#include "vmm/util/error.h"

struct dump_cpu {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
};

struct dump {
	const struct ram *ram;
	unsigned int nr_cpus;
	struct dump_cpu *cpus;
	bool paging;
	uint64_t begin,
		end; /* guest-physical: what of RAM is wanted; [0, UINT64_MAX): all */
	int fd;
	int give_up_fd[2]; /* -1: none */
	const struct guest_facts *facts; /* stand in a note; NULL: they do not */
	int pagemap_fd; /* /proc/self/pagemap: what was touched; -1: it has to be looked at */
};

/* The guest must stand.  0, or a negative errno with the line in err. */
int dump_write(const struct dump *dump, struct error *err);

/* One range of the guest, contiguous in both. */
struct dump_segment {
	uint64_t vaddr, paddr, size;
};

struct dump_segments {
	size_t nr, room;
	struct dump_segment *segment;
	bool incomplete; /* there was more than DUMP_SEGMENTS_MAX, or no end to it */
};

#define DUMP_SEGMENTS_MAX 65000 /* ELF counts them in 16 bits */

/* dump_paging.c: what the page tables of all vCPUs map to RAM, ascending by vaddr.  A guest's
 * tables may be anything: the walk always ends.  0 or -ENOMEM; -ENOENT: no vCPU has paging
 * switched on. */
int dump_page_tables(const struct dump *dump, struct dump_segments *segments);
/* 0 or -ENOMEM; at the limit it only marks the list incomplete. */
int dump_add_segment(struct dump_segments *segments, uint64_t vaddr, uint64_t paddr,
		     uint64_t size);

/* dump_memory.c: the bytes of RAM [gpa, gpa + size), which lie in one region, to `offset` of
 * the file.  0 or a negative errno. */
struct dump_file {
	int fd;
	bool holes; /* a regular file: what is zero is not written */
	uint64_t base; /* of offset 0 in that file */
	uint64_t at; /* offset of the next byte where there are no holes */
	const int *give_up_fd;
	int pagemap_fd; /* tells what was touched; -1: not known */
};
void dump_file_open(struct dump_file *file, const struct dump *dump);
int dump_file_write(struct dump_file *file, const void *bytes, size_t size,
		    uint64_t offset);
int dump_file_memory(struct dump_file *file, const void *memory, uint64_t size,
		     uint64_t offset);
/* Gives the file its length. */
int dump_file_close(struct dump_file *file, uint64_t size);

#endif
